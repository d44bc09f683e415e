/* sites: what each site listens on, is called, and does with a request. */
#include <string.h>

#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/console/table.h"
#include "ctl/znodes/composed.h"
#include "fleet_json.h"
#include "object_show.h"

/* NULL: it cannot be used. */
static const struct site *site_at(const struct composed *c, const char *path)
{
	return model_site(c->model, path_name(path));
}

static const char *protocol_name(const struct site *s)
{
	return s->protocol == PROTOCOL_STREAM ? "stream" : "http";
}

/* "shop", "/srv/www", "301 /new/" */
static const char *target(struct arena *a, const struct location *l)
{
	switch (l->kind) {
	case LOCATION_PROXY:
	case LOCATION_GRPC:
	case LOCATION_FASTCGI:
	case LOCATION_UWSGI:
		return l->proxy;
	case LOCATION_ROOT:
	case LOCATION_ALIAS:
		return l->root;
	case LOCATION_FILES:
		return "files";
	case LOCATION_RETURN:
		return arena_printf(a, "%ld", l->status);
	case LOCATION_REDIRECT:
		return arena_printf(a, "%ld %s", l->status, l->to);
	}
	return "";
}

static const char *kind_name(const struct location *l)
{
	static const char *const names[] = {
		[LOCATION_PROXY] = "proxy",   [LOCATION_ROOT] = "root",
		[LOCATION_RETURN] = "return", [LOCATION_REDIRECT] = "redirect",
		[LOCATION_GRPC] = "grpc",     [LOCATION_FASTCGI] = "fastcgi",
		[LOCATION_UWSGI] = "uwsgi",   [LOCATION_ALIAS] = "alias",
		[LOCATION_FILES] = "files",
	};

	return names[l->kind];
}

/* --- the list ------------------------------------------------------------------------------- */

static const char *listens(struct arena *a, const struct site *s)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < s->listen_count; i++)
		buf_printf(&text, "%s%s%s%s", i ? ", " : "", s->listens[i].address,
			   *s->listens[i].options ? " " : "", s->listens[i].options);
	return arena_strdup(a, buf_str(&text));
}

static const char *names(struct arena *a, const struct site *s)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (s->is_default)
		buf_puts(&text, "(default)");
	for (size_t i = 0; i < s->server_name_count; i++)
		buf_printf(&text, "%s%s", text.size ? ", " : "", s->server_names[i]);
	return text.size ? arena_strdup(a, buf_str(&text)) : "-";
}

static const char *routes(struct arena *a, const struct site *s)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (s->proxy)
		buf_puts(&text, s->proxy);
	for (size_t i = 0; i < s->location_count; i++)
		buf_printf(&text, "%s%s → %s", i ? ", " : "", s->locations[i].path,
			   target(a, &s->locations[i]));
	return arena_strdup(a, buf_str(&text));
}

static void print_table(const struct composed *c, const struct screen *screen)
{
	static const char *const titles[] = { "SITE", "PROTOCOL", "LISTEN", "NAMES", "TLS", "TO" };
	static const unsigned char spare[] = { 0, 4, 2, 0, 3, 1 };
	CLEANUP(table_fini) struct table t;

	table_init(&t, titles, ARRAY_SIZE(titles));
	t.spare = spare;
	for (size_t i = 0; i < c->model->site_count; i++) {
		const struct site *s = &c->model->sites[i];

		table_add(&t, COLOR_NONE, "%s", s->name);
		table_add(&t, COLOR_NONE, "%s", protocol_name(s));
		table_add(&t, COLOR_NONE, "%s", listens(c->arena, s));
		table_add(&t, COLOR_NONE, "%s", names(c->arena, s));
		table_add(&t, COLOR_NONE, "%s", s->certificate ? "yes" : "-");
		table_add(&t, COLOR_NONE, "%s", routes(c->arena, s));
	}
	table_print(&t, screen);
}

/* --- one ------------------------------------------------------------------------------------ */

/* A field of a page: nothing is printed for one that is not set. */
static void field(const struct screen *screen, size_t indent, const char *name, const char *value)
{
	if (value && *value)
		screen_lines(screen, COLOR_NONE, indent, "%-22s %s", name, value);
}

static void number(const struct screen *screen, size_t indent, const char *name, long value)
{
	if (value != UNSET && value != 0)
		screen_lines(screen, COLOR_NONE, indent, "%-22s %ld", name, value);
}

static void flag(const struct screen *screen, size_t indent, const char *name, bool value)
{
	if (value)
		field(screen, indent, name, "true");
}

static void print_lines(const struct screen *screen, size_t indent, const struct clauses *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct clause *s = &lines->items[i];
		CLEANUP(buf_fini) struct buf words = BUF_INIT;

		for (size_t j = 0; j < s->count; j++)
			buf_printf(&words, "%s%s", j ? " " : "", s->words[j]);
		screen_lines(screen, COLOR_NONE, indent, "%-22s %s", s->directive, buf_str(&words));
	}
}

static void print_headers(const struct screen *screen, const char *name, const struct header *h,
			  size_t count)
{
	for (size_t i = 0; i < count; i++)
		screen_lines(screen, COLOR_NONE, 4, "%-22s %s: %s", i ? "" : name, h[i].name,
			     h[i].value);
}

static void print_timeouts(const struct screen *screen, size_t indent, const struct timeouts *t)
{
	field(screen, indent, "timeouts.connect", t->connect);
	field(screen, indent, "timeouts.read", t->read);
	field(screen, indent, "timeouts.send", t->send);
}

static void print_location(struct arena *a, const struct screen *screen, const struct location *l)
{
	screen_lines(screen, COLOR_STRONG, 2, "%s → %s %s", l->path, kind_name(l), target(a, l));
	field(screen, 4, "text", l->kind == LOCATION_RETURN ? l->text : NULL);
	flag(screen, 4, "websocket", l->websocket);
	print_timeouts(screen, 4, &l->timeouts);
	print_headers(screen, "request_headers", l->request_headers, l->request_header_count);
	field(screen, 4, "retry.on", l->retry_on);
	number(screen, 4, "retry.tries", l->retry_tries);
	field(screen, 4, "cache.zone", l->cache_zone);
	field(screen, 4, "cache.valid", l->cache_valid);
	field(screen, 4, "expires", l->expires);
	field(screen, 4, "cache_control", l->cache_control);
	print_headers(screen, "response_headers", l->response_headers, l->response_header_count);
	field(screen, 4, "limit.rate", l->limit_rate);
	number(screen, 4, "limit.burst", l->limit_rate ? l->limit_burst : UNSET);
	flag(screen, 4, "limit.nodelay", l->limit_rate && l->limit_nodelay);
	number(screen, 4, "limit.delay", l->limit_rate ? l->limit_delay : UNSET);
	number(screen, 4, "limit.connections", l->limit_connections);
	print_lines(screen, 4, &l->common.lines);
}

static void print_site(struct arena *a, const struct screen *screen, const struct site *s)
{
	screen_lines(screen, COLOR_STRONG, 0, "Site %s (%s)", s->name, s->source.path);
	field(screen, 0, "protocol", protocol_name(s));
	field(screen, 0, "listen", listens(a, s));
	field(screen, 0, "server_names", names(a, s));
	field(screen, 0, "tls.certificate", s->certificate);
	field(screen, 0, "tls.key", s->key);
	flag(screen, 0, "tls.redirect_http", s->redirect_http);
	field(screen, 0, "gzip", s->gzip < 0 ? NULL : s->gzip ? "true" : "false");
	field(screen, 0, "client_max_body_size", s->client_max_body_size);
	field(screen, 0, "access_log", s->access_log);
	field(screen, 0, "proxy", s->proxy);
	print_timeouts(screen, 0, &s->timeouts);
	print_lines(screen, 0, &s->common.lines);
	if (s->location_count)
		fputs("locations\n", screen->out);
	for (size_t i = 0; i < s->location_count; i++)
		print_location(a, screen, &s->locations[i]);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static json_t *listens_json(const struct site *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->listen_count; i++) {
		json_t *j = json_object();

		json_put_text(j, "address", s->listens[i].address);
		json_put_text(j, "options", s->listens[i].options);
		json_put(j, "ssl", json_boolean(s->listens[i].ssl));
		json_put(j, "implied", json_boolean(s->listens[i].implied));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *locations_json(struct arena *a, const struct site *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->location_count; i++) {
		const struct location *l = &s->locations[i];
		json_t *j = json_object();

		json_put_text(j, "path", l->path);
		json_put_text(j, "kind", kind_name(l));
		json_put_text(j, "to", target(a, l));
		json_put(j, "upstream", json_or_null(location_passes(l) ? l->proxy : NULL));
		json_array_append_new(list, j);
	}
	return list;
}

/* What the znode says, as it is; null where that is no JSON. */
static json_t *source_json(const struct znode *z)
{
	json_t *j = json_loadb(z->data, z->size, JSON_REJECT_DUPLICATES, NULL);

	return j ?: json_null();
}

static json_t *site_json(const struct composed *c, const char *path, bool whole)
{
	const struct site *s = site_at(c, path);
	struct object_problem *problems;
	size_t count = composed_problems(c, &path, 1, &problems);
	json_t *j = json_object();

	json_put_text(j, "name", path_name(path));
	json_put_text(j, "znode", path);
	json_put(j, "usable", json_boolean(s));
	json_put(j, "protocol", json_or_null(s ? protocol_name(s) : NULL));
	json_put(j, "listen", s ? listens_json(s) : json_array());
	json_put(j, "server_names",
		 json_strings(s ? s->server_names : NULL, s ? s->server_name_count : 0));
	json_put(j, "default", json_boolean(s && s->is_default));
	json_put(j, "tls", json_boolean(s && s->certificate));
	json_put(j, "proxy", json_or_null(s ? s->proxy : NULL));
	json_put(j, "locations", s ? locations_json(c->arena, s) : json_array());
	json_put(j, "problems", object_problems_json(problems, count));
	if (whole)
		json_put(j, "config", source_json(tree_find(c->tree, path)));
	return j;
}

/* --- the command ---------------------------------------------------------------------------- */

static void print_one(const struct composed *c, const struct screen *screen, const char *path)
{
	const struct site *s = site_at(c, path);
	struct object_problem *problems;
	size_t count = composed_problems(c, &path, 1, &problems);

	if (s)
		print_site(c->arena, screen, s);
	else
		screen_lines(screen, COLOR_BAD, 0, "%s cannot be used.", path);
	object_problems_print(c, screen, problems, count);
}

static bool is_usable(const struct composed *c, const char *name)
{
	return model_site(c->model, name);
}

static int sites(struct ctl *ctl, const struct arguments *args)
{
	static const struct object_view view = {
		.kind = CONFIG_SITE,
		.noun = "site",
		.command = "sites",
		.is_usable = is_usable,
		.print_table = print_table,
		.print = print_one,
		.json = site_json,
	};

	return object_show(ctl, args, &view);
}

const struct command command_sites = {
	.name = "sites",
	.synopsis = "[NAME]",
	.summary = "list the sites, or all of one",
	.help = "What is shown is what ZooKeeper has now, read as a daemon reads it, and how many\n"
		"hosts run it.",
	.example = "  zknginxctl sites\n"
		   "  zknginxctl sites shop",
	.most = 1,
	.words = { WORD_SITE },
	.run = sites,
};
