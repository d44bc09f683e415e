/*
 * A request: what an operator asks of the leader, in cluster/request. A JSON object, or the bare
 * word of the action as it is typed into zkCli.
 */
#ifndef ZKNGINX_FLEET_REQUEST_H
#define ZKNGINX_FLEET_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>

#define REQUEST_ACTIONS(X)                                                                         \
	X(PAUSE, "pause")       /* no step forward until resume */                                 \
	X(RESUME, "resume")     /* … and a halted or reverted target is tried again */           \
	X(PROMOTE, "promote")   /* the next step now, whatever is left of the bake time */         \
	X(ABORT, "abort")       /* withdraw the target */                                          \
	X(ROLLBACK, "rollback") /* publish an old revision as the config */

enum request_action {
#define X(name, text) REQUEST_##name,
	REQUEST_ACTIONS(X)
#undef X
		REQUEST_ACTION_N
};

struct request {
	enum request_action action;
	/* What it is about, by a prefix of at least 6 hex digits; "" = not given. ROLLBACK needs
	 * one; the others are refused when the target is another revision. */
	const char *revision;
	const char *by; /* who asks, by their own account; "" = not given */
	bool all;       /* PROMOTE: to every host at once */
	/* ROLLBACK: the data of the config root, signed for this revision (signature.h); "" = that
	 * of the history */
	const char *root;
};

const char *request_action_name(enum request_action a);

/* False: *error says what is wrong with it. */
bool request_parse(struct arena *a, const char *data, size_t size, struct request *out,
		   const char **error);
/* The JSON object that request_parse() reads as the same request; sorted keys. */
void request_print(const struct request *r, struct buf *out);

#endif
