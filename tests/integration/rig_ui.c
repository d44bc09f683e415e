/* HTTP/1.0 by hand: the reply ends with the connection, and a stream has no chunks. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_ui.h"

/* --- the command ------------------------------------------------------------------------------ */

static bool read_url(struct rig_ui *u)
{
	const char *log = rig_read(u->log), *url = log ? strstr(log, "http://127.0.0.1:") : NULL;

	u->token[0] = '\0';
	return url && strchr(url, '\n') &&
	       sscanf(url, "http://127.0.0.1:%d/#token=%63[0-9a-f]", &u->port, u->token) >= 1;
}

void rig_ui_start_at(struct rig_ui *u, const char *settings, const char *options, int port)
{
	static unsigned count;
	char *argv[12] = { getenv("ZKNGINXCTL") ?: (char *)"build/zknginxctl",
			   (char *)"-c",
			   (char *)settings,
			   (char *)"ui",
			   (char *)"--listen",
			   rig_text("127.0.0.1:%d", port) };
	char *list = rig_text("%s", options ?: "");

	for (size_t i = 6; i < ARRAY_SIZE(argv) - 1; i++)
		argv[i] = strsep(&list, " ");
	if (!options)
		argv[6] = NULL;
	*u = (struct rig_ui){ .log = rig_path("ui-%u.log", count++) };
	u->pid = rig_start(u->log, argv);
	eventually(NULL, read_url(u));
}

void rig_ui_start(struct rig_ui *u, const char *settings, const char *options)
{
	rig_ui_start_at(u, settings, options, 0);
}

void rig_ui_stop(struct rig_ui *u)
{
	int status = rig_stop(u->pid, SIGTERM);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("it ended with status %d:\n%s", status, rig_read(u->log));
}

/* --- requests --------------------------------------------------------------------------------- */

int rig_ui_connect(const struct rig_ui *u)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)u->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void send_all(int fd, const char *text)
{
	size_t size = strlen(text);

	assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
}

static bool read_some(int fd, struct buf *out)
{
	char *room = buf_room(out, 65536);
	ssize_t got = recv(fd, room, 65536, MSG_DONTWAIT);

	if (got > 0)
		buf_grow(out, (size_t)got);
	return got == 0; /* the end */
}

const char *rig_ui_ask(const struct rig_ui *u, const char *method, const char *path,
		       const char *headers, const char *body)
{
	CLEANUP(buf_fini) struct buf request = BUF_INIT, reply = BUF_INIT;
	int fd = rig_ui_connect(u);

	buf_printf(&request, "%s %s HTTP/1.0\r\n%s", method, path, headers);
	if (!strstr(headers, "Host: "))
		buf_printf(&request, "Host: 127.0.0.1:%d\r\n", u->port);
	if (body)
		buf_printf(&request, "Content-Length: %zu\r\n", strlen(body));
	buf_printf(&request, "\r\n%s", body ?: "");
	send_all(fd, buf_str(&request));
	eventually(NULL, read_some(fd, &reply));
	close(fd);
	return rig_text("%s", buf_str(&reply));
}

const char *rig_ui_get(const struct rig_ui *u, const char *path)
{
	return rig_ui_ask(u, "GET", path, "", NULL);
}

int rig_ui_status(const char *reply)
{
	int status = 0;

	sscanf(reply, "HTTP/1.%*d %d", &status);
	return status;
}

const char *rig_ui_body(const char *reply)
{
	const char *end = strstr(reply, "\r\n\r\n");

	return end ? end + 4 : "";
}

json_t *rig_ui_act(const struct rig_ui *u, const char *body)
{
	char *headers = rig_text("Origin: http://127.0.0.1:%d\r\nContent-Type: application/json\r\n"
				 "X-Zknginx-Token: %s\r\n",
				 u->port, u->token);
	const char *reply = rig_ui_ask(u, "POST", "/action", headers, body);
	json_t *j = json_loads(rig_ui_body(reply), 0, NULL);

	if (rig_ui_status(reply) != 200 || !j)
		fail_msg("%s is answered with:\n%s", body, reply);
	return j;
}

/* --- pages ------------------------------------------------------------------------------------ */

void rig_page_open(struct rig_page *p, const struct rig_ui *u)
{
	*p = (struct rig_page){ .fd = rig_ui_connect(u) };
	send_all(p->fd, rig_text("GET /events HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n", u->port));
}

bool rig_page_ended(struct rig_page *p)
{
	p->ended = p->ended || read_some(p->fd, &p->text);
	return p->ended;
}

bool rig_page_shows(struct rig_page *p, size_t from, const char *text)
{
	rig_page_ended(p);
	return p->text.size > from && strstr(buf_str(&p->text) + from, text);
}

void rig_page_close(struct rig_page *p)
{
	close(p->fd);
	buf_fini(&p->text);
}
