/* keygen, sign, verify, and --sign of the commands that change the config. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_push.h"

#define SITE_OTHER "{\"listen\":[\"81\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"shop\"}]}"

static char *key, *line, *settings; /* of one test */

static char *make_key(const char *name)
{
	static unsigned count;
	char *file = xstrdup(rig_path("%s%u.key", name, count++));
	struct rig_ctl_result r = rig_ctl(NULL, "keygen", "--name", name, file, NULL);

	rig_ctl_assert_code(&r, 0);
	free(line);
	line = strndup(r.out, strcspn(r.out, "\n"));
	return file;
}

/* What follows the hosts and the state directory. */
static char *settings_with(struct rig_push *c, const char *trust)
{
	static unsigned count;
	char *file = rig_path("signed%u.conf", count++);

	rig_write(file, "zookeeper: { hosts = \"%s\"; };\nstate: { directory = \"%s\"; };\n%s\n",
		  rig_zookeeper_hosts(c->zookeeper), rig_path("state"), trust);
	return file;
}

static int begin(void **state)
{
	CLEANUP(freep) char *trust = NULL;

	rig_push_begin(state);
	key = make_key("alice");
	trust = xasprintf("trust: { keys = [ \"%s\" ]; require = \"all\"; };", line);
	settings = settings_with(*state, trust);
	return 0;
}

static int end(void **state)
{
	free(key);
	return rig_push_end(state);
}

static void expect(const struct rig_ctl_result *r, int code, const char *words)
{
	rig_ctl_assert_code(r, code);
	rig_ctl_assert_says(r, words);
}

static void assert_verified(int code, const char *state, long serial)
{
	struct rig_ctl_result r = rig_ctl(settings, "--json", "verify", NULL);
	json_t *j = rig_ctl_json(&r);

	rig_ctl_assert_code(&r, code);
	assert_string_equal(rig_json_text(j, "state"), state);
	assert_int_equal(json_integer_value(json_object_get(j, "serial")), serial);
	json_decref(j);
}

static void sign(const char *with)
{
	struct rig_ctl_result r = rig_ctl(settings, "sign", "-y", "--sign", with, NULL);

	expect(&r, 0, "signed: revision");
}

/* --- keys ------------------------------------------------------------------------------------ */

static void a_key_is_for_its_owner_and_never_overwritten(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(NULL, "keygen", key, NULL);
	struct stat st;

	expect(&r, 1, "never overwritten");
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_non_null(strstr(rig_read(key), "BEGIN PRIVATE KEY"));
	assert_int_equal(strncmp(line, "ed25519 ", 8), 0);
	assert_null(strstr(rig_read(key), line + 8));
}

static void a_key_that_others_can_read_signs_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	assert_int_equal(chmod(key, 0640), 0);
	r = rig_ctl(settings, "sign", "-y", key, NULL);
	expect(&r, 1, "chmod 600");
	assert_verified(1, "unsigned", 0);
}

static void what_is_no_key_of_the_settings_signs_nothing(void **state)
{
	CLEANUP(freep) char *other = make_key("mallory");
	struct rig_ctl_result r = rig_ctl(settings, "sign", "-y", other, NULL);

	expect(&r, 1, "is not in trust.keys");
	r = rig_ctl(settings, "sign", "-y", settings, NULL);
	rig_ctl_assert_code(&r, 1); /* readable by others */
	rig_write(other, "nothing");
	r = rig_ctl(settings, "sign", "-y", other, NULL);
	expect(&r, 2, "is no Ed25519 private key");
	r = rig_ctl(settings, "sign", "-y", "/nowhere", NULL);
	rig_ctl_assert_code(&r, 2);
	r = rig_ctl(settings_with(*state, ""), "verify", NULL);
	expect(&r, 2, "no trust.keys");
}

/* The program has the key; nothing of it is read by a shell. */
static void a_command_signs_as_a_file_does(void **state UNUSED)
{
	CLEANUP(freep) char *script = xstrdup(rig_path("signer"));
	CLEANUP(freep) char *with = xasprintf("cmd:%s %s $(reboot)", script, key);
	struct rig_ctl_result r;

	rig_write(script, "#!/bin/sh\n[ \"$2\" = '$(reboot)' ] || exit 1\nt=$(mktemp)\ncat >$t\n"
			  "openssl pkeyutl -sign -rawin -inkey $1 -in $t | base64 -w0\nrm $t\n");
	assert_int_equal(chmod(script, 0700), 0);
	sign(with);
	assert_verified(0, "good", 1);
	rig_write(script, "#!/bin/sh\necho no key >&2\nexit 3\n");
	r = rig_ctl(settings, "sign", "-y", with, NULL);
	expect(&r, 1, "has not signed: it ended with exit status 3: no key\n");
	rig_write(script, "#!/bin/sh\nexit 3\n");
	r = rig_ctl(settings, "sign", "-y", with, NULL);
	expect(&r, 1, "has not signed: it ended with exit status 3\n");
	rig_write(script, "#!/bin/sh\necho AAAA\n");
	r = rig_ctl(settings, "sign", "-y", with, NULL);
	expect(&r, 1, "printed no signature");
	assert_verified(0, "good", 1);
}

static void keys_come_from_a_file_as_well(void **state)
{
	CLEANUP(freep) char *file = xstrdup(rig_path("keys"));
	CLEANUP(freep)
	char *trust = xasprintf("trust: { keys = [ \"%s\" ]; require = \"config\"; };", file);
	struct rig_ctl_result r;

	rig_write(file, "# who may sign\n\n%s\n", line);
	settings = settings_with(*state, trust);
	sign(key);
	assert_verified(0, "good", 1);
	rig_write(file, "ed25519 nonsense\n");
	r = rig_ctl(settings, "verify", NULL);
	expect(&r, 2, "keys:1: expected \"ed25519 BASE64 [NAME]\"");
	unlink(file);
	r = rig_ctl(settings, "verify", NULL);
	rig_ctl_assert_code(&r, 2);
	settings = settings_with(*state, "trust: { require = \"all\"; };");
	r = rig_ctl(settings, "verify", NULL);
	expect(&r, 2, "without a key in trust.keys");
}

/* --- sign and verify ------------------------------------------------------------------------- */

static void sign_signs_what_is_there_and_verify_says_so(void **state)
{
	struct rig_push *c = *state;

	assert_verified(1, "unsigned", 0);
	sign(key);
	assert_verified(0, "good", 1);
	rig_push_set(c, "sites/shop", SITE_OTHER);
	assert_verified(1, "changed", 1);
	sign(key);
	assert_verified(0, "good", 2);
	rig_push_set(c, "upstreams/shop/10.0.0.3:80", ""); /* no part of it */
	assert_verified(0, "good", 2);
}

static void nothing_is_signed_without_a_yes(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "sign", key, NULL);

	expect(&r, 2, "--yes");
	assert_verified(1, "unsigned", 0);
	r = rig_ctl(settings, "sign", "-y", NULL);
	expect(&r, 2, "the key is missing");
}

static void a_serial_that_anybody_has_written_does_not_use_up_the_numbers(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_zk_set(c->zk, CONFIG_ROOT, "{\"serial\":999999999999999,\"signature\":\"x\"}");
	sign(key);
	assert_verified(0, "good", 1);
	r = rig_ctl(settings, "sign", "-y", "--serial", "42", key, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_verified(0, "good", 42);
	sign(key);
	assert_verified(0, "good", 43);
	r = rig_ctl(settings, "sign", "-y", "--serial", "0", key, NULL);
	rig_ctl_assert_code(&r, 2);
}

static void verify_without_zookeeper_cannot_tell(void **state UNUSED)
{
	struct rig_ctl_result r =
		rig_ctl(settings, "-s", "127.0.0.1:1", "--timeout", "300ms", "verify", NULL);

	rig_ctl_assert_code(&r, 3);
}

/* --- the commands that change the config ----------------------------------------------------- */

static void push_signs_in_the_same_transaction(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "sites/shop.json", SITE_OTHER);
	r = rig_ctl(settings, "push", "-y", "--no-wait", c->directory, NULL);
	expect(&r, 1, "sign it with --sign KEY");
	r = rig_ctl(settings, "push", "-y", "--no-wait", "--sign", key, "--by", "bob", c->directory,
		    NULL);
	expect(&r, 0, "serial 1");
	assert_verified(0, "good", 1);
	assert_string_equal(rig_push_note(c, "by"), "bob");
	rig_push_write(c, "upstreams/shop/10.0.0.9:80", "");
	r = rig_ctl(settings, "push", "-y", "--no-wait", c->directory, NULL); /* a server */
	rig_ctl_assert_code(&r, 0);
	assert_verified(0, "good", 1);
	rig_push_write(c, "sites/shop.json", SITE_OTHER " ");
	r = rig_ctl(settings, "push", "-y", "--no-wait", "--force", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
}

static void set_and_rm_sign_as_well(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	sign(key);
	r = rig_ctl_with(settings, "{}", (const char *[]){ "set", "upstreams/new", "-", NULL });
	expect(&r, 1, "sign it with --sign KEY");
	assert_false(rig_push_has(c, "upstreams/new"));
	r = rig_ctl_with(settings, "{}",
			 (const char *[]){ "set", "--sign", key, "upstreams/new", "-", NULL });
	rig_ctl_assert_code(&r, 0);
	assert_verified(0, "good", 2);
	r = rig_ctl_with(settings, "weight=2",
			 (const char *[]){ "set", "upstreams/shop/10.0.0.1:80", "-", NULL });
	rig_ctl_assert_code(&r, 0);
	assert_verified(0, "good", 2); /* a server: its note stays */
	r = rig_ctl(settings, "rm", "upstreams/new", NULL);
	expect(&r, 1, "sign it with --sign KEY");
	r = rig_ctl(settings, "rm", "--sign", key, "upstreams/new", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_verified(0, "good", 3);
	r = rig_ctl(settings, "rm", "upstreams/shop/10.0.0.2:80", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_verified(0, "good", 3);
	r = rig_ctl_with(settings, "{}",
			 (const char *[]){ "set", "-f", "upstreams/new", "-", NULL });
	rig_ctl_assert_code(&r, 0);
	assert_verified(1, "unsigned", 3); /* what was signed is gone: so is its signature */
}

#define sign_test(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sign_test(a_key_is_for_its_owner_and_never_overwritten),
		sign_test(a_key_that_others_can_read_signs_nothing),
		sign_test(what_is_no_key_of_the_settings_signs_nothing),
		sign_test(a_command_signs_as_a_file_does),
		sign_test(keys_come_from_a_file_as_well),
		sign_test(sign_signs_what_is_there_and_verify_says_so),
		sign_test(nothing_is_signed_without_a_yes),
		sign_test(a_serial_that_anybody_has_written_does_not_use_up_the_numbers),
		sign_test(verify_without_zookeeper_cannot_tell),
		sign_test(push_signs_in_the_same_transaction),
		sign_test(set_and_rm_sign_as_well),
	};

	return cmocka_run_group_tests(tests, rig_push_setup, rig_push_teardown);
}
