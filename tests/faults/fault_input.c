/* Bad input: B1 … B12; and W2, a writer that does not stop. */
#include <stdlib.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "ground.h"

static void set_site(struct ground *g, const char *name, const char *json)
{
	char path[6000];

	snprintf(path, sizeof(path), FAULT_CONFIG "/sites/%s", name);
	rig_zk_set(g->host.zk, path, json);
}

static void delete_site(struct ground *g, const char *name)
{
	char path[6000];

	snprintf(path, sizeof(path), FAULT_CONFIG "/sites/%s", name);
	rig_zk_delete(g->host.zk, path);
}

/* Each input becomes a problem of site "bad" and changes nothing. */
static void refuses_each(struct ground *g, const char *const *inputs, size_t count)
{
	fault(g);
	for (size_t i = 0; i < count; i++) {
		set_site(g, "bad", inputs[i]);
		ground_edit(g);
		eventually(NULL, ground_serves(g));
		eventually(NULL, rig_host_problem_count(&g->host) > 0);
		if (strstr(rig_host_live(&g->host, "http.conf"), "PWNED"))
			fail_msg("this went into nginx's configuration: %s", inputs[i]);
		delete_site(g, "bad");
		eventually(NULL, rig_host_problem_count(&g->host) == 0);
	}
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "%zu inputs; ", count);
}
#define REFUSES_EACH(g, inputs) refuses_each(g, inputs, ARRAY_SIZE(inputs))

#define SITE(names, path)                                                                          \
	"{\"listen\":[\"127.0.0.1:1\"],\"server_names\":[\"" names                                 \
	"\"],\"locations\":[{\"path\":\"" path "\",\"return\":{\"status\":404}}]}"

static void metacharacters_in_typed_fields(struct ground *g)
{
	static const char *const inputs[] = {
		SITE("a;PWNED", "/"),    SITE("a{PWNED", "/"),   SITE("a}PWNED", "/"),
		SITE("a\\nPWNED", "/"),  SITE("a\\rPWNED", "/"), SITE("a\\u0000PWNED", "/"),
		SITE("a\\\"PWNED", "/"), SITE("a'PWNED", "/"),   SITE("a#PWNED", "/"),
		SITE("a PWNED", "/"),    SITE("$PWNED", "/"),    SITE("a\\\\PWNED", "/"),
		SITE("a", "/$PWNED"),    SITE("a", "/\\nPWNED"), SITE("a", "/\\u0000PWNED"),
	};

	REFUSES_EACH(g, inputs);
}

static void invalid_utf8(struct ground *g)
{
	static const char *const inputs[] = {
		SITE("a\xffPWNED", "/"),
		SITE("a\xc0\xafPWNED", "/"),
		SITE("a\xe2\x80\xaePWNED", "/"),
		SITE("a\xef\xbc\x8ePWNED", "/"),
	};

	REFUSES_EACH(g, inputs);
}

static char *nested(size_t depth)
{
	char *text = xcalloc(1, depth + 32);

	memset(text, '[', depth);
	return text;
}

static void malformed_json(struct ground *g)
{
	char *deep = nested(100000);
	const char *const inputs[] = {
		"{\"listen\":[\"80\"",
		"{\"listen\":[\"80\"],\"listen\":[\"81\"]}",
		deep,
		"{\"listen\":[\"80\"],\"locations\":1e400}",
		"NaN",
		"{\"listen\":[NaN]}",
		"[]",
		"\"PWNED\"",
	};

	REFUSES_EACH(g, inputs);
	free(deep);
}

static void empty_data(struct ground *g)
{
	static const char *const inputs[] = { "", " ", "null", "{}" };

	REFUSES_EACH(g, inputs);
}

static void hostile_names(struct ground *g)
{
	char *long_name = xcalloc(1, 5001);
	const char *const names[] = {
		"-rf", "*",    "$(id)", "a\\b", "%2e%2e%2fPWNED",
		"a;b", "a{b}", "a b",   "`id`", long_name,
	};

	memset(long_name, 'x', 5000);
	fault(g);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		set_site(g, names[i], SITE("some.name", "/"));
	ground_edit(g);
	eventually(NULL, ground_serves(g));
	detects(g, rig_host_problem_count(&g->host) > 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		delete_site(g, names[i]);
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "%zu names; ", ARRAY_SIZE(names));
	free(long_name);
}

static void two_sites_of_one_name(struct ground *g)
{
	fault(g);
	set_site(g, "one", SITE("same.name", "/"));
	eventually(NULL, strstr(rig_host_live(&g->host, "http.conf"), "same.name"));
	set_site(g, "two", SITE("same.name", "/"));
	detects(g, rig_host_has_problem(&g->host, FAULT_CONFIG "/sites/two", "clash", "absent",
					"one") ||
			   rig_host_problem_count(&g->host) == 1);
	delete_site(g, "two");
	delete_site(g, "one");
	heals(g);
	recovers_with_an_edit(g);
}

static void refuses_snippets(struct ground *g, const char *const *texts, size_t count)
{
	fault(g);
	for (size_t i = 0; i < count; i++) {
		rig_zk_set(g->host.zk, FAULT_CONFIG "/snippets/http/bad", texts[i]);
		eventually(NULL, rig_host_problem_count(&g->host) > 0);
		ground_edit(g);
		eventually(NULL, ground_serves(g));
		rig_zk_delete(g->host.zk, FAULT_CONFIG "/snippets/http/bad");
		eventually(NULL, rig_host_problem_count(&g->host) == 0);
	}
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "%zu snippets; ", count);
}

static void snippets_with_the_effect_of_root(struct ground *g)
{
	static const char *const texts[] = {
		"access_log /etc/cron.d/x;\n", "proxy_cache_path /etc keys_zone=x:1m;\n",
		"load_module x.so;\n",         "ssl_engine x;\n",
		"include /etc/shadow;\n",      "init_by_lua_block { os.execute('id') }\n",
	};

	refuses_snippets(g, texts, ARRAY_SIZE(texts));
	assert_int_not_equal(access("/etc/cron.d/x", F_OK), 0);
}

static void a_line_break_in_a_comment(struct ground *g)
{
	static const char *const texts[] = { "# x\nload_module x.so;\n",
					     "# x\r\nload_module x.so;\n",
					     "# x\rload_module x.so;\nuser root;\n" };

	refuses_snippets(g, texts, ARRAY_SIZE(texts));
}

/* They have registered themselves: an operator who deletes a server means it. */
static void put_servers(struct ground *g, int count)
{
	char path[128];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), FAULT_CONFIG "/upstreams/app/127.0.0.1:%d", 1001 + i);
		rig_zk_create_ephemeral(g->host.zk, path, NULL);
	}
	eventually(NULL, strstr(rig_host_live(&g->host, "http.conf"), "127.0.0.1:1001"));
	eventually(NULL, rig_host_is(&g->host, "applied"));
}

static void delete_servers(struct ground *g, int from, int to)
{
	char path[128];

	for (int i = from; i < to; i++) {
		snprintf(path, sizeof(path), FAULT_CONFIG "/upstreams/app/127.0.0.1:%d", 1001 + i);
		rig_zk_send_delete(g->host.zk, path);
	}
	assert_int_equal(rig_zk_drain(g->host.zk), 0);
}

static void put_app(struct ground *g, int servers)
{
	rig_zk_create(g->host.zk, FAULT_CONFIG "/upstreams/app", "");
	put_servers(g, servers);
	set_site(
		g, "app",
		"{\"listen\":[\"127.0.0.1:1\"],\"server_names\":[\"app\"],\"locations\":[{\"path\":"
		"\"/\",\"proxy\":\"app\"}]}");
	eventually(NULL, strstr(rig_host_live(&g->host, "http.conf"), "proxy_pass"));
}

static void the_last_server_leaves(struct ground *g)
{
	put_app(g, 2);
	fault(g);
	delete_servers(g, 0, 2);
	detects(g, rig_host_is(&g->host, "held") || rig_host_problem_count(&g->host) > 0);
	assert_non_null(strstr(rig_host_live(&g->host, "http.conf"), "127.0.0.1:100"));
	put_servers(g, 2);
	heals(g);
	recovers_with_an_edit(g);
}

static void most_servers_leave(struct ground *g)
{
	put_app(g, 20);
	fault(g);
	delete_servers(g, 0, 15);
	detects(g, rig_host_is(&g->host, "held") && rig_host_has_alert(&g->host, "config-held"));
	put_servers(g, 15);
	heals(g);
	recovers_with_an_edit(g);
}

static void variables(struct ground *g)
{
	static const char *const inputs[] = {
		SITE("$ssl_client_raw_cert", "/"),
		SITE("a", "/$ssl_client_raw_cert"),
		"{\"listen\":[\"127.0.0.1:$server_port\"],\"locations\":[{\"path\":\"/\","
		"\"return\":{\"status\":404}}]}",
	};

	REFUSES_EACH(g, inputs);
}

static void a_thousand_updates_a_second(struct ground *g)
{
	uint64_t until = rig_now() + 10 * USEC_PER_SEC;
	unsigned writes = 0;

	fault(g);
	while (rig_now() < until) {
		char path[128], data[32];

		snprintf(path, sizeof(path), FAULT_CONFIG "/upstreams/w%u/127.0.0.1:80",
			 writes % 50);
		snprintf(data, sizeof(data), "weight=%u", 1 + writes % 90);
		if (writes < 50)
			rig_zk_create(g->host.zk, path, data);
		else
			rig_zk_send_set(g->host.zk, path, data);
		if (++writes % 10 == 0)
			rig_wait(NULL, 8000);
	}
	assert_int_equal(rig_zk_drain(g->host.zk), 0);
	heals(g);
	notes(g, "%u writes in 10 s, %u reloads; ", writes, ground_reloads(g));
	assert_true(ground_reloads(g) < 110);
	recovers_with_an_edit(g);
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("B1", "metacharacters in typed fields", metacharacters_in_typed_fields),
		FAULT_CASE("B2", "invalid UTF-8, look-alikes", invalid_utf8),
		FAULT_CASE("B3", "malformed JSON", malformed_json),
		FAULT_CASE("B4", "empty data", empty_data),
		FAULT_CASE("B5", "hostile names of znodes", hostile_names),
		FAULT_CASE("B6", "two sites of one name", two_sites_of_one_name),
		FAULT_CASE("B7", "snippets with the effect of root",
			   snippets_with_the_effect_of_root),
		FAULT_CASE("B9", "a line break in a comment", a_line_break_in_a_comment),
		FAULT_CASE("B10", "the last server leaves", the_last_server_leaves),
		FAULT_CASE("B11", "most servers leave at once", most_servers_leave),
		FAULT_CASE("B12", "variables in values", variables),
		FAULT_CASE("W2", "1,000 updates a second", a_thousand_updates_a_second),
	};

	return fault_run(cases, ARRAY_SIZE(cases));
}
