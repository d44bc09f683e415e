/*
 * Configurations of real life, imported: a real nginx with the original and one with what
 * `zknginxctl import` made of it, rendered by the daemon, answer every request with the same bytes.
 *
 * A case is a directory below import/: nginx.conf and what it includes, the requests (a line each,
 * parameters of curl), and `expect`: what becomes of each block. @NAME@ is replaced in all of them.
 */
#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/tree.h>

#include "core/data/layout.h"
#include "rig.h"
#include "rig_ctl.h"

#define BINARY "/usr/sbin/nginx"
#define CASES "tests/integration/import"
#define CASES_MAX 64
#define CONFIG_ROOT "/nginx/config"

static char *root; /* what all cases share: files to serve, certificates, logs */
static pid_t backend;

/* --- substitution ---------------------------------------------------------------------------- */

enum { BACK1, BACK2, BACK3, TLS1, TLS2, GRPC, DEAD, PORT1, PORT2, PORT3, PORT_N };

static const char *const port_names[] = { "BACK1", "BACK2", "BACK3", "TLS1",  "TLS2",
					  "GRPC",  "DEAD",  "PORT1", "PORT2", "PORT3" };
static int ports[PORT_N];

static void put_main(struct buf *b)
{
	buf_printf(b, "user root; daemon off; pid %s/nginx.pid; error_log %s/log/error.log notice;",
		   root, root);
}

static void put_http(struct buf *b)
{
	static const char *const kinds[] = { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" };

	buf_printf(b, "access_log %s/log/access.log;", root);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		buf_printf(b, " %s_temp_path %s/temp/%s;", kinds[i], root, kinds[i]);
}

static void put_named(struct buf *b, const char *name, size_t size)
{
	for (size_t i = 0; i < PORT_N; i++) {
		if (strlen(port_names[i]) == size && memcmp(port_names[i], name, size) == 0) {
			buf_printf(b, "%d", ports[i]);
			return;
		}
	}
	if (size == 4 && memcmp(name, "ROOT", 4) == 0)
		buf_puts(b, root);
	else if (size == 4 && memcmp(name, "MAIN", 4) == 0)
		put_main(b);
	else if (size == 4 && memcmp(name, "HTTP", 4) == 0)
		put_http(b);
	else if (size == 13 && memcmp(name, "STREAM_MODULE", 13) == 0)
		buf_puts(b, "load_module /usr/lib/nginx/modules/ngx_stream_module.so;");
	else
		fail_msg("@%.*s@ has no meaning", (int)size, name);
}

static char *substituted(const char *text)
{
	struct buf b = BUF_INIT;

	while (*text) {
		size_t plain = strcspn(text, "@"), name;

		buf_put(&b, text, plain);
		text += plain;
		name = strspn(text + (*text == '@'), "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		if (*text && name && text[name + 1] == '@') {
			put_named(&b, text + 1, name);
			text += name + 2;
		} else if (*text) {
			buf_putc(&b, *text++);
		}
	}
	return buf_take(&b);
}

/* --- the machine ----------------------------------------------------------------------------- */

static const char ECHO[] =
	"add_header X-Backend $server_port;\n"
	"location / { return 200 \"$server_port $server_protocol $request_method $request_uri\\n"
	"host=$http_host connection=$http_connection upgrade=$http_upgrade real=$http_x_real_ip "
	"for=$http_x_forwarded_for proto=$http_x_forwarded_proto id=$http_x_request_id "
	"gateway=$http_x_gateway encoding=$http_accept_encoding type=$content_type "
	"length=$content_length\\n\"; }\n"
	"location ~ redirect$ { return 302 http://$http_host/v1/login; }\n"
	"location /status/200 { return 200; }\n";

static void make(const char *name)
{
	char *path = rig_path("root/%s", name);

	if (mkdir(path, 0755) < 0)
		die("mkdir %s: %m", path);
}

static void make_certificate(const char *name, const char *host)
{
	char *key = rig_path("root/tls/%s.key", name), *crt = rig_path("root/tls/%s.crt", name);
	CLEANUP(freep) char *subject = xasprintf("/CN=%s", host);
	CLEANUP(freep) char *names = xasprintf("subjectAltName=DNS:%s", host);
	char *argv[] = { (char[]){ "openssl" },
			 (char[]){ "req" },
			 (char[]){ "-x509" },
			 (char[]){ "-newkey" },
			 (char[]){ "rsa:2048" },
			 (char[]){ "-nodes" },
			 (char[]){ "-days" },
			 (char[]){ "30" },
			 (char[]){ "-keyout" },
			 key,
			 (char[]){ "-out" },
			 crt,
			 (char[]){ "-subj" },
			 subject,
			 (char[]){ "-addext" },
			 names,
			 NULL };

	assert_int_equal(rig_run(NULL, argv), 0);
}

static pid_t start_nginx(const char *config, int port)
{
	char *argv[] = { (char[]){ BINARY },
			 (char[]){ "-p" },
			 root,
			 (char[]){ "-c" },
			 (char *)(uintptr_t)config,
			 (char[]){ "-e" },
			 rig_path("root/log/error.log"),
			 NULL };
	char *log = rig_path("root/log/start.log");
	pid_t pid;

	unlink(log);
	pid = rig_start(log, argv);
	eventually(NULL, rig_accepts(port) || strstr(rig_read(log) ?: "", "[emerg]"));
	if (!rig_accepts(port))
		fail_msg("nginx -c %s: %s", config, rig_read(log));
	return pid;
}

static void start_backend(void)
{
	struct buf b = BUF_INIT;
	char *config = rig_path("root/backend.conf");

	buf_printf(&b,
		   "user root; daemon off; worker_processes 1; pid %s/backend.pid;\n"
		   "events { worker_connections 256; }\nhttp {\n",
		   root);
	put_http(&b);
	for (int i = BACK1; i <= BACK3; i++)
		buf_printf(&b, "server { listen 127.0.0.1:%d; %s }\n", ports[i], ECHO);
	for (int i = TLS1; i <= TLS2; i++)
		buf_printf(&b,
			   "server { listen 127.0.0.1:%d ssl; ssl_certificate %s/tls/server.crt; "
			   "ssl_certificate_key %s/tls/server.key; %s }\n",
			   ports[i], root, root, ECHO);
	buf_printf(&b, "server { listen 127.0.0.1:%d http2; %s }\n}\n", ports[GRPC], ECHO);
	rig_write(config, "%s", buf_str(&b));
	buf_fini(&b);
	backend = start_nginx(config, ports[BACK1]);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int set_up(void **state UNUSED)
{
	static const char *const directories[] = { "",    "www", "www/static", "www/uploads",
						   "tls", "log", "temp",       "state" };

	root = rig_path("root");
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		make(directories[i]);
	for (int i = 0; i < PORT_N; i++)
		ports[i] = rig_port();
	/* typed upstreams are rendered in the order of the addresses */
	qsort(ports, BACK3 + 1, sizeof(*ports), by_number);
	rig_write(rig_path("root/www/index.html"), "<p>the front page</p>\n");
	rig_write(rig_path("root/www/index.php"), "<?php\n");
	rig_write(rig_path("root/www/50x.html"), "sorry\n");
	rig_write(rig_path("root/www/404.html"), "not here\n");
	rig_write(rig_path("root/www/robots.txt"), "User-agent: *\n");
	rig_write(rig_path("root/www/logo.png"), "png");
	rig_write(rig_path("root/www/uploads/x.php"), "<?php\n");
	rig_write(rig_path("root/www/static/app.js"), "let a = %01000d;\n", 7);
	rig_write(rig_path("root/large"), "%04000d", 0);
	rig_write(rig_path("root/tls/htpasswd"), "user:{PLAIN}right\n");
	make_certificate("server", "secure.example.com");
	make_certificate("other", "old.example.com");
	start_backend();
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_stop(backend, SIGTERM);
	return 0;
}

/* --- a case ---------------------------------------------------------------------------------- */

static const char *copy_from, *copy_to;

static int copy_one(const char *path, const struct stat *st UNUSED, int kind,
		    struct FTW *ftw UNUSED)
{
	CLEANUP(freep) char *to = xasprintf("%s%s", copy_to, path + strlen(copy_from));
	CLEANUP(freep) char *text = NULL;
	char target[256];
	ssize_t size;

	if (kind == FTW_D)
		return mkdir(to, 0755);
	if (kind == FTW_SL || kind == FTW_SLN) {
		size = readlink(path, target, sizeof(target) - 1);
		target[size < 0 ? 0 : size] = '\0';
		return symlink(target, to);
	}
	text = substituted(rig_read(path));
	rig_write(to, "%s", text);
	return 0;
}

/* The case with its own numbers, in a directory of its own. */
static char *prepared(const char *name)
{
	CLEANUP(freep) char *from = xasprintf(CASES "/%s", name);

	copy_to = rig_path("%s", name);
	copy_from = from;
	assert_int_equal(nftw(copy_from, copy_one, 16, FTW_PHYS), 0);
	return (char *)(uintptr_t)copy_to;
}

/* All answers, without what time changes: an Expires counts from now, unless it is a constant. */
static char *answers(const char *directory)
{
	static const char script[] =
		"while IFS= read -r line; do echo \"== $line\"; "
		"eval \"curl -s -i --max-time 20 -w '\\nexit %{exitcode}\\n' "
		"$line\" | tr -d '\\r' | "
		"sed -E '/^date: /Id; /1970|2037/!s/^(expires): .*/\\1: then/I' | cat -v; "
		"done <requests";
	CLEANUP(freep)
	char *full = xasprintf("cd %s && rm -rf %s/cache && %s", directory, root, script);
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, full, NULL };
	char *output;

	rig_run(&output, argv);
	assert_non_null(strstr(output, "exit 0"));
	return output;
}

static char *answers_of(const char *directory, const char *config)
{
	pid_t pid =
		start_nginx(rig_path("%s/%s", strrchr(directory, '/') + 1, config), ports[PORT1]);
	char *output = answers(directory);

	rig_stop(pid, SIGTERM);
	return output;
}

static char *settings_for(const char *name)
{
	char *path = rig_path("%s.settings", name);

	rig_write(path,
		  "nginx: { log_directory = \"%s/log\"; };\n"
		  "state: { directory = \"%s/state/%s\"; };\n"
		  "snippets: { roots = [ \"%s/www\" ]; certificates = [ \"%s/tls\" ]; };\n",
		  root, root, name, root, root);
	return path;
}

/* "typed server shop.example.com", a line for each block. */
static void check_fates(const struct rig_ctl_result *r, const char *expected)
{
	json_t *report = rig_ctl_json(r), *blocks = json_object_get(report, "blocks"), *block;
	struct buf b = BUF_INIT;
	size_t i;

	json_array_foreach(blocks, i, block)
	{
		buf_printf(&b, "%s %s\n", json_string_value(json_object_get(block, "as")),
			   json_string_value(json_object_get(block, "what")));
	}
	if (strcmp(buf_str(&b), expected) != 0)
		fail_msg("expected:\n%sfound:\n%s%s", expected, buf_str(&b), r->out);
	buf_fini(&b);
	json_decref(report);
}

static struct tree_builder builder;
static const char *walked;

static int add_znode(const char *path, const struct stat *st UNUSED, int kind,
		     struct FTW *ftw UNUSED)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const char *znode, *text;

	if (kind == FTW_D)
		return 0;
	znode = config_file_znode(arena, path + strlen(walked) + 1, CONFIG_ROOT);
	text = rig_read(path);
	assert_non_null(znode);
	tree_builder_add(&builder,
			 &(struct znode){ .path = znode, .data = text, .size = strlen(text) });
	return 0;
}

/* As `push` writes it, rendered by the daemon: exit status 0 says that there is no problem. */
static void render(const char *name, const char *settings)
{
	struct buf text = BUF_INIT;
	struct tree *tree;
	char *file = rig_path("%s.tree", name), *output;
	char *argv[] = { getenv("ZKNGINXD") ?: (char[]){ "build/zknginxd" },
			 (char[]){ "-c" },
			 (char *)(uintptr_t)settings,
			 (char[]){ "--render" },
			 file,
			 rig_path("root/state/%s/live", name),
			 NULL };

	walked = rig_path("%s/config", name);
	tree_builder_init(&builder);
	tree_builder_add(&builder, &(struct znode){ .path = CONFIG_ROOT, .data = "" });
	assert_int_equal(nftw(walked, add_znode, 16, FTW_PHYS), 0);
	tree = tree_builder_finish(&builder);
	tree_builder_fini(&builder);
	tree_print(tree, &text);
	tree_unref(tree);
	rig_write(file, "%s", buf_str(&text));
	buf_fini(&text);
	mkdir(rig_path("root/state/%s", name), 0755);
	if (rig_run(&output, argv) != 0)
		fail_msg("%s: %s", name, output);
}

static void one_case(void **state)
{
	const char *name = *state, *settings = settings_for(name);
	char *directory = prepared(name), *before, *after;
	struct rig_ctl_result r;

	before = answers_of(directory, "nginx.conf");
	r = rig_ctl(settings, "--json", "import", rig_path("%s/nginx.conf", name), "-o",
		    rig_path("%s/config", name), "--main", rig_path("%s/new.conf", name), NULL);
	rig_ctl_assert_code(&r, 0);
	check_fates(&r, rig_read(rig_path("%s/expect", name)));
	r = rig_ctl(settings, "lint", "--no-nginx", rig_path("%s/config", name), NULL);
	rig_ctl_assert_code(&r, 0);
	render(name, settings);
	after = answers_of(directory, "new.conf");
	if (strcmp(before, after) != 0) {
		rig_write(rig_path("%s/before", name), "%s", before);
		rig_write(rig_path("%s/after", name), "%s", after);
		rig_run(&after, (char *[]){ (char[]){ "diff" }, (char[]){ "-U2" },
					    rig_path("%s/before", name), rig_path("%s/after", name),
					    NULL });
		fail_msg("%s answers otherwise:\n%s", name, after);
	}
}

/* --- the command ----------------------------------------------------------------------------- */

static const char *try_import(const char *settings, const char *file, const char *more, int code)
{
	struct rig_ctl_result r =
		rig_ctl(settings, "import", file, "-o", rig_path("try"), more, NULL);

	rig_ctl_assert_code(&r, code);
	return code ? r.err : r.out;
}

/* What an original that others cannot read becomes, they cannot read either. */
static void a_file_that_is_written_over_is_closed_like_the_original(void **state UNUSED)
{
	char *file = rig_path("secret.conf"), *settings = settings_for("secret"),
	     *directory = rig_path("closed"), *main = rig_path("closed.nginx.conf");
	struct rig_ctl_result r;
	struct stat st;

	rig_write(file, "%s", "http { upstream a { server 10.0.0.1; } }\n");
	rig_write(main, "%s", "old");
	assert_int_equal(chmod(file, 0600), 0);
	assert_int_equal(chmod(main, 0644), 0);
	r = rig_ctl(settings, "import", file, "-o", directory, "--force", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_int_equal(stat(main, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_null(strstr(rig_read(main), "old"));
}

static void it_writes_over_nothing_unless_it_is_forced(void **state UNUSED)
{
	char *file = rig_path("over.conf"), *settings = settings_for("over"),
	     *main = rig_path("try.nginx.conf");
	static const char text[] = "http { upstream a { server 10.0.0.1; } }\n";
	struct rig_ctl_result r;

	rig_write(file, "%s", text);
	mkdir(rig_path("try"), 0755);
	assert_non_null(strstr(try_import(settings, file, NULL, 0), "upstreams/a.json"));
	assert_non_null(strstr(try_import(settings, file, NULL, 1), "not an empty directory"));
	rig_write(rig_path("try/upstreams/a.json"), "mine");
	try_import(settings, file, "--force", 0);
	assert_string_equal(rig_read(rig_path("try/upstreams/a.json")), "{}\n");
	mkdir(rig_path("try/sites"), 0755);
	rig_write(rig_path("try/sites/b.json"), "{}");
	r = rig_ctl(settings, "import", file, "-o", rig_path("try"), "--force", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.err, "1 object that this import did not write"));
	assert_non_null(strstr(r.err, "try/sites/b.json"));
	assert_int_equal(unlink(rig_path("try/sites/b.json")), 0);
	assert_int_equal(rmdir(rig_path("try/sites")), 0);
	assert_int_equal(unlink(rig_path("try/upstreams/a.json")), 0);
	assert_int_equal(unlink(rig_path("try/upstreams/a/10.0.0.1:80")), 0);
	assert_int_equal(rmdir(rig_path("try/upstreams/a")), 0);
	assert_int_equal(rmdir(rig_path("try/upstreams")), 0);
	assert_non_null(strstr(try_import(settings, file, NULL, 1), "try.nginx.conf exists"));
	assert_int_equal(unlink(main), 0);
	try_import(settings, file, NULL, 0);
	assert_string_equal(rig_read(file), text);
}

static void a_file_that_cannot_be_read_is_an_error_with_its_line(void **state UNUSED)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "a;\n\"b", "bad.conf:2: unexpected end of file" },
		{ "a;\ninclude nosuch.conf;", "bad.conf:2: " },
		{ "a;\ninclude bad.conf;", "bad.conf:2: the file that is included includes" },
		{ "include fifo;", "fifo is not a regular file" },
		{ "include .;", "is not a regular file" },
	};
	char *file = rig_path("bad.conf"), *settings = settings_for("bad");

	assert_int_equal(mkfifo(rig_path("fifo"), 0600), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *error;

		rig_write(file, "%s", cases[i].text);
		error = try_import(settings, file, "--force", 1);
		if (!strstr(error, cases[i].error))
			fail_msg("%s: %s", cases[i].text, error);
	}
	try_import(settings, rig_path("nosuch.conf"), "--force", 1);
	rig_write(file, "include none/*.conf;\n");
	try_import(settings, file, "--force", 0);
}

static void the_json_has_a_stable_shape(void **state UNUSED)
{
	char *file = rig_path("shape.conf");
	struct rig_ctl_result r;
	json_t *report;
	int comments, kept, line;
	const char *as, *what, *to, *why, *name, *directory, *main;

	rig_write(file, "http {\ngzip on;\nupstream A { server 10.0.0.1; }\n}\n");
	r = rig_ctl(settings_for("shape"), "import", file, "-o", rig_path("shape"), "--json", NULL);
	rig_ctl_assert_code(&r, 0);
	report = rig_ctl_json(&r);
	assert_int_equal(
		json_unpack(
			report,
			"{s:[{s:s, s:i, s:s, s:i, s:n, s:s, s:s, s:s !}], s:s, s:[s], s:i, s:s !}",
			"blocks", "as", &as, "comments", &comments, "file", &name, "line", &line,
			"not_snippet", "not_typed", &why, "to", &to, "what", &what, "directory",
			&directory, "files", &name, "kept", &kept, "main", &main),
		0);
	assert_string_equal(as, "snippet");
	assert_string_equal(to, name);
	assert_string_equal(main, rig_path("shape.nginx.conf"));
	assert_int_equal(kept, 1);
	assert_int_equal(line, 3);
	json_decref(report);
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	static struct CMUnitTest tests[CASES_MAX + 4] = {
		cmocka_unit_test(it_writes_over_nothing_unless_it_is_forced),
		cmocka_unit_test(a_file_that_is_written_over_is_closed_like_the_original),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_error_with_its_line),
		cmocka_unit_test(the_json_has_a_stable_shape),
	};
	struct dirent **entries = NULL;
	int count = scandir(CASES, &entries, is_case, alphasort), failed;

	if (count < 10 || count > CASES_MAX)
		die("%s: %d cases", CASES, count);
	cmocka_set_test_filter(getenv("RIG_FILTER"));
	for (int i = 0; i < count; i++)
		tests[i + 4] = (struct CMUnitTest){
			.name = entries[i]->d_name,
			.test_func = one_case,
			.initial_state = entries[i]->d_name,
		};
	failed = _cmocka_run_group_tests("ctl_import", tests, (size_t)count + 4, set_up, tear_down);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	rig_clean();
	return failed;
}
