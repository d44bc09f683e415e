/* drain: servers that operators take out of the traffic. */
#include <zknginx/bundle.h>

#include "compose_fixture.h"
#include "core/compose/drain.h"
#include "core/render/render.h"

#define U ROOT "/upstreams/u\n"
#define SITE                                                                                       \
	ROOT "/sites/s\n\t{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\","                    \
	     "\"proxy\":\"u\"}]}\n"

static struct drain one[] = { { .upstream = "u", .server = "10.0.0.2:80", .until = 77 } };

static void drain(struct world *w, struct drain *items, size_t count)
{
	w->drains = (struct drains){ .items = items, .count = count, .mzxid = 99 };
}

/* The server line of this address in the rendered file, up to its semicolon; "" = none. */
static const char *line(const struct model *m, enum bundle_file file, const char *address)
{
	static char out[256];
	const struct render_options options = { .log_directory = "/l", .cache_directory = "/c" };
	CLEANUP(bundle_unrefp) struct bundle *b = render(m, &options);
	CLEANUP(freep) char *key = xasprintf("server %s", address);
	const char *at = strstr(bundle_text(b, file)->data, key);

	snprintf(out, sizeof(out), "%.*s", at ? (int)strcspn(at, ";") : 0, at ?: "");
	return out;
}

static void a_drained_server_is_rendered_down(void **state)
{
	struct world *w = *state;

	drain(w, one, 1);
	see(w,
	    U ROOT "/upstreams/u/10.0.0.1:80\n" ROOT "/upstreams/u/10.0.0.2:80\n\tweight=3\n" SITE);
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.0.0.1"), "server 10.0.0.1:80");
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.0.0.2"),
			    "server 10.0.0.2:80 weight=3 down");
	assert_int_equal(w->problems.count, 0);
	assert_int_equal(w->next->drains.count, 1);
	assert_string_equal(w->next->drains.items[0].upstream, "u");
	assert_string_equal(w->next->drains.items[0].server, "10.0.0.2:80");
	assert_int_equal(w->next->drains.items[0].until, 77);
	assert_int_equal(w->next->drains.items[0].servers, 1);
	assert_int_equal(w->next->drains.mzxid, 99);
}

static void a_server_of_a_stream_is_drained_too(void **state)
{
	struct world *w = *state;

	drain(w, one, 1);
	see(w,
	    ROOT "/upstreams/u\n\t{\"protocol\":\"stream\"}\n" ROOT "/upstreams/u/10.0.0.2:80\n");
	assert_string_equal(line(w->next, BUNDLE_STREAM, "10.0.0.2"), "server 10.0.0.2:80 down");
}

/* The last good form is made of znodes, and no znode says that a server is drained. */
static void a_server_is_not_down_any_more_when_it_is_undrained(void **state)
{
	static const char bad[] =
		ROOT "/upstreams/u\n\t{\"keepalive\":\"x\"}\n" ROOT "/upstreams/u/10.0.0.2:80\n";
	struct world *w = *state;
	struct model *again;

	drain(w, one, 1);
	see_and_apply(w, U ROOT "/upstreams/u/10.0.0.2:80\n", START);
	again = compose_accepted(w->accepted, ROOT, &policy, NULL);
	assert_false(again->upstreams[0]->servers[0].drained);
	model_free(again);
	drain(w, NULL, 0);
	see_and_apply(w, bad, START);
	assert_int_equal(w->problems.count, 1); /* the upstream is in its last good form */
	assert_string_equal(line(w->good, BUNDLE_HTTP, "10.0.0.2"), "server 10.0.0.2:80");
	assert_int_equal(w->good->drains.count, 0);
}

static void a_deleted_upstream_in_its_last_good_form_is_drained(void **state)
{
	struct world *w = *state;

	see_and_apply(w, U ROOT "/upstreams/u/10.0.0.2:80\n" SITE, START);
	drain(w, one, 1);
	see(w, SITE); /* the site still needs it */
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.0.0.2"), "server 10.0.0.2:80 down");
}

static void a_server_that_is_drained_is_not_lost(void **state)
{
	static const char all[] = U ROOT "/upstreams/u/10.0.0.1:80 owner=7\n" ROOT
					 "/upstreams/u/10.0.0.2:80 owner=7\n";
	struct drain both[] = { { .upstream = "u", .server = "10.0.0.1:80" },
				{ .upstream = "u", .server = "10.0.0.2:80" } };
	struct world *w = *state;

	see_and_apply(w, all, START);
	drain(w, both, 2);
	see_and_apply(w, all, START + SEC);
	assert_int_equal(w->problems.count, 0);
	assert_int_equal(w->good->upstreams[0]->server_count, 2);
	assert_string_equal(line(w->good, BUNDLE_HTTP, "10.0.0.1"), "server 10.0.0.1:80 down");
	assert_string_equal(line(w->good, BUNDLE_HTTP, "10.0.0.2"), "server 10.0.0.2:80 down");
	drain(w, NULL, 0);
	see_and_apply(w, all, START + 2 * SEC);
	assert_int_equal(w->problems.count, 0);
	assert_string_equal(line(w->good, BUNDLE_HTTP, "10.0.0.1"), "server 10.0.0.1:80");
}

static void a_server_that_a_guard_holds_is_drained(void **state)
{
	struct world *w = *state;

	see_and_apply(w, U ROOT "/upstreams/u/10.0.0.2:80 owner=7\n", START);
	drain(w, one, 1);
	see_and_apply(w, U, START + SEC);
	assert_true(w->good->upstreams[0]->servers[0].held);
	assert_string_equal(line(w->good, BUNDLE_HTTP, "10.0.0.2"), "server 10.0.0.2:80 down");
	drain(w, NULL, 0);
	see(w, U);
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.0.0.2"), "server 10.0.0.2:80");
}

static void a_discovered_server_is_drained_and_the_weights_stay(void **state)
{
	struct world *w = *state;
	const char *text =
		ROOT "/upstreams/u\n\t{\"discover\":{\"path\":\"/s\",\"format\":\"nerve\"}}\n"
		     "/s/a owner=7\n\t{\"host\":\"10.0.0.1\",\"port\":80,\"weight\":3}\n"
		     "/s/b owner=8\n\t{\"host\":\"10.0.0.2\",\"port\":80,\"weight\":5}\n";

	drain(w, one, 1);
	see(w, text);
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.0.0.1"), "server 10.0.0.1:80 weight=3");
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.0.0.2"),
			    "server 10.0.0.2:80 weight=5 down");
}

/* --- host names ------------------------------------------------------------------------------ */

static struct name find_name(void *ctx UNUSED, const char *name)
{
	static const char *const two[] = { "10.1.0.1", "10.1.0.2" };

	return strcmp(name, "app") == 0 ? (struct name){ NAME_FOUND, two, 2, NULL }
					: (struct name){ .state = NAME_FAILED };
}

static void a_host_name_drains_all_of_its_addresses_and_an_address_one(void **state)
{
	static const struct names names = { .find = find_name };
	struct drain by_name[] = { { .upstream = "u", .server = "app:80" } };
	struct drain by_address[] = { { .upstream = "u", .server = "10.1.0.2:80" } };
	struct world *w = *state;

	w->names = &names;
	drain(w, by_name, 1);
	see_and_apply(w, U ROOT "/upstreams/u/APP:80 owner=7\n", START);
	assert_string_equal(line(w->good, BUNDLE_HTTP, "10.1.0.1"), "server 10.1.0.1:80 down");
	assert_string_equal(line(w->good, BUNDLE_HTTP, "10.1.0.2"), "server 10.1.0.2:80 down");
	assert_int_equal(w->good->drains.items[0].servers, 2);
	see(w, U); /* held: its name is still known */
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.1.0.2"), "server 10.1.0.2:80 down");
	drain(w, by_address, 1);
	see(w, U ROOT "/upstreams/u/APP:80 owner=7\n");
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.1.0.1"), "server 10.1.0.1:80");
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.1.0.2"), "server 10.1.0.2:80 down");
}

static void drains_of_other_upstreams_and_of_servers_that_are_not_there_do_nothing(void **state)
{
	struct drain drains[] = { { .upstream = "a", .server = "10.0.0.1:80" },
				  { .upstream = "u", .server = "10.0.0.9:80" },
				  { .upstream = "v", .server = "10.0.0.1:80" } };
	struct world *w = *state;

	drain(w, drains, ARRAY_SIZE(drains));
	see(w, U ROOT "/upstreams/u/10.0.0.1:80\n");
	assert_string_equal(line(w->next, BUNDLE_HTTP, "10.0.0.1"), "server 10.0.0.1:80");
	assert_int_equal(w->problems.count, 0);
	assert_int_equal(w->next->drains.count, 1);
	assert_int_equal(w->next->drains.items[0].servers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_drained_server_is_rendered_down),
		TEST(a_server_of_a_stream_is_drained_too),
		TEST(a_server_is_not_down_any_more_when_it_is_undrained),
		TEST(a_deleted_upstream_in_its_last_good_form_is_drained),
		TEST_GUARDED(a_server_that_is_drained_is_not_lost),
		TEST_GUARDED(a_server_that_a_guard_holds_is_drained),
		TEST(a_discovered_server_is_drained_and_the_weights_stay),
		TEST_GUARDED(a_host_name_drains_all_of_its_addresses_and_an_address_one),
		TEST(drains_of_other_upstreams_and_of_servers_that_are_not_there_do_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
