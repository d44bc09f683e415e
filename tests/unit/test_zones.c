/* zones: the shared memory that upstreams have by default. */
#include <stdlib.h>

#include <zknginx/bundle.h>

#include "compose_fixture.h"
#include "core/compose/zones.h"
#include "core/render/render.h"

static struct bundle *rendered(const struct model *m)
{
	const struct render_options options = { .log_directory = "/l", .cache_directory = "/c" };

	return render(m, &options);
}

static void assert_line(const struct world *w, enum bundle_file file, const char *line, bool there)
{
	CLEANUP(bundle_unrefp) struct bundle *b = rendered(w->next);

	if (!strstr(bundle_text(b, file)->data, line) == there)
		fail_msg("\"%s\" is %sin:\n%s", line, there ? "not " : "",
			 bundle_text(b, file)->data);
}

/* An upstream "u" of this policy, with so many servers. */
static void see_servers(struct world *w, const char *policy_text, unsigned servers)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_printf(&text, ROOT "/upstreams/u\n\t%s\n", policy_text);
	for (unsigned i = 0; i < servers; i++)
		buf_printf(&text, ROOT "/upstreams/u/10.%u.%u.%u:80\n", i >> 16, i >> 8 & 255,
			   i & 255);
	see(w, buf_str(&text));
}

static size_t size_of(const struct world *w)
{
	return model_upstream(w->next, "u")->zone_size;
}

static void an_upstream_has_a_zone_by_default(void **state)
{
	struct world *w = *state;

	see_servers(w, "{}", 2);
	assert_line(w, BUNDLE_HTTP, "    zone upstream/u 64k;\n", true);
	see_servers(w, "{\"protocol\":\"stream\"}", 2);
	assert_line(w, BUNDLE_STREAM, "    zone upstream/u 64k;\n", true);
	see_servers(w, "{\"balance\":\"hash $uri consistent\"}", 1000);
	assert_line(w, BUNDLE_HTTP, "    zone upstream/u 4m;\n", true);
}

static void zone_off_is_no_zone(void **state)
{
	struct world *w = *state;

	see_servers(w, "{\"zone\":\"off\"}", 2);
	assert_int_equal(w->problems.count, 0);
	assert_line(w, BUNDLE_HTTP, "zone", false);
}

static void a_zone_of_the_policy_keeps_its_name_and_size(void **state)
{
	struct world *w = *state;

	see_servers(w, "{\"zone\":\"32k\"}", 2);
	assert_line(w, BUNDLE_HTTP, "    zone u 32k;\n", true);
}

/* Some modules keep servers in a form that nginx cannot copy into a zone. */
static void a_balancing_method_of_another_vendor_gets_no_zone(void **state)
{
	static const struct policy any = { .level = POLICY_ALL };
	struct world *w = *state;

	w->policy = &any;
	see_servers(w, "{\"directives\":[\"fair weight_mode=peak;\"]}", 2);
	assert_int_equal(w->problems.count, 0);
	assert_line(w, BUNDLE_HTTP, "fair", true);
	assert_line(w, BUNDLE_HTTP, "zone", false);
	see_servers(w, "{\"directives\":[\"keepalive_time 1h;\"],\"keepalive\":4}", 2);
	assert_line(w, BUNDLE_HTTP, "zone", true);
}

static void a_new_zone_has_room_for_twice_the_servers(void **state UNUSED)
{
	for (size_t n = 0; n < 200000; n += 1 + n / 7) {
		size_t size = zone_size_for(n);

		assert_int_equal(size & (size - 1), 0);
		assert_true(size >= (64 << 10) && size >= 2 * n * 1126);
		assert_true(size == 64 << 10 || size / 2 < 2 * n * 1152 + (16 << 10));
	}
	assert_int_equal(zone_size_for(1000000), 0);
}

/* At each step the sizes of a new zone differ, and the zone that is there keeps its own. */
static void servers_that_come_and_go_do_not_change_the_size(void **state)
{
	struct world *w = *state;
	size_t size;

	see_servers(w, "{}", 20);
	size = size_of(w);
	apply(w);
	for (unsigned n = 21; n <= 34; n++) {
		see_servers(w, "{}", n);
		assert_int_equal(size_of(w), size);
		apply(w);
		see_servers(w, "{}", n - 20);
		assert_int_equal(size_of(w), size);
		apply(w);
	}
}

static void a_zone_grows_before_it_is_full(void **state)
{
	struct world *w = *state;

	see_servers(w, "{}", 20);
	assert_int_equal(size_of(w), 64 << 10);
	apply(w);
	see_servers(w, "{}", 40);
	assert_int_equal(size_of(w), 128 << 10);
	apply(w);
	see_servers(w, "{}", 1000);
	assert_int_equal(size_of(w), 4 << 20);
}

static void a_zone_shrinks_when_it_is_far_too_large(void **state)
{
	struct world *w = *state;

	see_servers(w, "{}", 1000);
	apply(w);
	see_servers(w, "{}", 200);
	assert_int_equal(size_of(w), 4 << 20);
	apply(w);
	see_servers(w, "{}", 2);
	assert_int_equal(size_of(w), 64 << 10);
}

static void the_size_survives_a_restart_of_the_daemon(void **state)
{
	struct world *w = *state;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	CLEANUP(model_freep) struct model *good = NULL;
	const struct bundle_text *http;

	see_servers(w, "{}", 1000);
	apply(w);
	see_servers(w, "{}", 200);
	b = rendered(w->next);
	apply(w);
	good = compose_accepted(w->accepted, ROOT, &policy, NULL);
	assert_int_equal(model_upstream(good, "u")->zone_size, 512 << 10);
	http = bundle_text(b, BUNDLE_HTTP);
	zones_adopt(good, http->data, http->size);
	assert_int_equal(model_upstream(good, "u")->zone_size, 4 << 20);
}

static void what_is_no_zone_of_ours_is_not_adopted(void **state)
{
	static const char text[] =
		"    zone upstream/v 8m;\n    zone upstream/u 8x;\n"
		"    zone upstream/u\n    zone upstream/u 99999999999999999999k;\n"
		"zone upstream/u 8m;\n    zone upstream/u 8m";
	struct world *w = *state;

	see_servers(w, "{}", 2);
	zones_adopt(w->next, text, sizeof(text) - 1);
	assert_int_equal(size_of(w), 64 << 10);
}

/* nginx has one set of names for all zones. */
static void a_zone_of_a_snippet_may_have_the_name_of_an_upstream(void **state)
{
	struct world *w = *state;

	see(w,
	    ROOT "/upstreams/u\n" ROOT "/upstreams/u/10.0.0.1:80\n" ROOT
		 "/snippets/http/s\n\tlimit_req_zone $binary_remote_addr zone=u:1m rate=1r/s;\n");
	assert_int_equal(w->problems.count, 0);
	assert_int_equal(w->next->snippet_count, 1);
	see(w, ROOT "/upstreams/u\n" ROOT "/upstreams/u/10.0.0.1:80\n" ROOT
		    "/snippets/http/s\n\tlimit_req_zone $binary_remote_addr zone=upstream/u:1m "
		    "rate=1r/s;\n");
	assert_int_equal(w->problems.count, 1);
	assert_int_equal(w->next->snippet_count + w->next->upstream_count, 1);
}

static void an_nginx_without_zones_gets_none(void **state)
{
	const struct render_options options = { .log_directory = "/l",
						.cache_directory = "/c",
						.lacks_zones = { [PROTOCOL_HTTP] = true } };
	struct world *w = *state;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	see(w,
	    ROOT "/upstreams/u\n" ROOT "/upstreams/u/10.0.0.1:80\n" ROOT
		 "/upstreams/v\n\t{\"protocol\":\"stream\"}\n" ROOT "/upstreams/v/10.0.0.1:80\n");
	b = render(w->next, &options);
	assert_null(strstr(bundle_text(b, BUNDLE_HTTP)->data, "zone"));
	assert_non_null(strstr(bundle_text(b, BUNDLE_STREAM)->data, "zone upstream/v 64k;"));
}

static void there_is_a_limit_of_zones(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (unsigned i = 0; i <= ZONES_MOST; i++)
		buf_printf(&text, ROOT "/upstreams/u%05u\n" ROOT "/upstreams/u%05u/10.0.0.1:80\n",
			   i, i);
	see(w, buf_str(&text));
	assert_true(w->next->upstreams[ZONES_MOST - 1]->zone_size);
	assert_false(w->next->upstreams[ZONES_MOST]->zone_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_upstream_has_a_zone_by_default),
		TEST(zone_off_is_no_zone),
		TEST(a_zone_of_the_policy_keeps_its_name_and_size),
		TEST(a_balancing_method_of_another_vendor_gets_no_zone),
		TEST(a_new_zone_has_room_for_twice_the_servers),
		TEST(servers_that_come_and_go_do_not_change_the_size),
		TEST(a_zone_grows_before_it_is_full),
		TEST(a_zone_shrinks_when_it_is_far_too_large),
		TEST(the_size_survives_a_restart_of_the_daemon),
		TEST(what_is_no_zone_of_ours_is_not_adopted),
		TEST(a_zone_of_a_snippet_may_have_the_name_of_an_upstream),
		TEST(an_nginx_without_zones_gets_none),
		TEST(there_is_a_limit_of_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
