/*
 * zknginxctl lint: the daemon's verdict on files, with their lines and columns, and nginx's own.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/tree.h>

#include "core/data/layout.h"
#include "rig_ctl.h"
#include "rig_nginx.h"
#include "rig_zookeeper.h"

#define ROOT "/nginx/config"
#define GOLDEN "tests/golden"
#define SITE(port)                                                                                 \
	"{\"listen\": [\"127.0.0.1:" port "\"], \"locations\": [{\"path\": \"/\", \"return\": "    \
	"{\"status\": 204}}]}\n"

static char *settings;

static int set_up(void **state UNUSED)
{
	settings = rig_path("ctl.conf");
	rig_write(settings,
		  "snippets: { roots = [\"/srv\", \"/var/www\", \"/usr/share/nginx\"]; "
		  "certificates = [\"/etc/ssl\"]; };\nstate: { directory = \"%s\"; };\n",
		  rig_path("state"));
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_clean();
	return 0;
}

/* DIR/PATH, with its directories. */
static void put_file(const char *path, const char *data)
{
	char *file = rig_path("dir/%s", path);
	FILE *f;

	for (char *slash = strchr(file + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(file, 0755);
		*slash = '/';
	}
	f = fopen(file, "we");
	assert_non_null(f);
	fputs(data, f);
	fclose(f);
}

static struct rig_ctl_result lint(const char *option)
{
	return rig_ctl(settings, "lint", rig_path("dir"), option, NULL);
}

static void assert_prints(const struct rig_ctl_result *r, const char *text)
{
	if (!strstr(r->out, text))
		fail_msg("\"%s\" is not in: %s%s", text, r->out, r->err);
}

/* --- the daemon's verdict -------------------------------------------------------------------- */

/* As test_golden.c writes it: problems, one a line. */
static char *problems_of(const json_t *findings)
{
	struct buf out = BUF_INIT;
	size_t i;
	json_t *f;

	json_array_foreach((json_t *)(uintptr_t)findings, i, f)
	{
		const char *field = json_string_value(json_object_get(f, "field"));

		buf_printf(&out, "%s %s %s %s ", json_string_value(json_object_get(f, "znode")),
			   json_string_value(json_object_get(f, "kind")), *field ? field : "-",
			   json_string_value(json_object_get(f, "serving")));
		for (const char *s = json_string_value(json_object_get(f, "message")); *s; s++) {
			if ((unsigned char)*s < 0x20 || *s == 0x7f)
				buf_printf(&out, "\\x%02x", (unsigned)*s);
			else
				buf_putc(&out, *s);
		}
		buf_putc(&out, '\n');
	}
	return buf_take(&out);
}

static void compare(const char *name, const char *form, const struct rig_ctl_result *r)
{
	CLEANUP(freep) char *path = xasprintf(GOLDEN "/%s/expect/problems.txt", name);
	const char *expected = rig_read(path);
	json_t *findings = rig_ctl_json(r);
	CLEANUP(freep) char *found = problems_of(findings);

	json_decref(findings);
	if (!expected || strcmp(found, expected) != 0)
		fail_msg("%s as %s: lint says\n%s%s\nand the daemon\n%s", name, form, found, r->err,
			 expected ?: "(nothing)");
	assert_int_equal(r->code, *expected ? 1 : 0);
}

static void check_tree(const char *name)
{
	CLEANUP(freep) char *tree = xasprintf(GOLDEN "/%s/tree.txt", name);
	CLEANUP(freep) char *accepted = xasprintf(GOLDEN "/%s/accepted.txt", name);
	bool has_accepted = access(accepted, R_OK) == 0;
	struct rig_ctl_result r = rig_ctl(settings, "lint", "--no-nginx", "--json", "--tree", tree,
					  has_accepted ? "--against" : NULL, accepted, NULL);

	compare(name, "a tree", &r);
}

/* False: the case cannot be a directory. */
static bool make_directory(const struct tree *t)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	for (size_t i = 0; i < tree_count(t); i++) {
		const struct znode *z = tree_at(t, i);
		enum config_level level = config_place(z->path, ROOT).level;

		if (level == CONFIG_ROOT || level == CONFIG_DIRECTORY)
			continue;
		if (!config_file(a, z->path, ROOT) || strlen(z->data) != z->size)
			return false;
	}
	mkdir(rig_path("dir"), 0755);
	for (size_t i = 0; i < tree_count(t); i++) {
		const char *file = config_file(a, tree_at(t, i)->path, ROOT);

		if (file)
			put_file(file, tree_at(t, i)->data);
	}
	return true;
}

/* Where everything in the case has a file; a directory has no order of creation. */
static bool check_directory(const char *name)
{
	CLEANUP(freep) char *path = xasprintf(GOLDEN "/%s/tree.txt", name);
	CLEANUP(freep) char *accepted = xasprintf(GOLDEN "/%s/accepted.txt", name);
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	struct rig_ctl_result r;
	const char *text = rig_read(path);
	struct err e;

	if (tree_parse(text, strlen(text), path, &t, &e) < 0)
		fail_msg("%s", e.text);
	if (access(accepted, R_OK) == 0 || strstr(text, " czxid=") || !make_directory(t))
		return false;
	r = rig_ctl(settings, "lint", "--no-nginx", "--json", rig_path("dir"), NULL);
	compare(name, "a directory", &r);
	return true;
}

static void each_golden_case_gets_the_daemons_verdict(void **state UNUSED)
{
	DIR *cases = opendir(GOLDEN);
	struct dirent *entry;
	unsigned trees = 0, directories = 0;

	assert_non_null(cases);
	while ((entry = readdir(cases))) {
		if (entry->d_name[0] == '.')
			continue;
		set_up(NULL);
		check_tree(entry->d_name);
		trees++;
		directories += check_directory(entry->d_name);
		rig_clean();
	}
	closedir(cases);
	assert_true(trees >= 12 && directories >= 8);
}

/* --- places ---------------------------------------------------------------------------------- */

static void a_field_is_found_at_its_line(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("sites/shop.json", "{\n  \"listen\": [\"80\", \"x y z\"],\n  \"locations\": [\n"
				    "    { \"path\": \"/\", \"proxy\": \"shop\",\n"
				    "      \"timeouts\": { \"read\": \"soon\" } } ] }\n");
	r = lint("--no-nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/sites/shop.json:2:20: error: listen[1]");
	assert_prints(&r, "dir/sites/shop.json:5:21: error: locations[0].timeouts.read: ");
}

static void a_directory_is_named_as_it_was_given(void **state UNUSED)
{
	CLEANUP(freep) char *line = NULL;
	char *argv[] = { (char *)"sh", (char *)"-c", NULL, NULL }, *out = NULL;
	char real[4096];

	put_file("sites/a.json", "x");
	put_file("sites/a.jsn", "x");
	assert_non_null(realpath(getenv("ZKNGINXCTL") ?: "build/zknginxctl", real));
	argv[2] = line = xasprintf("cd %s && %s -c %s lint --no-nginx && exit; "
				   "cd .. && %s -c %s lint --no-nginx dir//",
				   rig_path("dir"), real, settings, real, settings);
	assert_int_equal(rig_run(&out, argv), 1);
	assert_int_equal(strncmp(out, "sites/a.jsn:1:1: error: ", 24), 0);
	assert_non_null(strstr(out, "\nsites/a.json:1:"));
	assert_non_null(strstr(out, "\ndir/sites/a.json:1:"));
}

static void json_errors_have_a_line_and_a_column(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("sites/a.json", "{\n  \"listen\": [\"80\",, ]\n}\n");
	put_file("sites/b.json", "{\"listen\": [],\n \"listen\": []}");
	put_file("sites/c.json", "[[[[[[[[[[[[[[[[\n[");
	r = lint("--no-nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/sites/a.json:2:19: error: ");
	assert_prints(&r, "dir/sites/b.json:2:9: error: duplicate");
	assert_prints(&r, "dir/sites/c.json:2:1: error: objects and arrays are nested too deeply");
}

static void a_snippet_has_the_line_of_the_policy(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("snippets/http/x.conf", "# one\n\n  load_module a;\n");
	r = lint("--no-nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/snippets/http/x.conf:3:3: error: \"load_module\"");
}

static void a_servers_parameter_is_found_in_its_words(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("upstreams/shop/10.0.0.1:80", "weight=5 max_fails=x\n");
	r = lint("--no-nginx");
	assert_prints(&r, "dir/upstreams/shop/10.0.0.1:80:1:10: error: max_fails: ");
}

static void files_that_are_no_znodes_are_named_each(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("sites/shop.jsn", "x");
	put_file("sites/api.json", SITE("8080"));
	put_file("docs/x", "x");
	put_file("README.md", "x");
	put_file("sites/.hidden", "x");
	r = lint("--no-nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/sites/shop.jsn:1:1: error: is not the file of a znode");
	assert_prints(&r, "dir/docs:1:1: warning: is ignored");
	assert_null(strstr(r.out, "README"));
	unlink(rig_path("dir/sites/shop.jsn"));
	r = lint("--no-nginx");
	rig_ctl_assert_code(&r, 0);
}

static void what_cannot_be_read_hides_no_other_problem(void **state UNUSED)
{
	char *big = xcalloc(2000001, 1);
	struct rig_ctl_result r;

	memset(big, 'x', 2000000);
	put_file("sites/big.json", big);
	free(big);
	put_file("sites/bad.json", "x");
	assert_int_equal(symlink("/nonexistent", rig_path("dir/sites/link.json")), 0);
	r = lint("--no-nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/sites/big.json:1:1: error: 2000000 bytes");
	assert_prints(&r, "dir/sites/link.json:1:1: error: No such file");
	assert_prints(&r, "dir/sites/bad.json:1:1: error: ");
}

static void each_finding_is_one_line_whatever_is_in_it(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("sites/a.json", "{\"x\\n/etc/passwd:1:1: error: \\u001b[31m\": 1}");
	r = lint("--no-nginx");
	for (const char *line = r.out; *line; line = strchr(line, '\n') + 1)
		assert_int_equal(strncmp(line, rig_directory(), strlen(rig_directory())), 0);
	assert_null(strchr(r.out, '\x1b'));
}

static void json_output_has_a_stable_shape(void **state UNUSED)
{
	static const char *const keys[] = { "column",  "field",   "file",     "kind", "line",
					    "message", "serving", "severity", "znode" };
	struct rig_ctl_result r;
	json_t *j;

	put_file("sites/a.json", "{\"x\": 1}");
	r = rig_ctl(settings, "lint", "--json", "--no-nginx", rig_path("dir"), NULL);
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	assert_true(json_array_size(j) > 0);
	assert_int_equal(json_object_size(json_array_get(j, 0)), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(json_array_get(j, 0), keys[i]));
	json_decref(j);
	put_file("sites/a.json", SITE("8080"));
	r = rig_ctl(settings, "lint", "--json", "--no-nginx", rig_path("dir"), NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.out, "[]\n");
}

/* --- single files ---------------------------------------------------------------------------- */

static void a_file_is_checked_with_its_directory(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("upstreams/shop.json", "{}");
	put_file("sites/shop.json",
		 "{\"listen\": [\"80\"], \"locations\": [{\"path\": \"/\", \"proxy\": \"shop\"}]}");
	put_file("sites/broken.json", "x");
	r = rig_ctl(settings, "lint", "--no-nginx", rig_path("dir/sites/shop.json"), NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.out, "");
	unlink(rig_path("dir/upstreams/shop.json"));
	r = rig_ctl(settings, "lint", "--no-nginx", rig_path("dir/sites/shop.json"), NULL);
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/sites/shop.json:1:48: error: locations[0].proxy: upstream \"shop\" "
			  "does not exist");
	assert_null(strstr(r.out, "broken"));
}

static void standard_input_needs_the_name_of_a_znode(void **state UNUSED)
{
	static const char *const alone[] = { "lint", "--no-nginx", "-", NULL };
	static const char *const as[] = { "lint", "--no-nginx", "--as", "sites/x", "-", NULL };
	static const char *const wrong[] = { "lint", "--no-nginx", "--as", "nope/x", "-", NULL };
	struct rig_ctl_result r = rig_ctl_with(settings, "{", alone);

	rig_ctl_assert_code(&r, 2);
	r = rig_ctl_with(settings, "{", wrong);
	rig_ctl_assert_code(&r, 2);
	r = rig_ctl_with(settings, "{\n", as);
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "-:2:1: error: ");
	r = rig_ctl_with(settings, SITE("80"), as);
	rig_ctl_assert_code(&r, 0);
}

static void what_is_not_there_is_an_error_of_the_command_line(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "lint", rig_path("nope"), NULL);

	rig_ctl_assert_code(&r, 2);
	put_file("notes.txt", "x");
	r = rig_ctl(settings, "lint", rig_path("dir/notes.txt"), NULL);
	rig_ctl_assert_code(&r, 2);
}

/* --- nginx ----------------------------------------------------------------------------------- */

static void nginx_names_a_line_of_the_file(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("snippets/http/a.conf", "map $host $a {\n  default 1;\n}\ngzip maybe;\n");
	put_file("snippets/http/b.conf", "\n\n  gzip_comp_level 99;\n");
	put_file("snippets/http/c.conf", "gzip_types text/css\n  text/html;\n"); /* a warning */
	put_file("sites/good.json", SITE("8080"));
	r = lint("--nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/snippets/http/a.conf:4:1: error: nginx -t: invalid value \"maybe\"");
	assert_prints(&r, "dir/snippets/http/b.conf:3:3: error: nginx -t: value must be between");
	assert_prints(&r, "dir/snippets/http/c.conf:2:3: error: nginx -t: duplicate MIME type");
	assert_null(strstr(r.out, "good"));
}

/* The small nginx.conf is in a directory of its own, where there are no such files. */
static void parameter_files_beside_nginx_conf_are_found(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("sites/php.json", "{\"listen\": [\"8080\"], \"locations\": [{\"path\": \"/\", "
				   "\"return\": {\"status\": "
				   "204}, \"directives\": [\"include fastcgi_params\", \"include "
				   "uwsgi_params\"]}]}\n");
	put_file("snippets/http/types.conf", "include mime.types;\n");
	r = lint("--nginx");
	if (r.code != 0)
		fail_msg("%s%s", r.out, r.err);
	/* nor does it matter whether this machine has them */
	rig_write(settings,
		  "nginx: { config = \"/nonexistent/nginx.conf\"; };\nstate: { directory = \"%s\"; "
		  "};\n",
		  rig_path("state"));
	put_file("snippets/http/more.conf", "include koi-win;\n");
	unlink(rig_path("dir/snippets/http/types.conf"));
	r = lint("--nginx");
	if (r.code != 0)
		fail_msg("%s%s", r.out, r.err);
}

/* The name does not fit into the bucket of a hash: nginx names no line. */
static void a_config_that_nginx_refuses_as_a_whole_is_an_error(void **state UNUSED)
{
	static const char name[] = "a23456789-a23456789-a23456789-a23456789-a23456789-a23456789."
				   "b23456789-b23456789-b23456789-b23456789-b23456789-b23456789";
	CLEANUP(freep) char *site = NULL;
	struct rig_ctl_result r;

	put_file("sites/good.json", SITE("8080"));
	site = xasprintf("{\"listen\": [\"127.0.0.1:8080\"], \"server_names\": [\"%s\"], "
			 "\"locations\": [{\"path\": \"/\", \"return\": {\"status\": 204}}]}",
			 name);
	put_file("sites/long.json", site);
	r = lint("--nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir:1:1: error: nginx -t refuses the config as a whole and names no "
			  "znode: could not build server_names_hash");
	r = rig_ctl(settings, "lint", "--nginx", rig_path("dir/sites/long.json"), NULL);
	rig_ctl_assert_code(&r, 1);
}

static void names_of_hosts_are_not_resolved(void **state UNUSED)
{
	struct rig_ctl_result r;

	put_file("upstreams/shop/app.invalid:80", "");
	put_file("upstreams/shop/app-2.invalid:80", "");
	put_file("sites/shop.json", "{\"listen\": [\"127.0.0.1:8080\"], \"locations\": [{\"path\": "
				    "\"/\", \"proxy\": \"shop\"}]}");
	r = lint("--nginx");
	rig_ctl_assert_code(&r, 0);
}

static void without_nginx_it_is_said_what_was_not_tested(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_write(settings, "nginx: { binary = \"%s\"; };\n", rig_path("no-nginx"));
	put_file("sites/good.json", SITE("8080"));
	r = lint(NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.err, "not tested with nginx -t"));
	r = lint("--nginx");
	rig_ctl_assert_code(&r, 3);
	r = lint("--no-nginx");
	assert_null(strstr(r.err, "nginx -t"));
}

/* This machine is a host of the fleet: a daemon has run here. */
static void make_host(struct rig_nginx *n, const char *http_text, const char *hosts)
{
	rig_nginx_init(n, "nginx");
	n->http_text = http_text;
	rig_nginx_configure(n);
	mkdir(n->state, 0755);
	mkdir(rig_path("nginx/state/live"), 0755);
	rig_write(rig_path("nginx/state/live/http.conf"), "# nothing\n");
	rig_write(rig_path("nginx/state/live/stream.conf"), "# nothing\n");
	rig_write(settings,
		  "nginx: { config = \"%s\"; pid = \"%s\"; log_directory = \"%s\"; };\n"
		  "state: { directory = \"%s\"; };\nzookeeper: { hosts = \"%s\"; };\n",
		  n->config, n->pid_file, n->log_directory, n->state, hosts);
}

/* On a host of the fleet, nginx.conf has the last word. */
static void what_nginx_conf_has_is_not_taken_by_a_znode(void **state UNUSED)
{
	struct rig_nginx n;
	struct rig_ctl_result r;

	make_host(&n, "\tupstream shop { server 127.0.0.1:9; }\n", "127.0.0.1:1");
	put_file("sites/good.json", SITE("8080"));
	r = lint("--nginx");
	rig_ctl_assert_code(&r, 0);
	assert_null(strstr(r.err, "small nginx.conf"));
	put_file("upstreams/shop/10.0.0.1:80", "");
	put_file("snippets/http/x.conf", "gzip maybe;\n");
	r = lint("--nginx");
	rig_ctl_assert_code(&r, 1);
	assert_prints(&r, "dir/upstreams/shop.json:1:1: error: ");
	assert_prints(&r, "nginx.conf");
	assert_prints(&r, "dir/snippets/http/x.conf:1:1: error: nginx -t: invalid value");
	n.http_text = "\tnonsense;\n";
	rig_nginx_configure(&n);
	put_file("snippets/http/x.conf", "gzip on;\n");
	r = lint("--nginx");
	rig_ctl_assert_code(&r, 3); /* no znode is to blame */
	assert_non_null(strstr(r.err, "nonsense"));
}

static void set_asks_the_nginx_of_a_host_of_the_fleet(void **state UNUSED)
{
	static const char *const good[] = { "set", "snippets/http/x", "-", NULL };
	struct rig_zookeeper *zookeeper = rig_zookeeper_start(NULL);
	struct rig_nginx n;
	struct rig_ctl_result r;

	make_host(&n, NULL, rig_zookeeper_hosts(zookeeper));
	r = rig_ctl_with(settings, "map $host $x {\n  default 1;\n}\ngzip maybe;\n", good);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "-:4:1: error: nginx -t: invalid value \"maybe\""));
	r = rig_ctl_with(settings, "gzip on;\n", good);
	rig_ctl_assert_code(&r, 0);
	rig_zookeeper_stop(zookeeper);
}

static void no_file_stays_behind(void **state UNUSED)
{
	char *own = rig_path("tmp"); /* other programs have theirs in /tmp */
	struct rig_ctl_result r;

	assert_int_equal(mkdir(own, 0755), 0);
	setenv("TMPDIR", own, 1);
	put_file("sites/good.json", SITE("8080"));
	r = lint("--nginx");
	unsetenv("TMPDIR");
	rig_ctl_assert_code(&r, 0);
	assert_int_equal(rmdir(own), 0); /* it is empty */
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(each_golden_case_gets_the_daemons_verdict),
		EACH(a_field_is_found_at_its_line),
		EACH(a_directory_is_named_as_it_was_given),
		EACH(json_errors_have_a_line_and_a_column),
		EACH(a_snippet_has_the_line_of_the_policy),
		EACH(a_servers_parameter_is_found_in_its_words),
		EACH(files_that_are_no_znodes_are_named_each),
		EACH(what_cannot_be_read_hides_no_other_problem),
		EACH(each_finding_is_one_line_whatever_is_in_it),
		EACH(json_output_has_a_stable_shape),
		EACH(a_file_is_checked_with_its_directory),
		EACH(standard_input_needs_the_name_of_a_znode),
		EACH(what_is_not_there_is_an_error_of_the_command_line),
		EACH(nginx_names_a_line_of_the_file),
		EACH(parameter_files_beside_nginx_conf_are_found),
		EACH(a_config_that_nginx_refuses_as_a_whole_is_an_error),
		EACH(names_of_hosts_are_not_resolved),
		EACH(without_nginx_it_is_said_what_was_not_tested),
		EACH(what_nginx_conf_has_is_not_taken_by_a_znode),
		EACH(set_asks_the_nginx_of_a_host_of_the_fleet),
		EACH(no_file_stays_behind),
	};

	return cmocka_run_group_tests_name("zknginxctl lint", tests, NULL, NULL);
}
