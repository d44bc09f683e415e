/*
 * Writes one file of a bundle statement by statement, with indentation and origins. Constant text
 * is written with render_raw() and render_plain(). Every value of a znode is written with
 * render_word(), or a function that uses it, and so with emit_value().
 */
#ifndef ZKNGINX_CORE_RENDERER_H
#define ZKNGINX_CORE_RENDERER_H

#include "core/text/statement.h"
#include "render.h"

struct renderer {
	struct bundle_builder out;
	enum bundle_file file;
	unsigned depth;
	struct buf line;  /* the statement under way */
	struct buf value; /* a parameter that is put together from parts */
	const struct model *model;
	const struct site **sites; /* of the model, the oldest first */
	const struct render_options *options;
	struct rendered *cache; /* may be NULL */
};

/* The next lines come from this znode; from none when source is NULL or has no path. */
void render_origin(struct renderer *r, const struct znode *source);
/* A blank line and the path of the znode that the next block comes from. */
void render_heading(struct renderer *r, const struct znode *source);

void render_blank(struct renderer *r);
/* A whole line of ours: a statement with its semicolon, or a comment. */
void render_plain(struct renderer *r, const char *text);

/* One statement: begin, its parameters, then end (`;`) or open (`{`). */
void render_begin(struct renderer *r, const char *directive);
void render_raw(struct renderer *r, const char *text);
void render_word(struct renderer *r, const char *value);
/* The same where nginx looks for no variables. */
void render_literal(struct renderer *r, const char *value);
void render_regex(struct renderer *r, const char *regex);
/* What was put into `value`, as one parameter; empties it. */
void render_buffered(struct renderer *r);
/* PREFIX VALUE SUFFIX as one parameter: "weight=" "5" "". */
void render_joined(struct renderer *r, const char *prefix, const char *value, const char *suffix);
/* The prefix is ours. */
void render_number(struct renderer *r, const char *prefix, long number);
/* DIRECTORY/NAME and a suffix as one parameter. */
void render_path(struct renderer *r, const char *directory, const char *name, const char *suffix);
/* Parameters that are separated by spaces. */
void render_words(struct renderer *r, const char *values);
void render_end(struct renderer *r);
void render_open(struct renderer *r);
void render_close(struct renderer *r);

/* `DIRECTIVE VALUES;`, or nothing where values is NULL. */
void render_option(struct renderer *r, const char *directive, const char *values);

/* The snippets that an object includes, and its `directives`. */
void render_raw_lines(struct renderer *r, const struct znode *source, const struct raw_lines *raw,
		      enum config_kind kind);

/*
 * Calls on_header() for each add_header that the lines of an object have, but for those in blocks,
 * until it returns true. Did it?
 */
bool raw_lines_each_header(const struct renderer *r, const struct raw_lines *raw,
			   enum config_kind kind,
			   bool (*on_header)(void *ctx, const struct statement *s), void *ctx);

/* The blocks; each in a file of its own. */
void render_shared(struct renderer *r);
/* Those without a znode of their own. */
void render_caches(struct renderer *r);
void render_cache_definition(struct renderer *r, const struct snippet *s);
void render_sticky(struct renderer *r);
void render_upstreams(struct renderer *r, enum protocol protocol);
void render_site(struct renderer *r, const struct site *site);
void render_location(struct renderer *r, const struct site *site, const struct location *location);
void render_locations(struct renderer *r, const struct site *site);
/* Those that pass requests on. */
void render_proxy(struct renderer *r, const struct location *l);
void render_grpc(struct renderer *r, const struct location *l);
void render_fastcgi(struct renderer *r, const struct location *l);
void render_uwsgi(struct renderer *r, const struct location *l);
/* "http://", "https://", …: how an upstream is named in its `_pass`. */
const char *location_scheme(const struct model *m, const struct location *l, const char *upstream);
/* The location that it is within; NULL: it is in the site itself. */
const struct location *location_around(const struct site *site, const struct location *l);

/* module: of a clause that begins with `_` (site.h). */
void render_common(struct renderer *r, const struct common *common, const char *module);
/* A line of ours, unless a clause of the block has its directive. */
void render_default(struct renderer *r, const struct common *common, const char *line);

void render_response_headers(struct renderer *r, const struct site *site, const struct location *l);
void render_site_headers(struct renderer *r, const struct site *site);

/* The rules for the location, perhaps of one around it; NULL: there are none. */
const struct cors *location_cors(const struct site *site, const struct location *l);
void render_cors(struct renderer *r, const struct location *l, const struct cors *cors);
/* The block that answers a preflight; nginx gives it none of the headers around it. */
void render_preflight(struct renderer *r, const struct cors *cors);
void render_preflight_end(struct renderer *r);
void render_cors_map(struct renderer *r, const struct cors *cors);
void render_preflight_map(struct renderer *r);
/* The variables of a location with a split. */
void render_split(struct renderer *r, const struct location *l);
void render_stream_site(struct renderer *r, const struct site *site);

/* Everything that the probe needs at the head of http.conf; nothing without one. */
void render_probe(struct renderer *r);
bool has_probe(const struct renderer *r);
/*
 * The access_log that reports failed requests to the probe. A server with another access_log (or
 * "off") needs it again.
 */
void render_probe_log(struct renderer *r);
/* Does a server without a log of its own need that statement? */
bool probe_log_is_lost(const struct renderer *r);

/* `listen ADDRESS OPTIONS;`, with `default_server` where the site is to be it. */
void render_listen(struct renderer *r, const struct site *site, const struct listen *listen);
/* Its certificate and key. */
void render_certificate(struct renderer *r, const struct site *site);

/* "limit/SITE_12345678": the zone that counts the requests of a location with a limit. */
#define LIMIT_ZONE_SIZE 80
enum limit_kind { LIMIT_REQUESTS, LIMIT_CONNECTIONS };
void limit_zone_name(const struct site *site, const struct location *location, enum limit_kind kind,
		     char name[static LIMIT_ZONE_SIZE]);

#endif
