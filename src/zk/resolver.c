/*
 * Host names to numeric addresses. A name that cannot be resolved is skipped and reported, and the
 * others are used. The thread owns its copy of the names and a reference to the queue, so it may
 * outlive the session that asked.
 */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <zknginx/buf.h>

#include "resolver.h"
#include "sys/thread.h"

#define DEFAULT_PORT "2181"

struct host {
	char *name, *port;
};

struct hosts {
	struct host *items;
	size_t count;
	char *chroot;
};

struct addresses {
	char **items;
	size_t count;
};

const char *hosts_chroot(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && slash[1] != '\0' ? slash : "";
}

void hosts_free(struct hosts *h)
{
	for (size_t i = 0; i < h->count; i++) {
		free(h->items[i].name);
		free(h->items[i].port);
	}
	free(h->items);
	free(h->chroot);
	free(h);
}

static bool is_port(const char *s)
{
	char *end;
	long port = strtol(s, &end, 10);

	return *s >= '0' && *s <= '9' && *end == '\0' && port > 0 && port <= 65535;
}

/* "[::1]:2181", "name:2181", "name", and a bare IPv6 address without a port. */
static bool split(char *text, char **name, const char **port)
{
	char *end = NULL;

	*name = text;
	*port = DEFAULT_PORT;
	if (*text == '[') {
		*name = text + 1;
		end = strchr(text, ']');
		if (!end)
			return false;
		*end++ = '\0';
	} else if (strchr(text, ':') == strrchr(text, ':')) {
		end = strchr(text, ':');
	}
	if (!end || *end == '\0')
		return **name != '\0';
	if (*end != ':')
		return false;
	*end = '\0';
	*port = end + 1;
	return **name != '\0' && is_port(*port);
}

static int parse_host(struct hosts *h, const char *text, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	const char *port;
	char *name;

	if (!split(copy, &name, &port))
		return err_set(e, ERR_INPUT, "\"%s\" is not a host:port", text);
	h->items = xrealloc(h->items, (h->count + 1) * sizeof(*h->items));
	h->items[h->count++] = (struct host){ xstrdup(name), xstrdup(port) };
	return 0;
}

int hosts_parse(const char *text, struct hosts **out, struct err *e)
{
	CLEANUP(hosts_freep) struct hosts *h = xcalloc(1, sizeof(*h));
	CLEANUP(freep) char *copy = xstrdup(text);
	char *rest = copy, *one;
	size_t size;

	h->chroot = xstrdup(hosts_chroot(text));
	size = strlen(h->chroot);
	if (size && h->chroot[size - 1] == '/')
		return err_set(e, ERR_INPUT, "the path in \"%s\" ends in a slash", text);
	copy[strcspn(copy, "/")] = '\0';
	while ((one = strsep(&rest, ","))) {
		one += strspn(one, " \t");
		one[strcspn(one, " \t")] = '\0';
		if (parse_host(h, one, e) < 0)
			return err_wrap(e, "zookeeper.hosts");
	}
	*out = TAKE(h);
	return 0;
}

static struct hosts *copy_hosts(const struct hosts *h)
{
	struct hosts *copy = xcalloc(1, sizeof(*copy));

	copy->items = xcalloc(h->count, sizeof(*copy->items));
	for (; copy->count < h->count; copy->count++) {
		const struct host *from = &h->items[copy->count];

		copy->items[copy->count] =
			(struct host){ xstrdup(from->name), xstrdup(from->port) };
	}
	return copy;
}

static void addresses_fini(struct addresses *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->items[i]);
	free(a->items);
}

static void addresses_add(struct addresses *a, char *address)
{
	a->items = xrealloc(a->items, (a->count + 1) * sizeof(*a->items));
	a->items[a->count++] = address;
}

static int look_up(const struct host *h, struct addresses *found)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int rc = getaddrinfo(h->name, h->port, &hints, &list);
	char name[NI_MAXHOST], port[NI_MAXSERV];

	if (rc != 0)
		return rc;
	for (const struct addrinfo *i = list; i; i = i->ai_next) {
		if (getnameinfo(i->ai_addr, i->ai_addrlen, name, sizeof(name), port, sizeof(port),
				NI_NUMERICHOST | NI_NUMERICSERV) == 0)
			addresses_add(found, xasprintf("%s:%s %s", name, port, h->name));
	}
	freeaddrinfo(list);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void join(const struct addresses *a, struct buf *out)
{
	for (size_t i = 0; i < a->count; i++) {
		if (i && strcmp(a->items[i - 1], a->items[i]) == 0)
			continue;
		if (out->size)
			buf_putc(out, ',');
		buf_puts(out, a->items[i]);
	}
}

struct job {
	struct hosts *hosts;
	struct queue *queue;
};

static void job_free(struct job *j)
{
	hosts_free(j->hosts);
	queue_unref(j->queue);
	free(j);
}

static void *run(void *arg)
{
	struct job *j = arg;
	CLEANUP(addresses_fini) struct addresses found = { 0 };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(buf_fini) struct buf error = BUF_INIT;
	struct note *n;

	for (size_t i = 0; i < j->hosts->count; i++) {
		const struct host *h = &j->hosts->items[i];
		int rc = look_up(h, &found);

		if (rc != 0)
			buf_printf(&error, "%s%s: %s", error.size ? "; " : "", h->name,
				   gai_strerror(rc));
	}
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), compare);
	join(&found, &text);
	n = note_new(NOTE_RESOLVED, NULL, text.size + 1);
	memcpy(n->bytes, buf_str(&text), text.size + 1);
	n->text = n->bytes;
	n->error = error.size ? buf_take(&error) : NULL;
	queue_push(j->queue, n);
	job_free(j);
	return NULL;
}

int resolver_start(const struct hosts *h, struct queue *q, struct err *e)
{
	struct job *j = xcalloc(1, sizeof(*j));
	int rc;

	j->hosts = copy_hosts(h);
	j->queue = queue_ref(q);
	rc = thread_start("zkd-resolver", CONFINE_NAMES, run, j);
	if (rc == 0)
		return 0;
	job_free(j);
	return err_set(e, ERR_SYS, "cannot start a thread to resolve host names: %s", strerror(rc));
}

const char *hosts_path(const struct hosts *h)
{
	return h->chroot;
}
