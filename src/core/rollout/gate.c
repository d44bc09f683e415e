/*
 * The gate: what is known of the revision on trial, and the first thing that was found against it.
 *
 * The first reason for a bad verdict is kept: later ones are its consequences more often than not.
 * Shares are of the requests since the revision runs, so the counters of that moment are kept and
 * subtracted; counters that began again (another nginx) are taken as they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/data/layout.h"
#include "gate.h"

#define MESSAGE_SIZE 512
#define ANSWERS_MIN 2 /* one to count from, and one after it */

struct gate {
	char *root; /* of the config */
	char *revision;
	unsigned long attempt;
	struct problems known;
	bool applied;
	unsigned long deaths;    /* counted when it was applied */
	struct gate_counts base; /* … or when the probe first answered after that */
	unsigned answers;
	bool answers_now;
	bool passed; /* the gate command, at least once */
	bool bad;
	char *znode;
	char message[MESSAGE_SIZE];
};

struct gate *gate_new(const char *root)
{
	struct gate *g = xcalloc(1, sizeof(*g));

	g->root = xstrdup(root);
	g->revision = xstrdup("");
	g->znode = xstrdup("");
	problems_init(&g->known);
	return g;
}

static void gate_fini(struct gate *g)
{
	free(g->revision);
	free(g->znode);
	problems_fini(&g->known);
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	gate_fini(g);
	free(g->root);
	free(g);
}

/* Whole characters only, as the message becomes JSON. */
static void copy_message(char *out, const char *message)
{
	size_t size = strnlen(message, MESSAGE_SIZE);

	if (size == MESSAGE_SIZE) {
		size--;
		while (size && ((unsigned char)message[size] & 0xc0) == 0x80)
			size--;
	}
	memcpy(out, message, size);
	out[size] = '\0';
}

static void blame(struct gate *g, const char *znode, const char *message)
{
	if (g->bad)
		return;
	g->bad = true;
	free(g->znode);
	g->znode = xstrdup(znode ? znode : "");
	copy_message(g->message, message ? message : "");
}

void gate_begin(struct gate *g, const char *revision, unsigned long attempt,
		const struct problems *known)
{
	struct gate fresh;

	if (attempt == g->attempt && strcmp(revision, g->revision) == 0)
		return;
	fresh = (struct gate){
		.root = g->root,
		.revision = xstrdup(revision),
		.attempt = attempt,
		.znode = xstrdup(""),
	};
	problems_init(&fresh.known);
	for (size_t i = 0; known && i < known->count; i++)
		problems_append(&fresh.known, &known->items[i]);
	gate_fini(g);
	*g = fresh;
}

static bool is_on_trial(const struct gate *g)
{
	return *g->revision != '\0';
}

static void take_base(struct gate *g, const struct gate_counts *counts)
{
	g->base = *counts;
	g->answers++;
}

void gate_applied(struct gate *g, unsigned long deaths, const struct gate_counts *counts)
{
	if (!is_on_trial(g) || g->applied)
		return;
	g->applied = true;
	g->deaths = deaths;
	g->answers_now = counts;
	if (counts)
		take_base(g, counts);
}

void gate_refused(struct gate *g, const char *znode, const char *message)
{
	if (is_on_trial(g))
		blame(g, znode, message);
}

/* --- problems ------------------------------------------------------------------------------ */

/* Which kinds of problem a revision can cause, and whether the message of one and the same problem
 * may differ from run to run: nginx's own, and a guard's, which has numbers in it. */
static const struct {
	bool is_of_revision, message_varies;
} kinds[PROBLEM_KIND_N] = {
	[PROBLEM_JSON] = { .is_of_revision = true },
	[PROBLEM_FIELD] = { .is_of_revision = true },
	[PROBLEM_POLICY] = { .is_of_revision = true },
	[PROBLEM_NGINX] = { .is_of_revision = true, .message_varies = true },
	[PROBLEM_RELOAD] = { .is_of_revision = true, .message_varies = true },
	[PROBLEM_GUARD] = { .is_of_revision = true, .message_varies = true },
};

/* ROOT/upstreams/NAME/SERVER, which no revision contains. */
static bool is_endpoint(const struct gate *g, const char *znode)
{
	struct config_place p = config_place(znode, g->root);

	return p.level == CONFIG_CHILD && p.kind == CONFIG_UPSTREAM && !strchr(p.child, '/');
}

static bool is_known(const struct gate *g, const struct problem *p)
{
	for (size_t i = 0; i < g->known.count; i++) {
		const struct problem *k = &g->known.items[i];

		if (kinds[p->kind].message_varies
			    ? k->kind == p->kind && strcmp(k->znode, p->znode) == 0
			    : problem_compare(k, p) == 0)
			return true;
	}
	return false;
}

/* Once nginx runs the revision only servers come and go below it: what a guard holds from then on
 * is what applications did. */
static bool is_of_revision(const struct gate *g, const struct problem *p)
{
	return kinds[p->kind].is_of_revision && !is_endpoint(g, p->znode) &&
	       !(g->applied && p->kind == PROBLEM_GUARD);
}

static void blame_problem(struct gate *g, const struct problem *p)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	problem_print(p, &text);
	blame(g, p->znode, buf_str(&text));
}

void gate_problems(struct gate *g, const struct problems *now)
{
	if (!is_on_trial(g))
		return;
	for (size_t i = 0; i < now->count; i++) {
		const struct problem *p = &now->items[i];

		if (is_of_revision(g, p) && !is_known(g, p))
			blame_problem(g, p);
	}
}

/* --- what nginx does ----------------------------------------------------------------------- */

static void check_deaths(struct gate *g, unsigned long deaths)
{
	unsigned long died = deaths > g->deaths ? deaths - g->deaths : 0;
	char text[MESSAGE_SIZE];

	if (!died)
		return;
	snprintf(text, sizeof(text),
		 "%lu worker process%s of nginx died after nginx loaded this revision", died,
		 died == 1 ? "" : "es");
	blame(g, NULL, text);
}

/* "12%", "5.1%": rounded up, so that what is too much never reads like what is allowed. */
static void print_share(char *out, size_t size, uint64_t part, uint64_t whole)
{
	uint64_t tenths = (part * 1000 + whole - 1) / whole;

	if (tenths % 10 == 0)
		snprintf(out, size, "%llu%%", (unsigned long long)(tenths / 10));
	else
		snprintf(out, size, "%llu.%llu%%", (unsigned long long)(tenths / 10),
			 (unsigned long long)(tenths % 10));
}

static void check_share(struct gate *g, uint64_t part, uint64_t whole, long most, const char *what)
{
	char share[32], text[MESSAGE_SIZE];

	if (part * 100 <= whole * (most < 0 ? 0 : (uint64_t)most))
		return;
	print_share(share, sizeof(share), part, whole);
	snprintf(text, sizeof(text), "%llu of %llu request%s %s (%s); at most %ld%% are allowed",
		 (unsigned long long)part, (unsigned long long)whole, PLURAL(whole), what, share,
		 most);
	blame(g, NULL, text);
}

static uint64_t since(uint64_t base, uint64_t now)
{
	return now > base ? now - base : 0;
}

static void check_counts(struct gate *g, const struct gate_rules *rules,
			 const struct gate_counts *c)
{
	uint64_t requests = since(g->base.requests, c->requests);
	uint64_t errors = since(g->base.errors, c->errors);

	if (!requests || requests < (uint64_t)(rules->min_requests < 0 ? 0 : rules->min_requests))
		return;
	check_share(g, errors, requests, rules->max_errors,
		    errors == 1 ? "was answered with 5xx" : "were answered with 5xx");
	check_share(g, since(g->base.upstream_errors, c->upstream_errors), requests,
		    rules->max_upstream_errors, "failed on an upstream server");
}

static void sample_counts(struct gate *g, const struct gate_rules *rules,
			  const struct gate_counts *counts)
{
	if (!g->answers) {
		take_base(g, counts);
		return;
	}
	if (g->answers < ANSWERS_MIN)
		g->answers++;
	/* another nginx, which runs this revision from its first request on */
	if (counts->start != g->base.start)
		g->base = (struct gate_counts){ .start = counts->start };
	check_counts(g, rules, counts);
}

void gate_sample(struct gate *g, const struct gate_rules *rules, unsigned long deaths,
		 const struct gate_counts *counts)
{
	if (!is_on_trial(g) || !g->applied)
		return;
	check_deaths(g, deaths);
	g->answers_now = counts;
	if (rules->probe && counts)
		sample_counts(g, rules, counts);
}

void gate_command(struct gate *g, bool passed, const char *message)
{
	char text[MESSAGE_SIZE + 64];

	if (!is_on_trial(g) || !g->applied)
		return;
	if (passed) {
		g->passed = true;
		return;
	}
	if (message && *message)
		snprintf(text, sizeof(text), "the gate command failed: %s", message);
	else
		snprintf(text, sizeof(text), "the gate command failed without output");
	blame(g, NULL, text);
}

/* --- the verdict --------------------------------------------------------------------------- */

const char *gate_revision(const struct gate *g)
{
	return g->revision;
}

unsigned long gate_attempt(const struct gate *g)
{
	return g->attempt;
}

enum verdict gate_verdict(const struct gate *g, const struct gate_rules *rules)
{
	if (g->bad)
		return VERDICT_BAD;
	if (!is_on_trial(g) || !g->applied)
		return VERDICT_WAITING;
	if (rules->probe && (g->answers < ANSWERS_MIN || !g->answers_now))
		return VERDICT_WAITING;
	if (rules->command && !g->passed)
		return VERDICT_WAITING;
	return VERDICT_GOOD;
}

const char *gate_znode(const struct gate *g)
{
	return g->znode;
}

const char *gate_message(const struct gate *g)
{
	return g->message;
}
