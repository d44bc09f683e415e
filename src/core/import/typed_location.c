/*
 * Locations: one of proxy, root, return and redirect, with what is in force for it.
 *
 * What a typed location renders replaces all that the server says of it, and http{} stays around
 * it. So a directive of the server has to be repeated in each location, where the location has a
 * field for it; one of http{} stays in force by itself, unless the rendered location has the
 * directive, too (the headers of requests).
 */
#include <string.h>
#include <strings.h>

#include "core/text/json_text.h"
#include "location_draft.h"

/* Sets a field to a directive's parameters, joined by blanks. */
static bool put_words(struct location_draft *d, json_t *object, const char *field,
		      const char *directive)
{
	struct in_force f = scope_find(d->scope, directive);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (!location_has(&f))
		return true;
	if (f.count > 1)
		return location_no_field(d, scope_next(d->scope, &f, f.first));
	for (size_t i = 1; i < f.first->count; i++) {
		if (strchr(conf_word(f.first, i), ' ') || !*conf_word(f.first, i))
			return location_no_field(d, f.first);
		buf_puts(&text, i > 1 ? " " : "");
		buf_puts(&text, conf_word(f.first, i));
	}
	json_put_text(object, field, buf_str(&text));
	return true;
}

static bool put_number(struct location_draft *d, json_t *object, const char *field,
		       const char *directive)
{
	struct in_force f = scope_find(d->scope, directive);
	const char *s;

	if (!location_has(&f))
		return true;
	s = conf_word(f.first, 1);
	if (f.count > 1 || f.first->count != 2 || !*s || strspn(s, "0123456789") != strlen(s) ||
	    strlen(s) > 9)
		return location_no_field(d, f.first);
	json_put(object, field, json_integer(strtol(s, NULL, 10)));
	return true;
}

/* --- proxy ----------------------------------------------------------------------------------- */

static bool put_proxy(struct location_draft *d)
{
	static const char scheme[] = "http://";
	struct in_force f = scope_find(d->scope, "proxy_pass");
	const char *url = conf_word(f.first, 1), *name = url + sizeof(scheme) - 1;

	if (f.count != 1 || f.first->count != 2 || strncmp(url, scheme, sizeof(scheme) - 1) != 0 ||
	    !pieces_upstream(d->in->pieces, PROTOCOL_HTTP, name))
		return location_refuse(d, f.first,
				       "a typed location passes requests to a typed upstream, with "
				       "\"proxy_pass http://NAME;\" and without a URI");
	if (strcmp(scope_value(d->scope, "proxy_http_version", "1.0"), "1.1") != 0)
		return location_refuse(
			d, scope_find(d->scope, "proxy_http_version").first ?: f.first,
			"a typed location uses HTTP/1.1: add \"proxy_http_version 1.1;\" to "
			"have it typed");
	json_put_text(d->json, "proxy", name);
	return true;
}

static bool put_timeouts(struct location_draft *d)
{
	json_t *timeouts = json_object(), *retry = json_object();
	bool ok = put_words(d, timeouts, "connect", "proxy_connect_timeout") &&
		  put_words(d, timeouts, "read", "proxy_read_timeout") &&
		  put_words(d, timeouts, "send", "proxy_send_timeout") &&
		  put_words(d, retry, "on", "proxy_next_upstream") &&
		  put_number(d, retry, "tries", "proxy_next_upstream_tries");

	location_put_inner(d->json, "timeouts", timeouts);
	location_put_inner(d->json, "retry", retry);
	return ok;
}

static bool read_proxy(struct location_draft *d)
{
	return put_proxy(d) && location_put_headers(d) && put_timeouts(d);
}

/* --- answers --------------------------------------------------------------------------------- */

static bool put_answer_header(struct location_draft *d, json_t *headers, const struct conf_node *n)
{
	const char *name = conf_word(n, 1);
	bool always = n->count == 4 && strcmp(conf_word(n, 3), "always") == 0;
	void *at;
	const char *other;
	json_t *value;

	if (n->count < 3 || n->count > 4 || (n->count == 4 && !always))
		return location_no_field(d, n);
	if (strcasecmp(name, "Content-Type") == 0)
		return location_refuse(d, n,
				       "it adds a second Content-Type, and that of a typed "
				       "location replaces the first one");
	json_object_foreach_safe(headers, at, other, value)
	{
		if (strcasecmp(other, name) == 0)
			return why_set(d->in->arena, d->why, n, "\"%.80s\" is added twice", name);
	}
	if (!always && strcmp(name, "Cache-Control") == 0 && !json_object_size(headers) &&
	    !json_object_get(d->json, "cache_control")) {
		json_put_text(d->json, "cache_control", conf_word(n, 2));
		return true;
	}
	if (!always)
		return location_refuse(
			d, n,
			"a typed location adds its headers to every answer: add \"always\" to "
			"have it typed");
	json_put_text(headers, name, conf_word(n, 2));
	return true;
}

static bool put_answer_headers(struct location_draft *d)
{
	struct in_force f = scope_find(d->scope, "add_header");
	json_t *headers = json_object();
	bool ok = true;

	if (location_has(&f)) {
		for (const struct conf_node *n = f.first; ok && n; n = scope_next(d->scope, &f, n))
			ok = put_answer_header(d, headers, n);
		if (ok && f.level == LEVEL_SERVER && json_object_size(headers))
			ok = location_refuse(
				d, f.first,
				"it is also added to answers that no location gives, such as "
				"those to bad requests");
	}
	location_put_inner(d->json, "response_headers", headers);
	return ok;
}

/* --- root, return, redirect ------------------------------------------------------------------ */

/* The types of files are those of http{}. */
static bool read_root(struct location_draft *d)
{
	struct in_force f = scope_find(d->scope, "root");
	struct in_force type = scope_find(d->scope, "default_type");

	if (f.count != 1 || f.first->count != 2)
		return location_refuse(d, f.first ?: d->node,
				       "it has neither proxy_pass, root nor return");
	if (location_has(&type))
		return location_no_field(d, type.first);
	json_put_text(d->json, "root", conf_word(f.first, 1));
	return true;
}

static bool is_url(const char *s)
{
	return strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0 ||
	       strncmp(s, "$scheme", 7) == 0;
}

static void put_target(struct location_draft *d, long status, const char *to)
{
	json_t *redirect = json_object();

	json_put(d->json, "redirect", redirect);
	json_put(redirect, "status", json_integer(status));
	json_put_text(redirect, "to", to);
}

/* nginx answers with the default_type in force, and a typed text is text/plain. */
static bool put_text(struct location_draft *d, const struct conf_node *n, json_t *answer)
{
	struct in_force type = scope_find(d->scope, "default_type");

	if (n->count == 2)
		return !location_has(&type) || location_no_field(d, type.first);
	if (strcmp(scope_value(d->scope, "default_type", "text/plain"), "text/plain") != 0)
		return location_refuse(
			d, n,
			"a typed text is text/plain: add \"default_type text/plain;\" to have "
			"it typed");
	json_put_text(answer, "text", conf_word(n, 2));
	return true;
}

static bool read_return(struct location_draft *d)
{
	struct in_force f = scope_find(d->scope, "return");
	const struct conf_node *n = f.first;
	const char *code = conf_word(n, 1);
	json_t *answer;
	long status;

	if (f.count != 1 || n->count < 2 || n->count > 3)
		return location_no_field(d, n);
	if (n->count == 2 && is_url(code)) {
		put_target(d, 302, code);
		return true;
	}
	if (strlen(code) != 3 || strspn(code, "0123456789") != 3)
		return location_no_field(d, n);
	status = strtol(code, NULL, 10);
	if (n->count == 3 &&
	    (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)) {
		put_target(d, status, conf_word(n, 2));
		return true;
	}
	answer = json_object();
	json_put(d->json, "return", answer);
	json_put(answer, "status", json_integer(status));
	return put_text(d, n, answer);
}

/* A return takes none of the fields for answers; what the server says of them would be lost. */
static bool has_no_answer_fields(struct location_draft *d)
{
	static const char *const names[] = { "add_header", "expires", "limit_req" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct in_force f = scope_find(d->scope, names[i]);

		if (location_has(&f))
			return location_no_field(d, f.first);
	}
	return true;
}

/* --- the location ---------------------------------------------------------------------------- */

enum { OF_PROXY = 1, OF_ROOT = 2, OF_RETURN = 4, SERVED = OF_PROXY | OF_ROOT };

static const struct {
	const char *name;
	unsigned kinds;
} DIRECTIVES[] = {
	{ "proxy_pass", OF_PROXY },
	{ "proxy_http_version", OF_PROXY },
	{ "proxy_set_header", OF_PROXY },
	{ "proxy_connect_timeout", OF_PROXY },
	{ "proxy_read_timeout", OF_PROXY },
	{ "proxy_send_timeout", OF_PROXY },
	{ "proxy_next_upstream", OF_PROXY },
	{ "proxy_next_upstream_tries", OF_PROXY },
	{ "root", OF_ROOT },
	{ "return", OF_RETURN },
	{ "default_type", OF_RETURN },
	{ "expires", SERVED },
	{ "add_header", SERVED },
	{ "limit_req", SERVED },
	{ "limit_req_status", SERVED },
};

static bool knows(unsigned kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTIVES); i++) {
		if ((DIRECTIVES[i].kinds & kind) && strcmp(DIRECTIVES[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool knows_all(struct location_draft *d, unsigned kind)
{
	const struct conf_list *own = d->scope->levels[LEVEL_LOCATION];

	for (size_t i = 0; own && i < own->count; i++) {
		const struct conf_node *n = own->items[i];

		if (n->block || !knows(kind, conf_word(n, 0)))
			return location_no_field(d, n);
	}
	return true;
}

/* proxy_pass is not inherited, nor is a return of the server: it answers before a location is
 * chosen. */
static unsigned kind_of(const struct scope *s)
{
	if (scope_find(s, "return").level <=
	    (s->levels[LEVEL_LOCATION] ? LEVEL_LOCATION : LEVEL_SERVER))
		return OF_RETURN;
	return scope_find(s, "proxy_pass").level == LEVEL_LOCATION ? OF_PROXY : OF_ROOT;
}

static bool read_kind(struct location_draft *d)
{
	unsigned kind = kind_of(d->scope);

	if (!knows_all(d, kind))
		return false;
	if (kind == OF_RETURN)
		return read_return(d) && has_no_answer_fields(d);
	return (kind == OF_PROXY ? read_proxy(d) : read_root(d)) &&
	       put_words(d, d->json, "expires", "expires") && put_answer_headers(d) &&
	       location_put_limit(d);
}

bool typed_location(const struct typed_input *in, const struct scope *scope,
		    const struct conf_node *node, const char *path, json_t *locations,
		    struct why *why)
{
	struct location_draft d = {
		.in = in, .scope = scope, .node = node, .why = why, .json = json_object()
	};

	json_put_text(d.json, "path", path);
	json_array_append_new(locations, d.json);
	return read_kind(&d);
}
