/*
 * Link: what objects say about each other.
 *
 * Runs after guard on the model under construction. A site whose upstream does
 * not exist falls back to its last good form, and the upstream that this form
 * needs is kept too; of two sites that claim one name on one address the one that
 * is live already wins, else the first by name. What cannot be mended is taken
 * out. Every decision is a problem.
 */
#ifndef ZKNGINX_LINK_H
#define ZKNGINX_LINK_H

#include <zknginx/model.h>
#include <zknginx/policy.h>
#include <zknginx/problem.h>

void link_model(struct model *next, const struct model *good, const struct policy *policy,
		struct problems *problems);

#endif
