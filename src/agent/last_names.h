/*
 * The addresses of host names when they were last resolved, kept across restarts in
 * STATE/names.json.
 *
 * nginx runs with these addresses. Without them, a daemon that starts while the name servers are
 * away would lose every server that has a host name.
 */
#ifndef ZKNGINX_AGENT_LAST_NAMES_H
#define ZKNGINX_AGENT_LAST_NAMES_H

#include <zknginx/model.h>

#include "core/discover/names.h"

struct last_names;
/* `fresh` is asked first; if it has no addresses yet, the kept ones are the answer. */
struct last_names *last_names_new(const char *state, const struct names *fresh);
void last_names_free(struct last_names *l);
const struct names *last_names_view(struct last_names *l);
/* nginx runs the model: keep the addresses of its names. */
void last_names_keep(struct last_names *l, const struct model *m);

#endif
