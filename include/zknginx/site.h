/*
 * The parts of a site of the http protocol that its locations may have as well.
 *
 * A field that is no more than one directive of nginx becomes a clause: which directive, and its
 * parameters. So the table of fields is the only place that knows it. A field that takes part in
 * something else (an upstream, a header, a shared variable) has a struct of its own.
 */
#ifndef ZKNGINX_SITE_H
#define ZKNGINX_SITE_H

#include <stdbool.h>
#include <stddef.h>

/* `directive` that begins with `_` belongs to the module that passes the request on: "_buffering"
 * is proxy_buffering, grpc_buffering, fastcgi_buffering or uwsgi_buffering. */
struct clause {
	const char *field; /* of the site or location, as in a problem: "tls.ciphers" */
	const char *directive;
	const char **words; /* texts of emit_value() */
	size_t count;
};

/* By directive; those of one directive are in the order in which they were added. */
struct clauses {
	struct clause *items;
	size_t count, room;
};

struct header {
	const char *name;
	const char *value;
	bool success_only; /* nginx's add_header without `always` */
};

/* Who may come in: those of `deny` may not, then those of `allow` may; with `allow`, nobody else.
 */
struct access {
	const char **allow, **deny;
	size_t allow_count, deny_count;
};

struct rewrite {
	const char *from; /* a regular expression, as nginx takes it */
	const char *to;
	const char *flag; /* "break", "last", "redirect", "permanent"; NULL: none */
};

/* What a server and a location can both have. */
struct common {
	struct clauses lines;
	const struct access *access;
	struct rewrite *rewrites;
	size_t rewrite_count;
};

struct cors {
	const char **origins; /* "https://a.example.com"; the host may begin with "*." */
	size_t origin_count;
	bool any; /* every origin; then there is no list */
	bool credentials;
	const char *methods;
	const char *headers; /* NULL: those that the browser asks for */
	const char *expose;  /* or NULL */
	long max_age;        /* seconds; UNSET: not said */
};

struct split_target {
	const char *proxy;           /* the upstream's name */
	long percent;                /* in hundredths; 0: none */
	const char *header, *cookie; /* names, or NULL */
	const char *header_value, *cookie_value;
};

/* Which requests of a location go to another upstream than that of `proxy`. */
struct split {
	const char *key; /* requests of one key stay together */
	const struct split_target *targets;
	size_t target_count;
};

#endif
