/*
 * Snippets that sites include by name.
 *
 * One that was deleted and is still included stays. The policy looks at a site together with the
 * texts that it includes. Where a new text of a snippet makes a site unsafe, the snippet falls, and
 * not the site: else one edit would take all sites with it.
 */
#include <string.h>

#include "clash.h"
#include "core/data/layout.h"
#include "core/policy/policy_site.h"

static const struct snippet *find_text(void *ctx, enum config_kind kind, const char *name)
{
	const struct object *o = clash_text(ctx, kind, name);

	return o && o->placed ? o->item.snippet : NULL;
}

/* Included in the last good form of a site, and deleted. */
static struct object *restore(struct clash *c, struct object *site, const char *field,
			      enum config_kind kind, const char *name)
{
	const struct snippet *good = model_text(c->good, kind, name);
	struct object *o = good ? clash_bring_back(c, OBJECT_SNIPPET, good) : NULL;

	if (o && !site->weak)
		problems_add(c->problems, site->path, PROBLEM_FIELD, field,
			     "%s/%s was deleted but is still included here: its last good form "
			     "stays in force",
			     config_directory(kind), name)
			->serving = SERVING_PREVIOUS;
	return o;
}

static bool has_snippets(struct clash *c, struct object *site, const struct raw_lines *raw,
			 enum config_kind kind, const char *prefix)
{
	bool ok = true;

	for (size_t i = 0; i < raw->include_count; i++) {
		const char *name = raw->includes[i];
		const char *field = arena_printf(c->next->arena, "%sinclude[%zu]", prefix, i);
		struct object *o = clash_text(c, kind, name);

		if (!o)
			o = restore(c, site, field, kind, name);
		if (o && o->placed) {
			if (o->weak && !site->weak) {
				o->weak = false;
				o->form = FORM_GOOD;
			}
			continue;
		}
		ok = false;
		if (clash_needs_report(site))
			clash_report(c, site, field,
				     o ? "%s/%s is not served: see its problem"
				       : "%s/%s does not exist",
				     config_directory(kind), name);
	}
	return ok;
}

static bool has_all_snippets(struct clash *c, struct object *o)
{
	const struct site *s = o->item.site;
	bool ok = has_snippets(c, o, &s->raw, CONFIG_SERVER_SNIPPET, "");

	for (size_t i = 0; i < s->location_count; i++)
		ok &= has_snippets(c, o, &s->locations[i].raw, CONFIG_LOCATION_SNIPPET,
				   arena_printf(c->next->arena, "%s.", s->locations[i].field));
	return ok;
}

static void report_snippet(struct clash *c, struct object *snippet, const struct object *site,
			   const struct site_violation *v)
{
	struct problem *p;

	if (!clash_needs_report(snippet))
		return;
	p = clash_report(c, snippet, NULL, "%s (within %s, which includes it)", v->violation.text,
			 site->path);
	p->kind = PROBLEM_POLICY;
	p->line = v->line;
}

static bool is_allowed(struct clash *c, struct object *site)
{
	struct site_violation v;
	struct object *snippet;

	while (!policy_check_site(c->in->policy, c->next->arena, site->item.site, find_text, c,
				  &v)) {
		snippet = v.snippet ? clash_text(c, v.snippet->kind, v.snippet->name) : NULL;
		if (!snippet || snippet->form != FORM_NEW) {
			if (clash_needs_report(site))
				clash_report(c, site, v.field, "%s", v.violation.text)->kind =
					PROBLEM_POLICY;
			return false;
		}
		report_snippet(c, snippet, site, &v);
		clash_fall(c, snippet);
		c->again = true;
		if (!has_all_snippets(c, site))
			return false;
	}
	return true;
}

static bool includes_any(const struct site *s)
{
	for (size_t i = 0; i < s->location_count; i++) {
		if (s->locations[i].raw.include_count)
			return true;
	}
	return s->raw.include_count;
}

bool clash_has_includes(struct clash *c, struct object *o)
{
	if (o->kind != OBJECT_SITE || !includes_any(o->item.site))
		return true;
	return has_all_snippets(c, o) && (c->in->is_live || is_allowed(c, o));
}
