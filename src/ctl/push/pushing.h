/* A push under way: what the files of the command share. */
#ifndef ZKNGINX_CTL_PUSHING_H
#define ZKNGINX_CTL_PUSHING_H

#include "ctl/console/command.h"
#include "ctl/lint/findings.h"
#include "ctl/sign/signer.h"
#include "ctl/znodes/marked_write.h"
#include "follow.h"
#include "push_state.h"

struct pushing {
	struct ctl *ctl;
	const struct arguments *args;
	struct arena *arena;
	const char *path, *by, *note;
	uint64_t limit; /* of following */
	bool keep;
	struct push_state state;
	struct findings findings;
	struct write_outcome outcome;
	struct follow *follow;
	struct signer *signer; /* NULL: it is not signed */
	struct config_note signature;
	bool written, followed;
	const char *refused; /* why nothing, or not all, was written; "" */
};

/* push_sign.c */
/* Is what is pushed signed already? Servers are no part of what is signed. */
bool push_is_signed(const struct pushing *p);
/* ERR_REFUSED: the hosts would not apply it without a signature. */
int push_check_signature(const struct pushing *p, struct err *e);
/* With --sign: signs it for this job. Without: a signature stays if it is still good. */
int push_sign(struct pushing *p, struct write_job *job, struct err *e);

/* push_print.c */
/* Who was faster. */
const char *push_rival_text(const struct pushing *p);
/* What has become of the transactions before the one that failed. */
const char *push_written_text(const struct pushing *p);
void push_say_written(const struct pushing *p);
void push_print_json(const struct pushing *p);

#endif
