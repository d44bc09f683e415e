/* What a page may ask for, and the command that does it. */
#ifndef ZKNGINX_CTL_UI_ACTIONS_H
#define ZKNGINX_CTL_UI_ACTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <zknginx/err.h>

#include "task.h"

/* {"action": NAME, …}: the command's words, which live as long as the request. ERR_INPUT: it is no
 * such request. */
int action_words(const json_t *request, struct task_words *out, struct err *e);

#endif
