/*
 * The forwarder: one poll loop in a child process. SIGSTOP makes it a black hole; killing it cuts
 * the connections. A side that closes, or a write that would block for long, ends the pair. Packets
 * are lost in the kernel: a socket filter drops them before TCP sees them, and SIGUSR1 says that
 * the filters change.
 */
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_proxy.h"

#define MAX_PAIRS 64

#define TICK (50 * USEC_PER_MSEC)

/* In percent, of what arrives from each side; shared with the child. */
struct loss {
	unsigned clients, server;
};

struct rig_proxy {
	struct loss *loss;
	pid_t pid; /* 0: cut */
	int port, target;
	size_t rate; /* bytes a second towards the client; 0: as fast as they come */
};

struct pairs {
	struct pollfd fds[1 + 2 * MAX_PAIRS]; /* the listener; then side and other side in turn */
	size_t count;
};

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int listen_on(int port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 16) < 0)
		die("proxy on port %d: %m", port);
	return fd;
}

/* Of the packets that this socket is sent. */
static void lose(int fd, unsigned percent)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 100),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, percent, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		die("SO_ATTACH_FILTER: %m");
}

static volatile sig_atomic_t loss_changes;

static void on_loss(int signal UNUSED)
{
	loss_changes = 1;
}

static void lose_of_all(const struct pairs *p, const struct loss *loss)
{
	loss_changes = 0;
	for (size_t i = 1; i < p->count; i++)
		lose(p->fds[i].fd, i % 2 ? loss->clients : loss->server);
}

static void add_pair(struct pairs *p, int target)
{
	struct sockaddr_in a = loopback(target);
	int near = accept(p->fds[0].fd, NULL, NULL);
	int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (near < 0 || far < 0 || p->count + 2 > ARRAY_SIZE(p->fds) ||
	    connect(far, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(near);
		close(far);
		return;
	}
	p->fds[p->count++] = (struct pollfd){ .fd = near, .events = POLLIN };
	p->fds[p->count++] = (struct pollfd){ .fd = far, .events = POLLIN };
}

static void remove_pair(struct pairs *p, size_t i)
{
	size_t first = 1 + (i - 1) / 2 * 2;

	close(p->fds[first].fd);
	close(p->fds[first + 1].fd);
	p->count -= 2;
	p->fds[first] = p->fds[p->count];
	p->fds[first + 1] = p->fds[p->count + 1];
}

/* False: the pair is over. */
static bool forward(int from, int to, size_t most)
{
	char chunk[65536];
	ssize_t got = read(from, chunk, most && most < sizeof(chunk) ? most : sizeof(chunk));

	for (ssize_t put = 0, n; put < got; put += n) {
		n = send(to, chunk + put, (size_t)(got - put), MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return got > 0;
}

/* On a slow link the servers' sides are looked at once in a tick. Returns how long to wait. */
static int wait_for_tick(struct pairs *p, size_t rate, uint64_t *due)
{
	uint64_t now = rig_now();
	bool open = now >= *due;

	if (!rate)
		return -1;
	if (open)
		*due = now + TICK;
	for (size_t i = 2; i < p->count; i += 2)
		p->fds[i].events = open ? POLLIN : 0;
	return (int)((*due - now) / 1000) + 1;
}

static void serve(int listener, int target, size_t rate, const struct loss *loss)
	__attribute__((noreturn));
static void serve(int listener, int target, size_t rate, const struct loss *loss)
{
	static struct pairs p;
	size_t most = (size_t)(rate * TICK / USEC_PER_SEC);
	uint64_t due = 0;

	p.fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	p.count = 1;
	for (;;) {
		if (loss_changes)
			lose_of_all(&p, loss);
		if (poll(p.fds, p.count, wait_for_tick(&p, rate, &due)) < 0)
			continue;
		for (size_t i = p.count - 1; i > 0; i--) {
			size_t other = 1 + ((i - 1) ^ 1);
			bool ready = i < p.count && p.fds[i].revents;

			p.fds[i].revents =
				0; /* a pair may move down to here and be visited again */
			if (ready && !forward(p.fds[i].fd, p.fds[other].fd, i % 2 == 0 ? most : 0))
				remove_pair(&p, i);
		}
		if (p.fds[0].revents) {
			add_pair(&p, target);
			loss_changes = 1;
		}
	}
}

void rig_proxy_restore(struct rig_proxy *p)
{
	int listener = listen_on(p->port);
	pid_t parent = getpid();

	p->pid = fork();
	if (p->pid < 0)
		die("fork: %m");
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		/* this child must not keep the test's sockets open */
		dup2(listener, 3);
		close_range(4, ~0U, 0);
		sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_loss }, NULL);
		serve(3, p->target, p->rate, p->loss);
	}
	close(listener);
}

void rig_proxy_cut(struct rig_proxy *p)
{
	if (p->pid)
		rig_stop(p->pid, SIGKILL);
	p->pid = 0;
}

struct rig_proxy *rig_proxy_start(int target)
{
	return rig_proxy_start_on(rig_port(), target);
}

static struct rig_proxy *start(int port, int target, size_t rate)
{
	struct rig_proxy *p = xcalloc(1, sizeof(*p));

	p->port = port;
	p->target = target;
	p->rate = rate;
	p->loss = mmap(NULL, sizeof(*p->loss), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (p->loss == MAP_FAILED)
		die("mmap: %m");
	rig_proxy_restore(p);
	return p;
}

struct rig_proxy *rig_proxy_start_slow(int target, size_t rate)
{
	return start(rig_port(), target, rate);
}

struct rig_proxy *rig_proxy_start_on(int port, int target)
{
	return start(port, target, 0);
}

void rig_proxy_lose(struct rig_proxy *p, unsigned of_clients, unsigned of_server)
{
	*p->loss = (struct loss){ of_clients, of_server };
	if (p->pid)
		kill(p->pid, SIGUSR1);
}

void rig_proxy_stop(struct rig_proxy *p)
{
	if (!p)
		return;
	rig_proxy_cut(p);
	munmap(p->loss, sizeof(*p->loss));
	free(p);
}

int rig_proxy_port(const struct rig_proxy *p)
{
	return p->port;
}

void rig_proxy_freeze(struct rig_proxy *p)
{
	rig_freeze(p->pid);
}

void rig_proxy_thaw(struct rig_proxy *p)
{
	assert_int_equal(kill(p->pid, SIGCONT), 0);
}
