/* past: the watermark of ZooKeeper's history, and what a host says of a tree that seems older. */
#include "core/data/layout.h"
#include "core/rollout/past.h"
#include "tree_fixture.h"

#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"
#define SITE CONFIG "/sites/s"
#define SHOP CONFIG "/upstreams/shop"
#define SERVER SHOP "/10.0.0.1:80"
#define CONFIRMED CLUSTER "/confirmed"
#define PLAN CLUSTER "/plan"
#define REV "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UNKNOWN (-1)

static const struct watermark_places places = { CONFIG, CLUSTER, "" };

/* Times follow the transactions, so that equal numbers are equal transactions. */
static struct znode node(const char *path, int64_t czxid, int64_t mzxid, int64_t pzxid,
			 const char *data)
{
	return (struct znode){ .path = path,
			       .data = data,
			       .size = strlen(data),
			       .czxid = czxid,
			       .ctime = czxid * 10,
			       .mzxid = mzxid,
			       .mtime = mzxid * 10,
			       .pzxid = pzxid };
}

#define N(...) node(__VA_ARGS__)
#define TREE(...) tree_of((const struct znode[]){ __VA_ARGS__, { 0 } })

static struct tree *tree_of(const struct znode *nodes)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	for (; nodes->path; nodes++)
		tree_builder_add(&b, nodes);
	return tree_builder_finish(&b);
}

/* The history that is known in most tests: a site, an upstream with a server, a plan. */
#define ROOT N(CONFIG, 10, 10, 12, "")
#define SITES N(CONFIG "/sites", 11, 11, 20, "")
#define UPSTREAMS N(CONFIG "/upstreams", 12, 12, 13, "")
#define THE_SHOP N(SHOP, 13, 13, 14, "")
#define THE_SERVER N(SERVER, 14, 14, 14, "")
#define THE_PLAN N(PLAN, 30, 40, 30, "{}")

static struct tree *known_tree(void)
{
	return TREE(ROOT, SITES, N(SITE, 20, 35, 20, "two"), UPSTREAMS, THE_SHOP, THE_SERVER,
		    THE_PLAN);
}

/* --- the question ---------------------------------------------------------------------------- */

struct world {
	struct past past;
	struct problems unreadable;
	struct past_answer answer;
	enum past_verdict verdict;
	int64_t stale_plan;
};

static void see(struct world *w, struct tree *t)
{
	watermark_fini(&w->past.mark);
	watermark_of(t, &places, NULL, &w->past.mark);
	tree_unref(t);
}

static void begin(struct world *w)
{
	*w = (struct world){ 0 };
	problems_init(&w->unreadable);
	see(w, known_tree());
}

static void end(struct world *w)
{
	if (w->answer.arena)
		arena_free(w->answer.arena);
	problems_fini(&w->unreadable);
	past_fini(&w->past);
}

static enum past_verdict judge_with(struct world *w, struct tree *t,
				    const struct watermark_evidence *evidence)
{
	CLEANUP(watermark_fini) struct watermark now = { 0 };
	struct past_question q = { &w->past, t, &now, &places, &w->unreadable, evidence };

	watermark_of(t, &places, &w->past.mark, &now);
	if (w->answer.arena)
		arena_free(w->answer.arena);
	w->verdict = past_judge(&q, &w->answer);
	w->stale_plan = past_stale_plan(&q, &w->answer);
	tree_unref(t);
	return w->verdict;
}

static enum past_verdict judge(struct world *w, struct tree *t)
{
	static const struct watermark_evidence nothing_deleted = { .zxid = { 5, 5, 5, 5 } };

	return judge_with(w, t, &nothing_deleted);
}

/* History went back to this tree, and that was stored. */
static void go_back(struct world *w, struct tree *t)
{
	CLEANUP(watermark_fini) struct watermark now = { 0 };

	watermark_of(t, &places, &w->past.mark, &now);
	w->past.back.on = true;
	w->past.back.shared = watermark_shared(&w->past.mark, &now);
	memcpy(w->past.back.revision, now.revision, sizeof(now.revision));
	w->past.back.message = xstrdup("gone back");
	tree_unref(t);
}

static struct tree *older_tree(void)
{
	return TREE(ROOT, SITES, N(SITE, 20, 20, 20, "one"), UPSTREAMS, THE_SHOP, THE_SERVER,
		    THE_PLAN);
}

/* --- one history ------------------------------------------------------------------------------ */

static void what_happens_in_one_history_continues_it(void **state UNUSED)
{
	struct world w;

	begin(&w);
	assert_int_equal(judge(&w, known_tree()), PAST_CONTINUES);
	/* changed, created, deleted, created again */
	assert_int_equal(
		judge(&w, TREE(ROOT, N(CONFIG "/sites", 11, 11, 61, ""),
			       N(SITE, 20, 60, 20, "three"), N(CONFIG "/sites/t", 61, 61, 61, ""),
			       N(CONFIG "/upstreams", 12, 12, 62, ""), THE_PLAN)),
		PAST_CONTINUES);
	assert_int_equal(judge(&w, TREE(ROOT, N(CONFIG "/sites", 11, 11, 61, ""),
					N(SITE, 61, 61, 61, "three"), UPSTREAMS, THE_SHOP,
					THE_SERVER, THE_PLAN)),
			 PAST_CONTINUES);
	end(&w);
}

static void a_host_that_has_seen_nothing_believes_everything(void **state UNUSED)
{
	struct world w = { 0 };

	problems_init(&w.unreadable);
	assert_int_equal(judge(&w, older_tree()), PAST_CONTINUES);
	assert_int_equal(judge(&w, TREE(N("/", 0, 0, 0, ""))), PAST_CONTINUES);
	end(&w);
}

static void a_deletion_shows_in_what_is_above(void **state UNUSED)
{
	struct watermark_evidence evidence = { .zxid = { 70, 70, 70, 70 } };
	struct world w;

	begin(&w);
	assert_int_equal(judge_with(&w, TREE(THE_PLAN), &evidence), PAST_CONTINUES);
	evidence.zxid[WATERMARK_CONFIG] = UNKNOWN;
	assert_int_equal(judge_with(&w, TREE(THE_PLAN), &evidence), PAST_CONTINUES);
	evidence.zxid[WATERMARK_CONFIG] = 40; /* the last transaction that was seen */
	assert_int_equal(judge_with(&w, TREE(THE_PLAN), &evidence), PAST_OLDER);
	assert_string_equal(w.answer.finding.path, CONFIG);
	assert_int_equal(w.answer.finding.found, 0);
	/* not asked yet: it cannot be told */
	assert_int_equal(judge_with(&w, TREE(THE_PLAN), NULL), PAST_OLDER);
	end(&w);
}

static void what_cannot_be_read_shows_nothing(void **state UNUSED)
{
	struct world w;

	begin(&w);
	problems_add(&w.unreadable, SHOP "/10.0.0.1:80", PROBLEM_ACCESS, NULL, "denied");
	assert_int_equal(judge(&w, TREE(ROOT, SITES, N(SITE, 20, 35, 20, "two"), UPSTREAMS,
					N(SHOP, 13, 13, 13, ""), THE_PLAN)),
			 PAST_CONTINUES);
	problems_add(&w.unreadable, CONFIG, PROBLEM_ACCESS, NULL, "denied");
	assert_int_equal(judge(&w, TREE(THE_PLAN)), PAST_CONTINUES);
	end(&w);
}

/* --- an older history --------------------------------------------------------------------------
 */

/* A copy may have ACLs that this host cannot read with. */
static void what_could_not_be_read_for_a_while_is_still_known(void **state UNUSED)
{
	CLEANUP(watermark_fini) struct watermark now = { 0 };
	struct tree *t = TREE(N(CONFIG, 10, 10, 12, ""), THE_PLAN);
	struct world w;

	begin(&w);
	problems_add(&w.unreadable, CONFIG "/sites", PROBLEM_ACCESS, NULL, "denied");
	watermark_of(t, &places, &w.past.mark, &now);
	assert_int_equal(judge(&w, t), PAST_CONTINUES);
	watermark_keep_unreadable(&now, &w.past.mark, &w.unreadable);
	assert_int_equal(watermark_find(&now, SITE)->mzxid, 35);
	assert_null(watermark_find(&now, SHOP));
	assert_int_equal(now.zxid, 40);
	watermark_fini(&w.past.mark);
	w.past.mark = now;
	now = (struct watermark){ 0 };
	problems_fini(&w.unreadable);
	problems_init(&w.unreadable);
	assert_int_equal(judge(&w, older_tree()), PAST_OLDER);
	assert_string_equal(w.answer.finding.path, SITE);
	assert_int_equal(judge(&w, known_tree()), PAST_CONTINUES);
	end(&w);
}

static void each_sign_of_an_older_history_is_found(void **state UNUSED)
{
	struct znode other_time = N(SITE, 20, 35, 20, "x"), other_birth = ROOT;
	struct world w;

	other_time.mtime++;
	other_birth.ctime++;
	struct {
		struct tree *tree;
		const char *path;
		int64_t expected, found;
	} cases[] = {
		{ older_tree(), SITE, 35, 20 },
		/* the site was created after the copy */
		{ TREE(ROOT, N(CONFIG "/sites", 11, 11, 11, ""), UPSTREAMS, THE_SHOP, THE_SERVER,
		       THE_PLAN),
		  CONFIG "/sites", 20, 11 },
		/* … and deleted, and created again, before it */
		{ TREE(ROOT, SITES, N(SITE, 15, 15, 15, "x"), UPSTREAMS, THE_SHOP, THE_SERVER,
		       THE_PLAN),
		  SITE, 35, 15 },
		/* a server was added, or changed */
		{ TREE(ROOT, SITES, N(SITE, 20, 35, 20, "two"), UPSTREAMS, N(SHOP, 13, 13, 13, ""),
		       THE_PLAN),
		  SHOP, 14, 13 },
		{ TREE(ROOT, SITES, N(SITE, 20, 35, 20, "two"), UPSTREAMS, THE_SHOP, THE_SERVER,
		       N(PLAN, 30, 30, 30, "{}")),
		  PLAN, 40, 30 },
		/* the same number, another transaction */
		{ TREE(ROOT, SITES, other_time, UPSTREAMS, THE_SHOP, THE_SERVER, THE_PLAN), SITE,
		  35, 35 },
		{ TREE(other_birth, SITES, N(SITE, 20, 35, 20, "x"), UPSTREAMS, THE_SHOP,
		       THE_SERVER, THE_PLAN),
		  CONFIG, 10, 10 },
		{ TREE(THE_PLAN), CONFIG, 12, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(&w);
		memcpy(w.past.mark.revision, REV,
		       sizeof(REV)); /* so that none is the same config */
		assert_int_equal(judge(&w, cases[i].tree), PAST_OLDER);
		assert_string_equal(w.answer.finding.path, cases[i].path);
		assert_int_equal(w.answer.finding.expected, cases[i].expected);
		assert_int_equal(w.answer.finding.found, cases[i].found);
		end(&w);
	}
}

/* An ensemble begins a new epoch when it starts: whatever is written then has a higher number than
 * everything that was seen. */
static void a_new_epoch_does_not_hide_an_older_history(void **state UNUSED)
{
	const int64_t epoch = INT64_C(1) << 32;
	struct world w;

	begin(&w);
	assert_int_equal(judge(&w, TREE(ROOT, SITES, N(SITE, 20, 20, 20, "one"), UPSTREAMS,
					N(SHOP, 13, 13, epoch + 1, ""),
					N(SERVER, epoch + 1, epoch + 1, epoch + 1, ""),
					N(PLAN, 30, epoch + 2, 30, "{}"))),
			 PAST_OLDER);
	assert_string_equal(w.answer.finding.path, SITE);
	end(&w);
}

static void the_words_say_what_was_expected_and_what_came(void **state UNUSED)
{
	const struct {
		struct watermark_finding finding;
		const char *words;
	} cases[] = {
		{ { SITE, 0x35, 0x20, false },
		  SITE " was at transaction 0x35 and is now at transaction 0x20, which is older" },
		{ { SITE, 0x35, 0, false }, "0x35, does not exist any more" },
		{ { SITE, 0x35, 0x35, true }, "another one than this host has seen" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep) char *text = past_describe(&cases[i].finding);

		assert_non_null(strstr(text, cases[i].words));
	}
}

/* --- the end ---------------------------------------------------------------------------------- */

static void the_same_config_is_no_loss(void **state UNUSED)
{
	struct world w;

	begin(&w);
	assert_int_equal(judge(&w, TREE(ROOT, SITES, N(SITE, 20, 20, 20, "two"), UPSTREAMS,
					THE_SHOP, THE_SERVER, THE_PLAN)),
			 PAST_SAME);
	go_back(&w, older_tree());
	assert_int_equal(judge(&w, older_tree()), PAST_OLDER);
	assert_int_equal(judge(&w, TREE(ROOT, SITES, N(SITE, 20, 36, 20, "three"), UPSTREAMS,
					THE_SHOP, THE_SERVER, THE_PLAN)),
			 PAST_OLDER);
	assert_int_equal(judge(&w, TREE(ROOT, SITES, N(SITE, 20, 37, 20, "two"), UPSTREAMS,
					THE_SHOP, THE_SERVER, THE_PLAN)),
			 PAST_SAME);
	end(&w);
}

/* A later revision was on its way, and it is lost. */
static void the_accepted_revision_counts_unless_history_went_back_to_it(void **state UNUSED)
{
	CLEANUP(watermark_fini) struct watermark accepted = { 0 };
	struct world w;
	struct tree *t = TREE(ROOT, SITES, N(SITE, 20, 33, 20, "accepted"), UPSTREAMS, THE_SHOP,
			      THE_SERVER, THE_PLAN);

	begin(&w);
	watermark_of(t, &places, NULL, &accepted);
	memcpy(w.past.accepted, accepted.revision, sizeof(accepted.revision));
	go_back(&w, tree_ref(t));
	assert_int_equal(judge(&w, tree_ref(t)), PAST_OLDER);
	end(&w);
	begin(&w);
	memcpy(w.past.accepted, accepted.revision, sizeof(accepted.revision));
	go_back(&w, older_tree());
	assert_int_equal(judge(&w, t), PAST_SAME);
	end(&w);
}

static void the_known_history_is_recognized_by_a_transaction_that_was_lost(void **state UNUSED)
{
	struct world w;

	begin(&w);
	go_back(&w, older_tree());
	assert_int_equal(w.past.back.shared, 40); /* the plan was not lost */
	end(&w);

	begin(&w);
	see(&w, TREE(ROOT, SITES, N(SITE, 20, 50, 20, "two"), N(CONFIG "/sites/t", 20, 20, 20, ""),
		     THE_PLAN));
	go_back(&w, TREE(ROOT, SITES, N(SITE, 20, 20, 20, "one"),
			 N(CONFIG "/sites/t", 20, 20, 20, ""), THE_PLAN));
	/* all that had gone back was written again: no number is older, and nothing returned */
	assert_int_equal(judge(&w, TREE(ROOT, SITES, N(SITE, 20, 60, 20, "else"),
					N(CONFIG "/sites/t", 20, 20, 20, ""), THE_PLAN)),
			 PAST_OLDER);
	/* the known history, changed meanwhile */
	assert_int_equal(judge(&w, TREE(ROOT, SITES, N(SITE, 20, 50, 20, "two"),
					N(CONFIG "/sites/t", 20, 61, 20, "new"), THE_PLAN)),
			 PAST_RETURNED);
	end(&w);
}

/* --- confirmations -----------------------------------------------------------------------------
 */

static const char *confirmation(int64_t czxid, int64_t ctime, int64_t zxid)
{
	static char text[512];
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	confirmation_print(&(struct confirmation){ .by = "ada",
						   .time = UINT64_C(1795867200) * USEC_PER_SEC,
						   .czxid = czxid,
						   .ctime = ctime,
						   .zxid = zxid },
			   &out);
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	return text;
}

static enum past_verdict judge_confirmed(struct world *w, struct znode z)
{
	return judge(w, TREE(ROOT, SITES, N(SITE, 20, 20, 20, "one"), UPSTREAMS, THE_SHOP,
			     THE_SERVER, THE_PLAN, z));
}

static void a_confirmation_of_what_is_there_counts(void **state UNUSED)
{
	struct world w;

	begin(&w);
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, confirmation(10, 100, 12))),
			 PAST_CONFIRMED);
	assert_string_equal(w.answer.confirmation.by, "ada");
	assert_int_equal(w.answer.confirmed, 41);
	go_back(&w, older_tree());
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, confirmation(10, 100, 12))),
			 PAST_CONFIRMED);
	end(&w);
}

static void a_confirmation_of_something_else_does_not(void **state UNUSED)
{
	const struct {
		const char *why, *data;
		int64_t written;
	} cases[] = {
		{ "another root", confirmation(9, 90, 12), 41 },
	};
	struct world w;

	begin(&w);
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, cases[0].written, 41, cases[0].data)),
			 PAST_OLDER);
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, confirmation(10, 101, 12))),
			 PAST_OLDER); /* another time of its creation */
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, confirmation(10, 100, 41))),
			 PAST_OLDER); /* of something later than itself */
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, confirmation(0, 0, 0))),
			 PAST_OLDER); /* of an ensemble without a config */
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, "{}")), PAST_OLDER);
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, "{\"history\": 1}")),
			 PAST_OLDER);
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 41, 41, 41, "\n")), PAST_OLDER);
	end(&w);
}

static void a_confirmation_that_was_known_before_does_not(void **state UNUSED)
{
	const char *data = confirmation(10, 100, 12);
	struct world w;

	begin(&w);
	see(&w, TREE(ROOT, SITES, N(SITE, 20, 35, 20, "two"), UPSTREAMS, THE_SHOP, THE_SERVER,
		     THE_PLAN, N(CONFIRMED, 25, 25, 25, data)));
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 25, 25, 25, data)), PAST_OLDER);
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 25, 41, 25, data)), PAST_CONFIRMED);
	end(&w);
}

/* It was there before the known one, and came back with the copy. */
static void a_confirmation_before_the_known_one_does_not(void **state UNUSED)
{
	const char *data = confirmation(10, 100, 12);
	struct znode later = N(CONFIRMED, 25, 24, 25, data);
	struct world w;

	begin(&w);
	see(&w, TREE(ROOT, SITES, N(SITE, 20, 35, 20, "two"), UPSTREAMS, THE_SHOP, THE_SERVER,
		     THE_PLAN, N(CONFIRMED, 25, 36, 25, data)));
	assert_int_equal(judge_confirmed(&w, N(CONFIRMED, 25, 25, 25, data)), PAST_OLDER);
	/* a server that counts on from the copy may give a new one a lower number */
	later.mtime = 370;
	assert_int_equal(judge_confirmed(&w, later), PAST_CONFIRMED);
	end(&w);
}

static void a_wiped_ensemble_can_be_confirmed_before_its_config_is_written(void **state UNUSED)
{
	const char *data = confirmation(0, 0, 0);
	struct world w;

	begin(&w);
	assert_int_equal(judge(&w, TREE(N(CONFIRMED, 3, 3, 3, data))), PAST_CONFIRMED);
	assert_int_equal(judge(&w, TREE(N(CONFIG, 4, 4, 4, ""), N(CONFIRMED, 3, 3, 3, data))),
			 PAST_CONFIRMED);
	assert_int_equal(judge(&w, TREE(N(CONFIG, 2, 2, 2, ""), N(CONFIRMED, 3, 3, 3, data))),
			 PAST_OLDER);
	end(&w);
}

/* --- the plan ----------------------------------------------------------------------------------
 */

static const char *plan(const char *phase, const char *accepted)
{
	static char text[4][512];
	static unsigned n;
	char *out = text[n++ % 4];

	snprintf(out, sizeof(text[0]),
		 "{\"phase\": \"%s\", \"accepted\": {\"revision\": \"%s\", \"history\": 1}}", phase,
		 accepted);
	return out;
}

static const char *plan_on_trial(const char *accepted, const char *target)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "{\"phase\": \"batch\", \"accepted\": {\"revision\": \"%s\", \"history\": 1}, "
		 "\"target\": {\"revision\": \"%s\", \"history\": 2}}",
		 accepted, target);
	return text;
}

static struct tree *confirmed_with_plan(int64_t mzxid, const char *data)
{
	return TREE(ROOT, SITES, N(SITE, 20, 20, 20, "one"), UPSTREAMS, THE_SHOP, THE_SERVER,
		    N(PLAN, 30, mzxid, 30, data),
		    N(CONFIRMED, 33, 33, 33, confirmation(10, 100, 12)));
}

static void an_older_plan_is_not_followed_after_a_confirmation(void **state UNUSED)
{
	static const char other[] =
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
	struct world w;

	begin(&w);
	memcpy(w.past.accepted, REV, sizeof(REV));
	assert_int_equal(judge(&w, confirmed_with_plan(31, plan("idle", other))), PAST_CONFIRMED);
	assert_int_equal(w.stale_plan, 31);
	judge(&w, confirmed_with_plan(31, plan("idle", REV)));
	assert_int_equal(w.stale_plan, 0); /* it moves no host */
	judge(&w, confirmed_with_plan(34, plan("idle", other)));
	assert_int_equal(w.stale_plan, 0); /* a leader wrote it after the confirmation */
	judge(&w, confirmed_with_plan(40, plan("idle", other)));
	assert_int_equal(w.stale_plan, 0); /* it did not go back */
	judge(&w, confirmed_with_plan(31, "not a plan"));
	assert_int_equal(w.stale_plan, 31);
	end(&w);
}

/* History goes back once more, with a config that is known, after an earlier confirmation. */
static void a_confirmation_that_was_known_makes_no_older_plan_valid(void **state UNUSED)
{
	static const char other[] =
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
	struct world w;

	begin(&w);
	see(&w, confirmed_with_plan(40, plan("idle", REV)));
	memcpy(w.past.accepted, REV, sizeof(REV));
	assert_int_equal(judge(&w, confirmed_with_plan(34, plan("idle", other))), PAST_SAME);
	assert_int_equal(w.stale_plan, 34);
	end(&w);
}

/* Some hosts, or all, run the target: they would go back to what is accepted. */
static void an_older_plan_is_not_followed_when_the_known_one_had_a_target(void **state UNUSED)
{
	struct world w;

	begin(&w);
	memcpy(w.past.accepted, REV, sizeof(REV));
	w.past.plan = xstrdup(plan_on_trial(REV, REV));
	judge(&w, confirmed_with_plan(31, plan("idle", REV)));
	assert_int_equal(w.stale_plan, 31);
	end(&w);
}

/* … and the leader, which had seen more, has accepted it. */
static void a_plan_that_accepts_the_known_target_is_followed(void **state UNUSED)
{
	struct world w;
	struct tree *t = confirmed_with_plan(31, "");
	struct digest digest = tree_revision(t, CONFIG);
	char now[DIGEST_HEX_SIZE];

	tree_unref(t);
	digest_hex(&digest, now);
	begin(&w);
	memcpy(w.past.accepted, REV, sizeof(REV));
	w.past.plan = xstrdup(plan_on_trial(REV, now));
	judge(&w, confirmed_with_plan(31, plan("idle", now)));
	assert_int_equal(w.stale_plan, 0);
	end(&w);
}

/* --- the file ----------------------------------------------------------------------------------
 */

static void check_round_trip(struct world *w)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT, again = BUF_INIT;
	struct past back;
	struct err e;

	past_print(&w->past, &places, &text);
	assert_int_equal(past_parse(buf_str(&text), text.size, &places, &back, &e), 0);
	past_print(&back, &places, &again);
	assert_string_equal(buf_str(&text), buf_str(&again));
	past_fini(&back);
}

static void a_file_is_read_as_it_was_written(void **state UNUSED)
{
	struct world w = { 0 };

	problems_init(&w.unreadable);
	see(&w, TREE(N("/elsewhere", 1, 1, 1, "")));
	check_round_trip(&w);
	end(&w);
	begin(&w);
	check_round_trip(&w);
	memcpy(w.past.accepted, REV, sizeof(REV));
	w.past.plan = xstrdup(plan("idle", REV));
	w.past.time = 5;
	w.past.stale_plan = 31;
	go_back(&w, older_tree());
	check_round_trip(&w);
	end(&w);
}

static void a_name_that_is_no_text_is_left_out(void **state UNUSED)
{
	struct world w;

	begin(&w);
	see(&w, TREE(ROOT, N(CONFIG "/sites/\xff", 50, 50, 50, "")));
	check_round_trip(&w);
	end(&w);
}

/* A plan that somebody else has written may name anything as accepted. */
static void an_accepted_revision_that_is_none_is_left_out(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct world w;
	struct past back;
	struct err e;

	begin(&w);
	strcpy(w.past.accepted, "0123abcd");
	past_print(&w.past, &places, &text);
	assert_int_equal(past_parse(buf_str(&text), text.size, &places, &back, &e), 0);
	assert_string_equal(back.accepted, "");
	assert_int_equal(back.mark.count, w.past.mark.count);
	past_fini(&back);
	end(&w);
}

#define PLACES "\"config\": \"" CONFIG "\", \"cluster\": \"" CLUSTER "\", \"chroot\": \"\""

static void files_that_cannot_be_used_are_told_apart(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
		{ "", ERR_INPUT },
		{ "{\"format\": ", ERR_INPUT },
		{ "[1]", ERR_INPUT },
		{ "{}", ERR_INPUT },
		{ "{\"format\": 2}", ERR_REFUSED },
		{ "{\"format\": 1, " PLACES "}", ERR_INPUT },
		{ "{\"format\": 1, " PLACES
		  ", \"revision\": \"\", \"accepted\": \"\", \"znodes\": {\"/a\": [1, 2]}}",
		  ERR_INPUT },
	};
	struct past p;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(past_parse(cases[i].text, strlen(cases[i].text), &places, &p, &e),
				 -1);
		assert_int_equal(e.code, cases[i].code);
	}
}

static void a_file_about_other_places_says_nothing(void **state UNUSED)
{
	static const struct watermark_places others[] = { { "/a", CLUSTER, "" },
							  { CONFIG, "/b", "" },
							  { CONFIG, CLUSTER, "/other" } };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct world w;
	struct past p;

	begin(&w);
	past_print(&w.past, &places, &text);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_int_equal(past_parse(buf_str(&text), text.size, &others[i], &p, NULL), 0);
		assert_int_equal(p.mark.count, 0);
		past_fini(&p);
	}
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happens_in_one_history_continues_it),
		cmocka_unit_test(a_host_that_has_seen_nothing_believes_everything),
		cmocka_unit_test(a_deletion_shows_in_what_is_above),
		cmocka_unit_test(what_cannot_be_read_shows_nothing),
		cmocka_unit_test(what_could_not_be_read_for_a_while_is_still_known),
		cmocka_unit_test(each_sign_of_an_older_history_is_found),
		cmocka_unit_test(a_new_epoch_does_not_hide_an_older_history),
		cmocka_unit_test(the_words_say_what_was_expected_and_what_came),
		cmocka_unit_test(the_same_config_is_no_loss),
		cmocka_unit_test(the_accepted_revision_counts_unless_history_went_back_to_it),
		cmocka_unit_test(the_known_history_is_recognized_by_a_transaction_that_was_lost),
		cmocka_unit_test(a_confirmation_of_what_is_there_counts),
		cmocka_unit_test(a_confirmation_of_something_else_does_not),
		cmocka_unit_test(a_confirmation_that_was_known_before_does_not),
		cmocka_unit_test(a_confirmation_before_the_known_one_does_not),
		cmocka_unit_test(a_wiped_ensemble_can_be_confirmed_before_its_config_is_written),
		cmocka_unit_test(an_older_plan_is_not_followed_after_a_confirmation),
		cmocka_unit_test(a_confirmation_that_was_known_makes_no_older_plan_valid),
		cmocka_unit_test(an_older_plan_is_not_followed_when_the_known_one_had_a_target),
		cmocka_unit_test(a_plan_that_accepts_the_known_target_is_followed),
		cmocka_unit_test(a_file_is_read_as_it_was_written),
		cmocka_unit_test(a_name_that_is_no_text_is_left_out),
		cmocka_unit_test(an_accepted_revision_that_is_none_is_left_out),
		cmocka_unit_test(files_that_cannot_be_used_are_told_apart),
		cmocka_unit_test(a_file_about_other_places_says_nothing),
	};

	return cmocka_run_group_tests_name("past", tests, NULL, NULL);
}
