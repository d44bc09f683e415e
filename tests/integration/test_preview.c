/*
 * A tree judged offline, with a real nginx and without a ZooKeeper. This program is linked with the
 * objects that a preview needs and no others (Makefile): neither the session nor the deployment,
 * nor any other duty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/err.h>
#include <zknginx/tree.h>

#include "host/settings.h"
#include "preview/preview.h"
#include "rig.h"
#include "rig_nginx.h"

#define CONFIG "/nginx/config"
#define LIVE "nginx/state/live"

struct offline {
	struct rig_nginx nginx;
	struct settings_file *file;
	const struct settings *settings;
	struct tree *accepted;
	sd_event *loop;
	bool over, passed;
};

/* A state directory whose live generation is made of nothing. */
static void make_state(const struct rig_nginx *n)
{
	mkdir(n->state, 0755);
	mkdir(rig_path(LIVE), 0755);
	rig_write(rig_path(LIVE "/http.conf"), "# nothing\n");
	rig_write(rig_path(LIVE "/stream.conf"), "# nothing\n");
}

static struct tree *parse(const char *text)
{
	struct tree *t = NULL;
	struct err e;

	if (tree_parse(text, strlen(text), "tree", &t, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

static int set_up(void **state)
{
	struct offline *o = xcalloc(1, sizeof(*o));
	char *settings = rig_path("zknginxd.conf");
	struct settings_errors errors = { 0 };

	rig_nginx_init(&o->nginx, "nginx");
	make_state(&o->nginx);
	rig_write(settings,
		  "nginx: {\n  config = \"%s\";\n  pid = \"%s\";\n  log_directory = \"%s\";\n};\n"
		  "state: {\n  directory = \"%s\";\n};\n",
		  o->nginx.config, o->nginx.pid_file, o->nginx.log_directory, o->nginx.state);
	if (settings_load(settings, false, &o->file, &errors) < 0)
		settings_errors_print(&errors, "", stderr);
	assert_non_null(o->file);
	o->settings = settings_get(o->file);
	o->accepted = parse("");
	assert_true(sd_event_new(&o->loop) >= 0);
	*state = o;
	return 0;
}

static int tear_down(void **state)
{
	struct offline *o = *state;

	sd_event_unref(o->loop);
	tree_unref(o->accepted);
	settings_free(o->file);
	free(o);
	rig_clean();
	return 0;
}

#define SITE(port)                                                                                 \
	CONFIG "/sites/s\n\t{\"listen\": [\"127.0.0.1:" port "\"], \"locations\": [{\"path\": "    \
	       "\"/\", \"return\": {\"status\": 204}}]}\n"
#define BAD_SITE CONFIG "/sites/bad\n\tx\n"

/* --- a file ---------------------------------------------------------------------------------- */

static int render(const struct offline *o, const char *tree)
{
	char *file = rig_path("tree.txt");
	struct err e;
	int problems;

	rig_write(file, "%s", tree);
	problems = preview_render_file(o->settings, file, rig_path("out"), &e);
	if (problems < 0)
		print_message("%s\n", e.text);
	return problems;
}

static void a_whole_tree_is_rendered_without_a_problem(void **state)
{
	assert_int_equal(render(*state, SITE("8080")), 0);
	assert_non_null(strstr(rig_read(rig_path("out/http.conf")), "listen 127.0.0.1:8080;"));
	assert_non_null(rig_read(rig_path("out/stream.conf")));
}

static void problems_are_counted_and_the_rest_is_rendered(void **state)
{
	assert_int_equal(render(*state, BAD_SITE SITE("8080")), 1);
	assert_non_null(strstr(rig_read(rig_path("out/http.conf")), "listen 127.0.0.1:8080;"));
}

static void a_file_that_is_no_tree_is_an_error(void **state)
{
	struct err e;

	assert_int_equal(render(*state, "no path\n"), -1);
	assert_int_equal(preview_render_file(((struct offline *)*state)->settings,
					     rig_path("missing"), rig_path("out"), &e),
			 -1);
	assert_non_null(strstr(e.text, "missing"));
}

/* --- a candidate of this host ---------------------------------------------------------------- */

static void on_done(void *ctx, bool passed)
{
	struct offline *o = ctx;

	o->over = true;
	o->passed = passed;
}

/* What diff(1) wrote while the model was shown. */
static char *show(struct preview *p, const struct model *m)
{
	char *path = rig_path("shown");
	struct err e;
	int keep = dup(STDOUT_FILENO), rc;

	fflush(stdout);
	rig_write(path, "%s", "");
	assert_non_null(freopen(path, "w", stdout));
	rc = preview_show(p, m, &e);
	fflush(stdout);
	assert_int_equal(dup2(keep, STDOUT_FILENO), STDOUT_FILENO);
	close(keep);
	if (rc < 0)
		fail_msg("%s", e.text);
	return rig_read(path);
}

/* Does nginx accept what this host would make of the tree? */
static bool judge(struct offline *o, const char *text, char **shown, size_t *problem_count)
{
	CLEANUP(tree_unrefp) struct tree *tree = parse(text);
	CLEANUP(preview_freep) struct preview *p = NULL;
	CLEANUP(model_freep) struct model *m = NULL;
	struct problems problems;
	struct err e;

	if (preview_new(o->settings, o->accepted, &p, &e) < 0)
		fail_msg("%s", e.text);
	problems_init(&problems);
	m = preview_compose(p, tree, &problems);
	*problem_count = problems.count;
	problems_fini(&problems);
	*shown = show(p, m);
	o->over = false;
	if (preview_test(p, o->loop, on_done, o, &e) < 0)
		fail_msg("%s", e.text);
	eventually(o->loop, o->over);
	return o->passed;
}

static void a_good_tree_is_shown_and_accepted(void **state)
{
	size_t problems;
	char *shown;

	assert_true(judge(*state, SITE("8080"), &shown, &problems));
	assert_int_equal(problems, 0);
	assert_non_null(strstr(shown, "+    listen 127.0.0.1:8080;"));
	assert_non_null(strstr(shown, "-# nothing"));
}

static void what_nginx_refuses_is_refused(void **state)
{
	size_t problems;
	char *shown;

	/* no problem of the tree: only nginx asks for the name */
	assert_false(judge(*state,
			   CONFIG "/snippets/http/x\n\tserver { listen 127.0.0.1:1; location / { "
				  "proxy_pass http://nowhere.invalid; } }\n",
			   &shown, &problems));
	assert_int_equal(problems, 0);
	assert_non_null(strstr(shown, "nowhere.invalid"));
}

static void a_preview_leaves_no_files(void **state)
{
	char *live = rig_read(rig_path(LIVE "/http.conf")), *shown, *candidate;
	size_t problems;

	judge(*state, SITE("8080"), &shown, &problems);
	assert_string_equal(rig_read(rig_path(LIVE "/http.conf")), live);
	candidate = strstr(shown, "+++ ") + strlen("+++ ");
	candidate[strcspn(candidate, "\n")] = '\0';
	assert_non_null(strstr(candidate, "/http.conf"));
	*strrchr(candidate, '/') = '\0';
	assert_int_equal(access(candidate, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_tree_is_rendered_without_a_problem),
		TEST(problems_are_counted_and_the_rest_is_rendered),
		TEST(a_file_that_is_no_tree_is_an_error),
		TEST(a_good_tree_is_shown_and_accepted),
		TEST(what_nginx_refuses_is_refused),
		TEST(a_preview_leaves_no_files),
	};

	return cmocka_run_group_tests_name("preview", tests, NULL, NULL);
}
