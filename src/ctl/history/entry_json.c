/* An entry of the history as JSON. */
#include "entry_json.h"
#include "core/text/json_text.h"

json_t *history_entry_json(const struct history_entry *h)
{
	json_t *j = json_object(), *znodes = json_array();

	for (size_t i = 0; i < h->znode_count; i++)
		json_array_append_new(znodes, json_text(h->znodes[i]));
	json_put_text(j, "at", h->at);
	json_put_text(j, "by", h->by);
	json_put_text(j, "changed", h->changed);
	json_put_number(j, "changes", h->changes);
	json_put_text(j, "leader", h->leader);
	json_put_text(j, "note", h->note);
	json_put_text(j, "outcome", history_outcome_name(h->outcome));
	json_put_text(j, "reason", h->reason);
	json_put_text(j, "revision", h->revision);
	json_put_number(j, "seq", h->seq);
	json_put(j, "znodes", znodes);
	return j;
}
