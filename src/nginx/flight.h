/* One deployment in flight: what it is about, what came of it so far, how long each step took. */
#ifndef ZKNGINX_NGINX_FLIGHT_H
#define ZKNGINX_NGINX_FLIGHT_H

#include <zknginx/buf.h>
#include <zknginx/log.h>

#include "deploy.h"

/* What there is to do for a bundle. */
enum flight_work {
	FLIGHT_PUBLISH,     /* its bytes are not live: stage, test, publish, signal */
	FLIGHT_PERSIST,     /* the same without the signal: nginx has their servers, and all else */
	FLIGHT_SIGNAL,      /* they are live, but nginx is not known to run them: test and signal */
	FLIGHT_NOTHING,     /* they are live and nginx runs them */
	FLIGHT_LEAVE_DRIFT, /* the same, and a live file that was changed is left as it is */
	FLIGHT_TEST,        /* deploy_test() */
};

struct flight {
	struct bundle *bundle;
	char *revision;
	enum flight_work work;
	unsigned long generation;
	bool is_staged;         /* `generation` is not live: it is removed in the end */
	unsigned long previous; /* what was live when it began */
	unsigned long reverted_to;
	uint64_t timeout; /* of the test, as well as the setting; 0: none */

	enum deploy_result result;
	enum host_condition condition;
	bool in_force;
	struct buf message;
	bool tested, passed, timed_out;
	struct buf warnings; /* of the test, see warnings.h */
	char *warning;       /* the one that made it refused */

	uint64_t began, mark; /* of the whole, of the step under way */
	double steps_ms[STEP_N], total_ms;
};

/* live: the generation that is live now. */
void flight_begin(struct flight *f, struct bundle *b, const char *revision, unsigned long live);
void flight_fini(struct flight *f);

/* Its bytes are to be staged and published. */
bool flight_is_published(const struct flight *f);
/* The bytes are live already. */
bool flight_is_live(const struct flight *f);
/* … and nothing is to be done. */
bool flight_is_done(const struct flight *f);

/* The step under way took the time since the last call. */
void flight_took(struct flight *f, enum step_id step);
/* What the outcome will be, should the deployment end now; appends to the message. */
void flight_result(struct flight *f, enum deploy_result result, const char *fmt, ...) PRINTF(3, 4);
void flight_fail(struct flight *f, enum host_condition condition, const char *fmt, ...)
	PRINTF(3, 4);

/* nginx takes the candidate, but one of its warnings, which is not `known`, says that it would
 * serve something else than the configuration says. True: it is refused for that. */
bool flight_refuse_warning(struct flight *f, const char *known);
/* Add to the message what nginx's line numbers are about. live: the live directory. */
void flight_explain(struct flight *f, const char *live);
/* The result is that nginx.conf does not include one of the files of `live`. */
void flight_miss_include(struct flight *f, enum deploy_result result, const char *config,
			 const char *live);
/* nginx was signalled `waited` microseconds ago, and there is no verdict; answer: what it has said,
 * a clause, or "". */
void flight_leave_unknown(struct flight *f, const char *answer, uint64_t waited);
/* nginx is not signalled, because it does not run, and why; NULL: because it is being upgraded. */
void flight_defer(struct flight *f, const char *why_down);
/* Borrows from the flight. */
struct outcome flight_outcome(const struct flight *f);
/* again: what was logged last has the same result, for the same reason. */
enum log_level flight_level(const struct flight *f, bool again);
/* One line. live: the generation that nginx keeps serving. */
void flight_log(const struct flight *f, enum log_level level, unsigned long live);

#endif
