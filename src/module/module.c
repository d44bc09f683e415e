/*
 * ngx_http_zknginx_module and ngx_stream_zknginx_module: the servers of an upstream with a zone are
 * changed without a reload. They have no directive; what nginx does without them it does with them,
 * until the daemon sends a change. Whatever cannot be changed safely is left to a reload.
 *
 * upstream.h: how they find and wrap the upstreams. servers.h: how a change is safe. link.h and
 * commands.h: how a worker speaks with the daemon.
 */
#include "faults.h"
#include "link.h"
#include "upstream.h"

#ifndef ZKNGINX_MODULE_SOCKET
#define ZKNGINX_MODULE_SOCKET "/run/zknginxd/nginx.sock"
#endif

static void *create_main_conf(ngx_conf_t *cf)
{
	return ngx_pcalloc(cf->pool, sizeof(struct upstreams));
}

static void *create_srv_conf(ngx_conf_t *cf)
{
	return ngx_pcalloc(cf->pool, sizeof(struct upstream));
}

static const char *socket_path(void)
{
#ifdef ZKNGINX_MODULE_TEST
	const char *path = getenv("ZKNGINX_MODULE_SOCKET");

	if (path)
		return path;
#endif
	return ZKNGINX_MODULE_SOCKET;
}

/* Of two configurations of one host, the later one has the higher number. */
static uint64_t new_cycle(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static ngx_int_t postconfiguration(ngx_conf_t *cf)
{
	struct upstreams *all = NGX_PART(conf_get_module_main_conf)(cf, ZKNGINX_MODULE);

	all->cycle = new_cycle();
	all->path = socket_path();
	faults_begin();
	return upstreams_attach(all, cf);
}

/* A reload may have left stream out, while this file stays loaded: then nothing is configured here,
 * and the index of stream is that of another module. */
static bool has_context(const ngx_cycle_t *cycle)
{
	for (ngx_uint_t i = 0; cycle->modules[i]; i++) {
		if (cycle->modules[i] == &NGX_PART(module))
			return true;
	}
	return false;
}

/* Also called for the processes that look after caches. A master that is its own worker reads a new
 * configuration without calling this again: it stays without. */
static ngx_int_t init_process(ngx_cycle_t *cycle)
{
	struct upstreams *all = NULL;

	if (has_context(cycle))
		all = NGX_PART(cycle_get_module_main_conf)(cycle, ZKNGINX_MODULE);
	if (!all || ngx_process != NGX_PROCESS_WORKER)
		return NGX_OK;
	return link_start(all, cycle);
}

static NGX_PART(module_t) context = {
	.postconfiguration = postconfiguration,
	.create_main_conf = create_main_conf,
	.create_srv_conf = create_srv_conf,
};

#ifdef ZKNGINX_STREAM
#define THIS_TYPE NGX_STREAM_MODULE
#define THIS_NAME "ngx_stream_zknginx_module"
#else
#define THIS_TYPE NGX_HTTP_MODULE
#define THIS_NAME "ngx_http_zknginx_module"
#endif

static ngx_command_t commands[] = { ngx_null_command };

ngx_module_t ZKNGINX_MODULE = {
	NGX_MODULE_V1,
	.ctx = &context,
	.commands = commands,
	.type = THIS_TYPE,
	.init_process = init_process,
};

/* What nginx looks up in a file that it loads. */
#define EXPORTED __attribute__((visibility("default")))
EXPORTED extern ngx_module_t *ngx_modules[];
EXPORTED extern char *ngx_module_names[];
EXPORTED extern char *ngx_module_order[];

ngx_module_t *ngx_modules[] = { &ZKNGINX_MODULE, NULL };
char *ngx_module_names[] = { (char *)THIS_NAME, NULL };
char *ngx_module_order[] = { NULL };
