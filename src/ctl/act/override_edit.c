/* Each attempt is one transaction that is checked against the version that was read. */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "ctl/znodes/client.h"
#include "ctl/znodes/transaction.h"
#include "override_edit.h"

#define ATTEMPTS 10

/* --- the content ----------------------------------------------------------------------------- */

struct drain *override_edit_drain(const struct override_edit *o, const char *server)
{
	const struct drains *d = &o->content.drains;

	for (size_t i = 0; i < d->count; i++) {
		if (strcmp(d->items[i].server, server) == 0)
			return &d->items[i];
	}
	return NULL;
}

void override_edit_add(struct override_edit *o, const char *server, uint64_t until)
{
	struct drain *there = override_edit_drain(o, server), *more;
	struct drains *d = &o->content.drains;

	if (there) {
		there->until = until;
		return;
	}
	more = arena_array(o->arena, struct drain, d->count + 1);
	if (d->count)
		memcpy(more, d->items, d->count * sizeof(*more));
	more[d->count] = (struct drain){ .server = server, .until = until };
	d->items = more;
	d->count++;
}

void override_edit_remove(struct override_edit *o, const char *server)
{
	struct drains *d = &o->content.drains;
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (strcmp(d->items[i].server, server) != 0)
			d->items[kept++] = d->items[i];
	}
	d->count = kept;
}

static bool is_empty(const struct override_content *c)
{
	return !c->confirm && !c->drains.count;
}

/* --- reading and writing --------------------------------------------------------------------- */

static int read_override(struct override_edit *o, struct err *e)
{
	struct znode z;
	int found = client_get(o->client, o->arena, o->path, &z, e);

	o->content = (struct override_content){ 0 };
	o->exists = found > 0;
	if (found <= 0)
		return found;
	o->version = z.version;
	if (override_parse(o->arena, z.data, z.size, &o->content, e) == 0)
		return 0;
	return err_wrap(e,
			"%s is not a valid override, and its content would be lost; correct it or "
			"delete it first",
			o->path);
}

/* 0: written; 1: another client was faster; -1: an error. */
static int write_override(struct override_edit *o, struct err *e)
{
	const struct author author = { .root = o->ctl->settings.zookeeper.config };
	CLEANUP(transaction_fini) struct transaction t;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct session_op op = { .path = o->path, .version = o->version };
	const char *ignored;

	transaction_init(&t, o->client, &author);
	if (!o->exists && is_empty(&o->content))
		return 0;
	if (!o->exists && transaction_add_parents(&t, o->path, e) < 0)
		return -1;
	override_print(&o->content, &text);
	op.kind = !o->exists ? OP_CREATE : is_empty(&o->content) ? OP_DELETE : OP_SET;
	op.data = buf_str(&text);
	op.size = text.size;
	transaction_add(&t, op);
	return transaction_commit(&t, &ignored, e);
}

/* Of this write or of a later one: reports have it when the host follows. */
static int read_written(struct override_edit *o, int64_t *written, struct err *e)
{
	struct znode z;
	int found = client_get(o->client, o->arena, o->path, &z, e);

	*written = found > 0 ? z.mzxid : 0;
	return found < 0 ? -1 : 0;
}

static int edit(struct override_edit *o, int (*change)(struct override_edit *o, void *ctx),
		void *ctx, int64_t *written)
{
	struct err e;

	for (int i = 0; i < ATTEMPTS; i++) {
		int code, rc;

		if (read_override(o, &e) < 0)
			return ctl_fail(&e);
		code = change(o, ctx);
		if (code != CTL_OK)
			return code;
		rc = write_override(o, &e);
		if (rc == 0)
			rc = read_written(o, written, &e);
		if (rc <= 0)
			return rc < 0 ? ctl_fail(&e) : CTL_OK;
	}
	ctl_say("%s: other clients write it all the time; nothing was written, try again", o->path);
	return CTL_BAD;
}

int override_edit(struct ctl *ctl, struct arena *a, const char *upstream,
		  int (*change)(struct override_edit *o, void *ctx), void *ctx, int64_t *written)
{
	CLEANUP(client_freep) struct client *client = NULL;
	struct override_edit o = { .ctl = ctl, .arena = a };
	struct err e;

	*written = 0;
	o.path = cluster_path(a, ctl->settings.zookeeper.cluster, CLUSTER_OVERRIDES, upstream);
	if (client_open(ctl, &client, &e) < 0)
		return ctl_fail(&e);
	o.client = client;
	return edit(&o, change, ctx, written);
}

int override_check_name(const char *upstream)
{
	return upstream_name_is_valid(upstream)
		       ? CTL_OK
		       : ctl_usage("\"%s\" is not the name of an upstream", upstream);
}
