/* Sites that fail in several ways, rendered from znodes as in the daemon. */
#include <stdio.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/compose/compose.h"
#include "rig_probe.h"
#include "rig_stage.h"

static const char *const ROOTS[] = { "/srv", NULL };
static const struct policy POLICY = { .level = POLICY_SAFE, .roots = ROOTS };

void rig_sites_init(struct rig_sites *s, const struct rig_nginx *n)
{
	*s = (struct rig_sites){
		.port = rig_port(), .live = n->port, .probe = rig_port(), .http_log = "off"
	};
	snprintf(s->address, sizeof(s->address), "127.0.0.1:%d", s->probe);
}

static void put_site(struct buf *b, const struct rig_sites *s, const char *name, const char *log,
		     const char *word)
{
	buf_printf(
		b,
		"/c/sites/%s\n\t{ \"listen\": [ \"127.0.0.1:%d\" ], \"server_names\": [ \"%s\" ], "
		"%s \"locations\": ["
		"{ \"path\": \"/\", \"proxy\": \"live\" },"
		"{ \"path\": \"/fine\", \"return\": { \"status\": 200, \"text\": \"%s\" } },"
		"{ \"path\": \"/broken\", \"return\": { \"status\": 500 } },"
		"{ \"path\": \"/dead\", \"proxy\": \"dead\" },"
		"{ \"path\": \"/retried\", \"proxy\": \"half\" } ] }\n",
		name, s->port, name, log, word);
}

static void put_upstreams(struct buf *b, const struct rig_sites *s)
{
	int dead = rig_port();

	buf_printf(b,
		   "/c/upstreams\n"
		   "/c/upstreams/dead\n/c/upstreams/dead/127.0.0.1:%d\n\tmax_fails=0\n"
		   "/c/upstreams/half\n/c/upstreams/half/127.0.0.1:%d\n\tmax_fails=0\n"
		   "/c/upstreams/half/127.0.0.1:%d\n\tbackup\n"
		   "/c/upstreams/live\n/c/upstreams/live/127.0.0.1:%d\n",
		   dead, dead, s->live, s->live);
}

static struct bundle *render_tree(const struct rig_sites *s, const struct rig_nginx *n,
				  const struct tree *tree)
{
	CLEANUP(tree_unrefp) struct tree *nothing = rig_tree("");
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(problems_fini) struct problems problems;
	struct compose_input in = {
		.tree = tree, .accepted = nothing, .good = good, .root = "/c", .policy = &POLICY
	};
	const struct render_options options = {
		.log_directory = n->log_directory,
		.cache_directory = n->root,
		.probe = s->probe ? s->address : NULL,
		.http_log = s->http_log,
	};

	problems_init(&problems);
	m = compose(&in, &problems, NULL);
	if (problems.count)
		fail_msg("%s: %s", problems.items[0].znode, problems.items[0].message);
	return render(m, &options);
}

struct bundle *rig_sites_render(const struct rig_sites *s, const struct rig_nginx *n,
				const char *word)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(tree_unrefp) struct tree *tree = NULL;

	buf_puts(&text, "/c\n/c/sites\n");
	put_site(&text, s, "logged", "\"access_log\": \"logged\",", word);
	put_site(&text, s, "silent", "\"access_log\": \"off\",", word);
	put_site(&text, s, "usual", "", word);
	put_upstreams(&text, s);
	tree = rig_tree(buf_str(&text));
	return render_tree(s, n, tree);
}

void rig_sites_ask(const struct rig_sites *s, const char *site, const char *path, int status,
		   unsigned times)
{
	while (times--)
		assert_int_equal(rig_nginx_get(s->port, path, site, NULL), status);
}
