/* See module_wire.h. */
#include <string.h>

#include "module_wire.h"

#define X(name, text) [name] = text,
static const char *const reasons[] = { MODULE_REASONS };
static const char *const results[] = { MODULE_RESULTS };
#undef X

const char *module_reason_text(enum module_reason reason)
{
	return (unsigned)reason < MODULE_REASON_COUNT ? reasons[reason] : "unknown";
}

const char *module_result_text(enum module_result result)
{
	return (unsigned)result < MODULE_RESULT_COUNT ? results[result] : "unknown";
}

/* --- digests --------------------------------------------------------------------------------- */

/* FNV-1a. */
static uint64_t fold(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static uint64_t fold_number(uint64_t hash, uint32_t number)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		hash = fold(hash, (unsigned char)(number >> shift));
	return hash;
}

static uint64_t fold_text(uint64_t hash, struct module_text text)
{
	for (size_t i = 0; i < text.size; i++)
		hash = fold(hash, (unsigned char)text.data[i]);
	return hash;
}

/* The finalizer of MurmurHash3: each bit of the input changes half of the sum's bits. */
static uint64_t mix(uint64_t hash)
{
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

uint64_t module_server_digest(const struct module_server *s)
{
	const uint32_t numbers[] = { s->weight,       s->max_conns, s->max_fails,
				     s->fail_timeout, s->backup,    s->down };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		hash = fold_number(hash, numbers[i]);
	return mix(fold_text(hash, s->name));
}

uint64_t module_order_digest(uint64_t before, uint64_t server)
{
	return mix(before * UINT64_C(0x9e3779b97f4a7c15) + server);
}

/* --- frames that are written ----------------------------------------------------------------- */

static void put(struct module_writer *w, uint64_t number, unsigned bytes)
{
	if (w->overflow || w->room - w->size < bytes) {
		w->overflow = true;
		return;
	}
	while (bytes--)
		w->data[w->size++] = (unsigned char)(number >> 8 * bytes);
}

void module_put_text(struct module_writer *w, struct module_text text)
{
	put(w, text.size, 2);
	if (w->overflow || text.size > UINT16_MAX || w->room - w->size < text.size) {
		w->overflow = true;
		return;
	}
	if (text.size)
		memcpy(w->data + w->size, text.data, text.size);
	w->size += text.size;
}

void module_begin(struct module_writer *w, enum module_kind kind)
{
	w->frame = w->size;
	w->overflow = false;
	put(w, 0, 4);
	put(w, kind, 1);
	put(w, 0, 3);
}

bool module_end(struct module_writer *w)
{
	size_t end = w->size;

	if (w->overflow || end - w->frame > MODULE_FRAME_MAX) {
		w->size = w->frame;
		return false;
	}
	w->size = w->frame;
	put(w, end - w->frame, 4);
	w->size = end;
	return true;
}

void module_put_hello(struct module_writer *w, const struct module_hello *h)
{
	put(w, h->protocol, 4);
	put(w, h->context, 1);
	put(w, h->pid, 4);
	put(w, h->cycle, 8);
	put(w, h->nginx, 4);
	module_put_text(w, h->module_version);
	module_put_text(w, h->signature);
}

void module_put_upstream(struct module_writer *w, const struct module_upstream *u)
{
	module_put_text(w, u->name);
	put(w, u->reason, 1);
	put(w, u->servers, 4);
	put(w, u->capacity, 4);
	put(w, u->digest, 8);
	put(w, u->order, 8);
}

void module_put_answer(struct module_writer *w, const struct module_answer *a)
{
	put(w, a->id, 4);
	put(w, a->result, 1);
	put(w, a->done, 4);
	put(w, a->digest, 8);
}

void module_put_id(struct module_writer *w, uint32_t id)
{
	put(w, id, 4);
}

void module_put_state(struct module_writer *w, const struct module_state *s)
{
	module_put_text(w, s->upstream);
	module_put_text(w, s->server);
	put(w, s->connections, 4);
	put(w, s->failures, 4);
	put(w, s->available, 1);
}

void module_put_server(struct module_writer *w, const struct module_server *s)
{
	module_put_text(w, s->name);
	put(w, s->weight, 4);
	put(w, s->max_conns, 4);
	put(w, s->max_fails, 4);
	put(w, s->fail_timeout, 4);
	put(w, s->backup, 1);
	put(w, s->down, 1);
}

void module_put_dump(struct module_writer *w, const struct module_dump *d)
{
	put(w, d->number, 4);
	put(w, d->total_weight, 4);
	put(w, d->tries, 4);
	put(w, d->single, 4);
	put(w, d->weighted, 4);
	put(w, d->backups, 4);
	put(w, d->backup_tries, 4);
	put(w, d->entries, 4);
	put(w, d->room, 4);
	put(w, d->memory, 4);
	put(w, d->own, 8);
}

void module_put_change(struct module_writer *w, const struct module_change *c)
{
	put(w, c->id, 4);
	module_put_text(w, c->upstream);
	put(w, c->digest, 8);
	put(w, c->ops, 4);
}

void module_put_op(struct module_writer *w, const struct module_op *op)
{
	put(w, op->verb, 1);
	if (op->verb == MODULE_DELETE)
		module_put_text(w, op->server.name);
	else
		module_put_server(w, &op->server);
	if (op->verb == MODULE_ADD)
		module_put_text(w, op->after);
}

/* --- frames that are read -------------------------------------------------------------------- */

static uint64_t get(struct module_reader *r, unsigned bytes)
{
	uint64_t number = 0;

	if (r->malformed || (size_t)(r->end - r->at) < bytes) {
		r->malformed = true;
		return 0;
	}
	while (bytes--)
		number = number << 8 | *r->at++;
	return number;
}

static uint32_t get_int(struct module_reader *r)
{
	return (uint32_t)get(r, 4);
}

/* A number from `least` to `most`; anything else is malformed. */
static unsigned get_choice(struct module_reader *r, unsigned least, unsigned most)
{
	unsigned number = (unsigned)get(r, 1);

	if (number < least || number > most) {
		r->malformed = true;
		return least;
	}
	return number;
}

size_t module_frame_size(const void *data, size_t size, enum module_kind *kind)
{
	struct module_reader r = { .at = data, .end = (const unsigned char *)data + size };
	size_t length;

	if (size < MODULE_FRAME_HEAD)
		return 0;
	length = get_int(&r);
	*kind = get_choice(&r, MODULE_HELLO, MODULE_DUMP_END);
	if (get(&r, 3) != 0 || r.malformed || length < MODULE_FRAME_HEAD ||
	    length > MODULE_FRAME_MAX)
		return MODULE_MALFORMED;
	return length <= size ? length : 0;
}

struct module_reader module_reader(const void *frame, size_t size)
{
	const unsigned char *bytes = frame;

	return (struct module_reader){ .at = bytes + MODULE_FRAME_HEAD, .end = bytes + size };
}

bool module_is_read(const struct module_reader *r)
{
	return !r->malformed && r->at == r->end;
}

struct module_text module_get_text(struct module_reader *r)
{
	struct module_text text = { .size = get(r, 2) };

	if (r->malformed || (size_t)(r->end - r->at) < text.size) {
		r->malformed = true;
		return (struct module_text){ .data = "" };
	}
	text.data = (const char *)r->at;
	r->at += text.size;
	return text;
}

/* The name of an upstream or of a server. */
static struct module_text get_name(struct module_reader *r)
{
	struct module_text name = module_get_text(r);

	if (!name.size || name.size > MODULE_NAME_MAX)
		r->malformed = true;
	return name;
}

struct module_hello module_get_hello(struct module_reader *r)
{
	struct module_hello h = { .protocol = get_int(r) };

	h.context = get_choice(r, MODULE_HTTP, MODULE_STREAM);
	h.pid = get_int(r);
	h.cycle = get(r, 8);
	h.nginx = get_int(r);
	h.module_version = module_get_text(r);
	h.signature = module_get_text(r);
	return h;
}

struct module_upstream module_get_upstream(struct module_reader *r)
{
	struct module_upstream u = { .name = get_name(r) };

	u.reason = get_choice(r, 0, MODULE_REASON_COUNT - 1);
	u.servers = get_int(r);
	u.capacity = get_int(r);
	u.digest = get(r, 8);
	u.order = get(r, 8);
	return u;
}

struct module_answer module_get_answer(struct module_reader *r)
{
	struct module_answer a = { .id = get_int(r) };

	a.result = get_choice(r, 0, MODULE_RESULT_COUNT - 1);
	a.done = get_int(r);
	a.digest = get(r, 8);
	return a;
}

uint32_t module_get_id(struct module_reader *r)
{
	return get_int(r);
}

struct module_state module_get_state(struct module_reader *r)
{
	struct module_state s = { .upstream = get_name(r) };

	s.server = get_name(r);
	s.connections = get_int(r);
	s.failures = get_int(r);
	s.available = get_choice(r, 0, 1);
	return s;
}

/* nginx takes weights and limits of up to 2^31; the sum of the weights has to fit, too. */
#define LARGEST INT32_MAX

struct module_server module_get_server(struct module_reader *r)
{
	struct module_server s = { .name = get_name(r) };

	s.weight = get_int(r);
	s.max_conns = get_int(r);
	s.max_fails = get_int(r);
	s.fail_timeout = get_int(r);
	s.backup = get_choice(r, 0, 1);
	s.down = get_choice(r, 0, 1);
	if (!s.weight || s.weight > LARGEST || s.max_conns > LARGEST || s.max_fails > LARGEST ||
	    s.fail_timeout > LARGEST)
		r->malformed = true;
	return s;
}

struct module_dump module_get_dump(struct module_reader *r)
{
	struct module_dump d = { .number = get_int(r) };

	d.total_weight = get_int(r);
	d.tries = get_int(r);
	d.single = get_int(r);
	d.weighted = get_int(r);
	d.backups = get_int(r);
	d.backup_tries = get_int(r);
	d.entries = get_int(r);
	d.room = get_int(r);
	d.memory = get_int(r);
	d.own = get(r, 8);
	return d;
}

struct module_change module_get_change(struct module_reader *r)
{
	struct module_change c = { .id = get_int(r) };

	c.upstream = get_name(r);
	c.digest = get(r, 8);
	c.ops = get_int(r);
	return c;
}

struct module_op module_get_op(struct module_reader *r)
{
	struct module_op op = { .verb = get_choice(r, MODULE_ADD, MODULE_DELETE) };

	if (op.verb == MODULE_DELETE)
		op.server.name = get_name(r);
	else
		op.server = module_get_server(r);
	if (op.verb == MODULE_ADD)
		op.after = module_get_text(r);
	return op;
}
