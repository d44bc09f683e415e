/* The base of the tests of the probe: a rendered bundle with a probe, and sites that fail. */
#ifndef ZKNGINX_TESTS_RIG_PROBE_H
#define ZKNGINX_TESTS_RIG_PROBE_H

#include "core/render/render.h"
#include "rig_nginx.h"

struct rig_sites {
	int port;  /* of all sites; nginx selects one by Host */
	int live;  /* of an upstream server that answers */
	int probe; /* 0: none */
	char address[32];
	const char *http_log; /* as render_options has it */
};

/* Ports of its own. The first server of this nginx is the upstream server that answers. */
void rig_sites_init(struct rig_sites *s, const struct rig_nginx *n);

/*
 * Sites "usual", "silent" (access_log off) and "logged" (one of its own), each with
 *
 *	/fine	200, says `word`	/broken	500
 *	/dead	502			/retried	200 from the second server, after a 502
 */
struct bundle *rig_sites_render(const struct rig_sites *s, const struct rig_nginx *n,
				const char *word);
/* Request it this many times; each answer must have this status. */
void rig_sites_ask(const struct rig_sites *s, const char *site, const char *path, int status,
		   unsigned times);

#endif
