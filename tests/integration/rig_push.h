/*
 * A ZooKeeper with a config, a directory with the config as files, and the settings for zknginxctl.
 * No daemon runs.
 */
#ifndef ZKNGINX_TESTS_RIG_PUSH_H
#define ZKNGINX_TESTS_RIG_PUSH_H

#include "rig_ctl.h"
#include "rig_zookeeper.h"

#define CONFIG_ROOT "/nginx/config"

struct rig_push {
	struct rig_zookeeper *zookeeper;
	struct rig_zk *zk;
	char *settings;
	char *directory; /* empty */
};

/* For cmocka: *state is a struct rig_push of the whole program. Each test begins with the same
 * small config (upstream shop with two servers, site shop, a snippet), and an empty directory. */
int rig_push_setup(void **state);
int rig_push_teardown(void **state);
int rig_push_begin(void **state);
int rig_push_end(void **state);

#define push_test(t) cmocka_unit_test_setup_teardown(t, rig_push_begin, rig_push_end)

/* Settings for these hosts of ZooKeeper. */
char *rig_push_settings(const char *hosts);
/* Pulls the config into the directory. */
void rig_push_pull(struct rig_push *c);
/* A file of the directory ("sites/shop.json"); its directories are made. */
void rig_push_write(struct rig_push *c, const char *file, const char *text);
const char *rig_push_read(struct rig_push *c, const char *file); /* NULL: there is none */
void rig_push_remove(struct rig_push *c, const char *file);      /* or a directory */
/* "…/sites/shop" */
const char *rig_push_get(struct rig_push *c, const char *znode);
void rig_push_set(struct rig_push *c, const char *znode, const char *data);
bool rig_push_has(struct rig_push *c, const char *znode);
/* A field of the data of the config root; "" = not there. */
const char *rig_push_note(struct rig_push *c, const char *field);
int rig_push_version(struct rig_push *c);

#endif
