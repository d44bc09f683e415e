/* By OpenSSL's libcrypto. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/text/base64.h"
#include "private_key.h"
#include "sys/child.h"
#include "sys/disk.h"

#define COMMAND "cmd:"
#define PATIENCE (120 * USEC_PER_SEC) /* a person may have to touch a device */
#define FILE_MOST ((size_t)64 * 1024)
#define WORDS_MOST 32

struct private_key {
	EVP_PKEY *key; /* NULL: */
	char *command; /* its words, separated by NULs … */
	const char *argv[WORDS_MOST + 2];
};

void private_key_free(struct private_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	free(k->command);
	free(k);
}

/* --- a file ---------------------------------------------------------------------------------- */

/* Without a terminal to ask at, and without OpenSSL's own prompt. */
static int no_passphrase(char *buffer UNUSED, int size UNUSED, int writing UNUSED, void *ctx UNUSED)
{
	return -1;
}

static int check_mode(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	if (st.st_mode & 077)
		return err_set(e, ERR_REFUSED,
			       "%s has mode %04o, so other users can read the key: chmod 600 %s",
			       path, (unsigned)st.st_mode & 07777, path);
	return 0;
}

static int read_file(struct private_key *k, const char *path, struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	BIO *bio;

	if (check_mode(path, e) < 0 || disk_read_linked(path, FILE_MOST, &text, e) < 0)
		return -1;
	bio = BIO_new_mem_buf(buf_str(&text), (int)text.size);
	k->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	OPENSSL_cleanse(text.data, text.size);
	if (k->key && EVP_PKEY_get_id(k->key) == EVP_PKEY_ED25519)
		return 0;
	return err_set(
		e, ERR_INPUT,
		"%s is no Ed25519 private key: expected PEM (PKCS#8) without a passphrase, as "
		"\"zknginxctl keygen\" writes it",
		path);
}

/* --- a command ------------------------------------------------------------------------------- */

/* env(1) looks the program up in $PATH. */
static int split_command(struct private_key *k, const char *words, struct err *e)
{
	size_t count = 0;
	char *rest;

	k->command = rest = xstrdup(words);
	k->argv[0] = "env";
	for (char *word; (word = strsep(&rest, " \t"));) {
		if (!*word)
			continue;
		if (count == WORDS_MOST)
			return err_set(e, ERR_INPUT, "the command has more than %d words",
				       WORDS_MOST);
		k->argv[++count] = word;
	}
	if (!count)
		return err_set(e, ERR_INPUT, "expected \"" COMMAND "PROGRAM ARGUMENT …\"");
	return 0;
}

int private_key_open(const char *name, struct private_key **out, struct err *e)
{
	CLEANUP(private_key_freep) struct private_key *k = xcalloc(1, sizeof(*k));
	bool is_command = strncmp(name, COMMAND, strlen(COMMAND)) == 0;

	if ((is_command ? split_command(k, name + strlen(COMMAND), e) : read_file(k, name, e)) < 0)
		return err_wrap(e, "--sign");
	*out = TAKE(k);
	return 0;
}

bool private_key_public(const struct private_key *k, struct ed25519_key *out)
{
	size_t size = sizeof(out->bytes);

	return k->key && EVP_PKEY_get_raw_public_key(k->key, out->bytes, &size) == 1 &&
	       size == sizeof(out->bytes);
}

struct answer {
	struct ed25519_signature *out;
	struct err *e;
	bool ok;
};

/* Its own words are what it wrote to standard error. */
static void refuse(struct err *e, const struct child_result *r)
{
	CLEANUP(freep) char *words = xstrdup(r->errors ? buf_str(r->errors) : "");
	size_t size = strlen(words);

	while (size && strchr("\r\n \t", words[size - 1]))
		words[--size] = '\0';
	if (r->failure)
		err_set(e, ERR_REFUSED, "it cannot be run: %s", r->failure);
	else if (r->timed_out)
		err_set(e, ERR_REFUSED, "it took too long");
	else
		err_set(e, ERR_REFUSED, "it ended with %s %d%s%.300s",
			r->exited ? "exit status" : "signal", r->code, size ? ": " : "", words);
}

static void on_signed(void *ctx, const struct child_result *r)
{
	struct answer *a = ctx;
	CLEANUP(freep) char *text = xstrdup(r->output ? buf_str(r->output) : "");

	text[strcspn(text, "\r\n \t")] = '\0';
	if (r->failure || r->timed_out || !r->exited || r->code != 0)
		refuse(a->e, r);
	else if (!base64_parse(text, a->out->bytes, sizeof(a->out->bytes)))
		err_set(a->e, ERR_REFUSED, "it printed no signature: expected %d bytes as base64",
			ED25519_SIGNATURE_SIZE);
	else
		a->ok = true;
}

static int run_command(const struct private_key *k, const void *text, size_t size,
		       struct ed25519_signature *out, struct err *e)
{
	extern char **environ;
	struct answer answer = { .out = out, .e = e };
	const struct child_spec spec = {
		.path = "/usr/bin/env",
		.exec_fd = -1,
		.argv = (char *const *)(uintptr_t)k->argv,
		.envp = environ,
		.input = text,
		.input_size = size,
		.deadline = PATIENCE,
		.keep_output = true,
		.done = on_signed,
		.ctx = &answer,
	};

	if (child_run(&spec, e) == 0 && answer.ok)
		return 0;
	return err_wrap(e, "the command \"%s\" has not signed", k->argv[1]);
}

/* --- signing --------------------------------------------------------------------------------- */

int private_key_sign(const struct private_key *k, const void *text, size_t size,
		     struct ed25519_signature *out, struct err *e)
{
	size_t length = sizeof(out->bytes);
	EVP_MD_CTX *evp;
	bool ok;

	if (!k->key)
		return run_command(k, text, size, out, e);
	evp = EVP_MD_CTX_new();
	ok = evp && EVP_DigestSignInit(evp, NULL, NULL, NULL, k->key) == 1 &&
	     EVP_DigestSign(evp, out->bytes, &length, text, size) == 1;
	EVP_MD_CTX_free(evp);
	return ok ? 0 : err_set(e, ERR_INPUT, "libcrypto cannot sign with this key");
}

int private_key_generate(struct buf *pem, struct ed25519_key *public, struct err *e)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	size_t size = sizeof(public->bytes);
	char *text = NULL;
	long length = 0;
	bool ok;

	ok = key && bio && EVP_PKEY_get_raw_public_key(key, public->bytes, &size) == 1 &&
	     PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (ok)
		length = BIO_get_mem_data(bio, &text);
	if (ok)
		buf_put(pem, text, (size_t)length);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok ? 0 : err_set(e, ERR_INPUT, "libcrypto cannot make an Ed25519 key");
}
