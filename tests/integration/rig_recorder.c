/*
 * The recording servers.
 *
 * The order of header fields with different names has no meaning (RFC 9110, 5.3), and that of
 * parameters of FastCGI and uwsgi has none either. So they are sorted: two configurations that say
 * the same in another order are equal.
 */
#include "rig_recorder.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig.h"

#define SERVERS_MAX 128
#define LINES_MAX 256
#define BODY_SHOWN 300

static struct server {
	char *name;
	int port, tcp, udp;
} servers[SERVERS_MAX];
static size_t server_count;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct buf record = BUF_INIT;
static unsigned answers;

struct connection {
	const struct server *server;
	int fd;
	struct buf in; /* what came and is not recorded yet */
};

/* --- the record ------------------------------------------------------------------------------ */

/* Returns the number of the answer. */
static unsigned note(const char *server, const char *kind, const char *text)
{
	unsigned number;

	pthread_mutex_lock(&mutex);
	buf_printf(&record, "--- %s %s\n%s\n", server, kind, text);
	number = ++answers;
	pthread_mutex_unlock(&mutex);
	return number;
}

void recorder_reset(void)
{
	pthread_mutex_lock(&mutex);
	buf_clear(&record);
	answers = 0;
	pthread_mutex_unlock(&mutex);
}

char *recorder_text(void)
{
	char *text;

	pthread_mutex_lock(&mutex);
	text = rig_text("%s", buf_str(&record));
	pthread_mutex_unlock(&mutex);
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

static void put_sorted(struct buf *out, char **lines, size_t count)
{
	qsort(lines, count, sizeof(*lines), by_text);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s\n", lines[i]);
}

/* Bytes as text; of a large body its size, its sum and its beginning. */
static void put_bytes(struct buf *out, const char *bytes, size_t size)
{
	size_t shown = size > BODY_SHOWN ? BODY_SHOWN : size;
	uint32_t sum = 5381;

	for (size_t i = 0; i < size; i++)
		sum = sum * 33 + (unsigned char)bytes[i];
	buf_printf(out, "%zu bytes, sum %08x: ", size, sum);
	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= ' ' && c < 127 && c != '\\')
			buf_putc(out, (char)c);
		else
			buf_printf(out, "\\x%02x", c);
	}
	buf_putc(out, '\n');
}

/* --- bytes of a connection ---------------------------------------------------------------------
 */

static bool receive(struct connection *c)
{
	char *room = buf_room(&c->in, 65536);
	ssize_t size = recv(c->fd, room, 65536, 0);

	if (size <= 0)
		return false;
	buf_grow(&c->in, (size_t)size);
	return true;
}

static bool has(struct connection *c, size_t size)
{
	while (c->in.size < size) {
		if (!receive(c))
			return false;
	}
	return true;
}

static void drop(struct connection *c, size_t size)
{
	struct buf rest = BUF_INIT;

	buf_put(&rest, c->in.data + size, c->in.size - size);
	buf_fini(&c->in);
	c->in = rest;
}

static void answer(struct connection *c, const struct buf *b)
{
	for (size_t sent = 0; sent < b->size;) {
		ssize_t size = send(c->fd, b->data + sent, b->size - sent, MSG_NOSIGNAL);

		if (size <= 0)
			return;
		sent += (size_t)size;
	}
}

/* --- what a request asks for -------------------------------------------------------------------
 */

static int status_of(const char *uri, int otherwise)
{
	const char *at = strstr(uri, "answer=");

	return at ? atoi(at + strlen("answer=")) : otherwise;
}

static void put_asked(struct buf *out, const char *uri, const char *host)
{
	buf_puts(out, "X-Powered-By: recorder\r\n");
	if (strstr(uri, "moved"))
		buf_printf(out, "Location: http://%s/landed\r\n", host);
	if (strstr(uri, "cookie"))
		buf_puts(out, "Set-Cookie: id=1; Path=/; HttpOnly\r\n");
	if (strstr(uri, "cors"))
		buf_puts(out, "Access-Control-Allow-Origin: https://backend.example\r\n"
			      "Vary: Accept\r\n");
	if (strstr(uri, "private"))
		buf_puts(out, "Cache-Control: private\r\n");
	if (strstr(uri, "accel"))
		buf_puts(out, "X-Accel-Redirect: /landed\r\n");
}

static void put_body(struct buf *out, const char *server, const char *uri, unsigned number)
{
	buf_printf(out, "<p>answer %u of %s\n", number, server);
	for (int i = 0; strstr(uri, "big") && i < 200; i++)
		buf_printf(out, "line %d of many\n", i);
}

/* --- HTTP/1 ------------------------------------------------------------------------------------
 */

struct request {
	char *method, *uri, *version;
	const char *host;
	size_t head, body;
	bool chunked, close, upgrade;
	char *lines[LINES_MAX];
	size_t count;
};

static void take_field(struct request *r, char *line)
{
	char *value = strchr(line, ':');

	if (r->count == LINES_MAX)
		die("a request has more than %d lines", LINES_MAX);
	r->lines[r->count++] = line;
	if (!value++)
		return;
	value += strspn(value, " ");
	if (strncasecmp(line, "host:", 5) == 0)
		r->host = value;
	if (strncasecmp(line, "content-length:", 15) == 0)
		r->body = strtoul(value, NULL, 10);
	if (strncasecmp(line, "transfer-encoding:", 18) == 0)
		r->chunked = true;
	if (strncasecmp(line, "upgrade:", 8) == 0)
		r->upgrade = *value;
	if (strncasecmp(line, "connection:", 11) == 0)
		r->close = strcasestr(value, "close");
}

static void take_head(struct request *r, char *head)
{
	char *rest = NULL, *line = strtok_r(head, "\r\n", &rest), *words = NULL;

	r->host = "";
	r->method = strtok_r(line, " ", &words);
	r->uri = strtok_r(NULL, " ", &words) ?: (char *)(uintptr_t) "";
	r->version = words ? words : (char *)(uintptr_t) "";
	r->close = strcmp(r->version, "HTTP/1.0") == 0;
	while ((line = strtok_r(NULL, "\r\n", &rest)))
		take_field(r, line);
}

static size_t head_size(struct connection *c)
{
	const char *end;

	while (!(end = memmem(c->in.data, c->in.size, "\r\n\r\n", 4))) {
		if (!receive(c))
			return 0;
	}
	return (size_t)(end - c->in.data) + 4;
}

/* The size in front of a chunk at this place, and where its bytes begin; false: all is over. */
static bool has_chunk(struct connection *c, size_t at, size_t *begin, size_t *size)
{
	char *end;

	while (!(end = memmem(c->in.data + at, c->in.size - at, "\r\n", 2))) {
		if (!receive(c))
			return false;
	}
	*size = strtoul(c->in.data + at, NULL, 16);
	*begin = (size_t)(end - c->in.data) + 2;
	return has(c, *begin + *size + 2);
}

/* Where chunks begin and end depends on the network: of them only the bytes count. */
static bool has_chunks(struct connection *c, struct request *r)
{
	CLEANUP(buf_fini) struct buf all = BUF_INIT;
	size_t at = r->head, begin, size;

	do {
		if (!has_chunk(c, at, &begin, &size))
			return false;
		buf_put(&all, c->in.data + begin, size);
		at = begin + size + 2;
	} while (size);
	c->in.size = r->head;
	buf_put(&c->in, all.data, all.size);
	r->body = all.size;
	return true;
}

static bool has_body(struct connection *c, struct request *r)
{
	return r->chunked ? has_chunks(c, r) : has(c, r->head + r->body);
}

static unsigned note_request(struct connection *c, struct request *r)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	buf_printf(&b, "%s %s %s\n", r->method, r->uri, r->version);
	put_sorted(&b, r->lines, r->count);
	put_bytes(&b, c->in.data + r->head, r->body);
	return note(c->server->name, "HTTP", buf_str(&b));
}

static const char *who_asks(const struct request *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strncasecmp(r->lines[i], "cookie:", 7) == 0 && strstr(r->lines[i], "sso=ok"))
			return "alice";
	}
	return NULL;
}

/* A proxy that knows who is logged in answers 202 or 401. */
static int status_for(const struct request *r)
{
	if (strcmp(r->uri, "/oauth2/auth") == 0)
		return who_asks(r) ? 202 : 401;
	return status_of(r->uri, r->upgrade ? 101 : strstr(r->uri, "moved") ? 302 : 200);
}

static void answer_request(struct connection *c, const struct request *r, unsigned number)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT, body = BUF_INIT;
	int status = status_for(r);

	put_body(&body, c->server->name, r->uri, number);
	buf_printf(&b, "HTTP/1.1 %d Recorded\r\n", status);
	put_asked(&b, r->uri, r->host);
	if (who_asks(r))
		buf_printf(&b, "X-Auth-Request-User: %s\r\n", who_asks(r));
	if (status == 101)
		buf_puts(&b, "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n");
	else if (status != 204 && status != 304)
		buf_printf(&b, "Content-Type: text/html\r\nContent-Length: %zu\r\n\r\n", body.size);
	else
		buf_puts(&b, "\r\n");
	if (strcmp(r->method, "HEAD") != 0 && status != 204 && status != 304)
		buf_put(&b, body.data, body.size);
	answer(c, &b);
}

static void serve_http(struct connection *c)
{
	bool more = true;

	while (more) {
		struct request r = { .head = head_size(c) };
		CLEANUP(freep) char *head = r.head ? strndup(c->in.data, r.head) : NULL;

		if (!head)
			return;
		take_head(&r, head);
		if (!has_body(c, &r))
			return;
		answer_request(c, &r, note_request(c, &r));
		more = !r.close && !r.upgrade;
		drop(c, r.head + r.body);
	}
}

/* --- parameters of FastCGI and uwsgi -----------------------------------------------------------
 */

struct params {
	char *lines[LINES_MAX];
	size_t count;
	const char *uri, *query, *script;
};

static const char *value_of(const char *line, const char *name)
{
	size_t size = strlen(name);

	return strncmp(line, name, size) == 0 && line[size] == '=' ? line + size + 1 : NULL;
}

static void take_param(struct params *p, const char *name, size_t name_size, const char *value,
		       size_t value_size)
{
	char *line = xasprintf("%.*s=%.*s", (int)name_size, name, (int)value_size, value);

	if (p->count == LINES_MAX)
		die("more than %d parameters", LINES_MAX);
	p->uri = value_of(line, "REQUEST_URI") ?: p->uri;
	p->script = value_of(line, "SCRIPT_FILENAME") ?: p->script;
	if (value_of(line, "REMOTE_PORT")) /* which the system chooses */
		strcpy(line, "REMOTE_PORT=");
	p->lines[p->count++] = line;
}

static void params_fini(struct params *p)
{
	while (p->count)
		free(p->lines[--p->count]);
}

static void put_cgi_answer(struct buf *out, const char *server, const struct params *p,
			   unsigned number)
{
	put_asked(out, p->uri, "cgi.example.com");
	buf_puts(out, "Content-Type: text/html; charset=UTF-8\r\n\r\n");
	put_body(out, server, p->uri, number);
	buf_printf(out, "%s\n", p->script);
}

static unsigned note_params(struct connection *c, struct params *p, const char *kind,
			    const struct buf *body)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	put_sorted(&b, p->lines, p->count);
	put_bytes(&b, body->data, body->size);
	return note(c->server->name, kind, buf_str(&b));
}

/* --- FastCGI -----------------------------------------------------------------------------------
 */

enum { FCGI_HEAD = 8, FCGI_PARAMS = 4, FCGI_STDIN = 5, FCGI_STDOUT = 6, FCGI_END = 3 };

static unsigned char at(const struct buf *b, size_t i)
{
	return (unsigned char)b->data[i];
}

static size_t fcgi_length(const struct buf *b, size_t *i)
{
	size_t size = at(b, *i);

	if (size < 128) {
		(*i)++;
		return size;
	}
	size = (size & 127) << 24 | (size_t)at(b, *i + 1) << 16 | (size_t)at(b, *i + 2) << 8 |
	       at(b, *i + 3);
	*i += 4;
	return size;
}

static void fcgi_params(struct params *p, const struct buf *b)
{
	for (size_t i = 0; i < b->size;) {
		size_t name = fcgi_length(b, &i), value = fcgi_length(b, &i);

		take_param(p, b->data + i, name, b->data + i + name, value);
		i += name + value;
	}
}

static void fcgi_put(struct buf *out, int type, const char *bytes, size_t size)
{
	char head[FCGI_HEAD] = { 1, (char)type, 0, 1, (char)(size >> 8), (char)(size & 255), 0, 0 };

	buf_put(out, head, sizeof(head));
	buf_put(out, bytes, size);
}

/* One record; its type, or 0. */
static int fcgi_record(struct connection *c, struct buf *params, struct buf *body)
{
	size_t size, padding;
	int type;

	if (!has(c, FCGI_HEAD))
		return 0;
	type = at(&c->in, 1);
	size = (size_t)at(&c->in, 4) << 8 | at(&c->in, 5);
	padding = at(&c->in, 6);
	if (!has(c, FCGI_HEAD + size + padding))
		return 0;
	if (type == FCGI_PARAMS)
		buf_put(params, c->in.data + FCGI_HEAD, size);
	if (type == FCGI_STDIN)
		buf_put(body, c->in.data + FCGI_HEAD, size);
	drop(c, FCGI_HEAD + size + padding);
	return type == FCGI_STDIN && size == 0 ? FCGI_END : type;
}

static void serve_fastcgi(struct connection *c)
{
	CLEANUP(buf_fini) struct buf params = BUF_INIT, body = BUF_INIT, page = BUF_INIT;
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	CLEANUP(params_fini) struct params p = { .uri = "", .script = "" };
	int type;

	while ((type = fcgi_record(c, &params, &body)) != FCGI_END) {
		if (!type)
			return;
	}
	fcgi_params(&p, &params);
	buf_printf(&page, "Status: %d Recorded\r\n", status_of(p.uri, 200));
	put_cgi_answer(&page, c->server->name, &p, note_params(c, &p, "FastCGI", &body));
	fcgi_put(&out, FCGI_STDOUT, page.data, page.size);
	fcgi_put(&out, FCGI_STDOUT, "", 0);
	fcgi_put(&out, FCGI_END, "\0\0\0\0\0\0\0\0", 8);
	answer(c, &out);
}

/* --- uwsgi -------------------------------------------------------------------------------------
 */

static size_t uwsgi_length(const struct buf *b, size_t i)
{
	return at(b, i) | (size_t)at(b, i + 1) << 8;
}

static void serve_uwsgi(struct connection *c)
{
	CLEANUP(buf_fini) struct buf body = BUF_INIT, out = BUF_INIT;
	CLEANUP(params_fini) struct params p = { .uri = "", .script = "" };
	size_t end, length = 0;

	if (!has(c, 4) || !has(c, end = 4 + uwsgi_length(&c->in, 1)))
		return;
	for (size_t i = 4; i < end;) {
		size_t name = uwsgi_length(&c->in, i);
		size_t value = uwsgi_length(&c->in, i + 2 + name);

		take_param(&p, c->in.data + i + 2, name, c->in.data + i + 4 + name, value);
		i += 4 + name + value;
	}
	for (size_t i = 0; i < p.count; i++)
		length += strtoul(value_of(p.lines[i], "CONTENT_LENGTH") ?: "0", NULL, 10);
	if (!has(c, end + length))
		return;
	buf_put(&body, c->in.data + end, length);
	buf_printf(&out, "HTTP/1.1 %d Recorded\r\n", status_of(p.uri, 200));
	put_cgi_answer(&out, c->server->name, &p, note_params(c, &p, "uwsgi", &body));
	answer(c, &out);
}

/* --- bytes and datagrams -----------------------------------------------------------------------
 */

/* The port of a client, which the system chooses, in a line of the PROXY protocol. */
static void hide_port(char *bytes, size_t size)
{
	char *at = memmem(bytes, size, "PROXY TCP4 ", 11);
	unsigned blank = 0;

	for (; at && at < bytes + size && *at != '\r'; at++) {
		blank += *at == ' ';
		if (blank == 4 && *at != ' ')
			*at = '.';
	}
}

static unsigned note_bytes(const struct server *s, const char *kind, const struct buf *in)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	hide_port(in->data, in->size);
	put_bytes(&b, in->data, in->size);
	return note(s->name, kind, buf_str(&b));
}

static size_t line_feeds(const struct buf *b)
{
	size_t count = 0;

	for (size_t i = 0; i < b->size; i++)
		count += b->data[i] == '\n';
	return count;
}

/*
 * A line, or two where the first one is that of the PROXY protocol. A client that has said nothing
 * leaves no record: nobody waits for it, so its place among the others would be random.
 */
static void serve_bytes(struct connection *c)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	while (line_feeds(&c->in) < (memmem(c->in.data, c->in.size, "PROXY ", 6) ? 2 : 1)) {
		if (!receive(c))
			return;
	}
	buf_printf(&out, "answer %u of %s\n", note_bytes(c->server, "bytes", &c->in),
		   c->server->name);
	answer(c, &out);
}

static void *serve_datagrams(void *context)
{
	const struct server *s = context;
	struct sockaddr_in from;

	for (;;) {
		CLEANUP(buf_fini) struct buf in = BUF_INIT, out = BUF_INIT;
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(s->udp, buf_room(&in, 65536), 65536, 0,
				       (struct sockaddr *)&from, &size);

		if (got < 0)
			return NULL;
		buf_grow(&in, (size_t)got);
		buf_printf(&out, "answer %u of %s\n", note_bytes(s, "datagram", &in), s->name);
		sendto(s->udp, out.data, out.size, 0, (struct sockaddr *)&from, size);
	}
}

/* --- servers -----------------------------------------------------------------------------------
 */

static bool is_http(struct connection *c)
{
	const char *end = memchr(c->in.data, '\n', c->in.size);

	return end && memmem(c->in.data, (size_t)(end - c->in.data), " HTTP/1.", 8);
}

static void *serve(void *context)
{
	struct connection *c = context;

	if (has(c, 1)) {
		if (at(&c->in, 0) == 1)
			serve_fastcgi(c);
		else if (at(&c->in, 0) == 0)
			serve_uwsgi(c);
		else if (is_http(c))
			serve_http(c);
		else
			serve_bytes(c);
	}
	close(c->fd);
	buf_fini(&c->in);
	free(c);
	return NULL;
}

static void begin(void *(*run)(void *), void *context)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, context) != 0 || pthread_detach(thread) != 0)
		die("a thread cannot be started");
}

static void *accept_all(void *context)
{
	const struct server *s = context;
	int fd;

	while ((fd = accept4(s->tcp, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));

		if (!c)
			die("no memory");
		*c = (struct connection){ .server = s, .fd = fd };
		begin(serve, c);
	}
	return NULL;
}

static int bound(int type, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("port %d: %m", port);
	return fd;
}

int recorder_port(const char *name)
{
	struct server *s;

	for (size_t i = 0; i < server_count; i++) {
		if (strcmp(servers[i].name, name) == 0)
			return servers[i].port;
	}
	if (server_count == SERVERS_MAX)
		die("more than %d servers", SERVERS_MAX);
	s = &servers[server_count++];
	*s = (struct server){ .name = xstrdup(name), .port = rig_port() };
	s->tcp = bound(SOCK_STREAM, s->port);
	s->udp = bound(SOCK_DGRAM, s->port);
	if (listen(s->tcp, 128) < 0)
		die("listen: %m");
	begin(accept_all, s);
	begin(serve_datagrams, s);
	return s->port;
}
