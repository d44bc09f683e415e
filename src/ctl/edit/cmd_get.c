/* ls and get: what ZooKeeper has. */
#include <string.h>
#include <unistd.h>

#include "core/status/status_fields.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/console/table.h"
#include "ctl/znodes/client.h"
#include "ctl/znodes/paths.h"
#include "ctl/znodes/reader.h"

#define DEPTH_MOST 32

static int refuse_missing(const struct ctl *ctl, const char *path)
{
	bool is_root = strcmp(path, ctl->settings.zookeeper.config) == 0;

	ctl_say("there is no znode %s (zknginxctl %s)", path,
		is_root ? "init creates it" : "ls shows what there is");
	return CTL_BAD;
}

/* --- ls -------------------------------------------------------------------------------------- */

static void add_row(struct table *t, const struct znode *z, const char *name, bool is_long)
{
	table_add(t, COLOR_NONE, "%s", name);
	table_add(t, COLOR_NONE, "%zu", z->size);
	table_add(t, COLOR_NONE, "%d", z->version);
	if (is_long) {
		table_add(t, COLOR_NONE, "0x%llx", (unsigned long long)z->mzxid);
		table_add(t, COLOR_NONE, "0x%llx", (unsigned long long)z->czxid);
	}
	table_add(t, COLOR_FAINT, "%s", z->owner ? "ephemeral" : "");
}

static void print_table(const struct ctl *ctl, const struct tree *t, const char *path, bool is_long)
{
	static const char *const titles[] = { "NAME", ">BYTES", ">VERSION", "" };
	static const char *const long_titles[] = { "NAME",     ">BYTES",   ">VERSION",
						   ">CHANGED", ">CREATED", "" };
	CLEANUP(table_fini) struct table table;

	table_init(&table, is_long ? long_titles : titles,
		   is_long ? ARRAY_SIZE(long_titles) : ARRAY_SIZE(titles));
	for (size_t i = 0; i < tree_count(t); i++) {
		const char *name = path_relative(tree_at(t, i)->path, path);

		if (name && *name)
			add_row(&table, tree_at(t, i), name, is_long);
	}
	table_print(&table, &ctl->screen);
}

static json_t *znode_json(const struct znode *z)
{
	json_t *j = json_object();

	json_put_text(j, "path", z->path);
	json_put_number(j, "bytes", z->size);
	json_put(j, "version", json_integer(z->version));
	json_put(j, "mzxid", json_integer(z->mzxid));
	json_put(j, "czxid", json_integer(z->czxid));
	json_put(j, "ephemeral", json_boolean(z->owner != 0));
	return j;
}

static void print_list(const struct tree *t, const char *path)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tree_count(t); i++) {
		const char *name = path_relative(tree_at(t, i)->path, path);

		if (name && *name)
			json_array_append_new(list, znode_json(tree_at(t, i)));
	}
	ctl_print_json(list);
}

/* Exit code; what cannot be read is named. */
static int report_unreadable(const struct problems *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		ctl_say("%s: %s", ps->items[i].znode, ps->items[i].message);
	return ps->count ? CTL_BAD : CTL_OK;
}

static int ls(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(problems_fini) struct problems unreadable;
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	const char *path = path_resolve(ctl, a, arguments_at(args, 0) ?: ".");
	struct mirror_root root = { path, arguments_has(args, "recursive") ? DEPTH_MOST : 1 };
	struct err e;

	problems_init(&unreadable);
	if (!path)
		return CTL_USAGE;
	progress_show("reading %s …", path);
	if (read_tree(ctl, &root, 1, &t, &unreadable, &e) < 0) {
		progress_clear();
		return ctl_fail(&e);
	}
	progress_clear();
	if (!tree_find(t, path) && !unreadable.count)
		return refuse_missing(ctl, path);
	if (ctl->json)
		print_list(t, path);
	else
		print_table(ctl, t, path, arguments_has(args, "long"));
	return report_unreadable(&unreadable);
}

static const struct command_option ls_options[] = {
	{ "recursive", 'r', NULL, WORD_NONE, "everything below PATH" },
	{ "long", 'l', NULL, WORD_NONE,
	  "with the transactions of the last change and of the creation" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_ls = {
	.name = "ls",
	.synopsis = "[PATH]",
	.summary = "list the children of a znode",
	.help = "PATH is short (sites, upstreams/shop: below zookeeper.config, which is also the\n"
		"default) or absolute.",
	.example = "  zknginxctl ls upstreams/shop\n"
		   "  zknginxctl ls -r /nginx/cluster",
	.most = 1,
	.words = { WORD_PATH },
	.options = ls_options,
	.run = ls,
};

/* --- get ------------------------------------------------------------------------------------- */

/* RFC 4648 */
static json_t *base64(const struct znode *z)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	for (size_t i = 0; i < z->size; i += 3) {
		size_t left = z->size - i;
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < left ? (unsigned char)z->data[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_putc(&out, k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=');
	}
	return json_string(buf_str(&out));
}

static void print_znode_json(const struct znode *z, const struct session_stat *stat)
{
	char time[32] = "";
	json_t *j = znode_json(z), *data = json_stringn(z->data, z->size);

	status_time((uint64_t)stat->mtime * USEC_PER_MSEC, time);
	json_put_text(j, "mtime", time);
	json_put(j, "children", json_integer(stat->child_count));
	if (!data)
		json_put(j, "data_base64", base64(z));
	json_put(j, "data", data ?: json_null());
	ctl_print_json(j);
}

/* The bytes; on a terminal as text that is safe to show. */
static void print_data(const struct ctl *ctl, const struct znode *z)
{
	CLEANUP(buf_fini) struct buf clean = BUF_INIT;

	if (!ctl->screen.terminal) {
		fwrite(z->data, 1, z->size, stdout);
		return;
	}
	screen_clean(z->data, z->size, &clean);
	if (clean.size && clean.data[clean.size - 1] != '\n')
		buf_putc(&clean, '\n');
	fwrite(buf_str(&clean), 1, clean.size, stdout);
}

static int get(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(client_freep) struct client *c = NULL;
	const char *path = path_resolve(ctl, a, arguments_at(args, 0));
	struct session_stat stat;
	struct znode z;
	struct err e;
	int found;

	if (!path)
		return CTL_USAGE;
	if (client_open(ctl, &c, &e) < 0)
		return ctl_fail(&e);
	found = client_get_stat(c, a, path, &z, &stat, &e);
	if (found < 0)
		return ctl_fail(&e);
	if (!found)
		return refuse_missing(ctl, path);
	if (ctl->json)
		print_znode_json(&z, &stat);
	else
		print_data(ctl, &z);
	return CTL_OK;
}

const struct command command_get = {
	.name = "get",
	.synopsis = "PATH",
	.summary = "print the data of a znode",
	.help = "The bytes are printed as they are; on a terminal, control characters are shown "
		"as\n"
		"\\xHH.",
	.example = "  zknginxctl get sites/shop\n"
		   "  zknginxctl get upstreams/shop/10.0.0.1:8080",
	.least = 1,
	.most = 1,
	.words = { WORD_PATH },
	.run = get,
};
