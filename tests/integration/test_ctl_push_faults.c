/*
 * A push that needs three transactions, and what can happen between them: it is killed, another
 * client writes, the connection is lost.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_proxy.h"
#include "rig_push.h"

#define SNIPPETS 30
#define SNIPPET_SIZE                                                                               \
	((size_t)80 * 1024) /* together 2.4 MB, and a transaction has less than 1 MB               \
			     */
#define TRANSACTIONS 3

/* Files with this word: each snippet is another text for another word. */
static void write_snippets(struct rig_push *c, const char *word)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (unsigned i = 0; i < SNIPPETS; i++) {
		char *file = rig_path("%s/snippets/http/big%02u.conf",
				      strrchr(c->directory, '/') + 1, i);

		buf_clear(&text);
		buf_printf(&text, "map $host $big%02u { default %s; }\n", i, word);
		while (text.size < SNIPPET_SIZE)
			buf_puts(&text,
				 "# a long comment, because this is a test of large configs\n");
		rig_write(file, "%s", buf_str(&text));
	}
}

/* How many of the snippets in ZooKeeper have this word? */
static unsigned count(struct rig_push *c, const char *word)
{
	char end[64];
	unsigned n = 0;

	snprintf(end, sizeof(end), "default %s; }", word);
	for (unsigned i = 0; i < SNIPPETS; i++) {
		char znode[64];
		const char *data;

		snprintf(znode, sizeof(znode), "snippets/http/big%02u", i);
		data = rig_push_get(c, znode);
		n += data && strstr(data, end) != NULL;
	}
	return n;
}

static bool is_marked(struct rig_push *c)
{
	return *rig_push_note(c, "push");
}

static pid_t start_push(struct rig_push *c, const char *settings)
{
	const char *ctl = getenv("ZKNGINXCTL") ?: "build/zknginxctl";
	const char *argv[] = { ctl,         "-c",   settings, "push",       "--yes",
			       "--no-wait", "--by", "alice",  c->directory, NULL };

	return rig_start(rig_path("push.log"), (char *const *)(uintptr_t)argv);
}

static bool has_ended(pid_t pid, int *code)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return false;
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

/* Waits until so many transactions are written, or the push has ended. */
static void await_transactions(struct rig_push *c, pid_t pid, int version, bool *ended)
{
	uint64_t give_up = rig_now() + RIG_PATIENCE;
	int code;

	*ended = false;
	while (rig_push_version(c) < version && !*ended) {
		assert_true(rig_now() < give_up);
		*ended = has_ended(pid, &code);
	}
}

/* The server may still read what a client had sent that was killed. Then its connection is gone
 * from the list, and what it asked for is before what this client asks now. */
static bool is_alone(struct rig_push *c)
{
	unsigned connections = 0;

	for (const char *at = rig_zookeeper_ask(c->zookeeper, "cons");
	     (at = strstr(at, "/127.0.0.1:")); at++)
		connections++;
	return connections == 2; /* that of this client, and of the question */
}

static void kill_push(struct rig_push *c, pid_t pid)
{
	rig_stop(pid, SIGKILL);
	eventually(NULL, is_alone(c));
}

static void push_all(struct rig_push *c, const char *word)
{
	struct rig_ctl_result r;

	write_snippets(c, word);
	r = rig_ctl(c->settings, "push", "--yes", "--no-wait", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_int_equal(count(c, word), SNIPPETS);
	assert_false(is_marked(c));
}

static void a_large_push_takes_as_few_transactions_as_fit(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	int version;
	json_t *j;

	rig_push_pull(c);
	version = rig_push_version(c);
	write_snippets(c, "one");
	r = rig_ctl(c->settings, "--json", "push", "--yes", "--no-wait", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_int_equal(json_integer_value(json_object_get(j, "transactions")), TRANSACTIONS);
	json_decref(j);
	assert_int_equal(rig_push_version(c), version + TRANSACTIONS);
	assert_int_equal(count(c, "one"), SNIPPETS);
	assert_false(is_marked(c));
}

/* What is in ZooKeeper after a push of `after` was killed; the next push completes it. */
static void check_killed(struct rig_push *c, int version, const char *before, const char *after,
			 unsigned *seen)
{
	unsigned old = count(c, before), new = count(c, after);
	struct rig_ctl_result r;

	assert_int_equal(old + new, SNIPPETS);
	if (rig_push_version(c) == version) {
		assert_int_equal(old, SNIPPETS);
		assert_false(is_marked(c));
		seen[0]++;
	} else if (is_marked(c)) {
		assert_true(new > 0 && old > 0);
		seen[1]++;
		r = rig_ctl(c->settings, "push", "--dry-run", c->directory, NULL);
		rig_ctl_assert_code(&r, 1);
		assert_non_null(strstr(r.err, "a push by alice that began at"));
		assert_non_null(strstr(r.err, "this push completes it"));
	} else {
		assert_int_equal(new, SNIPPETS);
		seen[2]++;
	}
	r = rig_ctl(c->settings, "push", "--yes", "--no-wait", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_int_equal(count(c, after), SNIPPETS);
	assert_false(is_marked(c));
}

/* Killed when it has written none, one, two and all of its transactions, and somewhere between. */
static void a_push_that_is_killed_leaves_before_after_or_a_mark(void **state)
{
	struct rig_push *c = *state;
	unsigned seen[3] = { 0 };
	const char *before = "w0";

	rig_push_pull(c);
	push_all(c, before);
	/* where the kill comes is up to the machine: go on until both have been seen */
	for (unsigned round = 0; round < 12 || !seen[0] || !seen[1]; round++) {
		const char *after = rig_path("w%u", round + 1);
		int version = rig_push_version(c);
		bool ended;
		pid_t pid;

		after = strrchr(after, '/') + 1;
		write_snippets(c, after);
		pid = start_push(c, c->settings);
		await_transactions(c, pid, version + (int)(round % (TRANSACTIONS + 1)), &ended);
		if (!ended)
			kill_push(c, pid);
		check_killed(c, version, before, after, seen);
		before = after;
	}
}

static void a_push_of_another_directory_replaces_an_unfinished_one(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	int version;
	bool ended;
	pid_t pid;

	rig_push_pull(c);
	push_all(c, "w0");
	do { /* until it is killed in the middle */
		push_all(c, "w0");
		version = rig_push_version(c);
		write_snippets(c, "w1");
		pid = start_push(c, c->settings);
		await_transactions(c, pid, version + 1, &ended);
		if (!ended)
			kill_push(c, pid);
	} while (!is_marked(c));
	write_snippets(c, "w2");
	r = rig_ctl(c->settings, "push", "--yes", "--no-wait", "--by", "bob", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.err, "This push replaces it"));
	assert_int_equal(count(c, "w2"), SNIPPETS);
	assert_false(is_marked(c));
	assert_string_equal(rig_push_note(c, "by"), "bob");
}

/* A client that writes the root, or a znode of the push, in the middle ends it; the mark stays. */
static void a_write_in_the_middle_ends_the_push_and_leaves_the_mark(void **state)
{
	struct rig_push *c = *state;
	int version, code = -1;
	bool ended;
	pid_t pid;

	rig_push_pull(c);
	push_all(c, "w0");
	do {
		push_all(c, "w0");
		version = rig_push_version(c);
		write_snippets(c, "w1");
		pid = start_push(c, c->settings);
		await_transactions(c, pid, version + 1, &ended);
		if (ended)
			continue;
		rig_push_set(c, "snippets/http/big29", "map $host $mine { default w1; }");
		eventually(NULL, has_ended(pid, &code));
	} while (!is_marked(c));
	assert_int_equal(code, 1);
	assert_non_null(strstr(rig_read(rig_path("push.log")),
			       "/nginx/config/snippets/http/big29 has changed"));
	assert_string_equal(rig_push_get(c, "snippets/http/big29"),
			    "map $host $mine { default w1; }");
}

/* Both look before either has written: the second one is refused by the first transaction. */
static void of_two_large_pushes_at_once_one_is_written_whole(void **state)
{
	struct rig_push *c = *state;
	char *own = c->directory, *other = rig_path("other");
	int a = -1, b = -1;

	rig_push_pull(c);
	push_all(c, "w0");
	c->directory = other;
	rig_push_pull(c);
	for (unsigned round = 0; round < 4; round++) {
		pid_t alice, bob;

		c->directory = other;
		write_snippets(c, round % 2 ? "b1" : "b0");
		bob = start_push(c, c->settings);
		c->directory = own;
		write_snippets(c, round % 2 ? "a1" : "a0");
		alice = start_push(c, c->settings);
		eventually(NULL, has_ended(alice, &a));
		eventually(NULL, has_ended(bob, &b));
		assert_true(a == 0 || b == 0);
		assert_true(a <= 1 && b <= 1);
		assert_false(is_marked(c));
		if (count(c, round % 2 ? "b1" : "b0") == SNIPPETS)
			assert_int_equal(b, 0);
		else
			assert_int_equal(count(c, round % 2 ? "a1" : "a0"), SNIPPETS);
	}
}

/* The answer of a transaction is lost: whether it was written is found out, and the rest follows.
 */
static void a_lost_connection_in_the_middle_is_no_failure(void **state)
{
	struct rig_push *c = *state;
	struct rig_proxy *proxy = rig_proxy_start(rig_zookeeper_port(c->zookeeper));
	char *hosts = rig_path("127.0.0.1:%d", rig_proxy_port(proxy));
	char *settings = rig_push_settings(strrchr(hosts, '/') + 1);
	const char *before = "w0";

	rig_push_pull(c);
	push_all(c, before);
	for (unsigned round = 0; round < 8; round++) {
		const char *after = strrchr(rig_path("w%u", round + 1), '/') + 1;
		int version = rig_push_version(c), code = -1;
		bool ended;
		pid_t pid;

		write_snippets(c, after);
		pid = start_push(c, settings);
		await_transactions(c, pid, version + (int)(round % TRANSACTIONS), &ended);
		if (!ended) {
			rig_proxy_cut(proxy);
			rig_proxy_restore(proxy);
			eventually(NULL, has_ended(pid, &code));
			if (code)
				fail_msg("round %u: %d\n%s", round, code,
					 rig_read(rig_path("push.log")));
		}
		assert_int_equal(count(c, after), SNIPPETS);
		assert_false(is_marked(c));
	}
	rig_proxy_stop(proxy);
}

static void pull_says_that_it_has_only_a_part(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_zk_set(c->zk, CONFIG_ROOT,
		   "{\"by\":\"alice\",\"push\":{\"by\":\"alice\",\"id\":\"1\",\"left\":3,"
		   "\"time\":\"2026-11-22T15:04:05Z\"}}");
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.err, "a push by alice is unfinished"));
	/* Nothing is left to write but the mark. */
	r = rig_ctl(c->settings, "push", "--yes", "--no-wait", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(is_marked(c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		push_test(a_large_push_takes_as_few_transactions_as_fit),
		push_test(a_push_that_is_killed_leaves_before_after_or_a_mark),
		push_test(a_push_of_another_directory_replaces_an_unfinished_one),
		push_test(a_write_in_the_middle_ends_the_push_and_leaves_the_mark),
		push_test(of_two_large_pushes_at_once_one_is_written_whole),
		push_test(a_lost_connection_in_the_middle_is_no_failure),
		push_test(pull_says_that_it_has_only_a_part),
	};

	return cmocka_run_group_tests_name("push with faults", tests, rig_push_setup,
					   rig_push_teardown);
}
