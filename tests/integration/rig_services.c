/* Services that register themselves, and who serves them: see rig_services.h. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_services.h"

struct rig_host host;
int port;
int backend[BACKENDS];
const char *const backend_says[BACKENDS] = { "one", "two", "three", "four" };

int services_setup_at(struct rig_zookeeper *z)
{
	struct buf text = BUF_INIT;

	rig_host_init_at(&host, "web1", z);
	port = rig_port();
	for (size_t i = 0; i < BACKENDS; i++) {
		backend[i] = rig_port();
		buf_printf(&text, "server { listen 127.0.0.1:%d; return 200 %s; }\n", backend[i],
			   backend_says[i]);
	}
	services_nginx(buf_str(&text));
	buf_fini(&text);
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

int services_setup(void **state UNUSED)
{
	return services_setup_at(rig_zookeeper_start(NULL));
}

int services_teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

void services_nginx(const char *text)
{
	char *file = rig_path("backends.conf");

	rig_write(file, "%s%s", host.nginx.http_text ?: "", text);
	host.nginx.http_text = rig_read(file);
	rig_nginx_configure(&host.nginx);
}

void services_site(const char *znode, int on, const char *upstream)
{
	char json[256];

	snprintf(
		json, sizeof(json),
		"{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"%s\"}]}",
		on, upstream);
	rig_zk_set(host.zk, znode, json);
}

void services_upstream(const char *name, const char *discover, const char *more)
{
	char path[128], json[1024];

	snprintf(path, sizeof(path), UPSTREAMS "/%s", name);
	snprintf(json, sizeof(json), "{\"discover\":%s%s}", discover, more);
	rig_zk_set(host.zk, path, json);
}

void services_register(struct rig_zk *app, const char *path, int on)
{
	char znode[256];

	snprintf(znode, sizeof(znode), "%s/127.0.0.1:%d", path, on);
	rig_zk_create_ephemeral(app, znode, NULL);
}

void services_deregister(struct rig_zk *app, const char *path, int on)
{
	char znode[256];

	snprintf(znode, sizeof(znode), "%s/127.0.0.1:%d", path, on);
	rig_zk_delete(app, znode);
}

const char *services_block(const char *config, const char *upstream)
{
	static char block[65536];
	char head[128];
	const char *from, *end;

	snprintf(head, sizeof(head), "\nupstream %s {\n", upstream);
	from = config ? strstr(config, head) : NULL;
	end = from ? strstr(from, "\n}") : NULL;
	snprintf(block, sizeof(block), "%.*s", end ? (int)(end - from) : 0, from ?: "");
	return block;
}

bool services_has(const char *upstream, const char *server)
{
	char line[256];

	snprintf(line, sizeof(line), "    server %s;", server);
	return strstr(services_block(rig_host_live(&host, "http.conf"), upstream), line) != NULL;
}

bool services_has_port(const char *upstream, int on)
{
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%d", on);
	return services_has(upstream, address);
}

size_t services_count(const char *upstream)
{
	const char *at = services_block(rig_host_live(&host, "http.conf"), upstream);
	size_t n = 0;

	while ((at = strstr(at, "\n    server ")) != NULL) {
		at++;
		n++;
	}
	return n;
}

bool services_answer(int on, unsigned times)
{
	while (times--) {
		if (rig_nginx_get(on, "/", NULL, NULL) != 200)
			return false;
	}
	return true;
}

bool services_were_gone(const char *upstream)
{
	glob_t found = { 0 };
	bool was = false;
	char *pattern = xasprintf("%s/generations/*/http.conf", host.nginx.state);

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		was = was || strstr(services_block(rig_read(found.gl_pathv[i]), upstream),
				    "No server is available");
	globfree(&found);
	free(pattern);
	return was;
}

bool services_are_applied(void)
{
	return rig_host_is(&host, "applied") && rig_host_problem_count(&host) == 0;
}
