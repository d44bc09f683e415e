/* Checks of texts that are words of a list, or lists of words. */
#include <string.h>

#include "checks.h"
#include "kinds.h"

static bool is_word_list(const char *s, const char *more)
{
	size_t size = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	while (s[size] && strchr(more, s[size]))
		size += 1 + strspn(s + size + 1,
				   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789");
	return *s && !s[size] && size < 2000;
}

const char *check_ciphers(const struct reader *r UNUSED, const char *s)
{
	return is_word_list(s, ":!+-@=_,") ? NULL
					   : "is not a list of ciphers of OpenSSL, such as "
					     "\"ECDHE+AESGCM:!aNULL\"";
}

const char *check_curves(const struct reader *r UNUSED, const char *s)
{
	return is_word_list(s, ":-_") ? NULL : "is not a list such as \"X25519:prime256v1\"";
}

/* Is s one of the words, which end with NULL? */
static bool is_one_of(const char *s, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(s, *words) == 0)
			return true;
	}
	return false;
}

const char *check_tls_protocol(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL };

	return is_one_of(s, words) ? NULL : "is not TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3";
}

const char *check_tls_verify(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "on", "off", "optional", "optional_no_ca", NULL };

	return is_one_of(s, words) ? NULL : "is not on, off, optional or optional_no_ca";
}

/* nginx knows these statuses as failures of HTTP servers only. */
static bool is_of_http(const char *s)
{
	return strcmp(s, "http_502") == 0 || strcmp(s, "http_504") == 0;
}

const char *check_stale(const struct reader *r, const char *s)
{
	static const char *const words[] = { "error",    "timeout",  "invalid_header", "updating",
					     "http_500", "http_502", "http_503",       "http_504",
					     "http_403", "http_404", "http_429",       "off",
					     NULL };

	if (is_of_http(s) && (r->kinds & (ONLY_FASTCGI | ONLY_UWSGI)))
		return "is not possible with fastcgi and uwsgi";
	return is_one_of(s, words) ? NULL
				   : "is not error, timeout, invalid_header, updating, http_500, "
				     "_502, _503, _504, _403, _404, _429 or off";
}

const char *check_cached_method(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "GET", "HEAD", "POST", NULL };

	return is_one_of(s, words) ? NULL : "is not GET, HEAD or POST";
}

const char *check_ignored_header(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "X-Accel-Redirect",
					     "X-Accel-Expires",
					     "X-Accel-Limit-Rate",
					     "X-Accel-Buffering",
					     "X-Accel-Charset",
					     "Expires",
					     "Cache-Control",
					     "Set-Cookie",
					     "Vary",
					     NULL };

	return is_one_of(s, words) ? NULL
				   : "is not X-Accel-Redirect, -Expires, -Limit-Rate, -Buffering, "
				     "-Charset, Expires, Cache-Control, Set-Cookie or Vary";
}

const char *check_satisfy(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "any", "all", NULL };

	return is_one_of(s, words) ? NULL : "is neither any nor all";
}

const char *check_rewrite_flag(const struct reader *r UNUSED, const char *s)
{
	static const char *const words[] = { "last", "break", "redirect", "permanent", NULL };

	return is_one_of(s, words) ? NULL : "is not last, break, redirect or permanent";
}
