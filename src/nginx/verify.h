/*
 * What came of a SIGHUP: sends it, watches the master and its workers, and gives a verdict. Then,
 * in a second step, whether the new workers stay alive.
 */
#ifndef ZKNGINX_NGINX_VERIFY_H
#define ZKNGINX_NGINX_VERIFY_H

#include "confirm.h"
#include "core/deploy/reload.h"
#include "errorlog.h"
#include "instance.h"

struct verify {
	struct instance *instance; /* borrowed, like the next */
	struct confirm *confirm;
	void (*on_verdict)(void *ctx, enum reload_event verdict);
	void *ctx;
	sd_event_source *timer;
	void (*next)(struct verify *v);
	const char *marker;    /* "": the probe is not asked */
	struct workers before; /* when the SIGHUP was sent */
	struct workers taken;  /* the new ones, which have to stay */
	enum reload_event verdict;
	bool has_verdict;
	bool saw_new;      /* a worker that was started since then */
	bool is_rebased;   /* `before` was counted again, after a reload by another program */
	uint64_t since;    /* the verdict has been the same since then */
	uint64_t sent;     /* the SIGHUP */
	uint64_t deadline; /* for a verdict */
	uint64_t duration; /* from the SIGHUP to its verdict, the last time */
	unsigned rounds;   /* of settling */
	struct errorlog log;
};

void verify_init(struct verify *v, sd_event *loop, struct instance *instance,
		 struct confirm *confirm, void (*on_verdict)(void *ctx, enum reload_event verdict),
		 void *ctx);
void verify_fini(struct verify *v);
/* The deployment is over, or was given up. */
void verify_end(struct verify *v);

/* Count the workers and send SIGHUP. config: nginx.conf; timeout: for a verdict. */
int verify_send_hup(struct verify *v, const char *config, uint64_t timeout, struct err *e);
/* on_verdict follows: ACCEPTED, REJECTED, DIED, TIMED_OUT or MASTER_ABSENT (it has ended, or
 * stops). marker: that nginx has to answer with, "" = it is not asked; borrowed until then. */
void verify_begin(struct verify *v, const char *marker);
/* After ACCEPTED; on_verdict follows: SETTLED, DIED or MASTER_ABSENT. */
void verify_settle(struct verify *v);

/* Have workers come or gone since the SIGHUP? */
bool verify_workers_changed(const struct verify *v);
/* What nginx wrote to its error log about it; `what` where it wrote nothing. */
void verify_explain(const struct verify *v, const char *what, struct buf *out);

#endif
