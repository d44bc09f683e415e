/*
 * The schemas of conf/schema: those that the tables give, and true for every golden case.
 * SCHEMA_UPDATE=1 writes them (`make schema`). The validator knows what the schemas use.
 */
#include <dirent.h>
#include <errno.h>

#include "compose_fixture.h"

#include "core/data/layout.h"
#include "core/decode/schema.h"

#define DIRECTORY "conf/schema"

static char *read_file(const char *path)
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
	return buf_take(&b);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static void the_files_are_what_the_tables_say(void **state UNUSED)
{
	for (size_t i = 0; schema_name(i); i++) {
		CLEANUP(freep) char *path = xasprintf(DIRECTORY "/%s.json", schema_name(i));
		CLEANUP(freep) char *text = NULL, *now = NULL, *file = NULL;
		json_t *schema = schema_new(i);

		text = json_dumps(schema, JSON_INDENT(2));
		now = xasprintf("%s\n", text);
		json_decref(schema);
		if (getenv("SCHEMA_UPDATE"))
			write_file(path, now);
		file = read_file(path);
		if (!file || strcmp(file, now) != 0)
			fail_msg("%s differs from the tables: run \"make schema\"", path);
	}
}

/* --- a small validator ----------------------------------------------------------------------- */

static bool is_type(const json_t *value, const char *type)
{
	return (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "number") == 0 && json_is_number(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
	       (strcmp(type, "null") == 0 && json_is_null(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "object") == 0 && json_is_object(value));
}

static bool has_type(const json_t *types, const json_t *value)
{
	if (json_is_string(types))
		return is_type(value, json_string_value(types));
	for (size_t i = 0; i < json_array_size(types); i++) {
		if (is_type(value, json_string_value(json_array_get(types, i))))
			return true;
	}
	return !types;
}

static bool valid(const json_t *schema, const json_t *value);

static bool any_valid(const json_t *schemas, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(schemas); i++) {
		if (valid(json_array_get(schemas, i), value))
			return true;
	}
	return !schemas;
}

static bool members_valid(const json_t *schema, const json_t *value)
{
	const json_t *properties = json_object_get(schema, "properties");
	const json_t *more = json_object_get(schema, "additionalProperties");
	const json_t *required = json_object_get(schema, "required");
	const char *name;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		const json_t *own = json_object_get(properties, name);

		if (!own && json_is_false(more))
			return false;
		if ((own || json_is_object(more)) && !valid(own ?: more, member))
			return false;
	}
	for (size_t i = 0; i < json_array_size(required); i++) {
		if (!json_object_get(value, json_string_value(json_array_get(required, i))))
			return false;
	}
	return true;
}

static bool elements_valid(const json_t *items, const json_t *value)
{
	for (size_t i = 0; items && i < json_array_size(value); i++) {
		if (!valid(items, json_array_get(value, i)))
			return false;
	}
	return true;
}

static bool in_range(const json_t *schema, const json_t *value)
{
	const json_t *least = json_object_get(schema, "minimum");
	const json_t *most = json_object_get(schema, "maximum");

	return (!least || json_integer_value(value) >= json_integer_value(least)) &&
	       (!most || json_integer_value(value) <= json_integer_value(most));
}

static const json_t *whole; /* the schema whose $defs count */

static bool is_referred(const char *ref, const json_t *value)
{
	const char *name = strrchr(ref, '/') + 1;

	if (strcmp(name, "parameter") == 0)
		return json_is_string(value) && strstr(json_string_value(value), "$(");
	return valid(json_object_get(json_object_get(whole, "$defs"), name), value);
}

static bool is_whole_valid(const json_t *schema, const json_t *value)
{
	whole = schema;
	return valid(schema, value);
}

static bool valid(const json_t *schema, const json_t *value)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));

	if (ref)
		return is_referred(ref, value);
	return has_type(json_object_get(schema, "type"), value) &&
	       any_valid(json_object_get(schema, "anyOf"), value) &&
	       (!json_is_integer(value) || in_range(schema, value)) &&
	       (!json_is_object(value) || members_valid(schema, value)) &&
	       elements_valid(json_object_get(schema, "items"), value);
}

/* --- golden cases ---------------------------------------------------------------------------- */

static json_t *schema_of(const struct znode *z)
{
	struct config_place p = config_place(z->path, ROOT);
	CLEANUP(freep) char *title = NULL;

	if (p.level != CONFIG_OBJECT || config_role(p.kind) == ROLE_TEXT)
		return NULL;
	title = p.kind == CONFIG_DEFAULTS ? xasprintf("defaults/%s", p.name)
					  : xasprintf("%s/NAME", config_directory(p.kind));
	for (size_t i = 0; schema_name(i); i++) {
		json_t *schema = schema_new(i);

		if (strcmp(json_string_value(json_object_get(schema, "title")), title) == 0)
			return schema;
		json_decref(schema);
	}
	return NULL;
}

static void check_znode(const char *name, const struct znode *z)
{
	json_t *schema = schema_of(z);
	json_t *value = z->size ? json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (schema && value && !is_whole_valid(schema, value))
		fail_msg("%s: %s is not valid by its schema", name, z->path);
	json_decref(schema);
	json_decref(value);
}

static bool has_problem(const struct problems *problems, const char *path)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (strcmp(problems->items[i].znode, path) == 0)
			return true;
	}
	return false;
}

static size_t check_case(const char *name)
{
	CLEANUP(freep) char *path = xasprintf("tests/golden/%s/tree.txt", name);
	CLEANUP(freep) char *text = read_file(path);
	CLEANUP(tree_unrefp) struct tree *t = text ? parse(text) : NULL, *nothing = parse("");
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	struct problems problems;
	size_t checked = 0;

	if (!t)
		return 0;
	problems_init(&problems);
	m = compose(&(struct compose_input){ .tree = t,
					     .accepted = nothing,
					     .good = good,
					     .root = ROOT,
					     .policy = &policy },
		    &problems, NULL);
	for (size_t i = 0; i < tree_count(t); i++) {
		if (has_problem(&problems, tree_at(t, i)->path) || strstr(name, "bad"))
			continue;
		check_znode(name, tree_at(t, i));
		checked++;
	}
	problems_fini(&problems);
	return checked;
}

static void every_golden_case_is_valid(void **state UNUSED)
{
	DIR *d = opendir("tests/golden");
	size_t checked = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] != '.')
			checked += check_case(e->d_name);
	}
	closedir(d);
	assert_true(checked > 50);
}

static bool is_valid(const char *path, const char *json)
{
	struct znode z = { .path = path };
	json_t *schema = schema_of(&z), *value = json_loads(json, 0, NULL);
	bool ok = is_whole_valid(schema, value);

	json_decref(schema);
	json_decref(value);
	return ok;
}

static void what_decode_refuses_by_type_is_not_valid(void **state UNUSED)
{
	assert_true(is_valid(ROOT "/sites/a", "{\"listen\":[80],\"gzip\":null}"));
	assert_false(is_valid(ROOT "/sites/a", "{\"listens\":[80]}"));
	assert_false(is_valid(ROOT "/sites/a", "{\"gzip\":\"on\"}"));
	assert_true(is_valid(ROOT "/templates/a", "{\"gzip\":\"$(gzip)\"}"));
	assert_false(is_valid(ROOT "/upstreams/a", "{\"keepalive\":-1}"));
	assert_false(is_valid(ROOT "/sites/a", "{\"locations\":[{\"paht\":\"/\"}]}"));
	assert_false(is_valid(ROOT "/maps/a", "{\"values\":{}}"));
	assert_true(is_valid(ROOT "/maps/a", "{\"source\":\"$uri\",\"values\":{\"a\":1}}"));
	assert_false(is_valid(ROOT "/maps/a", "{\"source\":\"$uri\",\"values\":{\"a\":[]}}"));
}

static void the_members_of_a_listen_are_known(void **state UNUSED)
{
	assert_true(is_valid(
		ROOT "/sites/a",
		"{\"listen\":[80,\"443 ssl\",{\"address\":8443,\"ssl\":true,\"backlog\":512,"
		"\"so_keepalive\":\"30m::10\",\"ipv6only\":false}]}"));
	assert_false(is_valid(ROOT "/sites/a", "{\"listen\":[{\"address\":80,\"sll\":true}]}"));
	assert_false(is_valid(ROOT "/sites/a", "{\"listen\":[{\"address\":80,\"ssl\":\"on\"}]}"));
	assert_false(is_valid(ROOT "/sites/a", "{\"listen\":[{\"address\":[80]}]}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_files_are_what_the_tables_say),
		cmocka_unit_test(every_golden_case_is_valid),
		cmocka_unit_test(what_decode_refuses_by_type_is_not_valid),
		cmocka_unit_test(the_members_of_a_listen_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
