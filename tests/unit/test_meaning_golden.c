/*
 * The meaning of the znodes of all golden cases: another format is the same, and whatever changes
 * what nginx reads is not.
 */
#include "tree_fixture.h"

#include <glob.h>
#include <jansson.h>

#include <zknginx/macros.h>

#include "core/compose/compose.h"
#include "core/decode/meaning.h"
#include "core/render/render.h"
#include "core/text/json_text.h"

#define ROOT "/nginx/config"

static const char *const roots[] = { "/srv", "/var/www", "/usr/share/nginx", NULL };
static const char *const certificates[] = { "/etc/ssl", NULL };
static const struct policy policy = { .level = POLICY_SAFE,
				      .roots = roots,
				      .certificates = certificates };

static struct tree *read_tree(const char *path)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&b, part, n);
	fclose(f);
	return parse(buf_str(&b));
}

/* What nginx would read. */
static char *rendered(const struct tree *t)
{
	static const struct render_options options = { .log_directory = "/var/log/nginx",
						       .cache_directory = "/var/cache/nginx" };
	CLEANUP(tree_unrefp) struct tree *nothing = tree_empty();
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	struct buf text = BUF_INIT;
	struct problems ps;

	problems_init(&ps);
	m = compose(&(struct compose_input){ .tree = t,
					     .accepted = nothing,
					     .good = good,
					     .root = ROOT,
					     .policy = &policy },
		    &ps, NULL);
	b = render(m, &options);
	problems_fini(&ps);
	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++)
		buf_put(&text, bundle_text(b, (enum bundle_file)f)->data,
			bundle_text(b, (enum bundle_file)f)->size);
	return buf_take(&text);
}

static struct tree *with(const struct tree *t, const struct znode *z)
{
	struct tree_builder b;
	struct tree *out;

	tree_builder_init(&b);
	for (size_t i = 0; i < tree_count(t); i++)
		tree_builder_add(&b, tree_at(t, i));
	tree_builder_add(&b, z);
	out = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return out;
}

/* --- changes of JSON -------------------------------------------------------------------------- */

enum change { DELETE, CHANGE, CHANGE_N };

static json_t *changed(const json_t *value)
{
	if (json_is_integer(value))
		return json_integer(json_integer_value(value) + 1);
	if (json_is_boolean(value))
		return json_boolean(!json_is_true(value));
	if (json_is_string(value))
		return json_sprintf("%sx", json_string_value(value));
	return json_null();
}

/* Changes the *nth value within, depth first; true: there was one. */
static bool change_nth(json_t *within, long *nth, enum change how)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(within, key, value)
	{
		if ((*nth)-- == 0)
			return (how == DELETE
					? json_object_del(within, key)
					: json_object_set_new(within, key, changed(value))) == 0;
		if (change_nth(value, nth, how))
			return true;
	}
	json_array_foreach(within, i, value)
	{
		if ((*nth)-- == 0)
			return (how == DELETE ? json_array_remove(within, i)
					      : json_array_set_new(within, i, changed(value))) == 0;
		if (change_nth(value, nth, how))
			return true;
	}
	return false;
}

/* --------------------------------------------------------------------------------------------- */

static unsigned formats, changes;

static void check_format(const struct meaning *m, const struct znode *z, json_t *j)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct znode other = { .path = z->path };

	json_print(json_incref(j), JSON_INDENT(3), &text);
	other.data = buf_str(&text);
	other.size = text.size;
	formats++;
	if (!meaning_same(m, z, &other))
		fail_msg("%s: another format is different: %s", z->path, other.data);
}

static void check_changed(const struct meaning *m, const struct znode *z, const char *before,
			  json_t *j)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct znode other = { .path = z->path };
	CLEANUP(tree_unrefp) struct tree *after = NULL;
	CLEANUP(freep) char *read = NULL;

	json_print(json_incref(j), JSON_COMPACT, &text);
	other.data = buf_str(&text);
	other.size = text.size;
	after = with(m->tree, &other);
	read = rendered(after);
	changes++;
	if (strcmp(before, read) != 0 && meaning_same(m, z, &other))
		fail_msg("%s: nginx reads something else, but it is the same: %s", z->path,
			 other.data);
}

static void check_znode(const struct meaning *m, const struct znode *z, const char *before)
{
	json_t *j = json_loadb(z->data, z->size, 0, NULL);

	if (json_is_object(j))
		check_format(m, z, j);
	for (enum change how = 0; json_is_object(j) && how < CHANGE_N; how++) {
		for (long n = 0;; n++) {
			json_t *copy = json_deep_copy(j);
			long nth = n;
			bool done = change_nth(copy, &nth, how);

			if (done)
				check_changed(m, z, before, copy);
			json_decref(copy);
			if (!done)
				break;
		}
	}
	json_decref(j);
}

static void all_golden_cases(void **state UNUSED)
{
	glob_t found;

	assert_int_equal(glob("tests/golden/*/tree.txt", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP(tree_unrefp) struct tree *t = read_tree(found.gl_pathv[i]);
		CLEANUP(freep) char *before = rendered(t);
		struct meaning m = { .root = ROOT, .policy = &policy, .tree = t };

		for (size_t k = 0; k < tree_count(t); k++) {
			if (path_is_below(tree_at(t, k)->path, ROOT))
				check_znode(&m, tree_at(t, k), before);
		}
	}
	globfree(&found);
	assert_true(formats > 50);
	assert_true(changes > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_golden_cases),
	};

	return cmocka_run_group_tests_name("meaning of the golden cases", tests, NULL, NULL);
}
