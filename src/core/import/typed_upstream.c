/* Upstreams: the balancing method, keepalive, a zone, and the servers. */
#include <string.h>
#include <strings.h>

#include <zknginx/model.h>

#include "core/text/address.h"
#include "core/text/json_text.h"
#include "typed.h"

struct draft {
	const struct typed_input *in;
	struct piece *piece;
	struct why *why;
	json_t *json;
	bool ordered; /* which server a request goes to depends on their order … */
	bool named;   /* … or on the words that name them */
};

/* "hash KEY consistent": the directive and its parameters as one value. */
static const char *joined(struct arena *a, const struct conf_node *n)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < n->count; i++) {
		if (i)
			buf_putc(&text, ' ');
		buf_puts(&text, n->words[i]);
	}
	return arena_strdup(a, buf_str(&text));
}

static bool read_balance(struct draft *d, const struct conf_node *n)
{
	if (json_object_get(d->json, "balance"))
		return why_set(d->in->arena, d->why, n, "\"%s\" is a second balancing method",
			       conf_word(n, 0));
	for (size_t i = 1; i < n->count; i++) {
		if (strchr(conf_word(n, i), ' '))
			return why_set(d->in->arena, d->why, n,
				       "\"%s\" has a parameter with a blank", conf_word(n, 0));
	}
	json_put_text(d->json, "balance", joined(d->in->arena, n));
	d->named = conf_is(n, "hash") && strcmp(conf_word(n, 2), "consistent") == 0;
	d->ordered = conf_is(n, "ip_hash") || (conf_is(n, "hash") && !d->named);
	return true;
}

static bool read_keepalive(struct draft *d, const struct conf_node *n)
{
	const char *s = conf_word(n, 1);

	if (n->count != 2 || strspn(s, "0123456789") != strlen(s) || strlen(s) > 9)
		return why_set(d->in->arena, d->why, n,
			       "this form of \"keepalive\" has no typed field");
	json_put(d->json, "keepalive", json_integer(strtol(s, NULL, 10)));
	return true;
}

/* A typed upstream's zone has the upstream's name; that is no difference, unless it is shared. */
static bool is_zone_shared(const struct draft *d, const struct conf_node *zone)
{
	const struct pieces *ps = d->in->pieces;

	for (size_t i = 0; i < ps->count; i++) {
		const struct piece *p = &ps->items[i];

		for (size_t j = 0; j < p->body.count && p->kind == PIECE_UPSTREAM; j++) {
			const struct conf_node *n = p->body.items[j];

			if (n != zone && conf_is(n, "zone") &&
			    strcmp(conf_word(n, 1), conf_word(zone, 1)) == 0)
				return true;
		}
	}
	return false;
}

static bool read_zone(struct draft *d, const struct conf_node *n)
{
	if (n->count != 3 || is_zone_shared(d, n))
		return why_set(d->in->arena, d->why, n,
			       "a \"zone\" that several upstreams share has no typed field");
	json_put_text(d->json, "zone", conf_word(n, 2));
	return true;
}

static bool has_server(const struct piece *p, const char *address)
{
	for (size_t i = 0; i < p->server_count; i++) {
		if (strcmp(p->servers[i].address, address) == 0)
			return true;
	}
	return false;
}

/* nginx takes port 80 where none is said. */
static const char *with_port(struct arena *a, const char *s)
{
	const char *colon = strrchr(s, ':');
	bool has_port = *s == '[' ? colon && colon[-1] == ']' : colon != NULL;

	return has_port ? s : arena_printf(a, "%s:80", s);
}

static bool read_params(struct draft *d, const struct conf_node *n, struct piece_server *server)
{
	static const char *const known[] = { "weight=",    "max_fails=", "fail_timeout=",
					     "max_conns=", "backup",     "down" };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 2; i < n->count; i++) {
		const char *w = conf_word(n, i);
		size_t k = 0;

		while (k < ARRAY_SIZE(known) && strncmp(w, known[k], strlen(known[k])) != 0)
			k++;
		if (k == ARRAY_SIZE(known))
			return why_set(d->in->arena, d->why, n,
				       "the parameter \"%.*s\" of a server has no typed field",
				       (int)strcspn(w, "="), w);
		if (text.size)
			buf_putc(&text, ' ');
		buf_puts(&text, w);
	}
	server->params = arena_strdup(d->in->arena, buf_str(&text));
	return true;
}

static bool read_server(struct draft *d, const struct conf_node *n)
{
	struct piece *p = d->piece;
	const char *named = conf_word(n, 1), *why;
	struct piece_server *server = &p->servers[p->server_count];
	char address[ADDRESS_SIZE];

	if (strncasecmp(named, "unix:", 5) == 0)
		return why_set(d->in->arena, d->why, n, "a typed server is no Unix socket");
	if (p->protocol == PROTOCOL_HTTP)
		named = with_port(d->in->arena, named);
	why = address_parse_server(named, address);
	if (why)
		return why_set(d->in->arena, d->why, n, "the server \"%.80s\" %s", named, why);
	if (has_server(p, address))
		return why_set(d->in->arena, d->why, n,
			       "\"%.80s\" is listed twice; a typed upstream has an address once",
			       address);
	server->address = arena_strdup(d->in->arena, address);
	p->server_count++;
	return read_params(d, n, server);
}

static const struct {
	const char *name;
	bool (*read)(struct draft *d, const struct conf_node *n);
} DIRECTIVES[] = {
	{ "server", read_server }, { "least_conn", read_balance }, { "ip_hash", read_balance },
	{ "hash", read_balance },  { "random", read_balance },     { "keepalive", read_keepalive },
	{ "zone", read_zone },
};

static bool read_directive(struct draft *d, const struct conf_node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTIVES) && !n->block; i++) {
		if (conf_is(n, DIRECTIVES[i].name))
			return DIRECTIVES[i].read(d, n);
	}
	return why_set(d->in->arena, d->why, n, "\"%.80s\" has no typed field", conf_word(n, 0));
}

/* As render writes them: in the order of their addresses, which those of names are not known of. */
static bool is_in_order(const struct piece *p)
{
	for (size_t i = 0; i < p->server_count; i++) {
		if (!address_is_numeric(p->servers[i].address) ||
		    (i && strcmp(p->servers[i - 1].address, p->servers[i].address) > 0))
			return false;
	}
	return true;
}

/* Are all servers written as they are rendered? */
static bool is_as_rendered(const struct piece *p)
{
	size_t next = 0;

	for (size_t i = 0; i < p->body.count; i++) {
		const char *address;

		if (!conf_is(p->body.items[i], "server"))
			continue;
		address = p->servers[next++].address;
		if (!address_is_numeric(address) ||
		    strcmp(conf_word(p->body.items[i], 1), address) != 0)
			return false;
	}
	return true;
}

static bool check_choice(struct draft *d)
{
	struct piece *p = d->piece;

	if (d->ordered && !is_in_order(p))
		return why_set(d->in->arena, d->why, p->node,
			       "with this balancing method the order of the servers counts, and a "
			       "typed upstream has them in the order of their addresses");
	if (d->named && !is_as_rendered(p))
		return why_set(
			d->in->arena, d->why, p->node,
			"a consistent hash is made of the servers' names, and a typed upstream "
			"has their addresses, with their ports");
	return true;
}

/*
 * A typed upstream has a zone by default, and with one max_conns is the limit of all workers
 * together: the import must not lower it.
 */
static bool zone_would_change_limits(const struct piece *p)
{
	bool limited = false;

	for (size_t i = 0; i < p->body.count; i++) {
		if (conf_is(p->body.items[i], "zone"))
			return false;
	}
	for (size_t i = 0; i < p->server_count; i++)
		limited |= strstr(p->servers[i].params, "max_conns=") != NULL;
	return limited;
}

static bool read_upstream(struct draft *d)
{
	struct piece *p = d->piece;

	if (p->node->count != 2 || !name_is_valid(conf_word(p->node, 1)))
		return why_set(d->in->arena, d->why, p->node,
			       "the name of a typed upstream is made of a-z, 0-9, . _ and -, and "
			       "begins with a letter or a digit");
	if (pieces_upstream(d->in->pieces, p->protocol, conf_word(p->node, 1)))
		return why_set(d->in->arena, d->why, p->node, "another upstream has the same name");
	if (p->protocol == PROTOCOL_STREAM) {
		if (pieces_upstream(d->in->pieces, PROTOCOL_HTTP, conf_word(p->node, 1)))
			return why_set(d->in->arena, d->why, p->node,
				       "an upstream of http has the same name");
		json_put_text(d->json, "protocol", "stream");
	}
	for (size_t i = 0; i < p->body.count; i++) {
		if (!read_directive(d, p->body.items[i]))
			return false;
	}
	if (!p->server_count)
		return why_set(d->in->arena, d->why, p->node, "it has no server");
	if (zone_would_change_limits(p))
		json_put_text(d->json, "zone", "off");
	return check_choice(d);
}

bool typed_upstream(const struct typed_input *in, struct piece *p, struct why *why)
{
	struct draft d = { .in = in, .piece = p, .why = why, .json = json_object() };

	p->servers = arena_array(in->arena, struct piece_server, p->body.count + 1);
	p->server_count = 0;
	if (!read_upstream(&d)) {
		json_decref(d.json);
		return false;
	}
	p->json = typed_print(in->arena, d.json);
	return true;
}
