/* Services that register themselves, and the servers that answer for them: see rig_services.h. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_services.h"

const char *const backend_says[BACKENDS] = { "one", "two", "three", "four" };

static void init(struct rig_services *s, struct rig_zookeeper *z)
{
	struct buf text = BUF_INIT;

	rig_host_init_at(&s->host, "web1", z);
	s->port = rig_port();
	for (size_t i = 0; i < BACKENDS; i++) {
		s->backend[i] = rig_port();
		buf_printf(&text, "server { listen 127.0.0.1:%d; return 200 %s; }\n", s->backend[i],
			   backend_says[i]);
	}
	services_nginx(s, buf_str(&text));
	buf_fini(&text);
	rig_zk_create(s->host.zk, CONFIG, NULL);
}

int services_setup_at(void **state, struct rig_zookeeper *z)
{
	struct rig_services *s = xcalloc(1, sizeof(*s));

	init(s, z);
	*state = s;
	return 0;
}

int services_setup(void **state)
{
	return services_setup_at(state, rig_zookeeper_start(NULL));
}

int services_teardown(void **state)
{
	struct rig_services *s = *state;

	rig_host_fini(&s->host);
	rig_clean();
	free(s);
	return 0;
}

void services_nginx(struct rig_services *s, const char *text)
{
	char *file = rig_path("backends.conf");

	rig_write(file, "%s%s", s->host.nginx.http_text ?: "", text);
	s->host.nginx.http_text = rig_read(file);
	rig_nginx_configure(&s->host.nginx);
}

void services_site(struct rig_services *s, const char *znode, int on, const char *upstream)
{
	char json[256];

	snprintf(
		json, sizeof(json),
		"{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"%s\"}]}",
		on, upstream);
	rig_zk_set(s->host.zk, znode, json);
}

void services_upstream(struct rig_services *s, const char *name, const char *discover,
		       const char *more)
{
	char path[128], json[1024];

	snprintf(path, sizeof(path), UPSTREAMS "/%s", name);
	snprintf(json, sizeof(json), "{\"discover\":%s%s}", discover, more);
	rig_zk_set(s->host.zk, path, json);
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

bool services_has(struct rig_services *s, const char *upstream, const char *server)
{
	char line[256];

	snprintf(line, sizeof(line), "    server %s;", server);
	return strstr(services_block(rig_host_live(&s->host, "http.conf"), upstream), line) != NULL;
}

bool services_has_port(struct rig_services *s, const char *upstream, int on)
{
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%d", on);
	return services_has(s, upstream, address);
}

size_t services_count(struct rig_services *s, const char *upstream)
{
	const char *at = services_block(rig_host_live(&s->host, "http.conf"), upstream);
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

bool services_were_gone(struct rig_services *s, const char *upstream)
{
	glob_t found = { 0 };
	bool was = false;
	char *pattern = xasprintf("%s/generations/*/http.conf", s->host.nginx.state);

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		was = was || strstr(services_block(rig_read(found.gl_pathv[i]), upstream),
				    "No server is available");
	globfree(&found);
	free(pattern);
	return was;
}

bool services_are_applied(struct rig_services *s)
{
	return rig_host_is_with(&s->host, "applied", 0);
}
