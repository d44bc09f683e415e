/* The table of rights. */
#include <ctype.h>
#include <string.h>

#include "core/data/layout.h"
#include "rights.h"

#define R RIGHT_READ
#define W RIGHT_WRITE
#define C RIGHT_CREATE
#define D RIGHT_DELETE

/* The znode itself, and what is below it. */
static const struct row {
	struct rights self, below;
} cluster_rows[CLUSTER_ZNODE_N] = {
	[CLUSTER_PLAN] = { { R, 0, true }, { R, 0, true } },
	[CLUSTER_REQUEST] = { { R | W, 0, true }, { R, 0, true } },
	[CLUSTER_LIVE] = { { R, R, true }, { R, R, true } }, /* load balancers read it */
	[CLUSTER_HISTORY] = { { R, 0, true }, { R, 0, true } },
	[CLUSTER_MEMBERS] = { { R, 0, true }, { R, 0, true } },
	[CLUSTER_REPORTS] = { { R, 0, true }, { R, 0, true } },
	[CLUSTER_OVERRIDES] = { { R | C | D, 0, true }, { R | W, 0, false } },
	[CLUSTER_CONFIRMED] = { { R | W, 0, true }, { R, 0, true } },
	[CLUSTER_ELECTION] = { { R, 0, true }, { R, 0, true } },
};

/* An operator creates a request there, and may withdraw it. */
static const struct rights cluster_root = { R | C | D, 0, true };
static const struct rights config_znode = { RIGHT_ALL, 0, false };

static struct rights rights_in_cluster(const char *path, const char *cluster)
{
	const char *relative = path_relative(path, cluster);
	size_t size = strcspn(relative, "/");

	if (!*relative)
		return cluster_root;
	for (size_t i = 0; i < CLUSTER_ZNODE_N; i++) {
		const char *name = cluster_name((enum cluster_znode)i);

		if (strncmp(relative, name, size) == 0 && !name[size])
			return relative[size] ? cluster_rows[i].below : cluster_rows[i].self;
	}
	return (struct rights){ 0, 0, true };
}

struct rights rights_of(const char *path, const char *config, const char *cluster)
{
	if (path_is_within(path, cluster))
		return rights_in_cluster(path, cluster);
	return path_is_within(path, config) ? config_znode : (struct rights){ 0 };
}

/* Is it an identity that every client has? */
static bool is_world(const struct acl_entry *e)
{
	size_t size = strlen(e->id);

	if (strcmp(e->scheme, "world") == 0)
		return true;
	return strcmp(e->scheme, "ip") == 0 && size >= 2 && strcmp(e->id + size - 2, "/0") == 0;
}

int rights_open_to_world(const struct acl_entry *acl, size_t count)
{
	int rights = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_world(&acl[i]))
			rights |= acl[i].permissions;
	}
	return rights & RIGHT_ALL & ~RIGHT_READ;
}

void rights_print(int rights, struct buf *out)
{
	static const char letters[] = "rwcda", order[] = "cdrwa";

	if (!(rights & RIGHT_ALL))
		buf_puts(out, "-");
	for (const char *c = order; *c; c++) {
		if (rights & (1 << (strchr(letters, *c) - letters)))
			buf_put(out, c, 1);
	}
}

void open_znodes_print(const struct open_znode *list, size_t count, struct buf *out)
{
	if (!count)
		return;
	buf_printf(out, "%s (", list[0].path);
	rights_print(list[0].rights, out);
	buf_puts(out, ")");
	if (count > 1)
		buf_printf(out, " and %zu other znode%s", count - 1, PLURAL(count - 1));
}

bool rights_split_identity(const char *text, size_t *size, const char **id)
{
	*size = 0;
	while (islower((unsigned char)text[*size]) || isdigit((unsigned char)text[*size]))
		++*size;
	*id = text + *size + 1;
	return *size && text[*size] == ':' && **id && strncmp(text, "world:", 6) != 0 &&
	       strncmp(text, "auth:", 5) != 0 && strlen(text) < 1024;
}
