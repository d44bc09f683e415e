/* See commands.h. */
#include "commands.h"
#include "faults.h"
#include "states.h"

#ifdef ZKNGINX_MODULE_TEST
#include "dump.h"
#endif

/* The numbers of the largest frame with one name, and its name. */
#define SMALL_FRAME (64 + MODULE_NAME_MAX)

static struct module_text text_of(const char *s)
{
	return (struct module_text){ s, ngx_strlen(s) };
}

/* --- hello ----------------------------------------------------------------------------------- */

static void describe_servers(struct servers *s, void *data)
{
	struct module_upstream *u = data;

	u->servers = (uint32_t)(s->half[0].number + s->half[1].number);
	u->capacity = (uint32_t)s->capacity;
	u->digest = s->digest + fault("hello");
	u->order = servers_order(s);
}

static void put_upstream(const struct upstream *u, struct outbox *out)
{
	struct module_upstream described = {
		.name = { (const char *)u->us->host.data, u->us->host.len },
		.reason = u->reason,
	};

	/* the daemon never names it, and cannot change it */
	if (!described.name.size || described.name.size > MODULE_NAME_MAX)
		return;
	if (u->servers)
		servers_read(u->servers, describe_servers, &described);
	module_put_upstream(outbox_begin(out, MODULE_UPSTREAM, SMALL_FRAME), &described);
	outbox_end(out);
}

void commands_hello(const struct upstreams *all, struct outbox *out)
{
	const struct module_hello hello = {
		.protocol = MODULE_PROTOCOL + fault("protocol"),
		.context = CONTEXT,
		.pid = (uint32_t)ngx_pid,
		.cycle = all->cycle,
		.nginx = nginx_version,
		.module_version = text_of(ZKNGINX_VERSION),
		.signature = text_of(NGX_MODULE_SIGNATURE),
	};
	struct upstream **each = all->each.elts;

	module_put_hello(outbox_begin(out, MODULE_HELLO, 512), &hello);
	outbox_end(out);
	for (ngx_uint_t i = 0; i < all->each.nelts; i++)
		put_upstream(each[i], out);
	module_put_id(outbox_begin(out, MODULE_READY, 4), (uint32_t)all->each.nelts);
	outbox_end(out);
}

/* --- changes --------------------------------------------------------------------------------- */

static enum module_result run_op(struct servers *s, const struct module_op *op)
{
	switch (op->verb) {
	case MODULE_ADD:
		return servers_add(s, op, ngx_cycle->log);
	case MODULE_SET:
		return servers_set(s, &op->server);
	default:
		return servers_delete(s, op->server.name);
	}
}

static void run_ops(struct servers *s, const struct module_change *c, struct module_reader *r,
		    struct module_answer *a)
{
	if (s->digest != c->digest) {
		a->result = MODULE_OTHER_DIGEST;
		return;
	}
	while (a->done < c->ops && a->result == MODULE_DONE) {
		struct module_op op = module_get_op(r);

		a->result = run_op(s, &op);
		if (a->result == MODULE_DONE)
			a->done++;
	}
}

/* The whole change is read before anything is carried out. */
static bool is_well_formed(const void *frame, size_t size)
{
	struct module_reader r = module_reader(frame, size);
	struct module_change c = module_get_change(&r);

	for (uint32_t i = 0; i < c.ops && !r.malformed; i++)
		module_get_op(&r);
	return module_is_read(&r);
}

static enum module_result may_change(const struct upstream *u, bool well_formed)
{
	if (!well_formed)
		return MODULE_BAD_CHANGE;
	if (ngx_exiting || ngx_terminate || ngx_quit)
		return MODULE_LEAVING;
	if (!u)
		return MODULE_NO_UPSTREAM;
	return u->servers ? MODULE_DONE : MODULE_NOT_DYNAMIC;
}

static void change(const struct upstreams *all, const void *frame, size_t size, struct outbox *out)
{
	struct module_reader r = module_reader(frame, size);
	struct module_change c = module_get_change(&r);
	const struct upstream *u = upstreams_find(all, c.upstream);
	struct module_answer a = { .id = c.id };

	a.result = fault("answer");
	if (a.result == MODULE_DONE)
		a.result = may_change(u, is_well_formed(frame, size));
	if (a.result == MODULE_DONE && !servers_begin(u->servers)) {
		a.result = MODULE_BUSY;
	} else if (a.result == MODULE_DONE) {
		run_ops(u->servers, &c, &r, &a);
		a.digest = u->servers->digest + fault("digest");
		servers_end(u->servers);
	}
	module_put_answer(outbox_begin(out, MODULE_ANSWER, SMALL_FRAME), &a);
	outbox_end(out);
}

static bool ping(const void *frame, size_t size, struct outbox *out)
{
	struct module_reader r = module_reader(frame, size);
	uint32_t id = module_get_id(&r);

	if (!module_is_read(&r))
		return false;
	module_put_id(outbox_begin(out, MODULE_PONG, 4), id);
	outbox_end(out);
	return true;
}

static bool ask(const struct upstreams *all, const void *frame, size_t size, struct outbox *out)
{
	struct module_reader r = module_reader(frame, size);
	uint32_t most = module_get_id(&r);

	if (!module_is_read(&r))
		return false;
	states_put(all, most, out);
	return true;
}

bool commands_run(const struct upstreams *all, enum module_kind kind, const void *frame,
		  size_t size, struct outbox *out)
{
	switch (kind) {
	case MODULE_CHANGE:
		change(all, frame, size, out);
		return true;
	case MODULE_PING:
		return ping(frame, size, out);
	case MODULE_ASK:
		return ask(all, frame, size, out);
#ifdef ZKNGINX_MODULE_TEST
	case MODULE_DUMP:
		return dump_run(all, frame, size, out);
#endif
	default:
		return false;
	}
}
