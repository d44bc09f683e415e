/*
 * Typed sites on a real ZooKeeper and a real nginx: where a field has a trap, what a visitor gets.
 */
#include "rig.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_check.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"

static struct rig_host host;
static int port;
static char *last; /* the last answer */

/* A server of nginx that answers with its name and the request that it has got. */
static void push_backend(const char *name)
{
	int at = rig_port();
	CLEANUP(freep)
	char *text = xasprintf("server { listen 127.0.0.1:%d; server_name localhost;\n"
			       "add_header Access-Control-Allow-Origin backend;\n"
			       "location / { return 200 \"%s $request_method $request_uri\"; } }\n",
			       at, name);
	CLEANUP(freep) char *snippet = xasprintf(CONFIG "/snippets/http/%s", name);
	CLEANUP(freep) char *server = xasprintf(CONFIG "/upstreams/%s/127.0.0.1:%d", name, at);

	rig_zk_set(host.zk, snippet, text);
	rig_zk_set(host.zk, server, "");
}

static void push_site(const char *fields)
{
	CLEANUP(freep)
	char *json =
		xasprintf("{\"listen\":[%d],\"server_names\":[\"sites.test\"],%s}", port, fields);

	rig_zk_set(host.zk, CONFIG "/sites/site", json);
}

static void start(void)
{
	rig_host_start(&host);
	rig_host_assert_no_problems(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_host_assert_no_problems(&host);
}

static int connect_to(int to)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)to) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail_msg("port %d: %m", to);
	return fd;
}

/* Sends it with these further header lines; `last` is the answer. */
static void ask(const char *method, const char *path, const char *headers)
{
	CLEANUP(freep)
	char *request = xasprintf("%s %s HTTP/1.1\r\nHost: sites.test\r\nConnection: "
				  "close\r\n%s\r\n",
				  method, path, headers);
	CLEANUP(buf_fini) struct buf answer = BUF_INIT;
	char part[4096];
	int fd = connect_to(port);
	ssize_t n;

	assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_put(&answer, part, (size_t)n);
	close(fd);
	free(last);
	last = xstrdup(buf_str(&answer));
}

static void assert_has(const char *text)
{
	if (!strstr(last, text))
		fail_msg("\"%s\" is not in\n%s", text, last);
}

static void assert_has_not(const char *text)
{
	if (strstr(last, text))
		fail_msg("\"%s\" is in\n%s", text, last);
}

static void headers_of_a_site_stay_where_a_location_adds_its_own(void **state UNUSED)
{
	push_site("\"headers\":{\"X-Frame-Options\":\"DENY\",\"X-Site\":\"a; b\"},"
		  "\"locations\":["
		  "{\"path\":\"/\",\"return\":{\"status\":404,\"text\":\"x\"}},"
		  "{\"path\":\"/own\",\"return\":{\"status\":200,\"text\":\"x\"},"
		  "\"response_headers\":{\"X-Own\":\"1\",\"x-frame-options\":\"SAMEORIGIN\"}},"
		  "{\"path\":\"/none\",\"return\":{\"status\":200,\"text\":\"x\"},"
		  "\"response_headers\":{\"X-Site\":\"\"}}]");
	start();
	ask("GET", "/", "");
	assert_has("HTTP/1.1 404 ");
	assert_has("\r\nX-Frame-Options: DENY\r\n");
	assert_has("\r\nX-Site: a; b\r\n");
	ask("GET", "/own", "");
	assert_has("\r\nX-Own: 1\r\n");
	assert_has("\r\nX-Site: a; b\r\n");
	assert_has("\r\nx-frame-options: SAMEORIGIN\r\n");
	assert_has_not("DENY");
	ask("GET", "/none", "");
	assert_has("\r\nX-Frame-Options: DENY\r\n");
	assert_has_not("X-Site");
}

static void a_path_in_proxy_takes_the_place_of_the_locations(void **state UNUSED)
{
	push_backend("echo");
	push_site("\"locations\":[{\"path\":\"/api/\",\"proxy\":\"echo/\"},"
		  "{\"path\":\"/v1/\",\"proxy\":\"echo/internal/v1/\"},"
		  "{\"path\":\"/re/\",\"proxy\":\"echo\",\"rewrite\":[{\"from\":\"^/re(/.*)$\","
		  "\"to\":\"$1\",\"flag\":\"break\"}]},"
		  "{\"path\":\"/\",\"proxy\":\"echo\"}]");
	start();
	ask("GET", "/api/a/b?c=d", "");
	assert_has("echo GET /a/b?c=d");
	ask("GET", "/v1/x", "");
	assert_has("echo GET /internal/v1/x");
	ask("GET", "/re/y?z", "");
	assert_has("echo GET /y?z");
	ask("GET", "/api../x", "");
	assert_has("echo GET /api../x");
}

#define ORIGIN "Origin: https://app.example.com\r\n"
#define PREFLIGHT "Access-Control-Request-Method: PUT\r\n"

static void other_origins_are_answered_as_browsers_expect(void **state UNUSED)
{
	push_backend("echo");
	push_site(
		"\"headers\":{\"X-Site\":\"1\"},\"locations\":[{\"path\":\"/\",\"proxy\":\"echo\","
		"\"access\":{\"deny\":\"all\"},"
		"\"cors\":{\"origins\":[\"https://app.example.com\",\"https://*.example.org\"],"
		"\"credentials\":true,\"methods\":[\"PUT\"],\"max_age\":60}},"
		"{\"path\":\"/open\",\"proxy\":\"echo\",\"cors\":{\"origins\":["
		"\"https://app.example.com\",\"https://*.example.org\"],\"credentials\":true}}]");
	start();
	ask("OPTIONS", "/", ORIGIN PREFLIGHT);
	assert_has("HTTP/1.1 204 ");
	assert_has("\r\nAccess-Control-Allow-Origin: https://app.example.com\r\n");
	assert_has("\r\nAccess-Control-Allow-Credentials: true\r\n");
	assert_has("\r\nAccess-Control-Allow-Methods: PUT\r\n");
	assert_has("\r\nAccess-Control-Max-Age: 60\r\n");
	ask("OPTIONS", "/", "Origin: https://evil.example\r\n" PREFLIGHT);
	assert_has_not("Access-Control-Allow-Origin");
	ask("OPTIONS", "/", "Origin: https://example.org.evil.example\r\n" PREFLIGHT);
	assert_has_not("Access-Control-Allow-Origin");
	ask("OPTIONS", "/open", ORIGIN);
	assert_has("echo OPTIONS /open");
	ask("GET", "/open", "Origin: https://a.b.example.org\r\n");
	assert_has("\r\nAccess-Control-Allow-Origin: https://a.b.example.org\r\n");
	assert_has("\r\nX-Site: 1\r\n");
	assert_has("\r\nVary: Origin\r\n");
	assert_has_not("backend");
	ask("GET", "/", ORIGIN);
	assert_has("HTTP/1.1 403 ");
	assert_has("\r\nAccess-Control-Allow-Origin: https://app.example.com\r\n");
}

/* Which of the backends answers this client? */
static bool is_canary(unsigned client)
{
	CLEANUP(freep) char *path = xasprintf("/half?c=%u", client);

	ask("GET", path, "");
	if (!strstr(last, "canary GET"))
		assert_has("stable GET");
	return strstr(last, "canary GET");
}

static void a_split_goes_by_header_then_cookie_then_percent(void **state UNUSED)
{
	unsigned canaries = 0;

	push_backend("stable");
	push_backend("canary");
	push_site("\"locations\":[{\"path\":\"/\",\"proxy\":\"stable\",\"split\":{\"to\":["
		  "{\"proxy\":\"canary\",\"cookie\":\"try=yes\",\"header\":\"X-Try: yes\"}]}},"
		  "{\"path\":\"/half\",\"proxy\":\"stable\",\"split\":{\"key\":\"$arg_c\",\"to\":["
		  "{\"proxy\":\"canary\",\"percent\":50}]}}]");
	start();
	ask("GET", "/a?b", "");
	assert_has("stable GET /a?b");
	ask("GET", "/a?b", "X-Try: yes\r\n");
	assert_has("canary GET /a?b");
	ask("GET", "/", "X-Try: http://127.0.0.1:1\r\n");
	assert_has("stable GET /");
	ask("GET", "/", "Cookie: x=1; try=yes\r\n");
	assert_has("canary GET /");
	for (unsigned i = 0; i < 64; i++) {
		bool first = is_canary(i);

		assert_true(first == is_canary(i));
		canaries += first;
	}
	assert_in_range(canaries, 10, 54);
}

static void a_capture_of_a_path_makes_no_header_of_its_own(void **state UNUSED)
{
	push_site("\"locations\":[{\"path\":\"~ ^/old/([^/]*)/(.*)$\",\"redirect\":{\"status\":301,"
		  "\"to\":\"https://new.test/$2/$1\"}},"
		  "{\"path\":\"/\",\"return\":{\"status\":200,\"text\":\"x\"}}]");
	start();
	ask("GET", "/old/a/b?c=d", "");
	assert_has("HTTP/1.1 301 ");
	assert_has("\r\nLocation: https://new.test/b/a\r\n");
	ask("GET", "/old/a%0d%0aX-Bad:%201/b", "");
	assert_has("HTTP/1.1 301 ");
	assert_has_not("\r\nX-Bad");
}

static void a_redirect_of_a_site_leaves_its_locations(void **state UNUSED)
{
	push_site("\"redirect\":{\"status\":301,\"to\":\"https://www.test$request_uri\"},"
		  "\"locations\":[{\"path\":\"^~ /.well-known/\",\"return\":{\"status\":200,"
		  "\"text\":\"token\"}}]");
	start();
	ask("GET", "/a?b", "");
	assert_has("\r\nLocation: https://www.test/a?b\r\n");
	ask("GET", "/.well-known/x", "");
	assert_has("\r\n\r\ntoken");
}

/* A backend with the certificate of "test", which answers with the name that it was asked for. */
static void push_tls_backend(void)
{
	int at = rig_port();
	char *certificate = rig_path("backend.crt"), *key = rig_path("backend.key");
	CLEANUP(freep)
	char *text = xasprintf("server { listen 127.0.0.1:%d ssl; server_name test;\n"
			       "ssl_certificate %s; ssl_certificate_key %s;\n"
			       "location / { return 200 \"asked for $ssl_server_name\"; } }\n",
			       at, certificate, key);
	CLEANUP(freep) char *server = xasprintf(CONFIG "/upstreams/secure/127.0.0.1:%d", at);
	CLEANUP(freep) char *again = xasprintf(CONFIG "/upstreams/again/127.0.0.1:%d", at);

	rig_check_certificate(certificate, key);
	chmod(key, 0644);
	rig_zk_set(host.zk, CONFIG "/snippets/http/secure", text);
	rig_zk_set(host.zk, server, "");
	/* nginx resumes the sessions of an upstream, and a resumed one keeps its name */
	rig_zk_set(host.zk, again, "");
}

static void servers_are_verified_and_asked_for_by_name(void **state UNUSED)
{
	CLEANUP(freep) char *fields = NULL;

	push_tls_backend();
	fields = xasprintf("\"locations\":["
			   "{\"path\":\"/\",\"proxy\":\"secure\",\"proxy_tls\":{\"ca\":\"%s\","
			   "\"server_name\":\"test\"}},"
			   "{\"path\":\"/other\",\"proxy\":\"secure\",\"proxy_tls\":{\"ca\":\"%s\","
			   "\"server_name\":\"other.test\"}},"
			   "{\"path\":\"/any\",\"proxy\":\"again\",\"proxy_tls\":{"
			   "\"verify\":false,\"server_name\":\"any.test\"}}]",
			   rig_path("backend.crt"), rig_path("backend.crt"));
	push_site(fields);
	start();
	ask("GET", "/", "");
	assert_has("\r\n\r\nasked for test");
	ask("GET", "/other", "");
	assert_has("HTTP/1.1 502 ");
	ask("GET", "/any", "");
	assert_has("\r\n\r\nasked for any.test");
}

static void redirects_and_cookies_of_an_application_are_changed(void **state UNUSED)
{
	int at = rig_port();
	CLEANUP(freep)
	char *snippet =
		xasprintf("server { listen 127.0.0.1:%d; location / { add_header Set-Cookie "
			  "\"sid=1; Domain=app.internal; Path=/app/x\"; add_header Set-Cookie "
			  "\"b=2\"; return 302 http://app.internal:8080/app/next; } }\n",
			  at);
	CLEANUP(freep) char *server = xasprintf(CONFIG "/upstreams/app/127.0.0.1:%d", at);

	rig_zk_set(host.zk, CONFIG "/snippets/http/app", snippet);
	rig_zk_set(host.zk, server, "");
	push_site("\"locations\":[{\"path\":\"/\",\"proxy\":\"app\","
		  "\"proxy_redirect\":[{\"from\":\"~^http://[^/]+/app(/.*)$\","
		  "\"to\":\"https://$host$1\"}],"
		  "\"cookie\":{\"domain\":[{\"from\":\"app.internal\",\"to\":\"$host\"}],"
		  "\"path\":[{\"from\":\"~^/app(/.*)$\",\"to\":\"$1\"}],"
		  "\"flags\":[{\"name\":\"sid\",\"set\":[\"secure\",\"httponly\"]},"
		  "{\"name\":\"*\",\"set\":\"samesite=lax\"}]}},"
		  "{\"path\":\"/plain\",\"proxy\":\"app\",\"proxy_redirect\":false}]");
	start();
	ask("GET", "/", "");
	assert_has("\r\nLocation: https://sites.test/next\r\n");
	assert_has("\r\nSet-Cookie: sid=1; Domain=sites.test; Path=/x; Secure; HttpOnly\r\n");
	assert_has("\r\nSet-Cookie: b=2; SameSite=Lax\r\n");
	ask("GET", "/plain", "");
	assert_has("\r\nLocation: http://app.internal:8080/app/next\r\n");
	assert_has("Domain=app.internal");
}

/* A server with a certificate of this name, which registers itself as "localhost". */
static void register_tls(const char *service, const char *name)
{
	int at = rig_port();
	char *certificate = rig_path("%s.crt", service), *key = rig_path("%s.key", service);
	char *argv[] = { "openssl",   "req",      "-x509",
			 "-newkey",   "rsa:2048", "-nodes",
			 "-batch",    "-subj",    rig_text("/CN=%s", name),
			 "-keyout",   key,        "-out",
			 certificate, NULL };
	CLEANUP(freep)
	char *text = xasprintf("server { listen 127.0.0.1:%d ssl;\n"
			       "ssl_certificate %s; ssl_certificate_key %s;\n"
			       "location / { return 200 %s; } }\n",
			       at, certificate, key, service);
	CLEANUP(freep) char *snippet = xasprintf(CONFIG "/snippets/http/%s", service);
	CLEANUP(freep) char *upstream = xasprintf(CONFIG "/upstreams/%s", service);
	CLEANUP(freep)
	char *discover =
		xasprintf("{\"discover\":{\"path\":\"/reg/%s\",\"tls\":\"only\"}}", service);
	CLEANUP(freep) char *path = xasprintf("/reg/%s/1", service);
	CLEANUP(freep)
	char *data = xasprintf(
		"{\"address\":\"localhost\",\"sslPort\":%d,\"name\":\"x\",\"id\":\"1\"}", at);

	assert_int_equal(rig_run(NULL, argv), 0);
	chmod(key, 0644);
	rig_zk_set(host.zk, snippet, text);
	rig_zk_set(host.zk, upstream, discover);
	rig_zk_set(host.zk, path, data);
}

/* nginx.trusted_ca has both certificates, and one of them is of another name. */
static void servers_that_register_tls_are_verified_by_their_name(void **state UNUSED)
{
	register_tls("right", "localhost");
	register_tls("wrong", "other.test");
	push_site("\"locations\":[{\"path\":\"/right\",\"proxy\":\"right\"},"
		  "{\"path\":\"/wrong\",\"proxy\":\"wrong\"},"
		  "{\"path\":\"/any\",\"proxy\":\"wrong\",\"proxy_tls\":{\"verify\":false}}]");
	rig_write(rig_path("all.crt"), "%s%s", rig_read(rig_path("right.crt")),
		  rig_read(rig_path("wrong.crt")));
	host.nginx_settings = rig_text("trusted_ca = \"%s\";", rig_path("all.crt"));
	rig_host_settings(&host, NULL);
	start();
	ask("GET", "/right", "");
	assert_has("\r\n\r\nright");
	ask("GET", "/wrong", "");
	assert_has("HTTP/1.1 502 ");
	ask("GET", "/any", "");
	assert_has("\r\n\r\nwrong");
}

/* A host without the file serves as before, and says so. */
static void without_the_cas_of_the_host_nothing_is_verified(void **state UNUSED)
{
	register_tls("wrong", "other.test");
	push_site("\"locations\":[{\"path\":\"/\",\"proxy\":\"wrong\"}]");
	host.nginx_settings = "trusted_ca = \"/nonexistent/ca.crt\";";
	rig_host_settings(&host, NULL);
	start();
	ask("GET", "/", "");
	assert_has("\r\n\r\nwrong");
	assert_non_null(
		strstr(rig_read(host.log), "nginx.trusted_ca: /nonexistent/ca.crt: No such"));
}

/* By `listen … http2` or by `http2 on`, as the nginx of this machine has it. */
static void http2_is_spoken_where_a_listen_says_so(void **state UNUSED)
{
	char *certificate = rig_path("site.crt"), *key = rig_path("site.key"), *output;
	char *argv[] = { "curl",
			 "-sk",
			 "--http2",
			 "-w",
			 " over %{http_version}",
			 rig_text("https://127.0.0.1:%d/", port),
			 NULL };
	CLEANUP(freep)
	char *json = xasprintf("{\"listen\":[\"%d ssl http2\"],\"tls\":{\"certificate\":\"%s\","
			       "\"key\":\"%s\"},\"locations\":[{\"path\":\"/\",\"return\":{"
			       "\"status\":200,\"text\":\"hello\"}}]}",
			       port, certificate, key);

	rig_check_certificate(certificate, key);
	rig_zk_set(host.zk, CONFIG "/sites/site", json);
	start();
	assert_int_equal(rig_run(&output, argv), 0);
	assert_string_equal(output, "hello over 2");
	assert_null(strstr(rig_read(host.nginx.error_log), "deprecated"));
}

static void who_may_come_in_is_decided_for_each_location(void **state UNUSED)
{
	CLEANUP(freep) char *fields = NULL;

	push_backend("echo");
	rig_write(rig_path("users"), "ann:{PLAIN}secret\n");
	chmod(rig_path("users"), 0644);
	fields = xasprintf("\"basic_auth\":{\"users\":\"%s\"},\"locations\":["
			   "{\"path\":\"/\",\"proxy\":\"echo\"},"
			   "{\"path\":\"/open\",\"proxy\":\"echo\",\"basic_auth\":false},"
			   "{\"path\":\"/closed\",\"proxy\":\"echo\",\"basic_auth\":false,"
			   "\"access\":{\"allow\":[\"10.0.0.0/8\"]}},"
			   "{\"path\":\"/local\",\"proxy\":\"echo\",\"basic_auth\":false,"
			   "\"access\":{\"allow\":[\"127.0.0.0/8\"]}},"
			   "{\"path\":\"/asked\",\"proxy\":\"echo\",\"basic_auth\":false,"
			   "\"auth_request\":\"/gate\"},"
			   "{\"path\":\"= /gate\",\"internal\":true,"
			   "\"return\":{\"status\":403}}]",
			   rig_path("users"));
	push_site(fields);
	start();
	ask("GET", "/", "");
	assert_has("HTTP/1.1 401 ");
	ask("GET", "/", "Authorization: Basic YW5uOnNlY3JldA==\r\n");
	assert_has("echo GET /");
	ask("GET", "/open", "");
	assert_has("echo GET /open");
	ask("GET", "/closed", "");
	assert_has("HTTP/1.1 403 ");
	ask("GET", "/local", "");
	assert_has("echo GET /local");
	ask("GET", "/asked", "");
	assert_has("HTTP/1.1 403 ");
	ask("GET", "/gate", "");
	assert_has("HTTP/1.1 404 ");
}

static void a_request_with_a_body_is_decided_without_it(void **state UNUSED)
{
	int at = rig_port();
	CLEANUP(freep)
	char *gate = xasprintf("server { listen 127.0.0.1:%d; server_name localhost;\n"
			       "if ($http_content_length) { return 403; } return 204; }\n",
			       at);
	CLEANUP(freep) char *server = xasprintf(CONFIG "/upstreams/gate/127.0.0.1:%d", at);

	rig_zk_set(host.zk, CONFIG "/snippets/http/gate", gate);
	rig_zk_set(host.zk, server, "");
	push_backend("echo");
	push_site("\"auth_request\":\"/gate\",\"include\":[\"secure\"],\"locations\":["
		  "{\"path\":\"= /gate\",\"internal\":true,\"proxy\":\"gate\"},"
		  "{\"path\":\"/\",\"proxy\":\"echo\",\"cache_control\":\"no-store\"}]");
	rig_zk_set(host.zk, CONFIG "/snippets/server/secure",
		   "add_header X-Frame-Options DENY always;");
	start();
	ask("POST", "/form", "Content-Length: 2\r\n\r\nab");
	assert_has("HTTP/1.1 200 ");
	assert_has("echo POST /form");
	assert_has("\r\nCache-Control: no-store\r\n");
	assert_has("\r\nX-Frame-Options: DENY\r\n");
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
	free(last);
	last = NULL;
	rig_clean();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(headers_of_a_site_stay_where_a_location_adds_its_own),
		TEST(a_path_in_proxy_takes_the_place_of_the_locations),
		TEST(other_origins_are_answered_as_browsers_expect),
		TEST(a_split_goes_by_header_then_cookie_then_percent),
		TEST(a_capture_of_a_path_makes_no_header_of_its_own),
		TEST(a_redirect_of_a_site_leaves_its_locations),
		TEST(servers_are_verified_and_asked_for_by_name),
		TEST(redirects_and_cookies_of_an_application_are_changed),
		TEST(servers_that_register_tls_are_verified_by_their_name),
		TEST(without_the_cas_of_the_host_nothing_is_verified),
		TEST(http2_is_spoken_where_a_listen_says_so),
		TEST(who_may_come_in_is_decided_for_each_location),
		TEST(a_request_with_a_body_is_decided_without_it),
	};

	return cmocka_run_group_tests_name("sites", tests, NULL, NULL);
}
