/*
 * Values that become nginx text: which are valid, and how they are written.
 *
 * nginx cuts its text into parameters first. There quotes protect everything, and a backslash
 * protects a quote and itself. Then some directives look for variables in the parameter. There
 * nothing protects `$`: a literal one is written as a variable of ours whose value is `$`.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "emit.h"
#include "utf8.h"
#include "variable.h"

#define PLAIN_SIZE 2048
#define PARAMETER_SIZE 4096 /* nginx's buffer: with its quotes a parameter fits it */
#define COMMENT_SIZE 200
#define DOLLAR "${" DOLLAR_VARIABLE "}"

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* --- what is valid --------------------------------------------------------------------------- */

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

/* Why the character at s is not allowed; NULL: it is. Sets its length. */
static const char *check_character(const char *s, enum text_kind kind, size_t *size)
{
	uint32_t code;

	*size = utf8_decode(s, &code);
	if (!*size)
		return "is not valid UTF-8";
	if (kind >= TEXT_LINES && code < 0x80 && strchr("\t\r\n", (int)code))
		return NULL;
	if (kind != TEXT_PLAIN && code == '\t')
		return NULL;
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return "contains a control character";
	if (kind != TEXT_PLAIN)
		return NULL;
	if (code < 0x80 && strchr(";{}\"'\\#`", (int)code))
		return "contains one of ; { } # ` \\ or a quote, which are not allowed here";
	return is_deceptive(code) ? "contains an invisible or directional character" : NULL;
}

static const char *check_name(const char *name, size_t size, enum text_kind kind)
{
	if (!size)
		return "contains $ without the name of a variable after it ($$ is a literal $)";
	if (kind != TEXT_CAPTURES && name[0] >= '1' && name[0] <= '9')
		return "uses a capture such as $1, and has no regular expression ($$ is a literal "
		       "$)";
	return kind == TEXT_LINE && variable_with_lines(name, size)
		       ? "uses a variable that may hold a line feed here, such as $uri: use "
			 "$request_uri"
		       : NULL;
}

/* "$$", "$name" or "${name}". */
static const char *check_dollar(const char *s, enum text_kind kind, size_t *size)
{
	bool braces = s[1] == '{';
	size_t name = strspn(s + 1 + braces, name_bytes);

	*size = 1 + name + 2 * (size_t)braces;
	if (kind == TEXT_PLAIN)
		return "contains $, but variables are not allowed here";
	if (s[1] == '$') {
		*size = 2;
		return NULL;
	}
	if (kind == TEXT_LITERAL)
		return "contains $, but variables are not allowed here ($$ is a literal $)";
	if (braces && s[2 + name] != '}')
		return "contains ${ without a name and } after it";
	return check_name(s + 1 + braces, name, kind);
}

/* Bytes that are always valid; nearly every value has only these. */
static const bool plain_bytes[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true,
	['_'] = true,         ['.'] = true,         [':'] = true,         ['/'] = true,
	['='] = true,         ['['] = true,         [']'] = true,         [' '] = true,
};

static const char *check_bytes(const char *s, enum text_kind kind)
{
	const char *why;
	size_t size;

	for (; *s; s += size) {
		size = 1;
		if (plain_bytes[(unsigned char)*s])
			continue;
		why = *s == '$' ? check_dollar(s, kind, &size) : check_character(s, kind, &size);
		if (why)
			return why;
	}
	return NULL;
}

/* How the byte is written in quotes; NULL: as it is. */
static const char *escaped(char c)
{
	static const char from[] = "\"\\\t\r\n";
	static const char *const to[] = { "\\\"", "\\\\", "\\t", "\\r", "\\n" };
	const char *found = c ? strchr(from, c) : NULL;

	return found ? to[found - from] : NULL;
}

/* Bytes of the parameter, in quotes. */
static size_t written_size(const char *s)
{
	size_t size = 2;

	for (; *s; s++) {
		bool dollars = s[0] == '$' && s[1] == '$';

		size += dollars ? strlen(DOLLAR) : escaped(*s) ? 2 : 1;
		s += dollars;
	}
	return size;
}

static const char *check_text(const char *s, enum text_kind kind)
{
	if (kind == TEXT_PLAIN && strnlen(s, PLAIN_SIZE + 1) > PLAIN_SIZE)
		return "is longer than 2048 bytes";
	if (kind != TEXT_PLAIN && written_size(s) > PARAMETER_SIZE)
		return "is longer than 4096 bytes in nginx's text, the most that nginx reads";
	return check_bytes(s, kind);
}

bool emit_text_is_valid(const char *s, enum text_kind kind, const char **why)
{
	const char *found = check_text(s, kind);

	if (found && why)
		*why = found;
	return !found;
}

const char *emit_next_variable(const char *s, size_t *size)
{
	while (s && (s = strchr(s, '$'))) {
		s += 1 + (s[1] == '{');
		*size = strspn(s, name_bytes);
		if (*size)
			return s;
		s += *s == '$';
	}
	return NULL;
}

bool emit_uses_dollar(const char *s)
{
	while (s && (s = strchr(s, '$'))) {
		if (s[1] == '$')
			return true;
		s++;
	}
	return false;
}

/* --- times and sizes ------------------------------------------------------------------------- */

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

/* *total: in milliseconds. */
static bool parse_time(const char *s, bool seconds, uint64_t *total)
{
	uint64_t value;
	int last = -1, unit;

	*total = 0;
	do {
		if (!take_number(&s, &value))
			return false;
		unit = *s ? find_unit(s) : 6;
		if (unit <= last || (seconds && unit == 7))
			return false;
		last = *s ? unit : 7;
		s += *s ? strlen(units[unit].name) : 0;
		*total += value * units[unit].msec;
		if (*total > UINT64_C(1000) * INT32_MAX)
			return false;
	} while (*s);
	return true;
}

bool emit_time_is_valid(const char *s)
{
	uint64_t total;

	return parse_time(s, false, &total);
}

bool emit_seconds_is_valid(const char *s)
{
	uint64_t total;

	return parse_time(s, true, &total);
}

bool emit_seconds_parse(const char *s, uint64_t *seconds)
{
	bool valid = parse_time(s, true, seconds);

	*seconds /= 1000;
	return valid;
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

/* --- what is written ------------------------------------------------------------------------- */

/* dollar: what a literal one is written as. */
static void write_parameter(struct buf *out, const char *s, const char *dollar)
{
	bool quote = !*s || strpbrk(s, " ;{}\"'\\#\t\r\n");

	if (quote)
		buf_putc(out, '"');
	for (; *s; s++) {
		const char *instead = escaped(*s);

		if (s[0] == '$' && s[1] == '$') {
			instead = dollar;
			s++;
		}
		if (instead)
			buf_puts(out, instead);
		else
			buf_putc(out, *s);
	}
	if (quote)
		buf_putc(out, '"');
}

static void require(const char *s, enum text_kind kind)
{
	const char *why = check_text(s, kind);

	if (why)
		die("a value on its way to nginx %s: decode should have refused it", why);
}

void emit_value(struct buf *out, const char *s)
{
	require(s, TEXT_CAPTURES);
	write_parameter(out, s, DOLLAR);
}

void emit_literal(struct buf *out, const char *s)
{
	require(s, TEXT_LITERAL);
	write_parameter(out, s, "$");
}

bool emit_regex_is_valid(const char *s, const char **why)
{
	const char *found = written_size(s) > PARAMETER_SIZE
				    ? "is longer than 4096 bytes in nginx's text"
				    : NULL;
	size_t size;

	for (; *s && !found; s += size)
		found = check_character(s, TEXT_LITERAL, &size);
	if (found && why)
		*why = found;
	return !found;
}

void emit_regex(struct buf *out, const char *s)
{
	const char *why = NULL;

	if (!emit_regex_is_valid(s, &why))
		die("a regular expression on its way to nginx %s: decode should have refused it",
		    why);
	write_parameter(out, s, "$$");
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
