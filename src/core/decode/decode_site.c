/*
 * A site's znode: one virtual host of the http context, or one proxied port of the
 * stream context. First each field is read by itself; then fields are checked against each other.
 */
#include <string.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "core/text/address.h"
#include "core/text/emit.h"
#include "decode.h"
#include "decode_common.h"
#include "decode_directives.h"
#include "decode_headers.h"
#include "decode_listen.h"
#include "decode_location.h"
#include "decode_names.h"
#include "decode_stream.h"
#include "decode_subrequest.h"
#include "decode_tls.h"
#include "kinds.h"
#include "tables.h"

/* --- the site -------------------------------------------------------------------------------- */

#define LINES offsetof(struct site, common.lines)

static void read_redirect_status(struct reader *r, const json_t *value, void *where)
{
	struct site *site = where;
	json_int_t status = json_integer_value(value);

	if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
		reader_problem(r, NULL, "expected 301, 302, 303, 307 or 308");
	else
		site->redirect_status = (long)status;
}

static const struct field redirect_rows[] = {
	{ "status", FIELD_CUSTOM, .required = true, .read = read_redirect_status,
	  .shape = SHAPE_INTEGER },
	{ "to", FIELD_TEXT, .where = offsetof(struct site, redirect_to), .required = true,
	  .check = check_target },
};
static const struct fields redirect_fields = FIELDS(redirect_rows);

struct header_buffers {
	long count;
	const char *size;
};

static const struct field header_buffers_rows[] = {
	{ "count", FIELD_NUMBER, .where = offsetof(struct header_buffers, count), .least = 1,
	  .most = 1000 },
	{ "size", FIELD_TEXT, .where = offsetof(struct header_buffers, size), .required = true,
	  .check = check_size },
};
static const struct fields header_buffers_fields = FIELDS(header_buffers_rows);

static void read_header_buffers(struct reader *r, const json_t *value, void *where)
{
	struct header_buffers b = { .count = 4 };
	struct clause *s;

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &header_buffers_fields, &b);
	if (!b.size)
		return;
	s = clauses_add(r->arena, where, r->path, "large_client_header_buffers", 2);
	s->words[s->count++] = arena_printf(r->arena, "%ld", b.count);
	s->words[s->count++] = b.size;
}

static const struct field timeout_rows[] = {
	{ "connect", FIELD_TEXT, .where = offsetof(struct timeouts, connect), .check = check_time },
	{ "idle", FIELD_TEXT, .where = offsetof(struct timeouts, read), .check = check_time },
};
static const struct fields timeout_fields = FIELDS(timeout_rows);

static const struct field site_rows[] = {
	{ "defaults", FIELD_CUSTOM, .read = kinds_skip_defaults, .shape = SHAPE_FLAG },
	{ "protocol", FIELD_CUSTOM, .read = kinds_skip_protocol, .shape = SHAPE_TEXT },
	{ "listen", FIELD_CUSTOM, .required = true, .read = decode_listens,
	  .shape = SHAPE_TEXTS | SHAPE_OBJECTS, .inner = &decode_listen_fields },
	{ "server_names", FIELD_CUSTOM, .only = ONLY_HTTP, .read = decode_server_names,
	  .shape = SHAPE_TEXTS },
	{ "tls", FIELD_GROUP, .only = ONLY_HTTP, .inner = &decode_tls_fields },
	{ "default", FIELD_BOOL, .where = offsetof(struct site, is_default), .only = ONLY_HTTP },
	{ "gzip", FIELD_TRISTATE, .where = offsetof(struct site, gzip), .only = ONLY_HTTP },
	{ "client_max_body_size", FIELD_TEXT, .where = offsetof(struct site, client_max_body_size),
	  .only = ONLY_HTTP, .check = check_size },
	{ "access_log", FIELD_TEXT, .where = offsetof(struct site, access_log), .only = ONLY_HTTP,
	  .check = check_log },
	{ "log_format", FIELD_TEXT, .where = offsetof(struct site, log_format), .only = ONLY_HTTP,
	  .check = check_name },
	{ "proxy_protocol", FIELD_BOOL, .where = offsetof(struct site, proxy_protocol),
	  .only = ONLY_HTTP },
	{ "real_ip", FIELD_CUSTOM, .where = LINES, .only = ONLY_HTTP, .read = decode_real_ip,
	  .shape = SHAPE_OBJECT, .inner = &decode_real_ip_fields },
	{ "headers", FIELD_CUSTOM, .only = ONLY_HTTP, .read = decode_site_headers,
	  .shape = SHAPE_MAP | SHAPE_MAP_OBJECTS, .inner = &decode_header_fields },
	{ "root", FIELD_TEXT, .where = offsetof(struct site, root), .only = ONLY_HTTP,
	  .check = check_root },
	{ "redirect", FIELD_GROUP, .only = ONLY_HTTP, .inner = &redirect_fields },
	{ "client_header_timeout", FIELD_LINE_TEXT, .where = LINES, .only = ONLY_HTTP,
	  .check = check_time, .directive = "client_header_timeout" },
	{ "header_buffers", FIELD_CUSTOM, .where = LINES, .only = ONLY_HTTP,
	  .read = read_header_buffers, .shape = SHAPE_OBJECT, .inner = &header_buffers_fields },
	{ "underscores_in_headers", FIELD_LINE_FLAG, .where = LINES, .only = ONLY_HTTP,
	  .directive = "underscores_in_headers" },
	{ "merge_slashes", FIELD_LINE_FLAG, .where = LINES, .only = ONLY_HTTP,
	  .directive = "merge_slashes" },
	COMMON_ROWS(site, ONLY_HTTP),
	{ "locations", FIELD_CUSTOM, .only = ONLY_HTTP, .read = decode_locations,
	  .shape = SHAPE_OBJECTS, .inner = &location_fields },
	{ "proxy", FIELD_TEXT, .where = offsetof(struct site, proxy), .required = true,
	  .only = ONLY_STREAM, .check = check_upstream },
	{ "timeouts", FIELD_OBJECT, .where = offsetof(struct site, timeouts), .only = ONLY_STREAM,
	  .inner = &timeout_fields },
	{ "tls", FIELD_GROUP, .only = ONLY_STREAM, .inner = &decode_stream_tls_fields },
	{ "sni", FIELD_CUSTOM, .only = ONLY_STREAM, .read = decode_stream_sni, .shape = SHAPE_MAP },
	{ "access", FIELD_CUSTOM, .where = offsetof(struct site, common), .only = ONLY_STREAM,
	  .read = decode_access, .shape = SHAPE_OBJECT, .inner = &decode_access_fields },
	{ "proxy_protocol", FIELD_BOOL, .where = offsetof(struct site, stream.proxy_protocol),
	  .only = ONLY_STREAM },
	{ "udp", FIELD_CUSTOM, .only = ONLY_STREAM, .read = decode_stream_udp,
	  .shape = SHAPE_OBJECT, .inner = &decode_udp_fields },
	{ "include", FIELD_CUSTOM, .only = ONLY_HTTP, .read = decode_site_includes,
	  .shape = SHAPE_TEXTS },
	{ "directives", FIELD_CUSTOM, .read = decode_site_directives, .shape = SHAPE_TEXTS },
};
const struct fields site_fields = FIELDS(site_rows);

static void check_log_format(struct reader *r, const struct site *site)
{
	if (site->log_format && (!site->access_log || strcmp(site->access_log, "off") == 0))
		reader_problem(r, "log_format",
			       "needs an \"access_log\" that is the name of a log");
}

/* Does the location of that path exist at the top? */
static bool has_location(const struct site *site, const char *path)
{
	for (size_t i = 0; i < site->location_count; i++) {
		const struct location *l = &site->locations[i];

		if (!l->parent && l->path && strcmp(l->path, path) == 0)
			return true;
	}
	return false;
}

/* The redirect of a site is its location "/", unless it has no locations at all. */
static void check_redirect(struct reader *r, const struct site *site)
{
	if (site->redirect_to && (has_location(site, "/") || has_location(site, "^~ /")))
		reader_problem(r, "redirect", "is for \"/\", which is also the path of a location");
}

/* One of them says what the site does. */
static void check_purpose(struct reader *r, const json_t *object)
{
	if (!json_object_get(object, "locations") && !json_object_get(object, "redirect") &&
	    !json_object_get(object, "root"))
		reader_problem(r, "locations", "is missing");
}

/* nginx finds out only when a request comes. */
static void check_names(struct reader *r, const struct site *site, const struct common *common)
{
	for (size_t i = 0; i < common->lines.count; i++) {
		const struct clause *s = &common->lines.items[i];

		if (strcmp(s->directive, "error_page") != 0 &&
		    strcmp(s->directive, "try_files") != 0)
			continue;
		for (size_t j = 0; j < s->count; j++) {
			if (s->words[j][0] == '@' && !has_location(site, s->words[j]))
				reader_problem(r, s->field,
					       "\"%.80s\" is not a location of the "
					       "site",
					       s->words[j]);
		}
	}
}

static void check_between(struct reader *r, const struct site *site, bool has_tls)
{
	decode_tls_check(r, site, has_tls);
	if (site->protocol == PROTOCOL_STREAM) {
		decode_stream_check(r, site);
		return;
	}
	check_redirect(r, site);
	check_names(r, site, &site->common);
	for (size_t i = 0; i < site->location_count; i++)
		check_names(r, site, &site->locations[i].common);
}

/* --- the redirect to TLS -------------------------------------------------------------------- */

/* Bytes of "10.0.0.1:8443" before the port; 0 for "443", which is any address. */
static size_t host_size(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? (size_t)(colon - address) : 0;
}

/* Does an earlier TLS listen have the host of this one? */
static bool host_was_seen(const struct site *site, size_t index)
{
	const char *address = site->listens[index].address;
	size_t size = host_size(address);

	for (size_t i = 0; i < index; i++) {
		const struct listen *other = &site->listens[i];

		if (other->ssl && host_size(other->address) == size &&
		    strncmp(other->address, address, size) == 0)
			return true;
	}
	return false;
}

static struct listen implied_listen(struct arena *a, const char *address)
{
	int size = (int)host_size(address);

	return (struct listen){
		.address = size ? arena_printf(a, "%.*s:80", size, address) : "80",
		.options = "",
		.implied = true,
	};
}

/*
 * The redirect of redirect_http needs a listen without TLS. Where the site has none it is port 80
 * of every address that listens for TLS. These listens are computed here alone.
 */
static void add_implied_listens(struct arena *a, struct site *site)
{
	struct listen *all = arena_array(a, struct listen, 2 * site->listen_count);
	size_t count = site->listen_count;

	for (size_t i = 0; i < site->listen_count; i++) {
		if (!site->listens[i].ssl)
			return;
		all[i] = site->listens[i];
		if (!host_was_seen(site, i))
			all[count++] = implied_listen(a, site->listens[i].address);
	}
	site->listens = all;
	site->listen_count = count;
}

static void read_site(struct reader *r, struct site *site)
{
	static const char *const kinds[2] = { "a site of the http protocol",
					      "a site of the stream protocol" };
	json_t *object = reader_parse(r);

	if (!object)
		return;
	site->protocol = kinds_read_protocol(r, object, kinds);
	if (json_object_get(object, "root"))
		site->root = ""; /* locations need to know it, and may come first */
	fields_read(r, object, &site_fields, site);
	if (site->protocol == PROTOCOL_HTTP)
		check_purpose(r, object);
	check_log_format(r, site);
	if (!r->failed)
		check_between(r, site, json_object_get(object, "tls"));
	decode_site_finish_directives(r, site);
	json_decref(object);
}

bool decode_site(struct arena *a, const struct znode *z, const struct policy *policy,
		 struct site *out, struct problems *problems)
{
	struct reader r = { .arena = a, .znode = z, .policy = policy, .problems = problems };

	*out = (struct site){ .gzip = -1, .stream = { .requests = UNSET, .responses = UNSET } };
	read_site(&r, out);
	if (r.failed)
		return false;
	decode_subrequests(out);
	if (out->redirect_http)
		add_implied_listens(a, out);
	if (out->proxy_protocol)
		decode_proxy_protocol(a, out);
	out->source = znode_copy(a, z);
	out->name = path_name(out->source.path);
	return true;
}
