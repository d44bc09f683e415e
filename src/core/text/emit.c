/*
 * Values that become nginx text: which are valid, and how they are written.
 *
 * Values are refused, never changed: a byte that could end a parameter, begin a block, a comment or
 * a variable, or mislead a reader of the file, makes the whole value invalid. So quotes are only
 * needed for blanks, and a value means the same in nginx as in the znode.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "emit.h"
#include "utf8.h"

#define TEXT_SIZE 2048
#define COMMENT_SIZE 200

/*
 * Sorted. Not on the list: variables that can have a line feed, name a file, or reveal internals of
 * the host.
 */
static const char *const allowed[] = {
	"args",
	"binary_remote_addr",
	"connection",
	"connection_requests",
	"content_length",
	"content_type",
	"host",
	"hostname",
	"http2",
	"https",
	"is_args",
	"msec",
	"proxy_add_x_forwarded_for",
	"proxy_host",
	"proxy_port",
	"proxy_protocol_addr",
	"proxy_protocol_port",
	"query_string",
	"realip_remote_addr",
	"realip_remote_port",
	"remote_addr",
	"remote_port",
	"remote_user",
	"request_id",
	"request_length",
	"request_method",
	"request_time",
	"request_uri",
	"scheme",
	"server_addr",
	"server_name",
	"server_port",
	"server_protocol",
	"ssl_cipher",
	"ssl_client_escaped_cert",
	"ssl_client_fingerprint",
	"ssl_client_i_dn",
	"ssl_client_s_dn",
	"ssl_client_serial",
	"ssl_client_verify",
	"ssl_protocol",
	"ssl_server_name",
	"ssl_session_reused",
	"time_iso8601",
	"upstream_cache_status",
	"uri",
};

static const char *const prefixes[] = { "arg_", "cookie_", "http_" };

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
static const char small_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

struct span {
	const char *s;
	size_t size;
};

static int compare_variable(const void *key, const void *element)
{
	const struct span *name = key;
	const char *other = *(const char *const *)element;
	int order = strncmp(name->s, other, name->size);

	return order ? order : -(other[name->size] != '\0');
}

/* "http_x_real_ip": a known prefix followed by at least one byte. */
static bool has_allowed_prefix(const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t prefix = strlen(prefixes[i]);

		if (size > prefix && memcmp(name, prefixes[i], prefix) == 0)
			return true;
	}
	return false;
}

bool emit_variable_is_allowed(const char *name, size_t size)
{
	struct span key = { name, size };

	for (size_t i = 0; i < size; i++) {
		if (!name[i] || !strchr(small_bytes, name[i]))
			return false;
	}
	return size &&
	       (has_allowed_prefix(name, size) ||
		bsearch(&key, allowed, ARRAY_SIZE(allowed), sizeof(allowed[0]), compare_variable));
}

/* Invisible characters that break lines or turn the direction of the text around them. */
static bool is_deceptive(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x80, 0xa0 },     { 0xad, 0xad },     { 0x61c, 0x61c },   { 0x180e, 0x180e },
		{ 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 },
		{ 0xe000, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff }, { 0xfff0, 0xffff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return code >= 0xe0000;
}

/* Why the character at s is not allowed in a value; NULL: it is. Sets its length. */
static const char *check_character(const char *s, size_t *size)
{
	uint32_t code;

	*size = utf8_decode(s, &code);
	if (!*size)
		return "is not valid UTF-8";
	if (code < 0x20 || code == 0x7f)
		return "contains a control character";
	if (code < 0x80 && strchr(";{}", (int)code))
		return "contains one of ; { }, which would end the nginx parameter";
	if (code < 0x80 && strchr("\"'\\#`", (int)code))
		return "contains a quote, a backslash or #, which nginx cannot take literally";
	return is_deceptive(code) ? "contains an invisible or directional character" : NULL;
}

static const char *check_variable(const char *s, bool variables, size_t *size)
{
	size_t name = strspn(s + 1, name_bytes);

	*size = 1 + name;
	if (!variables)
		return "contains $, but variables are not allowed here";
	if (!name)
		return "contains $ without the name of a variable after it";
	if (!emit_variable_is_allowed(s + 1, name))
		return "uses a variable that is not on the list of allowed ones";
	return NULL;
}

/* Bytes that are always valid; nearly every value has only these. */
static const bool plain_bytes[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true,
	['_'] = true,         ['.'] = true,         [':'] = true,         ['/'] = true,
	['='] = true,         ['['] = true,         [']'] = true,         [' '] = true,
};

static const char *check_text(const char *s, bool variables)
{
	const char *why;
	size_t size;

	if (strnlen(s, TEXT_SIZE + 1) > TEXT_SIZE)
		return "is longer than 2048 bytes";
	for (; *s; s += size) {
		size = 1;
		if (plain_bytes[(unsigned char)*s])
			continue;
		why = *s == '$' ? check_variable(s, variables, &size) : check_character(s, &size);
		if (why)
			return why;
	}
	return NULL;
}

bool emit_text_is_valid(const char *s, bool variables, const char **why)
{
	const char *found = check_text(s, variables);

	if (found && why)
		*why = found;
	return !found;
}

/*
 * nginx's units, which must come in this order; a number without a unit is seconds and must be
 * last.
 */
static const struct {
	const char *name;
	uint64_t msec;
} units[] = {
	{ "y", 31536000000 }, { "M", 2592000000 }, { "w", 604800000 }, { "d", 86400000 },
	{ "h", 3600000 },     { "m", 60000 },      { "s", 1000 },      { "ms", 1 },
};

/* The unit at s, or -1. */
static int find_unit(const char *s)
{
	size_t size = strcspn(s, "0123456789");

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strlen(units[i].name) == size && strncmp(units[i].name, s, size) == 0)
			return (int)i;
	}
	return -1;
}

/* Reads the digits at *s, a number below 2^31; moves *s past them. */
static bool take_number(const char **s, uint64_t *value)
{
	const char *start = *s;

	*value = 0;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		*value = *value * 10 + (uint64_t)(**s - '0');
		if (*value > INT32_MAX)
			return false;
	}
	return *s > start;
}

static bool time_is_valid(const char *s, bool seconds)
{
	uint64_t total = 0, value;
	int last = -1, unit;

	do {
		if (!take_number(&s, &value))
			return false;
		if (!*s)
			return last < 6 && total + value * 1000 <= UINT64_C(1000) * INT32_MAX;
		unit = find_unit(s);
		if (unit <= last || (seconds && unit == 7))
			return false;
		last = unit;
		s += strlen(units[unit].name);
		total += value * units[unit].msec;
		if (total > UINT64_C(1000) * INT32_MAX)
			return false;
	} while (*s);
	return true;
}

bool emit_time_is_valid(const char *s)
{
	return time_is_valid(s, false);
}

bool emit_seconds_is_valid(const char *s)
{
	return time_is_valid(s, true);
}

bool emit_size_parse(const char *s, uint64_t *bytes)
{
	static const char suffixes[] = "kKmMgG";
	const char *suffix;

	if (!take_number(&s, bytes))
		return false;
	if (!*s)
		return true;
	suffix = strchr(suffixes, *s);
	if (!suffix || s[1])
		return false;
	*bytes <<= 10 * ((suffix - suffixes) / 2 + 1);
	return true;
}

bool emit_size_is_valid(const char *s)
{
	uint64_t bytes;

	return emit_size_parse(s, &bytes);
}

void emit_value(struct buf *out, const char *s)
{
	bool quote = !*s || strchr(s, ' ');
	const char *why = check_text(s, true);

	if (why)
		die("a value on its way to nginx %s: decode should have refused it", why);
	if (quote)
		buf_putc(out, '"');
	buf_puts(out, s);
	if (quote)
		buf_putc(out, '"');
}

void emit_comment_path(struct buf *out, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./:@=+,-";
	size_t limit = out->size + COMMENT_SIZE;

	for (; *path; path++) {
		bool is_plain = strchr(plain, *path);

		if (out->size + (is_plain ? 1 : 3) > limit)
			return;
		if (is_plain)
			buf_putc(out, *path);
		else
			buf_printf(out, "%%%02X", (unsigned char)*path);
	}
}
