/* The files are read with the settings, so new keys are taken whole or not at all. */
#include <string.h>

#include <zknginx/err.h>

#include "core/fleet/signature.h"
#include "settings_keys.h"
#include "sys/disk.h"

#define KEYS_MOST 256

struct expansion {
	struct arena *arena;
	const char **keys, **files;
	size_t key_count, file_count;
};

/* where: what an error names. */
static const char *add_key(struct expansion *x, const char *line, const char *where)
{
	struct signing_key k, other;
	const char *why;

	if (!signing_key_parse(x->arena, line, &k, &why))
		return arena_printf(x->arena, "%s: %s; found \"%.80s\"", where, why, line);
	for (size_t i = 0; i < x->key_count; i++) {
		if (signing_key_parse(x->arena, x->keys[i], &other, &why) &&
		    strcmp(other.id, k.id) == 0)
			return arena_printf(x->arena, "%s: the key \"%s\" is listed twice", where,
					    k.name);
	}
	if (x->key_count == KEYS_MOST)
		return arena_printf(x->arena, "%s: more than %d keys", where, KEYS_MOST);
	x->keys[x->key_count++] = arena_strdup(x->arena, line);
	return NULL;
}

static const char *add_file(struct expansion *x, const char *path)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *why = NULL;
	unsigned n = 0;
	char *rest;
	struct err e;

	if (disk_read_path(path, &text, &e) < 0)
		return arena_printf(x->arena, "trust.keys: %s", e.text);
	x->files[x->file_count++] = path;
	rest = arena_strdup(x->arena, buf_str(&text));
	for (char *line; !why && (line = strsep(&rest, "\n"));) {
		n++;
		line += strspn(line, " \t");
		if (*line && *line != '#')
			why = add_key(x, line, arena_printf(x->arena, "%s:%u", path, n));
	}
	return why;
}

const char *settings_keys_expand(struct arena *a, struct trust_settings *t)
{
	struct expansion x = { .arena = a };
	const char *why = NULL;
	size_t count = 0;

	while (t->keys[count])
		count++;
	x.keys = arena_array(a, const char *, KEYS_MOST + 1);
	x.files = arena_array(a, const char *, count + 1);
	for (size_t i = 0; !why && i < count; i++)
		why = *t->keys[i] == '/' ? add_file(&x, t->keys[i])
					 : add_key(&x, t->keys[i], "trust.keys");
	t->keys = x.keys;
	t->files = x.files;
	return why;
}
