/* Sites of stream: they listen, and pass to one upstream. */
#include <string.h>

#include "core/text/json_text.h"
#include "typed.h"

struct draft {
	const struct typed_input *in;
	struct why *why;
	json_t *listens, *timeouts;
	const char *proxy;
};

static bool no_field(struct draft *d, const struct conf_node *n)
{
	return why_set(d->in->arena, d->why, n, "\"%.80s\" has no typed field", conf_word(n, 0));
}

static bool read_directive(struct draft *d, const struct conf_node *n)
{
	const char *value = n->count == 2 ? conf_word(n, 1) : "";

	if (n->block)
		return no_field(d, n);
	if (conf_is(n, "listen"))
		json_array_append_new(d->listens, typed_listen(n));
	else if (conf_is(n, "proxy_connect_timeout"))
		json_put_text(d->timeouts, "connect", value);
	else if (conf_is(n, "proxy_timeout"))
		json_put_text(d->timeouts, "idle", value);
	else if (!conf_is(n, "proxy_pass"))
		return no_field(d, n);
	else if (!pieces_upstream(d->in->pieces, PROTOCOL_STREAM, value))
		return why_set(d->in->arena, d->why, n,
			       "a typed site of stream passes to a typed upstream of stream");
	else
		d->proxy = value;
	return true;
}

static bool read_site(struct draft *d, const struct piece *p)
{
	for (size_t i = 0; i < p->body.count; i++) {
		if (!read_directive(d, p->body.items[i]))
			return false;
	}
	return (d->proxy && json_array_size(d->listens)) ||
	       why_set(d->in->arena, d->why, p->node, "it has no \"listen\" or no \"proxy_pass\"");
}

bool typed_stream_site(const struct typed_input *in, struct piece *p, struct why *why)
{
	struct draft d = {
		.in = in, .why = why, .listens = json_array(), .timeouts = json_object()
	};
	bool ok = read_site(&d, p);
	json_t *site = json_object();

	json_put_text(site, "protocol", "stream");
	json_put(site, "listen", d.listens);
	json_put_text(site, "proxy", d.proxy);
	if (json_object_size(d.timeouts))
		json_put(site, "timeouts", json_incref(d.timeouts));
	json_decref(d.timeouts);
	if (ok)
		p->json = typed_print(in->arena, site);
	else
		json_decref(site);
	return ok;
}
