/*
 * The allow-list of the "safe" policy: one row a directive, one small function a
 * kind of rule. policy.c walks a snippet's statements and asks here.
 */
#ifndef ZKNGINX_CORE_POLICY_RULES_H
#define ZKNGINX_CORE_POLICY_RULES_H

#include <zknginx/buf.h>
#include <zknginx/policy.h>

/* A directive with its parameters, up to `;` or `{`. */
struct statement {
	struct buf words; /* each with a NUL behind it */
	size_t count;
	unsigned line;
	bool block; /* ended in `{` */
};

/* The word behind w, NULL behind the last; statement_first() is the directive's name. */
const char *statement_first(const struct statement *s);
const char *statement_next(const struct statement *s, const char *w);
/* Word i (0 is the name), or "" when there are fewer. */
const char *statement_word(const struct statement *s, size_t i);
/* Reads up to the end of a statement, the `{` of a block or the end of one; the token that ended
 * it.
 */
struct token statement_read(struct lexer *l, struct statement *s);
void statement_fini(struct statement *s);

/* How far a location lets the URI reach behind what it matches. */
enum reach {
	REACH_NONE,  /* not within a location */
	REACH_FIXED, /* "= /x", "~ …": alias replaces the whole URI */
	REACH_BELOW, /* "/x/": only what is below it */
	REACH_BESIDE /* "/x": "/x../y" too */
};

enum rule {
	RULE_ANY,        /* whatever nginx takes */
	RULE_BLOCK,      /* a block of directives */
	RULE_DATA,       /* a block of values, not of directives */
	RULE_LOCATION,   /* a block that matches URIs */
	RULE_IF,         /* a block; its condition must not ask for files */
	RULE_SERVER,     /* a block, or a server of an upstream */
	RULE_OFF,        /* only "off" */
	RULE_PATH,       /* the parameter names a file or directory to read */
	RULE_ALIAS,      /* as RULE_PATH, and the location must not let URIs climb out */
	RULE_LISTEN,     /* the first parameter is an address, not a Unix socket */
	RULE_PASS,       /* URL of a server, written out and not a Unix socket */
	RULE_RESOLVER,   /* numeric addresses */
	RULE_REWRITE,    /* the second parameter is a URI */
	RULE_TRY_FILES,  /* every parameter is a URI */
	RULE_ERROR_PAGE, /* the last parameter is a URI */
	RULE_NAMES,      /* file names without variables or ".." */
	RULE_N
};

struct directive {
	const char *name;
	enum rule rule;
};

/* The row of a directive, or NULL when it is not on the list. */
const struct directive *policy_directive(const char *name);

/* NULL when the statement keeps the rule of its row, else what is wrong and what to do. */
const char *policy_judge(const struct policy *p, const struct directive *d,
			 const struct statement *s, enum reach reach);

/* What a `location` statement lets through. */
enum reach policy_reach(const struct statement *s);

/* The host part of a *_pass parameter: behind the scheme, before the URI. */
const char *policy_pass_host(const char *url, size_t *size);

#endif
