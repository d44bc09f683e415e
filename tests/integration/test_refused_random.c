/*
 * Two hundred random pushes, good and bad, over a live configuration: no live object is ever lost,
 * every good one goes live, and every bad one has a problem.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"
#define PUSHES 200
#define LIVE 8
#define SLOTS 24

/* Objects that nginx refuses, alone or with the live ones; all pass the policy. */
static const char *const wrong[] = {
	"client_body_timeout never;\n",
	"map $uri $x { default 1; default 2; }\n",
	"limit_req_zone $uri zone=z:10m rate=fast;\n",
	"server { listen 127.0.0.1:1; location / { proxy_pass http://nowhere.invalid; } }\n",
	"log_format f $unknown_variable_of_nobody;\n",
	"upstream v { }\n",
	"client_max_body_size 9m;\n", /* exists already */
	"server { listen 127.0.0.1:1 default_server; listen 127.0.0.1:1; }\n",
	"geo $g { default 0; 10.0.0.0/99 1; }\n",
	"split_clients $uri $s { 70% a; 70% b; }\n",
};

enum slot { EMPTY, GOOD_SITE, GOOD_SNIPPET, BAD_SNIPPET };

static struct rig_host host;
static int port;
static enum slot slots[SLOTS];
static unsigned served;
static uint32_t seed;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG "/snippets/http", NULL);
	rig_zk_create(host.zk, CONFIG "/sites", NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static size_t below(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static const char *site_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), CONFIG "/sites/%s", name);
	return path;
}

static const char *snippet_path(size_t slot)
{
	static char path[128];

	snprintf(path, sizeof(path), CONFIG "/snippets/http/s%02zu", slot);
	return path;
}

static void push_site(const char *name)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"server_names\":[\"%s.test\"],\"locations\":[{"
		 "\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
		 port, name, name);
	rig_zk_set(host.zk, site_path(name), json);
}

static const char *slot_name(size_t slot)
{
	static char name[16];

	snprintf(name, sizeof(name), "n%zu", slot);
	return name;
}

static bool answers(const char *name)
{
	char server[64];
	const char *body;

	snprintf(server, sizeof(server), "%s.test", name);
	return rig_nginx_get(port, "/", server, &body) == 200 && strcmp(body, name) == 0;
}

static void live_serve(void)
{
	char name[16];

	for (size_t i = 0; i < LIVE; i++) {
		snprintf(name, sizeof(name), "live%zu", i);
		if (!answers(name))
			fail_msg("%s does not answer, after %u requests", name, served);
		served++;
	}
}

/* --- pushes ---------------------------------------------------------------------------------- */

static void clear(size_t slot)
{
	if (slots[slot] == GOOD_SITE)
		rig_zk_delete(host.zk, site_path(slot_name(slot)));
	else if (slots[slot] != EMPTY)
		rig_zk_delete(host.zk, snippet_path(slot));
	slots[slot] = EMPTY;
}

static void push_snippet(size_t slot, enum slot kind)
{
	char text[256];

	if (slots[slot] == GOOD_SITE)
		clear(slot);
	snprintf(text, sizeof(text), "map $uri $good%zu { default %zu; }\n", slot, below(1000));
	rig_zk_set(host.zk, snippet_path(slot),
		   kind == GOOD_SNIPPET ? text : wrong[below(ARRAY_SIZE(wrong))]);
	slots[slot] = kind;
}

static void push(void)
{
	size_t slot = below(SLOTS);

	switch (below(4)) {
	case 0:
		clear(slot);
		break;
	case 1:
		clear(slot);
		push_site(slot_name(slot));
		slots[slot] = GOOD_SITE;
		break;
	case 2:
		push_snippet(slot, GOOD_SNIPPET);
		break;
	default:
		push_snippet(slot, BAD_SNIPPET);
	}
}

/* --- the end --------------------------------------------------------------------------------- */

static bool is_as_it_should_be(size_t slot)
{
	switch (slots[slot]) {
	case GOOD_SITE:
		return answers(slot_name(slot));
	case GOOD_SNIPPET:
		return strstr(rig_host_live(&host, "http.conf"), snippet_path(slot));
	case BAD_SNIPPET:
		return rig_host_has_problem(&host, snippet_path(slot), "nginx", "absent", "") ||
		       rig_host_has_problem(&host, snippet_path(slot), "nginx", "previous", "") ||
		       rig_host_has_problem(&host, snippet_path(slot), "field", "absent", "") ||
		       rig_host_has_problem(&host, snippet_path(slot), "field", "previous", "");
	default:
		return !strstr(rig_host_live(&host, "http.conf"), snippet_path(slot));
	}
}

static bool all_are_as_they_should_be(void)
{
	live_serve();
	for (size_t i = 0; i < SLOTS; i++) {
		if (!is_as_it_should_be(i))
			return false;
	}
	return true;
}

static void no_live_object_is_ever_lost(void **state UNUSED)
{
	char name[16];

	seed = getenv("REFUSED_SEED") ? (uint32_t)strtoul(getenv("REFUSED_SEED"), NULL, 10)
				      : 20261128;
	rig_zk_set(host.zk, CONFIG "/snippets/http/live", "client_max_body_size 3m;\n");
	for (size_t i = 0; i < LIVE; i++) {
		snprintf(name, sizeof(name), "live%zu", i);
		push_site(name);
	}
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied") && answers("live0"));
	for (unsigned i = 0; i < PUSHES; i++) {
		push();
		live_serve();
		if (i % 10 == 9)
			eventually(NULL, all_are_as_they_should_be());
	}
	eventually(NULL, all_are_as_they_should_be());
	for (size_t i = 0; i < SLOTS; i++)
		clear(i);
	eventually(NULL, rig_host_problem_count(&host) == 0 && rig_host_is(&host, "applied"));
	live_serve();
	print_message("%d pushes, %u requests, %ld runs of nginx -t, %ld reloads\n", PUSHES, served,
		      rig_host_status_number(&host, "nginx.tests"),
		      rig_host_status_number(&host, "nginx.reloads"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_live_object_is_ever_lost, setup, teardown),
	};

	return cmocka_run_group_tests_name("refused_random", tests, NULL, NULL);
}
