/* Results of a change. */
#include "change_text.h"
#include "core/text/json_text.h"
#include "core/text/utf8.h"
#include "ctl/znodes/paths.h"

void change_print_findings(const struct change *c)
{
	progress_clear();
	fflush(stdout);
	findings_print(&c->findings, stderr);
}

void change_print_json(const struct change *c, const char *result)
{
	json_t *j = json_object();

	json_put_text(j, "path", c->path);
	json_put_text(j, "result", result);
	json_put(j, "version", json_integer(c->exists ? c->before.version : -1));
	json_put(j, "problems", findings_json(&c->findings));
	ctl_print_json(j);
}

bool data_is_text(const struct znode *z)
{
	size_t i = 0;

	while (i < z->size) {
		uint32_t code;
		size_t length = z->data[i] ? utf8_decode(z->data + i, &code) : 0;

		if (!length)
			return false;
		i += length;
	}
	return true;
}

void change_print_difference(const struct change *c, const struct screen *screen,
			     const struct difference_names *names, const struct znode *old,
			     const struct znode *new)
{
	CLEANUP(buf_fini) struct buf from = BUF_INIT, to = BUF_INIT;

	if (!data_is_text(old) || !data_is_text(new))
		return;
	buf_put(&from, old->data, old->size);
	buf_put(&to, new->data, new->size);
	difference_print_texts(screen, names, path_short(c->ctl, c->path), &from, &to);
}
