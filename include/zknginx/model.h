/*
 * The model: what the znodes mean, as plain typed structs.
 *
 * decode fills it, guard and link complete it, render reads it; from then on it
 * is immutable. It owns copies of everything in one arena. Each object remembers
 * the znodes it was decoded from (`source`), so that its last good form can be
 * kept, stored and decoded again.
 *
 * Strings are valid as nginx parameters by the time they are here: decode has
 * refused what nginx cannot quote (emit.h). An absent optional string is NULL, an
 * absent number is UNSET.
 */
#ifndef ZKNGINX_MODEL_H
#define ZKNGINX_MODEL_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/check.h>
#include <zknginx/kind.h>
#include <zknginx/services.h>
#include <zknginx/site.h>
#include <zknginx/tree.h>

#define UNSET (-1L)

/*
 * Shared memory zones and variables that zknginxd itself defines; no znode can have these names. A
 * site's cache "api" is the zone "cache/api".
 */
#define CACHE_ZONE_PREFIX "cache/"
#define LIMIT_ZONE_PREFIX "limit/"
#define UPSTREAM_ZONE_PREFIX "upstream/"
#define TLS_ZONE "tls/zknginx"
#define STREAM_TLS_ZONE "tls/zknginx_stream"
#define SNI_VARIABLE_PREFIX "zknginx_sni_"
#define TLS_ZONE_SIZE "10m"
#define STICKY_VARIABLE_PREFIX "zknginx_sticky_"
#define WEBSOCKET_VARIABLE "$zknginx_connection"

struct claims;
struct pools;

/* Lines of nginx's own language in an object, and snippets that it includes. */
struct raw_lines {
	const char **directives; /* each one whole statement */
	size_t directive_count;
	const char **includes; /* names of snippets for this place */
	size_t include_count;
};

enum on_empty { ON_EMPTY_KEEP, ON_EMPTY_UNAVAILABLE };

/* Parameters of one server, or an upstream's defaults for all of its servers. */
struct server_params {
	long weight;              /* 1.. */
	long max_fails;           /* 0.. */
	const char *fail_timeout; /* an nginx time */
	long max_conns;           /* 0 = no limit */
	bool backup;
	bool down;
};

struct server {
	const char *address; /* as nginx writes it: "10.0.0.1:80", "[2001:db8::1]:80", "app-1:80" */
	struct server_params params; /* the server's own over the upstream's defaults: complete */
	/* What the znode itself says; the rest UNSET. Servers that say the same may share it. */
	const struct server_params *own;
	double share; /* of the requests, as registered; 1 is an ordinary server's */
	const struct znode *source;
	size_t part;                     /* which of the registrations in that znode */
	const struct discover *discover; /* of the upstream's, that found it; NULL: a child znode */
	const char *name; /* "app-1:80": the address is one of those of this host name; NULL: it
			     was written as an address */
	bool tls;         /* discovered: the address is that of a TLS port */
	bool held;        /* gone from ZooKeeper, kept by a guard */
	bool drained;     /* an operator's override: rendered `down` */
	bool failing;     /* the daemon's checks of it fail: rendered `down` */
};

/* An operator's decision to take a server out of the traffic (compose/drain.h). */
struct drain {
	const char *upstream;
	const char *server; /* "10.0.0.1:80", or "app-1:80" for all addresses of that host */
	uint64_t until;     /* microseconds since 1970; 0: until the operator undoes it */
	size_t servers;     /* in a model: how many it takes out; 0: they are not there now */
};

struct drains {
	struct drain *items; /* sorted by upstream, then by server */
	size_t count;
	int64_t mzxid; /* of the newest override that was read for them; 0: there is none */
};

struct upstream {
	const char *name;
	enum protocol protocol;
	const char *balance; /* nginx directive text: "least_conn", "hash $request_uri consistent";
				NULL = round robin */
	long keepalive;      /* idle connections a worker keeps; UNSET or 0 = none */
	long keepalive_requests; /* … and how long and for what they are kept; UNSET, NULL */
	const char *keepalive_time, *keepalive_timeout;
	const char *sticky;        /* the text of `balance` that it stands for; NULL: none */
	const char *sticky_cookie; /* in lower case: `balance` uses its variable; NULL: none */
	const char *zone;          /* size of the shared memory zone; NULL: not said */
	bool zone_off;             /* it has no zone */
	size_t zone_size;          /* bytes of the zone that it has by default; 0: it has none */
	struct server_params defaults;
	long min_servers; /* fewer than this is held by the guard; default 1 */
	long max_shrink;  /* percent, 0..100; UNSET = the setting's */
	enum on_empty on_empty;
	struct discover *discovers; /* in the policy's order */
	size_t discover_count;
	bool tls;                       /* nginx uses TLS for its servers */
	const struct check_rule *check; /* how the daemon checks its servers; NULL: it does not */
	const char *slow_start;         /* a time; NULL: none … */
	uint64_t slow_start_time;       /* … in microseconds; 0: none */
	struct server *servers;         /* sorted by address; no doubles */
	size_t server_count;
	bool unavailable;    /* it has no server: rendered with one that refuses at once */
	struct znode source; /* the policy znode */
	bool retained;       /* gone from ZooKeeper, kept because something still needs it */
	struct raw_lines raw;
	/* It is exactly this, but for zone_size; NULL: one model owns it. */
	const struct decoded *decoded;
};

struct timeouts {
	const char *connect, *read, *send; /* nginx times, or NULL */
};

enum location_kind {
	LOCATION_PROXY,
	LOCATION_ROOT,
	LOCATION_RETURN,
	LOCATION_REDIRECT,
	LOCATION_GRPC,
	LOCATION_FASTCGI,
	LOCATION_UWSGI,
	LOCATION_ALIAS,
	LOCATION_FILES, /* of the root of the site, or of the location around it */
};

struct location {
	const char *path; /* "/", "= /ping", "^~ /x", "~ \.php$", "@name", as nginx takes it */
	enum location_kind kind;
	const char *field; /* "locations[0].locations[1]"; NULL: that of its index */
	size_t parent;     /* the index of the location around it, and 1; 0: there is none */
	struct common common;
	const struct cors *cors;
	/* proxy, grpc, fastcgi, uwsgi */
	const char *proxy;      /* the upstream's name */
	const char *proxy_path; /* takes the place of `path` in the request; NULL: none does */
	const struct split *split;
	bool websocket;
	bool gets_copies;  /* it answers a mirror */
	bool gets_no_body; /* it answers an auth_request, or a mirror without bodies */
	struct timeouts timeouts;
	struct header *request_headers;
	size_t request_header_count;
	const char *retry_on; /* proxy_next_upstream conditions */
	long retry_tries;
	const char *cache_zone, *cache_valid;
	/* root, alias; also fastcgi and uwsgi */
	const char *root;
	/* all but return and redirect */
	const char *expires;
	const char *cache_control;
	struct header *response_headers;
	size_t response_header_count;
	const char *limit_key;  /* what is counted; NULL: addresses */
	const char *limit_rate; /* "50r/s" */
	long limit_burst;
	bool limit_nodelay;
	long limit_delay;       /* so many are served at once, of the burst; UNSET */
	long limit_connections; /* 0: no limit */
	const char **limits;    /* names of limits, in place of limit_rate */
	size_t limit_count;
	/* return, redirect */
	long status;
	const char *text; /* of a return; NULL = none */
	const char *to;   /* of a redirect */
	struct raw_lines raw;
};

struct listen {
	const char *address; /* "80", "127.0.0.1:8080", "[::]:443" */
	const char *options; /* "ssl http2", in nginx's words; "" for none */
	bool ssl;            /* also of a listen with quic */
	bool quic;           /* rendered only for an nginx that has HTTP/3 */
	bool implied;        /* of redirect_http, where the site has no plain listen */
	bool stay_default; /* render `default_server`: the site is the default server here, and must
			      stay it */
};

/* Connections for this name go to that upstream. */
struct sni {
	const char *name; /* in lower case; may begin with "*." or "." */
	const char *upstream;
};

/* What only stream sites have. */
struct stream_fields {
	struct sni *sni; /* `proxy` has the other names */
	size_t sni_count;
	long requests, responses; /* of UDP; or UNSET */
	bool proxy_protocol;      /* nginx sends it to the servers */
	bool udp;                 /* requests and responses are said */
};

struct site {
	const char *name;
	enum protocol protocol; /* stream: listen, proxy and timeouts only */
	struct listen *listens; /* the implied ones come last */
	size_t listen_count;
	bool is_default; /* for every host name that no server has, on all that it listens on */
	const char **server_names;
	size_t server_name_count;
	const char *certificate, *key; /* absolute paths, or NULL */
	bool redirect_http;
	bool proxy_protocol; /* of every listen */
	int gzip;            /* 1 on, 0 off, -1 not said */
	const char *client_max_body_size;
	const char *access_log; /* a log's short name, "off", or NULL */
	const char *log_format; /* of that log; NULL: nginx's own */
	struct common common;
	struct header *headers; /* of every answer */
	size_t header_count;
	const char *root;
	long redirect_status; /* of a redirect of the whole site */
	const char *redirect_to;
	struct location *locations;
	size_t location_count;
	const char *proxy;        /* stream: the upstream's name */
	struct timeouts timeouts; /* stream: connect; read = proxy_timeout */
	struct stream_fields stream;
	struct raw_lines raw;
	const char **named; /* upstreams that the *_pass lines among its directives name */
	size_t named_count;
	const struct pools *pools; /* variables in these that name upstreams; NULL: none */
	struct znode source;
	bool retained;
};

/* A text of a definition in which nginx finds variables, and its field. */
struct definition_text {
	const char *field, *text;
};

/* The rest of what the znode of a definition says. Absent texts are NULL. */
struct definition {
	struct definition_text *texts;
	size_t text_count;
	const char *variable; /* that a map, geo or split defines, without `$` */
	/* limits */
	const char *zone; /* named after what it counts: nginx cannot change that in a zone */
	long connections; /* UNSET: it counts requests */
	long burst;
	bool nodelay;
	long delay; /* UNSET: none */
	/* caches */
	const char *keys, *max_size, *inactive;
};

/* nginx text of http{} or stream{}: an operator's own, or that of a definition. */
struct snippet {
	const char *name;
	enum config_kind kind;
	enum protocol context;               /* http{} or stream{} */
	const char *text;                    /* "" for a cache: render knows where caches are */
	const struct definition *definition; /* NULL: the text is an operator's */
	const char **upstreams;              /* names that its *_pass directives use */
	size_t upstream_count;
	const struct pools *pools;   /* variables that name upstreams; NULL: none */
	const struct claims *claims; /* the claims of its text; NULL until link has read it */
	struct znode source;
	bool retained;
};

/* The default server of an address, which answers for host names that no server has. */
struct default_server {
	const char *address; /* "*:80" */
	const char *znode;
};

struct model {
	struct arena *arena;
	/*
	 * Each list is sorted by name. An upstream that has not changed is the very same one in
	 * all models, so equal addresses in two models are equal upstreams.
	 */
	const struct upstream **upstreams;
	bool *owned; /* by index: its servers are copies that only this model has; NULL: none are */
	unsigned char
		*traits; /* by index: enum upstream_trait (core/data/traits.h); NULL: not known */
	size_t upstream_count;
	struct site *sites;
	size_t site_count;
	struct snippet *snippets; /* by kind, then name */
	size_t snippet_count;
	struct default_server *defaults; /* of http, sorted by address */
	size_t default_count;
	struct drains drains; /* of its upstreams: what the overrides said */
	const char **names;   /* host names among the servers, sorted: whom to resolve (names.h) */
	size_t name_count;
	/*
	 * Objects differ from the znodes for a short time and without a problem: a guard postpones
	 * their deletion, or they wait while the cause of a refusal is searched.
	 */
	bool pending;
};

struct model *model_new(void);
void model_free(struct model *m);
DEFINE_CLEANUP(struct model *, model_free)

const struct upstream *model_upstream(const struct model *m, const char *name);
/* The upstream with the name of this one. They are asked for in their order; *at: 0 at first. */
const struct upstream *model_next_upstream(const struct model *m, const struct upstream *like,
					   size_t *at);
/* Its index in the list; upstream_count: there is none of this name. */
size_t model_upstream_index(const struct model *m, const char *name);
/*
 * Upstream i, for a caller that changes it while the model is made: a copy that only this model has
 * takes its place.
 */
struct upstream *model_own_upstream(struct model *m, size_t i);
/* The model's own upstream takes the place of the one of the same name, which has to be there. */
void model_put_upstream(struct model *m, const struct upstream *u);
/* Puts a copy with this size of its zone there, unless it has that size. */
void model_set_zone(struct model *m, size_t i, size_t size);
/* Another list, which is sorted here. The model owns upstreams without `decoded`. */
void model_set_upstreams(struct model *m, const struct upstream **list, size_t count);
/* The upstream that nginx finds by this name, as it ignores case. */
const struct upstream *model_upstream_of_nginx(const struct model *m, const char *name);
const struct site *model_site(const struct model *m, const char *name);
/* Is the request passed on to an upstream? */
bool location_passes(const struct location *l);
/* "proxy", "grpc", …: how the directives of its module begin; "" for other locations. */
const char *location_module(const struct location *l);
/* "", "@fastcgi" or "@uwsgi": ends the name of a cache's zone and directory. nginx has a zone for
 * one module only, so a cache that several use is one for each. */
const char *location_cache_suffix(const struct location *l);
/* Has one of the site's texts a literal `$`, for which nginx needs a variable of ours? */
bool site_uses_dollar(const struct site *site);
/* "$zknginx_sni_12345678": the variable of a stream site with `sni`, which names its upstream. */
#define SNI_VARIABLE_SIZE 32
void site_sni_variable(const struct site *site, char name[static SNI_VARIABLE_SIZE]);
const struct snippet *model_snippet(const struct model *m, enum protocol context, const char *name);
/* The definition or snippet of this kind and name. */
const struct snippet *model_text(const struct model *m, enum config_kind kind, const char *name);
/* By kind, then name. For qsort(). */
int snippet_compare(const void *a, const void *b);
/* Do sites or locations include snippets of this kind by name? The others are rendered by
 * themselves.
 */
bool snippet_is_included(enum config_kind kind);
/* Has one of its texts a literal `$`, for which nginx needs a variable of ours? */
bool snippet_uses_dollar(const struct snippet *s);
/* The sites in the order in which they are rendered, the oldest first; the caller frees the list.
 */
const struct site **model_sites_by_age(const struct model *m);
const struct server *upstream_server(const struct upstream *u, const char *address);
/* Has it a zone, where nginx knows zones? */
bool upstream_has_zone(const struct upstream *u);
/* nginx has no backup servers with the balances hash, ip_hash and random. */
bool upstream_takes_backups(const struct upstream *u);
/* A server's own parameters over the upstream's defaults, over nginx's. */
void server_params_complete(struct server_params *own, const struct server_params *defaults);
/* In the arena, with its strings. */
struct server_params *server_params_copy(struct arena *a, const struct server_params *p);

/* Every znode that the model was made from, as a tree (one reference): the accepted tree. */
struct tree *model_sources(const struct model *m);

/* A subtree that a discover reads: `depth` levels below path (0: path alone). */
struct discover_root {
	const char *path;
	unsigned depth;
};
/*
 * The paths that the mirror has to watch in addition to the config, sorted, each once (one may be
 * within another); in the arena. When they differ from those that a tree was mirrored with, that
 * tree has no znodes of the new paths: mirror them first, then deploy.
 */
size_t model_discover_roots(const struct model *m, struct arena *a, struct discover_root **out);

/* [a-z0-9][a-z0-9_.-]{0,62}: what a site or snippet may be called. */
bool name_is_valid(const char *name);
/* The same with capital letters: what an upstream may be called. To nginx "Shop" and "shop" are one
 * name, so two upstreams that differ in case alone clash. */
bool upstream_name_is_valid(const char *name);

#endif
