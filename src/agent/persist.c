/* See persist.h. */
#include <zknginx/err.h>

#include "persist.h"

void persist_begin(struct agent *a)
{
	a->persisting = a->attempt;
	a->attempt = (struct attempt){ 0 };
}

void persist_on_change(struct agent *a)
{
	if (a->persisting.model)
		deploy_hold(a->deploy);
}

bool persist_after_change(struct agent *a)
{
	a->persisting.is_behind = a->persisting.model;
	return deploy_release(a->deploy);
}

void persist_end(struct agent *a)
{
	if (!a->persisting.model)
		return;
	if (a->attempt.model)
		die("persist: the outcome came during another attempt");
	a->attempt = a->persisting;
	a->persisting = (struct attempt){ 0 };
}
