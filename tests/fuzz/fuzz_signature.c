/*
 * libFuzzer: the data of the config root, as any client may write it, is read, checked and printed.
 * What was not signed by a trusted key is never good, and what was read is printed and read as the
 * same.
 */
#include <stdlib.h>
#include <string.h>

#include "core/fleet/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REVISION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const lines[] = { "ed25519 A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg= alice",
				     NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf first = BUF_INIT;
	CLEANUP(buf_fini) struct buf second = BUF_INIT;
	const struct signature_scope scope = { "", "/nginx/config" };
	struct signing_keys keys = signing_keys_parse(a, lines);
	const char *text = arena_copy(a, data, size), *why;
	struct config_note n, again;
	struct signing_key key;
	struct signature_verdict v;

	config_note_parse(a, text, size, &n);
	v = signature_check(&(struct signature_question){
		.keys = &keys, .scope = &scope, .note = &n, .revision = REVISION });
	if (v.result == SIGNATURE_GOOD || !*signature_explain(a, &v))
		abort();
	config_note_print(&n, &first);
	config_note_parse(a, buf_str(&first), first.size, &again);
	config_note_print(&again, &second);
	if (strcmp(buf_str(&first), buf_str(&second)) != 0)
		abort();
	signing_key_parse(a, text, &key, &why);
	return 0;
}
