/*
 * Sites: the fields of the server itself, of http and of stream. A directive of the server that is
 * in force in its locations is read there (typed_location.c).
 */
#include <string.h>

#include <zknginx/model.h>

#include "core/text/json_text.h"
#include "typed.h"

struct draft {
	const struct typed_input *in;
	struct piece *piece;
	struct why *why;
	json_t *json;
	struct scope scope; /* of what no location of the server matches */
	json_t *listens, *names, *locations;
	bool ssl, has_slash;
};

static bool no_field(struct draft *d, const struct conf_node *n)
{
	return why_set(d->in->arena, d->why, n, "\"%.80s\" has no typed field", conf_word(n, 0));
}

static bool read_listen(struct draft *d, const struct conf_node *n)
{
	json_array_append_new(d->listens, typed_listen(n));
	for (size_t i = 1; i < n->count; i++)
		d->ssl |= strcmp(conf_word(n, i), "ssl") == 0;
	return true;
}

static bool read_server_name(struct draft *d, const struct conf_node *n)
{
	for (size_t i = 1; i < n->count; i++) {
		if (conf_word(n, i)[0] == '~')
			return why_set(d->in->arena, d->why, n,
				       "server_names has a regular expression: nginx tries them in "
				       "their order, which typed sites do not keep");
		json_array_append_new(d->names, json_text(conf_word(n, i)));
	}
	return true;
}

static bool read_body_size(struct draft *d, const struct conf_node *n)
{
	if (n->count != 2)
		return no_field(d, n);
	json_put_text(d->json, "client_max_body_size", conf_word(n, 1));
	return true;
}

/* "off", or LOG_DIRECTORY/NAME.access.log in the usual format. */
static bool read_access_log(struct draft *d, const struct conf_node *n)
{
	static const char end[] = ".access.log";
	const char *path = conf_word(n, 1), *name;
	size_t directory = strlen(d->in->log_directory), size = strlen(path);

	if (json_object_get(d->json, "access_log"))
		return no_field(d, n);
	if (n->count == 2 && strcmp(path, "off") == 0) {
		json_put_text(d->json, "access_log", path);
		return true;
	}
	if (n->count > 3 || (n->count == 3 && strcmp(conf_word(n, 2), "combined") != 0) ||
	    size <= directory + sizeof(end) || strcmp(path + size - sizeof(end) + 1, end) != 0 ||
	    strncmp(path, d->in->log_directory, directory) != 0 || path[directory] != '/')
		return why_set(d->in->arena, d->why, n,
			       "a typed access_log is \"off\", or %s/NAME.access.log without a "
			       "format",
			       d->in->log_directory);
	name = arena_copy(d->in->arena, path + directory + 1, size - directory - sizeof(end));
	json_put_text(d->json, "access_log", name);
	return true;
}

static bool read_gzip(struct draft *d, const struct conf_node *n)
{
	if (n->count != 2 || strcmp(conf_word(n, 1), "off") != 0)
		return why_set(d->in->arena, d->why, n,
			       "a typed site that compresses has its own list of types");
	json_put(d->json, "gzip", json_false());
	return true;
}

/* Without an effect: it says what holds without it. */
static bool read_index(struct draft *d, const struct conf_node *n)
{
	struct scope around = { .levels = { [LEVEL_AROUND] = d->piece->around } };

	if (n->count != 2 || strcmp(conf_word(n, 1), "index.html") != 0 ||
	    strcmp(scope_value(&around, "index", "index.html"), "index.html") != 0)
		return no_field(d, n);
	return true;
}

/* "location = /x", "location =/x", "location /x": the path as a typed location has it. */
static const char *location_path(struct arena *a, const struct conf_node *n)
{
	const char *path = conf_word(n, 1);

	if (n->count == 3)
		return arena_printf(a, "%s %s", path, conf_word(n, 2));
	if (*path == '=')
		return arena_printf(a, "= %s", path + 1);
	if (strncmp(path, "^~", 2) == 0)
		return arena_printf(a, "^~ %s", path + 2);
	return path;
}

static bool read_location(struct draft *d, const struct conf_node *n)
{
	struct conf_list own = conf_statements(d->in->arena, n);
	struct scope scope = d->scope;
	const char *path = location_path(d->in->arena, n);

	if (n->count < 2 || n->count > 3)
		return no_field(d, n);
	if (strchr("~@", *path))
		return why_set(d->in->arena, d->why, n,
			       "a typed location is a prefix, \"= /x\" or \"^~ /x\"");
	d->has_slash |= strcmp(path, "/") == 0 || strcmp(path, "^~ /") == 0;
	scope.levels[LEVEL_LOCATION] = &own;
	return typed_location(d->in, &scope, n, path, d->locations, d->why);
}

/* It is read where it is in force. */
static bool read_inherited(struct draft *d, const struct conf_node *n)
{
	struct in_force f = scope_find(&d->scope, conf_word(n, 0));

	return (f.count == 1 || conf_is(n, "add_header") || conf_is(n, "proxy_set_header")) ||
	       why_set(d->in->arena, d->why, n, "\"%s\" is set twice", conf_word(n, 0));
}

static const struct {
	const char *name;
	bool (*read)(struct draft *d, const struct conf_node *n);
} DIRECTIVES[] = {
	{ "listen", read_listen },
	{ "server_name", read_server_name },
	{ "client_max_body_size", read_body_size },
	{ "access_log", read_access_log },
	{ "gzip", read_gzip },
	{ "index", read_index },
	{ "root", read_inherited },
	{ "return", read_inherited },
	{ "default_type", read_inherited },
	{ "expires", read_inherited },
	{ "add_header", read_inherited },
	{ "proxy_http_version", read_inherited },
	{ "proxy_set_header", read_inherited },
	{ "proxy_connect_timeout", read_inherited },
	{ "proxy_read_timeout", read_inherited },
	{ "proxy_send_timeout", read_inherited },
	{ "proxy_next_upstream", read_inherited },
	{ "proxy_next_upstream_tries", read_inherited },
	{ "limit_req_status", read_inherited },
	{ "ssl_certificate", read_inherited },
	{ "ssl_certificate_key", read_inherited },
	{ "ssl_protocols", read_inherited },
	{ "ssl_session_cache", read_inherited },
	{ "ssl_session_timeout", read_inherited },
	{ "ssl_session_tickets", read_inherited },
};

static bool read_directive(struct draft *d, const struct conf_node *n)
{
	if (n->block)
		return conf_is(n, "location") ? read_location(d, n) : no_field(d, n);
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTIVES); i++) {
		if (conf_is(n, DIRECTIVES[i].name))
			return DIRECTIVES[i].read(d, n);
	}
	return no_field(d, n);
}

/* --- TLS ------------------------------------------------------------------------------------- */

static bool put_tls(struct draft *d)
{
	const char *certificate = scope_value(&d->scope, "ssl_certificate", NULL);
	const char *key = scope_value(&d->scope, "ssl_certificate_key", NULL);
	struct in_force f = scope_find(&d->scope, "ssl_certificate");
	json_t *tls;

	if (!d->ssl)
		return !f.count || f.level == LEVEL_AROUND ||
		       why_set(d->in->arena, d->why, f.first,
			       "a typed site has a certificate only where it listens with \"ssl\"");
	if (!certificate || !key)
		return why_set(d->in->arena, d->why, d->piece->node, "it has no certificate");
	tls = json_object();
	json_put_text(tls, "certificate", certificate);
	json_put_text(tls, "key", key);
	json_put(d->json, "tls", tls);
	return typed_tls(d->in, &d->scope, d->piece->node, d->why);
}

/* --- the site -------------------------------------------------------------------------------- */

/*
 * Requests that no location matches are the server's own, which a typed site answers by a location
 * "/".
 */
static bool put_rest(struct draft *d)
{
	static const char *const names[] = { "root", "return", "expires", "add_header",
					     "default_type" };
	bool any = !json_array_size(d->locations);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		any |= scope_find(&d->scope, names[i]).level <= LEVEL_SERVER;
	if (scope_find(&d->scope, "return").level <= LEVEL_SERVER && json_array_size(d->locations))
		return why_set(d->in->arena, d->why, scope_find(&d->scope, "return").first,
			       "a \"return\" of the server beside locations has no typed field");
	if (d->has_slash || !any)
		return true;
	return typed_location(d->in, &d->scope, d->piece->node, "/", d->locations, d->why);
}

/* What http{} says of headers and files is repeated in a typed site. */
static bool check_around(struct draft *d)
{
	const struct conf_list *around = d->piece->around;

	for (size_t i = 0; i < around->count; i++) {
		if (!around->items[i]->block && !typed_is_text(around->items[i]))
			return why_set(d->in->arena, d->why, around->items[i],
				       "it is not valid UTF-8");
	}
	return true;
}

static bool read_site(struct draft *d)
{
	struct piece *p = d->piece;

	if (!check_around(d))
		return false;
	for (size_t i = 0; i < p->body.count; i++) {
		if (!read_directive(d, p->body.items[i]))
			return false;
	}
	if (!json_array_size(d->listens))
		return why_set(d->in->arena, d->why, p->node, "a typed site needs a \"listen\"");
	return put_tls(d) && put_rest(d);
}

/* In the order of the manual page; the empty lists are left out. */
static json_t *finish(struct draft *d)
{
	json_t *site = json_object();
	const char *name;
	json_t *value;

	json_put(site, "listen", json_incref(d->listens));
	if (json_array_size(d->names))
		json_put(site, "server_names", json_incref(d->names));
	json_object_foreach(d->json, name, value) json_put(site, name, json_incref(value));
	json_put(site, "locations", json_incref(d->locations));
	return site;
}

static void draft_fini(struct draft *d)
{
	json_decref(d->json);
	json_decref(d->listens);
	json_decref(d->names);
	json_decref(d->locations);
}

bool typed_site(const struct typed_input *in, struct piece *p, struct why *why)
{
	struct draft d = {
		.in = in,
		.piece = p,
		.why = why,
		.json = json_object(),
		.scope = { .levels = { [LEVEL_SERVER] = &p->body, [LEVEL_AROUND] = p->around } },
		.listens = json_array(),
		.names = json_array(),
		.locations = json_array(),
	};
	bool ok = read_site(&d);

	if (ok)
		p->json = typed_print(in->arena, finish(&d));
	draft_fini(&d);
	return ok;
}
