/* The keys are those of the settings; the verdict on the newest config is kept. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/text/json_text.h"
#include "sys/disk.h"
#include "trust.h"

#define FORMAT 1

struct trust {
	const struct settings *settings;
	struct arena *arena; /* of the keys */
	struct signing_keys keys;
	char *file;
	struct signature_floor floor;
	char *unusable;    /* why the file cannot be used; NULL: it can */
	struct tree *tree; /* the newest config; NULL: none was looked at … */
	char revision[DIGEST_HEX_SIZE];
	struct arena *verdicts; /* … and of what follows */
	struct config_note note;
	struct signature_verdict newest;
	const char *why; /* it is not trusted; "" = it is; NULL: none was looked at */
	char *refusal;   /* of the last trust_accepts() */
};

/* --- the last serial ------------------------------------------------------------------------- */

/* NULL: the file was read. */
static const char *parse_file(struct trust *t, const struct buf *text)
{
	json_auto_t *j = json_loadb(buf_str(text), text->size, JSON_REJECT_DUPLICATES, NULL);
	const char *revision = "";
	json_int_t format = 0, serial = 0;
	struct digest ignored;

	if (!json_is_object(j) || json_unpack(j, "{s:I}", "format", &format) < 0)
		return "it is not a JSON object with a format";
	if (format != FORMAT)
		return "it has a format that this version of zknginxd does not know";
	if (json_unpack(j, "{s:I, s:s}", "serial", &serial, "revision", &revision) < 0 ||
	    serial < 1 || !digest_parse(revision, &ignored))
		return "it has no valid serial and revision";
	t->floor.serial = (unsigned long)serial;
	snprintf(t->floor.revision, sizeof(t->floor.revision), "%s", revision);
	return NULL;
}

static void read_file(struct trust *t)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *why = NULL;
	struct err e;

	free(TAKE(t->unusable));
	if (disk_read_path(t->file, &text, &e) == 0)
		why = parse_file(t, &text);
	else if (e.sys != ENOENT)
		why = e.text;
	if (!why)
		return;
	t->unusable = xasprintf("the last serial cannot be read from %s: %s; repair the file, or "
				"delete it to accept any serial",
				t->file, why);
	if (t->settings->trust.require != TRUST_OFF)
		log_error("%s", t->unusable);
}

static void write_file(const struct trust *t)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	json_t *j = json_object();
	struct err e;

	json_put_number(j, "format", FORMAT);
	json_put_text(j, "revision", t->floor.revision);
	json_put_number(j, "serial", t->floor.serial);
	json_print(j, JSON_COMPACT, &text);
	if (disk_replace_path(t->file, 0640, text.data, text.size, DISK_DURABLE, &e) < 0)
		log_error("%s: after a restart this host accepts a serial from before %lu", e.text,
			  t->floor.serial);
}

/* --- verdicts -------------------------------------------------------------------------------- */

static struct signature_verdict check(const struct trust *t, const struct config_note *note,
				      const char *revision, const struct signature_floor *floor)
{
	const struct signature_scope scope = { .fleet = t->settings->trust.fleet,
					       .config = t->settings->zookeeper.config };

	return signature_check(&(struct signature_question){ .keys = &t->keys,
							     .scope = &scope,
							     .note = note,
							     .revision = revision,
							     .floor = floor });
}

static bool is_required(const struct trust *t)
{
	return t->settings->trust.require != TRUST_OFF;
}

/* "" = it is trusted. */
static const char *explain(const struct trust *t, struct arena *a,
			   const struct signature_verdict *v)
{
	if (t->unusable)
		return arena_strdup(a, t->unusable);
	return v->result == SIGNATURE_GOOD ? "" : signature_explain(a, v);
}

static void log_newest(const struct trust *t, const char *before, const char *revision)
{
	if (!is_required(t) || (before && strcmp(before, t->why) == 0))
		return;
	if (*t->why)
		log_error("%s: revision %.12s is not applied: %s; nginx keeps serving what it has",
			  t->settings->zookeeper.config, revision, t->why);
	else
		log_notice("%s: revision %.12s is signed by \"%s\", serial %lu",
			   t->settings->zookeeper.config, revision, t->newest.key,
			   t->newest.serial);
}

static void judge_newest(struct trust *t)
{
	CLEANUP(arena_freep) struct arena *before UNUSED = t->verdicts;
	const char *why = t->why;

	if (!t->tree)
		return;
	t->verdicts = arena_new();
	config_note_of(t->verdicts, t->tree, t->settings->zookeeper.config, &t->note);
	t->newest = check(t, &t->note, t->revision, &t->floor);
	t->why = explain(t, t->verdicts, &t->newest);
	if (!t->note.unfinished)
		log_newest(t, why, t->revision);
}

void trust_look(struct trust *t, struct tree *newest, const char *revision)
{
	struct tree *old = t->tree;

	t->tree = tree_ref(newest);
	tree_unref(old);
	snprintf(t->revision, sizeof(t->revision), "%s", revision);
	judge_newest(t);
}

bool trust_refuses_newest(const struct trust *t)
{
	return is_required(t) && t->why && *t->why;
}

bool trust_newest_is_replay(const struct trust *t)
{
	return trust_refuses_newest(t) && t->newest.result == SIGNATURE_OLD;
}

bool trust_accepts(struct trust *t, const struct tree *config, const char *revision,
		   const char **why)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	bool floor = t->settings->trust.require == TRUST_ALL;
	struct config_note note;
	struct signature_verdict v;

	if (!is_required(t))
		return true;
	config_note_of(a, config, t->settings->zookeeper.config, &note);
	v = check(t, &note, revision, floor ? &t->floor : NULL);
	free(t->refusal);
	t->refusal = xstrdup(explain(t, a, &v));
	*why = t->refusal;
	return !*t->refusal;
}

bool trust_applied(struct trust *t, const struct tree *config, const char *revision)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note note;

	config_note_of(a, config, t->settings->zookeeper.config, &note);
	if (note.serial <= t->floor.serial || t->unusable ||
	    check(t, &note, revision, NULL).result != SIGNATURE_GOOD)
		return false;
	t->floor.serial = note.serial;
	snprintf(t->floor.revision, sizeof(t->floor.revision), "%s", revision);
	write_file(t);
	judge_newest(t);
	return true;
}

const char *trust_explain(const struct trust *t, struct arena *a, const char *newest,
			  const char *serving)
{
	const char *word = trust_mode_name(t->settings->trust.require);

	if (strcmp(newest, serving) == 0)
		return arena_printf(a,
				    "revision %.12s, which nginx serves, would not be taken again "
				    "(trust.require is \"%s\"): %s; it stays in force",
				    newest, word, t->why);
	return arena_printf(a,
			    "revision %.12s is not applied (trust.require is \"%s\"): %s; nginx "
			    "keeps serving %s%.12s",
			    newest, word, t->why, *serving ? "revision " : "what it has", serving);
}

/* A gate does not count problems of this kind: the revision on trial has no part in it. */
void trust_add_problem(const struct trust *t, const char *newest, const char *serving,
		       struct problems *problems)
{
	problems_add(problems, t->settings->zookeeper.config, PROBLEM_ACCESS, NULL, "%s",
		     trust_explain(t, problems->arena, newest, serving))
		->serving = SERVING_PREVIOUS;
}

void trust_facts(const struct trust *t, struct trust_facts *out)
{
	bool known = t->why;

	*out = (struct trust_facts){
		.require = t->settings->trust.require,
		.state = known ? signature_result_name(t->newest.result) : "",
		.key = *t->newest.id && !*t->newest.key ? t->newest.id : t->newest.key ?: "",
		.why = trust_refuses_newest(t) ? t->why : "",
		.serial = known ? t->newest.serial : 0,
		.last = t->floor.serial,
	};
}

/* --- lifetime -------------------------------------------------------------------------------- */

void trust_use_settings(struct trust *t, const struct settings *settings)
{
	arena_free(t->arena);
	t->arena = arena_new();
	t->settings = settings;
	t->keys = signing_keys_parse(t->arena, settings->trust.keys);
	if (t->unusable)
		read_file(t);
	judge_newest(t);
}

struct trust *trust_new(const struct settings *settings)
{
	struct trust *t = xcalloc(1, sizeof(*t));

	trust_use_settings(t, settings);
	t->file = xasprintf("%s/trust.json", settings->state.directory);
	read_file(t);
	return t;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	arena_free(t->arena);
	arena_free(t->verdicts);
	tree_unref(t->tree);
	free(t->file);
	free(t->unusable);
	free(t->refusal);
	free(t);
}
