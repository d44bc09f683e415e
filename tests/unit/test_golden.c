/*
 * Golden tests: whole trees through compose and render, compared byte by byte with reviewed
 * files. A case is a directory below $GOLDEN (tests/golden):
 *
 *	tree.txt	the znodes, in the text form of tree.h
 *	accepted.txt	the last good znodes (optional)
 *	options.txt	render_options that are not the default, one "NAME VALUE" a line (optional)
 *	expect/		http.conf, stream.conf, problems.txt; *.conf.newer is what is rendered for
 *			nginx 1.26, where that differs
 *
 * GOLDEN_UPDATE=1 rewrites expect/ instead (`make golden-update`); review the diff. The expected
 * files are also read back with nginx's token rules.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <zknginx/err.h>

#include "core/compose/compose.h"
#include "core/render/render.h"
#include "core/text/lexer.h"

#define CASES_MAX 256
#define CASES_MIN 12
#define NGINX_NEWER 1026003

static const char *const ROOTS[] = { "/srv", "/var/www", "/usr/share/nginx", NULL };
static const char *const CERTIFICATES[] = { "/etc/ssl", NULL };
static const char *const WRITABLE[] = { "/var/dav", NULL };
static const struct policy POLICY = {
	.level = POLICY_SAFE, .roots = ROOTS, .certificates = CERTIFICATES, .writable = WRITABLE
};
static const struct render_options OPTIONS = {
	.log_directory = "/var/log/nginx",
	.cache_directory = "/var/cache/nginx",
	.trusted_ca = "/etc/ssl/certs/ca-certificates.crt",
};

static const char *golden_directory(void)
{
	const char *directory = getenv("GOLDEN");

	return directory ? directory : "tests/golden";
}

/* A file's bytes, or NULL where there is none. */
static char *read_file(const char *path, size_t *size)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&b, part, n);
	fclose(f);
	*size = b.size;
	return buf_take(&b);
}

static void write_file(const char *path, const char *bytes, size_t size)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

/* The value of a line "NAME VALUE" in the case's options, to be freed; NULL where there is none. */
static char *read_option(const char *directory, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/options.txt", directory);
	CLEANUP(freep) char *text = NULL;
	size_t size = 0, length = strlen(name);

	text = read_file(path, &size);
	for (char *line = text; line && *line; line += strcspn(line, "\n") + 1) {
		if (strncmp(line, name, length) == 0 && line[length] == ' ')
			return strndup(line + length + 1, strcspn(line + length + 1, "\n"));
	}
	return NULL;
}

static struct bundle *render_case(const char *directory, const struct model *m, unsigned version)
{
	CLEANUP(freep) char *probe = read_option(directory, "probe");
	CLEANUP(freep) char *http_log = read_option(directory, "http_log");
	CLEANUP(freep) char *lacks_status = read_option(directory, "probe_lacks_status");
	struct render_options options = OPTIONS;

	options.nginx_version = version;
	options.has_quic = version >= NGINX_NEWER;
	options.probe = probe;
	options.http_log = http_log;
	options.probe_lacks_status = lacks_status;
	return render(m, &options);
}

static struct tree *read_tree(const char *directory, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", directory, name);
	CLEANUP(freep) char *text = NULL;
	struct tree *t = NULL;
	struct err e;
	size_t size = 0;

	text = read_file(path, &size);
	if (tree_parse(text ? text : "", size, path, &t, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

/* One line for each problem; a quoted value in a message cannot break it. */
static void put_problem(struct buf *out, const struct problem *p)
{
	buf_printf(out, "%s %s %s %s ", p->znode, problem_kind_name(p->kind),
		   *p->field ? p->field : "-", serving_name(p->serving));
	for (const char *s = p->message; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned)*s);
		else
			buf_putc(out, *s);
	}
	buf_putc(out, '\n');
}

static void compare_file(const char *directory, const char *name, const char *bytes, size_t size)
{
	CLEANUP(freep) char *path = xasprintf("%s/expect/%s", directory, name);
	CLEANUP(freep) char *expected = NULL;
	size_t expected_size = 0;

	if (getenv("GOLDEN_UPDATE")) {
		write_file(path, bytes, size);
		return;
	}
	expected = read_file(path, &expected_size);
	if (!expected)
		fail_msg("%s is missing: make golden-update, then review it", path);
	if (expected_size != size || memcmp(expected, bytes, size) != 0)
		fail_msg("%s differs. Now:\n%s", path, bytes);
}

/* Does nginx find whole statements and balanced braces in it? */
static void check_tokens(const char *directory, const char *name, const struct bundle_text *t)
{
	struct token token;
	struct lexer l;
	int depth = 0;

	lexer_init(&l, t->data, t->size);
	do {
		token = lexer_next(&l);
		depth += (token.kind == TOKEN_OPEN) - (token.kind == TOKEN_CLOSE);
		if (depth < 0 || token.kind == TOKEN_ERROR)
			fail_msg("%s/%s:%u: %s", directory, name, token.line,
				 token.kind == TOKEN_ERROR ? token.error : "a } too many");
	} while (token.kind != TOKEN_END);
	assert_int_equal(depth, 0);
	lexer_fini(&l);
}

/* The file is there only if the text differs from that for other versions. */
static void compare_newer(const char *directory, const char *name, const struct bundle_text *t,
			  const struct bundle_text *other)
{
	CLEANUP(freep) char *file = xasprintf("%s.newer", name);
	CLEANUP(freep) char *path = xasprintf("%s/expect/%s", directory, file);

	check_tokens(directory, file, t);
	if (t->size != other->size || memcmp(t->data, other->data, t->size) != 0)
		compare_file(directory, file, t->data, t->size);
	else if (getenv("GOLDEN_UPDATE"))
		unlink(path);
	else if (access(path, F_OK) == 0)
		fail_msg("%s is not expected: it is the same for all versions", path);
}

static void compare_bundle(const char *directory, const struct bundle *b,
			   const struct bundle *newer)
{
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		const char *name = bundle_file_name((enum bundle_file)f);

		check_tokens(directory, name, bundle_text(b, (enum bundle_file)f));
		compare_file(directory, name, bundle_text(b, (enum bundle_file)f)->data,
			     bundle_text(b, (enum bundle_file)f)->size);
		compare_newer(directory, name, bundle_text(newer, (enum bundle_file)f),
			      bundle_text(b, (enum bundle_file)f));
	}
}

static void compare_problems(const char *directory, struct problems *problems)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < problems->count; i++)
		put_problem(&text, &problems->items[i]);
	compare_file(directory, "problems.txt", buf_str(&text), text.size);
}

static const char ROOT[] = "/nginx/config";

/* The accepted tree must have no problem, or the case means nothing. */
static void check_accepted(const struct tree *accepted, const struct model *good)
{
	CLEANUP(problems_fini) struct problems problems;
	CLEANUP(model_freep) struct model *again = NULL;
	struct compose_input in = {
		.tree = accepted,
		.accepted = accepted,
		.good = good,
		.policy = &POLICY,
		.root = ROOT,
	};

	problems_init(&problems);
	again = compose(&in, &problems, NULL);
	if (problems.count)
		fail_msg("accepted.txt: %s: %s", problems.items[0].znode,
			 problems.items[0].message);
}

static void one_case(void **state)
{
	const char *directory = *state;
	CLEANUP(freep) char *expect = xasprintf("%s/expect", directory);
	CLEANUP(tree_unrefp) struct tree *tree = read_tree(directory, "tree.txt");
	CLEANUP(tree_unrefp) struct tree *accepted = read_tree(directory, "accepted.txt");
	CLEANUP(model_freep) struct model *good = compose_accepted(accepted, ROOT, &POLICY, NULL);
	CLEANUP(model_freep) struct model *m = NULL;
	CLEANUP(problems_fini) struct problems problems;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL, *newer = NULL;
	struct compose_input in = {
		.tree = tree,
		.accepted = accepted,
		.good = good,
		.policy = &POLICY,
		.root = ROOT,
	};

	check_accepted(accepted, good);
	problems_init(&problems);
	m = compose(&in, &problems, NULL);
	b = render_case(directory, m, 0);
	newer = render_case(directory, m, NGINX_NEWER);
	if (getenv("GOLDEN_UPDATE"))
		mkdir(expect, 0777);
	compare_bundle(directory, b, newer);
	compare_problems(directory, &problems);
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	static struct CMUnitTest tests[CASES_MAX];
	struct dirent **entries = NULL;
	int count = scandir(golden_directory(), &entries, is_case, alphasort);
	int failed;

	if (count < CASES_MIN || count > CASES_MAX) {
		fprintf(stderr, "%s: %d cases, expected %d to %d\n", golden_directory(), count,
			CASES_MIN, CASES_MAX);
		return 1;
	}
	for (int i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){
			.name = entries[i]->d_name,
			.test_func = one_case,
			.initial_state = xasprintf("%s/%s", golden_directory(), entries[i]->d_name),
		};
	failed = _cmocka_run_group_tests("golden", tests, (size_t)count, NULL, NULL);
	for (int i = 0; i < count; i++) {
		free(tests[i].initial_state);
		free(entries[i]);
	}
	free(entries);
	return failed;
}
