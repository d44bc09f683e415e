/* A config in ZooKeeper and as files. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_push.h"

int rig_push_setup(void **state)
{
	struct rig_push *c = xcalloc(1, sizeof(*c));

	c->zookeeper = rig_zookeeper_start(NULL);
	c->settings = rig_push_settings(rig_zookeeper_hosts(c->zookeeper));
	*state = c;
	return 0;
}

int rig_push_teardown(void **state)
{
	struct rig_push *c = *state;

	rig_zookeeper_stop(c->zookeeper);
	free(c);
	rig_clean();
	return 0;
}

char *rig_push_settings(const char *hosts)
{
	static unsigned count;
	char *file = rig_path("ctl%u.conf", count++);

	rig_write(file, "zookeeper: { hosts = \"%s\"; };\nstate: { directory = \"%s\"; };\n", hosts,
		  rig_path("state"));
	return file;
}

int rig_push_begin(void **state)
{
	static unsigned count;
	struct rig_push *c = *state;

	c->zk = rig_zk_connect(rig_zookeeper_hosts(c->zookeeper));
	c->directory = rig_path("conf%u", count++);
	rig_zk_delete_all(c->zk, "/nginx");
	rig_push_set(c, "upstreams/shop", "{\"keepalive\":5}");
	rig_push_set(c, "upstreams/shop/10.0.0.1:80", "weight=5");
	rig_push_set(c, "upstreams/shop/10.0.0.2:80", "");
	rig_push_set(c, "sites/shop",
		     "{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"shop\"}]}");
	rig_push_set(c, "snippets/http/x", "map $host $x { default 1; }");
	rig_zk_create(c->zk, "/nginx/cluster", "");
	return 0;
}

int rig_push_end(void **state)
{
	struct rig_push *c = *state;

	rig_zk_close(c->zk);
	rig_run(NULL, (char *[]){ "rm", "-rf", c->directory, NULL });
	return 0;
}

void rig_push_pull(struct rig_push *c)
{
	struct rig_ctl_result r = rig_ctl(c->settings, "pull", c->directory, NULL);

	rig_ctl_assert_code(&r, 0);
}

void rig_push_write(struct rig_push *c, const char *file, const char *text)
{
	char *path = rig_path("%s/%s", strrchr(c->directory, '/') + 1, file);
	CLEANUP(freep) char *directory = xstrdup(path);

	*strrchr(directory, '/') = '\0';
	assert_int_equal(rig_run(NULL, (char *[]){ "mkdir", "-p", directory, NULL }), 0);
	rig_write(path, "%s", text);
}

const char *rig_push_read(struct rig_push *c, const char *file)
{
	return rig_read(rig_path("%s/%s", strrchr(c->directory, '/') + 1, file));
}

void rig_push_remove(struct rig_push *c, const char *file)
{
	char *path = rig_path("%s/%s", strrchr(c->directory, '/') + 1, file);

	assert_int_equal(rig_run(NULL, (char *[]){ "rm", "-r", path, NULL }), 0);
}

static const char *path_of(const char *znode)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s%s%s", CONFIG_ROOT, *znode ? "/" : "", znode);
	return path;
}

const char *rig_push_get(struct rig_push *c, const char *znode)
{
	return rig_zk_get(c->zk, path_of(znode));
}

void rig_push_set(struct rig_push *c, const char *znode, const char *data)
{
	rig_zk_set(c->zk, path_of(znode), data);
}

bool rig_push_has(struct rig_push *c, const char *znode)
{
	return rig_zk_exists(c->zk, path_of(znode));
}

const char *rig_push_note(struct rig_push *c, const char *field)
{
	static char text[1200];
	json_t *j = json_loads(rig_push_get(c, "") ?: "", 0, NULL);
	json_t *value = json_object_get(j, field);

	text[0] = '\0';
	if (json_is_string(value))
		snprintf(text, sizeof(text), "%s", json_string_value(value));
	else if (value)
		snprintf(text, sizeof(text), "{}");
	json_decref(j);
	return text;
}

int rig_push_version(struct rig_push *c)
{
	int version = -1;

	rig_zk_get_version(c->zk, CONFIG_ROOT, &version);
	return version;
}
