/*
 * The ZooKeeper server as a child process. It does not sync its log to the disk, so that tests are
 * quick: killing a process loses nothing of the page cache.
 */
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_zookeeper.h"

#define MAX_JVM_ARGUMENTS 16
#define ZOOKEEPER_JAR "/usr/share/java/zookeeper.jar"

struct rig_zookeeper {
	pid_t pid; /* 0: down */
	int port, id;
	char *hosts, *config, *log, *heap, *class_path;
	char *jvm[MAX_JVM_ARGUMENTS + 1];
};

static void launch(struct rig_zookeeper *z)
{
	static char *const fixed[] = {
		"-XX:+UseSerialGC",         "-XX:TieredStopAtLevel=1",       "-XX:-UsePerfData",
		"-Dzookeeper.forceSync=no", "-Dzookeeper.preAllocSize=4096", "-cp",
	};
	char *argv[MAX_JVM_ARGUMENTS + ARRAY_SIZE(fixed) + 7];
	char archive[PATH_MAX];
	size_t n = 0;

	argv[n++] = "java";
	argv[n++] = z->heap;
	if (getenv("CLASS_ARCHIVE")) { /* see the Makefile */
		snprintf(archive, sizeof(archive), "-XX:SharedArchiveFile=%s",
			 getenv("CLASS_ARCHIVE"));
		argv[n++] = archive;
	}
	for (size_t i = 0; z->jvm[i]; i++)
		argv[n++] = z->jvm[i];
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		argv[n++] = fixed[i];
	argv[n++] = z->class_path;
	argv[n++] = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
	argv[n++] = z->config;
	argv[n] = NULL;
	z->pid = rig_start(z->log, argv);
	if (!z->id)
		rig_zookeeper_await(z);
}

void rig_zookeeper_await(const struct rig_zookeeper *z)
{
	eventually(NULL, strstr(rig_zookeeper_ask(z, "srvr"), "Mode:"));
}

static void configure(struct rig_zookeeper *z, const char *settings)
{
	char *data = rig_path("zookeeper-%d", z->port);

	if (mkdir(data, 0755) < 0)
		die("mkdir %s: %m", data);
	if (z->id)
		rig_write(rig_path("zookeeper-%d/myid", z->port), "%d\n", z->id);
	z->config = rig_path("zookeeper-%d.cfg", z->port);
	z->log = rig_path("zookeeper-%d.log", z->port);
	rig_write(z->config,
		  "dataDir=%s\n"
		  "clientPort=%d\n"
		  "clientPortAddress=127.0.0.1\n"
		  "tickTime=1000\n"
		  "maxClientCnxns=0\n"
		  "admin.enableServer=false\n"
		  "4lw.commands.whitelist=*\n"
		  "%s\n",
		  data, z->port, settings ? settings : "");
}

struct rig_zookeeper *rig_zookeeper_start(const struct rig_zookeeper_options *options)
{
	static const struct rig_zookeeper_options none;
	const struct rig_zookeeper_options *o = options ? options : &none;
	struct rig_zookeeper *z = xcalloc(1, sizeof(*z));

	z->port = o->port ? o->port : rig_port();
	z->id = o->id;
	z->hosts = xasprintf("127.0.0.1:%d", z->port);
	z->heap = xstrdup(o->heap ? o->heap : "-Xmx256m");
	z->class_path =
		xasprintf("%s%s%s", ZOOKEEPER_JAR, o->class_path ? ":" : "", o->class_path ?: "");
	for (size_t i = 0; o->jvm && o->jvm[i]; i++) {
		assert_true(i < MAX_JVM_ARGUMENTS);
		z->jvm[i] = xstrdup(o->jvm[i]);
	}
	configure(z, o->settings);
	launch(z);
	return z;
}

void rig_zookeeper_kill(struct rig_zookeeper *z)
{
	if (z->pid)
		rig_stop(z->pid, SIGKILL);
	z->pid = 0;
}

void rig_zookeeper_restart(struct rig_zookeeper *z)
{
	rig_zookeeper_kill(z);
	launch(z);
}

void rig_zookeeper_wipe(struct rig_zookeeper *z)
{
	char *data = rig_path("zookeeper-%d", z->port);

	assert_int_equal(z->pid, 0);
	assert_int_equal(rig_run(NULL, (char *[]){ "rm", "-rf", data, NULL }), 0);
	assert_int_equal(mkdir(data, 0755), 0);
}

static void replace_directory(const char *from, const char *to)
{
	assert_int_equal(rig_run(NULL, (char *[]){ "rm", "-rf", (char *)to, NULL }), 0);
	assert_int_equal(rig_run(NULL, (char *[]){ "cp", "-a", (char *)from, (char *)to, NULL }),
			 0);
}

void rig_zookeeper_copy(struct rig_zookeeper *z, const char *name)
{
	replace_directory(rig_path("zookeeper-%d", z->port), rig_path("copy-%d-%s", z->port, name));
}

void rig_zookeeper_restore(struct rig_zookeeper *z, const char *name)
{
	rig_zookeeper_kill(z);
	replace_directory(rig_path("copy-%d-%s", z->port, name), rig_path("zookeeper-%d", z->port));
}

void rig_zookeeper_pause(struct rig_zookeeper *z)
{
	rig_freeze(z->pid);
}

void rig_zookeeper_resume(struct rig_zookeeper *z)
{
	assert_int_equal(kill(z->pid, SIGCONT), 0);
}

void rig_zookeeper_stop(struct rig_zookeeper *z)
{
	if (!z)
		return;
	rig_zookeeper_kill(z);
	for (size_t i = 0; z->jvm[i]; i++)
		free(z->jvm[i]);
	free(z->heap);
	free(z->class_path);
	free(z->hosts);
	free(z);
}

int rig_zookeeper_port(const struct rig_zookeeper *z)
{
	return z->port;
}

pid_t rig_zookeeper_pid(const struct rig_zookeeper *z)
{
	return z->pid;
}

const char *rig_zookeeper_hosts(const struct rig_zookeeper *z)
{
	return z->hosts;
}

const char *rig_zookeeper_ask(const struct rig_zookeeper *z, const char *word)
{
	static char answer[65536];
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)z->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t used = 0;
	ssize_t got;

	answer[0] = '\0';
	if (fd < 0)
		return answer;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    send(fd, word, strlen(word), MSG_NOSIGNAL) == (ssize_t)strlen(word)) {
		while ((got = read(fd, answer + used, sizeof(answer) - 1 - used)) > 0)
			used += (size_t)got;
	}
	close(fd);
	answer[used] = '\0';
	return answer;
}

bool rig_zookeeper_serves(const struct rig_zookeeper *z, int64_t session)
{
	const char *all = rig_zookeeper_ask(z, "cons");
	char text[32];

	snprintf(text, sizeof(text), "sid=0x%llx", (unsigned long long)session);
	return !*all || strstr(all, text);
}
