/* Each object is printed as text that is never parsed (meaning_text.h): equal text, equal meaning.
 */
#include <string.h>

#include <jansson.h>

#include <zknginx/model.h>

#include "core/data/layout.h"
#include "decode.h"
#include "meaning.h"
#include "meaning_text.h"

/* Decided before an object is decoded: does it take defaults? */
static void put_defaults(struct buf *out, const struct znode *z)
{
	json_t *object = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL);

	buf_puts(out, json_is_false(json_object_get(object, "defaults")) ? "none\n" : "defaults\n");
	json_decref(object);
}

static bool print_upstream(const struct meaning *m, struct arena *a, const struct znode *z,
			   struct buf *out, struct problems *ps)
{
	struct upstream u;

	if (!decode_upstream(a, z, m->policy, &u, ps))
		return false;
	put_defaults(out, z);
	meaning_put_upstream(out, &u);
	return true;
}

/* The upstream of a server, as it is in the tree; one that is not valid has the defaults. */
static struct upstream upstream_of(const struct meaning *m, struct arena *a, const char *server,
				   struct problems *ps)
{
	struct config_place p = config_place(server, m->root);
	const char *path = arena_copy(a, server, (size_t)(p.child - 1 - server));
	const struct znode nothing = { .path = path, .data = "" }, *z = tree_find(m->tree, path);
	struct upstream u;

	if (!z || !decode_upstream(a, z, m->policy, &u, ps))
		decode_upstream(a, &nothing, m->policy, &u, ps);
	return u;
}

static bool print_server(const struct meaning *m, struct arena *a, const struct znode *z,
			 struct buf *out, struct problems *ps)
{
	struct upstream u = upstream_of(m, a, z->path, ps);
	struct server s;

	if (!decode_server(a, z, &u, &s, ps))
		return false;
	meaning_put_server(out, &s);
	return true;
}

static bool print_site(const struct meaning *m, struct arena *a, const struct znode *z,
		       struct buf *out, struct problems *ps)
{
	struct site s;

	if (!decode_site(a, z, m->policy, &s, ps))
		return false;
	put_defaults(out, z);
	meaning_put_site(out, &s);
	return true;
}

static bool print_definition(const struct meaning *m, struct arena *a, const struct znode *z,
			     struct buf *out, struct problems *ps)
{
	struct snippet s;

	if (!decode_definition(a, z, config_place(z->path, m->root).kind, m->policy, &s, ps))
		return false;
	meaning_put_definition(out, &s);
	return true;
}

/* Its meaning depends on what uses it: the JSON decides. */
static bool print_part(const struct meaning *m UNUSED, struct arena *a UNUSED,
		       const struct znode *z UNUSED, struct buf *out UNUSED,
		       struct problems *ps UNUSED)
{
	return false;
}

typedef bool print_form(const struct meaning *m, struct arena *a, const struct znode *z,
			struct buf *out, struct problems *ps);

/* NULL: it is compared by its bytes. */
static print_form *printer(const struct meaning *m, const char *path)
{
	struct config_place p = config_place(path, m->root);

	static print_form *const printers[] = {
		[ROLE_UPSTREAM] = print_upstream,
		[ROLE_SITE] = print_site,
		[ROLE_DEFINITION] = print_definition,
		[ROLE_TEXT] = NULL,
		[ROLE_PART] = print_part,
	};

	if (p.level == CONFIG_CHILD && p.kind == CONFIG_UPSTREAM)
		return print_server;
	return p.level == CONFIG_OBJECT ? printers[config_role(p.kind)] : NULL;
}

static bool same_bytes(const struct znode *x, const struct znode *y)
{
	return x->size == y->size && memcmp(x->data, y->data, x->size) == 0;
}

static size_t size_without_blanks(const struct znode *z)
{
	size_t size = z->size;

	while (size && strchr(" \t\r\n", z->data[size - 1]) && z->data[size - 1])
		size--;
	return size;
}

static bool same_trimmed(const struct znode *x, const struct znode *y)
{
	size_t size = size_without_blanks(x);

	return size == size_without_blanks(y) && memcmp(x->data, y->data, size) == 0;
}

static bool same_json(const struct znode *x, const struct znode *y)
{
	json_t *jx = json_loadb(x->data, x->size, JSON_REJECT_DUPLICATES, NULL);
	json_t *jy = json_loadb(y->data, y->size, JSON_REJECT_DUPLICATES, NULL);
	bool same = jx && jy && json_equal(jx, jy);

	json_decref(jx);
	json_decref(jy);
	return same;
}

/* 1: both are valid and mean the same. 0: one is valid, or they differ. -1: neither is valid. */
static int compare_forms(const struct meaning *m, print_form *print, const struct znode *x,
			 const struct znode *y)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf of_x = BUF_INIT, of_y = BUF_INIT;
	struct problems ps;
	bool x_is_valid, y_is_valid;

	problems_init(&ps);
	x_is_valid = print(m, a, x, &of_x, &ps);
	y_is_valid = print(m, a, y, &of_y, &ps);
	problems_fini(&ps);
	if (!x_is_valid && !y_is_valid)
		return -1;
	if (!x_is_valid || !y_is_valid)
		return 0;
	return strcmp(buf_str(&of_x), buf_str(&of_y)) == 0 || same_json(x, y);
}

bool meaning_same(const struct meaning *m, const struct znode *x, const struct znode *y)
{
	print_form *print;
	int same;

	if (same_bytes(x, y))
		return true;
	print = printer(m, x->path);
	if (!print)
		return same_trimmed(x, y);
	same = compare_forms(m, print, x, y);
	return same < 0 ? same_json(x, y) || same_trimmed(x, y) : same;
}
