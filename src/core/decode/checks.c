/*
 * What a string may be, for each kind of field. Each check ends in the emitter's own predicate or
 * in a list of words, so nothing reaches the model that the emitter would refuse.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/text/address.h"
#include "core/text/emit.h"
#include "core/text/network.h"
#include "core/text/regex_text.h"
#include "core/text/utf8.h"

#define REGEX_SIZE 1900 /* nginx's buffer holds it with every byte escaped, and a prefix */

static const char digits[] = "0123456789";

const char *check_time(const struct reader *r UNUSED, const char *s)
{
	return emit_time_is_valid(s) ? NULL : "is not a time such as \"10s\", \"250ms\" or \"1h\"";
}

const char *check_seconds(const struct reader *r UNUSED, const char *s)
{
	return emit_seconds_is_valid(s)
		       ? NULL
		       : "is not a time in whole seconds such as \"10s\" or \"1h\"";
}

const char *check_size(const struct reader *r UNUSED, const char *s)
{
	return emit_size_is_valid(s) ? NULL : "is not a size such as \"64k\" or \"10m\"";
}

/* nginx takes no `g` here, wants eight pages, and maps the whole at once. */
const char *check_zone_size(const struct reader *r UNUSED, const char *s)
{
	uint64_t bytes;

	if (emit_size_parse(s, &bytes) && !strpbrk(s, "gG") && bytes >= (32 << 10) &&
	    bytes <= (256 << 20))
		return NULL;
	return "is not a size from \"32k\" to \"256m\"";
}

const char *check_upstream_zone(const struct reader *r, const char *s)
{
	return strcmp(s, "off") == 0 || !check_zone_size(r, s)
		       ? NULL
		       : "is not \"off\" or a size from \"32k\" to \"256m\"";
}

const char *check_name(const struct reader *r UNUSED, const char *s)
{
	return name_is_valid(s) ? NULL
				: "is not a name (a-z, 0-9, and after the first byte also "
				  "_ . -; at most 63 bytes)";
}

const char *check_upstream(const struct reader *r UNUSED, const char *s)
{
	return upstream_name_is_valid(s) ? NULL
					 : "is not the name of an upstream (a-z, A-Z, 0-9, and "
					   "after the first byte also _ . -; at most 63 bytes)";
}

const char *check_path(const struct reader *r, const char *s)
{
	const char *why = NULL;

	if (!emit_text_is_valid(s, TEXT_PLAIN, &why))
		return why;
	return policy_allows_path(r->policy, s) ? NULL
						: "is not an absolute path below one of "
						  "snippets.roots or snippets.certificates "
						  "(without \"..\")";
}

const char *check_root(const struct reader *r, const char *s)
{
	const char *why = NULL;

	if (!emit_text_is_valid(s, TEXT_PLAIN, &why))
		return why;
	return policy_may_serve(r->policy, s) ? NULL
					      : "is not an absolute path below one of "
						"snippets.roots (without \"..\"), or holds "
						"certificates (snippets.certificates)";
}

const char *check_own_root(const struct reader *r, const char *s)
{
	return policy_may_write(r->policy, s) ? NULL : check_root(r, s);
}

static const char *check_kind(const char *s, enum text_kind kind)
{
	const char *why = NULL;

	return emit_text_is_valid(s, kind, &why) ? NULL : why;
}

const char *check_body(const struct reader *r UNUSED, const char *s)
{
	return check_kind(s, TEXT_LINES);
}

const char *check_value(const struct reader *r UNUSED, const char *s)
{
	return check_kind(s, TEXT_LINE);
}

const char *check_line(const struct reader *r, const char *s)
{
	return *s ? check_value(r, s) : "must not be empty";
}

const char *check_counted(const struct reader *r UNUSED, const char *s)
{
	return *s ? check_kind(s, TEXT_LINES) : "must not be empty";
}

const char *check_target(const struct reader *r, const char *s)
{
	static const char *const begins[] = { "/", "http://", "https://", "$scheme://" };
	const char *why = check_value(r, s);

	for (size_t i = 0; !why && i < ARRAY_SIZE(begins); i++) {
		if (strncmp(s, begins[i], strlen(begins[i])) == 0)
			return NULL;
	}
	return why ? why : "does not begin with / or http:// or https://";
}

const char *check_expires(const struct reader *r UNUSED, const char *s)
{
	if (strcmp(s, "off") == 0 || strcmp(s, "max") == 0 || strcmp(s, "epoch") == 0 ||
	    emit_seconds_is_valid(s + (*s == '-')))
		return NULL;
	return "is not a time such as \"30d\" or \"-1\", nor \"off\", \"max\" or \"epoch\"";
}

/* The next word of a list with single blanks between, as a copy in out; false at the end. */
static bool next_word(const char **s, char out[static 32])
{
	size_t size = strcspn(*s, " ");

	if (!**s)
		return false;
	snprintf(out, 32, "%.*s", size < 32 ? (int)size : 0, *s);
	*s += size;
	if (**s && (*s)[1] && (*s)[1] != ' ')
		(*s)++;
	else if (**s)
		out[0] = '\0'; /* two blanks: an empty word, which is in no list */
	if (!out[0])
		*s += strlen(*s);
	return true;
}

static bool is_status(const char *s)
{
	return strspn(s, digits) == 3 && !s[3] && s[0] >= '1' && s[0] <= '5';
}

const char *check_cache_valid(const struct reader *r UNUSED, const char *s)
{
	static const char wrong[] = "is not a list of status codes (or \"any\") followed by "
				    "a time, such as \"200 302 10m\"";
	char word[32];

	while (next_word(&s, word)) {
		if (!*s)
			return emit_seconds_is_valid(word) ? NULL : wrong;
		if (!is_status(word) && strcmp(word, "any") != 0)
			return wrong;
	}
	return wrong;
}

const char *check_rate(const struct reader *r UNUSED, const char *s)
{
	size_t size = strspn(s, digits);

	if (size >= 1 && size <= 6 && s[0] != '0' &&
	    (strcmp(s + size, "r/s") == 0 || strcmp(s + size, "r/m") == 0))
		return NULL;
	return "is not a rate such as \"50r/s\" or \"30r/m\"";
}

const char *check_retry(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = {
		"error",    "timeout",  "invalid_header", "http_500", "http_502",       "http_503",
		"http_504", "http_403", "http_404",       "http_429", "non_idempotent", "off",
	};
	unsigned seen = 0, count = 0;
	char word[32];

	for (; next_word(&s, word); count++) {
		unsigned i = 0;

		while (i < ARRAY_SIZE(words) && strcmp(words[i], word) != 0)
			i++;
		if (i == ARRAY_SIZE(words))
			return "has a word that is not error, timeout, invalid_header, http_500, "
			       "_502, _503, _504, _403, _404, _429, non_idempotent or off";
		if (seen & 1U << i)
			return "has a word twice";
		seen |= 1U << i;
	}
	if (!count)
		return "must not be empty";
	return count > 1 && (seen & 1U << 11) ? "must be \"off\" alone" : NULL;
}

const char *check_log(const struct reader *r, const char *s)
{
	return check_name(r, s) ? "is neither \"off\" nor a name (a-z, 0-9, _ . -)" : NULL;
}

const char *check_regex(const struct reader *r UNUSED, const char *s)
{
	const char *why = NULL;

	if (strlen(s) > REGEX_SIZE)
		return "is a regular expression of more than 1900 bytes";
	return emit_regex_is_valid(s, &why) ? regex_text_error(s) : why;
}

const char *check_server_name(const struct reader *r, const char *s)
{
	size_t size = strlen(s);

	if (s[0] == '~')
		return check_regex(r, s + 1);
	if (size && size <= 253) {
		if (s[0] == '.' && host_name_is_valid(s + 1, size - 1))
			return NULL;
		if (strcmp(s, "_") == 0 || host_name_is_valid(s, size))
			return NULL;
		if (strncmp(s, "*.", 2) == 0 && host_name_is_valid(s + 2, size - 2))
			return NULL;
		if (size > 2 && strcmp(s + size - 2, ".*") == 0 && host_name_is_valid(s, size - 2))
			return NULL;
	}
	return "is not a host name, \".name\", \"*.name\", \"name.*\", \"_\" or \"~\" and a "
	       "regular expression";
}

static const char *check_named_path(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";

	return s[1] && !s[1 + strspn(s + 1, letters)] && strlen(s) < 64
		       ? NULL
		       : "is not \"@\" and a name of letters, digits, _ and -";
}

const char *check_location_path(const struct reader *r, const char *s)
{
	if (strncmp(s, "~ ", 2) == 0)
		return check_regex(r, s + 2);
	if (strncmp(s, "~* ", 3) == 0)
		return check_regex(r, s + 3);
	if (*s == '@')
		return check_named_path(s);
	if (strncmp(s, "= ", 2) == 0)
		s += 2;
	else if (strncmp(s, "^~ ", 3) == 0)
		s += 3;
	if (*s != '/')
		return "does not begin with \"/\", \"= /\", \"^~ /\", \"~ \", \"~* \" or \"@\"";
	return check_kind(s, TEXT_LITERAL);
}

const char *check_uri(const struct reader *r UNUSED, const char *s)
{
	return *s == '/' ? check_kind(s, TEXT_LINES) : "does not begin with /";
}

const char *check_literal_uri(const struct reader *r UNUSED, const char *s)
{
	return *s == '/' ? check_kind(s, TEXT_PLAIN) : "does not begin with /";
}

const char *check_uri_or_off(const struct reader *r, const char *s)
{
	return strcmp(s, "off") == 0 ? NULL : check_literal_uri(r, s);
}

/* A file of a directory: no slash in front, so that it stays in it. */
const char *check_file_name(const struct reader *r UNUSED, const char *s)
{
	if (!*s || *s == '/' || strstr(s, ".."))
		return "is not the name of a file, such as \"index.html\"";
	return check_kind(s, TEXT_PLAIN);
}

const char *check_try(const struct reader *r UNUSED, const char *s)
{
	if (*s == '@')
		return check_named_path(s);
	if (*s == '=')
		return is_status(s + 1) ? NULL : "is not \"=\" and a status, such as \"=404\"";
	if (*s != '/' && *s != '$')
		return "does not begin with /, $, @ or =";
	return check_kind(s, TEXT_LINES);
}

const char *check_network(const struct reader *r UNUSED, const char *s)
{
	struct network n;

	if (strcmp(s, "all") == 0)
		return NULL;
	return network_parse(s, &n);
}

const char *check_replacement(const struct reader *r UNUSED, const char *s)
{
	static const char *const begins[] = { "/", "$", "http://", "https://" };
	const char *why = check_kind(s, TEXT_CAPTURES);

	for (size_t i = 0; !why && i < ARRAY_SIZE(begins); i++) {
		if (strncmp(s, begins[i], strlen(begins[i])) == 0)
			return strpbrk(s, "\r\n\t ") ? "has a blank in it" : NULL;
	}
	return why ? why : "does not begin with /, $, http:// or https://";
}

const char *check_host(const struct reader *r UNUSED, const char *s)
{
	return host_name_is_valid(s, strlen(s)) ? NULL : "is not a host name";
}

/* Only nginx may set the length of a request: with another one, a request could be read as two. */
const char *check_header_name(const struct reader *r UNUSED, const char *s)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789!%&*+-.^_|~";
	size_t size = strspn(s, token);

	if (!size || size > 128 || s[size])
		return "is not a header's name";
	if (strcasecmp(s, "Content-Length") == 0 || strcasecmp(s, "Transfer-Encoding") == 0)
		return "is a header that only nginx itself may set";
	return NULL;
}

const char *text_error(const char *data, size_t size)
{
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		return "begins with a byte order mark";
	return utf8_is_valid(data, size) ? NULL : "is not valid UTF-8";
}
