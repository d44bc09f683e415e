/*
 * Templates, defaults and values of the host, on a real ZooKeeper and a real nginx: one template
 * for two sites, an address that only the host's settings know, and what stays served when the
 * template is wrong or gone.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_check.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"

static struct rig_host host;
static int port;

static void set(const char *znode, const char *json)
{
	CLEANUP(freep) char *path = xasprintf(CONFIG "/%s", znode);

	rig_zk_set(host.zk, path, json);
}

/* "$(title)" has bytes that would end a string or a statement. */
static void push_all(void)
{
	set("defaults/site", "{\"listen\":[\"$(vars.address)\"],"
			     "\"headers\":{\"X-Host\":\"$(vars.name)\"}}");
	set("defaults/location", "{\"response_headers\":{\"X-Frame-Options\":\"DENY\"}}");
	set("templates/shop",
	    "{\"server_names\":[\"$(name)\"],\"locations\":["
	    "{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"shop $(title)\"}},"
	    "{\"path\":\"/$(name)/\",\"redirect\":{\"status\":302,\"to\":\"https://$(name)/\"}}]}");
	set("sites/at", "{\"template\":\"shop\",\"with\":{\"name\":\"at.test\","
			"\"title\":\"50 $ off; \\\"now\\\" }\"}}");
	set("sites/de",
	    "{\"template\":\"shop\",\"with\":{\"name\":\"de.test\",\"title\":\"$host\"},"
	    "\"headers\":{\"X-Host\":null,\"X-Own\":\"de\"}}");
}

static void start(void)
{
	CLEANUP(freep)
	char *vars =
		xasprintf("vars = { address = \"127.0.0.1:%d\"; name = \"web1 {;}\"; };\n", port);

	rig_host_settings(&host, vars);
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
}

static bool answers(const char *name, const char *path, int status, const char *text)
{
	const char *body;

	return rig_nginx_get(port, path, name, &body) == status && strstr(body, text);
}

static bool is_changed(const char *name, const char *text)
{
	return rig_host_is(&host, "applied") && answers(name, "/", 200, text);
}

static void sites_of_a_template_have_their_own_values_and_those_of_the_host(void **state UNUSED)
{
	const char *live;

	push_all();
	start();
	rig_host_assert_no_problems(&host);
	assert_true(answers("at.test", "/", 200, "shop 50 $ off; \"now\" }"));
	assert_true(answers("de.test", "/", 200, "shop $host"));
	assert_true(answers("at.test", "/at.test/", 302, ""));
	assert_true(answers("de.test", "/at.test/", 200, "shop $host"));
	live = rig_host_live(&host, "http.conf");
	assert_non_null(strstr(live, "add_header X-Host \"web1 {;}\" always;"));
	assert_non_null(strstr(live, "add_header X-Frame-Options DENY always;"));
	assert_non_null(strstr(live, "add_header X-Own de always;"));
}

static void an_edit_of_a_template_reaches_all_its_sites(void **state UNUSED)
{
	push_all();
	start();
	set("templates/shop",
	    "{\"server_names\":[\"$(name)\"],\"locations\":["
	    "{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"new $(title)\"}}]}");
	eventually(NULL, is_changed("at.test", "new 50 $ off; \"now\" }"));
	assert_true(answers("de.test", "/", 200, "new $host"));
	rig_host_assert_no_problems(&host);
}

static void a_site_whose_template_is_gone_or_wrong_stays_as_it_was(void **state UNUSED)
{
	push_all();
	start();
	rig_zk_delete(host.zk, CONFIG "/templates/shop");
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/at", "field", "previous",
					      "templates/shop"));
	assert_true(answers("at.test", "/", 200, "shop 50 $ off"));
	set("templates/shop",
	    "{\"server_names\":[\"$(name)\"],\"locations\":["
	    "{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"$(title) $(other)\"}}]}");
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/at", "field", "previous",
					      "$(other)"));
	assert_true(answers("de.test", "/", 200, "shop $host"));
	push_all();
	eventually(NULL, rig_host_is_with(&host, "applied", 0));
}

static int setup(void **state UNUSED)
{
	host = (struct rig_host){ 0 };
	rig_host_init(&host, "web1");
	port = rig_port();
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sites_of_a_template_have_their_own_values_and_those_of_the_host),
		TEST(an_edit_of_a_template_reaches_all_its_sites),
		TEST(a_site_whose_template_is_gone_or_wrong_stays_as_it_was),
	};

	return cmocka_run_group_tests_name("templates", tests, NULL, NULL);
}
