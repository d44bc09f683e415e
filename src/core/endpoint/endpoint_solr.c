/*
 * solr: SolrCloud's live nodes.
 *
 *	PATH/10.0.0.1:8983_solr		(the context is percent-encoded; no data)
 *
 * Next to PATH is clusterprops.json. Its "urlScheme" says whether the cluster uses TLS.
 */
#include "endpoint_format.h"
#include "endpoint_json.h"
#include "endpoint_text.h"

/* Not NULL: the cluster uses TLS. */
static const void *prepare(struct arena *a, const struct znode *context, size_t count)
{
	const void *tls = NULL;

	for (size_t i = 0; i < count; i++) {
		json_t *j = endpoint_json_of(&context[i]);
		const char *scheme = json_string_value(json_object_get(j, "urlScheme"));

		if (scheme && strcmp(scheme, "https") == 0)
			tls = arena_strdup(a, scheme);
		json_decref(j);
	}
	return tls;
}

static enum endpoint_result read(struct registration *r)
{
	const char *colon = strrchr(r->name, ':'), *context = colon ? strchr(colon, '_') : NULL;
	struct endpoint *e = r->out;
	size_t size;

	if (!context)
		return registration_other(r, "has a name that is not HOST:PORT_CONTEXT");
	if (!registration_address(r, r->name, (size_t)(context - r->name)))
		return ENDPOINT_BAD;
	if (endpoint_bad_escape(context, strlen(context)))
		return registration_bad(r, "has a name with a bad percent escape in its context");
	e->scheme = r->prepared ? "https" : "http";
	e->path = endpoint_unescape(r->arena, context + 1, strlen(context + 1), false, &size);
	e->path = arena_printf(r->arena, "/%s", e->path);
	if (r->prepared) {
		e->tls_port = e->port;
		e->port = 0;
	}
	return ENDPOINT_READ;
}

const struct endpoint_format endpoint_format_solr = {
	.name = "solr",
	.read = read,
	.prepare = prepare,
	.base = 1,
	.beside = "clusterprops.json",
	.by_name = true,
	.trial = 1,
};
