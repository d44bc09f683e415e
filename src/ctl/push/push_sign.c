/* The signature of a push. */
#include <string.h>

#include "pushing.h"

bool push_is_signed(const struct pushing *p)
{
	const struct config_note *n = &p->state.note;

	if (!p->ctl->settings.trust.keys[0])
		return *n->signature && strcmp(n->revision, p->state.revision) == 0;
	return signer_verdict(p->ctl, p->arena, n, p->state.revision).result == SIGNATURE_GOOD;
}

int push_check_signature(const struct pushing *p, struct err *e)
{
	if (p->signer || arguments_has(p->args, "force") || !signer_is_required(p->ctl) ||
	    push_is_signed(p))
		return 0;
	return signer_refuse_unsigned(p->ctl, e);
}

/* The last serial is read as late as possible. */
int push_sign(struct pushing *p, struct write_job *job, struct err *e)
{
	const struct push_state *s = &p->state;

	if (!p->signer) {
		job->keeps_note = push_is_signed(p);
		return 0;
	}
	p->signature = config_note_empty();
	p->signature.by = p->by;
	p->signature.note = p->note;
	if (signer_sign(p->signer, p->arena, tree_find(s->before, s->in.root), s->revision,
			&p->signature, e) < 0)
		return -1;
	job->signature = &p->signature;
	return 0;
}
