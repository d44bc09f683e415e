/*
 * The listens of a site: strings as in nginx's `listen`, port numbers, or objects whose members are
 * the options. An object becomes the string that means the same, and each option is one row of a
 * table.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/model.h>

#include "core/text/address.h"
#include "core/text/emit.h"
#include "decode_listen.h"
#include "kinds.h"

#define LISTEN_LIMIT 64

enum option {
	OPTION_SSL,
	OPTION_QUIC,
	OPTION_HTTP2,
	OPTION_UDP,
	OPTION_PROXY_PROTOCOL,
	OPTION_IPV6ONLY,
	OPTION_PLAIN
};

static bool is_number(const char *s, size_t size, long least)
{
	char *end;
	long n = strtol(s, &end, 10);

	return size && size < 10 && end == s + size && n >= least &&
	       strspn(s, "-0123456789") >= size;
}

static bool is_queue(const char *s, size_t size)
{
	return is_number(s, size, 1);
}

/* nginx's own default is -1. */
static bool is_backlog(const char *s, size_t size)
{
	return is_number(s, size, -1) && !is_number(s, size, 0) ? size == 2 : is_queue(s, size);
}

static bool is_bytes(const char *s, size_t size)
{
	char text[16];

	if (!size || size >= sizeof(text))
		return false;
	memcpy(text, s, size);
	text[size] = '\0';
	return emit_size_is_valid(text) && !strpbrk(text, "gG") && text[0] != '0';
}

static bool is_switch(const char *s, size_t size)
{
	return (size == 2 && memcmp(s, "on", 2) == 0) || (size == 3 && memcmp(s, "off", 3) == 0);
}

/* "on", "off" or "30m:10s:5", in which parts may be empty but not all. */
static bool is_keepalive(const char *s, size_t size)
{
	unsigned colons = 0, digits = 0;

	if (is_switch(s, size))
		return true;
	for (size_t i = 0; i < size; i++) {
		colons += s[i] == ':';
		digits += s[i] >= '0' && s[i] <= '9';
		if (!strchr(colons == 2 ? ":0123456789" : ":0123456789smh", s[i]))
			return false;
	}
	return colons == 2 && digits;
}

#define BOTH (ONLY_HTTP | ONLY_STREAM)
#define TEXT_OR_NUMBER (SHAPE_TEXT | SHAPE_INTEGER)
#define TEXT_OR_FLAG (SHAPE_TEXT | SHAPE_FLAG)

/* X(name, option, only, value): with a value, `name=VALUE`. The shape is that of the member of an
 * object. */
#define LISTEN_OPTIONS(X)                                                                          \
	X("ssl", OPTION_SSL, BOTH, NULL, SHAPE_FLAG)                                               \
	X("quic", OPTION_QUIC, ONLY_HTTP, NULL, SHAPE_FLAG)                                        \
	X("http2", OPTION_HTTP2, ONLY_HTTP, NULL, SHAPE_FLAG)                                      \
	X("default_server", OPTION_PLAIN, ONLY_HTTP, NULL, SHAPE_FLAG)                             \
	X("udp", OPTION_UDP, ONLY_STREAM, NULL, SHAPE_FLAG)                                        \
	X("proxy_protocol", OPTION_PROXY_PROTOCOL, BOTH, NULL, SHAPE_FLAG)                         \
	X("reuseport", OPTION_PLAIN, BOTH, NULL, SHAPE_FLAG)                                       \
	X("deferred", OPTION_PLAIN, ONLY_HTTP, NULL, SHAPE_FLAG)                                   \
	X("bind", OPTION_PLAIN, BOTH, NULL, SHAPE_FLAG)                                            \
	X("backlog", OPTION_PLAIN, BOTH, is_backlog, TEXT_OR_NUMBER)                               \
	X("rcvbuf", OPTION_PLAIN, BOTH, is_bytes, TEXT_OR_NUMBER)                                  \
	X("sndbuf", OPTION_PLAIN, BOTH, is_bytes, TEXT_OR_NUMBER)                                  \
	X("fastopen", OPTION_PLAIN, ONLY_HTTP, is_queue, TEXT_OR_NUMBER)                           \
	X("so_keepalive", OPTION_PLAIN, BOTH, is_keepalive, TEXT_OR_FLAG)                          \
	X("ipv6only", OPTION_IPV6ONLY, BOTH, is_switch, TEXT_OR_FLAG)

static const struct {
	const char *name;
	enum option option;
	unsigned only;
	bool (*value)(const char *s, size_t size);
} options[] = {
#define X(name, option, only, value, shape) { name, option, only, value },
	LISTEN_OPTIONS(X)
#undef X
};

static const char wrong_option[] =
	"has an option that is not ssl, quic, http2, default_server, proxy_protocol, reuseport, "
	"deferred, bind, backlog=N, rcvbuf=SIZE, sndbuf=SIZE, fastopen=N, so_keepalive=on|off|"
	"IDLE:INTERVAL:COUNT or ipv6only=on|off";
static const char wrong_stream_option[] =
	"has an option that a stream site does not have: only ssl, udp, proxy_protocol, "
	"reuseport, bind, backlog=N, rcvbuf=SIZE, sndbuf=SIZE, so_keepalive=… and ipv6only=on|off";

static const char of_bsd[] = "has setfib or accept_filter, which nginx has on BSD only";

static bool is_of_bsd(const char *word)
{
	return strncmp(word, "setfib", 6) == 0 || strncmp(word, "accept_filter", 13) == 0;
}

/* Is the word this option, with a value where it takes one? */
static bool is_option(size_t row, const char *word, size_t size)
{
	size_t length = strlen(options[row].name);

	if (!options[row].value)
		return length == size && memcmp(options[row].name, word, size) == 0;
	return size > length && memcmp(options[row].name, word, length) == 0 &&
	       word[length] == '=' && options[row].value(word + length + 1, size - length - 1);
}

/* One option of a listen; *seen has a bit for each, so that a repetition is noticed. */
static const char *read_option(const struct reader *r, const char *word, size_t size,
			       unsigned *seen)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!is_option(i, word, size) || !(options[i].only & r->kinds))
			continue;
		if (*seen & 1U << i)
			return options[i].option == OPTION_IPV6ONLY
				       ? "has ipv6only twice, or without an IPv6 address"
				       : "has an option twice";
		*seen |= 1U << i;
		return NULL;
	}
	if (is_of_bsd(word))
		return of_bsd;
	return r->kinds & ONLY_HTTP ? wrong_option : wrong_stream_option;
}

static bool has_option(unsigned seen, enum option option)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if ((seen & 1U << i) && options[i].option == option)
			return true;
	}
	return false;
}

static const char *check_options(const char *address, unsigned seen)
{
	if (has_option(seen, OPTION_IPV6ONLY) && address[0] != '[')
		return "has ipv6only twice, or without an IPv6 address";
	if (has_option(seen, OPTION_UDP) && has_option(seen, OPTION_PROXY_PROTOCOL))
		return "has both udp and proxy_protocol, which nginx does not support together";
	if (has_option(seen, OPTION_QUIC) &&
	    (has_option(seen, OPTION_SSL) || has_option(seen, OPTION_HTTP2) ||
	     has_option(seen, OPTION_PROXY_PROTOCOL)))
		return "has quic, which goes with none of ssl, http2 and proxy_protocol: it is a "
		       "listen of its own, beside that of TCP";
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

	if (strncmp(s, "unix:", 5) == 0)
		return "is a Unix socket, which a site cannot listen on: expected a port, or an "
		       "address and a port";
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
		.ssl = has_option(seen, OPTION_SSL) || has_option(seen, OPTION_QUIC),
		.quic = has_option(seen, OPTION_QUIC),
	};
	return NULL;
}

/* One address may serve TCP and UDP. */
static bool is_udp(const struct listen *l)
{
	return l->quic || strstr(l->options, "udp");
}

static bool same_socket(const struct listen *a, const struct listen *b)
{
	return strcmp(a->address, b->address) == 0 && is_udp(a) == is_udp(b);
}

/* --- objects --------------------------------------------------------------------------------- */

struct object {
	const char *address;
	struct buf options; /* " ssl backlog=512" */
};

/* The member that is being read: the last part of the path. */
static const char *member_name(const struct reader *r)
{
	return strrchr(r->path, '.') + 1;
}

static void read_flag(struct reader *r, const json_t *value, void *where)
{
	struct object *o = where;

	if (json_is_true(value))
		buf_printf(&o->options, " %s", member_name(r));
	else if (!json_is_false(value))
		reader_problem(r, NULL, "expected true or false");
}

/* Its value is checked with the whole string. */
static void read_value(struct reader *r, const json_t *value, void *where)
{
	struct object *o = where;
	const char *s = json_is_true(value)    ? "on"
			: json_is_false(value) ? "off"
					       : reader_text_or_number(r, value);

	if (s)
		buf_printf(&o->options, " %s=%s", member_name(r), s);
}

static void read_address(struct reader *r, const json_t *value, void *where)
{
	struct object *o = where;

	o->address = reader_text_or_number(r, value);
}

#define FLAG_READER(value) _Generic((value), void * : read_flag, default : read_value)

static const struct field listen_rows[] = { { "address", FIELD_CUSTOM, .required = true,
					      .read = read_address, .shape = TEXT_OR_NUMBER },
#define X(name, option, restriction, value, form)                                                  \
	{ name, FIELD_CUSTOM, .only = restriction, .read = FLAG_READER(value), .shape = form },
					    LISTEN_OPTIONS(X)
#undef X
};
const struct fields decode_listen_fields = FIELDS(listen_rows);

/* The object as a string; NULL and a problem: it is none. */
static const char *object_as_text(struct reader *r, const json_t *value)
{
	struct object o = { .options = BUF_INIT };
	bool failed = r->failed;
	const char *text;

	r->failed = false;
	if (json_object_get(value, "setfib") || json_object_get(value, "accept_filter"))
		reader_problem(r, NULL, "%s", of_bsd);
	else
		fields_read(r, value, &decode_listen_fields, &o);
	text = r->failed ? NULL : arena_printf(r->arena, "%s%s", o.address, buf_str(&o.options));
	buf_fini(&o.options);
	r->failed |= failed;
	return text;
}

/* --- the list -------------------------------------------------------------------------------- */

static const char *listen_as_text(struct reader *r, const json_t *value)
{
	return json_is_object(value) ? object_as_text(r, value) : reader_text_or_number(r, value);
}

static void read_listen(struct reader *r, const json_t *value, struct site *site)
{
	struct listen *listen = &site->listens[site->listen_count];
	const char *s = listen_as_text(r, value), *why;

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

/* An nginx without QUIC gets the others only. */
static void check_tcp(struct reader *r, const struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		if (!site->listens[i].quic)
			return;
	}
	if (site->listen_count)
		reader_problem(
			r, NULL,
			"has only listens with quic: expected one of TCP as well, for clients "
			"and for versions of nginx that do not know HTTP/3");
}

void decode_listens(struct reader *r, const json_t *value, void *where)
{
	struct site *site = where;
	size_t count = json_array_size(value);

	if (!reader_is_list(r, value, 1, LISTEN_LIMIT))
		return;
	site->listens = arena_array(r->arena, struct listen, count);
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_listen(r, json_array_get(value, i), site);
		reader_leave(r, mark);
	}
	check_tcp(r, site);
}

void decode_proxy_protocol(struct arena *a, struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		struct listen *l = &site->listens[i];

		if (!l->quic && !strstr(l->options, "proxy_protocol"))
			l->options = arena_printf(a, "%s%sproxy_protocol", l->options,
						  *l->options ? " " : "");
	}
}
