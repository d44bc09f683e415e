/* The znodes of the history: stored and taken over, fetched by others, pruned, and published. */
#include <stdio.h>
#include <string.h>

#include "core/data/layout.h"
#include "rig_election.h"
#include "zk/history_io.h"

#define CLUSTER "/nginx/cluster"
#define CONFIG "/nginx/config"
#define ENTRY CLUSTER "/history/0000000007"

/* The result of a job. */
struct outcome {
	unsigned count;
	bool ok;
	char message[256];
	struct tree *tree;
	unsigned long seq;
	struct history_job *job; /* freed from within the callback, which must do nothing */
};

static void on_done(void *ctx, const struct history_result *r)
{
	struct outcome *o = ctx;

	o->count++;
	o->ok = r->ok;
	snprintf(o->message, sizeof(o->message), "%s", r->message);
	o->tree = r->tree ? tree_ref(r->tree) : NULL;
	o->seq = r->seq;
	history_job_free(o->job);
}

/* Runs the loop until the job has ended; the call is given `&o` as its context. */
#define run_job(r, o, call)                                                                        \
	do {                                                                                       \
		o = (struct outcome){ 0 };                                                         \
		o.job = call;                                                                      \
		assert_int_equal(o.count, 0);                                                      \
		eventually((r)->base.loop, o.count == 1);                                          \
	} while (0)

static void assert_ok(const struct outcome *o)
{
	if (!o->ok)
		fail_msg("%s", o->message);
}

static void assert_failed(const struct outcome *o, const char *path, const char *why)
{
	assert_false(o->ok);
	assert_null(o->tree);
	if (!strstr(o->message, path) || !strstr(o->message, why))
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", o->message, path, why);
}

/* --- configs --------------------------------------------------------------------------------- */

static struct tree *parse(const char *text)
{
	struct tree *t = NULL;
	struct err e = { 0 };

	if (tree_parse(text, strlen(text), "test", &t, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

static struct tree *small_config(const char *word)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	buf_printf(&b,
		   CONFIG "\n" CONFIG "/sites\n" CONFIG "/sites/s\n\t%s\n" CONFIG
			  "/upstreams\n" CONFIG "/upstreams/u\n" CONFIG
			  "/upstreams/u/10.0.0.1:80\n",
		   word);
	return parse(buf_str(&b));
}

/* Noise does not compress: it takes several parts. */
static struct tree *large_config(unsigned seed)
{
	static char noise[700000];
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	tree_builder_add(&b, &(struct znode){ .path = CONFIG, .data = "" });
	for (unsigned n = 0; n < 3; n++) {
		char path[64];

		for (size_t i = 0; i < sizeof(noise); i++) {
			seed = seed * 1103515245 + 12345;
			noise[i] = (char)(seed >> 16);
		}
		snprintf(path, sizeof(path), CONFIG "/noise%u", n);
		tree_builder_add(
			&b, &(struct znode){ .path = path, .data = noise, .size = sizeof(noise) });
	}
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

static const char *revision_of(const struct tree *t)
{
	static char hex[4][DIGEST_HEX_SIZE];
	static unsigned n;
	struct digest d = tree_revision(t, CONFIG);

	n = (n + 1) % 4;
	digest_hex(&d, hex[n]);
	return hex[n];
}

static struct history_job *store(struct voter *v, unsigned long seq, const struct tree *config,
				 struct outcome *o)
{
	struct history_entry entry = {
		.seq = seq,
		.revision = revision_of(config),
		.at = "now",
		.leader = v->host,
		.outcome = OUTCOME_PENDING,
	};

	return history_store(v->session, v->election, CLUSTER, &entry, config, on_done, o);
}

static struct history_job *fetch(struct voter *v, unsigned long seq, const char *revision,
				 struct outcome *o)
{
	return history_fetch(v->session, CLUSTER, CONFIG, seq, revision, on_done, o);
}

static void assert_stored(struct voter *v, unsigned long seq, const struct tree *config)
{
	struct outcome o;

	run_job(v->rig, o, fetch(v, seq, revision_of(config), &o));
	assert_ok(&o);
	assert_int_equal(o.seq, seq);
	assert_true(tree_same(o.tree, config));
	tree_unref(o.tree);
}

static size_t child_count(struct rig_election *r, const char *path)
{
	char **names = rig_zk_children(r->base.client, path);
	size_t count = 0;

	while (names[count])
		count++;
	return count;
}

static bool data_has(struct rig_election *r, const char *path, const char *text)
{
	const char *data = rig_zk_get(r->base.client, path);

	return data && strstr(data, text);
}

/* --- store and fetch ------------------------------------------------------------------------- */

static void what_is_stored_is_fetched_by_another(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *config = small_config("one");
	unsigned long before;
	struct outcome o;

	assert_int_equal(voter_write(a, "leads"), ZOK); /* the election has sent all it has to */
	before = session_requests(a->session);
	run_job(r, o, store(a, 7, config, &o));
	assert_ok(&o);
	assert_int_equal(o.seq, 7);
	assert_true(data_has(r, ENTRY, "\"parts\":1"));
	assert_true(data_has(r, ENTRY, "\"leader\":\"web1\""));
	assert_stored(b, 7, config);
	/* read, found no directory, created it, read again, wrote all the rest at once */
	assert_int_equal(session_requests(a->session) - before, 5);
}

static void a_large_config_is_stored_in_parts(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *config = large_config(1);
	struct outcome o;

	run_job(r, o, store(a, 7, config, &o));
	assert_ok(&o);
	assert_true(child_count(r, ENTRY) >= 4);
	assert_stored(b, 7, config);
	assert_int_equal(session_reconnects(a->session), 0);
}

static void the_same_entry_is_not_written_again(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp)
	struct tree *config = small_config("one"), *other = small_config("two");
	unsigned long before;
	struct outcome o;

	run_job(r, o, store(a, 7, config, &o));
	assert_ok(&o);
	before = session_requests(a->session);
	run_job(r, o, store(a, 7, config, &o));
	assert_ok(&o);
	assert_int_equal(o.seq, 7);
	assert_int_equal(session_requests(a->session) - before, 1);
	run_job(r, o, store(a, 7, other, &o));
	assert_failed(&o, ENTRY, "exists already");
	assert_stored(a, 7, config);
}

static void a_partial_entry_of_a_dead_leader_is_taken_over(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT), *b = voter_stand(r, 2, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *one = large_config(1), *two = small_config("two");
	struct outcome dead = { 0 }, o;
	struct history_job *job = store(a, 7, one, &dead);

	eventually(r->base.loop, rig_zk_exists(r->base.client, ENTRY "/1"));
	history_job_free(job);
	voter_close(a);
	assert_int_equal(dead.count, 0);
	run_job(r, o, fetch(b, 7, revision_of(one), &o));
	assert_failed(&o, ENTRY, "not complete");
	eventually(r->base.loop, voter_leads(b));
	run_job(r, o, store(b, 7, two, &o));
	assert_ok(&o);
	assert_int_equal(child_count(r, ENTRY), 1);
	assert_stored(b, 7, two);
}

static void foreign_data_in_its_place_is_taken_over(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *config = small_config("one");
	struct outcome o;

	rig_zk_create(r->base.client, ENTRY, "not an entry");
	rig_zk_set(r->base.client, ENTRY, "nor this");
	rig_zk_create(r->base.client, ENTRY "/0", "no part");
	rig_zk_create(r->base.client, ENTRY "/x", NULL);
	run_job(r, o, store(a, 7, config, &o));
	assert_ok(&o);
	assert_int_equal(child_count(r, ENTRY), 1);
	assert_stored(a, 7, config);
}

/* The next attempt completes it. The attempt before had one result or none. */
static void assert_completed(struct voter *v, unsigned long seq, const struct tree *config,
			     const struct outcome *ended)
{
	struct outcome o;

	eventually(v->rig->base.loop, voter_leads(v));
	run_job(v->rig, o, store(v, seq, config, &o));
	assert_ok(&o);
	assert_true(ended->count <= 1);
	assert_stored(v, seq, config);
}

/* Runs the loop until this many requests have been sent, or the job has ended. */
static struct history_job *store_until(struct voter *v, unsigned requests, unsigned long seq,
				       const struct tree *config, struct outcome *o)
{
	unsigned long before = session_requests(v->session);
	struct history_job *job = store(v, seq, config, o);

	eventually(v->rig->base.loop,
		   o->count || session_requests(v->session) - before >= requests);
	return o->count ? NULL : job;
}

static void an_entry_is_completed_after_its_job_was_freed_at_any_point(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *config = large_config(5);

	for (unsigned point = 1; point < 10; point++) {
		struct outcome ended = { 0 };

		history_job_free(store_until(a, point, point, config, &ended));
		assert_completed(a, point, config, &ended);
	}
}

static void an_entry_is_completed_after_a_broken_connection(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *config = large_config(5);

	for (unsigned point = 1; point < 8; point += 2) {
		struct outcome ended = { 0 };

		store_until(a, point, point, config, &ended);
		rig_proxy_cut(a->proxy);
		eventually(r->base.loop, ended.count == 1);
		rig_proxy_restore(a->proxy);
		assert_completed(a, point, config, &ended);
	}
}

static void a_host_that_does_not_lead_writes_nothing(void **state)
{
	struct rig_election *r = *state;
	struct voter *b = voter_stand(r, 1, LONG_TIMEOUT) ? voter_stand(r, 2, LONG_TIMEOUT) : NULL;
	CLEANUP(tree_unrefp) struct tree *config = small_config("one");
	const struct history_op op = { .kind = HISTORY_CREATE, .path = CONFIG, .data = "" };
	const unsigned long seq = 7;
	struct outcome o;

	run_job(r, o, store(b, 7, config, &o));
	assert_failed(&o, "", "does not lead");
	assert_false(rig_zk_exists(r->base.client, CLUSTER "/history"));
	run_job(r, o, history_publish(b->session, b->election, &op, 1, on_done, &o));
	assert_failed(&o, "", "does not lead");
	assert_false(rig_zk_exists(r->base.client, CONFIG));
	rig_zk_create(r->base.client, ENTRY "/0", "x");
	run_job(r, o, history_prune(b->session, b->election, CLUSTER, &seq, 1, on_done, &o));
	assert_failed(&o, "", "does not lead");
	assert_true(rig_zk_exists(r->base.client, ENTRY "/0"));
}

static void the_end_of_the_session_ends_its_jobs(void **state)
{
	struct rig_election *r = *state;
	static const unsigned long seqs[] = { 1, 2, 3, 4 };
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *config = large_config(3);
	struct outcome stored = { 0 }, fetched = { 0 }, pruned = { 0 };

	store(a, 7, config, &stored);
	fetch(a, 7, revision_of(config), &fetched);
	history_prune(a->session, a->election, CLUSTER, seqs, 4, on_done, &pruned);
	voter_close(a);
	assert_int_equal(stored.count, 1);
	assert_int_equal(fetched.count, 1);
	assert_int_equal(pruned.count, 1);
	assert_false(stored.ok || fetched.ok || pruned.ok);
}

static void what_cannot_be_fetched_says_why(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *config = large_config(2);
	const char *revision = revision_of(config);
	struct outcome o;

	run_job(r, o, fetch(a, 7, revision, &o));
	assert_failed(&o, ENTRY, "does not exist");
	rig_zk_create(r->base.client, ENTRY, "{");
	run_job(r, o, fetch(a, 7, revision, &o));
	assert_failed(&o, ENTRY, "not an entry");
	run_job(r, o, store(a, 7, config, &o));
	assert_ok(&o);
	run_job(r, o, fetch(a, 7, "0123456789abcdef", &o));
	assert_failed(&o, ENTRY, "expected 0123456789ab");
	run_job(r, o, history_fetch(a->session, CLUSTER, "/other", 7, revision, on_done, &o));
	assert_failed(&o, ENTRY, "not in /other");
	rig_zk_set(r->base.client, ENTRY "/2", "x");
	run_job(r, o, fetch(a, 7, revision, &o));
	assert_failed(&o, ENTRY, "compressed");
	rig_zk_delete(r->base.client, ENTRY "/2");
	run_job(r, o, fetch(a, 7, revision, &o));
	assert_failed(&o, ENTRY "/2", "does not exist");
}

/* --- prune ----------------------------------------------------------------------------------- */

static void pruned_entries_are_deleted_with_their_parts(void **state)
{
	struct rig_election *r = *state;
	static const unsigned long seqs[] = { 1, 2, 3, 4, 5 };
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *large = large_config(1), *small = small_config("one");
	struct outcome o;

	run_job(r, o, store(a, 1, large, &o));
	assert_ok(&o);
	rig_zk_create(r->base.client, CLUSTER "/history/0000000003/0/odd", NULL); /* has to stay */
	rig_zk_create(r->base.client, CLUSTER "/history/0000000004/12", NULL);
	run_job(r, o, store(a, 5, small, &o));
	assert_ok(&o);
	run_job(r, o, store(a, 6, small, &o));
	assert_ok(&o);
	run_job(r, o, history_prune(a->session, a->election, CLUSTER, seqs, 5, on_done, &o));
	assert_failed(&o, CLUSTER "/history/0000000003/0", "below it");
	assert_int_equal(child_count(r, CLUSTER "/history"), 2);
	assert_true(rig_zk_exists(r->base.client, CLUSTER "/history/0000000003/0"));
	assert_stored(a, 6, small);
	rig_zk_delete(r->base.client, CLUSTER "/history/0000000003/0/odd");
	run_job(r, o, history_prune(a->session, a->election, CLUSTER, seqs, 5, on_done, &o));
	assert_ok(&o);
	assert_int_equal(child_count(r, CLUSTER "/history"), 1);
	run_job(r, o, history_prune(a->session, a->election, CLUSTER, NULL, 0, on_done, &o));
	assert_ok(&o);
}

/* --- publish --------------------------------------------------------------------------------- */

static void read_below(struct rig_election *r, struct tree_builder *b, const char *path)
{
	char **names = rig_zk_children(r->base.client, path);
	char *data = rig_zk_get(r->base.client, path);

	tree_builder_add(b, &(struct znode){ .path = path, .data = data, .size = strlen(data) });
	for (size_t i = 0; names[i]; i++) {
		CLEANUP(freep) char *child = xasprintf("%s/%s", path, names[i]);

		read_below(r, b, child);
	}
}

static struct tree *config_now(struct rig_election *r)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	read_below(r, &b, CONFIG);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

static struct outcome publish(struct voter *v, const struct tree *now, const struct tree *old)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct history_op *restore;
	size_t count = history_restore(a, now, old, CONFIG, &restore);
	struct outcome o = { 0 };

	o.job = history_publish(v->session, v->election, restore, count, on_done, &o);
	arena_free(TAKE(a)); /* it keeps what it needs */
	eventually(v->rig->base.loop, o.count == 1);
	return o;
}

static const char now_text[] =
	CONFIG "\n" CONFIG "/sites\n" CONFIG "/sites/s version=1\n" CONFIG "/upstreams\n" CONFIG
	       "/upstreams/u\n" CONFIG "/upstreams/u/10.0.0.9:80\n" CONFIG "/upstreams/new\n" CONFIG
	       "/upstreams/new/10.0.0.1:80 owner=1\n";

/* What now_text says, in ZooKeeper. */
static struct tree *make_now(struct rig_election *r)
{
	rig_zk_create(r->base.client, CONFIG "/sites/s", NULL);
	rig_zk_set(r->base.client, CONFIG "/sites/s", "");
	rig_zk_create(r->base.client, CONFIG "/upstreams/u/10.0.0.9:80", NULL);
	rig_zk_create(r->base.client, CONFIG "/upstreams/new", NULL);
	rig_zk_create_ephemeral(r->base.client, CONFIG "/upstreams/new/10.0.0.1:80", NULL);
	return parse(now_text);
}

/* More operations than one transaction takes, and more bytes. */
static struct tree *old_config(void)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	buf_printf(&b, CONFIG "\n\tby\n" CONFIG "/sites\n" CONFIG "/sites/s\n\told\n");
	for (unsigned i = 0; i < 2100; i++)
		buf_printf(&b, CONFIG "/sites/s%04u\n\t{}\n", i);
	for (unsigned i = 0; i < 3; i++)
		buf_printf(&b, CONFIG "/sites/wide%u\n\t%0400000u\n", i, i);
	buf_puts(&b, CONFIG "/upstreams\n" CONFIG "/upstreams/u\n" CONFIG
			    "/upstreams/u/10.0.0.1:80\n" CONFIG "/upstreams/v\n" CONFIG
			    "/upstreams/v/10.0.0.2:80\n\tweight=5\n");
	return parse(buf_str(&b));
}

static void an_old_config_is_published(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *now = make_now(r), *old = old_config(), *after = NULL;
	unsigned long before = session_requests(a->session);
	struct outcome o = publish(a, now, old);

	assert_ok(&o);
	assert_true(session_requests(a->session) - before >= 3);
	assert_true(session_requests(a->session) - before <= 5);
	after = config_now(r);
	assert_string_equal(revision_of(after), revision_of(old));
	assert_string_equal(tree_find(after, CONFIG)->data, "by\n");
	assert_non_null(tree_find(after, CONFIG "/upstreams/u/10.0.0.9:80"));
	assert_null(tree_find(after, CONFIG "/upstreams/u/10.0.0.1:80"));
	assert_string_equal(tree_find(after, CONFIG "/upstreams/v/10.0.0.2:80")->data,
			    "weight=5\n");
	eventually(r->base.loop, voter_leads(a)); /* the loop stood still while all was read */
	o = publish(a, after, old);
	assert_ok(&o); /* nothing is left to do */
}

static void other_writers_are_noticed(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *now = make_now(r), *old = small_config("old");
	struct outcome o;

	rig_zk_set(r->base.client, CONFIG "/sites/s", "mine");
	o = publish(a, now, old);
	assert_failed(&o, CONFIG "/sites/s:", "changed it meanwhile");
	assert_true(data_has(r, CONFIG "/sites/s", "mine"));
	assert_true(rig_zk_exists(r->base.client, CONFIG "/upstreams/new"));

	rig_zk_delete(r->base.client, CONFIG "/sites/s");
	o = publish(a, now, old);
	assert_failed(&o, CONFIG "/sites/s:", "does not exist any more");
	rig_zk_create(r->base.client, CONFIG "/sites/s", NULL);
	rig_zk_set(r->base.client, CONFIG "/sites/s", "");

	rig_zk_create(r->base.client, CONFIG "/upstreams/new/10.0.0.2:80", NULL);
	o = publish(a, now, old);
	assert_failed(&o, CONFIG "/upstreams/new:", "below it");
	rig_zk_delete(r->base.client, CONFIG "/upstreams/new/10.0.0.2:80");

	o = publish(a, now, old);
	assert_ok(&o);
	assert_true(data_has(r, CONFIG "/sites/s", "old"));
	assert_false(rig_zk_exists(r->base.client, CONFIG "/upstreams/new"));

	o = publish(a, old,
		    now); /* as if nothing had been published: what it restores exists already */
	assert_failed(&o, CONFIG, "meanwhile");
}

/* The one that has gone is the first of two, and the config is restored in several transactions. */
static void a_server_that_has_gone_is_not_missed(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *made = make_now(r), *old = old_config(), *now = NULL;
	struct outcome o;

	rig_zk_create_ephemeral(r->base.client, CONFIG "/upstreams/new/10.0.0.2:80", NULL);
	now = parse(rig_text("%s" CONFIG "/upstreams/new/10.0.0.2:80 owner=1\n", now_text));
	rig_zk_delete(r->base.client, CONFIG "/upstreams/new/10.0.0.1:80");
	o = publish(a, now, old);
	assert_ok(&o);
	assert_false(rig_zk_exists(r->base.client, CONFIG "/upstreams/new"));
	assert_true(data_has(r, CONFIG "/sites/s", "old"));
}

/* Both have come after the config was read. */
static void a_server_that_has_come_goes_with_its_upstream(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(tree_unrefp) struct tree *now = make_now(r), *old = old_config();
	struct outcome o;

	rig_zk_create_ephemeral(r->base.client, CONFIG "/upstreams/new/10.0.0.2:80", NULL);
	rig_zk_create_ephemeral(r->base.client, CONFIG "/upstreams/new/10.0.0.3:80", NULL);
	o = publish(a, now, old);
	assert_ok(&o);
	assert_false(rig_zk_exists(r->base.client, CONFIG "/upstreams/new"));
	assert_true(rig_zk_exists(r->base.client, CONFIG "/upstreams/u/10.0.0.9:80"));
	assert_true(data_has(r, CONFIG "/sites/s", "old"));
}

static void data_that_is_too_large_is_reported(void **state)
{
	struct rig_election *r = *state;
	struct voter *a = voter_stand(r, 1, LONG_TIMEOUT);
	CLEANUP(freep) char *data = xcalloc(1, SESSION_REQUEST_LIMIT);
	const struct history_op wide[] = {
		{ .kind = HISTORY_CREATE, .path = "/nginx/wide", .data = data, .size = 999000 },
		{ .kind = HISTORY_CREATE,
		  .path = "/nginx/wider",
		  .data = data,
		  .size = SESSION_REQUEST_LIMIT },
	};
	struct outcome o;

	run_job(r, o, history_publish(a->session, a->election, wide, 2, on_done, &o));
	assert_failed(&o, "/nginx/wider", "too large");
	assert_true(
		rig_zk_exists(r->base.client, "/nginx/wide")); /* alone, it is just small enough */
	assert_int_equal(session_reconnects(a->session), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		election_test(what_is_stored_is_fetched_by_another),
		election_test(a_large_config_is_stored_in_parts),
		election_test(the_same_entry_is_not_written_again),
		election_test(a_partial_entry_of_a_dead_leader_is_taken_over),
		election_test(foreign_data_in_its_place_is_taken_over),
		election_test(an_entry_is_completed_after_its_job_was_freed_at_any_point),
		election_test(an_entry_is_completed_after_a_broken_connection),
		election_test(a_host_that_does_not_lead_writes_nothing),
		election_test(the_end_of_the_session_ends_its_jobs),
		election_test(what_cannot_be_fetched_says_why),
		election_test(pruned_entries_are_deleted_with_their_parts),
		election_test(an_old_config_is_published),
		election_test(other_writers_are_noticed),
		election_test(a_server_that_has_gone_is_not_missed),
		election_test(a_server_that_has_come_goes_with_its_upstream),
		election_test(data_that_is_too_large_is_reported),
	};

	return cmocka_run_group_tests_name("history", tests, rig_election_setup,
					   rig_election_teardown);
}
