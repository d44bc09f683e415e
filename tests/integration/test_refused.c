/*
 * Objects that nginx itself refuses, on a real ZooKeeper and a real nginx: what is live stays, the
 * problem names the newcomer, everything else goes live, and so does a newcomer that is
 * corrected.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_check.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"

static struct rig_host host;
static int port;
static unsigned served; /* requests that the live site has answered */

static int setup(void **state UNUSED)
{
	host = (struct rig_host){ 0 };
	rig_host_init(&host, "web1");
	port = rig_port();
	served = 0;
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* A site of that name on the test's port, which answers its name. */
static void push_site(const char *name, const char *more)
{
	char path[256], json[1024];

	snprintf(path, sizeof(path), CONFIG "/sites/%s", name);
	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"server_names\":[\"%s.test\"]%s,\"locations\":[{"
		 "\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
		 port, name, more, name);
	rig_zk_set(host.zk, path, json);
}

static void push_snippet(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIG "/snippets/http/%s", name);
	rig_zk_set(host.zk, path, text);
}

static bool answers(const char *name)
{
	char server[128];
	const char *body;

	snprintf(server, sizeof(server), "%s.test", name);
	return rig_nginx_get(port, "/", server, &body) == 200 && strcmp(body, name) == 0;
}

/* A site whose answer may have variables. */
static void push_painted(const char *text)
{
	char json[1024];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"server_names\":[\"painted.test\"],\"locations\":"
		 "[{"
		 "\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
		 port, text);
	rig_zk_set(host.zk, CONFIG "/sites/painted", json);
}

static bool is_painted(const char *text)
{
	const char *body;

	return rig_nginx_get(port, "/", "painted.test", &body) == 200 && strcmp(body, text) == 0;
}

static void live_serves(void)
{
	if (!answers("live"))
		fail_msg("the live site does not answer, after %u requests", served);
	served++;
}

/* At some time, while the live site answers every request. */
#define at_last(condition)                                                                         \
	do {                                                                                       \
		uint64_t begun_ = rig_now();                                                       \
		while (!(condition)) {                                                             \
			live_serves();                                                             \
			if (rig_now() > begun_ + RIG_PATIENCE)                                     \
				fail_msg("never came true: %s", #condition);                       \
			rig_pause(NULL);                                                           \
		}                                                                                  \
	} while (0)

static void start(void)
{
	push_site("live", "");
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied") && answers("live"));
}

static bool is_refused(const char *znode, const char *serving, const char *words)
{
	return rig_host_has_problem(&host, znode, "nginx", serving, words);
}

static bool is_clean(void)
{
	return rig_host_is(&host, "applied") && rig_host_problem_count(&host) == 0;
}

static bool is_live_text(const char *words)
{
	const char *text = rig_host_live(&host, "http.conf");

	return text && strstr(text, words);
}

/* --- the newcomer loses ---------------------------------------------------------------------- */

static void a_directive_that_is_taken_refuses_the_newcomer(void **state UNUSED)
{
	push_snippet("z-limits", "client_max_body_size 20m;\n");
	start();
	push_snippet("a-team", "client_max_body_size 5m;\n");
	push_site("other", "");
	at_last(answers("other"));
	at_last(is_refused(CONFIG "/snippets/http/a-team", "absent", "client_max_body_size"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	assert_true(is_live_text("client_max_body_size 20m;"));
	push_snippet("a-team", "client_body_timeout 5s;\n");
	at_last(is_clean() && is_live_text("client_body_timeout 5s;"));
}

static void of_two_newcomers_in_one_push_the_rest_goes_live(void **state UNUSED)
{
	rig_zk_create(host.zk, CONFIG "/snippets/http", "");
	start();
	rig_zk_send_create(host.zk, CONFIG "/snippets/http/one", "client_max_body_size 1m;\n");
	rig_zk_send_create(host.zk, CONFIG "/snippets/http/two", "client_max_body_size 2m;\n");
	rig_zk_send_create(host.zk, CONFIG "/snippets/http/bad", "client_body_timeout never;\n");
	assert_int_equal(rig_zk_drain(host.zk), 0);
	push_site("other", "");
	at_last(answers("other"));
	at_last(is_refused(CONFIG "/snippets/http/two", "absent", "duplicate"));
	at_last(is_refused(CONFIG "/snippets/http/bad", "absent", "client_body_timeout"));
	assert_true(is_live_text("client_max_body_size 1m;"));
	assert_int_equal(rig_host_problem_count(&host), 2);
}

static void a_change_that_removes_a_needed_definition_is_refused_itself(void **state UNUSED)
{
	push_snippet("vars", "map $uri $colour { default blue; }\n");
	push_snippet("user", "map $colour $shade { default dark; blue light; }\n");
	start();
	push_snippet("vars", "map $uri $taste { default sweet; }\n");
	push_site("other", "");
	at_last(answers("other"));
	at_last(is_refused(CONFIG "/snippets/http/vars", "previous", "colour"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	rig_zk_delete(host.zk, CONFIG "/snippets/http/vars");
	at_last(is_refused(CONFIG "/snippets/http/vars", "previous", "deleted"));
	assert_true(is_live_text("$colour {"));
	push_snippet("user", "map $uri $shade { default dark; }\n");
	at_last(!is_live_text("$colour") && is_clean());
}

/* A typed site uses what the snippet defines: the site stays, also against its deletion. */
static void a_change_that_removes_a_variable_of_a_site_is_refused_itself(void **state UNUSED)
{
	push_snippet("vars", "map $uri $colour { default blue; }\n");
	push_painted("$colour");
	start();
	assert_true(is_painted("blue"));
	push_snippet("vars", "map $uri $taste { default sweet; }\n");
	push_site("other", "");
	at_last(answers("other"));
	at_last(is_refused(CONFIG "/snippets/http/vars", "previous", "colour"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	/* a change of the site elsewhere goes live; it is not the newcomer */
	push_painted("a $Colour");
	at_last(is_painted("a blue"));
	rig_zk_delete(host.zk, CONFIG "/snippets/http/vars");
	at_last(is_refused(CONFIG "/snippets/http/vars", "previous", "deleted"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	push_painted("none");
	at_last(!is_live_text("$colour") && is_clean() && is_painted("none"));
}

/* "sites/new": its name is longer than a bucket of nginx's hash. */
static void push_long_site(const char *upstream)
{
	char json[1024];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"server_names\":[\"ec2-52-10-27-203-staging-blue-"
		 "0123456789.us-west-2.compute.internal.example-company.com\"],\"locations\":[{"
		 "\"path\":\"/\",\"proxy\":\"%s\"}]}",
		 port, upstream);
	rig_zk_set(host.zk, CONFIG "/sites/new", json);
}

/* A service is pushed, with one part that nginx refuses. */
static void a_long_name_does_not_keep_its_upstream_out(void **state UNUSED)
{
	start();
	rig_zk_create(host.zk, CONFIG "/upstreams/new/127.0.0.1:1", "");
	push_long_site("new");
	push_site("other", "");
	at_last(answers("other"));
	at_last(is_refused(CONFIG "/sites/new", "absent", "server_names_hash"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	assert_true(is_live_text("upstream new {"));
	/* the operator's addition to nginx.conf is noticed at once */
	push_snippet("names", "server_names_hash_bucket_size 128;\n");
	at_last(is_clean() && is_live_text("ec2-52-10"));
}

static void an_object_that_needs_an_upstream_comes_back_with_it(void **state UNUSED)
{
	char text[512];

	start();
	snprintf(text, sizeof(text),
		 "server { listen 127.0.0.1:%d; server_name early.test; location / { proxy_pass "
		 "http://late; } }\n",
		 port);
	push_snippet("early", text);
	at_last(is_refused(CONFIG "/snippets/http/early", "absent", "late"));
	rig_zk_create(host.zk, CONFIG "/upstreams/late/127.0.0.1:1", "");
	at_last(is_clean() && is_live_text("early.test"));
}

static bool says_rig(void)
{
	const char *body;

	return rig_nginx_get(port, "/", "moved.test", &body) == 200 && strcmp(body, "rig") == 0;
}

/* Deleted as an upstream znode and defined again in a snippet, while a site uses it. */
static void an_upstream_that_is_used_is_not_taken_over(void **state UNUSED)
{
	char text[512];

	snprintf(text, sizeof(text), CONFIG "/upstreams/moved/127.0.0.1:%d", host.nginx.port);
	rig_zk_create(host.zk, text, "");
	snprintf(text, sizeof(text),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"server_names\":[\"moved.test\"],\"locations\":[{"
		 "\"path\":\"/\",\"proxy\":\"moved\"}]}",
		 port);
	rig_zk_set(host.zk, CONFIG "/sites/moved", text);
	start();
	eventually(NULL, says_rig());
	rig_zk_delete_all(host.zk, CONFIG "/upstreams/moved");
	push_snippet("moved", "upstream moved { server 127.0.0.1:1; }\n");
	at_last(rig_host_has_problem(&host, CONFIG "/snippets/http/moved", "field", "absent",
				     "moved"));
	assert_true(says_rig());
	at_last(rig_host_has_problem(&host, CONFIG "/sites/moved", "field", "previous",
				     "was deleted"));
	assert_true(says_rig());
}

/* Debian's nginx.conf has "gzip on;", and the word may be a value in a site. */
static void a_directive_of_nginx_conf_refuses_the_newcomer(void **state UNUSED)
{
	host.nginx.http_tail = "gzip on;";
	rig_nginx_configure(&host.nginx);
	rig_zk_create(host.zk, CONFIG "/upstreams/up/127.0.0.1:1", "");
	rig_zk_set(host.zk, CONFIG "/sites/zip",
		   "{\"listen\":[\"127.0.0.1:1\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"up\","
		   "\"request_headers\":{\"Accept-Encoding\":\"gzip\"}}]}");
	start();
	push_snippet("g", "gzip on;\n");
	push_site("other", "");
	at_last(answers("other"));
	at_last(is_refused(CONFIG "/snippets/http/g", "absent", "gzip"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	assert_true(is_live_text("Accept-Encoding"));
	rig_zk_delete(host.zk, CONFIG "/snippets/http/g");
	at_last(is_clean());
}

/* --- a cold start ---------------------------------------------------------------------------- */

#define OBJECTS 1500

/* Ten kinds of errors that only nginx finds. */
static const char *const wrong[] = {
	"client_body_timeout never;\n",
	"map $uri $x { default 1; default 2; }\n",
	"limit_req_zone $uri zone=z:10m rate=fast;\n",
	"server { listen 127.0.0.1:1; location / { proxy_pass http://nowhere.invalid; } }\n",
	"log_format f $unknown_variable_of_nobody;\n",
	"server_names_hash_max_size many;\n",
	"upstream u { server 127.0.0.1:1; keepalive -1; }\n",
	"upstream v { }\n",
	"geo $g { default 0; 10.0.0.0/99 1; }\n",
	"split_clients $uri $s { 70% a; 70% b; }\n",
};

static void bad_znodes_do_not_keep_the_good_ones_from_a_cold_start(void **state UNUSED)
{
	char path[128];

	rig_zk_create(host.zk, CONFIG "/snippets/http", "");
	rig_zk_create(host.zk, CONFIG "/upstreams/big", "");
	for (size_t i = 0; i < OBJECTS; i++) {
		snprintf(path, sizeof(path), CONFIG "/upstreams/big/10.0.%zu.%zu:80", i / 250,
			 i % 250);
		rig_zk_send_create(host.zk, path, "");
	}
	for (size_t i = 0; i < 2 * ARRAY_SIZE(wrong); i++) {
		snprintf(path, sizeof(path), CONFIG "/snippets/http/wrong-%zu", i);
		rig_zk_send_create(host.zk, path, wrong[i / 2]);
	}
	assert_int_equal(rig_zk_drain(host.zk), 0);
	push_site("live", "");
	push_long_site(
		"big"); /* nginx does not name the object for this error; the older one stays */
	rig_host_start(&host);
	eventually(NULL, answers("live"));
	at_last(rig_host_problem_count(&host) == 2 * ARRAY_SIZE(wrong) + 1 &&
		rig_host_is(&host, "degraded"));
	assert_true(is_live_text("server 10.0.5.249:80;"));
	assert_false(is_live_text("wrong"));
}

/* --- objects that are not the cause ----------------------------------------------------------- */

static void replace_in_config(const char *text)
{
	host.nginx.main_text = text;
	rig_nginx_configure(&host.nginx);
}

static void a_broken_nginx_conf_blames_no_znode(void **state UNUSED)
{
	start();
	replace_in_config("oops;\n");
	push_site("other", "");
	rig_zk_create(host.zk, CONFIG "/upstreams/new/127.0.0.1:1", "");
	at_last(rig_host_has_alert(&host, "nginx-test-fails"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	push_site("third", "");
	at_last(rig_host_is(&host, "rejected"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	replace_in_config(NULL);
	at_last(answers("other"));
	at_last(answers("third"));
	at_last(is_clean());
	at_last(!rig_host_has_alert(&host, "nginx-test-fails"));
}

static void a_test_that_hangs_blames_no_znode(void **state UNUSED)
{
	char *fifo = rig_path("hangs.conf"), text[256];

	host.nginx_settings = "test_timeout = \"1s\";";
	rig_host_settings(&host, NULL);
	snprintf(text, sizeof(text), "include %s;", fifo);
	start();
	assert_int_equal(mkfifo(fifo, 0644), 0);
	replace_in_config(text);
	push_site("other", "");
	at_last(rig_host_has_alert(&host, "nginx-test-fails"));
	assert_int_equal(rig_host_problem_count(&host), 0);
	unlink(fifo);
	replace_in_config(NULL);
	at_last(answers("other") && is_clean());
}

/* --- nginx runs what it could not load again -------------------------------------------------- */

static void push_tls_site(const char *name, const char *certificate, const char *key)
{
	char path[256], json[2048];

	snprintf(path, sizeof(path), CONFIG "/sites/%s", name);
	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d ssl\"],\"server_names\":[\"%s.test\"],\"tls\":{"
		 "\"certificate\":\"%s\",\"key\":\"%s\"},\"locations\":[{\"path\":\"/\","
		 "\"return\":{\"status\":200,\"text\":\"%s\"}}]}",
		 rig_port(), name, certificate, key, name);
	rig_zk_set(host.zk, path, json);
}

static void set_lost_ground(const char *settings)
{
	host.nginx_settings = settings;
	rig_host_settings(&host, NULL);
	if (!host.daemon)
		return;
	kill(host.daemon, SIGHUP);
	at_last(strstr(rig_read(host.log), "settings read again"));
}

static void a_lost_certificate_is_named_and_others_move_after_a_while(void **state UNUSED)
{
	char *certificate = rig_path("lost.crt"), *key = rig_path("lost.key");
	char *aside = rig_path("aside.crt");

	rig_check_certificate(certificate, key);
	set_lost_ground("lost_ground = \"1h\";");
	push_tls_site("secret", certificate, key);
	start();
	assert_int_equal(rename(certificate, aside), 0);
	push_site("other", "");
	at_last(is_refused(CONFIG "/sites/secret", "previous", "lost.crt"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	assert_true(is_live_text("secret.test"));
	assert_false(is_live_text("other.test")); /* it waits */
	assert_int_equal(rename(aside, certificate), 0);
	at_last(answers("other") && is_clean());
	/* the while counts from when the loss is found */
	set_lost_ground("lost_ground = \"1s\";");
	assert_int_equal(rename(certificate, aside), 0);
	push_site("third", "");
	at_last(answers("third"));
	at_last(is_refused(CONFIG "/sites/secret", "absent", "lost.crt"));
	assert_false(is_live_text("secret.test"));
	assert_int_equal(rename(aside, certificate), 0);
	at_last(is_live_text("secret.test") && is_clean());
}

static void a_lost_certificate_that_comes_back_in_time_changes_nothing(void **state UNUSED)
{
	char *certificate = rig_path("lost.crt"), *key = rig_path("lost.key");
	char *aside = rig_path("aside.crt");

	rig_check_certificate(certificate, key);
	push_tls_site("secret", certificate, key);
	start();
	assert_int_equal(rename(certificate, aside), 0);
	push_site("other", "");
	at_last(is_refused(CONFIG "/sites/secret", "previous", "lost.crt"));
	assert_int_equal(rename(aside, certificate), 0);
	at_last(answers("other") && is_clean());
	assert_true(is_live_text("secret.test"));
}

/* Names of this test's own, which nginx and the daemon resolve. */
static void set_names(const char *names)
{
	rig_write(rig_path("hosts"), "127.0.0.1 localhost %s\n", names);
}

static void a_name_that_does_not_resolve_blames_its_znode_until_it_does(void **state UNUSED)
{
	char text[256];

	if (!rig_is_alone())
		skip();
	set_names("some.name");
	assert_int_equal(mount(rig_path("hosts"), "/etc/hosts", NULL, MS_BIND, NULL), 0);
	set_lost_ground("lost_ground = \"2s\";");
	snprintf(text, sizeof(text),
		 "server { listen 127.0.0.1:%d; location / { proxy_pass http://some.name:%d; } }\n",
		 rig_port(), port);
	push_snippet("up", text);
	start();
	set_names("");
	push_site("other", "");
	at_last(answers("other"));
	at_last(is_refused(CONFIG "/snippets/http/up", "absent", "some.name"));
	set_names("some.name");
	at_last(is_live_text("some.name"));
	at_last(is_clean());
	umount2("/etc/hosts", MNT_DETACH);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_directive_that_is_taken_refuses_the_newcomer),
		TEST(of_two_newcomers_in_one_push_the_rest_goes_live),
		TEST(a_change_that_removes_a_needed_definition_is_refused_itself),
		TEST(a_change_that_removes_a_variable_of_a_site_is_refused_itself),
		TEST(a_long_name_does_not_keep_its_upstream_out),
		TEST(an_object_that_needs_an_upstream_comes_back_with_it),
		TEST(an_upstream_that_is_used_is_not_taken_over),
		TEST(a_directive_of_nginx_conf_refuses_the_newcomer),
		TEST(bad_znodes_do_not_keep_the_good_ones_from_a_cold_start),
		TEST(a_broken_nginx_conf_blames_no_znode),
		TEST(a_test_that_hangs_blames_no_znode),
		TEST(a_lost_certificate_is_named_and_others_move_after_a_while),
		TEST(a_lost_certificate_that_comes_back_in_time_changes_nothing),
		TEST(a_name_that_does_not_resolve_blames_its_znode_until_it_does),
	};

	return cmocka_run_group_tests_name("refused", tests, NULL, NULL);
}
