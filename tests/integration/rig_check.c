/*
 * nginx -t for tests. Even nginx -t opens logs, creates directories and binds ports, so everything
 * that a generated file names is moved to a place where it may be used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig.h"
#include "rig_check.h"
#include "rig_newer.h"

static const struct {
	const char *from, *to;
} MOVED[] = {
	{ "/etc/ssl/", "ssl/" },
	{ "/var/log/nginx/", "log/" },
	{ "/var/cache/nginx/", "cache/" },
};

/* One port for each address that a listen names, so that equal ones stay equal. */
static struct {
	char address[64];
	int port;
} ports[64];
static size_t port_count;

static int port_of(const char *address, size_t size)
{
	char key[64];

	snprintf(key, sizeof(key), "%.*s", (int)size, address);
	for (size_t i = 0; i < port_count; i++) {
		if (strcmp(ports[i].address, key) == 0)
			return ports[i].port;
	}
	if (port_count == ARRAY_SIZE(ports))
		die("rig_check: too many addresses");
	memcpy(ports[port_count].address, key, sizeof(key));
	ports[port_count].port = rig_port();
	return ports[port_count++].port;
}

void rig_check_certificate(char *certificate, char *key)
{
	char *argv[] = { "openssl", "req",    "-x509",     "-newkey",  "rsa:2048",
			 "-nodes",  "-batch", "-subj",     "/CN=test", "-keyout",
			 key,       "-out",   certificate, NULL };
	char *output;

	if (rig_run(&output, argv) != 0)
		die("openssl: %s", output);
}

static void configure(const struct rig_program *nginx)
{
	const char *home = rig_directory();

	rig_write(rig_path("nginx.conf"),
		  "load_module %s;\n"
		  "pid %s/nginx.pid;\n"
		  "error_log stderr;\n"
		  "events { }\n"
		  "http {\n"
		  "    client_body_temp_path %s/tmp/body;\n"
		  "    proxy_temp_path %s/tmp/proxy;\n"
		  "    fastcgi_temp_path %s/tmp/fastcgi;\n"
		  "    uwsgi_temp_path %s/tmp/uwsgi;\n"
		  "    scgi_temp_path %s/tmp/scgi;\n"
		  "    access_log off;\n"
		  "    include %s/http.conf;\n"
		  "    include %s/other.conf;\n"
		  "}\n"
		  "stream {\n"
		  "    include %s/stream.conf;\n"
		  "}\n",
		  nginx->stream_module, home, home, home, home, home, home, rig_check_live(), home,
		  rig_check_live());
}

void rig_check_setup(void)
{
	static const char *const directories[] = { "live", "ssl",   "ssl/private", "ssl/certs",
						   "log",  "cache", "tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		if (mkdir(rig_path("%s", directories[i]), 0755) < 0)
			die("%s: %m", directories[i]);
	}
	rig_check_certificate(rig_path("ssl/shop.crt"), rig_path("ssl/private/shop.key"));
	rig_write(rig_path("ssl/certs/ca-certificates.crt"), "%s",
		  rig_read(rig_path("ssl/shop.crt")));
	rig_check_other("");
}

void rig_check_other(const char *text)
{
	rig_write(rig_path("other.conf"), "%s", text);
}

const char *rig_check_live(void)
{
	return rig_path("live");
}

/* The address, when this is a listen at the beginning of a line; else NULL. */
static const char *listen_address(const char *text, const char *at)
{
	const char *start = at;

	while (start > text && (start[-1] == ' ' || start[-1] == '\t'))
		start--;
	if (start > text && start[-1] != '\n')
		return NULL;
	return strncmp(at, "listen ", 7) == 0 ? at + 7 : NULL;
}

static const char *move_path(const char *at, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(MOVED); i++) {
		size_t size = strlen(MOVED[i].from);

		if (strncmp(at, MOVED[i].from, size) == 0) {
			buf_printf(out, "%s/%s", rig_directory(), MOVED[i].to);
			return at + size;
		}
	}
	return at;
}

char *rig_check_localise(const char *text)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	const char *at = text;

	while (*at) {
		const char *address = listen_address(text, at), *next = move_path(at, &out);

		if (address) {
			size_t size = strcspn(address, " ;\n");

			buf_printf(&out, "listen 127.0.0.1:%d", port_of(address, size));
			at = address + size;
		} else if (next != at) {
			at = next;
		} else {
			buf_putc(&out, *at++);
		}
	}
	rig_write(rig_path("localised"), "%s", buf_str(&out));
	return rig_read(rig_path("localised"));
}

int rig_check_by(const struct rig_program *nginx, const char *http, const char *stream,
		 char **output)
{
	char *argv[ARRAY_SIZE(nginx->words) + 6] = { NULL };
	char *rest[] = { "-t", "-e", "stderr", "-c", rig_path("nginx.conf") };
	size_t n = 0;

	for (; nginx->words[n]; n++)
		argv[n] = nginx->words[n];
	memcpy(argv + n, rest, sizeof(rest));
	configure(nginx);
	rig_write(rig_path("live/http.conf"), "%s", http);
	rig_write(rig_path("live/stream.conf"), "%s", stream);
	return rig_run(output, argv);
}

int rig_check(const char *http, const char *stream, char **output)
{
	struct rig_program nginx = rig_installed_nginx();

	return rig_check_by(&nginx, http, stream, output);
}
