/*
 * A real nginx for the tests. The master is a child of the test: its own, or one that the test
 * inherits when nginx detaches. It gets SIGTERM when the test dies. Workers orphaned by
 * rig_nginx_kill9() are remembered by pid and ended by rig_nginx_stop().
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_nginx.h"

#define BINARY "/usr/sbin/nginx"
#define STREAM_MODULE "/usr/lib/nginx/modules/ngx_stream_module.so"

/* Another nginx for all tests: RIG_NGINX, and the stream module that belongs to it. */
static const char *binary_of(const struct rig_nginx *n)
{
	return n->binary ?: getenv("RIG_NGINX") ?: BINARY;
}

static const char *stream_module_of(const struct rig_nginx *n)
{
	return n->stream_module ?: getenv("RIG_STREAM_MODULE") ?: STREAM_MODULE;
}

static pid_t orphans[64];
static size_t orphan_count;

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die("mkdir %s: %m", path);
}

void rig_nginx_init(struct rig_nginx *n, const char *name)
{
	*n = (struct rig_nginx){ .include_http = true, .include_stream = true };
	n->root = rig_path("%s", name);
	n->config = rig_path("%s/nginx.conf", name);
	n->pid_file = rig_path("%s/run/nginx.pid", name);
	n->log_directory = rig_path("%s/log", name);
	n->error_log = rig_path("%s/log/error.log", name);
	n->state = rig_path("%s/state", name);
	n->port = rig_port();
	make_directory(n->root);
	make_directory(rig_path("%s/run", name));
	make_directory(rig_path("%s/temp", name));
	make_directory(n->log_directory);
	rig_nginx_configure(n);
}

static void put_temp_paths(struct buf *b, const char *root)
{
	static const char *const kinds[] = { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		buf_printf(b, "\t%s_temp_path %s/temp/%s;\n", kinds[i], root, kinds[i]);
}

void rig_nginx_configure(const struct rig_nginx *n)
{
	struct buf b = BUF_INIT;

	buf_printf(&b,
		   "load_module %s;\n"
		   "user www-data;\n"
		   "daemon %s;\n"
		   "worker_processes 2;\n"
		   "pid %s;\n"
		   "error_log %s notice;\n"
		   "%s\n"
		   "events {\n\tworker_connections %u;\n}\n"
		   "http {\n",
		   stream_module_of(n), n->daemon ? "on" : "off", n->pid_file, n->error_log,
		   n->main_text ? n->main_text : "", n->connections ?: 512);
	if (!n->access_log || *n->access_log)
		buf_printf(&b, "\taccess_log %s;\n", n->access_log ?: "off");
	put_temp_paths(&b, n->root);
	if (n->http_text)
		buf_printf(&b, "%s\n", n->http_text);
	buf_printf(&b,
		   "\tserver {\n\t\tlisten 127.0.0.1:%d;\n"
		   "\t\tlocation / {\n\t\t\treturn 200 \"rig\";\n\t\t}\n\t}\n",
		   n->port);
	if (n->include_http)
		buf_printf(&b, "\tinclude %s/live/http.conf;\n", n->state);
	if (n->http_tail)
		buf_printf(&b, "%s\n", n->http_tail);
	buf_puts(&b, "}\nstream {\n");
	if (n->include_stream)
		buf_printf(&b, "\tinclude %s/live/stream.conf;\n", n->state);
	buf_puts(&b, "}\n");
	/* as editors do it: nobody may read half of it */
	rig_write(rig_path("nginx.conf.new"), "%s", buf_str(&b));
	if (rename(rig_path("nginx.conf.new"), n->config) < 0)
		die("%s: %m", n->config);
	buf_fini(&b);
}

struct nginx_settings rig_nginx_settings(const struct rig_nginx *n)
{
	return (struct nginx_settings){
		.binary = (char *)binary_of(n),
		.config = n->config,
		.pid = n->pid_file,
		.test_timeout = 20 * USEC_PER_SEC,
		.reload_timeout = 30 * USEC_PER_SEC,
		.reload_gap = 10 * USEC_PER_MSEC,
		.sandbox = SANDBOX_AUTO,
		.log_directory = n->log_directory,
	};
}

static void become_nginx(const struct rig_nginx *n, pid_t parent)
{
	char *argv[] = {
		(char *)binary_of(n), (char[]){ "-p" }, n->root, (char[]){ "-c" }, n->config,
		(char[]){ "-e" },     n->error_log,     NULL
	};
	int out = open(n->error_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	sigset_t none;

	/* SIGTERM and not SIGKILL: workers of a killed master would stay */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || out < 0)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

static bool pid_file_names(const struct rig_nginx *n)
{
	char *text = rig_read(n->pid_file);

	return text && strtol(text, NULL, 10) == n->pid;
}

/* The process in the pid file, if it runs and is a child of the test; else 0. The file may be that
 * of an earlier master. */
static pid_t child_in_pid_file(const struct rig_nginx *n)
{
	char *text = rig_read(n->pid_file);
	pid_t pid = text ? (pid_t)strtol(text, NULL, 10) : 0;

	return pid > 1 && waitpid(pid, NULL, WNOHANG) == 0 ? pid : 0;
}

/* The launcher of a detached nginx ends before the master, which the test inherits, has written its
 * pid file. */
static void adopt(struct rig_nginx *n)
{
	int status;

	if (waitpid(n->pid, &status, 0) != n->pid)
		die("waitpid: %m");
	n->pid = 0;
	if (status == 0)
		eventually(NULL, (n->pid = child_in_pid_file(n)) != 0);
}

static bool has_ended(struct rig_nginx *n)
{
	if (n->pid && waitpid(n->pid, NULL, WNOHANG) != 0)
		n->pid = 0;
	return n->pid == 0;
}

void rig_nginx_start(struct rig_nginx *n)
{
	pid_t parent = getpid();
	char *log;

	if (n->daemon)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	n->pid = fork();
	if (n->pid < 0)
		die("fork: %m");
	if (n->pid == 0)
		become_nginx(n, parent);
	if (n->daemon)
		adopt(n);
	eventually(NULL, has_ended(n) || (pid_file_names(n) && rig_nginx_says(n->port, "rig")));
	if (!n->pid) {
		log = rig_read(n->error_log);
		fail_msg("nginx did not start: %s", log ? log : "it said nothing");
	}
}

/* Children of the master, from the kernel's list. */
static size_t children_of(pid_t pid, pid_t *out, size_t room)
{
	char name[64], *text, *end;
	size_t count = 0;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	text = rig_read(name);
	while (text && count < room) {
		long child = strtol(text, &end, 10);

		if (end == text)
			break;
		out[count++] = (pid_t)child;
		text = end;
	}
	return count;
}

/* Is it still the same nginx process, and not a later process with its pid? */
static bool is_nginx(pid_t pid)
{
	char name[64], *title;

	snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)pid);
	title = rig_read(name);
	return title && strncmp(title, "nginx: ", 7) == 0;
}

static void end_orphans(void)
{
	for (size_t i = 0; i < orphan_count; i++) {
		if (is_nginx(orphans[i]))
			kill(orphans[i], SIGKILL);
	}
	for (size_t i = 0; i < orphan_count; i++)
		eventually(NULL, !is_nginx(orphans[i]));
	orphan_count = 0;
}

/* From then on it forks no worker, which nobody would know of. */
static void freeze(pid_t master)
{
	siginfo_t ignored;

	kill(master, SIGSTOP);
	waitid(P_PID, (id_t)master, &ignored, WSTOPPED | WEXITED | WNOWAIT);
}

void rig_nginx_kill9(struct rig_nginx *n)
{
	if (!n->pid)
		return;
	freeze(n->pid);
	orphan_count +=
		children_of(n->pid, orphans + orphan_count, ARRAY_SIZE(orphans) - orphan_count);
	rig_stop(n->pid, SIGKILL);
	n->pid = 0;
}

/* An upgrade may have replaced a detached one: the pid file names the new master. */
static void find_successor(struct rig_nginx *n)
{
	char *text = n->daemon && !n->pid ? rig_read(n->pid_file) : NULL;
	pid_t pid = text ? (pid_t)strtol(text, NULL, 10) : 0;

	if (pid > 1 && is_nginx(pid))
		n->pid = pid;
}

void rig_nginx_stop(struct rig_nginx *n)
{
	find_successor(n);
	if (n->pid) {
		kill(n->pid, SIGCONT);
		rig_stop(n->pid, SIGTERM);
		n->pid = 0;
	}
	end_orphans();
}

void rig_nginx_send_hup(const struct rig_nginx *n)
{
	if (n->pid)
		kill(n->pid, SIGHUP);
}

static struct timeval patience = { .tv_sec = 5 }; /* with an answer */

void rig_nginx_be_patient(void)
{
	patience.tv_sec = RIG_PATIENCE / USEC_PER_SEC;
}

static int dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/*
 * Has the process that listens on `port` accepted this connection and read all of it? The kernel
 * completes a connection before it is accepted: until then its other end has no inode. What it has
 * not delivered yet is not unread there.
 */
static bool is_read(int fd, int port)
{
	struct sockaddr_in own;
	socklen_t size = sizeof(own);
	const char *line;
	unsigned here, there, unread;
	unsigned long inode;
	int undelivered = 0;

	if (ioctl(fd, SIOCOUTQ, &undelivered) < 0 || undelivered)
		return false;
	line = rig_read("/proc/net/tcp");
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
	for (; line; line = strchr(line, '\n'), line += line != NULL) {
		if (sscanf(line, "%*d: %*x:%x %*x:%x %*x %*x:%x %*x:%*x %*x %*u %*u %lu", &here,
			   &there, &unread, &inode) == 4 &&
		    here == (unsigned)port && there == ntohs(own.sin_port))
			return inode && !unread;
	}
	return false;
}

int rig_nginx_hold(int port)
{
	static const char half[] = "GET / HT";
	int fd = dial(port);

	assert_true(fd >= 0);
	assert_int_equal(send(fd, half, strlen(half), MSG_NOSIGNAL), strlen(half));
	eventually(NULL, is_read(fd, port));
	return fd;
}

static struct buf answer; /* the last one, kept for the caller */

const char *rig_nginx_answer(void)
{
	return buf_str(&answer);
}

int rig_nginx_get(int port, const char *path, const char *host, const char **body)
{
	char request[1024], chunk[4096];
	int fd = dial(port), status = 0;
	const char *end;
	ssize_t got;

	buf_clear(&answer);
	if (body)
		*body = "";
	if (fd < 0)
		return 0;
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
		 host ? host : "localhost");
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
		while ((got = recv(fd, chunk, sizeof(chunk), 0)) > 0)
			buf_put(&answer, chunk, (size_t)got);
	}
	close(fd);
	if (sscanf(buf_str(&answer), "HTTP/1.1 %d", &status) != 1)
		status = 0;
	end = strstr(buf_str(&answer), "\r\n\r\n");
	if (body)
		*body = end ? end + 4 : "";
	return status;
}

bool rig_nginx_says(int port, const char *text)
{
	const char *body;

	return rig_nginx_get(port, "/", NULL, &body) == 200 && strcmp(body, text) == 0;
}

unsigned rig_nginx_reloads(const struct rig_nginx *n)
{
	char mark[64], *log = rig_read(n->error_log);
	unsigned count = 0;

	snprintf(mark, sizeof(mark), "%d#%d: reconfiguring", (int)n->pid, (int)n->pid);
	while (log && (log = strstr(log, mark))) {
		count++;
		log += strlen(mark);
	}
	return count;
}
