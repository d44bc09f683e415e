/* What the host's own configuration says about access_log in http { }. */
#ifndef ZKNGINX_NGINX_LOGS_H
#define ZKNGINX_NGINX_LOGS_H

#include <zknginx/macros.h>

enum http_log {
	HTTP_LOG_NAMED, /* at least one; also where it cannot be read */
	HTTP_LOG_OFF,
	HTTP_LOG_NONE, /* nginx writes its default log */
};

struct nginx_logs;
struct nginx_logs *nginx_logs_new(void);
void nginx_logs_free(struct nginx_logs *l);
DEFINE_CLEANUP(struct nginx_logs *, nginx_logs_free)

/* Of nginx.conf and what it includes, except the files in `live`; each time of the same ones. They
 * are read again when stat(2) shows a change. */
enum http_log nginx_logs_http(struct nginx_logs *l, const char *config, const char *live);

#endif
