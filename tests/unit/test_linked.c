/*
 * The kept result of link against a link of everything: over random edits of all that link looks
 * at, and over single changes, each of which has to be noticed. A failure of the random edits names
 * its seed: LINKED_SEED=n runs that world alone.
 */
#include "dice.h"
#include "linked_world.h"

#define WORLDS 80
#define EDITS 150

/* --- random edits ----------------------------------------------------------------------------- */

static const char *const nginx_confs[] = {
	"http {\nserver { listen 83; server_name host.test; }\n}\n",
	"http {\nmap $uri $colour { default 1; }\n}\n",
	"http {\nupstream b { server 10.8.0.1:80; }\nserver { listen 80 default_server; }\n}\n",
	"http { }\n",
	"stream {\nserver { listen 86; }\n}\n",
};

/* The text of a live http.conf. */
static const char *const live_files[] = {
	"# " ROOT "/sites/two\nserver {\n    listen 80;\n}\n# " ROOT
	"/sites/one\nserver {\n    listen 80;\n}\n",
	"# " ROOT "/snippets/http/s\nserver {\n    listen 80;\n}\n",
	"# " ROOT "/sites/one\nserver {\n    listen 81 default_server;\n}\n",
};

static void edit(struct state *s, int64_t zxid)
{
	unsigned count = 0;
	size_t i;

	do
		i = dice(PLACES);
	while (!IS_SERVER(i) && dice(6));
	while (places[i].data[count])
		count++;
	write_znode(s, i, s->data[i] && dice(3) == 0 ? NULL : places[i].data[dice(count)], zxid);
}

static void change_surroundings(struct surroundings *s)
{
	s->now += dice(3) ? dice(3) * SEC : 12 * SEC;
	if (dice(25) == 0)
		s->policy.level = dice(4) ? POLICY_SAFE : dice(2) ? POLICY_ALL : POLICY_OFF;
	if (dice(25) == 0) {
		host_claims_free(s->nginx_conf);
		s->nginx_conf = dice(4) ? read_nginx_conf(nginx_confs[dice(5)]) : NULL;
	}
	s->may_define = !s->nginx_conf;
	if (dice(25) == 0)
		s->sockets_are_free = dice(2);
	if (dice(10) == 0)
		s->drain =
			(struct drain){ .upstream = dice(2) ? "a" : "b", .server = "10.0.0.2:80" };
	s->has_drain = s->drain.server && dice(4);
}

/* What nginx runs follows, lags behind, or is read again. */
static void change_good(struct host *keeping, struct host *cold, const struct surroundings *s)
{
	const char *text = dice(20) ? NULL : live_files[dice(ARRAY_SIZE(live_files))];

	if (dice(4)) {
		accept(keeping);
		accept(cold);
	} else if (dice(6) == 0) {
		reread(keeping, s);
		reread(cold, s);
	}
	if (!text)
		return;
	link_adopt_defaults(keeping->good, text, strlen(text));
	link_adopt_defaults(cold->good, text, strlen(text));
}

static unsigned long live(unsigned seed)
{
	struct surroundings s = { .now = 1000 * SEC, .policy = { .level = POLICY_SAFE } };
	struct state state = { 0 };
	struct host keeping, cold;
	unsigned long repeats;

	dice_state = seed * 7919 + 1;
	host_init(&keeping, true);
	host_init(&cold, false);
	put(&state, ROOT, "", 1);
	for (int64_t i = 1; i <= 20; i++)
		edit(&state, i);
	for (int64_t i = 0; i < EDITS; i++) {
		for (unsigned n = dice(3); n > 0; n--)
			edit(&state, 100 + i);
		change_surroundings(&s);
		run(&keeping, &state, &s);
		run(&cold, &state, &s);
		compare(&keeping, &cold);
		change_good(&keeping, &cold, &s);
	}
	repeats = linked_repeats(keeping.linked);
	host_fini(&keeping);
	host_fini(&cold);
	host_claims_free(s.nginx_conf);
	return repeats;
}

static void random_edits_give_what_a_link_of_everything_gives(void **state UNUSED)
{
	const char *one = getenv("LINKED_SEED");
	unsigned long repeats = 0;

	for (unsigned seed = 1; !one && seed <= WORLDS; seed++) {
		print_message("seed %u\n", seed);
		repeats += live(seed);
	}
	if (one)
		live((unsigned)atoi(one));
	else /* else the comparisons say little */
		assert_in_range(repeats, WORLDS * EDITS / 10, WORLDS * EDITS);
	print_message("%lu of %d runs were repeated\n", repeats, WORLDS * EDITS);
}

/* --- one change ------------------------------------------------------------------------------- */

/* A host whose config has nothing wrong, and what nginx runs of it. */
struct calm {
	struct host host;
	struct state state;
	struct surroundings s;
	int64_t zxid;
};

static void write_calm(struct calm *c, const char *path, const char *data)
{
	put(&c->state, path, data, ++c->zxid);
}

/* Was the kept result used? */
static bool repeats(struct calm *c)
{
	unsigned long before = linked_repeats(c->host.linked);

	run(&c->host, &c->state, &c->s);
	return linked_repeats(c->host.linked) > before;
}

static bool repeats_and_is_accepted(struct calm *c)
{
	bool known = repeats(c);

	accept(&c->host);
	return known;
}

static void calm_init(struct calm *c)
{
	*c = (struct calm){ .s = { .now = 1000 * SEC, .policy = { .level = POLICY_SAFE } } };
	c->s.nginx_conf = read_nginx_conf("http { }\n");
	host_init(&c->host, true);
	write_calm(c, ROOT, "");
	for (size_t i = 0; i < PLACES; i++) {
		if (IS_SERVER(i))
			write_calm(c, places[i].path, "");
	}
	write_calm(c, ROOT "/upstreams/a", "");
	write_calm(c, ROOT "/upstreams/b", "{\"balance\":\"hash $colour\"}");
	write_calm(c, ROOT "/upstreams/c", "{\"protocol\":\"stream\"}");
	write_calm(c, ROOT "/sites/one", "{\"listen\":[\"80\"]," PROXY("a") "}");
	write_calm(c, ROOT "/sites/two", "{\"listen\":[\"81\"],\"include\":[\"x\"]," ANSWER "}");
	write_calm(c, ROOT "/maps/colour", "{\"source\":\"$host\",\"values\":{\"q\":\"a\"}}");
	write_calm(c, ROOT "/snippets/server/x", "gzip on;");
	write_calm(c, ROOT "/snippets/http/s",
		   "server { listen 85; location / { proxy_pass http://a; } }");
	for (int i = 0; i < 3; i++)
		repeats_and_is_accepted(c);
	assert_int_equal(c->host.problems.count, 0);
	assert_true(repeats_and_is_accepted(c));
}

static void calm_fini(struct calm *c)
{
	host_fini(&c->host);
	host_claims_free(c->s.nginx_conf);
}

static void a_change_of_servers_is_not_linked_again(void **state UNUSED)
{
	static const char *const texts[] = { "weight=2", "down", NULL, "", "weight=9" };
	CLEANUP(calm_fini) struct calm c;

	calm_init(&c);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_calm(&c, ROOT "/upstreams/a/10.0.0.2:80", texts[i]);
		c.s.now += 60 * SEC;
		assert_true(repeats(&c));
		if (i % 2)
			accept(&c.host);
	}
	accept(&c.host);
	c.s.drain = (struct drain){ .upstream = "a", .server = "10.0.0.1:80" };
	c.s.has_drain = true;
	for (int i = 0; i < 3; i++)
		assert_true(repeats_and_is_accepted(&c));
	c.s.has_drain = false;
	assert_true(repeats_and_is_accepted(&c));
}

static void what_a_znode_of_an_object_says_is_linked_again(void **state UNUSED)
{
	static const char *const edits[][2] = {
		{ ROOT "/upstreams/a", "{\"zone\":\"64k\"}" },
		{ ROOT "/upstreams/a", "{\"balance\":\"least_conn\"}" },
		{ ROOT "/sites/one", "{\"listen\":[\"87\"]," PROXY("a") "}" },
		{ ROOT "/sites/three", "{\"listen\":[\"88\"]," PROXY("a") "}" },
		{ ROOT "/sites/three", NULL },
		{ ROOT "/maps/colour", "{\"source\":\"$host\",\"values\":{\"q\":\"b\"}}" },
		{ ROOT "/snippets/server/x", "gzip off;" },
		{ ROOT "/snippets/http/s", "server { listen 85; return 200; }" },
	};
	CLEANUP(calm_fini) struct calm c;

	calm_init(&c);
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		write_calm(&c, edits[i][0], edits[i][1]);
		c.s.now += 60 * SEC;
		assert_false(repeats(&c));
		c.s.now += 60 * SEC; /* what is deleted stays for a moment */
		repeats_and_is_accepted(&c);
		assert_false(repeats_and_is_accepted(&c)); /* nginx runs something else */
		assert_true(repeats_and_is_accepted(&c));
	}
}

/* Age decides who of two newcomers gets what both want. */
static void an_object_that_was_created_again_is_linked_again(void **state UNUSED)
{
	CLEANUP(calm_fini) struct calm c;

	calm_init(&c);
	c.state.czxid[place_of(ROOT "/sites/one")] = ++c.zxid;
	assert_false(repeats_and_is_accepted(&c));
	repeats_and_is_accepted(&c);
	c.state.czxid[place_of(ROOT "/upstreams/a")] = ++c.zxid;
	assert_false(repeats_and_is_accepted(&c));
}

static void all_else_that_link_looks_at_is_noticed(void **state UNUSED)
{
	static const char other[] = "http { server { listen 99; } }\n";
	CLEANUP(calm_fini) struct calm c;

	calm_init(&c);
	c.s.policy.level = POLICY_ALL;
	assert_false(repeats(&c));
	c.s.sockets_are_free = true;
	assert_false(repeats(&c));
	c.s.may_define = true;
	assert_false(repeats(&c));
	host_claims_free(c.s.nginx_conf);
	c.s.nginx_conf = read_nginx_conf(other);
	assert_false(repeats(&c));
	host_claims_free(TAKE(c.s.nginx_conf));
	assert_false(repeats(&c));
	link_adopt_defaults(c.host.good, live_files[2], strlen(live_files[2]));
	assert_false(repeats(&c));
	assert_true(repeats(&c));
}

/* --- runs that are not kept ------------------------------------------------------------------- */

static void a_run_with_a_clash_is_not_kept(void **state UNUSED)
{
	CLEANUP(calm_fini) struct calm c;

	calm_init(&c);
	write_calm(&c, ROOT "/sites/three", "{\"listen\":[\"80\"]," PROXY("b") "}");
	for (int i = 0; i < 3; i++) {
		assert_false(repeats_and_is_accepted(&c));
		assert_int_equal(c.host.problems.count, 1);
	}
	write_calm(&c, ROOT "/sites/three", NULL);
	repeats_and_is_accepted(&c);
	assert_true(repeats_and_is_accepted(&c));
}

static void a_run_that_keeps_a_deleted_object_is_not_kept(void **state UNUSED)
{
	CLEANUP(calm_fini) struct calm c;

	calm_init(&c);
	write_calm(&c, ROOT "/sites/two", NULL);
	for (int i = 0; i < 3; i++) {
		assert_false(repeats(&c));
		assert_non_null(model_site(c.host.next, "two"));
	}
	c.s.now += 60 * SEC;
	assert_false(repeats(&c));
	assert_null(model_site(c.host.next, "two"));
}

/* Both sites answer on port 80; the older one would come first, and the other was first. */
static void a_run_that_adds_default_server_is_not_kept(void **state UNUSED)
{
	CLEANUP(calm_fini) struct calm c;

	calm_init(&c);
	write_calm(&c, ROOT "/sites/three",
		   "{\"listen\":[\"80\"],\"server_names\":[\"x.test\"]," ANSWER "}");
	repeats_and_is_accepted(&c);
	c.state.czxid[place_of(ROOT "/sites/three")] = 1;
	for (int i = 0; i < 3; i++) {
		assert_false(repeats_and_is_accepted(&c));
		assert_int_equal(c.host.problems.count, 0);
		assert_true(model_site(c.host.good, "one")->listens[0].stay_default);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_edits_give_what_a_link_of_everything_gives),
		cmocka_unit_test(a_change_of_servers_is_not_linked_again),
		cmocka_unit_test(what_a_znode_of_an_object_says_is_linked_again),
		cmocka_unit_test(an_object_that_was_created_again_is_linked_again),
		cmocka_unit_test(all_else_that_link_looks_at_is_noticed),
		cmocka_unit_test(a_run_with_a_clash_is_not_kept),
		cmocka_unit_test(a_run_that_keeps_a_deleted_object_is_not_kept),
		cmocka_unit_test(a_run_that_adds_default_server_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
