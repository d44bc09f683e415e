/*
 * The resolver of host names, with the system's own: on a hosts file and with a name server of the
 * test, mounted over /etc in namespaces of the test. Where there are no namespaces, the tests that
 * need them are skipped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/names.h"
#include "host/names_ask.h"
#include "rig.h"

#define MANY 300

static bool isolated;
static sd_event *loop;
static struct names_cache *cache;
static unsigned changes;
static char hosts[64], resolv[64];

static void count_change(void *ctx)
{
	assert_ptr_equal(ctx, &changes);
	changes++;
}

static struct name find(const char *name)
{
	const struct names *view = names_cache_view(cache);

	return view->find(view->ctx, name);
}

static bool is(const char *name, enum name_state state)
{
	return find(name).state == state;
}

/* The state, unless it is found, and the addresses, separated by spaces. */
static const char *shown(const char *name)
{
	static const char *const states[] = {
		[NAME_FOUND] = "", [NAME_PENDING] = "pending ", [NAME_FAILED] = "failed "
	};
	static char text[1024];
	struct name n = find(name);
	int used = snprintf(text, sizeof(text), "%s", states[n.state]);

	for (size_t i = 0; i < n.count; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s ", n.addresses[i]);
	return text;
}

/* Turns enough for all pending events. */
static void settle(void)
{
	for (int i = 0; i < 10; i++)
		rig_pause(loop);
}

static int set_up(void **state UNUSED)
{
	struct err e;

	changes = 0;
	if (isolated)
		rig_write(hosts, "127.0.0.1 localhost\n");
	return sd_event_new(&loop) < 0 ||
	       names_cache_new(loop, count_change, &changes, &cache, &e) < 0;
}

static int tear_down(void **state UNUSED)
{
	if (cache)
		names_cache_free(TAKE(cache));
	loop = sd_event_unref(loop);
	eventually(NULL, ask_leftovers() == 0);
	return 0;
}

/* Without namespaces, a machine without /etc/hosts does not know this name. */
static void need_localhost(void)
{
	if (!isolated && access("/etc/hosts", R_OK) < 0)
		skip();
}

/* --- names that need no network -------------------------------------------------------------- */

static void a_name_is_found(void **state UNUSED)
{
	need_localhost();
	assert_string_equal(shown("localhost"), "pending ");
	eventually(loop, is("localhost", NAME_FOUND));
	assert_true(strstr(shown("localhost"), "127.0.0.1 ") || strstr(shown("localhost"), "::1 "));
	assert_null(find("localhost").reason);
	eventually(loop, changes == 1);
	assert_int_equal(ask_leftovers(), 0);
}

static void numbers_stand_for_themselves(void **state UNUSED)
{
	eventually(loop, is("10.1.2.3", NAME_FOUND) && is("2001:DB8:0::1", NAME_FOUND));
	assert_string_equal(shown("10.1.2.3"), "10.1.2.3 ");
	assert_string_equal(shown("2001:DB8:0::1"), "2001:db8::1 ");
}

static void what_nginx_cannot_reach_is_no_address(void **state UNUSED)
{
	eventually(loop, is("fe80::1", NAME_FAILED));
	assert_string_equal(find("fe80::1").reason, "it has no address");
}

static void an_unknown_name_fails_with_a_reason(void **state UNUSED)
{
	eventually(loop, is("name.invalid", NAME_FAILED));
	assert_int_equal(find("name.invalid").count, 0);
	assert_non_null(find("name.invalid").reason);
	eventually(loop, changes == 1);
}

static const char *numbered(unsigned n)
{
	static char text[32];

	snprintf(text, sizeof(text), "10.%u.%u.1", n / 250, n % 250);
	return text;
}

static size_t found(unsigned count)
{
	size_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += is(numbered(i), NAME_FOUND);
	return sum;
}

static void one_change_is_announced_for_many_names(void **state UNUSED)
{
	find("name.invalid");
	eventually(loop, found(MANY) == MANY && is("name.invalid", NAME_FAILED));
	eventually(loop, changes > 0);
	assert_true(changes < MANY);
}

static void a_wanted_name_is_looked_up(void **state UNUSED)
{
	const char *const names[] = { "localhost", "10.0.0.1" };

	need_localhost();
	names_cache_want(cache, names, 2);
	eventually(loop, changes > 0);
	eventually(loop, is("localhost", NAME_FOUND) && is("10.0.0.1", NAME_FOUND));
}

/* A name that is wanted again has its last addresses at once; to confirm them is no change. */
static void a_name_that_is_wanted_again_has_its_last_addresses(void **state UNUSED)
{
	eventually(loop, is("10.0.0.1", NAME_FOUND) && changes == 1);
	names_cache_want(cache, NULL, 0);
	assert_string_equal(shown("10.0.0.1"), "pending 10.0.0.1 ");
	eventually(loop, is("10.0.0.1", NAME_FOUND));
	settle();
	assert_int_equal(changes, 1);
	assert_string_equal(shown("10.0.0.1"), "10.0.0.1 ");
}

static void a_name_may_be_dropped_while_it_is_looked_up(void **state UNUSED)
{
	find("10.0.0.1");
	find("name.invalid");
	rig_pause(loop);
	names_cache_want(cache, NULL, 0);
	find("10.0.0.2");
	names_cache_want(cache, (const char *[]){ "10.0.0.3" }, 1);
	eventually(loop, is("10.0.0.3", NAME_FOUND) && changes == 1);
}

static void too_many_names_are_refused_until_some_are_dropped(void **state UNUSED)
{
	need_localhost();
	for (unsigned i = 0; i < NAMES_LIMIT; i++)
		assert_true(is(numbered(i), NAME_PENDING));
	assert_true(is("localhost", NAME_FAILED));
	assert_string_equal(find("localhost").reason, "there are too many names");
	eventually(loop, is(numbered(0), NAME_FOUND));
	names_cache_want(cache, (const char *[]){ numbered(0) }, 1);
	assert_true(is("localhost", NAME_PENDING));
	assert_true(is(numbered(0), NAME_FOUND));
	assert_true(is(numbered(NAMES_LIMIT - 1), NAME_PENDING));
	eventually(loop, is("localhost", NAME_FOUND));
}

static void free_it(void *ctx UNUSED)
{
	names_cache_free(TAKE(cache));
}

static void the_cache_may_be_freed_by_its_own_callback(void **state UNUSED)
{
	struct err e;

	names_cache_free(TAKE(cache));
	assert_int_equal(names_cache_new(loop, free_it, NULL, &cache, &e), 0);
	find("localhost");
	eventually(loop, !cache);
	settle();
}

static void the_cache_may_be_freed_during_lookups(void **state UNUSED)
{
	for (unsigned i = 0; i < MANY; i++)
		find(numbered(i));
	find("name.invalid");
	rig_pause(loop);
	names_cache_free(TAKE(cache));
	eventually(loop, ask_leftovers() == 0);
	assert_int_equal(changes, 0);
}

/* --- a hosts file and a name server of the test's own ---------------------------------------- */

static void the_order_and_repeats_of_addresses_are_no_change(void **state UNUSED)
{
	if (!isolated)
		skip();
	rig_write(hosts, "10.0.0.9 app\n2001:db8::2 app\n10.0.0.1 app\n10.0.0.9 app\n");
	eventually(loop, is("app", NAME_FOUND) && changes == 1);
	assert_string_equal(shown("app"), "10.0.0.1 10.0.0.9 2001:db8::2 ");
	rig_write(hosts, "2001:db8::2 app\n10.0.0.1 app\n10.0.0.9 app\n");
	names_cache_want(cache, NULL, 0);
	eventually(loop, is("app", NAME_FOUND));
	settle();
	assert_int_equal(changes, 1);
}

/* It is missing, appears, changes and disappears; its last addresses stay. */
static void changes_of_a_name_are_followed(void **state UNUSED)
{
	if (!isolated)
		skip();
	eventually(loop, is("app", NAME_FAILED) && changes == 1);
	rig_write(hosts, "10.0.0.1 app\n");
	eventually(loop, is("app", NAME_FOUND) && changes == 2);
	rig_write(hosts, "10.0.0.2 app\n");
	names_cache_want(cache, NULL, 0);
	assert_string_equal(shown("app"), "pending 10.0.0.1 ");
	eventually(loop, changes == 3);
	assert_string_equal(shown("app"), "10.0.0.2 ");
	rig_write(hosts, "\n");
	names_cache_want(cache, NULL, 0);
	assert_string_equal(shown("app"), "pending 10.0.0.2 ");
	eventually(loop, changes == 4);
	assert_string_equal(shown("app"), "failed 10.0.0.2 ");
}

/* A name server that never answers. */
static int silent_server(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(53),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Lookups in progress and waiting ones fail alike; those in progress outlive the cache. */
static void a_silent_name_server_is_a_failure(void **state UNUSED)
{
	char name[32];
	int server;

	if (!isolated || ASK_ON_THE_SPOT)
		skip();
	server = silent_server();
	for (unsigned i = 0; i < 2 * ASK_AT_ONCE; i++) {
		snprintf(name, sizeof(name), "name%u.test", i);
		find(name);
	}
	for (unsigned i = 0; i < 2 * ASK_AT_ONCE; i++) {
		snprintf(name, sizeof(name), "name%u.test", i);
		eventually(loop, is(name, NAME_FAILED));
		assert_string_equal(find(name).reason, "no answer within 10 s");
	}
	names_cache_free(TAKE(cache));
	assert_true(ask_leftovers() > 0);
	close(server);
	eventually(NULL, ask_leftovers() == 0);
}

/* --- the namespaces --------------------------------------------------------------------------- */

static bool write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	ok = ioctl(fd, SIOCSIFFLAGS, &r) == 0;
	close(fd);
	return ok;
}

static bool new_namespaces(void)
{
	char map[2][32];

	snprintf(map[0], sizeof(map[0]), "0 %u 1", (unsigned)getuid());
	snprintf(map[1], sizeof(map[1]), "0 %u 1", (unsigned)getgid());
	if (getuid() == 0)
		return unshare(CLONE_NEWNS | CLONE_NEWNET) == 0;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0 &&
	       write_map("/proc/self/setgroups", "deny") &&
	       write_map("/proc/self/uid_map", map[0]) && write_map("/proc/self/gid_map", map[1]);
}

static int isolate(void **state UNUSED)
{
	snprintf(hosts, sizeof(hosts), "%s", rig_path("hosts"));
	snprintf(resolv, sizeof(resolv), "%s", rig_path("resolv.conf"));
	rig_write(hosts, "127.0.0.1 localhost\n");
	rig_write(resolv, "nameserver 127.0.0.1\noptions timeout:4 attempts:5\n");
	isolated = new_namespaces() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		   mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL) == 0 &&
		   mount(resolv, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0 && loopback_up();
	if (!isolated)
		print_message("no namespaces here (%s)\n", strerrordesc_np(errno));
	return 0;
}

static int clean(void **state UNUSED)
{
	if (isolated) { /* else these are the files of the machine */
		umount("/etc/hosts");
		umount("/etc/resolv.conf");
	}
	rig_clean();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_is_found),
		TEST(numbers_stand_for_themselves),
		TEST(what_nginx_cannot_reach_is_no_address),
		TEST(an_unknown_name_fails_with_a_reason),
		TEST(one_change_is_announced_for_many_names),
		TEST(a_wanted_name_is_looked_up),
		TEST(a_name_that_is_wanted_again_has_its_last_addresses),
		TEST(a_name_may_be_dropped_while_it_is_looked_up),
		TEST(too_many_names_are_refused_until_some_are_dropped),
		TEST(the_cache_may_be_freed_by_its_own_callback),
		TEST(the_cache_may_be_freed_during_lookups),
		TEST(the_order_and_repeats_of_addresses_are_no_change),
		TEST(changes_of_a_name_are_followed),
		TEST(a_silent_name_server_is_a_failure),
	};

	return cmocka_run_group_tests_name("names", tests, isolate, clean);
}
