/* Which config the daemon of this host may run, without being it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <zknginx/log.h>

#include "core/data/layout.h"
#include "core/fleet/config_note.h"
#include "core/rollout/choice.h"
#include "host/settings.h"
#include "nginx/config_file.h"
#include "preview_permit.h"
#include "zk/history_io.h"
#include "zk/session.h"

#define GOODBYE USEC_PER_SEC

struct preview_permit {
	sd_event *loop;
	const struct settings *settings;
	struct tree *accepted, *config, *fetched;
	char applied[DIGEST_HEX_SIZE];
	char stored[DIGEST_HEX_SIZE]; /* the revision of `config`; "" = there is none */
	struct plan_revision asked;   /* from the history; "" = nothing so far */
	struct arena *arena;
	struct session *session; /* NULL: nothing has to be fetched */
	struct history_job *job;
	bool waits;
	void (*on_fetched)(void *ctx);
	void *ctx;
};

/* Which revision the live generation was made from. */
static void read_applied(struct preview_permit *p)
{
	CLEANUP(freep)
	char *path = xasprintf("%s/live/manifest.json", p->settings->state.directory);
	json_auto_t *manifest = json_load_file(path, 0, NULL);
	const char *revision = json_string_value(json_object_get(manifest, "revision"));

	snprintf(p->applied, sizeof(p->applied), "%s", revision ?: "");
}

struct preview_permit *preview_permit_new(sd_event *loop, const struct settings *settings,
					  struct tree *accepted, void (*on_fetched)(void *ctx),
					  void *ctx)
{
	struct preview_permit *p = xcalloc(1, sizeof(*p));
	CLEANUP(freep) char *file = xasprintf("%s/config.tree", settings->state.directory);

	*p = (struct preview_permit){ .loop = loop,
				      .settings = settings,
				      .accepted = accepted,
				      .asked = { .revision = "" },
				      .arena = arena_new(),
				      .on_fetched = on_fetched,
				      .ctx = ctx };
	read_applied(p);
	p->config = config_file_read(file, settings->zookeeper.config, p->stored);
	return p;
}

void preview_permit_free(struct preview_permit *p)
{
	if (!p)
		return;
	history_job_free(p->job);
	if (p->session)
		session_free(p->session, GOODBYE);
	tree_unref(p->config);
	tree_unref(p->fetched);
	arena_free(p->arena);
	free(p);
}

/* --- from the history ------------------------------------------------------------------------ */

static void on_history(void *ctx, const struct history_result *r)
{
	struct preview_permit *p = ctx;

	p->job = NULL;
	p->waits = false;
	if (r->ok)
		p->fetched = tree_ref(r->tree);
	else
		log_error("cannot read revision %.12s, which this host may run, from the history: "
			  "%s; what follows is for the revision that it keeps",
			  p->asked.revision, r->message);
	p->on_fetched(p->ctx);
}

static void on_state(void *ctx, enum session_state state)
{
	struct preview_permit *p = ctx;
	const struct settings *s = p->settings;

	if (state == SESSION_CONNECTED && p->waits && !p->job)
		p->job = history_fetch(p->session, s->zookeeper.cluster, s->zookeeper.config,
				       p->asked.history, p->asked.revision, on_history, p);
}

/* Only once: a second try would not find more. */
static void begin_fetch(struct preview_permit *p, const struct plan_revision *wanted)
{
	static const struct session_ops ops = { .on_state = on_state };
	struct err e;

	p->asked.revision = arena_strdup(p->arena, wanted->revision);
	p->asked.history = wanted->history;
	if (!wanted->history)
		log_error("revision %.12s, which this host may run, is not in the history; what "
			  "follows is for the revision that it keeps",
			  wanted->revision);
	else if (session_new(p->loop, "history", &p->settings->zookeeper, &ops, p, &p->session,
			     &e) < 0)
		log_error("%s", e.text);
	else
		p->waits = true;
}

static struct tree *config_of(void *ctx, const struct plan_revision *wanted)
{
	struct preview_permit *p = ctx;

	if (p->config && strcmp(p->stored, wanted->revision) == 0)
		return p->config;
	if (!*p->asked.revision)
		begin_fetch(p, wanted);
	return strcmp(p->asked.revision, wanted->revision) == 0 ? p->fetched : NULL;
}

/* --- the tree -------------------------------------------------------------------------------- */

static bool find_plan(struct preview_permit *p, const struct tree *newest, struct plan *plan)
{
	CLEANUP(freep)
	char *path = cluster_path_new(p->settings->zookeeper.cluster, CLUSTER_PLAN, NULL);
	const struct znode *z = tree_find(newest, path);
	const char *why = "";
	bool found = z && plan_parse(p->arena, z->data, z->size, plan, &why);

	if (z && !found)
		log_error("%s is not a valid plan: %s; this host keeps the revision that it runs",
			  path, why);
	return found;
}

/* As the daemon decides, which is a member of the fleet while it runs. */
static struct permit permit_of(struct preview_permit *p, const struct tree *newest,
			       const char *revision, bool unfinished)
{
	const struct settings *s = p->settings;
	char name[HOST_NAME_MAX + 1];
	struct permit_host me = {
		.host = settings_host(s, name),
		.follows = rollout_follows(&s->rollout),
		.frozen = s->rollout.freeze,
		.is_member = true,
		.newest = revision,
		.unfinished = unfinished,
	};
	struct plan plan = { 0 };
	bool planned = (me.follows || unfinished) && !me.frozen && find_plan(p, newest, &plan);

	return rollout_permit(planned ? &plan : NULL, &me);
}

static void log_choice(const struct permit *permit, const char *newest, const char *shown)
{
	if (strcmp(newest, shown) == 0)
		log_info("this shows the newest revision, %.12s (%s)", newest, permit->why);
	else
		log_notice("this shows revision %.12s, not the newest, %.12s: %s",
			   *shown ? shown : "none", newest, permit->why);
}

struct tree *preview_permit_tree(struct preview_permit *p, struct tree *newest)
{
	const char *root = p->settings->zookeeper.config;
	char hex[DIGEST_HEX_SIZE], shown[DIGEST_HEX_SIZE];
	struct digest digest = tree_revision(newest, root);
	struct permit permit;
	struct config_note note;
	struct choice c = {
		.newest = newest,
		.newest_revision = hex,
		.wiped = !config_has_objects(newest, root),
		.root = root,
		.permit = &permit,
		.accepted = p->accepted,
		.applied = p->applied,
		.published = p->applied,
		.config = p->config,
		.stored = p->stored,
		.config_of = config_of,
		.ctx = p,
	};
	struct tree *tree;

	config_note_of(p->arena, newest, root, &note);
	c.unfinished = note.unfinished;
	digest_hex(&digest, hex);
	permit = permit_of(p, newest, hex, note.unfinished);
	tree = choice_tree(&c, shown);
	if (p->waits) {
		tree_unref(tree);
		return NULL;
	}
	log_choice(&permit, hex, shown);
	return tree;
}
