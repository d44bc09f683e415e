/*
 * A small config in a real ZooKeeper, for tests of commands that change it: an upstream with one
 * server, and a site that uses it. Drafts of editors are in a directory of the test.
 */
#ifndef ZKNGINX_TESTS_RIG_CONFIG_H
#define ZKNGINX_TESTS_RIG_CONFIG_H

#include "rig_ctl.h"
#include "rig_zookeeper.h"

#define RIG_ROOT "/nginx/config"
#define RIG_UPSTREAM RIG_ROOT "/upstreams/shop" /* empty, with the server 10.0.0.1:80 */
#define RIG_SITE RIG_ROOT "/sites/shop"
#define RIG_GOOD /* what the site has */                                                           \
	"{\"listen\": [\"8080\"], \"locations\": [{\"path\": \"/\", \"proxy\": \"shop\"}]}"
#define RIG_OTHER /* another port */                                                               \
	"{\"listen\": [\"8081\"], \"locations\": [{\"path\": \"/\", \"proxy\": \"shop\"}]}"

struct rig_config {
	struct rig_zookeeper *zookeeper; /* of the program */
	struct rig_zk *zk;               /* of one test, as the rest */
	char *settings;                  /* the file, for rig_ctl() */
};

extern struct rig_config config; /* of this program */

/* For cmocka. */
int rig_config_setup(void **state);
int rig_config_teardown(void **state);
int rig_config_begin(void **state);
int rig_config_end(void **state);

#define config_test(t) cmocka_unit_test_setup_teardown(t, rig_config_begin, rig_config_end)

/* zknginxctl set PATH - OPTION, with this text; option may be NULL. */
struct rig_ctl_result rig_config_set(const char *path, const char *text, const char *option);
/* The version of a znode; −1: there is none. */
int rig_config_version(const char *path);

/* From now on the editor is a script; its $1 is the draft. */
void rig_config_use_editor(const char *script);
/* How many drafts there are; and their text, valid until rig_clean(). */
size_t rig_config_drafts(void);
char *rig_config_draft(void);

#endif
