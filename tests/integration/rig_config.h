/*
 * A ZooKeeper with a config, a directory with the config as files, and the settings for zknginxctl.
 * No daemon runs.
 */
#ifndef ZKNGINX_TESTS_RIG_CONFIG_H
#define ZKNGINX_TESTS_RIG_CONFIG_H

#include "rig_ctl.h"
#include "rig_zookeeper.h"

#define CONFIG_ROOT "/nginx/config"

struct rig_config {
	struct rig_zookeeper *zookeeper;
	struct rig_zk *zk;
	char *settings;
	char *directory; /* empty */
};

/* For cmocka: *state is a struct rig_config of the whole program. Each test begins with the same
 * small config (upstream shop with two servers, site shop, a snippet), and an empty directory. */
int rig_config_setup(void **state);
int rig_config_teardown(void **state);
int rig_config_begin(void **state);
int rig_config_end(void **state);

#define config_test(t) cmocka_unit_test_setup_teardown(t, rig_config_begin, rig_config_end)

/* Settings for these hosts of ZooKeeper. */
char *rig_config_settings(const char *hosts);
/* Pulls the config into the directory. */
void rig_config_pull(struct rig_config *c);
/* A file of the directory ("sites/shop.json"); its directories are made. */
void rig_config_write(struct rig_config *c, const char *file, const char *text);
const char *rig_config_read(struct rig_config *c, const char *file); /* NULL: there is none */
void rig_config_remove(struct rig_config *c, const char *file);      /* or a directory */
/* "…/sites/shop" */
const char *rig_config_get(struct rig_config *c, const char *znode);
void rig_config_set(struct rig_config *c, const char *znode, const char *data);
bool rig_config_has(struct rig_config *c, const char *znode);
/* A field of the data of the config root; "" = not there. */
const char *rig_config_note(struct rig_config *c, const char *field);
int rig_config_version(struct rig_config *c);

#endif
