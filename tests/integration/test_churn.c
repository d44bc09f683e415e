/*
 * Under churn: nothing is lost, the number of reloads stays limited, and at each instant the live
 * files are one complete, accepted generation; also while the daemon is killed at random and
 * another program reloads nginx all the time.
 *
 * `make check` runs a short form; `make soak` sets CHURN_FULL for the long one.
 */
#include "rig.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nginx/master.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define SERVERS_AN_UPSTREAM 50
#define SERVERS_MAX 10000
#define WRITES 1000

static struct rig_host host;
static int weights[SERVERS_MAX]; /* of each server; 0: it does not exist */
static unsigned seed;

static bool is_full(void)
{
	return getenv("CHURN_FULL") != NULL;
}

/* The same sequence each time, so that a failure can be reproduced. */
static unsigned draw(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

static int setup(void **state UNUSED)
{
	seed = 1;
	rig_host_init(&host, "churn");
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static char *path_of(int i)
{
	static char path[128];

	snprintf(path, sizeof(path), CONFIG "/upstreams/u%d/10.0.%d.%d:80", i / SERVERS_AN_UPSTREAM,
		 i >> 8, i & 255);
	return path;
}

static const char *data_of(int weight)
{
	static char data[32];

	snprintf(data, sizeof(data), "weight=%d", weight);
	return data;
}

static void fill(int servers)
{
	rig_zk_create(host.zk, CONFIG "/upstreams", NULL);
	for (int i = 0; i < servers; i++) {
		char upstream[64];

		snprintf(upstream, sizeof(upstream), CONFIG "/upstreams/u%d",
			 i / SERVERS_AN_UPSTREAM);
		if (i % SERVERS_AN_UPSTREAM == 0)
			rig_zk_send_create(host.zk, upstream, "");
		weights[i] = 2;
		rig_zk_send_create(host.zk, path_of(i), data_of(2));
	}
	assert_int_equal(rig_zk_drain(host.zk), 0);
}

/* One random write: set, create or delete; the last server of an upstream is never deleted. */
static void write_one(int servers)
{
	int i = (int)draw((unsigned)servers);

	if (weights[i] && draw(4) == 0 && i % SERVERS_AN_UPSTREAM) {
		weights[i] = 0;
		rig_zk_send_delete(host.zk, path_of(i));
	} else if (weights[i]) {
		weights[i] = 2 + (int)draw(90);
		rig_zk_send_set(host.zk, path_of(i), data_of(weights[i]));
	} else {
		weights[i] = 2 + (int)draw(90);
		rig_zk_send_create(host.zk, path_of(i), data_of(weights[i]));
	}
}

/* Do the live files contain exactly what was written last? */
static bool is_identical(int servers)
{
	const char *at = rig_host_live(&host, "http.conf");
	size_t expected = 0, found = 0;
	char line[96];

	for (const char *s = at; (s = strstr(s, "server 10.")); s++)
		found++;
	for (int i = 0; i < servers; i++) {
		if (!weights[i])
			continue;
		expected++;
		snprintf(line, sizeof(line), "server 10.0.%d.%d:80 weight=%d", i >> 8, i & 255,
			 weights[i]);
		if (!strstr(at, line))
			return false;
	}
	return found == expected;
}

static bool nginx_takes_the_live_files(void)
{
	char *output;
	int rc = rig_run(&output, (char *[]){ "nginx", "-t", "-c", host.nginx.config, "-e",
					      rig_path("t.log"), NULL });

	if (rc != 0)
		print_error("%s\n", output);
	return rc == 0;
}

static void after_the_last_of_many_writes_the_files_are_identical(void **state UNUSED)
{
	int servers = is_full() ? 10000 : 2000, rounds = is_full() ? 10 : 2;

	fill(servers);
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied") && is_identical(servers));
	for (int round = 0; round < rounds; round++) {
		unsigned before = rig_nginx_reloads(&host.nginx), reloads;
		uint64_t start = rig_now();

		for (int i = 0; i < WRITES; i++) {
			uint64_t due = start + (uint64_t)i * 10 * USEC_PER_MSEC;

			write_one(servers);
			while (is_full() && rig_now() < due)
				rig_pause(NULL);
		}
		assert_int_equal(rig_zk_drain(host.zk), 0);
		eventually(NULL, is_identical(servers));
		eventually(NULL, rig_host_is(&host, "applied"));
		assert_true(is_identical(servers));
		reloads = rig_nginx_reloads(&host.nginx) - before;
		print_message("%d writes, identical, %u reloads\n", WRITES, reloads);
		assert_true(reloads < WRITES / 5);
	}
}

/*
 * Sends SIGHUP to the master again and again, like certbot and logrotate. Each reload is over
 * before the pause, however long it takes here: nobody else can reload an nginx that is never idle.
 */
static pid_t start_foreign_reloads(const struct rig_nginx *nginx)
{
	pid_t parent = getpid(), pid = fork();
	struct master m;
	struct err e;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (master_find(nginx->pid_file, "/usr/sbin/nginx", &m, &e) < 0)
		_exit(1);
	while (getppid() == parent && master_send_hup(&m, &e) == 0) {
		while (getppid() == parent && master_activity(&m) > MASTER_IDLE)
			poll(NULL, 0, 1);
		poll(NULL, 0, 30);
	}
	_exit(0);
}

static void a_reload_by_others_never_finds_a_broken_configuration(void **state UNUSED)
{
	int publications = is_full() ? 200 : 30, port = rig_port();
	char json[512], text[32];
	pid_t reloads_by_others;

	rig_host_start(&host);
	reloads_by_others = start_foreign_reloads(&host.nginx);
	for (int i = 0; i < publications; i++) {
		snprintf(text, sizeof(text), "generation %d.", i);
		snprintf(json, sizeof(json),
			 "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",\"return\":"
			 "{\"status\":200,\"text\":\"%s\"}}]}",
			 port, text);
		rig_zk_set(host.zk, CONFIG "/sites/s", json);
		snprintf(json, sizeof(json), "map $remote_addr $m%d { default %d; }\n", i % 2, i);
		rig_zk_set(host.zk, CONFIG "/snippets/stream/m", json);
		eventually(NULL, strstr(rig_host_live(&host, "http.conf"), text));
	}
	rig_stop(reloads_by_others, SIGKILL);
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_null(strstr(rig_read(host.nginx.error_log), "[emerg]"));
	/* while nginx is busy with the reloads of others, old workers still answer */
	eventually(NULL, rig_nginx_says(port, text));
}

static void killed_at_any_instant_it_converges(void **state UNUSED)
{
	int kills = is_full() ? 200 : 20, servers = 500;

	fill(servers);
	rig_host_start(&host);
	for (int k = 0; k < kills; k++) {
		uint64_t until = rig_now() + draw(400) * USEC_PER_MSEC;

		while (rig_now() < until) {
			write_one(servers);
			rig_pause(NULL);
		}
		rig_host_stop_daemon(&host, SIGKILL);
		assert_true(nginx_takes_the_live_files());
		rig_host_start_daemon(&host);
	}
	assert_int_equal(rig_zk_drain(host.zk), 0);
	eventually(NULL, is_identical(servers));
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_null(strstr(rig_read(host.nginx.error_log), "[emerg]"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(after_the_last_of_many_writes_the_files_are_identical),
		TEST(a_reload_by_others_never_finds_a_broken_configuration),
		TEST(killed_at_any_instant_it_converges),
	};

	return cmocka_run_group_tests_name("churn", tests, NULL, NULL);
}
