/* The config, and editors. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rig_config.h"

struct rig_config config;

int rig_config_setup(void **state UNUSED)
{
	config.zookeeper = rig_zookeeper_start(NULL);
	return 0;
}

int rig_config_teardown(void **state UNUSED)
{
	rig_zookeeper_stop(config.zookeeper);
	return 0;
}

int rig_config_begin(void **state UNUSED)
{
	config.zk = rig_zk_connect(rig_zookeeper_hosts(config.zookeeper));
	config.settings = rig_path("ctl.conf");
	rig_write(config.settings, "zookeeper: { hosts = \"%s\"; };\n",
		  rig_zookeeper_hosts(config.zookeeper));
	mkdir(rig_path("tmp"), 0700);
	setenv("TMPDIR", rig_path("tmp"), 1);
	rig_zk_set(config.zk, RIG_ROOT, "");
	rig_zk_create(config.zk, RIG_UPSTREAM, "");
	rig_zk_create(config.zk, RIG_UPSTREAM "/10.0.0.1:80", "weight=5");
	rig_zk_create(config.zk, RIG_SITE, RIG_GOOD);
	return 0;
}

int rig_config_end(void **state UNUSED)
{
	rig_zk_delete_all(config.zk, "/nginx");
	rig_zk_delete_all(config.zk, "/other");
	rig_zk_close(config.zk);
	rig_clean();
	return 0;
}

struct rig_ctl_result rig_config_set(const char *path, const char *text, const char *option)
{
	const char *arguments[] = { "set", path, "-", option, NULL };

	return rig_ctl_with(config.settings, text, arguments);
}

int rig_config_version(const char *path)
{
	int version = -1;

	rig_zk_get_version(config.zk, path, &version);
	return version;
}

void rig_config_use_editor(const char *script)
{
	char *path = rig_path("editor.sh"), line[500];

	rig_write(path, "%s\n", script);
	snprintf(line, sizeof(line), "sh %s", path);
	unsetenv("VISUAL");
	setenv("EDITOR", line, 1);
}

/* The name of the last one, in *name. */
static size_t list_drafts(char name[256])
{
	DIR *d = opendir(rig_path("tmp"));
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, 256, "%s", entry->d_name);
		count++;
	}
	closedir(d);
	return count;
}

size_t rig_config_drafts(void)
{
	char name[256];

	return list_drafts(name);
}

char *rig_config_draft(void)
{
	char name[256];

	assert_int_equal(list_drafts(name), 1);
	return rig_read(rig_path("tmp/%s", name));
}
