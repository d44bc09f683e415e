/*
 * One question to the probe's server: GET over loopback, HTTP/1.0, with a deadline, on a new
 * connection, so that the answer is from a worker that accepts connections now.
 */
#ifndef ZKNGINX_NGINX_PROBE_HTTP_H
#define ZKNGINX_NGINX_PROBE_HTTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/err.h>

struct probe_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t size;
	char text[64]; /* as it was given */
};

/* "127.0.0.1:9642", "[::1]:9642": loopback alone. */
int probe_address_parse(const char *text, struct probe_address *out, struct err *e);
bool probe_address_is_loopback(const struct probe_address *a);

/* ok: the answer has status 200 and text is its body; else text says why not. */
typedef void (*probe_answer_fn)(void *ctx, bool ok, const char *text);

struct probe_http;
/*
 * Never NULL; borrows the address and the path. `done` comes from the loop, once, within `deadline`
 * microseconds; the question is gone when it does: forget the pointer there, and do not free it.
 */
struct probe_http *probe_http_get(sd_event *loop, const struct probe_address *a, const char *path,
				  uint64_t deadline, probe_answer_fn done, void *ctx);
/* Before `done`: it never comes then. */
void probe_http_free(struct probe_http *h);

#endif
