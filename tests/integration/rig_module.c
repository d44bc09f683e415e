/* See rig_module.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_module.h"

const char *rig_module_file(const char *name)
{
	static char paths[2][512]; /* so that two can be had */
	static unsigned turn;
	const char *directory = getenv("ZKNGINX_MODULES");
	char *path = paths[turn++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory ?: ".", name);
	if (!directory || access(path, R_OK) != 0) {
		print_message("skipped: %s is not built (it needs the package nginx-dev)\n", name);
		skip();
	}
	return path;
}

/* --- the socket ------------------------------------------------------------------------------ */

void rig_module_listen(struct rig_module *m, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*m = (struct rig_module){ .path = rig_path("%s", name) };
	for (size_t i = 0; i < RIG_MODULE_WORKERS; i++)
		m->workers[i].fd = -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", m->path);
	m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (m->listener < 0 ||
	    bind(m->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(m->path, 0666) < 0 || listen(m->listener, 64) < 0)
		die("%s: %m", m->path);
	setenv("ZKNGINX_MODULE_SOCKET", m->path, 1);
}

static void hang_up_worker(struct rig_worker *w)
{
	if (w->fd >= 0)
		close(w->fd);
	for (size_t i = 0; i < w->upstream_count; i++)
		free((char *)w->upstreams[i].name.data);
	free(w->in);
	*w = (struct rig_worker){ .fd = -1 };
}

void rig_module_leave(struct rig_module *m)
{
	for (size_t i = 0; i < RIG_MODULE_WORKERS; i++)
		hang_up_worker(&m->workers[i]);
	close(m->listener);
}

void rig_module_close(struct rig_module *m)
{
	rig_module_leave(m);
	unlink(m->path);
}

static void accept_workers(struct rig_module *m)
{
	int fd;

	while ((fd = accept4(m->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		size_t i = 0;

		while (i < RIG_MODULE_WORKERS && m->workers[i].fd >= 0)
			i++;
		assert_true(i < RIG_MODULE_WORKERS);
		m->workers[i].fd = fd;
	}
}

/* Everything that has come. A worker that left is forgotten. */
static void read_worker(struct rig_module *m, struct rig_worker *w)
{
	for (;;) {
		ssize_t n;

		if (w->room - w->filled < 65536) {
			w->room += 1 << 20;
			w->in = realloc(w->in, w->room);
			assert_non_null(w->in);
		}
		n = recv(w->fd, w->in + w->filled, w->room - w->filled, 0);
		if (n > 0)
			w->filled += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			return;
		else {
			hang_up_worker(w);
			m->ended++;
			return;
		}
	}
}

/* The next frame, if it is whole; its bytes are valid until take_frame(). */
static size_t next_frame(struct rig_worker *w, enum module_kind *kind)
{
	size_t size = module_frame_size(w->in, w->filled, kind);

	assert_true(size != MODULE_MALFORMED);
	return size;
}

static void take_frame(struct rig_worker *w, size_t size)
{
	w->filled -= size;
	memmove(w->in, w->in + size, w->filled);
}

/* --- hello ----------------------------------------------------------------------------------- */

static struct module_text copy_text(struct module_text t)
{
	return (struct module_text){ strndup(t.data, t.size), t.size };
}

static void read_hello(struct rig_worker *w, struct module_reader *r)
{
	struct module_hello h = module_get_hello(r);

	assert_int_equal(h.protocol, MODULE_PROTOCOL);
	assert_true(h.signature.size > 0 && h.module_version.size > 0);
	w->context = h.context;
	w->pid = h.pid;
	w->cycle = h.cycle;
	w->nginx = h.nginx;
}

static void read_upstream(struct rig_worker *w, struct module_reader *r)
{
	struct module_upstream *u = &w->upstreams[w->upstream_count];

	assert_true(w->upstream_count < ARRAY_SIZE(w->upstreams));
	*u = module_get_upstream(r);
	u->name = copy_text(u->name);
	w->upstream_count++;
}

static void greet(struct rig_worker *w)
{
	enum module_kind kind;
	size_t size;

	while (w->fd >= 0 && !w->ready && (size = next_frame(w, &kind)) != 0) {
		struct module_reader r = module_reader(w->in, size);

		if (kind == MODULE_HELLO)
			read_hello(w, &r);
		else if (kind == MODULE_UPSTREAM)
			read_upstream(w, &r);
		else {
			assert_int_equal(kind, MODULE_READY);
			assert_int_equal(module_get_id(&r), w->upstream_count);
			w->ready = true;
		}
		assert_true(module_is_read(&r));
		take_frame(w, size);
	}
}

void rig_module_turn(struct rig_module *m)
{
	struct pollfd fds[RIG_MODULE_WORKERS + 1] = { { .fd = m->listener, .events = POLLIN } };

	for (size_t i = 0; i < RIG_MODULE_WORKERS; i++)
		fds[i + 1] = (struct pollfd){ .fd = m->workers[i].fd, .events = POLLIN };
	poll(fds, ARRAY_SIZE(fds), 10);
	for (size_t i = 0; i < RIG_MODULE_WORKERS; i++) {
		if (fds[i + 1].revents)
			read_worker(m, &m->workers[i]);
		greet(&m->workers[i]);
	}
	accept_workers(m);
}

struct rig_worker *rig_module_worker(struct rig_module *m, enum module_context context, unsigned n)
{
	for (size_t i = 0; i < RIG_MODULE_WORKERS; i++) {
		struct rig_worker *w = &m->workers[i];

		if (w->fd >= 0 && w->context == context && n-- == 0)
			return w;
	}
	return NULL;
}

static bool is_settled(struct rig_module *m, unsigned each, uint64_t cycle)
{
	unsigned http = 0, stream = 0;

	for (size_t i = 0; i < RIG_MODULE_WORKERS; i++) {
		const struct rig_worker *w = &m->workers[i];

		if (w->fd < 0)
			continue;
		if (!w->ready || w->cycle <= cycle)
			return false;
		http += w->context == MODULE_HTTP;
		stream += w->context == MODULE_STREAM;
	}
	return http == each && stream == each;
}

uint64_t rig_module_settle(struct rig_module *m, unsigned each, uint64_t cycle)
{
	uint64_t newest = 0;

	eventually(NULL, (rig_module_turn(m), is_settled(m, each, cycle)));
	for (unsigned i = 0; i < each; i++) {
		const struct rig_worker *w = rig_module_worker(m, MODULE_STREAM, i);

		newest = w->cycle > newest ? w->cycle : newest;
	}
	return newest;
}

const struct module_upstream *rig_module_upstream(const struct rig_worker *w, const char *name)
{
	for (size_t i = 0; i < w->upstream_count; i++) {
		if (strcmp(w->upstreams[i].name.data, name) == 0)
			return &w->upstreams[i];
	}
	fail_msg("no upstream %s in the hello", name);
	return NULL;
}

/* --- asking ---------------------------------------------------------------------------------- */

void rig_module_send(struct rig_worker *w, const void *frame, size_t size)
{
	assert_int_equal(send(w->fd, frame, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* Wait for the next frame of this worker. */
static size_t await_frame(struct rig_module *m, struct rig_worker *w, enum module_kind *kind)
{
	size_t size = 0;

	eventually(NULL,
		   (w->fd < 0 || (size = next_frame(w, kind)) != 0 || (rig_module_turn(m), false)));
	if (w->fd < 0)
		fail_msg("the worker closed its connection");
	return size;
}

uint32_t rig_module_post(struct rig_worker *w, const char *upstream, uint64_t digest,
			 const struct module_op *ops, size_t count)
{
	static unsigned char frame[MODULE_FRAME_MAX];
	static uint32_t id;
	struct module_writer out = { .data = frame, .room = sizeof(frame) };
	const struct module_change c = {
		++id, { upstream, strlen(upstream) }, digest, (uint32_t)count
	};

	module_begin(&out, MODULE_CHANGE);
	module_put_change(&out, &c);
	for (size_t i = 0; i < count; i++)
		module_put_op(&out, &ops[i]);
	assert_true(module_end(&out));
	rig_module_send(w, frame, out.size);
	return id;
}

struct module_answer rig_module_collect(struct rig_module *m, struct rig_worker *w, uint32_t id)
{
	struct module_answer answer;
	struct module_reader r;
	enum module_kind kind;
	size_t size = await_frame(m, w, &kind);

	assert_int_equal(kind, MODULE_ANSWER);
	r = module_reader(w->in, size);
	answer = module_get_answer(&r);
	assert_true(module_is_read(&r));
	assert_int_equal(answer.id, id);
	take_frame(w, size);
	return answer;
}

struct module_answer rig_module_change(struct rig_module *m, struct rig_worker *w,
				       const char *upstream, uint64_t digest,
				       const struct module_op *ops, size_t count)
{
	return rig_module_collect(m, w, rig_module_post(w, upstream, digest, ops, count));
}

static void read_server(struct rig_dump *d, struct module_reader *r)
{
	struct module_server s;

	assert_true(d->count < RIG_MODULE_SERVERS);
	s = module_get_server(r);
	s.name = copy_text(s.name);
	d->servers[d->count] = s;
	d->conns[d->count++] = module_get_id(r);
}

struct rig_dump *rig_module_dump(struct rig_module *m, struct rig_worker *w, const char *upstream)
{
	unsigned char frame[300];
	struct module_writer out = { .data = frame, .room = sizeof(frame) };
	struct rig_dump *d = calloc(1, sizeof(*d));
	enum module_kind kind = MODULE_DUMP;

	assert_non_null(d);
	module_begin(&out, MODULE_DUMP);
	module_put_text(&out, (struct module_text){ upstream, strlen(upstream) });
	assert_true(module_end(&out));
	rig_module_send(w, frame, out.size);
	while (kind != MODULE_DUMP_END) {
		size_t size = await_frame(m, w, &kind);
		struct module_reader r = module_reader(w->in, size);

		if (kind == MODULE_DUMP_LIST)
			d->lists = module_get_dump(&r);
		else if (kind == MODULE_DUMP_SERVER)
			read_server(d, &r);
		else
			assert_int_equal(kind, MODULE_DUMP_END);
		take_frame(w, size);
	}
	return d;
}

void rig_module_dump_free(struct rig_dump *d)
{
	for (size_t i = 0; i < d->count; i++)
		free((char *)d->servers[i].name.data);
	free(d);
}

/* --- servers behind nginx -------------------------------------------------------------------- */

#define CLIENTS 200

static int listen_everywhere(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 512) < 0)
		die("port %d: %m", port);
	return fd;
}

static void say_address(int fd)
{
	struct sockaddr_in own;
	socklen_t size = sizeof(own);
	char address[INET_ADDRSTRLEN], answer[256];

	getsockname(fd, (struct sockaddr *)&own, &size);
	inet_ntop(AF_INET, &own.sin_addr, address, sizeof(address));
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(address), address);
	send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

/* One connection; stage: what the gate said when its request came that waits; -1: none waits. */
struct client {
	int stage;
	uint64_t due; /* when a request is answered that only takes its time; 0: there is none */
	struct pollfd *pollfd;
};

#define PAUSE (150 * USEC_PER_MSEC)

/* False: the connection ends. A request comes in one piece. */
static bool serve(struct client *c, int gate)
{
	char request[4096];
	ssize_t n = recv(c->pollfd->fd, request, sizeof(request) - 1, 0);

	if (n <= 0)
		return false;
	request[n] = '\0';
	if (strstr(request, "/slow") && gate < 2)
		c->stage = gate;
	else if (strstr(request, "/pause"))
		c->due = rig_now() + PAUSE;
	else
		say_address(c->pollfd->fd);
	return true;
}

/* The gate went on: to 1, and the connection is closed; or to 2, and the request is answered. */
static bool release(struct client *c, int gate)
{
	if (c->due && rig_now() >= c->due) {
		c->due = 0;
		say_address(c->pollfd->fd);
	}
	if (c->stage < 0 || c->stage >= gate)
		return true;
	c->stage = -1;
	if (gate > 1)
		say_address(c->pollfd->fd);
	return gate > 1;
}

static int read_gate(const char *path)
{
	FILE *f = fopen(path, "re");
	int gate = 0;

	if (f && fscanf(f, "%d", &gate) != 1)
		gate = 0;
	if (f)
		fclose(f);
	return gate;
}

static void serve_client(struct client *c, int gate)
{
	if (c->pollfd->fd < 0)
		return;
	if ((!c->pollfd->revents || serve(c, gate)) && release(c, gate))
		return;
	close(c->pollfd->fd);
	c->pollfd->fd = -1;
}

static void serve_forever(int listener, const char *gate)
{
	struct pollfd fds[CLIENTS] = { { .fd = listener, .events = POLLIN } };
	struct client clients[CLIENTS];

	for (size_t i = 1; i < CLIENTS; i++) {
		fds[i] = (struct pollfd){ -1, POLLIN, 0 };
		clients[i] = (struct client){ .stage = -1, .pollfd = &fds[i] };
	}
	for (;;) {
		size_t i = 1;

		poll(fds, CLIENTS, 20);
		for (int stage = read_gate(gate); i < CLIENTS; i++)
			serve_client(&clients[i], stage);
		for (i = 1; fds[0].revents && i < CLIENTS && fds[i].fd >= 0;)
			i++;
		if (fds[0].revents && i < CLIENTS) {
			fds[i].fd = accept(listener, NULL, NULL);
			clients[i].stage = -1;
			clients[i].due = 0;
		}
	}
}

pid_t rig_module_backend(int port, const char *gate)
{
	int listener = listen_everywhere(port);
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %m");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_forever(listener, gate);
	}
	close(listener);
	return pid;
}

/* --- clients of nginx ------------------------------------------------------------------------ */

int rig_module_request(int port, const char *path, const char *source)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[256];

	inet_pton(AF_INET, source, &from.sin_addr);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("port %d: %m", port);
	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
	/* a connection that is lost already has no answer */
	send(fd, request, strlen(request), MSG_NOSIGNAL);
	return fd;
}

/* Through stream, only the length says where the answer ends. */
static bool is_whole(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");
	const char *length = strstr(answer, "Content-Length: ");

	return body && length && strlen(body + 4) >= strtoul(length + 16, NULL, 10);
}

const char *rig_module_answer(int fd, const char **head)
{
	static char answer[8192];
	size_t size = 0;
	ssize_t n;
	char *body;

	answer[0] = '\0';
	while (!is_whole(answer) && size < sizeof(answer) - 1 &&
	       (n = recv(fd, answer + size, sizeof(answer) - 1 - size, 0)) > 0) {
		size += (size_t)n;
		answer[size] = '\0';
	}
	close(fd);
	*head = answer;
	body = strstr(answer, "\r\n\r\n");
	return body ? body + 4 : "";
}

const char *rig_module_ask(int port, const char *path, const char *source)
{
	const char *head;

	return rig_module_answer(rig_module_request(port, path, source), &head);
}
