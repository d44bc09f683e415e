/*
 * Import: an existing nginx configuration → the files that `zknginxctl push` reads, and the
 * nginx.conf that has to stay on the host.
 *
 * `upstream` and `server` blocks become typed objects where every directive of theirs has a typed
 * field that renders to the same meaning; else snippets; and what the policy refuses as a snippet
 * stays in the new nginx.conf, as do the main context and the directives of http{} and stream{}
 * that all servers inherit. Blocks that define variables and zones (`map`, `geo`, `limit_req_zone`,
 * …) become snippets. Nothing is dropped, and no text is changed but for this: the first server of
 * an address with several gets `default_server`, because the order of servers is another one in
 * http.conf; and an `include` within a block that moves is replaced by the text of its file.
 *
 * The result is checked with compose(), against what is left in the new nginx.conf: an object that
 * has a problem there is made a snippet, or stays.
 */
#ifndef ZKNGINX_IMPORT_H
#define ZKNGINX_IMPORT_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/err.h>
#include <zknginx/model.h>

struct policy;

struct import_file {
	const char *path;  /* where it was found */
	const char *named; /* how an `include` of nginx.conf names it; NULL: as path */
	const char *text;
	size_t size;
};

/* A growing list; what is put into it is copied to the arena. */
struct import_files {
	struct arena *arena;
	struct import_file *items;
	size_t count, room;
};
void import_files_add(struct import_files *files, const struct import_file *file);

struct import_input {
	const struct import_file *file; /* with an absolute path */
	/*
	 * What an `include` of this pattern names, in nginx's order. -1: a file that is named
	 * without a pattern is missing, or one cannot be read; *e says so.
	 */
	int (*open)(void *ctx, const char *pattern, struct import_files *found, struct err *e);
	/* Is it an include of STATE/live, which the daemon writes? May be NULL. */
	bool (*is_ours)(void *ctx, const char *pattern);
	void *ctx;
	const struct policy *policy;
	const char *root;                          /* zookeeper.config */
	const char *log_directory;                 /* nginx.log_directory */
	const char *http_include, *stream_include; /* STATE/live/http.conf, … */
};

enum import_fate { IMPORT_TYPED, IMPORT_SNIPPET, IMPORT_STAYS };

/* What became of one block. */
struct import_note {
	enum import_fate fate;
	const char *file; /* of the block */
	unsigned line;
	const char *what; /* "upstream shop", "server shop.example.com", "map $x" */
	const char *to;   /* "sites/shop.json"; NULL: it stays */
	/* Why it is not typed (of a server or an upstream), and why it stays. NULL: no reason. */
	const char *why_untyped, *why_stays;
	unsigned comments; /* lines of comments of a typed object, which stay in nginx.conf */
};

struct import_output {
	struct import_files files; /* paths relative to DIR, sorted */
	struct import_file main;   /* the new nginx.conf; path is that of FILE */
	struct import_note *notes; /* in the order of FILE */
	size_t note_count;
	size_t kept;               /* directives of http{} and stream{} that stay */
	bool has_http, has_stream; /* it had these blocks */
	struct tree *tree;         /* the files as znodes below root, as `push` would write them;
				      the caller unrefs */
};

/* Everything in *out lives in the arena, apart from the tree. */
int import_run(struct arena *a, const struct import_input *in, struct import_output *out,
	       struct err *e);

#endif
