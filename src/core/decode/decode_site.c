/*
 * A site's znode: one virtual host of the http context, or one proxied port of the
 * stream context. First each field is read by itself; then fields are checked against each other.
 */
#include <string.h>

#include "checks.h"
#include "core/text/address.h"
#include "core/text/emit.h"
#include "decode.h"
#include "decode_location.h"
#include "kinds.h"
#include "tables.h"

#define LISTEN_LIMIT 64
#define NAME_LIMIT 1000

/* --- listen ---------------------------------------------------------------------------------- */

enum option { OPTION_SSL, OPTION_UDP, OPTION_PROXY_PROTOCOL, OPTION_IPV6ONLY, OPTION_PLAIN };

static const struct {
	const char *name;
	enum option option;
	unsigned only;
} options[] = {
	{ "ssl", OPTION_SSL, ONLY_HTTP },
	{ "http2", OPTION_PLAIN, ONLY_HTTP },
	{ "default_server", OPTION_PLAIN, ONLY_HTTP },
	{ "udp", OPTION_UDP, ONLY_STREAM },
	{ "proxy_protocol", OPTION_PROXY_PROTOCOL, ONLY_HTTP | ONLY_STREAM },
	{ "reuseport", OPTION_PLAIN, ONLY_HTTP | ONLY_STREAM },
	{ "ipv6only=on", OPTION_IPV6ONLY, ONLY_HTTP | ONLY_STREAM },
	{ "ipv6only=off", OPTION_IPV6ONLY, ONLY_HTTP | ONLY_STREAM },
};

static const char wrong_option[] = "has an option that is not ssl, http2, default_server, "
				   "proxy_protocol, reuseport or ipv6only=on|off";
static const char wrong_stream_option[] = "has an option that a stream site does not have: only "
					  "udp, proxy_protocol, reuseport and ipv6only=on|off";

/* One option of a listen; *seen has a bit for each, so that a repetition is noticed. */
static const char *read_option(const struct reader *r, const char *word, size_t size,
			       unsigned *seen)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strlen(options[i].name) != size || memcmp(options[i].name, word, size) != 0 ||
		    !(options[i].only & r->kinds))
			continue;
		if (*seen & 1U << i)
			return "has an option twice";
		*seen |= 1U << i;
		return NULL;
	}
	return r->kinds & ONLY_HTTP ? wrong_option : wrong_stream_option;
}

/* How many of the listen's options are of this kind. */
static size_t count_options(unsigned seen, enum option option)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		count += (seen & 1U << i) && options[i].option == option;
	return count;
}

static bool has_option(unsigned seen, enum option option)
{
	return count_options(seen, option) > 0;
}

static const char *check_options(const char *address, unsigned seen)
{
	size_t ipv6only = count_options(seen, OPTION_IPV6ONLY);

	if (ipv6only > 1 || (ipv6only && address[0] != '['))
		return "has ipv6only twice, or without an IPv6 address";
	if (has_option(seen, OPTION_UDP) && has_option(seen, OPTION_PROXY_PROTOCOL))
		return "has both udp and proxy_protocol, which nginx does not support together";
	return NULL;
}

/* The options after the address, with one blank before each. */
static const char *read_options(const struct reader *r, const char *s, unsigned *seen)
{
	while (*s) {
		size_t size = strcspn(++s, " ");
		const char *why = read_option(r, s, size, seen);

		if (why)
			return why;
		s += size;
	}
	return NULL;
}

static const char *parse_listen(const struct reader *r, const char *s, struct listen *listen)
{
	size_t size = strcspn(s, " ");
	char address[ADDRESS_SIZE];
	unsigned seen = 0;
	const char *why;

	if (size >= ADDRESS_SIZE / 2)
		return "is too long";
	why = address_parse_listen(arena_copy(r->arena, s, size), address);
	if (!why)
		why = read_options(r, s + size, &seen);
	if (!why)
		why = check_options(address, seen);
	if (why)
		return why;
	*listen = (struct listen){
		.address = arena_strdup(r->arena, address),
		.options = s[size] ? arena_strdup(r->arena, s + size + 1) : "",
		.ssl = has_option(seen, OPTION_SSL),
	};
	return NULL;
}

/* One address may serve TCP and UDP. */
static bool same_socket(const struct listen *a, const struct listen *b)
{
	return strcmp(a->address, b->address) == 0 &&
	       !strstr(a->options, "udp") == !strstr(b->options, "udp");
}

static void read_listen(struct reader *r, const json_t *value, struct site *site)
{
	struct listen *listen = &site->listens[site->listen_count];
	const char *s = reader_text_or_number(r, value), *why;

	if (!s)
		return;
	why = parse_listen(r, s, listen);
	if (why) {
		reader_problem(r, NULL, "\"%.80s\" %s", s, why);
		return;
	}
	for (size_t i = 0; i < site->listen_count; i++) {
		if (same_socket(&site->listens[i], listen))
			reader_problem(r, NULL,
				       "\"%.80s\" listens on an address that is "
				       "listed already",
				       s);
	}
	site->listen_count++;
}

/* --- lists ----------------------------------------------------------------------------------- */

/* Is it an array of `least` to `most` elements? Else a problem. */
static bool begin_list(struct reader *r, const json_t *value, size_t least, size_t most)
{
	size_t count = json_array_size(value);

	if (!reader_is_array(r, value))
		return false;
	if (count >= least && count <= most)
		return true;
	reader_problem(r, NULL, "expected %zu to %zu elements, found %zu", least, most, count);
	return false;
}

static void read_list(struct reader *r, const json_t *value, struct site *site,
		      void (*read_one)(struct reader *, const json_t *, struct site *))
{
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_one(r, json_array_get(value, i), site);
		reader_leave(r, mark);
	}
}

static void read_listens(struct reader *r, const json_t *value, void *where)
{
	struct site *site = where;

	if (!begin_list(r, value, 1, LISTEN_LIMIT))
		return;
	site->listens = arena_array(r->arena, struct listen, json_array_size(value));
	read_list(r, value, site, read_listen);
}

static bool has_server_name(const struct site *site, const char *name)
{
	for (size_t i = 0; i < site->server_name_count; i++) {
		if (strcmp(site->server_names[i], name) == 0)
			return true;
	}
	return false;
}

static void read_server_name(struct reader *r, const json_t *value, struct site *site)
{
	const char *s = reader_text(r, value);
	char *name;

	if (!s || !reader_checked(r, s, check_server_name))
		return;
	name = arena_strdup(r->arena, s);
	for (char *c = name; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	if (has_server_name(site, name))
		reader_problem(r, NULL, "\"%.80s\" is listed twice", name);
	else
		site->server_names[site->server_name_count++] = name;
}

static void read_server_names(struct reader *r, const json_t *value, void *where)
{
	struct site *site = where;

	if (!begin_list(r, value, 1, NAME_LIMIT))
		return;
	site->server_names = arena_array(r->arena, const char *, json_array_size(value));
	read_list(r, value, site, read_server_name);
}

/* --- the site -------------------------------------------------------------------------------- */

static const struct field tls_rows[] = {
	{ "certificate", FIELD_TEXT, .where = offsetof(struct site, certificate), .required = true,
	  .check = check_path },
	{ "key", FIELD_TEXT, .where = offsetof(struct site, key), .required = true,
	  .check = check_path },
	{ "redirect_http", FIELD_BOOL, .where = offsetof(struct site, redirect_http) },
};
static const struct fields tls_fields = FIELDS(tls_rows);

static const struct field timeout_rows[] = {
	{ "connect", FIELD_TEXT, .where = offsetof(struct timeouts, connect), .check = check_time },
	{ "idle", FIELD_TEXT, .where = offsetof(struct timeouts, read), .check = check_time },
};
static const struct fields timeout_fields = FIELDS(timeout_rows);

static const struct field site_rows[] = {
	{ "defaults", FIELD_CUSTOM, .read = kinds_skip_defaults, .shape = SHAPE_FLAG },
	{ "protocol", FIELD_CUSTOM, .read = kinds_skip_protocol, .shape = SHAPE_TEXT },
	{ "listen", FIELD_CUSTOM, .required = true, .read = read_listens, .shape = SHAPE_TEXTS },
	{ "server_names", FIELD_CUSTOM, .only = ONLY_HTTP, .read = read_server_names,
	  .shape = SHAPE_TEXTS },
	{ "tls", FIELD_GROUP, .only = ONLY_HTTP, .inner = &tls_fields },
	{ "default", FIELD_BOOL, .where = offsetof(struct site, is_default), .only = ONLY_HTTP },
	{ "gzip", FIELD_TRISTATE, .where = offsetof(struct site, gzip), .only = ONLY_HTTP },
	{ "client_max_body_size", FIELD_TEXT, .where = offsetof(struct site, client_max_body_size),
	  .only = ONLY_HTTP, .check = check_size },
	{ "access_log", FIELD_TEXT, .where = offsetof(struct site, access_log), .only = ONLY_HTTP,
	  .check = check_log },
	{ "log_format", FIELD_TEXT, .where = offsetof(struct site, log_format), .only = ONLY_HTTP,
	  .check = check_name },
	{ "locations", FIELD_CUSTOM, .required = true, .only = ONLY_HTTP, .read = decode_locations,
	  .shape = SHAPE_OBJECTS, .inner = &location_fields },
	{ "proxy", FIELD_TEXT, .where = offsetof(struct site, proxy), .required = true,
	  .only = ONLY_STREAM, .check = check_upstream },
	{ "timeouts", FIELD_OBJECT, .where = offsetof(struct site, timeouts), .only = ONLY_STREAM,
	  .inner = &timeout_fields },
};
const struct fields site_fields = FIELDS(site_rows);

static void check_log_format(struct reader *r, const struct site *site)
{
	if (site->log_format && (!site->access_log || strcmp(site->access_log, "off") == 0))
		reader_problem(r, "log_format",
			       "needs an \"access_log\" that is the name of a log");
}

static void check_tls(struct reader *r, const struct site *site, bool has_tls)
{
	bool ssl = false;

	for (size_t i = 0; i < site->listen_count; i++)
		ssl |= site->listens[i].ssl;
	if (ssl && !has_tls)
		reader_problem(r, "tls",
			       "is missing: a listen with ssl needs a certificate and a key");
	if (has_tls && !ssl)
		reader_problem(r, "tls", "needs a listen with ssl, such as \"443 ssl\"");
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
	fields_read(r, object, &site_fields, site);
	check_log_format(r, site);
	if (!r->failed)
		check_tls(r, site, json_object_get(object, "tls"));
	json_decref(object);
}

bool decode_site(struct arena *a, const struct znode *z, const struct policy *policy,
		 struct site *out, struct problems *problems)
{
	struct reader r = { .arena = a, .znode = z, .policy = policy, .problems = problems };

	*out = (struct site){ .gzip = -1 };
	read_site(&r, out);
	if (r.failed)
		return false;
	if (out->redirect_http)
		add_implied_listens(a, out);
	out->source = znode_copy(a, z);
	out->name = path_name(out->source.path);
	return true;
}
