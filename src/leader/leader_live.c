/*
 * The list: the addresses of the members whose nginx serves, with commas between them. A host that
 * runs an older revision still serves. An empty list is never published: it would help no load
 * balancer, so the last list stays.
 */
#include <stdlib.h>
#include <string.h>

#include "leader_live.h"

void leader_live_init(struct leader_live *l, struct leader_context *c,
		      struct leader_commands *commands)
{
	*l = (struct leader_live){ .c = c, .commands = commands };
}

void leader_live_clear(struct leader_live *l)
{
	free(TAKE(l->list));
	write_record_clear(&l->writes);
}

void leader_live_take(struct leader_live *l, const struct leader_view *v)
{
	if (l->list || !v->live || !v->live->size)
		return;
	l->list = xstrdup(v->live->data);
	leader_commands_run(l->commands, LEADER_LIVE, l->list);
}

static void print_list(const struct leader_view *v, struct buf *out)
{
	for (size_t i = 0; i < v->member_count; i++) {
		const struct member *m = &v->members[i];

		if (m->nginx_up && *m->address)
			buf_printf(out, "%s%s", out->size ? "," : "", m->address);
	}
}

static bool is_stored(const struct leader_view *v, const struct buf *list)
{
	return v->live && v->live->size == list->size &&
	       memcmp(v->live->data, list->data, list->size) == 0;
}

uint64_t leader_live_due(const struct leader_live *l, const struct leader_view *v, uint64_t now)
{
	CLEANUP(buf_fini) struct buf list = BUF_INIT;

	print_list(v, &list);
	if (!list.size || is_stored(v, &list))
		return NEVER;
	return l->writes.due > now ? l->writes.due : now;
}

static void on_live(void *live, const struct session_reply *r)
{
	struct leader_live *l = live;

	if (r->rc == SESSION_OK)
		leader_commands_run(l->commands, LEADER_LIVE, l->list);
}

void leader_live_begin(struct leader_live *l, const struct leader_view *v)
{
	const char *path =
		cluster_path(v->arena, l->c->settings->zookeeper.cluster, CLUSTER_LIVE, NULL);
	CLEANUP(buf_fini) struct buf list = BUF_INIT;
	struct session_op op;

	print_list(v, &list);
	free(l->list);
	l->list = xstrdup(buf_str(&list));
	op = (struct session_op){
		.kind = v->live ? OP_SET : OP_CREATE,
		.path = path,
		.data = list.data,
		.size = list.size,
		.version = v->live ? v->live->version : 0,
		.flags = 0,
	};
	writer_write(&l->c->writer, &l->writes, path, &op, 1, on_live, l);
}
