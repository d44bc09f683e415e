/* One znode's part of what nginx -t says. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lint_host.h"
#include "lint_nginx.h"

/* The daemon has run here, as root, and so can nginx -t. */
static bool is_host_of_fleet(const struct ctl *ctl)
{
	CLEANUP(freep) char *live = xasprintf("%s/live/http.conf", ctl->settings.state.directory);

	return geteuid() == 0 && access(live, R_OK) == 0 &&
	       access(ctl->settings.nginx.config, R_OK) == 0 &&
	       access(ctl->settings.nginx.binary, X_OK) == 0;
}

void lint_host(struct ctl *ctl, const struct tree *before, const struct tree *after,
	       const char *path, struct problems *problems)
{
	CLEANUP(problems_fini) struct problems found;
	CLEANUP(freep) char *note = NULL;

	problems_init(&found);
	if (!is_host_of_fleet(ctl))
		return;
	if (!lint_nginx(ctl, &(struct lint_input){ .tree = after, .accepted = before }, &found,
			&note))
		ctl_say("%s", note);
	for (size_t i = 0; i < found.count; i++) {
		if (strcmp(found.items[i].znode, path) == 0)
			problems_append(problems, &found.items[i]);
		else if (strcmp(found.items[i].znode, ctl->settings.zookeeper.config) == 0)
			ctl_say("%s", found.items[i].message);
	}
}
