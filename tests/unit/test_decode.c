/* The whole tree: which objects fall back and which stay out; neither affects the others. */

#include "core/decode/decode.h"
#include "tree_fixture.h"

#define GOOD_SITE "\t{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"a\"}]}\n"

struct fixture {
	struct tree *tree, *accepted;
	struct problems problems;
	struct model *model;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .tree = NULL };
	problems_init(&f.problems);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tree_unref(f->tree);
	tree_unref(f->accepted);
	problems_fini(&f->problems);
	model_free(f->model);
	return 0;
}

static void load(struct fixture *f, const char *tree, const char *accepted)
{
	tree_unref(f->tree);
	tree_unref(f->accepted);
	f->tree = parse(tree);
	f->accepted = parse(accepted);
}

static const struct model *run(struct fixture *f)
{
	static const char *const roots[] = { "/srv", NULL };
	const struct policy policy = { .level = POLICY_SAFE, .roots = roots };
	const struct decode_input in = {
		.tree = f->tree, .accepted = f->accepted, .policy = &policy, .root = "/c"
	};

	model_free(f->model);
	problems_fini(&f->problems);
	problems_init(&f->problems);
	f->model = decode(&in, &f->problems);
	problems_sort(&f->problems);
	return f->model;
}

static const struct problem *problem_of(const struct fixture *f, const char *znode)
{
	const struct problem *found = NULL;

	for (size_t i = 0; i < f->problems.count; i++) {
		if (strcmp(f->problems.items[i].znode, znode) != 0)
			continue;
		assert_null(found);
		found = &f->problems.items[i];
	}
	if (!found)
		fail_msg("no problem of %s", znode);
	return found;
}

static void an_empty_tree_is_an_empty_model(void **state)
{
	struct fixture *f = *state;

	load(f, "", "");
	assert_int_equal(run(f)->upstream_count, 0);
	load(f, "/other/x\n/c\n/c/sites\n/c/snippets\n/c/snippets/http\n/c/upstreams\n/cx/sites\n",
	     "");
	assert_int_equal(run(f)->site_count, 0);
	assert_int_equal(f->problems.count, 0);
}

static void each_znode_becomes_its_object(void **state)
{
	struct fixture *f = *state;
	const struct model *m;

	load(f,
	     "/c/sites/b\n" GOOD_SITE "/c/sites/a\n" GOOD_SITE "/c/snippets/http/s\n\tgzip on;\n"
	     "/c/snippets/stream/s\n\tpreread_timeout 1s;\n"
	     "/c/upstreams/z\n/c/upstreams/a\n\t{\"server\":{\"weight\":3}}\n"
	     "/c/upstreams/a/10.0.0.2:80\n/c/upstreams/a/10.0.0.10:80\n\tweight=9\n"
	     "/c/upstreams/a-b/10.0.0.3:80 owner=0x7\n",
	     "");
	m = run(f);
	assert_int_equal(f->problems.count, 0);
	assert_int_equal(m->upstream_count, 3);
	assert_string_equal(m->upstreams[0]->name, "a");
	assert_string_equal(m->upstreams[1]->name, "a-b");
	assert_string_equal(m->upstreams[2]->name, "z");
	assert_int_equal(m->upstreams[0]->server_count, 2);
	assert_string_equal(m->upstreams[0]->servers[0].address, "10.0.0.10:80");
	assert_int_equal(m->upstreams[0]->servers[0].params.weight, 9);
	assert_int_equal(m->upstreams[0]->servers[1].params.weight, 3);
	assert_int_equal(m->upstreams[1]->servers[0].source->owner, 7);
	assert_non_null(upstream_server(m->upstreams[0], "10.0.0.2:80"));
	assert_int_equal(m->site_count, 2);
	assert_string_equal(m->sites[0].name, "a");
	assert_int_equal(m->snippet_count, 2);
	assert_non_null(model_snippet(m, PROTOCOL_HTTP, "s"));
	assert_non_null(model_snippet(m, PROTOCOL_STREAM, "s"));
}

static void an_object_that_is_too_large_keeps_its_accepted_form(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_puts(&text, "/c/sites/a\n\t");
	while (text.size <= 256 << 10)
		buf_puts(&text, "                ");
	buf_puts(&text, GOOD_SITE);
	load(f, buf_str(&text), "/c/sites/a\n" GOOD_SITE);
	assert_int_equal(run(f)->site_count, 1);
	assert_int_equal(problem_of(f, "/c/sites/a")->serving, SERVING_PREVIOUS);
	assert_non_null(strstr(problem_of(f, "/c/sites/a")->message, "at most 262144 are allowed"));
	load(f, buf_str(&text), "");
	assert_int_equal(run(f)->site_count, 0);
}

static void the_root_may_be_a_slash(void **state)
{
	struct fixture *f = *state;
	const struct policy policy = { .level = POLICY_SAFE };
	struct decode_input in = { .policy = &policy, .root = "/" };

	load(f, "/sites/a\n" GOOD_SITE "/upstreams/b\n", "");
	in.tree = f->tree;
	in.accepted = f->accepted;
	f->model = decode(&in, &f->problems);
	assert_int_equal(f->model->site_count, 1);
	assert_int_equal(f->model->upstream_count, 1);
	assert_int_equal(f->problems.count, 0);
}

static void an_unexpected_znode_is_a_problem_of_its_own(void **state)
{
	static const char *const strays[] = {
		"/c/Sites",         "/c/sites/Shop",        "/c/sites/a/x",
		"/c/sitesx",        "/c/snippets/tcp",      "/c/snippets/http/a/x",
		"/c/upstreams/-",   "/c/upstreams/a/h:1/x", "/c/upstreams/a;{b",
		"/c/sites/.hidden", "/c/upstreams/y/",
	};
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	const struct model *m;

	buf_puts(&text,
		 "/c/sites/a\n" GOOD_SITE "/c/snippets/http/a\n\tgzip on;\n/c/upstreams/a/h:1\n");
	for (size_t i = 0; i < ARRAY_SIZE(strays); i++)
		buf_printf(&text, "%s\n%s/below\n", strays[i], strays[i]);
	load(f, text.data, "");
	m = run(f);
	assert_int_equal(f->problems.count, ARRAY_SIZE(strays));
	for (size_t i = 0; i < ARRAY_SIZE(strays); i++) {
		assert_int_equal(problem_of(f, strays[i])->kind, PROBLEM_FIELD);
		assert_int_equal(problem_of(f, strays[i])->serving, SERVING_ABSENT);
	}
	assert_int_equal(m->site_count, 1);
	assert_int_equal(m->snippet_count, 1);
	assert_int_equal(m->upstream_count, 1);
	assert_int_equal(m->upstreams[0]->server_count, 1);
	buf_fini(&text);
}

static void a_bad_object_keeps_its_accepted_form(void **state)
{
	struct fixture *f = *state;
	const struct model *m;

	load(f,
	     "/c/sites/a\n\t{\n/c/sites/b\n" GOOD_SITE "/c/snippets/http/s\n\tinclude x;\n"
	     "/c/upstreams/u\n\t{\"keepalive\":-1}\n/c/upstreams/u/10.0.0.1:80\n\tweight=x\n"
	     "/c/upstreams/u/10.0.0.2:80\n",
	     "/c/sites/a\n" GOOD_SITE "/c/snippets/http/s\n\tgzip on;\n"
	     "/c/upstreams/u\n\t{\"keepalive\":5}\n/c/upstreams/u/10.0.0.1:80\n\tweight=7\n");
	m = run(f);
	assert_int_equal(f->problems.count, 4);
	for (size_t i = 0; i < f->problems.count; i++)
		assert_int_equal(f->problems.items[i].serving, SERVING_PREVIOUS);
	assert_int_equal(m->site_count, 2);
	assert_string_equal(m->snippets[0].text, "gzip on;\n");
	assert_int_equal(m->upstreams[0]->keepalive, 5);
	assert_int_equal(m->upstreams[0]->server_count, 2);
	assert_int_equal(m->upstreams[0]->servers[0].params.weight, 7);
	assert_string_equal(m->upstreams[0]->source.data, "{\"keepalive\":5}\n");
}

static void an_object_that_was_never_good_is_absent(void **state)
{
	struct fixture *f = *state;
	const struct model *m;

	load(f,
	     "/c/sites/a\n\t{\n/c/sites/b\n" GOOD_SITE
	     "/c/upstreams/t\n/c/upstreams/t/10.0.0.9:80\n"
	     "/c/upstreams/u\n\t[]\n/c/upstreams/u/10.0.0.1:80\n/c/upstreams/u/bad\n"
	     "/c/upstreams/v\n/c/upstreams/v/10.0.0.1\n/c/upstreams/v/10.0.0.2:80\n",
	     "/c/sites/a\n\t{\n");
	m = run(f);
	assert_int_equal(f->problems.count, 4);
	assert_int_equal(problem_of(f, "/c/sites/a")->serving, SERVING_ABSENT);
	assert_int_equal(problem_of(f, "/c/upstreams/u")->serving, SERVING_ABSENT);
	assert_int_equal(problem_of(f, "/c/upstreams/u/bad")->serving, SERVING_ABSENT);
	assert_int_equal(problem_of(f, "/c/upstreams/v/10.0.0.1")->serving, SERVING_ABSENT);
	assert_int_equal(m->site_count, 1);
	assert_int_equal(m->upstream_count, 2);
	assert_null(model_upstream(m, "u"));
	assert_int_equal(model_upstream(m, "t")->server_count, 1);
	assert_int_equal(model_upstream(m, "v")->server_count, 1);
}

/* The accepted form is checked with the newest policy of its upstream. */
static void an_accepted_server_must_fit_the_upstream_of_now(void **state)
{
	struct fixture *f = *state;

	load(f,
	     "/c/upstreams/u\n\t{\"balance\":\"ip_hash\"}\n/c/upstreams/u/10.0.0.1:80\n"
	     "/c/upstreams/u/10.0.0.2:80\n\tweight=x\n",
	     "/c/upstreams/u/10.0.0.2:80\n\tbackup\n");
	assert_int_equal(run(f)->upstreams[0]->server_count, 1);
	/* Errors in the old bytes are not reported. */
	assert_int_equal(f->problems.count, 1);
	assert_string_equal(f->problems.items[0].field, "weight");
	assert_int_equal(f->problems.items[0].serving, SERVING_ABSENT);
}

static void a_bad_registration_does_not_revert_its_upstream(void **state)
{
	struct fixture *f = *state;

	load(f,
	     "/c/upstreams/u\n\t{\"keepalive\":2,\"discover\":{\"path\":\"/"
	     "s\",\"format\":\"nerve\"}}"
	     "\n/s/x owner=1\n\t{}\n",
	     "/c/upstreams/u\n\t{\"keepalive\":1}\n");
	assert_int_equal(run(f)->upstreams[0]->keepalive, 2);
	assert_int_equal(problem_of(f, "/s")->serving, SERVING_ABSENT);
}

static void two_spellings_are_one_server(void **state)
{
	struct fixture *f = *state;
	const struct upstream *u;

	load(f,
	     "/c/upstreams/u/2001:db8::1:80\n\tweight=2\n/c/upstreams/u/[2001:DB8::1]:80\n"
	     "/c/upstreams/u/APP:80\n/c/upstreams/u/app:80\n/c/upstreams/u/10.0.0.1:80\n",
	     "");
	u = run(f)->upstreams[0];
	assert_int_equal(u->server_count, 3);
	assert_string_equal(u->servers[0].address, "10.0.0.1:80");
	assert_string_equal(u->servers[1].address, "[2001:db8::1]:80");
	assert_int_equal(u->servers[1].params.weight, 2);
	assert_int_equal(f->problems.count, 2);
	assert_non_null(
		strstr(problem_of(f, "/c/upstreams/u/app:80")->message, "/c/upstreams/u/APP:80"));
	assert_non_null(problem_of(f, "/c/upstreams/u/[2001:DB8::1]:80"));
}

static void an_upstream_of_backups_alone_is_a_problem(void **state)
{
	struct fixture *f = *state;

	load(f, "/c/upstreams/u/a:1\n\tbackup\n/c/upstreams/u/b:1\n\tbackup\n", "");
	assert_int_equal(run(f)->upstreams[0]->server_count, 2);
	assert_int_equal(problem_of(f, "/c/upstreams/u")->kind, PROBLEM_FIELD);
	load(f, "/c/upstreams/u/a:1\n\tbackup\n/c/upstreams/u/b:1\n", "");
	run(f);
	assert_int_equal(f->problems.count, 0);
}

/* The sources of a model, decoded again, give the same model: the accepted tree depends on that. */
static void the_sources_of_a_model_decode_to_the_same_model(void **state)
{
	struct fixture *f = *state;
	const struct model *m;
	struct tree *sources;

	load(f,
	     "/c/sites/a\n" GOOD_SITE "/c/upstreams/u\n\t{\"zone\":\"64k\"}\n"
	     "/c/upstreams/u/10.0.0.1:80\n\tdown\n/c/upstreams/v/10.0.0.1:80\n",
	     "");
	sources = model_sources(run(f));
	tree_unref(f->tree);
	f->tree = sources;
	m = run(f);
	assert_int_equal(f->problems.count, 0);
	assert_int_equal(m->site_count, 1);
	assert_int_equal(m->upstream_count, 2);
	assert_string_equal(m->upstreams[0]->zone, "64k");
	assert_true(m->upstreams[0]->servers[0].params.down);
}

static void thousands_of_servers_are_sorted_by_address(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	const struct model *m;

	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "/c/upstreams/u/10.0.%d.%d:80\n", i / 250, i % 250 + 1);
	load(f, text.data, "");
	m = run(f);
	assert_int_equal(m->upstreams[0]->server_count, 3000);
	for (size_t i = 1; i < 3000; i++)
		assert_true(strcmp(m->upstreams[0]->servers[i - 1].address,
				   m->upstreams[0]->servers[i].address) < 0);
	buf_fini(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_tree_is_an_empty_model),
		TEST(each_znode_becomes_its_object),
		TEST(an_object_that_is_too_large_keeps_its_accepted_form),
		TEST(the_root_may_be_a_slash),
		TEST(an_unexpected_znode_is_a_problem_of_its_own),
		TEST(a_bad_object_keeps_its_accepted_form),
		TEST(an_object_that_was_never_good_is_absent),
		TEST(an_accepted_server_must_fit_the_upstream_of_now),
		TEST(a_bad_registration_does_not_revert_its_upstream),
		TEST(two_spellings_are_one_server),
		TEST(an_upstream_of_backups_alone_is_a_problem),
		TEST(the_sources_of_a_model_decode_to_the_same_model),
		TEST(thousands_of_servers_are_sorted_by_address),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
