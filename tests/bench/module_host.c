/* See module_host.h. */
#include "../integration/rig.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "../integration/rig_module.h"
#include "module_host.h"

#define SERVERS_AN_UPSTREAM 50
#define PROBE "/nginx/config/upstreams/probe"

struct rig_host module_host;
int module_host_site;
static int module_host_backend;

/* Of all threads of the process; ms. */
double module_host_cpu(pid_t pid)
{
	char path[320];
	double all = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	for (const struct dirent *d; tasks && (d = readdir(tasks));) {
		char *text;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, d->d_name);
		text = d->d_name[0] == '.' ? NULL : rig_read(path);
		all += text ? strtod(text, NULL) / 1e6 : 0;
	}
	if (tasks)
		closedir(tasks);
	return all;
}

/* Of the workers that have ended; ms. */
static double cpu_of_dead(pid_t master)
{
	char *stat = rig_read(rig_text("/proc/%d/stat", master));
	const char *end = stat ? strrchr(stat, ')') : NULL;
	unsigned long user, system;

	if (!end || sscanf(end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lu %lu",
			   &user, &system) != 2)
		return 0;
	return (double)(user + system) * 1000.0 / (double)sysconf(_SC_CLK_TCK);
}

double module_host_cpu_of_workers(const struct master *m)
{
	struct workers w;
	double all = cpu_of_dead(m->pid);

	master_workers(m, &w);
	for (size_t i = 0; i < w.serving_count; i++)
		all += module_host_cpu(w.serving[i]);
	for (size_t i = 0; i < w.leaving; i++)
		all += module_host_cpu(w.old[i]);
	return all;
}

static double memory_mb(pid_t pid, const char *field)
{
	char *status = rig_read(rig_text("/proc/%d/status", pid));
	char *line = status ? strstr(status, field) : NULL;

	return line ? strtod(line + strlen(field), NULL) / 1024.0 : 0;
}

double module_host_mb(pid_t pid)
{
	return memory_mb(pid, "\nVmRSS:");
}

double module_host_peak_mb(void)
{
	return memory_mb(module_host.daemon, "\nVmHWM:");
}

/* --- the host -------------------------------------------------------------------------------- */

/* nginx -t runs as another user, who has to be able to read the modules. */
static char *copy_of_module(const char *name)
{
	char *to = rig_path("%s", name);
	char *argv[] = { "cp", (char *)rig_module_file(name), to, NULL };

	if (rig_run(NULL, argv) != 0)
		die("%s cannot be copied", name);
	return to;
}

char *module_host_server(int i)
{
	return rig_text("/nginx/config/upstreams/u%d/10.%d.%d.%d:8080", i / SERVERS_AN_UPSTREAM,
			i >> 16, (i >> 8) & 255, i & 255);
}

const char *module_host_probed(int n)
{
	return rig_text(PROBE "/127.1.0.%d:%d", n, module_host_backend);
}

static void fill(int servers)
{
	rig_zk_create(module_host.zk, "/nginx/config/upstreams", NULL);
	for (int i = 0; i < servers; i++) {
		if (i % SERVERS_AN_UPSTREAM == 0)
			rig_zk_send_create(
				module_host.zk,
				rig_text("/nginx/config/upstreams/u%d", i / SERVERS_AN_UPSTREAM),
				"{\"balance\": \"least_conn\"}");
		rig_zk_send_create(module_host.zk, module_host_server(i),
				   "weight=5 max_fails=3 fail_timeout=15s");
	}
	if (rig_zk_drain(module_host.zk))
		die("the znodes could not be created");
	rig_zk_set(module_host.zk, PROBE, "{\"keepalive\": 4}");
	rig_zk_set(module_host.zk, module_host_probed(1), "");
	rig_zk_set(module_host.zk, module_host_probed(2), "backup");
	rig_zk_set(module_host.zk, "/nginx/config/sites/s",
		   rig_text("{\"listen\":[\"127.0.0.1:%d\"],\"locations\":"
			    "[{\"path\":\"/\",\"proxy\":\"probe\"}]}",
			    module_host_site));
}

/* The two servers are of this nginx as well. */
static void configure_nginx(void)
{
	char *http = copy_of_module("ngx_http_zknginx_module.so");
	char *stream = copy_of_module("ngx_stream_zknginx_module.so");

	setenv("ZKNGINX_MODULE_SOCKET", rig_path("bench.run/nginx.sock"), 1);
	module_host.nginx.main_text = rig_text("load_module %s;\nload_module %s;", http, stream);
	module_host.nginx.http_text = rig_text("server { listen 127.1.0.1:%d; return 200 one; }\n"
					       "server { listen 127.1.0.2:%d; return 200 two; }",
					       module_host_backend, module_host_backend);
	module_host.nginx.connections = 8192;
	rig_nginx_configure(&module_host.nginx);
}

/* How the status says that the servers come to nginx. */
static bool is_updated(const char *way)
{
	json_t *list = json_object_get(rig_host_status(&module_host), "upstreams");
	const json_t *first = json_array_get(list, 0);
	const char *text = json_string_value(json_object_get(first, "update"));

	return text && strcmp(text, way) == 0;
}

void module_host_start(int servers)
{
	rig_host_init_at(&module_host, "bench",
			 rig_zookeeper_start(&(struct rig_zookeeper_options){ .heap = "-Xmx2g" }));
	module_host_site = rig_port();
	module_host_backend = rig_port();
	configure_nginx();
	fill(servers);
	rig_host_start(&module_host);
	eventually(NULL, rig_host_is(&module_host, "applied") &&
				 rig_host_status_number(&module_host, "zookeeper.nodes") > servers);
	eventually(NULL, is_updated("live"));
}

void module_host_put_off_files(void)
{
	module_host.nginx_settings = "persist_gap = \"1m\";";
	rig_host_settings(&module_host, NULL);
	kill(module_host.daemon, SIGHUP);
	eventually(NULL, strstr(rig_read(module_host.log), "settings read again"));
}

void module_host_use_reload(void)
{
	module_host.nginx_settings = "servers = \"reload\";";
	rig_host_settings(&module_host, NULL);
	kill(module_host.daemon, SIGHUP);
	eventually(NULL, !is_updated("live"));
}
