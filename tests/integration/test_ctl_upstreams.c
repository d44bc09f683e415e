/* zknginxctl upstreams and sites, with a real ZooKeeper, a real nginx and a daemon. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_ctl.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define OVERRIDES "/nginx/cluster/overrides"
#define CURATOR(id, port)                                                                          \
	"{\"name\":\"orders\",\"id\":\"" id "\",\"address\":\"127.0.0.1\",\"port\":" port          \
	",\"serviceType\":\"DYNAMIC\"}"

static int set_up(void **state)
{
	struct rig_host *h = xcalloc(1, sizeof(*h));

	rig_host_init(h, "web1");
	h->session_timeout = "20s"; /* it is a member all the time */
	rig_host_settings(h, "guard: { window = \"1m\"; };\n");
	rig_zk_create(h->zk, CONFIG, NULL);
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct rig_host *h = *state;

	rig_host_fini(h);
	rig_clean();
	free(h);
	return 0;
}

#define ctl(h, ...) rig_ctl((h)->settings, __VA_ARGS__, NULL)

static void put_orders(struct rig_host *h)
{
	rig_zk_create(h->zk, CONFIG "/upstreams/orders",
		      "{\"discover\":{\"path\":\"/services/orders\",\"format\":\"curator\"},"
		      "\"balance\":\"least_conn\"}");
	rig_zk_create(h->zk, CONFIG "/upstreams/orders/127.0.0.1:7001", "weight=5 max_conns=9");
	rig_zk_create(h->zk, "/services/orders/i1", CURATOR("i1", "7002"));
	rig_zk_create(h->zk, "/services/orders/i2", CURATOR("i2", "99999999"));
}

/* --- upstreams ------------------------------------------------------------------------------- */

static void each_server_says_where_it_comes_from(void **state)
{
	struct rig_host *h = *state;
	struct rig_ctl_result r;
	json_t *j, *server;

	put_orders(h);
	r = ctl(h, "upstreams", "orders");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "discovers 1 server at /services/orders (curator)");
	assert_says(r.out, "znode " CONFIG "/upstreams/orders/127.0.0.1:7001");
	assert_says(r.out, "curator /services/orders/i1");
	assert_says(r.out, "max_conns=9");
	assert_says(r.out, "\"i2\" has the port 99999999");
	assert_says(r.out, "left out at /services/orders: 1 registration: \"i2\" has the port");
	assert_says(r.out, "no host reports it");
	assert_says(r.out, "This is what ZooKeeper has now");
	r = ctl(h, "upstreams", "orders", "--json");
	j = rig_ctl_json(&r);
	assert_string_equal(rig_json_keys(j),
			    "balance check discover down drained drains held_on name "
			    "problems protocol server_count servers slow_start usable znode");
	server = json_array_get(json_object_get(j, "servers"), 1);
	assert_string_equal(
		rig_json_keys(server),
		"backup checks discover down drained ephemeral fail_timeout format max_conns "
		"max_fails name ramps server tls weight znode");
	assert_string_equal(rig_json_text(server, "server"), "127.0.0.1:7002");
	assert_string_equal(rig_json_text(server, "format"), "curator");
	server = json_array_get(json_object_get(j, "discover"), 0);
	assert_string_equal(rig_json_keys(server),
			    "format ignored left_out left_out_why path servers");
	json_decref(j);
}

static void the_list_has_every_upstream_and_names_the_unusable(void **state)
{
	struct rig_host *h = *state;
	struct rig_ctl_result r;
	json_t *j;

	put_orders(h);
	rig_zk_create(h->zk, CONFIG "/upstreams/broken", "{\"balance\": 3}");
	r = ctl(h, "upstreams");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "1 znode, 1 curator");
	assert_says(r.out, CONFIG "/upstreams/broken cannot be used");
	r = ctl(h, "upstreams", "--json");
	j = rig_ctl_json(&r);
	assert_int_equal(json_array_size(j), 2);
	assert_string_equal(rig_json_keys(json_array_get(j, 0)),
			    "balance check discover down drained held_on name problems protocol "
			    "server_count slow_start usable znode");
	assert_true(json_is_false(json_object_get(json_array_get(j, 0), "usable")));
	json_decref(j);
	r = ctl(h, "upstreams", "broken");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "balance: expected a string");
	r = ctl(h, "upstreams", "nosuch");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "no upstream \"nosuch\"");
}

static void what_a_guard_holds_is_known_from_the_hosts(void **state)
{
	struct rig_host *h = *state;
	struct rig_zk *services = rig_zk_connect(rig_zookeeper_hosts(h->zookeeper));
	struct rig_ctl_result r;

	rig_zk_create(h->zk, CONFIG "/upstreams/app", NULL);
	for (int i = 0; i < 4; i++) {
		char path[128];

		snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:700%d", i);
		rig_zk_create_ephemeral(services, path, NULL);
	}
	rig_host_start(h);
	r = ctl(h, "upstreams", "app");
	assert_says(r.out, "(ephemeral)");
	rig_zk_close(services);
	eventually(NULL, rig_host_is(h, "held"));
	eventually(NULL,
		   (r = ctl(h, "upstreams", "app"), strstr(r.out, "The guard holds servers")));
	assert_says(r.out, "on 1 of 1 host");
	assert_says(r.out, "zknginxctl confirm app");
	r = ctl(h, "upstreams");
	assert_says(r.out, "on 1 host");
	r = ctl(h, "status");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "held");
}

static void a_refusal_of_the_hosts_is_told_with_their_names(void **state)
{
	struct rig_host *h = *state;
	struct rig_ctl_result r;

	put_orders(h);
	rig_host_start(h);
	/* the first reports may be from before nginx runs it, and before the services were read */
	eventually(NULL, (r = ctl(h, "upstreams", "orders"),
			  strstr(r.out, "1 of 1 host runs this config") &&
				  strstr(r.out, "reported on 1 of 1 host") &&
				  strstr(r.out, "1 host reports the same number, 0 another")));
}

static void a_drained_server_is_shown(void **state)
{
	struct rig_host *h = *state;
	struct rig_ctl_result r;
	json_t *j;

	put_orders(h);
	rig_zk_create(h->zk, OVERRIDES "/orders",
		      "{\"drain\": {\"127.0.0.1:7001\": \"2099-01-01T00:00:00Z\", "
		      "\"10.9.9.9:80\": null}}");
	r = ctl(h, "upstreams", "orders");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "127.0.0.1:7001 until 2099-01-01T00:00:00Z");
	assert_says(r.out, "10.9.9.9:80 (it is not among the servers now)");
	r = ctl(h, "upstreams", "orders", "--json");
	j = rig_ctl_json(&r);
	assert_int_equal(json_integer_value(json_object_get(j, "drained")), 1);
	assert_int_equal(json_array_size(json_object_get(j, "drains")), 2);
	assert_string_equal(rig_json_keys(json_array_get(json_object_get(j, "drains"), 0)),
			    "server servers until");
	json_decref(j);
}

/* --- sites ----------------------------------------------------------------------------------- */

static void a_site_is_shown_with_all_that_it_does(void **state)
{
	struct rig_host *h = *state;
	struct rig_ctl_result r;
	json_t *j, *location;

	put_orders(h);
	rig_zk_create(
		h->zk, CONFIG "/sites/shop",
		"{\"listen\": [\"127.0.0.1:8080\"], \"server_names\": [\"shop.example.com\"],"
		" \"locations\": [{\"path\": \"/\", \"proxy\": \"orders\","
		" \"timeouts\": {\"read\": \"3s\"}},"
		" {\"path\": \"/old/\", \"redirect\": {\"status\": 301, \"to\": \"/new/\"}}]}");
	rig_zk_create(h->zk, CONFIG "/sites/wrong", "{");
	r = ctl(h, "sites");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "shop.example.com");
	assert_says(r.out, "/ → orders, /old/ → 301 /new/");
	assert_says(r.out, CONFIG "/sites/wrong cannot be used");
	r = ctl(h, "sites", "shop");
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "timeouts.read          3s");
	r = ctl(h, "sites", "wrong");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "line 1");
	r = ctl(h, "sites", "nosuch");
	rig_ctl_assert_code(&r, 1);
	r = ctl(h, "sites", "shop", "--json");
	j = rig_ctl_json(&r);
	assert_string_equal(rig_json_keys(j),
			    "config default listen locations name problems protocol "
			    "proxy server_names tls usable znode");
	location = json_array_get(json_object_get(j, "locations"), 0);
	assert_string_equal(rig_json_keys(location), "kind path to upstream");
	assert_string_equal(rig_json_text(location, "upstream"), "orders");
	assert_string_equal(rig_json_keys(json_array_get(json_object_get(j, "listen"), 0)),
			    "address implied options ssl");
	json_decref(j);
	r = ctl(h, "sites", "--json");
	j = rig_ctl_json(&r);
	assert_int_equal(json_array_size(j), 2);
	assert_string_equal(rig_json_keys(json_array_get(j, 0)),
			    "default listen locations name problems protocol proxy server_names "
			    "tls usable znode");
	json_decref(j);
}

/* --- all ------------------------------------------------------------------------------------- */

static void text_of_znodes_cannot_steer_the_terminal(void **state)
{
	struct rig_host *h = *state;
	static const char *const lines[][2] = { { "upstreams", "evil" },
						{ "upstreams", NULL },
						{ "sites", "evil" },
						{ "sites", NULL } };

	rig_zk_create(h->zk, CONFIG "/upstreams/evil", "{\"\x1b[2Jbalance\": \"\x1b]0;x\x07\"}");
	rig_zk_create(h->zk, CONFIG "/upstreams/evil/127.0.0.1:80", "\x1b[31m");
	rig_zk_create(h->zk, CONFIG "/sites/evil", "{\"\\u001b[2J\": \"\\u001b]0;x\\u0007\"}");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct rig_ctl_result r = ctl(h, lines[i][0], lines[i][1]);

		assert_null(strchr(r.out, '\x1b'));
		assert_null(strchr(r.err, '\x1b'));
	}
}

static void without_zookeeper_nothing_is_shown(void **state)
{
	struct rig_host *h = *state;
	static const char *const commands[] = { "upstreams", "sites", "members", "problems" };

	rig_zookeeper_kill(h->zookeeper);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct rig_ctl_result r = ctl(h, commands[i], "--timeout", "300ms");

		rig_ctl_assert_code(&r, 3);
		assert_string_equal(r.out, "");
		assert_says(r.err, "does not answer");
	}
}

static void what_cannot_be_read_is_not_known(void **state)
{
	struct rig_host *h = *state;
	struct rig_zk *owner = rig_zk_connect(rig_zookeeper_hosts(h->zookeeper));
	struct rig_ctl_result r;

	rig_host_start(h);
	rig_zk_auth(owner, "digest", "ops:secret");
	rig_zk_create(owner, "/nginx/cluster/reports/closed", "{\"state\": \"applied\"}");
	rig_zk_restrict(owner, "/nginx/cluster/reports/closed", true);
	r = ctl(h, "status");
	rig_ctl_assert_code(&r, 3);
	assert_says(r.out, "/nginx/cluster/reports/closed: ");
	r = ctl(h, "problems");
	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "/nginx/cluster/reports/closed: ");
	r = ctl(h, "upstreams");
	assert_says(r.out, "Not every host is known: /nginx/cluster/reports/closed: ");
	rig_zk_close(owner);
}

#define MANY 2000

static void two_thousand_upstreams_are_listed(void **state)
{
	struct rig_host *h = *state;
	struct rig_ctl_result r;
	json_t *j;

	rig_zk_create(h->zk, CONFIG "/upstreams", NULL);
	for (int i = 0; i < MANY; i++) {
		char path[128];

		snprintf(path, sizeof(path), CONFIG "/upstreams/u%04d/127.0.0.1:7001", i);
		rig_zk_create(h->zk, path, NULL);
	}
	r = ctl(h, "upstreams", "--json");
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_int_equal(json_array_size(j), MANY);
	json_decref(j);
	r = ctl(h, "status");
	rig_ctl_assert_code(&r, 1);
	assert_says(r.out, "no daemon has been started");
}

#define upstream_test(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

/* Upstreams that cannot be read are not missing ones. */
static void a_config_that_is_unreadable_is_no_empty_config(void **state)
{
	struct rig_host *h = *state;
	static const char *const commands[] = { "upstreams", "sites" };
	struct rig_ctl_result r;

	rig_zk_create(h->zk, CONFIG "/upstreams", NULL);
	rig_zk_auth(h->zk, "digest", "alice:secret");
	rig_zk_restrict(h->zk, CONFIG "/upstreams", true);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		r = ctl(h, commands[i]);
		rig_ctl_assert_code(&r, 1);
		assert_non_null(strstr(r.err, CONFIG "/upstreams: "));
	}
	r = ctl(h, "drain", "shop", "10.0.0.1:80");
	rig_ctl_assert_code(&r, 1);
	assert_null(strstr(r.err, "the config has no upstream"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		upstream_test(each_server_says_where_it_comes_from),
		upstream_test(the_list_has_every_upstream_and_names_the_unusable),
		upstream_test(what_a_guard_holds_is_known_from_the_hosts),
		upstream_test(a_refusal_of_the_hosts_is_told_with_their_names),
		upstream_test(a_drained_server_is_shown),
		upstream_test(a_config_that_is_unreadable_is_no_empty_config),
		upstream_test(a_site_is_shown_with_all_that_it_does),
		upstream_test(text_of_znodes_cannot_steer_the_terminal),
		upstream_test(without_zookeeper_nothing_is_shown),
		upstream_test(what_cannot_be_read_is_not_known),
		upstream_test(two_thousand_upstreams_are_listed),
	};

	return cmocka_run_group_tests_name("zknginxctl upstreams", tests, NULL, NULL);
}
