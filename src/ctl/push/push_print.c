/* What a push says: in words, and as JSON. */
#include "core/text/json_text.h"
#include "difference.h"
#include "pushing.h"

const char *push_rival_text(const struct pushing *p)
{
	const struct config_note *n = &p->outcome.rival;
	const char *by = n->unfinished ? n->push.by : n->by;

	if (!*by)
		return "another client has";
	return *n->note ? arena_printf(p->arena, "%s (\"%s\") has", by, n->note)
			: arena_printf(p->arena, "%s has", by);
}

const char *push_written_text(const struct pushing *p)
{
	const struct write_outcome *o = &p->outcome;

	if (!o->written)
		return "Nothing was written";
	return arena_printf(p->arena,
			    "%zu of %zu transactions were written: until a push completes it, "
			    "every host keeps what it runs",
			    o->written, o->transactions);
}

void push_say_written(const struct pushing *p)
{
	const struct screen *s = &p->ctl->screen;

	if (p->ctl->json)
		return;
	screen_print(s, COLOR_NONE, "written: %s, in %zu transaction%s, by %s\n",
		     difference_summary(p->arena, &p->state.edit), p->outcome.transactions,
		     PLURAL(p->outcome.transactions), p->by);
	if (p->signer)
		screen_print(s, COLOR_NONE, "signed: revision %.12s, serial %lu\n",
			     p->signature.revision, p->signature.serial);
}

void push_print_json(const struct pushing *p)
{
	json_t *j = json_object();
	const struct write_outcome *o = &p->outcome;
	json_t *conflicts = json_array();

	for (size_t i = 0; i < o->conflict_count; i++)
		json_array_append_new(conflicts, json_text(o->conflicts[i]));
	json_put_text(j, "by", p->by);
	json_put_text(j, "note", p->note);
	json_put(j, "changes", difference_json(&p->state.edit));
	json_put(j, "conflicts", conflicts);
	json_put(j, "problems", findings_json(&p->findings));
	json_put_text(j, "refused", p->refused);
	json_put_text(j, "revision",
		      p->followed && *follow_revision(p->follow) ? follow_revision(p->follow)
								 : p->state.revision);
	json_put(j, "rollout", p->followed ? follow_json(p->follow) : json_null());
	if (p->written && p->signer)
		json_put_number(j, "serial", p->signature.serial);
	json_put(j, "skipped", difference_json_unnamed(&p->state.edit));
	json_put_number(j, "transactions", o->written);
	json_put(j, "written", json_boolean(p->written));
	ctl_print_json(j);
}
