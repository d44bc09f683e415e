/*
 * Snippets that sites include by name.
 *
 * That they exist is the matter of link_definitions.h. The policy looks at a site together with the
 * texts that it includes. Where a new text of a snippet makes a site unsafe, the snippet falls, and
 * not the site: else one edit would take all sites with it.
 */
#include <string.h>

#include "clash.h"
#include "core/policy/policy_site.h"
#include "link_definitions.h"

static const struct snippet *find_text(void *ctx, enum config_kind kind, const char *name)
{
	const struct object *o = clash_text(ctx, kind, name);

	return o && o->placed ? o->item.snippet : NULL;
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
		if (!definitions_settle(c, site))
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

bool clash_may_include(struct clash *c, struct object *site)
{
	return c->in->is_live || !includes_any(site->item.site) || is_allowed(c, site);
}
