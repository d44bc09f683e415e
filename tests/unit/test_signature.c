/* signature: which keys are trusted, what is signed, and what is not taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/fleet/signature.h"
#include "core/text/base64.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct signature_scope shop = { .fleet = "shop", .config = "/nginx/config" };

/* --- a signer -------------------------------------------------------------------------------- */

static struct ed25519_key public_of(EVP_PKEY *key)
{
	struct ed25519_key k;
	size_t size = sizeof(k.bytes);

	assert_int_equal(EVP_PKEY_get_raw_public_key(key, k.bytes, &size), 1);
	return k;
}

static EVP_PKEY *private_key(unsigned char seed)
{
	unsigned char bytes[32];
	EVP_PKEY *key;

	memset(bytes, seed, sizeof(bytes));
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof(bytes));
	assert_non_null(key);
	return key;
}

static const char *sign(struct arena *a, unsigned char seed, const struct signature_scope *scope,
			const struct config_note *n)
{
	EVP_PKEY *key = private_key(seed);
	struct ed25519_key public = public_of(key);
	struct signing_key k = signing_key_of(&public, "key");
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	EVP_MD_CTX *evp = EVP_MD_CTX_new();
	struct ed25519_signature s;
	size_t size = sizeof(s.bytes);

	signature_text(scope, n, &text);
	assert_int_equal(EVP_DigestSignInit(evp, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(evp, s.bytes, &size, (const unsigned char *)buf_str(&text),
					text.size),
			 1);
	EVP_MD_CTX_free(evp);
	EVP_PKEY_free(key);
	signature_print(&k, &s, &out);
	return arena_strdup(a, buf_str(&out));
}

/* Key 1 is "alice", key 2 is "bob"; key 3 is not trusted. */
static struct signing_keys trusted(struct arena *a)
{
	static const char *const names[] = { "alice", "bob" };
	struct signing_key *items = arena_array(a, struct signing_key, 2);

	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY *key = private_key((unsigned char)(i + 1));
		struct ed25519_key public = public_of(key);

		items[i] = signing_key_of(&public, names[i]);
		EVP_PKEY_free(key);
	}
	return (struct signing_keys){ items, 2 };
}

static struct config_note note_of(unsigned long serial)
{
	struct config_note n = config_note_empty();

	n.by = "alice";
	n.note = "why";
	n.revision = A;
	n.serial = serial;
	n.time = "2026-11-28T12:00:00Z";
	return n;
}

static struct signature_verdict check(struct arena *a, const struct config_note *n,
				      const char *revision, const struct signature_floor *floor)
{
	struct signing_keys keys = trusted(a);

	return signature_check(&(struct signature_question){
		.keys = &keys, .scope = &shop, .note = n, .revision = revision, .floor = floor });
}

static void expect(struct arena *a, const struct config_note *n, enum signature_result result)
{
	assert_int_equal(check(a, n, A, NULL).result, result);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void a_config_signed_by_a_trusted_key_is_good(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = note_of(7);
	struct signature_verdict v;

	n.signature = sign(a, 2, &shop, &n);
	v = check(a, &n, A, NULL);
	assert_int_equal(v.result, SIGNATURE_GOOD);
	assert_string_equal(v.key, "bob");
	assert_int_equal(v.serial, 7);
}

static void the_signed_text_is_what_the_manual_says(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct config_note n = note_of(7);

	n.note = "two\nlines";
	signature_text(&shop, &n, &text);
	assert_string_equal(buf_str(&text), "zknginx-config-signature-1\n"
					    "fleet 4:shop\n"
					    "config 13:/nginx/config\n"
					    "revision 64:" A "\n"
					    "serial 1:7\n"
					    "time 20:2026-11-28T12:00:00Z\n"
					    "by 5:alice\n"
					    "note 9:two\nlines\n");
}

static void everything_in_the_note_is_covered(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = note_of(7), x;

	n.signature = sign(a, 1, &shop, &n);
	x = n;
	x.serial = 8;
	expect(a, &x, SIGNATURE_INVALID);
	x = n;
	x.by = "mallory";
	expect(a, &x, SIGNATURE_INVALID);
	x = n;
	x.note = "";
	expect(a, &x, SIGNATURE_INVALID);
	x = n;
	x.time = "2026-11-28T12:00:01Z";
	expect(a, &x, SIGNATURE_INVALID);
	x = n;
	x.revision = B;
	expect(a, &x, SIGNATURE_INVALID);
	x = n;
	x.serial = 0;
	expect(a, &x, SIGNATURE_INVALID);
}

static void a_signature_of_another_fleet_or_path_is_none(void **state UNUSED)
{
	static const struct signature_scope others[] = { { "", "/nginx/config" },
							 { "stage", "/nginx/config" },
							 { "shop", "/nginx/other" } };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		struct config_note n = note_of(7);

		n.signature = sign(a, 1, &others[i], &n);
		expect(a, &n, SIGNATURE_INVALID);
	}
}

static void a_config_that_changed_after_the_signing_is_refused(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = note_of(7);

	n.signature = sign(a, 1, &shop, &n);
	assert_int_equal(check(a, &n, B, NULL).result, SIGNATURE_CHANGED);
}

static void a_key_that_is_not_trusted_is_named_by_its_id(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = note_of(7);
	struct signature_verdict v;

	n.signature = sign(a, 3, &shop, &n);
	v = check(a, &n, A, NULL);
	assert_int_equal(v.result, SIGNATURE_UNKNOWN_KEY);
	assert_int_equal(strlen(v.id), 16);
	assert_non_null(strstr(signature_explain(a, &v), v.id));
}

/* The id in a signature only chooses the key. */
static void the_id_of_a_trusted_key_helps_nobody(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct signing_keys keys = trusted(a);
	struct config_note n = note_of(7);
	char *forged = arena_strdup(a, sign(a, 3, &shop, &n));

	memcpy(forged + strlen("ed25519 "), keys.items[0].id, 16);
	n.signature = forged;
	expect(a, &n, SIGNATURE_INVALID);
}

static void what_is_no_signature_is_refused(void **state UNUSED)
{
	static const char *const texts[] = {
		"x",
		"ed25519",
		"ed25519 ",
		"ed25519 0123456789abcdef",
		"ed25519 0123456789abcdef ",
		"ed25519 0123456789abcdef AAAA",
		"ed25519 0123456789ABCDEF AAAA",
		"rsa 0123456789abcdef AAAA",
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = note_of(7);

	expect(a, (n.signature = "", &n), SIGNATURE_UNSIGNED);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		n.signature = texts[i];
		expect(a, &n, SIGNATURE_MALFORMED);
	}
}

static void another_revision_needs_a_higher_serial(void **state UNUSED)
{
	static const struct {
		unsigned long last;
		const char *of;
		enum signature_result result;
	} cases[] = {
		{ 0, B, SIGNATURE_GOOD }, { 6, B, SIGNATURE_GOOD }, { 7, B, SIGNATURE_OLD },
		{ 8, B, SIGNATURE_OLD },  { 6, A, SIGNATURE_GOOD }, { 7, A, SIGNATURE_GOOD },
		{ 8, A, SIGNATURE_GOOD }, /* it is what was applied last */
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = note_of(7);

	n.signature = sign(a, 1, &shop, &n);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct signature_floor floor = { .serial = cases[i].last };

		memcpy(floor.revision, cases[i].of, sizeof(floor.revision));
		assert_int_equal(check(a, &n, A, &floor).result, cases[i].result);
	}
}

static void a_key_is_read_as_it_is_printed(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct signing_keys keys = trusted(a);
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	struct signing_key again;
	const char *why;

	signing_key_print(&keys.items[0], &line);
	assert_true(signing_key_parse(a, buf_str(&line), &again, &why));
	assert_string_equal(again.name, "alice");
	assert_string_equal(again.id, keys.items[0].id);
	assert_memory_equal(again.key.bytes, keys.items[0].key.bytes, ED25519_KEY_SIZE);
}

static void what_is_no_key_is_refused(void **state UNUSED)
{
	static const char *const lines[] = {
		"",
		"ed25519",
		"ed25519 AAAA alice",
		"rsa AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= alice",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= alice",
		"ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB= alice", /* not canonical */
		"ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA== alice",
		"ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= al\001ice",
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct signing_key k;
	const char *why;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (signing_key_parse(a, lines[i], &k, &why))
			fail_msg("\"%s\" is no key", lines[i]);
	}
	assert_true(signing_key_parse(a, "ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", &k,
				      &why));
	assert_string_equal(k.name, k.id);
}

static void base64_has_one_spelling(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	unsigned char bytes[5];

	base64_print("hello", 5, &text);
	assert_string_equal(buf_str(&text), "aGVsbG8=");
	assert_true(base64_parse("aGVsbG8=", bytes, 5));
	assert_memory_equal(bytes, "hello", 5);
	assert_false(base64_parse("aGVsbG9=", bytes, 5));
	assert_false(base64_parse("aGVsbG8 ", bytes, 5));
	assert_false(base64_parse(" aGVsbG8", bytes, 5));
	assert_false(base64_parse("aGVsbG8=\n", bytes, 5));
	assert_false(base64_parse("", bytes, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_config_signed_by_a_trusted_key_is_good),
		cmocka_unit_test(the_signed_text_is_what_the_manual_says),
		cmocka_unit_test(everything_in_the_note_is_covered),
		cmocka_unit_test(a_signature_of_another_fleet_or_path_is_none),
		cmocka_unit_test(a_config_that_changed_after_the_signing_is_refused),
		cmocka_unit_test(a_key_that_is_not_trusted_is_named_by_its_id),
		cmocka_unit_test(the_id_of_a_trusted_key_helps_nobody),
		cmocka_unit_test(what_is_no_signature_is_refused),
		cmocka_unit_test(another_revision_needs_a_higher_serial),
		cmocka_unit_test(a_key_is_read_as_it_is_printed),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(base64_has_one_spelling),
	};

	return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
