/*
 * Which URIs a template can make, place by place.
 *
 * The worlds are the steps of one proof. In a plain world a template must neither climb nor end in
 * ".."; in an odd one it must not climb. What it does in the other two matters only where something
 * else in the server lets ".." into its URIs.
 */
#include <stdio.h>
#include <string.h>

#include <zknginx/macros.h>

#include "policy_capture.h"
#include "policy_uri.h"

#define OUT_BIT PLACE_BIT(PLACE_OUT)

static const char word_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

const struct uri_world uri_plain = { 0 };
const struct uri_world uri_odd = { .odd = true };
const struct uri_world uri_trailing = { .trailing = true, .odd = true };
const struct uri_world uri_parent = { .parents = 1, .trailing = true, .odd = true };

/* --- variables ------------------------------------------------------------------------------- */

/* A template that is being followed. */
struct walk {
	const struct uri_template *template;
	const struct uri_world *world;
	unsigned places; /* at the byte at hand */
	unsigned ends;   /* where a '?' in a value may have ended the path */
};

static bool values_split(const struct walk *w)
{
	return w->template->splits && w->world->odd;
}

/* $uri is a whole URI. If it has a '?' that splits it, the path is what is before that. */
static void follow_uri(struct walk *w)
{
	struct regex whole;

	if (values_split(w)) {
		regex_read(&whole, "\\A([^?]*)\\?");
		w->ends |= capture_places(&whole, 1, w->places, w->world);
	}
	regex_read(&whole, "\\A(.*)\\z");
	w->places = capture_places(&whole, 1, w->places, w->world) & ~PLACE_BIT(PLACE_START);
}

/*
 * $host has no slash and is never "." or "..": nginx refuses a Host header with two consecutive
 * dots, and without a Host header $host is the server_name, which this policy checks. It may be
 * empty.
 */
static void follow_host(struct walk *w)
{
	unsigned dotted = places_step(w->places, LETTER_DOT, w->world);
	unsigned word = places_step(w->places, LETTER_OTHER, w->world);

	w->places |= places_step(dotted, LETTER_OTHER, w->world) | word;
	if (values_split(w))
		w->ends |= w->places | dotted;
}

static void follow_scheme(struct walk *w)
{
	w->places = places_step(w->places, LETTER_OTHER, w->world);
}

static const struct {
	const char *name;
	void (*follow)(struct walk *w);
} variables[] = {
	{ "uri", follow_uri },
	{ "document_uri", follow_uri },
	{ "fastcgi_script_name", follow_uri }, /* see uri_rule_split() and fastcgi_index */
	{ "host", follow_host },
	{ "scheme", follow_scheme },
};

/*
 * Other variables may have any value: a client, or a map that depends on the client, may set them.
 */
static void follow_variable(struct walk *w, const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		if (strlen(variables[i].name) == size &&
		    memcmp(variables[i].name, name, size) == 0) {
			variables[i].follow(w);
			return;
		}
	}
	w->places = OUT_BIT;
}

static void follow_capture(struct walk *w, unsigned group)
{
	const struct regex *r = w->template->regex;

	w->places =
		r && group <= r->groups ? capture_places(r, group, w->places, w->world) : OUT_BIT;
}

/* Follows the variable or capture that begins at s; returns its length. */
static size_t follow_dollar(struct walk *w, const char *s)
{
	size_t size = strspn(s + 1, word_bytes);

	if (s[1] >= '1' && s[1] <= '9') {
		follow_capture(w, (unsigned)(s[1] - '0'));
		return 2;
	}
	follow_variable(w, s + 1, size);
	return 1 + size;
}

/* --- templates ------------------------------------------------------------------------------- */

static size_t follow_piece(struct walk *w, const char *s)
{
	if (*s == '$')
		return follow_dollar(w, s);
	w->places = places_step(w->places, letter_of(*s), w->world);
	return 1;
}

/*
 * Where a '?' in a value ends the path: "$is_args$args" is nothing, or begins with one. The text
 * ends there, because both may be empty.
 */
static bool is_query(const struct uri_template *t, const char *s)
{
	return t->splits && (strcmp(s, "$is_args$args") == 0 ||
			     strcmp(s, "$is_args$query_string") == 0 || strcmp(s, "$is_args") == 0);
}

static bool ends_path(const struct uri_template *t, const char *s)
{
	return !*s || (t->has_args && *s == '?') || is_query(t, s);
}

static void blame(const char *piece, struct uri_error *out)
{
	size_t size = 1 + strspn(piece + (*piece == '$'), word_bytes);

	if (*piece == '$' && piece[1] >= '1' && piece[1] <= '9')
		size = 2;
	if (*piece == '$')
		snprintf(out->piece, sizeof(out->piece), "%.*s", (int)size, piece);
}

void uri_examine(const struct uri_template *t, const struct uri_world *world, struct uri_error *out)
{
	struct walk w = { .template = t, .world = world, .places = PLACE_BIT(PLACE_START) };
	const char *last = "";
	size_t size = 0;

	*out = (struct uri_error){ 0 };
	for (const char *s = t->text; !ends_path(t, s); s += size) {
		bool begins = w.places & PLACE_BIT(PLACE_START);

		size = follow_piece(&w, s);
		out->relative = begins && (w.places & OUT_BIT);
		if (*s == '$')
			last = s;
		if (w.places & OUT_BIT)
			break;
	}
	out->climbs = (w.places | w.ends) & (OUT_BIT | PLACE_BIT(PLACE_DOTS + PLACE_PARENT));
	out->trailing = (w.places | w.ends) & PLACES_DOTS;
	if (out->climbs || out->trailing)
		blame(last, out);
}
