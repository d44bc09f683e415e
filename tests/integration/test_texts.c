/*
 * Texts of znodes on a real ZooKeeper and a real nginx: what a visitor receives is, byte for byte,
 * what is in the znode.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_ctl.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define RANDOM 300
#define TEXTS 400

static struct rig_host host;
static int port;
static char *texts[TEXTS]; /* as the visitor is to see them */
static size_t count;

static const char *const corpus[] = {
	"max-age=31536000; includeSubDomains; preload",
	("default-src 'self'; script-src 'self' 'unsafe-inline' https://cdn.example.com; img-src * "
	 "data:"),
	"1; mode=block",
	"a=b; Path=/; HttpOnly; SameSite=Lax; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
	"text/html; charset=utf-8",
	"for=192.0.2.60;proto=http;by=203.0.113.43",
	"{\"status\":\"ok\",\"items\":[{\"a\":\"b\\\"c\"}]}",
	"C:\\new\\table\\",
	"\\",
	"\\\\",
	"\"",
	"'",
	"\"\"",
	"#",
	"a # b",
	"{",
	"}",
	";",
	"${",
	"$host",
	"${host}",
	"$",
	"$$",
	"$1",
	"5 $ and 6$",
	"`id`",
	"tab\there",
	"\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
	"\xe2\x80\xae right to left",
	"x\\t\\n\\r\\x41",
	"server { listen 80; }",
	"*/ // <!-- --> <script>alert(1)</script>",
	"=:,@!~%^&*()[]<>?|+-",
};

static unsigned next_random(void)
{
	static unsigned seed = 7;

	seed = seed * 1103515245 + 12345;
	return seed >> 16;
}

static char *random_text(void)
{
	static const char *const parts[] = { "a", "b", " ", "\"",    "'",   "\\",      ";", "{",
					     "}", "#", "$", "$host", "${h", "\t",      "n", "t",
					     "r", "(", ")", "=",     "%",   "\xc3\xa9" };
	struct buf b = BUF_INIT;
	unsigned size = 1 + next_random() % 12;

	buf_puts(&b, "x"); /* visitors' header values neither begin nor end with a blank */
	for (unsigned i = 0; i < size; i++)
		buf_puts(&b, parts[next_random() % ARRAY_SIZE(parts)]);
	buf_puts(&b, "y");
	return buf_take(&b);
}

/* `$` is `$$` in a znode. */
static char *with_dollars(const char *text)
{
	struct buf b = BUF_INIT;

	for (; *text; text++) {
		if (*text == '$')
			buf_putc(&b, '$');
		buf_putc(&b, *text);
	}
	return buf_take(&b);
}

/* In a path `/` would make a directory of it. */
static char *path_of(size_t i)
{
	char *path = xasprintf("/%zu-%s", i, texts[i]);

	for (char *c = path + 1; *c; c++)
		*c = *c == '/' ? '-' : *c;
	return path;
}

static json_t *location(size_t i)
{
	CLEANUP(freep) char *text = with_dollars(texts[i]), *path = path_of(i);
	CLEANUP(freep) char *escaped = with_dollars(path);
	CLEANUP(freep) char *exact = xasprintf("= %s", escaped);
	CLEANUP(freep) char *lines = xasprintf("%s\n\r\n%s\n", text, text);

	return json_pack("{s:s, s:{s:i, s:s}, s:{s:s}}", "path", exact, "return", "status", 200,
			 "text", lines, "response_headers", "X-Text", text);
}

static void push(void)
{
	json_t *list = json_array(), *site;
	char *text;

	for (size_t i = 0; i < count; i++) {
		json_t *l = location(i);

		assert_non_null(l);
		json_array_append_new(list, l);
	}
	site = json_pack("{s:[i], s:[s], s:o}", "listen", port, "server_names", "texts.test",
			 "locations", list);
	text = json_dumps(site, 0);
	rig_zk_create(host.zk, CONFIG "/sites/texts", text);
	free(text);
	json_decref(site);
}

static void get(size_t i)
{
	CLEANUP(freep) char *path = path_of(i);
	struct buf request = BUF_INIT;

	for (const char *c = path; *c; c++) {
		if (*c == '/')
			buf_putc(&request, '/');
		else
			buf_printf(&request, "%%%02x", (unsigned char)*c);
	}
	if (rig_nginx_get(port, buf_str(&request), "texts.test", NULL) != 200)
		fail_msg("%s: %s", path, rig_nginx_answer());
	buf_fini(&request);
}

static void assert_answers(size_t i)
{
	CLEANUP(freep) char *body = xasprintf("\r\n\r\n%s\n\r\n%s\n", texts[i], texts[i]);
	CLEANUP(freep) char *header = xasprintf("\r\nX-Text: %s\r\n", texts[i]);
	const char *end;

	get(i);
	end = strstr(rig_nginx_answer(), "\r\n\r\n");
	if (!end || strcmp(end, body) != 0)
		fail_msg("\"%s\": the body is %s", texts[i], end);
	if (!strstr(rig_nginx_answer(), header))
		fail_msg("\"%s\": the header is not in %s", texts[i], rig_nginx_answer());
}

static void what_is_in_the_znode_is_what_the_visitor_gets(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(corpus); i++)
		texts[count++] = xstrdup(corpus[i]);
	for (size_t i = 0; i < RANDOM; i++)
		texts[count++] = random_text();
	push();
	rig_host_start(&host);
	rig_host_assert_no_problems(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_host_assert_no_problems(&host);
	for (size_t i = 0; i < count; i++)
		assert_answers(i);
}

/* --- variables ------------------------------------------------------------------------------- */

static void push_site(const char *name, const char *locations)
{
	CLEANUP(freep)
	char *json =
		xasprintf("{\"listen\":[\"%d\"],\"server_names\":[\"%s.test\"],\"locations\":[%s]}",
			  port, name, locations);
	CLEANUP(freep) char *path = xasprintf(CONFIG "/sites/%s", name);

	rig_zk_set(host.zk, path, json);
}

static void push_answer(const char *name, const char *text)
{
	CLEANUP(freep)
	char *location =
		xasprintf("{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"%s\"}}", text);

	push_site(name, location);
}

static bool answers(const char *name, const char *path, const char *body)
{
	CLEANUP(freep) char *server = xasprintf("%s.test", name);
	const char *got;

	return rig_nginx_get(port, path, server, &got) == 200 && strcmp(got, body) == 0;
}

static bool has_problem(const char *words)
{
	return rig_host_has_problem(&host, CONFIG "/sites/user", "field", "previous", words);
}

static void push_more(void)
{
	CLEANUP(freep)
	char *text = xasprintf("map $uri $taste { default sweet; }\n"
			       "server { listen 127.0.0.1:%d; set $set_there 1; return 404; }\n",
			       rig_port());

	rig_zk_set(host.zk, CONFIG "/snippets/http/more", text);
}

static void variables_are_those_that_others_define(void **state UNUSED)
{
	rig_zk_set(host.zk, CONFIG "/snippets/http/maps",
		   "map $arg_n $tier { default none; ~^(?<Number>[0-9]+)$ $number; }\n"
		   "geo $home { default away; 127.0.0.0/8 home; }\n");
	push_answer("user", "${TIER} $Home $args $$tier");
	rig_host_start(&host);
	rig_host_assert_no_problems(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_host_assert_no_problems(&host);
	assert_true(answers("user", "/?n=42", "42 home n=42 $tier"));
	assert_true(answers("user", "/?n=x", "none home n=x $tier"));

	push_answer("user", "$teir");
	eventually(NULL, has_problem("uses $teir") && has_problem("is it $tier?"));
	assert_true(has_problem("locations[0].return.text") || has_problem("nginx.conf"));
	assert_true(answers("user", "/?n=7", "7 home n=7 $tier"));

	/* a new snippet and a new use in one push */
	push_answer("user", "$taste-$set_there");
	push_more();
	eventually(NULL, answers("user", "/", "sweet-"));
	eventually(NULL, rig_host_problem_count(&host) == 0);
}

/* Here as on the host: what the daemon says, lint and the dry run say. */
static void assert_lint_says(const char *text, const char *words)
{
	CLEANUP(freep)
	char *tree = xasprintf(CONFIG
			       "\n" CONFIG "/sites\n" CONFIG "/sites/new\n\t{\"listen\":[\"%d\"],"
			       "\"locations\":[{\"path\":\"/\",\"return\":{\"status\":200,\"text\":"
			       "\"%s\"}}]}\n",
			       port, text);
	const char *options[] = { NULL, "--no-nginx" };

	rig_write(rig_path("new.txt"), "%s", tree);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct rig_ctl_result r = rig_ctl(host.settings, "lint", "--tree",
						  rig_path("new.txt"), options[i], NULL);

		rig_ctl_assert_code(&r, words ? 1 : 0);
		if (words)
			assert_says(r.out, words);
	}
}

static void lint_and_the_dry_run_know_what_nginx_conf_defines(void **state UNUSED)
{
	char *output;

	host.nginx.http_text = "map $arg_n $of_the_host { default host; }\n";
	rig_nginx_configure(&host.nginx);
	push_answer("user", "x");
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_lint_says("$Of_The_Host", NULL);
	assert_lint_says("$of_the_hots", "is it $of_the_host?");
	rig_host_stop_daemon(&host, SIGTERM);

	push_answer("user", "$of_the_host");
	assert_int_equal(rig_host_run(&host, &output, "--dry-run", NULL), 0);
	assert_says(output, "+        return 200 $of_the_host;");
	assert_says(output, "nginx -t accepts it");
	push_answer("user", "$of_the_hots");
	assert_int_equal(rig_host_run(&host, &output, "--dry-run", NULL), 0);
	assert_says(output, "is it $of_the_host?");

	/* a daemon that has not read nginx.conf yet */
	push_answer("user", "$of_the_host");
	rig_host_start_daemon(&host);
	eventually(NULL, answers("user", "/", "host"));
	eventually(NULL, rig_host_problem_count(&host) == 0);
	push_answer("user", "$of_the_hots");
	eventually(NULL, has_problem("is it $of_the_host?"));
}

/* --- the type of an answer -------------------------------------------------------------------- */

/* The answer has one Content-Type, which is this one; NULL: it has none. */
static void assert_type(const char *name, const char *path, int status, const char *type)
{
	CLEANUP(freep) char *server = xasprintf("%s.test", name);
	CLEANUP(freep) char *line = type ? xasprintf("\r\nContent-Type: %s\r\n", type) : NULL;
	size_t types = 0;

	if (rig_nginx_get(port, path, server, NULL) != status)
		fail_msg("%s: %s", path, rig_nginx_answer());
	for (const char *s = rig_nginx_answer(); (s = strcasestr(s, "\r\ncontent-type:")); s++)
		types++;
	if (types != (type ? 1 : 0) || (line && !strstr(rig_nginx_answer(), line)))
		fail_msg("%s: %s", path, rig_nginx_answer());
}

static void push_backend(int at)
{
	CLEANUP(freep)
	char *text = xasprintf("server { listen 127.0.0.1:%d; default_type application/backend;\n"
			       "location / { return 200 x; } location /none { return 404 x; } }\n",
			       at);
	CLEANUP(freep) char *server = xasprintf(CONFIG "/upstreams/app/127.0.0.1:%d", at);

	rig_zk_set(host.zk, CONFIG "/snippets/http/backend", text);
	rig_zk_set(host.zk, server, "");
	rig_zk_set(host.zk, CONFIG "/upstreams/dead/127.0.0.1:1", "");
}

static void a_type_of_an_answer_replaces_that_of_nginx(void **state UNUSED)
{
#define TYPE(value) "\"response_headers\":{\"content-TYPE\":\"" value "\",\"X-Other\":\"1\"}"
	push_backend(rig_port());
	push_site(
		"types",
		"{\"path\":\"/text.html\",\"return\":{\"status\":200,\"text\":\"x\"}," TYPE(
			"text/plain; charset=utf-8") "},"
						     "{\"path\":\"/"
						     "args.html\",\"return\":{\"status\":418,"
						     "\"text\":\"x\"}," TYPE(
							     "text/$arg_t") "},"
									    "{\"path\":\"/"
									    "error\",\"return\":{"
									    "\"status\":404}," TYPE(
										    "a/b") "},"
											   "{\"path"
											   "\":\"/"
											   "moved\""
											   ",\"redi"
											   "rect\":"
											   "{\"stat"
											   "us\":"
											   "302,"
											   "\"to\":"
											   "\"/"
											   "x\"}"
											   "," TYPE(
												   "a/b") "},"
													  "{\"path\":\"/none\",\"return\":{\"status\":200,\"text\":\"x\"}," TYPE(
														  "") "},"
														      "{\"path\":\"/proxy\",\"proxy\":\"app\"," TYPE(
															      "a/$arg_t$$") "},"
																	    "{\"path\":\"/none/proxy\",\"proxy\":\"app\"," TYPE(
																		    "a/$arg_t$$") "},"
																				  "{\"path\":\"/dead\",\"proxy\":\"dead\"," TYPE(
																					  "a/c") "}");
	rig_host_start(&host);
	rig_host_assert_no_problems(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_host_assert_no_problems(&host);
	assert_type("types", "/text.html", 200, "text/plain; charset=utf-8");
	assert_type("types", "/args.html?t=css", 418, "text/css");
	assert_type("types", "/error", 404, "text/html");
	assert_type("types", "/moved", 302, "text/html");
	assert_type("types", "/none", 200, NULL);
	assert_type("types", "/proxy?t=b", 200, "a/b$");
	assert_type("types", "/none/proxy?t=b", 404, "a/b$");
	assert_type("types", "/dead", 502, "text/html");
	assert_non_null(strstr(rig_nginx_answer(), "\r\nX-Other: 1\r\n"));
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
	while (count)
		free(texts[--count]);
	rig_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_in_the_znode_is_what_the_visitor_gets,
						setup, teardown),
		cmocka_unit_test_setup_teardown(variables_are_those_that_others_define, setup,
						teardown),
		cmocka_unit_test_setup_teardown(lint_and_the_dry_run_know_what_nginx_conf_defines,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_type_of_an_answer_replaces_that_of_nginx, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("texts", tests, NULL, NULL);
}
