/*
 * What nginx.probe needs of nginx: a server on loopback that answers what nginx runs and how
 * it is, and a log of failed requests that goes to the probe as datagrams.
 *
 * A request has failed when it was answered with 5xx, or when one of the upstream servers
 * that were tried for it was: "502, 200" is a failure that the client did not see. A log at
 * the level of http { } is beside the one of nginx.conf, and every server without logs of
 * its own inherits both. To find out whether failures are really told, a request for /echo
 * is told like one, though nothing failed; it inherits what such a server inherits.
 */
#include <string.h>

#include "renderer.h"

#define FORMAT "zknginx_failed"

static const char ECHO[] = "    " RENDER_PROBE_HOST "/echo 1;";
static const char LOG_FORMAT[] = "log_format " FORMAT " \"$status $upstream_status\";";

/* $upstream_status: "502, 200", and "502 : 200" across internal redirects. */
static const char *const DEFINITIONS[] = {
	"map $server_name$uri $zknginx_echo {",
	"    default 0;",
	ECHO,
	"}",
	"map $upstream_status $zknginx_upstream_failed {",
	"    default $zknginx_echo;",
	"    \"~(^| )5\" 1;",
	"}",
	"map $status $zknginx_failed {",
	"    default $zknginx_upstream_failed;",
	"    \"~^5\" 1;",
	"}",
	LOG_FORMAT,
};

static const char *const NOTHING_ELSE[] = {
	"location / {",
	"    access_log off;",
	"    return 404;",
	"}",
};

bool has_probe(const struct renderer *r)
{
	return r->options->probe && *r->options->probe;
}

bool probe_log_is_lost(const struct renderer *r)
{
	return r->options->http_log && strcmp(r->options->http_log, "off") == 0;
}

void render_probe_log(struct renderer *r)
{
	render_begin(r, "access_log");
	render_joined(r, "syslog:server=", r->options->probe, ",nohostname,tag=" RENDER_PROBE_TAG);
	render_raw(r, FORMAT " if=$zknginx_failed");
	render_end(r);
}

static void render_logs(struct renderer *r)
{
	if (probe_log_is_lost(r))
		return;
	if (r->options->http_log) {
		render_begin(r, "access_log");
		render_word(r, r->options->http_log);
		render_end(r);
	}
	render_probe_log(r);
}

static void open_location(struct renderer *r, const char *path)
{
	render_begin(r, "location =");
	render_raw(r, path);
	render_open(r);
}

static void render_generation(struct renderer *r)
{
	open_location(r, "/generation");
	render_plain(r, "access_log off;");
	bundle_builder_marker(&r->out, r->file, "        return 200 ", ";");
	render_close(r);
}

static void render_status(struct renderer *r)
{
	if (r->options->probe_lacks_status)
		return;
	open_location(r, "/status");
	render_plain(r, "access_log off;");
	render_plain(r, "stub_status;");
	render_close(r);
}

static void render_echo(struct renderer *r)
{
	open_location(r, "/echo");
	if (probe_log_is_lost(r))
		render_probe_log(r);
	render_plain(r, "return 200 echo;");
	render_close(r);
}

/* For those who are of the host; the address alone keeps out everybody else already. */
static void render_access(struct renderer *r)
{
	render_plain(r, *r->options->probe == '[' ? "allow ::1;" : "allow 127.0.0.0/8;");
	render_plain(r, "deny all;");
}

void render_probe(struct renderer *r)
{
	if (!has_probe(r))
		return;
	bundle_builder_origin(&r->out, r->file, BUNDLE_PROBE);
	render_blank(r);
	render_plain(r, "# " BUNDLE_PROBE);
	for (size_t i = 0; i < ARRAY_SIZE(DEFINITIONS); i++)
		render_plain(r, DEFINITIONS[i]);
	render_logs(r);
	render_begin(r, "server");
	render_open(r);
	render_option(r, "listen", r->options->probe);
	render_plain(r, "server_name " RENDER_PROBE_HOST ";");
	render_access(r);
	render_generation(r);
	render_status(r);
	render_echo(r);
	for (size_t i = 0; i < ARRAY_SIZE(NOTHING_ELSE); i++)
		render_plain(r, NOTHING_ELSE[i]);
	render_close(r);
	render_origin(r, NULL);
}
