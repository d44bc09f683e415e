/*
 * A storm: 1,000 changes of servers in ten seconds among 10,000, while clients send requests as
 * fast as they can (wrk). The same without a reload, and with one (nginx.servers = "reload").
 * Each tenth change is one of the upstream that the clients' requests go to: its two servers take
 * turns. Printed is what wrk says, and what the changes cost. Usage: bench_storm [N [SECONDS]]
 */
#include "../integration/rig.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "module_host.h"

#define CHANGES 1000
#define CONNECTIONS "32"

static struct master master = { .pidfd = -1 };
static int servers = 10000, seconds = 10;

static void change(int i)
{
	char data[32];

	if (i % 10 == 0) {
		rig_zk_send_set(module_host.zk, module_host_probed(1), i % 20 ? "" : "down");
		return;
	}
	snprintf(data, sizeof(data), "weight=%d", 2 + i % 90);
	rig_zk_send_set(module_host.zk, module_host_server(i * 7919 % servers), data);
}

static void make_changes(void)
{
	uint64_t start = rig_now(), gap = (uint64_t)seconds * 1000000 / CHANGES;

	for (int i = 0; i < CHANGES; i++) {
		uint64_t due = start + gap * (uint64_t)i, now = rig_now();

		if (due > now)
			ppoll(NULL, 0,
			      &(struct timespec){ .tv_sec = (time_t)((due - now) / 1000000),
						  .tv_nsec = (long)((due - now) % 1000000) * 1000 },
			      NULL);
		change(i);
	}
	if (rig_zk_drain(module_host.zk))
		die("the changes could not be written");
}

/* The line of wrk's report with these words; "" where it has none. */
static const char *line_of(const char *report, const char *words)
{
	const char *at = strstr(report, words);

	while (at && at > report && at[-1] != '\n')
		at--;
	at += at ? strspn(at, " ") : 0;
	return at ? rig_text("%.*s", (int)strcspn(at, "\n"), at) : "";
}

/* The last word of that line: "50%    1.23ms". */
static const char *figure(const char *report, const char *words)
{
	const char *line = line_of(report, words), *space = strrchr(line, ' ');

	return space ? space + 1 : line;
}

/* "Latency  1.20ms  2.30ms  50.33ms  95.00%": mean, deviation, the most. */
static const char *most(const char *report)
{
	static char text[32];

	text[0] = '\0';
	sscanf(line_of(report, "Latency  "), "Latency %*s %*s %31s", text);
	return text;
}

static void await_quiet(void)
{
	eventually(NULL,
		   rig_host_is(&module_host, "applied") &&
			   strcmp(rig_host_status_text(&module_host, "revision.seen"),
				  rig_host_status_text(&module_host, "revision.applied")) == 0);
	sleep(3);
}

static void print(const char *name, const char *report, double daemon, double workers,
		  unsigned reloads, long updates)
{
	const char *failed = line_of(report, "Socket errors"), *bad = line_of(report, "Non-2xx");

	printf("%-6s | %8s %8s %8s %8s | %10s | %7.2f %8.2f | %7u %7ld | %s%s%s\n", name,
	       figure(report, " 50% "), figure(report, " 90% "), figure(report, " 99% "),
	       most(report), figure(report, "Requests/sec"), daemon / CHANGES, workers / CHANGES,
	       reloads, updates, *failed ? failed : "none", *bad ? "; " : "", bad);
	fflush(stdout);
}

static void storm(const char *name, bool changes)
{
	char *url = rig_text("http://127.0.0.1:%d/", module_host_site);
	char *argv[] = { "wrk",
			 "-t1",
			 "-c" CONNECTIONS,
			 rig_text("-d%ds", seconds + 2),
			 "--latency",
			 "--timeout",
			 "30s",
			 url,
			 NULL };
	char *out = rig_path("wrk.%s", name);
	unsigned reloads = rig_nginx_reloads(&module_host.nginx);
	long updates = rig_host_status_number(&module_host, "nginx.updates");
	double daemon = module_host_cpu(module_host.daemon);
	double workers = module_host_cpu_of_workers(&master);
	pid_t wrk = rig_start(out, argv);
	int status;

	sleep(1);
	if (changes)
		make_changes();
	else
		sleep((unsigned)seconds);
	if (waitpid(wrk, &status, 0) != wrk || status)
		die("wrk failed: %s", rig_read(out));
	await_quiet();
	print(name, rig_read(out), module_host_cpu(module_host.daemon) - daemon,
	      module_host_cpu_of_workers(&master) - workers,
	      rig_nginx_reloads(&module_host.nginx) - reloads,
	      rig_host_status_number(&module_host, "nginx.updates") - updates);
}

int main(int argc, char **argv)
{
	struct err e;

	if (argc > 1)
		servers = atoi(argv[1]);
	if (argc > 2)
		seconds = atoi(argv[2]);
	module_host_start(servers);
	if (master_find(module_host.nginx.pid_file, "/usr/sbin/nginx", &master, &e) < 0)
		die("%s", e.text);
	printf("%d changes of servers in %d s among %d servers, " CONNECTIONS
	       " connections of wrk. CPU in ms a change.\n"
	       "       |         latency: 50%%, 90%%, 99%%, most    | requests/s |  daemon  "
	       "workers | "
	       "reloads updates | failed requests\n",
	       CHANGES, seconds, servers);
	await_quiet();
	storm("none", false);
	storm("module", true);
	module_host_use_reload();
	await_quiet();
	storm("reload", true);
	master_fini(&master);
	rig_host_fini(&module_host);
	rig_clean();
	return 0;
}
