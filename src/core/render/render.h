/*
 * Render: model → bundle. What comes out is what a careful nginx administrator
 * would write by hand: indented, in a stable order, each block headed by the
 * path of its znode. The same model always gives the same bytes.
 */
#ifndef ZKNGINX_RENDER_H
#define ZKNGINX_RENDER_H

#include <zknginx/bundle.h>
#include <zknginx/model.h>

/* The host name of the probe's server, which a request has to use. */
#define RENDER_PROBE_HOST "zknginx.probe"
/* The tag of the lines that nginx sends to the probe. */
#define RENDER_PROBE_TAG "zknginx"

/* Directories from the settings: absolute, and valid as nginx parameters (emit.h). */
struct render_options {
	const char *log_directory;   /* access_log NAME → LOG_DIRECTORY/NAME.access.log */
	const char *cache_directory; /* a cache zone's files: CACHE_DIRECTORY/ZONE */
	const char *probe; /* "127.0.0.1:9642": the address of the probe's server in nginx, and of
			      the daemon's socket for failed requests; NULL or "": no probe */
	/* The CA with which servers are verified that register TLS and a host name, and those of a
	 * proxy_tls without a ca; NULL: none. */
	const char *trusted_ca;
	/* The nginx that runs on this host: 1.22.1 is 1022001; 0: not known, so what is rendered
	 * is for every version. */
	unsigned nginx_version;
	bool has_quic; /* this nginx has HTTP/3, and so `listen … quic` */
	/* By protocol: this nginx knows no zones of upstreams, so none has one by default. */
	bool lacks_zones[2];
	/* With a probe. */
	bool probe_lacks_status; /* this nginx has no stub_status */
	/*
	 * What http { } of nginx.conf says of access_log, as ours is put beside it. NULL: it names
	 * a log, or that is not known. "off": ours has to stand in every server to be heard. A
	 * path: it says nothing, so nginx writes its default log there; it has to be named, as
	 * nginx does not write it any more beside another one.
	 */
	const char *http_log;
};

struct rendered;

/* One reference for the caller. */
struct bundle *render(const struct model *m, const struct render_options *options);
/* The same with what was kept of the last run (rendered.h). */
struct bundle *render_cached(const struct model *m, const struct render_options *options,
			     struct rendered *cache);

#endif
