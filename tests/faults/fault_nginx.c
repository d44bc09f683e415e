/* Faults of nginx: G1 … G19. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "ground.h"

static bool has_alert(struct ground *g, const char *key)
{
	return rig_host_has_alert(&g->host, key);
}

static bool is_reported(struct ground *g, const char *state)
{
	return strcmp(rig_host_status_text(&g->host, "nginx.state"), state) == 0;
}

static void nginx_refuses_a_directive(struct ground *g)
{
	unsigned long tests;

	fault(g);
	rig_zk_set(g->host.zk, FAULT_CONFIG "/snippets/http/bad",
		   "limit_req_zone $uri zone=z:10m rate=fast;\n");
	detects(g, rig_host_has_problem(&g->host, FAULT_CONFIG "/snippets/http/bad", "nginx",
					"absent", "fast"));
	tests = (unsigned long)rig_host_status_number(&g->host, "deployments.tests");
	lasts(g, 3 * USEC_PER_SEC);
	assert_int_equal(rig_host_status_number(&g->host, "deployments.tests"), tests);
	assert_int_equal(ground_reloads(g), 0);
	ground_edit(g);
	eventually(NULL, ground_serves(g)); /* the others go on */
	rig_zk_delete(g->host.zk, FAULT_CONFIG "/snippets/http/bad");
	heals(g);
	recovers_with_an_edit(g);
}

static int listen_on(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void set_site_on(struct ground *g, int port)
{
	char json[256];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",\"return\":"
		 "{\"status\":200,\"text\":\"other\"}}]}",
		 port);
	rig_zk_set(g->host.zk, FAULT_CONFIG "/sites/other", json);
}

static void the_reload_fails(struct ground *g)
{
	int port = rig_port(), fd = listen_on(port);

	invariants_allow_emerg(g->invariants);
	fault(g);
	set_site_on(g, port);
	detects(g, rig_host_status_number(&g->host, "deployments.rolled_back") > 0);
	eventually(NULL, rig_host_has_problem(&g->host, FAULT_CONFIG "/sites/other", "reload",
					      "absent", "bind()"));
	eventually(NULL, rig_host_is(&g->host, "degraded"));
	assert_null(strstr(rig_host_live(&g->host, "http.conf"), "other"));
	close(fd);
	heals(g);
	recovers(g, rig_nginx_says(port, "other"));
	recovers_with_an_edit(g);
}

static void nginx_does_not_run(struct ground *g)
{
	fault(g);
	rig_nginx_stop(&g->host.nginx);
	detects(g, is_reported(g, "down") && has_alert(g, "nginx-down"));
	rig_write(g->host.nginx.pid_file, "%s", ""); /* as nginx -t leaves it */
	ground_edit(g);
	eventually(NULL, rig_host_live(&g->host, "http.conf") &&
				 strstr(rig_host_live(&g->host, "http.conf"), "v2."));
	rig_nginx_start(&g->host.nginx);
	heals(g);
	recovers(g, rig_host_is(&g->host, "applied"));
	assert_true(ground_serves(g));
	g->reloads = rig_nginx_reloads(&g->host.nginx);
	recovers_with_an_edit(g);
}

static void the_pid_file_names_another_process(struct ground *g)
{
	pid_t pid = g->host.nginx.pid, other;

	other = rig_start(NULL, (char *[]){ "sleep", "1000", NULL });
	fault(g);
	rig_write(g->host.nginx.pid_file, "%d\n", (int)other);
	detects(g, !is_reported(g, "running"));
	ground_edit(g);
	lasts(g, 3 * USEC_PER_SEC);
	assert_int_equal(kill(other, 0), 0);
	assert_int_equal(ground_reloads(g), 0);
	rig_write(g->host.nginx.pid_file, "%d\n", (int)pid);
	heals(g);
	recovers(g, ground_serves(g));
	rig_stop(other, SIGKILL);
	recovers_with_an_edit(g);
}

static void the_master_is_stopped(struct ground *g)
{
	fault(g);
	kill(g->host.nginx.pid, SIGSTOP);
	ground_edit(g);
	detects(g, has_alert(g, "nginx-unresponsive"));
	lasts(g, 3 * USEC_PER_SEC);
	kill(g->host.nginx.pid, SIGCONT);
	heals(g);
	recovers(g, ground_serves(g));
	assert_true(ground_reloads(g) <= 2);
	recovers_with_an_edit(g);
}

static void the_master_is_killed_during_a_reload(struct ground *g)
{
	fault(g);
	ground_edit(g);
	eventually(NULL, strstr(rig_host_live(&g->host, "http.conf"), "v2."));
	rig_nginx_kill9(&g->host.nginx);
	detects(g, is_reported(g, "down"));
	assert_string_not_equal(rig_host_status_text(&g->host, "state"), "applied");
	rig_nginx_stop(&g->host.nginx);
	rig_nginx_start(&g->host.nginx);
	heals(g);
	recovers(g, rig_host_is(&g->host, "applied"));
	g->reloads = rig_nginx_reloads(&g->host.nginx);
	assert_true(ground_serves(g));
	recovers_with_an_edit(g);
}

static bool is_upgrading(struct ground *g)
{
	char path[300];

	snprintf(path, sizeof(path), "%s.oldbin", g->host.nginx.pid_file);
	return access(path, F_OK) == 0 && rig_read(g->host.nginx.pid_file);
}

static pid_t pid_in_file(struct ground *g)
{
	const char *text = rig_read(g->host.nginx.pid_file);

	return text ? (pid_t)strtol(text, NULL, 10) : 0;
}

static void the_binary_is_upgraded(struct ground *g)
{
	pid_t old;

	g->host.nginx.daemon = true;
	rig_nginx_configure(&g->host.nginx);
	ground_start(g);
	old = g->host.nginx.pid;
	fault(g);
	kill(old, SIGUSR2);
	eventually(NULL, is_upgrading(g) && pid_in_file(g) != old);
	ground_edit(g);
	lasts(g, 2 * USEC_PER_SEC);
	assert_int_equal(ground_reloads(g), 0);
	assert_false(ground_serves(g));
	rig_stop(old, SIGQUIT);
	g->host.nginx.pid = 0;
	eventually(NULL, !is_upgrading(g));
	g->host.nginx.pid = pid_in_file(g);
	heals(g);
	recovers(g, ground_serves(g));
	g->reloads = rig_nginx_reloads(&g->host.nginx);
	recovers_with_an_edit(g);
}

static const char *fifo;

/* A file of the administrator's that never ends; the live configuration does not have it. */
static void nginx_t_hangs(struct ground *g)
{
	static char text[300];

	fifo = rig_path("hangs.conf");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	snprintf(text, sizeof(text), "include %s;", fifo);
	g->host.nginx.http_text = text;
	fault(g);
	rig_nginx_configure(&g->host.nginx);
	ground_edit(g);
	detects(g, has_alert(g, "nginx-test-fails"));
	assert_int_equal(rig_host_problem_count(&g->host), 0);
	assert_int_equal(ground_reloads(g), 0);
	unlink(fifo);
	g->host.nginx.http_text = NULL;
	rig_nginx_configure(&g->host.nginx);
	heals(g);
	recovers(g, ground_serves(g));
	recovers_with_an_edit(g);
}

/* Each has a worker that cannot end. */
static void reloads_with_open_connections(struct ground *g)
{
	int held[10];
	unsigned edits = 0;

	fault(g);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		held[i] = rig_nginx_hold(g->port);
		ground_edit(g);
		edits++;
		lasts(g, 500 * USEC_PER_MSEC);
	}
	notes(g, "%u edits, %u reloads, %ld old workers; ", edits, ground_reloads(g),
	      rig_host_status_number(&g->host, "nginx.old_workers"));
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		close(held[i]);
	heals(g);
	recovers(g, ground_serves(g));
	recovers_with_an_edit(g);
}

static void others_reload_all_the_time(struct ground *g)
{
	pid_t master = g->host.nginx.pid, parent = getpid(), other = fork();
	unsigned edits = 0;

	if (other == 0) {
		while (getppid() == parent && kill(master, SIGHUP) == 0)
			poll(NULL, 0, 60);
		_exit(0);
	}
	fault(g);
	for (; edits < 20; edits++) {
		ground_edit(g);
		eventually(NULL, ground_serves(g));
	}
	rig_stop(other, SIGKILL);
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "%u edits; ", edits);
}

static void the_include_line_is_gone(struct ground *g)
{
	fault(g);
	g->host.nginx.include_http = false;
	rig_nginx_configure(&g->host.nginx);
	ground_edit(g);
	detects(g, has_alert(g, "nginx-not-included"));
	assert_false(rig_host_is(&g->host, "applied"));
	g->host.nginx.include_http = true;
	rig_nginx_configure(&g->host.nginx);
	heals(g);
	recovers(g, ground_serves(g));
	recovers_with_an_edit(g);
}

static bool socket_answers(const char *path)
{
	char *argv[] = { "curl",          "-s",         "--max-time", "5",
			 "--unix-socket", (char *)path, "http://x/",  NULL };
	char *output = NULL;

	return rig_run(&output, argv) == 0 && strcmp(output, "socket") == 0;
}

static void a_unix_socket_is_live_while_others_are_tested(struct ground *g)
{
	static char text[400];
	const char *path = rig_path("live.sock");

	snprintf(text, sizeof(text), "server { listen unix:%s; return 200 socket; }", path);
	g->host.nginx.http_text = text;
	rig_nginx_configure(&g->host.nginx);
	rig_nginx_send_hup(&g->host.nginx);
	eventually(NULL, socket_answers(path));
	fault(g);
	for (int i = 0; i < 10; i++) {
		ground_edit(g);
		assert_true(socket_answers(path));
		eventually(NULL, ground_serves(g));
		assert_true(socket_answers(path));
	}
	heals(g);
	recovers_with_an_edit(g);
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("G1", "nginx -t refuses a directive", nginx_refuses_a_directive),
		FAULT_CASE("G2", "nginx -t passes and the reload fails", the_reload_fails),
		FAULT_CASE("G3", "nginx does not run, its pid file is empty", nginx_does_not_run,
			   .stops_nginx = true),
		FAULT_CASE("G4", "the pid file names another process",
			   the_pid_file_names_another_process),
		FAULT_CASE("G5", "the master is stopped", the_master_is_stopped,
			   .nginx_settings = "reload_timeout = \"2s\";"),
		FAULT_CASE("G6", "the master is killed during a reload",
			   the_master_is_killed_during_a_reload, .stops_nginx = true),
		FAULT_CASE("G7", "the binary is upgraded (USR2)", the_binary_is_upgraded,
			   .prepare_only = true),
		FAULT_CASE("G8", "nginx -t hangs", nginx_t_hangs,
			   .nginx_settings = "test_timeout = \"1s\";"),
		FAULT_CASE("G13", "10 reloads, each with an open connection",
			   reloads_with_open_connections),
		FAULT_CASE("G15", "others reload all the time", others_reload_all_the_time),
		FAULT_CASE("G18", "the include line is gone", the_include_line_is_gone),
		FAULT_CASE("G19", "a live unix socket while others are tested",
			   a_unix_socket_is_live_while_others_are_tested),
	};
	return fault_run(cases, ARRAY_SIZE(cases));
}
