/*
 * Import: each piece gets the best fate that the proof allows.
 *
 * A piece begins as a typed object. Where the translation (typed.h) or the proof (proof.h) refuses
 * that, it becomes a snippet, and where the proof refuses that as well, it stays. What is typed
 * depends on other pieces (a site on its upstream), so all are decided again until the proof finds
 * no problem. Each turn lowers at least one piece, so this ends.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/problem.h>
#include <zknginx/tree.h>

#include "conf_print.h"
#include "naming.h"
#include "order.h"
#include "origin.h"
#include "proof.h"
#include "typed.h"
#include "uses.h"

/* A znode holds less than 1 MiB. */
#define SNIPPET_SIZE (512 << 10)

struct import {
	struct arena *arena;
	const struct import_input *in;
	struct conf_file *file;
	struct conf_node *blocks[2]; /* http{} and stream{}, by enum protocol; NULL: not there */
	struct conf_list around[2];
	struct pieces pieces;
	struct import_files files;
	struct import_file main;
};

/* --- reading --------------------------------------------------------------------------------- */

static int find_blocks(struct import *im, struct err *e)
{
	static const char *const names[2] = {
		[PROTOCOL_HTTP] = "http", [PROTOCOL_STREAM] = "stream"
	};
	struct conf_list all = conf_statements(im->arena, im->file->root);

	for (size_t i = 0; i < all.count; i++) {
		for (int p = 0; p < 2; p++) {
			struct conf_node *n = all.items[i];

			if (!n->block || !conf_is(n, names[p]))
				continue;
			if (im->blocks[p])
				return err_set(e, ERR_INPUT, "%s:%u: a second %s block",
					       n->file->path, n->line, names[p]);
			im->blocks[p] = n;
			im->around[p] = conf_statements(im->arena, n);
		}
	}
	return 0;
}

static int read_input(struct import *im, struct err *e)
{
	if (conf_read(im->arena, im->in, &im->file, e) < 0 || find_blocks(im, e) < 0)
		return -1;
	for (int p = 0; p < 2; p++)
		pieces_collect(im->arena, &im->around[p], (enum protocol)p, &im->pieces);
	naming_choose(im->arena, &im->pieces);
	order_mark_defaults(im->arena, &im->pieces);
	order_join_regexes(&im->pieces);
	return 0;
}

/* --- deciding -------------------------------------------------------------------------------- */

static bool translate(struct import *im, struct piece *p)
{
	struct typed_input in = { .arena = im->arena,
				  .pieces = &im->pieces,
				  .log_directory = im->in->log_directory };
	struct why *why = &p->untyped;

	if (!typed_is_text(p->node))
		return why_set(im->arena, why, p->node, "it is not valid UTF-8");
	if (p->kind == PIECE_UPSTREAM)
		return typed_upstream(&in, p, why);
	return p->protocol == PROTOCOL_HTTP ? typed_site(&in, p, why)
					    : typed_stream_site(&in, p, why);
}

static void decide(struct import *im, struct piece *p)
{
	enum import_fate fate = p->floor;

	if (fate == IMPORT_TYPED && (p->kind == PIECE_DEFINITION || p->leader || !translate(im, p)))
		fate = IMPORT_SNIPPET;
	if (p->leader)
		why_set(im->arena, &p->untyped, p->node,
			"regular expressions of server names are tried in their order, so these "
			"servers share a snippet");
	if (p->leader && fate < p->leader->fate) {
		fate = p->leader->fate;
		p->stays = p->leader->stays;
	}
	p->fate = fate;
}

static void decide_all(struct import *im)
{
	for (size_t i = 0; i < im->pieces.count; i++) {
		im->pieces.items[i].fate = IMPORT_STAYS;
		im->pieces.items[i].node->change.instead = NULL;
	}
	for (size_t i = 0; i < im->pieces.count; i++) {
		if (im->pieces.items[i].kind != PIECE_SERVER)
			decide(im, &im->pieces.items[i]);
	}
	for (size_t i = 0; i < im->pieces.count; i++) {
		if (im->pieces.items[i].kind == PIECE_SERVER)
			decide(im, &im->pieces.items[i]);
	}
}

/* --- writing --------------------------------------------------------------------------------- */

static void put_file(struct import *im, const char *path, const char *text)
{
	import_files_add(&im->files,
			 &(struct import_file){ .path = path, .text = text, .size = strlen(text) });
}

static void write_typed(struct import *im, const struct piece *p)
{
	const char *directory = p->kind == PIECE_UPSTREAM ? "upstreams" : "sites";

	put_file(im, arena_printf(im->arena, "%s/%s.json", directory, p->name), p->json);
	for (size_t i = 0; i < p->server_count && p->kind == PIECE_UPSTREAM; i++) {
		const struct piece_server *s = &p->servers[i];

		put_file(im, arena_printf(im->arena, "upstreams/%s/%s", p->name, s->address),
			 arena_printf(im->arena, "%s%s", s->params, *s->params ? "\n" : ""));
	}
}

static const char *snippet_path(struct arena *a, const struct piece *p)
{
	if (p->leader)
		p = p->leader;
	return arena_printf(a, "snippets/%s/%s.conf",
			    p->protocol == PROTOCOL_HTTP ? "http" : "stream", p->snippet);
}

static void write_snippet(struct import *im, const struct piece *p)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	conf_print_node(&text, p->node);
	for (size_t i = 0; i < im->pieces.count; i++) {
		if (im->pieces.items[i].leader != p)
			continue;
		buf_putc(&text, '\n');
		conf_print_node(&text, im->pieces.items[i].node);
	}
	put_file(im, snippet_path(im->arena, p), buf_str(&text));
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct import_file *)a)->path, ((const struct import_file *)b)->path);
}

static void write_directory(struct import *im)
{
	im->files = (struct import_files){ .arena = im->arena };
	for (size_t i = 0; i < im->pieces.count; i++) {
		const struct piece *p = &im->pieces.items[i];

		if (p->fate == IMPORT_TYPED)
			write_typed(im, p);
		else if (p->fate == IMPORT_SNIPPET && !p->leader)
			write_snippet(im, p);
	}
	if (im->files.count)
		qsort(im->files.items, im->files.count, sizeof(*im->files.items), by_path);
}

/* The comments of a typed object have no place in JSON: they stay where they were. */
static const char *instead_of(struct import *im, const struct piece *p)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (p->fate != IMPORT_TYPED)
		return "";
	buf_printf(&text, "# Moved to ZooKeeper, %s; its comments were:\n",
		   p->kind == PIECE_UPSTREAM ? arena_printf(im->arena, "upstreams/%s", p->name)
					     : arena_printf(im->arena, "sites/%s", p->name));
	return conf_print_comments(&text, p->node) ? arena_copy(im->arena, text.data, text.size)
						   : "";
}

static bool has_our_include(const struct import *im, int protocol)
{
	const struct conf_list *around = &im->around[protocol];

	for (size_t i = 0; i < around->count; i++) {
		const struct conf_node *n = around->items[i];

		if (conf_is(n, "include") && !n->files && im->in->is_ours &&
		    im->in->is_ours(im->in->ctx, conf_word(n, 1)))
			return true;
	}
	return false;
}

/* At the end of the block: what http{} says comes first, as `map` needs the sizes of its tables. */
static void add_include(struct import *im, int protocol, const char *path)
{
	struct conf_node *n = im->blocks[protocol];

	if (n && !has_our_include(im, protocol))
		n->change.added = arena_printf(im->arena,
					       "    # What zknginxd renders from ZooKeeper.\n"
					       "    include %s;\n",
					       path);
}

static void write_main(struct import *im)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < im->pieces.count; i++) {
		struct piece *p = &im->pieces.items[i];

		if (p->fate != IMPORT_STAYS)
			p->node->change.instead = instead_of(im, p);
	}
	add_include(im, PROTOCOL_HTTP, im->in->http_include);
	add_include(im, PROTOCOL_STREAM, im->in->stream_include);
	conf_print_file(&text, im->file);
	if (text.size && text.data[text.size - 1] != '\n')
		buf_putc(&text, '\n');
	if (!im->blocks[PROTOCOL_HTTP])
		buf_printf(&text,
			   "\nhttp {\n    # What zknginxd renders from ZooKeeper.\n"
			   "    include %s;\n}\n",
			   im->in->http_include);
	im->main = (struct import_file){ .path = im->file->path,
					 .text = arena_copy(im->arena, buf_str(&text), text.size),
					 .size = text.size };
}

/* --- the proof ------------------------------------------------------------------------------- */

static void lower(struct import *im, struct piece *p, const struct problem *problem)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (p->floor > p->fate)
		return; /* by another problem of this turn */
	if (p->fate == IMPORT_TYPED) {
		problem_print(problem, &text);
		why_set(im->arena, &p->untyped, p->node, "%s", buf_str(&text));
	} else {
		why_set(im->arena, &p->stays, origin_of_line(p, problem->line), "%s",
			problem->message);
	}
	p->floor = p->fate + 1;
}

static void lower_large(struct import *im, bool *lowered)
{
	for (size_t i = 0; i < im->files.count; i++) {
		const struct import_file *f = &im->files.items[i];
		struct piece *p = NULL;

		for (size_t j = 0; j < im->pieces.count && f->size > SNIPPET_SIZE; j++) {
			if (im->pieces.items[j].fate == IMPORT_SNIPPET &&
			    strcmp(snippet_path(im->arena, &im->pieces.items[j]), f->path) == 0)
				p = &im->pieces.items[j];
		}
		if (!p)
			continue;
		p = p->leader ? p->leader : p;
		why_set(im->arena, &p->stays, p->node, "it is too large for a znode");
		p->floor = IMPORT_STAYS;
		*lowered = true;
	}
}

/* A variable or a zone that nginx.conf uses itself stays in it; it needs http.conf only for the
 * upstreams of servers that stay. */
static void lower_used(struct import *im, bool *lowered)
{
	for (size_t i = 0; i < im->pieces.count; i++) {
		struct piece *p = &im->pieces.items[i];
		const struct conf_node *user;

		if (p->kind != PIECE_DEFINITION || p->fate == IMPORT_STAYS)
			continue;
		user = uses_find(im->file, p);
		if (!user)
			continue;
		why_set(im->arena, &p->stays, user, "it is used here, in what stays");
		p->floor = IMPORT_STAYS;
		*lowered = true;
	}
}

/* 1: nothing is left to do; 0: something was lowered. */
static int prove(struct import *im, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *tree = proof_tree(&im->files, im->in->root);
	CLEANUP(problems_fini) struct problems problems;
	bool lowered = false;
	int result = 0;

	problems_init(&problems);
	proof_check(im->in, tree, im->file, &im->main, &problems);
	for (size_t i = 0; i < problems.count && result == 0; i++) {
		struct piece *p =
			pieces_of_znode(&im->pieces, problems.items[i].znode, im->in->root);

		lowered = true;
		if (p)
			lower(im, p, &problems.items[i]);
		else
			result = err_set(e, ERR_INPUT, "%s: %s", problems.items[i].znode,
					 problems.items[i].message);
	}
	lower_large(im, &lowered);
	if (!lowered)
		lower_used(im, &lowered);
	return result < 0 ? -1 : !lowered;
}

/* --- the result ------------------------------------------------------------------------------ */

static struct import_note note_of(struct import *im, const struct piece *p)
{
	CLEANUP(buf_fini) struct buf comments = BUF_INIT;
	struct import_note n = {
		.fate = p->fate,
		.file = p->node->file->path,
		.line = p->node->line,
		.what = p->what,
		.why_untyped = why_text(im->arena, &p->untyped),
		.why_stays = why_text(im->arena, &p->stays),
	};

	if (p->fate == IMPORT_TYPED) {
		n.why_untyped = NULL;
		n.comments = conf_print_comments(&comments, p->node);
		n.to = arena_printf(im->arena, "%s/%s.json",
				    p->kind == PIECE_UPSTREAM ? "upstreams" : "sites", p->name);
	} else if (p->fate == IMPORT_SNIPPET) {
		n.to = snippet_path(im->arena, p);
	}
	return n;
}

static void finish(struct import *im, struct import_output *out)
{
	*out = (struct import_output){
		.files = im->files,
		.main = im->main,
		.notes = arena_array(im->arena, struct import_note, im->pieces.count + 1),
		.kept = im->around[0].count + im->around[1].count - im->pieces.count,
		.has_http = im->blocks[PROTOCOL_HTTP],
		.has_stream = im->blocks[PROTOCOL_STREAM],
		.tree = proof_tree(&im->files, im->in->root),
	};
	for (size_t i = 0; i < im->pieces.count; i++)
		out->notes[out->note_count++] = note_of(im, &im->pieces.items[i]);
}

int import_run(struct arena *a, const struct import_input *in, struct import_output *out,
	       struct err *e)
{
	struct import im = { .arena = a, .in = in };
	int done = 0;

	if (read_input(&im, e) < 0)
		return -1;
	while (!done) {
		decide_all(&im);
		write_directory(&im);
		write_main(&im);
		done = prove(&im, e);
	}
	if (done < 0)
		return -1;
	finish(&im, out);
	return 0;
}
