/* Processes, ports, files and waiting for the integration tests. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig.h"

static struct arena *memory;
static char *directory;

/* RIG_FILTER=PATTERN runs the matching tests alone. */
__attribute__((constructor)) static void set_filter(void)
{
	if (getenv("RIG_FILTER"))
		cmocka_set_test_filter(getenv("RIG_FILTER"));
}

static struct arena *rig_arena(void)
{
	if (!memory)
		memory = arena_new();
	return memory;
}

const char *rig_directory(void)
{
	if (directory)
		return directory;
	directory = arena_strdup(rig_arena(), "/tmp/zknginx-test-XXXXXX");
	if (!mkdtemp(directory))
		die("mkdtemp: %m");
	/* nginx workers and the sandboxed nginx -t run as other users */
	if (chmod(directory, 0755) < 0)
		die("chmod %s: %m", directory);
	return directory;
}

char *rig_path(const char *fmt, ...)
{
	char name[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	return arena_printf(rig_arena(), "%s/%s", rig_directory(), name);
}

char *rig_text(const char *fmt, ...)
{
	va_list args;
	char *text, *kept;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		die("vasprintf: %m");
	va_end(args);
	kept = arena_strdup(rig_arena(), text);
	free(text);
	return kept;
}

static int remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED,
		      struct FTW *ftw UNUSED)
{
	return remove(path);
}

void rig_clean(void)
{
	if (directory && !getenv("RIG_KEEP"))
		nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	directory = NULL;
	arena_free(memory);
	memory = NULL;
}

static bool is_free(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool free = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	if (fd >= 0)
		close(fd);
	return free;
}

/* Below the ephemeral ports (32768 and up): any connection could take one of those before the
 * server binds it. */
static int random_port(void)
{
	uint16_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		die("getrandom: %m");
	return 10000 + r % 22000;
}

int rig_port(void)
{
	static int given[1024];
	static size_t count;

	for (int tries = 0; tries < 10000; tries++) {
		int port = random_port();
		bool fresh = true;

		for (size_t i = 0; i < count; i++)
			fresh = fresh && given[i] != port;
		if (!fresh || !is_free(port))
			continue;
		if (count == ARRAY_SIZE(given))
			die("rig_port: too many ports");
		return given[count++] = port;
	}
	die("rig_port: no free port");
}

void rig_write(const char *path, const char *fmt, ...)
{
	va_list args;
	FILE *f = fopen(path, "we");

	if (!f)
		die("%s: %m", path);
	va_start(args, fmt);
	vfprintf(f, fmt, args);
	va_end(args);
	if (fclose(f) != 0)
		die("%s: %m", path);
}

static bool slurp(int fd, struct buf *out)
{
	char chunk[16384];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		buf_put(out, chunk, (size_t)got);
	}
	return true;
}

char *rig_read(const char *path)
{
	struct buf b = BUF_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *copy = NULL;

	if (fd >= 0 && slurp(fd, &b))
		copy = arena_copy(rig_arena(), buf_str(&b), b.size);
	if (fd >= 0)
		close(fd);
	buf_fini(&b);
	return copy;
}

static pid_t spawn(int out, char *const argv[])
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork: %m");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

pid_t rig_start(const char *log, char *const argv[])
{
	int out = open(log ? log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	pid_t pid;

	if (out < 0)
		die("%s: %m", log);
	pid = spawn(out, argv);
	close(out);
	return pid;
}

int rig_stop(pid_t pid, int signal)
{
	int status = -1;

	kill(pid, signal);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void rig_freeze(pid_t pid)
{
	siginfo_t info = { 0 };

	assert_int_equal(kill(pid, SIGSTOP), 0);
	while (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	assert_int_equal(info.si_code, CLD_STOPPED);
}

int rig_run(char **output, char *const argv[])
{
	int ends[2], status = -1;
	struct buf b = BUF_INIT;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe: %m");
	pid = spawn(ends[1], argv);
	close(ends[1]);
	slurp(ends[0], &b);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (output)
		*output = arena_copy(rig_arena(), buf_str(&b), b.size);
	buf_fini(&b);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

uint64_t rig_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

void rig_pause(sd_event *loop)
{
	if (loop) {
		if (sd_event_run(loop, 2 * USEC_PER_MSEC) < 0)
			die("sd_event_run failed");
		return;
	}
	poll(NULL, 0, 10);
}

void rig_turns(sd_event *loop, unsigned turns)
{
	while (turns--)
		rig_pause(loop);
}

void rig_wait(sd_event *loop, uint64_t usec)
{
	for (uint64_t end = rig_now() + usec; rig_now() < end;)
		rig_pause(loop);
}

bool rig_accepts(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}
