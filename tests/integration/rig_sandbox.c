/* A host in a directory, for the sandbox: see rig_sandbox.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "nginx/proc.h"
#include "rig_sandbox.h"

static const char *const directories[] = { "etc",
					   "etc/conf.d",
					   "state",
					   "state/generations",
					   "state/generations/1",
					   "state/generations/2",
					   "state/cache",
					   "logs",
					   "logs/sub",
					   "run",
					   "temp" };

static void make_directories(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		if (mkdir(rig_path("%s", directories[i]), 0755) < 0)
			die("%s: %m", directories[i]);
	}
	if (symlink("generations/1", rig_path("state/live")) < 0)
		die("symlink: %m");
}

static bool has_helper;

void host_use_helper(void)
{
	has_helper = true;
}

void host_start_helper(struct host *h)
{
	const struct settings settings = { .nginx = h->settings,
					   .state = { .directory = rig_path("state") } };
	struct err e;

	if (helper_start(&settings, &e) < 0)
		fail_msg("%s", e.text);
}

struct host *host_new(void)
{
	struct host *h = xcalloc(1, sizeof(*h));

	if (sd_event_new(&h->loop) < 0)
		die("sd_event_new");
	make_directories();
	h->live = rig_path("state/live");
	h->staged = rig_path("state/generations/2");
	h->cache = rig_path("state/cache");
	h->logs = rig_path("logs");
	h->settings = (struct nginx_settings){
		.binary = "/usr/sbin/nginx",
		.config = rig_path("etc/nginx.conf"),
		.pid = rig_path("run/nginx.pid"),
		.test_timeout = 20 * USEC_PER_SEC,
		.log_directory = h->logs,
	};
	rig_write(rig_path("state/live/http.conf"), "the_live_file_was_read;\n");
	host_configure(h, "", host_include(h));
	host_stage_good(h);
	if (has_helper)
		host_start_helper(h);
	return h;
}

void host_free(struct host *h)
{
	sandbox_free(h->sandbox);
	helper_stop();
	sd_event_unref(h->loop);
	free(h->result.text);
	free(h);
}

int host_setup(void **state)
{
	*state = host_new();
	return 0;
}

int host_teardown(void **state)
{
	host_free(*state);
	rig_clean();
	return 0;
}

const char *host_include(const struct host *h)
{
	static char text[4096];

	snprintf(text, sizeof(text), "include %s/http.conf;", h->live);
	return text;
}

void host_configure(struct host *h, const char *head, const char *body)
{
	const char *d = rig_directory();

	rig_write(h->settings.config,
		  "pid %s/run/nginx.pid;\n"
		  "error_log %s/logs/error.log;\n"
		  "%s\n"
		  "events { worker_connections 64; }\n"
		  "http {\n"
		  "	access_log %s/logs/access.log;\n"
		  "	client_body_temp_path %s/temp/body;\n"
		  "	proxy_temp_path %s/temp/proxy;\n"
		  "	fastcgi_temp_path %s/temp/fastcgi;\n"
		  "	uwsgi_temp_path %s/temp/uwsgi;\n"
		  "	scgi_temp_path %s/temp/scgi;\n"
		  "	%s\n"
		  "}\n",
		  d, d, head, d, d, d, d, d, d, body);
}

void host_stage(struct host *h, const char *fmt, ...)
{
	CLEANUP(freep) char *path = xasprintf("%s/http.conf", h->staged);
	CLEANUP(freep) char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	rig_write(path, "%s", text);
}

void host_stage_good(struct host *h)
{
	host_stage(h, "server { listen 127.0.0.1:%d; return 200 staged; }\n", rig_port());
}

int host_open(struct host *h, enum sandbox_mode kind, struct err *e)
{
	sandbox_free(h->sandbox);
	h->sandbox = NULL;
	h->settings.sandbox = kind;
	return sandbox_new(&h->settings, h->live, h->cache, &h->sandbox, e);
}

static void on_done(void *ctx, const struct sandbox_result *r)
{
	struct test_result *v = ctx;

	free(v->text);
	*v = (struct test_result){
		.over = true,
		.passed = r->passed,
		.timed_out = r->timed_out,
		.failed = r->failed,
		.http_included = r->http_included,
		.stream_included = r->stream_included,
		.text = xstrdup(r->text),
	};
}

void host_begin(struct host *h, enum sandbox_mode kind)
{
	struct err e;

	if ((!h->sandbox || strcmp(sandbox_kind(h->sandbox), sandbox_mode_name(kind)) != 0) &&
	    host_open(h, kind, &e) < 0)
		fail_msg("%s", e.text);
	h->result.over = false;
	if (sandbox_test(h->sandbox, h->loop, h->staged, h->master, on_done, &h->result, &e) < 0)
		fail_msg("%s", e.text);
}

const struct test_result *host_test(struct host *h, enum sandbox_mode kind)
{
	host_begin(h, kind);
	eventually(h->loop, h->result.over);
	return &h->result;
}

const struct test_result *host_test_in_namespace(struct host *h)
{
	return host_test(h, SANDBOX_NAMESPACE);
}

void host_assert_passed(const struct test_result *v)
{
	if (!v->passed)
		fail_msg("%s", v->text);
}

void host_assert_says(const struct test_result *v, const char *text)
{
	if (!strstr(v->text, text))
		fail_msg("expected \"%s\" in: %s", text, v->text);
}

static void count_test(void *ctx, pid_t child)
{
	CLEANUP(buf_fini) struct buf name = BUF_INIT;

	if (proc_read(child, "comm", &name) && strcmp(buf_str(&name), "zknginxd-helper\n") == 0)
		proc_children(child, count_test, ctx);
	else
		++*(unsigned *)ctx;
}

bool host_runs_no_test(void)
{
	unsigned count = 0;

	proc_children(getpid(), count_test, &count);
	return count == 0;
}

char *host_listing(const char *directory)
{
	char *text = NULL;
	CLEANUP(freep)
	char *command =
		xasprintf("find %s -printf '%%p %%s %%m %%u %%T@ %%l\\n' | sort", directory);

	rig_run(&text, (char *[]){ (char *)"sh", (char *)"-c", command, NULL });
	return text;
}
