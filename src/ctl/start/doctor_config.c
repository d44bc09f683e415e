/* What this host serves, or will serve: the config of ZooKeeper as its daemon would read it. */
#include "core/compose/compose.h"
#include "core/data/layout.h"
#include "core/policy/policy.h"
#include "ctl/sign/signer.h"
#include "ctl/znodes/reader.h"
#include "doctor.h"
#include "nginx/stage.h"
#include "sys/timing.h"

#define DEPTH 3 /* snippets/http/NAME, upstreams/NAME/SERVER */

static void read_config(struct doctor *d, struct problems *unreadable)
{
	const struct mirror_root root = { .path = d->settings->zookeeper.config, .depth = DEPTH };
	struct err e;

	if (d->client && read_tree(d->ctl, &root, 1, &d->config, unreadable, &e) < 0)
		d->config = NULL;
	if (d->config && tree_count(d->config) == 0 && unreadable->count)
		tree_unref(TAKE(d->config));
}

/* Registrations are not read here, so what upstreams find there is not known. */
static const struct problem *first_problem(const struct problems *problems, size_t *count)
{
	const struct problem *first = NULL;

	*count = 0;
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];

		if (p->kind == PROBLEM_DISCOVERY || p->kind == PROBLEM_GUARD)
			continue;
		first = first ?: p;
		(*count)++;
	}
	return first;
}

static void report(struct doctor *d, const struct problems *problems)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const struct model *m = d->model;
	size_t count;
	const struct problem *first = first_problem(problems, &count);

	if (!d->config) {
		doctor_skip(d, "the znodes cannot be read; the checks below use what nginx runs");
	} else if (first) {
		problem_print(first, &text);
		doctor_warn(d, "zknginxctl problems lists all of them", "%s: %s%s", first->znode,
			    buf_str(&text),
			    count > 1 ? arena_printf(d->arena, " (1 of %zu problems)", count) : "");
	} else {
		doctor_ok(d, "no problems (upstreams: %zu, sites: %zu, snippets: %zu)",
			  m->upstream_count, m->site_count, m->snippet_count);
	}
}

/* Which serial this host has applied is in its status. */
static void check_trust(struct doctor *d)
{
	const char *root = d->settings->zookeeper.config;
	struct signature_verdict v;
	struct config_note note;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE];

	if (!signer_is_required(d->ctl) || !d->config)
		return;
	digest = tree_revision(d->config, root);
	digest_hex(&digest, hex);
	config_note_of(d->arena, d->config, root, &note);
	v = signer_verdict(d->ctl, d->arena, &note, hex);
	if (v.result == SIGNATURE_GOOD)
		doctor_ok(d, "the config is signed by \"%s\", serial %lu", v.key, v.serial);
	else
		doctor_error(d, "Look at the config, and sign it: zknginxctl sign KEY",
			     "%s: hosts do not apply the config: %s", root,
			     signature_explain(d->arena, &v));
}

void doctor_check_config(struct doctor *d)
{
	CLEANUP(tree_unrefp) struct tree *accepted = NULL;
	CLEANUP(model_freep) struct model *good = NULL;
	const struct policy policy = policy_from_settings(d->settings);
	struct compose_input in = { .root = d->settings->zookeeper.config,
				    .policy = &policy,
				    .now = timing_now(),
				    .vars = d->settings->vars,
				    .host_may_define = true };
	struct problems problems;

	problems_init(&problems);
	read_config(d, &problems);
	if (stage_peek_tree(d->settings->state.directory, &accepted, NULL) < 0)
		accepted = tree_empty();
	good = compose_accepted(accepted, in.root, &policy, NULL);
	in.accepted = accepted;
	in.good = good;
	in.tree = d->config ?: accepted;
	d->model = compose(&in, &problems, NULL);
	report(d, &problems);
	check_trust(d);
	problems_fini(&problems);
}
