/* What the host's own configuration says about access_log in http { }. */
#ifndef ZKNGINX_NGINX_LOGS_H
#define ZKNGINX_NGINX_LOGS_H

enum http_log {
	HTTP_LOG_NAMED, /* at least one; also where it cannot be read */
	HTTP_LOG_OFF,
	HTTP_LOG_NONE, /* nginx writes its default log */
};

/* Reads nginx.conf and what it includes, except the files in `live`. */
enum http_log nginx_http_log(const char *config, const char *live);

#endif
