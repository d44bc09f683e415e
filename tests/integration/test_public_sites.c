/*
 * Typed sites answer as the server blocks do that they stand for.
 *
 * A case is a directory tests/golden/public-NAME. original/http.conf and original/stream.conf are
 * what an administrator writes by hand after the application's own documentation;
 * expect/http.conf and expect/stream.conf are what the daemon makes of the typed site
 *(test_golden). A real nginx runs the one, then the other. Each gets the lines of `requests`, and
 *both have to answer the same, and send the same to the servers behind them (rig_recorder.h).
 *
 * The files have the ports, addresses and paths of real life. All of them are replaced by what
 * belongs to this test, the same way on both sides: a network N by 127.N.0.0/16.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/tree.h>

#include "rig.h"
#include "rig_recorder.h"
#include "rig_requests.h"

#define CASES "tests/golden"
#define CASES_MAX 64
#define DIRECTIVES_MAX 2

static char *root;
static pid_t back;
static size_t requests; /* of all cases */

/* --- the files of a case, on this machine ------------------------------------------------------
 */

static const struct {
	const char *from, *to;
} moved[] = {
	{ "/srv/", "srv/" },
	{ "/var/dav", "written" },
	{ "/etc/nginx/fastcgi_params", "fastcgi_params" },
	{ "/etc/nginx/uwsgi_params", "uwsgi_params" },
	{ "/etc/ssl/", "ssl/" },
	{ "/var/log/nginx/", "log/" },
	{ "/var/cache/nginx/", "cache/" },
};

static const struct {
	const char *from, *to;
} networks[] = {
	{ "10.0.0.0/8", "127.10.0.0/16" },
	{ "10.1.0.0/16", "127.11.0.0/16" },
	{ "192.0.2.0/24", "127.12.0.0/16" },
};

/* Servers that speak TLS or HTTP/2: an nginx before the one that records. */
static const struct {
	const char *address, *speaks;
} fronted[] = {
	{ "10.0.0.11:50051", "http2" }, { "10.0.0.22:443", "ssl" },  { "10.0.0.23:443", "ssl" },
	{ "10.0.0.24:443", "ssl" },     { "10.0.0.32:5601", "ssl" },
};
static int front_ports[ARRAY_SIZE(fronted)];

static int back_port(const char *address)
{
	for (size_t i = 0; i < ARRAY_SIZE(fronted); i++) {
		if (strcmp(fronted[i].address, address) == 0)
			return front_ports[i];
	}
	return recorder_port(address);
}

static const char *put_network(struct buf *out, const char *at)
{
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
		size_t size = strlen(networks[i].from);

		if (strncmp(at, networks[i].from, size) == 0) {
			buf_puts(out, networks[i].to);
			return at + size;
		}
	}
	return at;
}

static const char *put_address(struct buf *out, const char *at)
{
	size_t size = strspn(at, "0123456789.:");
	CLEANUP(freep) char *address = strndup(at, size);

	if (strncmp(at, "10.0.0.", 7) != 0 || !memchr(at, ':', size))
		return at;
	buf_printf(out, "127.0.0.1:%d", back_port(address));
	return at + size;
}

static const char *put_path(struct buf *out, const char *at)
{
	for (size_t i = 0; i < ARRAY_SIZE(moved); i++) {
		size_t size = strlen(moved[i].from);

		if (strncmp(at, moved[i].from, size) == 0) {
			buf_printf(out, "%s/%s", root, moved[i].to);
			return at + size;
		}
	}
	return at;
}

static const char *put_listen(struct buf *out, const char *text, const char *at)
{
	size_t size;

	if (strncmp(at, "listen ", 7) != 0 || (at > text && !strchr(" \t\n", at[-1])))
		return at;
	at += 7;
	size = strspn(at, "0123456789");
	buf_printf(out, "listen 127.0.0.1:%d", requests_port(at, size));
	return at + size;
}

static char *localised(const char *text)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	for (const char *at = text; *at;) {
		const char *next = put_listen(&out, text, at);

		next = next == at ? put_path(&out, at) : next;
		next = next == at ? put_network(&out, at) : next;
		next = next == at ? put_address(&out, at) : next;
		if (next == at)
			buf_putc(&out, *next++);
		at = next;
	}
	return rig_text("%s", buf_str(&out));
}

/*
 * nginx's own files, with two differences that an administrator makes, and some packages do: the
 * host is that which the request was routed by, and a user whom nobody has asked for a password is
 * not passed on.
 */
static const char *const cgi_params[] = {
	"QUERY_STRING $query_string",       "REQUEST_METHOD $request_method",
	"CONTENT_TYPE $content_type",       "CONTENT_LENGTH $content_length",
	"REQUEST_URI $request_uri",         "DOCUMENT_ROOT $document_root",
	"SERVER_PROTOCOL $server_protocol", "REQUEST_SCHEME $scheme",
	"HTTPS $https if_not_empty",        "REMOTE_ADDR $remote_addr",
	"REMOTE_PORT $remote_port",         "SERVER_PORT $server_port",
	"SERVER_NAME $server_name",         "HTTP_HOST $host",
};
static const char *const fastcgi_params[] = {
	"SCRIPT_NAME $fastcgi_script_name", "DOCUMENT_URI $document_uri",
	"GATEWAY_INTERFACE CGI/1.1",        "SERVER_SOFTWARE nginx/$nginx_version",
	"SERVER_ADDR $server_addr",         "REDIRECT_STATUS 200",
};
static const char *const uwsgi_params[] = { "PATH_INFO $document_uri" };

static void put_params(struct buf *b, const char *kind, const char *const *params, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s_param %s;\n", kind, params[i]);
}

static void make_params(const char *kind, const char *const *params, size_t count)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	put_params(&b, kind, cgi_params, ARRAY_SIZE(cgi_params));
	put_params(&b, kind, params, count);
	rig_write(rig_path("root/%s_params", kind), "%s", buf_str(&b));
}

/* --- nginx -------------------------------------------------------------------------------------
 */

static void put_main(struct buf *b, const char *name)
{
	buf_printf(b,
		   "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
		   "user root; daemon off; worker_processes 1; pid %s/%s.pid;\n"
		   "error_log %s/log/%s.log info;\n"
		   "events { worker_connections 256; }\n",
		   root, name, root, name);
}

static void put_http(struct buf *b)
{
	static const char *const kinds[] = { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" };

	buf_printf(b, "access_log %s/log/access.log;\n", root);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		buf_printf(b, "%s_temp_path %s/temp/%s;\n", kinds[i], root, kinds[i]);
}

/* It has its sockets before it writes its pid file. */
static pid_t start_nginx(const char *name, const char *config)
{
	char *file = rig_path("root/%s.conf", name), *log = rig_path("root/log/%s.start", name);
	char *pid_file = rig_path("root/%s.pid", name);
	char *argv[] = { (char[]){ "nginx" },
			 (char[]){ "-p" },
			 root,
			 (char[]){ "-c" },
			 file,
			 (char[]){ "-e" },
			 log,
			 NULL };
	pid_t pid;

	rig_write(file, "%s", config);
	unlink(log);
	unlink(pid_file);
	pid = rig_start(log, argv);
	eventually(NULL, access(pid_file, F_OK) == 0 || strstr(rig_read(log) ?: "", "[emerg]"));
	if (access(pid_file, F_OK) != 0)
		fail_msg("%s: %s", file, rig_read(log));
	return pid;
}

static pid_t start_side(const char *directory, const char *side)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	char *http = rig_read(rig_text("%s/%s/http.conf", directory, side));
	char *stream = rig_read(rig_text("%s/%s/stream.conf", directory, side));

	put_main(&b, side);
	buf_puts(&b, "http {\n");
	put_http(&b);
	buf_printf(&b, "include /etc/nginx/mime.types;\n%s\n}\nstream {\n%s\n}\n",
		   localised(http ?: ""), localised(stream ?: ""));
	return start_nginx(side, buf_str(&b));
}

static void start_back(void)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	put_main(&b, "back");
	buf_puts(&b, "http {\n");
	put_http(&b);
	buf_printf(&b,
		   "ssl_certificate %s/ssl/shop.crt; ssl_certificate_key %s/ssl/private/shop.key;\n"
		   "proxy_http_version 1.1; proxy_set_header Host $http_host;\n"
		   "proxy_set_header Connection $http_connection;\n"
		   "proxy_set_header X-Asked-For $ssl_server_name; client_max_body_size 0;\n",
		   root, root);
	for (size_t i = 0; i < ARRAY_SIZE(fronted); i++) {
		front_ports[i] = rig_port();
		buf_printf(&b,
			   "server { listen 127.0.0.1:%d %s; location / { proxy_pass "
			   "http://127.0.0.1:%d; } }\n",
			   front_ports[i], fronted[i].speaks, recorder_port(fronted[i].address));
	}
	buf_puts(&b, "}\n");
	back = start_nginx("back", buf_str(&b));
}

/* --- a case ------------------------------------------------------------------------------------
 */

/* Files that requests change, and what they are cached in, are as they were. */
static void reset_files(void)
{
	static char script[] = "cd \"$0\" && rm -rf cache/* written && cp -a dav written";
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, script, root, NULL };

	assert_int_equal(rig_run(NULL, argv), 0);
}

/* All answers, and all that the servers received. */
static char *answers_of(const char *directory, const char *side)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	const char *lines = rig_read(rig_text("%s/requests", directory));
	pid_t pid;

	if (!lines)
		fail_msg("%s has no requests", directory);
	reset_files();
	recorder_reset();
	pid = start_side(directory, side);
	requests += requests_send(lines, root, &out);
	rig_stop(pid, SIGTERM);
	buf_printf(&out, "\nWhat the servers received:\n%s", requests_settled(recorder_text()));
	return rig_text("%s", buf_str(&out));
}

static void one_case(void **state)
{
	const char *name = *state, *directory = rig_text(CASES "/%s", name);
	char *original = answers_of(directory, "original"),
	     *typed = answers_of(directory, "expect");
	char *files[] = { rig_path("%s.original", name), rig_path("%s.typed", name) }, *output;

	rig_write(files[0], "%s", original);
	rig_write(files[1], "%s", typed);
	if (strcmp(original, typed) == 0)
		return;
	rig_run(&output,
		(char *[]){ (char[]){ "diff" }, (char[]){ "-U3" }, files[0], files[1], NULL });
	fprintf(stderr, "%s", output); /* cmocka cuts what is long */
	fail_msg("%s answers otherwise", name);
}

/* --- all cases ---------------------------------------------------------------------------------
 */

static int is_case(const struct dirent *entry)
{
	return strncmp(entry->d_name, "public-", 7) == 0;
}

static size_t lines_of(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i, count = 0;

	json_array_foreach((json_t *)(uintptr_t)value, i, member) count += lines_of(member);
	json_object_foreach((json_t *)(uintptr_t)value, key, member) count +=
		strcmp(key, "directives") == 0 ? json_array_size(member) : lines_of(member);
	return count;
}

static void check_znode(const char *name, const struct znode *z)
{
	json_t *value = json_loadb(z->data, z->size, 0, NULL);

	if (strstr(z->path, "/snippets"))
		fail_msg("%s has a snippet: %s", name, z->path);
	if (lines_of(value) > DIRECTIVES_MAX)
		fail_msg("%s: %s has %zu directives", name, z->path, lines_of(value));
	json_decref(value);
}

static void a_site_has_two_lines_of_directives_at_most_and_no_snippet(void **state UNUSED)
{
	struct dirent **entries = NULL;
	int count = scandir(CASES, &entries, is_case, alphasort);

	assert_true(count >= 30);
	for (int i = 0; i < count; i++) {
		const char *text = rig_read(rig_text(CASES "/%s/tree.txt", entries[i]->d_name));
		struct tree *tree = NULL;

		assert_int_equal(tree_parse(text, strlen(text), "tree.txt", &tree, NULL), 0);
		for (size_t z = 0; z < tree_count(tree); z++)
			check_znode(entries[i]->d_name, tree_at(tree, z));
		tree_unref(tree);
		free(entries[i]);
	}
	free(entries);
}

/* --- the machine -------------------------------------------------------------------------------
 */

/* Below /srv: what is there to be served, and what must not be. */
static const char *const files[] = {
	"www/acme/.well-known/acme-challenge/token",
	"www/app/assets/app.js",
	"www/app/index.html",
	"www/app/robots.txt",
	"www/blog/.git/config",
	"www/blog/favicon.ico",
	"www/blog/index.php",
	"www/blog/wp-content/style.css",
	"www/blog/wp-content/uploads/bad.php",
	"www/blog/wp-content/uploads/cat.jpg",
	"www/blog/wp-login.php",
	"www/chat/index.html",
	"www/chat/chat.js",
	"www/django/media/photo.jpg",
	"www/django/static/app.css",
	"www/downloads/iso/disk.iso",
	"www/downloads/private/secret.txt",
	"www/downloads/readme.txt",
	"www/drupal/web/core/misc/drupal.js",
	"www/drupal/web/index.php",
	"www/drupal/web/robots.txt",
	"www/drupal/web/sites/default/files/photo.jpg",
	"www/drupal/web/sites/default/files/bad.php",
	"www/drupal/web/sites/default/private/key",
	"www/gitlab/502.html",
	"www/gitlab/assets/app.js",
	"www/jenkins/userContent/readme.txt",
	"www/laravel/public/css/app.css",
	"www/laravel/public/favicon.ico",
	"www/laravel/public/index.php",
	"www/mastodon/public/500.html",
	"www/mastodon/public/packs/app.js",
	"www/mastodon/public/robots.txt",
	"www/mastodon/public/sw.js",
	"www/mastodon/public/system/photo.png",
	"www/nextcloud/config/config.php",
	"www/nextcloud/core/templates/403.php",
	"www/nextcloud/core/templates/404.php",
	"www/nextcloud/core/img/logo.svg",
	"www/nextcloud/index.php",
	"www/nextcloud/remote.php",
	"www/nextcloud/robots.txt",
	"www/rails/public/500.html",
	"www/rails/public/assets/app.js",
	"www/rails/public/assets/app.js.gz",
	"www/rails/public/docs/index.html",
	"www/rails/public/robots.txt",
	"www/tenants/index.html",
};

static void run(const char *script)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-ec" }, (char *)(uintptr_t)script, root,
			 NULL };

	if (rig_run(NULL, argv) != 0)
		fail_msg("%s", script);
}

static void make_files(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path = rig_path("root/srv/%s", files[i]);

		run(rig_text("mkdir -p \"$(dirname '%s')\"", path));
		rig_write(path, "the file %s %0400d\n", files[i], 0);
	}
	make_params("fastcgi", fastcgi_params, ARRAY_SIZE(fastcgi_params));
	make_params("uwsgi", uwsgi_params, ARRAY_SIZE(uwsgi_params));
	rig_write(rig_path("root/large"), "%01200000d", 0);
	rig_write(rig_path("root/ssl/users"), "alice:{PLAIN}secret\n");
	run("cd \"$0\"; for f in registry dav prometheus; do cp ssl/users ssl/$f.htpasswd; done");
	run("cd \"$0\"; mkdir dav dav/docs; echo hello >dav/docs/a.txt; echo b >dav/b.txt; "
	    "touch -d @1700000000 dav/docs/a.txt dav/b.txt dav/docs dav");
}

static int set_up(void **state UNUSED)
{
	root = rig_path("root");
	if (mkdir(root, 0755) < 0)
		die("mkdir %s: %m", root);
	run("cd \"$0\"; mkdir -p srv ssl/private log cache temp");
	run("cd \"$0\"; openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test "
	    "-addext subjectAltName=DNS:*.example.com,DNS:kibana.internal "
	    "-keyout ssl/private/shop.key -out ssl/shop.crt");
	make_files();
	start_back();
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_stop(back, SIGTERM);
	print_message("%zu requests were compared\n", requests / 2);
	return 0;
}

int main(void)
{
	static struct CMUnitTest tests[CASES_MAX + 1] = {
		cmocka_unit_test(a_site_has_two_lines_of_directives_at_most_and_no_snippet),
	};
	struct dirent **entries = NULL;
	int count = scandir(CASES, &entries, is_case, alphasort), failed;

	if (count < 1 || count > CASES_MAX)
		die("%s: %d cases", CASES, count);
	cmocka_set_test_filter(getenv("RIG_FILTER"));
	for (int i = 0; i < count; i++)
		tests[i + 1] = (struct CMUnitTest){
			.name = entries[i]->d_name,
			.test_func = one_case,
			.initial_state = entries[i]->d_name,
		};
	failed = _cmocka_run_group_tests("public_sites", tests, (size_t)count + 1, set_up,
					 tear_down);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	rig_clean();
	return failed;
}
