/* Shared by the tests of clashes: short functions that make objects, and the result. */
#ifndef TESTS_UNIT_CLASH_FIXTURE_H
#define TESTS_UNIT_CLASH_FIXTURE_H

#include "compose_fixture.h"

#define ANSWER "\"locations\":[{\"path\":\"/\",\"return\":{\"status\":200}}]"
/* attributes: "" or " czxid=0x5"; more: further fields, each followed by a comma. */
#define SITE_WITH(name, attributes, listens, more)                                                 \
	ROOT "/sites/" name attributes "\n\t{\"listen\":[" listens "]," more ANSWER "}\n"
#define NAMES(names) "\"server_names\":[" names "],"
#define SITE(name, listens) SITE_WITH(name, "", listens, NAMES("\"" name ".test\""))
#define TLS "\"tls\":{\"certificate\":\"/srv/c\",\"key\":\"/srv/k\"},"
#define TLS_REDIRECT                                                                               \
	"\"tls\":{\"certificate\":\"/srv/c\",\"key\":\"/srv/k\",\"redirect_http\":true},"
#define TLS_SITE(name, listens) SITE_WITH(name, "", listens, TLS NAMES("\"" name ".test\""))
#define UPSTREAM(name) ROOT "/upstreams/" name "\n" ROOT "/upstreams/" name "/10.0.0.1:80\n"
#define TCP ROOT "/upstreams/tcp\n\t{\"protocol\":\"stream\"}\n" ROOT "/upstreams/tcp/10.0.0.1:80\n"
#define STREAM(name, listens)                                                                      \
	ROOT "/sites/" name "\n\t{\"protocol\":\"stream\",\"listen\":[" listens                    \
	     "],\"proxy\":\"tcp\"}\n"
#define SNIPPET(name, text) ROOT "/snippets/http/" name "\n\t" text "\n"
#define STREAM_SNIPPET(name, text) ROOT "/snippets/stream/" name "\n\t" text "\n"

struct outcome {
	struct model *live, *next;
	struct problems problems;
};

static UNUSED const struct policy clash_policy = { .level = POLICY_ALL,
						   .roots = (const char *const[]){ "/srv", NULL } };

static UNUSED struct host_claims *host_of(const char *text)
{
	struct host_file f = { .path = "/etc/nginx/nginx.conf", .text = text };

	f.size = strlen(text);
	return host_claims_read(&f, 1);
}

struct push {
	const char *live, *pushed;
	const char *host; /* nginx.conf; NULL: not known */
	bool nginx_is_down;
};

/* The result of what is pushed, while nginx runs what is live. */
static UNUSED struct outcome push(const struct push *p)
{
	CLEANUP(tree_unrefp) struct tree *accepted = parse(p->live);
	CLEANUP(tree_unrefp) struct tree *tree = parse(p->pushed);
	CLEANUP(host_claims_freep) struct host_claims *host = p->host ? host_of(p->host) : NULL;
	struct outcome o = { .live = compose_accepted(accepted, ROOT, &clash_policy, NULL) };
	struct compose_input in = { .tree = tree,
				    .accepted = accepted,
				    .good = o.live,
				    .root = ROOT,
				    .policy = &clash_policy,
				    .host = host,
				    .sockets_are_free = p->nginx_is_down };

	problems_init(&o.problems);
	o.next = compose(&in, &o.problems, NULL);
	return o;
}

static UNUSED void outcome_fini(struct outcome *o)
{
	model_free(o->live);
	model_free(o->next);
	problems_fini(&o->problems);
}

static UNUSED const struct problem *problem_of(const struct outcome *o, const char *znode)
{
	for (size_t i = 0; i < o->problems.count; i++) {
		if (strcmp(o->problems.items[i].znode, znode) == 0)
			return &o->problems.items[i];
	}
	return NULL;
}

static UNUSED void show_problems(const struct outcome *o)
{
	for (size_t i = 0; i < o->problems.count; i++) {
		const struct problem *p = &o->problems.items[i];

		print_error("  %s (%s): %s\n", p->znode, serving_name(p->serving), p->message);
	}
}

/* Is the object in the model? znode: "sites/a", "snippets/http/s", "upstreams/u". */
static UNUSED bool is_served(const struct outcome *o, const char *znode)
{
	if (strncmp(znode, "sites/", 6) == 0)
		return model_site(o->next, znode + 6);
	if (strncmp(znode, "upstreams/", 10) == 0)
		return model_upstream(o->next, znode + 10);
	if (strncmp(znode, "snippets/http/", 14) == 0)
		return model_snippet(o->next, PROTOCOL_HTTP, znode + 14);
	return model_snippet(o->next, PROTOCOL_STREAM, znode + 16);
}

#endif
