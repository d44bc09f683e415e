/*
 * A run is a head of fixed size, and then strings, each with its NUL: the paths in the order of
 * `paths`, then the covered ones.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_wire.h"

const char helper_build[] = ZKNGINX_VERSION " " ZKNGINX_BUILD;

/* --- sending and receiving -------------------------------------------------------------------- */

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int) * HELPER_FDS)];
};

int helper_send(int channel, const struct helper_message *m)
{
	union control control = { .room = { 0 } };
	struct iovec part = { (void *)(uintptr_t)m->bytes, m->size };
	struct msghdr h = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t put;

	if (m->fd_count) {
		size_t size = sizeof(int) * m->fd_count;

		h.msg_control = control.room;
		h.msg_controllen = CMSG_SPACE(size);
		control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS,
						   .cmsg_len = CMSG_LEN(size) };
		memcpy(CMSG_DATA(&control.header), m->fds, size);
	}
	do
		put = sendmsg(channel, &h, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put < 0 ? -1 : 0;
}

static void take_fds(struct helper_message *m, struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	m->fd_count = 0;
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	m->fd_count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(m->fds, CMSG_DATA(c), m->fd_count * sizeof(int));
}

int helper_receive(int channel, struct helper_message *m)
{
	union control control;
	struct iovec part = { m->bytes, sizeof(m->bytes) };
	struct msghdr h = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	ssize_t got;

	m->fd_count = 0;
	do
		got = recvmsg(channel, &h, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	take_fds(m, &h);
	m->size = (size_t)got;
	if (got > 0 && !(h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	helper_close_all(m);
	errno = got > 0 ? EMSGSIZE : 0;
	return -1;
}

bool helper_peer_is_own(int channel)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.uid == geteuid();
}

void helper_close_all(struct helper_message *m)
{
	for (size_t i = 0; i < m->fd_count; i++)
		close(m->fds[i]);
	m->fd_count = 0;
}

/* --- parts of messages ------------------------------------------------------------------------ */

static void put_fixed(struct helper_message *m, enum helper_subject subject, const void *bytes,
		      size_t size)
{
	m->bytes[0] = (char)subject;
	if (size)
		memcpy(m->bytes + 1, bytes, size);
	m->size = 1 + size;
	m->fd_count = 0;
}

static bool get_fixed(const struct helper_message *m, enum helper_subject subject, void *bytes,
		      size_t size)
{
	if (m->size != 1 + size || m->bytes[0] != (char)subject)
		return false;
	memcpy(bytes, m->bytes + 1, size);
	return true;
}

static bool put_text(struct helper_message *m, const char *text)
{
	size_t size = strlen(text) + 1;

	if (size > sizeof(m->bytes) - m->size)
		return false;
	memcpy(m->bytes + m->size, text, size);
	m->size += size;
	return true;
}

/* NULL: there is none. */
static const char *get_text(const struct helper_message *m, size_t *at)
{
	const char *text = m->bytes + *at;
	const char *end = *at < m->size ? memchr(text, '\0', m->size - *at) : NULL;

	if (end)
		*at = (size_t)(end + 1 - m->bytes);
	return end ? text : NULL;
}

/* --- the greeting ----------------------------------------------------------------------------- */

bool helper_put_greeting(struct helper_message *m, const char *build, const char *state)
{
	put_fixed(m, HELPER_GREETING, NULL, 0);
	return put_text(m, build) && put_text(m, state);
}

bool helper_get_greeting(const struct helper_message *m, const char **build, const char **state)
{
	size_t at = 1;

	if (!m->size || m->bytes[0] != HELPER_GREETING || m->fd_count)
		return false;
	*build = get_text(m, &at);
	*state = *build ? get_text(m, &at) : NULL;
	return *state && at == m->size;
}

/* --- a look ----------------------------------------------------------------------------------- */

void helper_put_look(struct helper_message *m, const struct look *q)
{
	put_fixed(m, HELPER_LOOK, q, sizeof(*q));
}

bool helper_get_look(const struct helper_message *m, struct look *q)
{
	bool has_path;

	if (!get_fixed(m, HELPER_LOOK, q, sizeof(*q)) || (unsigned)q->kind >= LOOK_N ||
	    q->pid <= 0 || !memchr(q->path, '\0', sizeof(q->path)))
		return false;
	has_path = q->kind == LOOK_FILE || q->kind == LOOK_LINK;
	return q->path[0] == (has_path ? '/' : '\0');
}

void helper_put_answer(struct helper_message *m, const struct look_answer *a, int fd)
{
	put_fixed(m, HELPER_ANSWER, a, sizeof(*a));
	m->fds[0] = fd;
	m->fd_count = fd >= 0;
}

bool helper_get_answer(const struct helper_message *m, struct look_answer *a)
{
	return get_fixed(m, HELPER_ANSWER, a, sizeof(*a)) && memchr(a->text, '\0', sizeof(a->text));
}

/* --- a run ------------------------------------------------------------------------------------ */

struct run_head {
	uint8_t kind, of_disk, has_error_option, cover_count;
	int32_t master;
	uint8_t covers[COVERS_MAX];
};

#define PATHS(q)                                                                                   \
	{                                                                                          \
		&(q)->binary, &(q)->config, &(q)->prefix, &(q)->staged, &(q)->live                 \
	}

static bool put_texts(struct helper_message *m, const struct enclosed *q)
{
	const char *const *const paths[] = PATHS(q);
	bool fits = true;

	for (size_t i = 0; fits && i < ARRAY_SIZE(paths); i++)
		fits = put_text(m, *paths[i]);
	for (size_t i = 0; fits && i < q->cover_count; i++)
		fits = put_text(m, q->covers[i].path);
	return fits;
}

bool helper_put_run(struct helper_message *m, const struct enclosed *q,
		    const struct child_ends *ends)
{
	const int fds[HELPER_FDS] = { ends->input, ends->output, ends->errors, ends->failure,
				      ends->control };
	struct run_head head = { .kind = (uint8_t)q->kind,
				 .of_disk = q->of_disk,
				 .has_error_option = q->has_error_option,
				 .cover_count = (uint8_t)q->cover_count,
				 .master = (int32_t)q->master };

	for (size_t i = 0; i < q->cover_count; i++)
		head.covers[i] = (uint8_t)q->covers[i].kind;
	put_fixed(m, HELPER_RUN, &head, sizeof(head));
	memcpy(m->fds, fds, sizeof(fds));
	m->fd_count = HELPER_FDS;
	return put_texts(m, q);
}

static bool get_texts(const struct helper_message *m, size_t at, struct enclosed *q)
{
	const char **const paths[] = PATHS(q);

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		*paths[i] = get_text(m, &at);
		if (!*paths[i])
			return false;
	}
	for (size_t i = 0; i < q->cover_count; i++) {
		q->covers[i].path = get_text(m, &at);
		if (!q->covers[i].path || q->covers[i].kind >= COVER_N)
			return false;
	}
	return at == m->size;
}

bool helper_get_run(const struct helper_message *m, struct enclosed *q, struct child_ends *ends)
{
	struct run_head head;

	if (m->size < 1 + sizeof(head) || m->bytes[0] != HELPER_RUN || m->fd_count != HELPER_FDS)
		return false;
	memcpy(&head, m->bytes + 1, sizeof(head));
	if (head.kind >= ENCLOSED_N || head.cover_count > COVERS_MAX || head.master < 0)
		return false;
	*q = (struct enclosed){ .kind = head.kind,
				.of_disk = head.of_disk != 0,
				.has_error_option = head.has_error_option != 0,
				.master = head.master,
				.cover_count = head.cover_count };
	for (size_t i = 0; i < head.cover_count; i++)
		q->covers[i].kind = head.covers[i];
	*ends = (struct child_ends){ m->fds[0], m->fds[1], m->fds[2], m->fds[3], m->fds[4] };
	return get_texts(m, 1 + sizeof(head), q);
}
