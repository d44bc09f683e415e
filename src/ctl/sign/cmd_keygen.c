/* keygen: a new key that signs configurations. */
#include <stdlib.h>
#include <string.h>

#include "core/fleet/signature.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "private_key.h"
#include "sys/disk.h"

#define FILE_NAME "zknginx-signing.key"

static void print(const struct ctl *ctl, const char *path, const struct signing_key *k)
{
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	json_t *j;

	signing_key_print(k, &line);
	if (!ctl->json) {
		printf("%s\n", buf_str(&line));
		ctl_say("the private key is in %s; the line above is the public key, for "
			"trust.keys in "
			"the settings of every host",
			path);
		return;
	}
	j = json_object();
	json_put_text(j, "file", path);
	json_put_text(j, "id", k->id);
	json_put_text(j, "public", buf_str(&line));
	ctl_print_json(j);
}

static int keygen(struct ctl *ctl, const struct arguments *args)
{
	const char *path = arguments_at(args, 0) ?: FILE_NAME;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(freep) char *user = ctl_user();
	CLEANUP(buf_fini) struct buf pem = BUF_INIT;
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	struct ed25519_key public;
	struct signing_key k;
	const char *why;
	struct err e;

	if (private_key_generate(&pem, &public, &e) < 0)
		return ctl_fail(&e);
	k = signing_key_of(&public, arguments_value(args, "name") ?: user);
	signing_key_print(&k, &line);
	if (!signing_key_parse(a, buf_str(&line), &k, &why))
		return ctl_usage("--name: expected at most 128 bytes without control characters");
	if (disk_create_path(path, 0600, buf_str(&pem), pem.size, &e) < 0) {
		ctl_say("%s: the key was not written; a file that exists is never overwritten",
			e.text);
		return CTL_BAD;
	}
	print(ctl, path, &k);
	return CTL_OK;
}

static const struct command_option keygen_options[] = {
	{ "name", 0, "NAME", WORD_NONE, "whose key it is (default USER@HOST)" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_keygen = {
	.name = "keygen",
	.synopsis = "[FILE]",
	.summary = "make a key that signs the config",
	.help = "Writes a private key (Ed25519, PEM) to FILE, which must not exist; only its owner "
		"can\n"
		"read it. Prints the public key as trust.keys expects it. FILE is\n"
		"" FILE_NAME " where it is not given.",
	.example = "  zknginxctl keygen --name alice alice.key",
	.most = 1,
	.words = { WORD_FILE },
	.options = keygen_options,
	.without_settings = true,
	.run = keygen,
};
