/*
 * Several hosts on one ZooKeeper: how they start and end, and how revisions are pushed.
 * rig_fleet_look.c observes them.
 *
 * The hosts share the loopback interface, so a site cannot listen on all of them. A revision is
 * therefore the value of a map: each nginx.conf has a server on a port of its own that answers
 * the map's value. nginx accepts a second definition of a map (the last one is in force), so an
 * nginx can run before its daemon has published anything.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/tree.h>

#include "core/data/layout.h"
#include "rig_fleet.h"

static const char *const names[FLEET_MAX] = { "web1", "web2", "web3", "web4", "web5" };

size_t rig_fleet_add(struct rig_fleet *f)
{
	struct rig_fleet_host *h = &f->hosts[f->count];

	assert_true(f->count < FLEET_MAX);
	*h = (struct rig_fleet_host){ .port = rig_port(), .probe = rig_port() };
	rig_host_init_at(&h->host, names[f->count], f->zookeeper);
	h->host.nginx.http_text = rig_path("%s.http", names[f->count]);
	rig_write(h->host.nginx.http_text,
		  "server {\n\tlisten 127.0.0.1:%d;\n\tset $upstream app;\n"
		  "\tadd_header X-Worker $pid always;\n"
		  "\tlocation / {\n\t\tif ($fleet_revision ~ ^sick) {\n\t\t\treturn 503;\n\t\t}\n"
		  "\t\treturn 200 $fleet_revision;\n\t}\n"
		  /* defines the variable for nginx before there is a snippet */
		  "\tlocation /never {\n\t\tset $fleet_revision none;\n\t}\n"
		  "\tlocation /app {\n\t\tproxy_pass http://$upstream;\n\t}\n}\n",
		  h->port);
	h->host.nginx.http_text = rig_read(h->host.nginx.http_text);
	/* "off", the default of the rig, would keep the log of nginx.probe from being written */
	h->host.nginx.access_log = rig_path("%s/log/access.log", names[f->count]);
	rig_nginx_configure(&h->host.nginx);
	return f->count++;
}

/* The test before may have failed while the server was down, or stopped. */
static void revive_server(struct rig_fleet *f)
{
	if (!rig_zookeeper_pid(f->zookeeper))
		rig_zookeeper_restart(f->zookeeper);
	else
		rig_zookeeper_resume(f->zookeeper);
}

static void init(struct rig_fleet *f, size_t count)
{
	*f = (struct rig_fleet){
		.zookeeper = f->zookeeper,
		.session_timeout = "2s",
		.rollout = "",
		.plan.version = -1,
	};
	revive_server(f);
	f->zk = rig_zk_connect(rig_zookeeper_hosts(f->zookeeper));
	rig_zk_delete_all(f->zk, "/nginx");
	for (size_t i = 0; i < count; i++)
		rig_fleet_add(f);
	rig_zk_create(f->zk, CONFIG "/upstreams/app", "");
	for (size_t i = 0; i < count; i++) {
		char path[128];

		snprintf(path, sizeof(path), CONFIG "/upstreams/app/127.0.0.1:%d",
			 f->hosts[i].host.nginx.port);
		rig_zk_create(f->zk, path, NULL);
	}
	rig_fleet_push(f, "1");
}

static void forget_files(struct rig_fleet_host *h)
{
	char *argv[] = { "rm", "-rf", h->host.nginx.root, h->host.settings, h->host.log, NULL };

	assert_int_equal(rig_run(NULL, argv), 0);
}

/* Did the daemon end with status 0? */
static bool end_daemon(struct rig_host *h)
{
	const char *log;
	int status;

	if (!h->daemon)
		return true;
	kill(h->daemon, SIGCONT);
	status = rig_host_stop_daemon(h, SIGTERM);
	if (status == 0)
		return true;
	log = rig_read(h->log);
	fprintf(stderr, "%s ended with status %#x; its log ends:\n%s\n", h->name, (unsigned)status,
		log && strlen(log) > 8000 ? log + strlen(log) - 8000 : log);
	return false;
}

static void fini(struct rig_fleet *f)
{
	bool ended = true;

	revive_server(f);
	for (size_t i = 0; i < f->count; i++) {
		struct rig_host *h = &f->hosts[i].host;

		ended = end_daemon(h) && ended;
		h->zookeeper = NULL; /* it is the fleet's */
		rig_host_fini(h);
		if (!getenv("RIG_KEEP"))
			forget_files(&f->hosts[i]);
	}
	rig_zk_close(f->zk);
	assert_true(ended);
}

int rig_fleet_setup(void **state)
{
	struct rig_fleet *f = xcalloc(1, sizeof(*f));

	f->zookeeper = rig_zookeeper_start(NULL);
	*state = f;
	return 0;
}

int rig_fleet_teardown(void **state)
{
	struct rig_fleet *f = *state;

	rig_zookeeper_stop(f->zookeeper);
	free(f);
	rig_clean();
	return 0;
}

int rig_fleet_begin(void **state)
{
	init(*state, 3);
	return 0;
}

int rig_fleet_begin_calm(void **state)
{
	struct rig_fleet *f = *state;

	init(f, 3);
	f->session_timeout = "20s"; /* the longest that the server grants */
	return 0;
}

int rig_fleet_end(void **state)
{
	fini(*state);
	return 0;
}

/* The gate command of a host: it sends its nginx a request, like an operator's smoke test. */
static const char *gate(const struct rig_fleet *f, size_t i)
{
	static char text[512];

	snprintf(text, sizeof(text),
		 "gate = [ \"/bin/sh\", \"-c\", \"case $(curl -s http://127.0.0.1:%d/) in bad*) "
		 "echo the site is bad; exit 1;; esac\" ]; gate_interval = \"1s\";",
		 f->hosts[i].port);
	return f->gated ? text : "";
}

static const char *probe(const struct rig_fleet *f, size_t i)
{
	static char text[64];

	snprintf(text, sizeof(text), "probe = \"127.0.0.1:%d\";", f->hosts[i].probe);
	return f->probed ? text : "";
}

void rig_fleet_settings(struct rig_fleet *f, size_t i)
{
	const struct rig_fleet_host *h = &f->hosts[i];
	const struct rig_nginx *n = &h->host.nginx;

	rig_write(h->host.settings,
		  "zookeeper: { hosts = \"%s\"; session_timeout = \"%s\"; };\n"
		  "nginx: { config = \"%s\"; pid = \"%s\"; log_directory = \"%s\";\n"
		  "         reload_gap = \"0s\"; %s };\n"
		  "state: { directory = \"%s\"; };\n"
		  "cluster: { host = \"%s\"; address = \"127.0.0.1:%d\"; %s };\n"
		  "guard: { max_shrink = 100; };\n"
		  "rollout: { %s %s };\n%s\n",
		  rig_zookeeper_hosts(f->zookeeper), f->session_timeout, n->config, n->pid_file,
		  n->log_directory, probe(f, i), n->state, h->name ?: h->host.name, h->port,
		  f->cluster ?: "", h->rollout ?: f->rollout, gate(f, i), f->more ?: "");
}

void rig_fleet_change_rollout(struct rig_fleet *f, const char *rollout)
{
	f->rollout = rollout;
	for (size_t i = 0; i < f->count; i++) {
		rig_fleet_settings(f, i);
		rig_fleet_signal(f, i, SIGHUP);
	}
}

void rig_fleet_start_host(struct rig_fleet *f, size_t i)
{
	rig_fleet_settings(f, i);
	rig_host_start(&f->hosts[i].host);
}

/* Wait until a daemon that was started has converged. */
static void await_host(struct rig_fleet *f, size_t i)
{
	struct rig_host *h = &f->hosts[i].host;

	eventually(NULL, rig_host_live(h, "http.conf"));
	if (!h->nginx.pid)
		rig_nginx_start(&h->nginx);
	eventually(NULL, rig_host_status(h) && rig_host_is_quiet(h));
}

static bool is_staged(const struct rig_fleet *f)
{
	return strstr(f->rollout, "canary") || strstr(f->rollout, "manual");
}

/* The first revision is on trial too; the test promotes it at once. */
static void accept_first(struct rig_fleet *f)
{
	uint64_t give_up = rig_now() + RIG_PATIENCE;

	while (rig_fleet_look(f), !rig_fleet_accepted(f, "1")) {
		if (rig_now() > give_up)
			fail_msg("the first revision is not accepted: %s",
				 rig_zk_get(f->zk, CLUSTER "/plan") ?: "no plan");
		if (*f->plan.target)
			rig_fleet_request(f, "promote");
		rig_fleet_watch(f, 20 * USEC_PER_MSEC);
	}
}

void rig_fleet_start(struct rig_fleet *f, size_t first)
{
	rig_fleet_start_host(f, first);
	if (is_staged(f)) {
		eventually(NULL, rig_fleet_leader(f) == (long)first);
		accept_first(f);
	}
	for (size_t i = 0; i < f->count; i++) {
		if (i == first)
			continue;
		rig_fleet_settings(f, i);
		rig_host_start_daemon(&f->hosts[i].host);
	}
	for (size_t i = 0; i < f->count; i++)
		await_host(f, i);
	fleet_eventually(f, rig_fleet_all_serve(f, "1"));
	for (size_t i = 0; i < f->count; i++) {
		char path[64];

		snprintf(path, sizeof(path), CLUSTER "/members/%s", names[i]);
		eventually(NULL, rig_zk_exists(f->zk, path));
	}
}

void rig_fleet_signal(struct rig_fleet *f, size_t i, int signal)
{
	struct rig_host *h = &f->hosts[i].host;

	if (signal == SIGSTOP)
		rig_freeze(h->daemon);
	else if (signal == SIGCONT || signal == SIGHUP)
		assert_int_equal(kill(h->daemon, signal), 0);
	else /* after SIGTERM it ends with status 0, and closes its session */
		assert_true(rig_host_stop_daemon(h, signal) == 0 || signal == SIGKILL);
}

void rig_fleet_wipe(struct rig_fleet *f, size_t i)
{
	char *state = f->hosts[i].host.nginx.state;

	assert_int_equal(f->hosts[i].host.daemon, 0);
	assert_int_equal(rig_run(NULL, (char *[]){ "rm", "-rf", state, NULL }), 0);
}

/* --- revisions ------------------------------------------------------------------------------ */

const char *rig_fleet_word(const struct rig_fleet *f, const char *revision)
{
	for (size_t i = f->pushed_count; i-- > 0;) {
		if (strcmp(f->pushed[i].digest, revision) == 0)
			return f->pushed[i].word;
	}
	return *revision ? "?" : "";
}

const char *rig_fleet_digest(const struct rig_fleet *f, const char *word)
{
	for (size_t i = f->pushed_count; i-- > 0;) {
		if (strcmp(f->pushed[i].word, word) == 0)
			return f->pushed[i].digest;
	}
	fail_msg("nobody has pushed %s", word);
	return "";
}

static void add_all(struct rig_fleet *f, struct tree_builder *b, const char *path)
{
	char **children = rig_zk_children(f->zk, path);
	const char *data = rig_zk_get(f->zk, path);

	tree_builder_add(b, &(struct znode){ .path = path, .data = data, .size = strlen(data) });
	for (size_t i = 0; children[i]; i++) {
		char below[512];

		snprintf(below, sizeof(below), "%s/%s", path, children[i]);
		add_all(f, b, below);
	}
}

const char *rig_fleet_revision(struct rig_fleet *f)
{
	static char hex[DIGEST_HEX_SIZE];
	struct tree_builder b;
	struct digest digest;
	struct tree *tree;

	tree_builder_init(&b);
	add_all(f, &b, CONFIG);
	tree = tree_builder_finish(&b);
	tree_builder_fini(&b);
	digest = tree_revision(tree, CONFIG);
	tree_unref(tree);
	digest_hex(&digest, hex);
	return hex;
}

void rig_fleet_push(struct rig_fleet *f, const char *word)
{
	int size = (int)strcspn(word, "!");
	char text[256];

	snprintf(text, sizeof(text), "map $host $fleet_revision { default \"%.*s\";%s }\n", size,
		 word, word[size] ? " default \"again\";" : "");
	rig_zk_set(f->zk, FLEET_SNIPPET, text);
	assert_true(f->pushed_count < ARRAY_SIZE(f->pushed));
	snprintf(f->pushed[f->pushed_count].word, sizeof(f->pushed[0].word), "%s", word);
	snprintf(f->pushed[f->pushed_count].digest, sizeof(f->pushed[0].digest), "%s",
		 rig_fleet_revision(f));
	f->pushed_count++;
}

void rig_fleet_request(struct rig_fleet *f, const char *request)
{
	rig_zk_create(f->zk, CLUSTER "/request", request);
	fleet_eventually(f, !rig_zk_exists(f->zk, CLUSTER "/request"));
}

void rig_fleet_promote(struct rig_fleet *f, const char *request)
{
	uint64_t give_up = rig_now() + RIG_PATIENCE;

	while (rig_fleet_request(f, request), !rig_fleet_plan_says(f, "request.result", "done")) {
		if (rig_now() > give_up)
			fail_msg("%s", rig_fleet_field(f, "plan", "request.result"));
		rig_fleet_watch(f, 20 * USEC_PER_MSEC);
	}
}

/* --- rollouts ------------------------------------------------------------------------------- */

void rig_fleet_put_on_canary(struct rig_fleet *f, size_t leader, const char *rollout)
{
	f->rollout = rollout;
	rig_fleet_start(f, leader);
	rig_fleet_push(f, "2");
	/* noted, so that a test may expect "1 2 1" however soon it is taken back */
	fleet_eventually(f, rig_fleet_is(f, "canary", "2") && rig_fleet_served(f, 0, "1 2"));
}

void rig_fleet_await_accepted(struct rig_fleet *f, const char *word)
{
	fleet_eventually(f, rig_fleet_accepted(f, word) && rig_fleet_all_serve(f, word));
}
