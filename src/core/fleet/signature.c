/* What is compared is always the whole revision and the whole key; ids only choose the key. */
#include <string.h>

#include "core/text/base64.h"
#include "signature.h"

#define KIND "ed25519"
#define PREFIX "zknginx-config-signature-1\n"
#define NAME_MOST 128

static const char *const result_names[] = {
#define X(name, text) [SIGNATURE_##name] = text,
	SIGNATURE_RESULTS(X)
#undef X
};

const char *signature_result_name(enum signature_result r)
{
	return result_names[r];
}

/* --- keys ------------------------------------------------------------------------------------ */

struct signing_key signing_key_of(const struct ed25519_key *key, const char *name)
{
	struct signing_key k = { .key = *key, .name = name };
	struct digest digest = digest_of(key->bytes, sizeof(key->bytes));
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&digest, hex);
	memcpy(k.id, hex, sizeof(k.id) - 1);
	k.id[sizeof(k.id) - 1] = '\0';
	return k;
}

/* The next word of a line; "" at its end. */
static char *next_word(char **rest)
{
	char *word;

	*rest += strspn(*rest, " \t");
	word = *rest;
	*rest += strcspn(*rest, " \t");
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

static bool is_name(const char *s)
{
	if (strlen(s) > NAME_MOST)
		return false;
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 127)
			return false;
	}
	return true;
}

bool signing_key_parse(struct arena *a, const char *line, struct signing_key *out, const char **why)
{
	char *rest = arena_strdup(a, line);
	const char *kind = next_word(&rest), *text = next_word(&rest);
	const char *name = rest + strspn(rest, " \t");
	struct ed25519_key key = { 0 };

	*why = "expected \"ed25519 BASE64 [NAME]\", as \"zknginxctl keygen\" prints it, or the "
	       "absolute path of a file of such lines";
	if (strcmp(kind, KIND) != 0 || !base64_parse(text, key.bytes, sizeof(key.bytes)) ||
	    !is_name(name))
		return false;
	*out = signing_key_of(&key, name);
	if (!*name)
		out->name = arena_strdup(a, out->id);
	return true;
}

void signing_key_print(const struct signing_key *k, struct buf *out)
{
	buf_puts(out, KIND " ");
	base64_print(k->key.bytes, sizeof(k->key.bytes), out);
	buf_printf(out, " %s", k->name);
}

struct signing_keys signing_keys_parse(struct arena *a, const char *const *lines)
{
	size_t room = 0, count = 0;
	struct signing_key *items;
	const char *why;

	while (lines && lines[room])
		room++;
	items = arena_array(a, struct signing_key, room);
	for (size_t i = 0; i < room; i++)
		count += signing_key_parse(a, lines[i], &items[count], &why);
	return (struct signing_keys){ items, count };
}

const struct signing_key *signing_keys_find(const struct signing_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->items[i].id, id) == 0)
			return &keys->items[i];
	}
	return NULL;
}

/* --- the text -------------------------------------------------------------------------------- */

static void put_line(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "%s %zu:%s\n", name, strlen(text), text);
}

void signature_text(const struct signature_scope *scope, const struct config_note *n,
		    struct buf *out)
{
	CLEANUP(buf_fini) struct buf serial = BUF_INIT;

	buf_printf(&serial, "%lu", n->serial);
	buf_puts(out, PREFIX);
	put_line(out, "fleet", scope->fleet);
	put_line(out, "config", scope->config);
	put_line(out, "revision", n->revision);
	put_line(out, "serial", buf_str(&serial));
	put_line(out, "time", n->time);
	put_line(out, "by", n->by);
	put_line(out, "note", n->note);
}

void signature_print(const struct signing_key *k, const struct ed25519_signature *s,
		     struct buf *out)
{
	buf_printf(out, KIND " %s ", k->id);
	base64_print(s->bytes, sizeof(s->bytes), out);
}

/* --- the verdict ----------------------------------------------------------------------------- */

struct parsed {
	char id[SIGNING_KEY_ID_SIZE];
	struct ed25519_signature signature;
};

static bool parse(const char *text, struct parsed *out)
{
	const size_t head = strlen(KIND " "), digits = sizeof(out->id) - 1;

	if (strncmp(text, KIND " ", head) != 0 || strlen(text) < head + digits + 1 ||
	    text[head + digits] != ' ')
		return false;
	memcpy(out->id, text + head, digits);
	out->id[digits] = '\0';
	return strspn(out->id, "0123456789abcdef") == digits &&
	       base64_parse(text + head + digits + 1, out->signature.bytes,
			    sizeof(out->signature.bytes));
}

static bool is_signed(const struct signature_question *q, const struct signing_key *k,
		      const struct ed25519_signature *s)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	signature_text(q->scope, q->note, &text);
	return ed25519_verify(&k->key, s, buf_str(&text), text.size);
}

/* What was applied already may be applied again, whatever was signed since. */
static bool is_old(const struct signature_question *q)
{
	const struct signature_floor *f = q->floor;

	return f && f->serial && strcmp(q->revision, f->revision) != 0 &&
	       q->note->serial <= f->serial;
}

static enum signature_result check(const struct signature_question *q, const struct parsed *p,
				   const struct signing_key *k)
{
	struct digest ignored;

	if (!k)
		return SIGNATURE_UNKNOWN_KEY;
	if (!q->note->serial || !digest_parse(q->note->revision, &ignored) ||
	    !is_signed(q, k, &p->signature))
		return SIGNATURE_INVALID;
	if (strcmp(q->note->revision, q->revision) != 0)
		return SIGNATURE_CHANGED;
	return is_old(q) ? SIGNATURE_OLD : SIGNATURE_GOOD;
}

struct signature_verdict signature_check(const struct signature_question *q)
{
	struct signature_verdict v = { .serial = q->note->serial,
				       .key = "",
				       .least = q->floor ? q->floor->serial : 0,
				       .for_digits = q->note->revision };
	const struct signing_key *k;
	struct parsed p;

	if (!*q->note->signature) {
		v.result = SIGNATURE_UNSIGNED;
		return v;
	}
	if (!parse(q->note->signature, &p)) {
		v.result = SIGNATURE_MALFORMED;
		return v;
	}
	k = signing_keys_find(q->keys, p.id);
	v.key = k ? k->name : "";
	memcpy(v.id, p.id, sizeof(v.id));
	v.result = check(q, &p, k);
	return v;
}

const char *signature_explain(struct arena *a, const struct signature_verdict *v)
{
	switch (v->result) {
	case SIGNATURE_GOOD:
		return "its signature is good";
	case SIGNATURE_UNSIGNED:
		return "it has no signature";
	case SIGNATURE_MALFORMED:
		return "its signature cannot be read: expected \"ed25519 KEYID BASE64\"";
	case SIGNATURE_UNKNOWN_KEY:
		return arena_printf(a, "it is signed with the key %s, which is not in trust.keys",
				    v->id);
	case SIGNATURE_INVALID:
		return arena_printf(a,
				    "its signature is not one of the key \"%s\" for this fleet, "
				    "serial, time and author",
				    v->key);
	case SIGNATURE_CHANGED:
		return arena_printf(a,
				    "it was changed after it was signed: the signature is for "
				    "revision %.12s",
				    v->for_digits);
	default:
		return arena_printf(a,
				    "its serial %lu is too low: this host has applied serial %lu, "
				    "so another revision needs a higher one",
				    v->serial, v->least);
	}
}
