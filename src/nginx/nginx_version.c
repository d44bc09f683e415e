/*
 * `nginx -V`: one line with the version, one with configure's arguments. It is run at start, and
 * when another nginx runs, with a loop of its own; nothing depends on its success.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/kind.h>
#include <zknginx/log.h>

#include "nginx_version.h"
#include "sys/child.h"

#define ASK_TIMEOUT (5 * USEC_PER_SEC)

static const struct {
	const char *option;
	const char *fallback; /* nginx's own, below the prefix unless absolute */
	const char *debian;
} paths[NGINX_PATH_N] = {
	[NGINX_PREFIX] = { "--prefix=", "/usr/local/nginx", "/usr/share/nginx" },
	[NGINX_PID] = { "--pid-path=", "logs/nginx.pid", "/run/nginx.pid" },
	[NGINX_ERROR_LOG] = { "--error-log-path=", "logs/error.log", "/var/log/nginx/error.log" },
	[NGINX_HTTP_LOG] = { "--http-log-path=", "logs/access.log", "/var/log/nginx/access.log" },
	[NGINX_BODY_TEMP] = { "--http-client-body-temp-path=", "client_body_temp",
			      "/var/lib/nginx/body" },
	[NGINX_PROXY_TEMP] = { "--http-proxy-temp-path=", "proxy_temp", "/var/lib/nginx/proxy" },
	[NGINX_FASTCGI_TEMP] = { "--http-fastcgi-temp-path=", "fastcgi_temp",
				 "/var/lib/nginx/fastcgi" },
	[NGINX_UWSGI_TEMP] = { "--http-uwsgi-temp-path=", "uwsgi_temp", "/var/lib/nginx/uwsgi" },
	[NGINX_SCGI_TEMP] = { "--http-scgi-temp-path=", "scgi_temp", "/var/lib/nginx/scgi" },
};

/* "nginx version: openresty/1.21.4.1", "… nginx/1.22.1 (Ubuntu)": the number after the slash. */
static unsigned parse_number(const char *text)
{
	const char *slash = strchr(text, '/');
	unsigned n[3] = { 0 };

	if (!slash || sscanf(slash + 1, "%3u.%3u.%3u", &n[0], &n[1], &n[2]) < 2)
		return 0;
	return (n[0] * 1000 + n[1]) * 1000 + n[2];
}

/* The last one wins, as with configure. NULL: not given. */
static const char *find_option(struct arena *a, const char *text, const char *option)
{
	const char *value = NULL;
	size_t size = strlen(option);

	for (const char *at = text; (at = strstr(at, option)); at += size) {
		if (at == text || isspace((unsigned char)at[-1]) || at[-1] == '\'')
			value = at + size;
	}
	return value ? arena_copy(a, value, strcspn(value, " '\t\r\n")) : NULL;
}

static bool is_path(const char *value)
{
	return strcmp(value, "stderr") != 0 && strncmp(value, "syslog:", 7) != 0;
}

bool nginx_version_parse(struct arena *a, const char *text, struct nginx_version *v)
{
	const char *arguments = strstr(text, "configure arguments:");
	const char *version = strstr(text, "nginx version:");

	if (!arguments)
		return false;
	v->number = version ? parse_number(version) : UINT_MAX; /* a descendant with its own name */
	v->has_stub_status = find_option(a, arguments, "--with-http_stub_status_module");
	v->has_quic = find_option(a, arguments, "--with-http_v3_module");
	v->lacks_zones[PROTOCOL_HTTP] =
		find_option(a, arguments, "--without-http_upstream_zone_module");
	v->lacks_zones[PROTOCOL_STREAM] =
		find_option(a, arguments, "--without-stream_upstream_zone_module");
	for (size_t i = 0; i < NGINX_PATH_N; i++) {
		const char *value = find_option(a, arguments, paths[i].option);

		if (!value)
			value = paths[i].fallback;
		if (i != NGINX_PREFIX && value[0] != '/' && is_path(value))
			value = arena_printf(a, "%s/%s", v->paths[NGINX_PREFIX], value);
		v->paths[i] = value;
	}
	return true;
}

bool nginx_version_has_error_option(const struct nginx_version *v)
{
	return v->number >= 1019005;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct question {
	struct arena *arena;
	struct nginx_version *version;
	bool answered;
};

static void on_answer(void *ctx, const struct child_result *r)
{
	struct question *q = ctx;

	q->answered = !r->failure && r->exited && r->code == 0 &&
		      nginx_version_parse(q->arena, buf_str(r->errors), q->version);
}

void nginx_version_guess(struct nginx_version *v)
{
	v->number = 1022001;
	v->has_stub_status = true;
	v->has_quic = false;
	v->lacks_zones[PROTOCOL_HTTP] = v->lacks_zones[PROTOCOL_STREAM] = false;
	for (size_t i = 0; i < NGINX_PATH_N; i++)
		v->paths[i] = paths[i].debian;
}

void nginx_version_ask(struct arena *a, const struct nginx_program *program,
		       struct nginx_version *v)
{
	static char *const environment[] = { (char *)"LANG=C", NULL };
	static char *const arguments[] = { (char *)"nginx", (char *)"-V", NULL };
	struct question q = { .arena = a, .version = v };
	const struct child_spec spec = {
		.path = program->binary,
		.exec_fd = program->executable,
		.argv = arguments,
		.envp = environment,
		.deadline = ASK_TIMEOUT,
		.launch = program->launch,
		.launch_ctx = program->launch_ctx,
		.done = on_answer,
		.ctx = &q,
	};

	if (child_run(&spec, NULL) == 0 && q.answered)
		return;
	log_warning("%s -V cannot be run or read; using the paths of Debian's nginx",
		    program->binary);
	nginx_version_guess(v);
}

void nginx_version_meet(struct arena *a, const struct nginx_program *program,
			struct nginx_version *v)
{
	bool is_known = v->paths[NGINX_PREFIX];
	struct fingerprint now = { 0 };
	struct stat st;

	if (program->file)
		now = fingerprint_of(program->file);
	else if (stat(program->binary, &st) == 0)
		now = fingerprint_of(&st);
	else if (is_known)
		return;
	now.changed = (struct timespec){ 0 }; /* a new name does not make it a new file */
	if (is_known && fingerprint_same(&now, &v->file))
		return;
	nginx_version_ask(a, program, v);
	v->file = now;
}
