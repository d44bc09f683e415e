/* An entry of the history as JSON, in the shape that zknginxctl(8) states. */
#ifndef ZKNGINX_CTL_ENTRY_JSON_H
#define ZKNGINX_CTL_ENTRY_JSON_H

#include <jansson.h>
#include <zknginx/history.h>

json_t *history_entry_json(const struct history_entry *h);

#endif
