/*
 * Expand: a tree whose sites and upstreams say everything themselves.
 *
 * defaults/site, defaults/location and defaults/upstream are merged below each object, a site's
 * template is put in its place, and parameters are replaced. Everything after this (what nginx
 * runs, what it refused, what is kept) knows the expanded objects alone, so a change of a template
 * is a change of its sites. An object that is expanded says `"defaults": false`, so it is not
 * expanded again. The revision is that of the tree as it was written.
 *
 * An object that cannot be expanded stays as it is, and expansion_problem() says why.
 */
#ifndef ZKNGINX_CORE_EXPAND_H
#define ZKNGINX_CORE_EXPAND_H

#include <zknginx/problem.h>
#include <zknginx/tree.h>
#include <zknginx/vars.h>

struct expansion;

/* Keeps a reference to the tree and borrows the other two. vars may be NULL. */
struct expansion *expansion_new(const struct tree *tree, const char *root,
				const struct host_var *vars);
void expansion_free(struct expansion *x);
DEFINE_CLEANUP(struct expansion *, expansion_free)

/* The expanded tree; borrowed. The same tree where there is nothing to expand. */
struct tree *expansion_tree(const struct expansion *x);
/* The tree as it was written, and the config root; borrowed. */
struct tree *expansion_raw(const struct expansion *x);
const char *expansion_root(const struct expansion *x);
/* Could the object not be expanded? The second one then adds the problem. NULL: nothing was
 * expanded. */
bool expansion_fails(const struct expansion *x, const char *path);
bool expansion_problem(const struct expansion *x, const char *path, struct problems *problems);
/* Could all objects be expanded? */
bool expansion_is_whole(const struct expansion *x);
/* expand_explain.c: the problem of a field that a template, a parameter or defaults gave says so.
 */
void expansion_explain(const struct expansion *x, struct problems *problems);

#endif
