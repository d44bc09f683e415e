/*
 * Foreign children: programs keep locks, leaders and logs beside their registrations. The operator
 * names them in "ignore". Those of well-known programs are ignored by default where they cannot be
 * read as a registration, which they may be by chance.
 */
#include <string.h>

#include "core/text/protected_name.h"
#include "discover_foreign.h"

/* BookKeeper, Mesos, ZooKeeper itself, and the recipes of Curator and Kazoo. As in
 * zknginx-znodes(5). */
static const char *const well_known[] = {
	"readonly", "log_replicas", "zookeeper",  "leader",    "election",   "lock",
	"locks",    "leases",       "latch-*",    "*-latch-*", "lock-*",     "*-lock-*",
	"lease-*",  "read-*",       "*__READ__*", "write-*",   "*__WRIT__*", "*__lock__*",
};

/* A `*` of the pattern is anything. */
static bool name_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static bool any_matches(const char *const *patterns, size_t count, const struct znode *z)
{
	const char *name = path_name(z->path), *plain = protected_name_plain(name);

	for (size_t i = 0; i < count; i++) {
		if (name_matches(patterns[i], name) || name_matches(patterns[i], plain))
			return true;
	}
	return false;
}

bool foreign_is_ignored(const struct discover *d, const struct znode *z)
{
	return any_matches(d->ignored, d->ignored_count, z);
}

bool foreign_is_well_known(const struct znode *z)
{
	return any_matches(well_known, ARRAY_SIZE(well_known), z);
}
