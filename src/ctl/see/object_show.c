/* Lists and pages of objects. */
#include <string.h>

#include "object_show.h"

static void print_unusable(const struct composed *c, const struct screen *screen,
			   const struct object_view *v)
{
	const char *path;

	for (size_t i = 0; (path = composed_next(c, v->kind, &i));) {
		const char *name = path_name(path);

		if (!v->is_usable(c, name))
			screen_lines(screen, COLOR_BAD, 0,
				     "%s cannot be used; see: zknginxctl %s %s", path, v->command,
				     name);
	}
}

static json_t *list_json(const struct composed *c, const struct object_view *v)
{
	json_t *list = json_array();
	const char *path;

	for (size_t i = 0; (path = composed_next(c, v->kind, &i));)
		json_array_append_new(list, v->json(c, path, false));
	return list;
}

static int show_all(const struct ctl *ctl, const struct composed *c, const struct object_view *v)
{
	if (ctl->json) {
		ctl_print_json(list_json(c, v));
		return CTL_OK;
	}
	v->print_table(c, &ctl->screen);
	print_unusable(c, &ctl->screen, v);
	composed_print_origin(c, &ctl->screen);
	return CTL_OK;
}

static int show_one(const struct ctl *ctl, const struct composed *c, const struct object_view *v,
		    const char *name)
{
	CLEANUP(freep) char *path = config_path(c->root, v->kind, name);

	if (!tree_find(c->tree, path)) {
		ctl_say("there is no %s \"%s\": %s does not exist", v->noun, name, path);
		return CTL_BAD;
	}
	if (ctl->json) {
		ctl_print_json(v->json(c, path, true));
	} else {
		v->print(c, &ctl->screen, path);
		composed_print_origin(c, &ctl->screen);
	}
	return v->is_usable(c, name) ? CTL_OK : CTL_BAD;
}

int object_show(struct ctl *ctl, const struct arguments *args, const struct object_view *v)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	struct err e;

	if (composed_read(ctl, &c, &e) < 0)
		return ctl_fail(&e);
	return arguments_count(args) ? show_one(ctl, c, v, arguments_at(args, 0))
				     : show_all(ctl, c, v);
}
