/* One znode's part of what nginx -t says. */
#include <stdlib.h>
#include <string.h>

#include "lint_host.h"
#include "lint_nginx.h"

void lint_host(struct ctl *ctl, const struct tree *before, const struct tree *after,
	       const char *path, struct problems *problems)
{
	CLEANUP(problems_fini) struct problems found;
	CLEANUP(freep) char *note = NULL;

	problems_init(&found);
	if (!lint_nginx_has_host(ctl))
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
