/*
 * Every node of the file is looked up in the table, and not the other way round, so nothing in the
 * file is ignored. An error says which key, what was expected, and what was found.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <zknginx/tree.h>

#include "core/text/secret.h"
#include "settings_check.h"
#include "settings_keys.h"
#include "settings_store.h"
#include "settings_vars.h"

struct checker {
	const config_t *config;
	const char *path;
	struct arena *arena; /* of the values */
	struct settings *values;
	struct settings_errors *errors;
};

static const char *file_of(const struct checker *c, const config_setting_t *node)
{
	const char *file = config_setting_source_file(node);

	return file ? file : c->path;
}

static unsigned line_of(const config_setting_t *node)
{
	return (unsigned)config_setting_source_line(node);
}

static const char *type_name(const config_setting_t *node)
{
	static const char *const names[] = {
		[CONFIG_TYPE_GROUP] = "a group",   [CONFIG_TYPE_INT] = "a number",
		[CONFIG_TYPE_INT64] = "a number",  [CONFIG_TYPE_FLOAT] = "a fraction",
		[CONFIG_TYPE_STRING] = "a string", [CONFIG_TYPE_BOOL] = "true or false",
		[CONFIG_TYPE_ARRAY] = "an array",  [CONFIG_TYPE_LIST] = "a list",
	};
	int type = config_setting_type(node);

	return type > 0 && (size_t)type < ARRAY_SIZE(names) ? names[type] : "nothing";
}

static void put_choices(struct buf *out, const struct setting *s)
{
	buf_puts(out, s->choices[1] ? "one of " : "");
	for (size_t i = 0; s->choices[i]; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : "", s->choices[i]);
}

static bool is_list(const struct setting *s)
{
	return s->type == SETTING_TEXTS || s->type == SETTING_COMMAND;
}

static void put_count(struct buf *out, const struct setting *s)
{
	if (strcmp(s->min, "0") == 0)
		buf_printf(out, ", at most %s", s->max);
	else
		buf_printf(out, ", %s to %s of them", s->min, s->max);
}

/* What the row expects, in words. */
static void put_expected(struct buf *out, const struct setting *s)
{
	static const char *const words[SETTING_TYPE_N] = {
		[SETTING_TEXT] = "a string",
		[SETTING_TEXTS] = "an array of strings",
		[SETTING_COMMAND] = "a program and its arguments as an array of strings",
		[SETTING_BOOLEAN] = "true or false",
		[SETTING_INTEGER] = "a whole number",
		[SETTING_DURATION] = "a duration as a string",
		[SETTING_SIZE] = "a size as a string",
	};
	const char *quote = s->type == SETTING_INTEGER ? "" : "\"";

	if (s->type == SETTING_CHOICE)
		put_choices(out, s);
	else
		buf_printf(out, "%s%s", s->bare_number ? "a number, or " : "", words[s->type]);
	if (is_list(s))
		put_count(out, s);
	else if (s->min)
		buf_printf(out, ", %s%s%s to %s%s%s", quote, s->min, quote, quote, s->max, quote);
	if (s->never)
		buf_puts(out, ", or \"never\"");
	if (s->list) {
		buf_puts(out, ", or ");
		put_expected(out, s->list);
	}
}

/* `why`: the sentence of the key's form; NULL: the row says what was expected. */
static void refuse(struct checker *c, const config_setting_t *node, const struct setting *s,
		   const char *why, const char *found)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s: %s", s->path, why ? why : "expected ");
	if (!why)
		put_expected(&text, s);
	buf_printf(&text, "; found %s", found);
	settings_errors_add(c->errors, file_of(c, node), line_of(node), "%s", buf_str(&text));
	buf_fini(&text);
}

/* A wrong value as an error quotes it: a password in place of the path of its file is not shown. */
static void quote(const struct setting *s, const char *value, char out[static 128])
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	secret_put_value(s->path, value, &text);
	snprintf(out, 128, "%s", buf_str(&text));
}

static bool is_number(const config_setting_t *node)
{
	int type = config_setting_type(node);

	return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

/* The last line that can have the value of a node: the one before the next node. */
static unsigned last_line(const config_setting_t *node)
{
	const config_setting_t *parent, *next;
	unsigned first = line_of(node);

	for (; (parent = config_setting_parent(node)); node = parent) {
		next = config_setting_get_elem(parent, (unsigned)config_setting_index(node) + 1);
		if (next)
			return line_of(next) > first ? line_of(next) - 1 : first;
	}
	return UINT_MAX;
}

/* A number that was too large was reported by the scanner already, as it is in the file. It may be
 * on a later line than the name of its key. */
static void refuse_number(struct checker *c, const config_setting_t *node, const struct setting *s,
			  const char *why, const char *found)
{
	if (!settings_errors_have_large_number(c->errors, file_of(c, node), line_of(node),
					       last_line(node)))
		refuse(c, node, s, why, found);
}

static void check_string(struct checker *c, const config_setting_t *node, const struct setting *s)
{
	const char *text = config_setting_get_string(node), *why;
	char found[128];

	if (s->bare_number && is_number(node))
		text = arena_printf(c->arena, "%lld", config_setting_get_int64(node));
	if (!text) {
		refuse(c, node, s, NULL, type_name(node));
	} else if (!setting_store(c->arena, c->values, s, text, &why)) {
		quote(s, text, found);
		(is_number(node) ? refuse_number : refuse)(c, node, s, why, found);
	}
}

static void check_integer(struct checker *c, const config_setting_t *node, const struct setting *s)
{
	long long n = config_setting_get_int64(node);
	char found[32];

	if (!is_number(node)) {
		refuse(c, node, s, NULL, type_name(node));
	} else if (!setting_store_integer(c->values, s, n)) {
		snprintf(found, sizeof(found), "%lld", n);
		refuse_number(c, node, s, NULL, found);
	}
}

static void check_boolean(struct checker *c, const config_setting_t *node, const struct setting *s)
{
	if (config_setting_type(node) == CONFIG_TYPE_BOOL)
		setting_store_boolean(c->values, s, config_setting_get_bool(node));
	else
		refuse(c, node, s, NULL, type_name(node));
}

static bool is_several(const config_setting_t *node)
{
	int type = config_setting_type(node);

	return type == CONFIG_TYPE_ARRAY || type == CONFIG_TYPE_LIST;
}

static void check_texts(struct checker *c, const config_setting_t *node, const struct setting *s)
{
	int length = config_setting_length(node);
	size_t count = length > 0 ? (size_t)length : 0, bad;
	const char **texts = arena_array(c->arena, const char *, count + 1), *why;
	char found[128];

	if (!is_several(node)) {
		refuse(c, node, s, NULL, type_name(node));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *entry = config_setting_get_elem(node, (unsigned)i);

		texts[i] = config_setting_get_string(entry);
		if (!texts[i]) {
			refuse(c, entry, s, NULL, type_name(entry));
			return;
		}
	}
	if (setting_store_texts(c->arena, c->values, s, texts, count, &bad, &why))
		return;
	if (bad < count)
		quote(s, texts[bad], found);
	else
		snprintf(found, sizeof(found), "%zu", count);
	refuse(c, node, s, why, found);
}

static void check_key(struct checker *c, const config_setting_t *node, const struct setting *s)
{
	static void (*const checks[SETTING_TYPE_N])(struct checker *, const config_setting_t *,
						    const struct setting *) = {
		[SETTING_TEXT] = check_string,     [SETTING_CHOICE] = check_string,
		[SETTING_DURATION] = check_string, [SETTING_SIZE] = check_string,
		[SETTING_TEXTS] = check_texts,     [SETTING_COMMAND] = check_texts,
		[SETTING_INTEGER] = check_integer, [SETTING_BOOLEAN] = check_boolean,
	};

	if (s->list && is_several(node))
		s = s->list;
	checks[s->type](c, node, s);
}

/* The keys of a group, or the groups ("" as group). */
static void put_known(struct buf *out, const char *group)
{
	const char *last = "";
	size_t size = strlen(group), width;
	const struct setting *s;

	for (size_t i = 0; (s = setting_at(i)); i++) {
		const char *name = s->path;

		if (size) {
			if (strncmp(name, group, size) != 0 || name[size] != '.')
				continue;
			name += size + 1;
		}
		width = strcspn(name, ".");
		if (strlen(last) >= width && strncmp(last, name, width) == 0 &&
		    strcspn(last, ".") == width)
			continue;
		buf_printf(out, "%s%.*s", out->size ? ", " : "", (int)width, name);
		last = name;
	}
}

static void refuse_unknown(struct checker *c, const config_setting_t *node, const char *group,
			   const char *path)
{
	const char *hint = setting_unknown_hint(path);
	struct buf known = BUF_INIT;

	put_known(&known, group);
	if (hint)
		settings_errors_add(c->errors, file_of(c, node), line_of(node),
				    "%s: unknown key: %s", path, hint);
	else if (known.size)
		settings_errors_add(c->errors, file_of(c, node), line_of(node),
				    "%s: unknown key; known are %s", path, buf_str(&known));
	else
		settings_errors_add(c->errors, file_of(c, node), line_of(node), "%s: unknown key",
				    path);
	buf_fini(&known);
}

/* Two levels: groups at the top, keys below. */
static void check_group(struct checker *c, const config_setting_t *group, const char *name)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *node = config_setting_get_elem(group, (unsigned)i);
		const char *path = arena_printf(c->arena, "%s%s%s", name, *name ? "." : "",
						config_setting_name(node));
		const struct setting *s = setting_find(path);

		if (s)
			check_key(c, node, s);
		else if (strcmp(path, "vars") == 0)
			settings_vars_read(node, c->path, c->arena, c->values, c->errors);
		else if (!setting_is_group(path))
			refuse_unknown(c, node, name, path);
		else if (config_setting_type(node) != CONFIG_TYPE_GROUP)
			settings_errors_add(c->errors, file_of(c, node), line_of(node),
					    "%s: expected a group, %s = { … }; found %s", path,
					    path, type_name(node));
		else
			check_group(c, node, path);
	}
}

/* --- keys that must agree with each other ----------------------------------------------------- */

/* Where an error of two keys is reported: the first of them that the file has, else NULL. */
static const config_setting_t *either(const struct checker *c, const char *a, const char *b)
{
	const config_setting_t *node = config_lookup(c->config, a);

	return node ? node : config_lookup(c->config, b);
}

/* What operators write, what daemons write and what is announced must not be below each other. */
static void check_apart(struct checker *c, const char *a, const char *x, const char *b,
			const char *y)
{
	const config_setting_t *node = either(c, a, b);

	if (!node || (!path_is_within(x, y) && !path_is_within(y, x)))
		return;
	settings_errors_add(c->errors, file_of(c, node), line_of(node),
			    "%s (%s) and %s (%s) must be different znodes, and neither may be "
			    "below the other",
			    b, y, a, x);
}

static void check_roots(struct checker *c)
{
	const char *config = c->values->zookeeper.config, *cluster = c->values->zookeeper.cluster;
	const char *service = c->values->cluster.service;

	check_apart(c, "zookeeper.cluster", cluster, "zookeeper.config", config);
	if (!*service)
		return;
	check_apart(c, "cluster.service", service, "zookeeper.config", config);
	check_apart(c, "cluster.service", service, "zookeeper.cluster", cluster);
}

/* Our own HTTP server and the probe of nginx cannot have the same port. */
static void check_listeners(struct checker *c)
{
	const char *probe = c->values->nginx.probe;
	const config_setting_t *node = either(c, "nginx.probe", "metrics.listen");

	if (node && *probe && strcmp(probe, c->values->metrics.listen) == 0)
		settings_errors_add(c->errors, file_of(c, node), line_of(node),
				    "nginx.probe and metrics.listen are both %s; nginx listens on "
				    "the first and zknginxd on the second, so they must differ",
				    probe);
}

static void check_trust(struct checker *c)
{
	struct trust_settings *t = &c->values->trust;
	const config_setting_t *node = config_lookup(c->config, "trust.keys");
	const char *why = settings_keys_expand(c->arena, t);

	if (!why && t->require != TRUST_OFF && !t->keys[0]) {
		node = config_lookup(c->config, "trust.require");
		why = "trust.require: without a key in trust.keys no configuration can be "
		      "trusted: add a key, or set it to \"off\"";
	}
	if (why)
		settings_errors_add(c->errors, node ? file_of(c, node) : c->path,
				    node ? line_of(node) : 0, "%s", why);
}

void settings_check(const config_t *config, const char *path, struct arena *a,
		    struct settings *values, struct settings_errors *errors)
{
	struct checker c = {
		.config = config, .path = path, .arena = a, .values = values, .errors = errors
	};

	check_group(&c, config_root_setting(config), "");
	check_roots(&c);
	check_listeners(&c);
	check_trust(&c);
}
