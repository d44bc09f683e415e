/* Makes a server from an endpoint, in the same way for all formats. Labels are only compared. */
#include <string.h>

#include "core/endpoint/endpoint_format.h"
#include "core/endpoint/endpoint_text.h"
#include "discover_select.h"

/* The first label that the operator wants and the registration does not have, or NULL. */
static const struct label *missing_label(const struct discover *d, const struct endpoint *e)
{
	for (size_t i = 0; i < d->label_count; i++) {
		const char *value = endpoint_label(e, d->labels[i].name);

		if (!value || strcmp(value, d->labels[i].value) != 0)
			return &d->labels[i];
	}
	return NULL;
}

static const char *why_no_match(struct arena *a, const struct label *wanted,
				const struct endpoint *e)
{
	const char *value = endpoint_label(e, wanted->name);

	if (!value)
		return arena_printf(a, "has no label \"%.40s\", which \"match\" asks for",
				    wanted->name);
	return arena_printf(a,
			    "has the label \"%.40s\" with the value \"%.40s\": \"match\" asks "
			    "for \"%.40s\"",
			    wanted->name, value, wanted->value);
}

const char *discover_why_not(struct arena *a, const struct discover *d, const struct endpoint *e,
			     enum selection selection)
{
	const struct label *missing = missing_label(d, e);

	if (selection == SELECT_PROTOCOL && (!e->scheme || e->named_count))
		return "has no endpoint that speaks HTTP";
	if (selection == SELECT_PROTOCOL)
		return arena_printf(a, "speaks \"%.40s\", which is not HTTP", e->scheme);
	if (missing)
		return why_no_match(a, missing, e);
	if (e->down && e->state)
		return arena_printf(a, "is registered as down: its state is \"%.40s\"", e->state);
	if (e->down)
		return "is registered as down";
	if (e->weight == 0)
		return "has the weight 0";
	return arena_printf(a, "has the scheme \"%.40s\": \"endpoint\" asks for \"%.40s\"",
			    e->scheme ? e->scheme : "", d->endpoint ? d->endpoint : "");
}

static void choose_named(struct endpoint *e, const struct named_port *n)
{
	e->host = n->host ? n->host : e->host;
	e->port = n->port;
	e->tls_port = 0;
	e->tls_unsaid = true;
}

/* By the name that the operator gives: of an endpoint, or of a protocol. */
static enum selection select_named(struct arena *a, const struct discover *d, struct endpoint *e,
				   const char **why)
{
	for (size_t i = 0; i < e->named_count; i++) {
		if (strcmp(e->named[i].name, d->endpoint) == 0) {
			choose_named(e, &e->named[i]);
			return SELECTED;
		}
	}
	if (e->scheme)
		return endpoint_scheme_is_wanted(d, e->scheme) ? SELECTED : SELECT_OTHER;
	*why = arena_printf(a, "has no endpoint \"%.40s\"", d->endpoint);
	return SELECT_BAD;
}

/* Chooses a protocol that nginx can speak; a stream upstream takes any. */
static enum selection select_protocol(const struct upstream *u, const struct discover *d,
				      struct endpoint *e)
{
	const struct endpoint_format *f = d->chosen;
	bool named = e->named_count && f->multi_protocol;

	if (u->protocol == PROTOCOL_STREAM)
		return SELECTED;
	for (size_t i = 0; named && i < e->named_count; i++) {
		if (endpoint_scheme_is_http(e->named[i].name)) {
			choose_named(e, &e->named[i]);
			return SELECTED;
		}
	}
	if (named || (f->http_by_scheme && !endpoint_scheme_is_http(e->scheme)))
		return SELECT_PROTOCOL;
	return SELECTED;
}

enum selection discover_select(struct arena *a, const struct upstream *u, const struct discover *d,
			       struct endpoint *e, const char **why)
{
	enum selection s;

	*why = NULL;
	if (missing_label(d, e) || ((e->down || e->weight == 0) && !d->show_down))
		return SELECT_OTHER;
	s = d->endpoint ? select_named(a, d, e, why) : select_protocol(u, d, e);
	if (s == SELECTED && !e->host) {
		*why = "has no main endpoint: name one in \"endpoint\"";
		return SELECT_BAD;
	}
	/* With "only" the operator says that the one port is a TLS port. */
	if (s == SELECTED && e->tls_unsaid && d->tls == TLS_ONLY) {
		e->tls_port = e->port;
		e->port = 0;
	}
	e->params.backup |= d->backup;
	return s;
}

static void set_params(struct arena *a, const struct upstream *u, const struct endpoint *e,
		       struct server *out)
{
	struct server_params *own = arena_new_of(a, struct server_params);

	*own = e->params;
	own->down = e->down || e->weight == 0;
	own->weight = UNSET;
	out->own = own;
	out->share = e->weight > 0 ? e->weight / e->base : 1;
	if (e->weight < 0 && u->defaults.weight != UNSET)
		out->share = (double)u->defaults.weight;
	out->params = *own;
	server_params_complete(&out->params, &u->defaults);
}

bool discover_server(struct arena *a, const struct upstream *u, const struct endpoint *e, bool tls,
		     struct server *out, const char **why)
{
	long port = tls ? e->tls_port : e->port;

	*out = (struct server){ .tls = tls };
	if (!port) {
		*why = tls ? "has no TLS port" : "has no port without TLS";
		return false;
	}
	if (e->params.backup && !upstream_takes_backups(u)) {
		*why = "is a backup, which is not possible with the upstream's balance";
		return false;
	}
	out->address = arena_printf(a, "%s:%ld", e->host, port);
	set_params(a, u, e, out);
	return true;
}
