/*
 * The host's own nginx.conf and what it includes, as the last nginx -T that passed has shown it:
 * does it include the generated files, what is its text, was it changed since, how long did the
 * test take? The text is forgotten when files were changed and do not pass.
 */
#ifndef ZKNGINX_NGINX_HOSTCONF_H
#define ZKNGINX_NGINX_HOSTCONF_H

#include <zknginx/arena.h>
#include <zknginx/status.h>

#include "conffiles.h"
#include "core/compose/host_claims.h"
#include "sandbox.h"

struct hostconf {
	struct conffiles *changes;
	enum nginx_includes includes;
	bool has_changed;       /* a file was, since the last test that passed */
	uint64_t test_duration; /* of the last test that passed; 0: none has */
	struct arena *arena;    /* of the files; NULL: no test has passed yet */
	struct host_file *files;
	size_t count;
	unsigned long serial; /* changes with the text; 0: no test has passed yet */
};

void hostconf_init(struct hostconf *h);
void hostconf_fini(struct hostconf *h);

void hostconf_test_begins(struct hostconf *h);
/* The test has ended after `duration`. live: the directory of the generated files. needs_stream:
 * the candidate's stream.conf is not empty. */
void hostconf_test_ended(struct hostconf *h, const struct sandbox_result *r, const char *live,
			 bool needs_stream, uint64_t duration);
/* Was a file changed that no test has read since? True once per change. */
bool hostconf_look(struct hostconf *h, uint64_t now);

/* The http part is included, as far as is known. */
bool hostconf_is_included(const struct hostconf *h);
/* An include line is known to be missing. */
bool hostconf_lacks_include(const struct hostconf *h);
/* Everything is included, and no file was changed since that was tested. */
bool hostconf_is_surely_included(const struct hostconf *h);

#endif
