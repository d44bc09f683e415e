/*
 * Serves hostile snippets and requests the canaries: see rig_attack.h. Each snippet has a file and
 * two loopback addresses of its own. Two batches have different addresses, so that no worker of the
 * previous batch answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "core/policy/policy_site.h"
#include "core/text/statement.h"
#include "rig_attack.h"

#define TOKEN "CANARY-7f3c91d2"
#define ABSENT "canarz" /* every regular expression that is tried treats it like ATTACK_NAME */
#define SHOWN 12        /* at most so many leaks are printed */

struct target {
	char *body;          /* of the server */
	const char *request; /* NULL: at random */
	bool leaky;
};

/* A batch under test. */
struct batch {
	struct target *targets;
	size_t count;
};

/* --- the world ------------------------------------------------------------------------------- */

static void make_directory(const char *name)
{
	if (mkdir(rig_path("world%s", name), 0755) < 0 && errno != EEXIST)
		die("mkdir %s: %m", name);
}

static void plant(const char *directory)
{
	static const char *const names[] = { ATTACK_NAME, "index.html", "x",
					     "x.html",    "b.html",     ("c/" ATTACK_NAME) };

	make_directory(directory);
	make_directory(rig_path("%s/c", directory) + strlen(rig_directory()) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		rig_write(rig_path("world%s/%s", directory, names[i]), TOKEN);
}

/* pub may be served; everything around it may not. */
static void make_world(void)
{
	static const char *const outside[] = { "", "/a", "/a/b", "/a/b/pub-secret" };
	static const char *const inside[] = { "/a/b/pub", "/a/b/pub/b", "/a/b/pub/www",
					      "/a/b/pub/www/b", "/a/b/pub/www/x" };

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		plant(outside[i]);
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		make_directory(inside[i]);
		rig_write(rig_path("world%s/index.html", inside[i]), "inside");
	}
	rig_write(rig_path("world/a/b/pub@" ATTACK_NAME), TOKEN);
}

static void configure(const struct rig_nginx *n, const struct attack *a, const char *included)
{
	struct rig_nginx copy = *n;

	copy.http_text = rig_path("world/http.text");
	rig_write(
		copy.http_text,
		"\tserver_names_hash_bucket_size 128;\n\tvariables_hash_bucket_size 128;\n"
		"\tmap $arg_q $mapped { \"~^(.*)$\" v; default d; }\n"
		"\tupstream up { server 127.0.0.1:%d; }\n\tupstream dead { server 127.0.0.1:9; }\n"
		"\tserver { listen 127.0.0.1:%d; location / { add_header X-Accel-Redirect "
		"$arg_r always; return 200 up; } }\n\tinclude %s;\n",
		a->upstream, a->upstream, included);
	copy.http_text = rig_read(copy.http_text);
	rig_nginx_configure(&copy);
}

void attack_start(struct attack *a, uint64_t seed, enum policy_level level)
{
	*a = (struct attack){ .random = seed, .level = level };
	rig_nginx_init(&a->nginx, "world");
	a->upstream = rig_port();
	make_world();
	make_directory("/batch");
	a->nginx.include_http = a->nginx.include_stream = false;
	a->nginx.connections = 4096;
	configure(&a->nginx, a, rig_path("world/batch/*.conf"));
	rig_nginx_start(&a->nginx);
}

void attack_stop(struct attack *a)
{
	rig_nginx_stop(&a->nginx);
}

/* --- serving a batch ------------------------------------------------------------------------- */

/* `twin`: the server with names that do not exist. Place 0 belongs to the batch itself. */
static uint32_t address_of(const struct attack *a, size_t place, bool twin)
{
	return (127u << 24) + ((16 + 2 * (a->batch % 2) + twin) << 16) +
	       (uint32_t)((place / 250) << 8) + (uint32_t)(place % 250) + 1;
}

static void put_listen(const struct attack *a, size_t place, bool twin, struct buf *out)
{
	struct in_addr address = { htonl(address_of(a, place, twin)) };

	buf_printf(out, "server { listen %s:%d; ", inet_ntoa(address), a->nginx.port);
}

/* The text with each name of a canary replaced by one that no file has. */
static void put_twin(const char *text, struct buf *out)
{
	const char *found;

	for (; (found = strstr(text, ATTACK_NAME)); text = found + strlen(ATTACK_NAME)) {
		buf_put(out, text, (size_t)(found - text));
		buf_puts(out, ABSENT);
	}
	buf_puts(out, text);
}

static void write_file(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(b->data, 1, b->size, f) != b->size || fclose(f) != 0)
		die("%s: %m", path);
}

static void target_path(const struct attack *a, size_t i, char out[static 200])
{
	snprintf(out, 200, "%s/batch/t%zu.conf", a->nginx.root, i);
}

static void write_target(const struct attack *a, const struct target *t, size_t i)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	char path[200];

	put_listen(a, i + 1, false, &b);
	buf_printf(&b, "%s}\n", t->body);
	put_listen(a, i + 1, true, &b);
	put_twin(t->body, &b);
	buf_puts(&b, "}\n");
	target_path(a, i, path);
	write_file(path, &b);
}

static void drop(struct attack *a, struct batch *b, size_t i)
{
	char path[200];

	if (!b->targets[i].body)
		return;
	target_path(a, i, path);
	unlink(path);
	free(b->targets[i].body);
	b->targets[i].body = NULL;
	a->invalid++;
}

static bool nginx_takes(const struct attack *a, char **output)
{
	char *argv[] = { (char[]){ "/usr/sbin/nginx" },
			 (char[]){ "-t" },
			 (char[]){ "-p" },
			 a->nginx.root,
			 (char[]){ "-c" },
			 a->nginx.config,
			 (char[]){ "-e" },
			 a->nginx.error_log,
			 NULL };

	return rig_run(output, argv) == 0;
}

/* For errors that name no file, such as an unknown variable: test each snippet alone. */
static void drop_one_by_one(struct attack *a, struct batch *b)
{
	char path[200], *output;

	for (size_t i = 0; i < b->count; i++) {
		if (!b->targets[i].body)
			continue;
		target_path(a, i, path);
		configure(&a->nginx, a, path);
		if (!nginx_takes(a, &output))
			drop(a, b, i);
	}
	configure(&a->nginx, a, rig_path("world/batch/*.conf"));
}

static void drop_what_nginx_refuses(struct attack *a, struct batch *b)
{
	char *output, *found;
	unsigned long before;
	size_t i;

	while (!nginx_takes(a, &output)) {
		before = a->invalid;
		found = strstr(output, "[emerg]"); /* warnings name files, too */
		found = found ? strstr(found, "/batch/t") : NULL;
		if (found && sscanf(found, "/batch/t%zu.conf", &i) == 1 && i < b->count &&
		    b->targets[i].body)
			drop(a, b, i);
		else
			drop_one_by_one(a, b);
		if (a->invalid == before)
			die("nginx -t: %s", output);
	}
}

/* --- asking ---------------------------------------------------------------------------------- */

static int dial(const struct attack *a, size_t place, bool twin)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)a->nginx.port),
				  .sin_addr.s_addr = htonl(address_of(a, place, twin)) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The status of the answer, which is left in *answer; 0 where there was none. */
static int ask(const struct attack *a, size_t place, bool twin, const char *request,
	       struct buf *answer)
{
	int fd = dial(a, place, twin), status = 0;
	char chunk[16384];
	ssize_t got;

	buf_clear(answer);
	if (fd < 0)
		return 0;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
		while ((got = recv(fd, chunk, sizeof(chunk), 0)) > 0)
			buf_put(answer, chunk, (size_t)got);
	}
	close(fd);
	return sscanf(buf_str(answer), "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static bool holds_token(const struct buf *answer)
{
	return memmem(answer->data, answer->size, TOKEN, strlen(TOKEN));
}

static void report(const struct attack *a, struct target *t, const char *what, const char *request)
{
	if (!t->leaky && a->leaky < SHOWN && a->level == POLICY_SAFE)
		print_message("%s: %s\n  by %.*s\n", what, t->body, (int)strcspn(request, "\r\n"),
			      request);
}

static void leak(struct attack *a, struct target *t, const char *what, const char *request)
{
	report(a, t, what, request);
	a->leaky += !t->leaky;
	t->leaky = true;
}

/* One request to a target and to its twin. */
static void try_request(struct attack *a, struct target *t, size_t i, const char *request)
{
	CLEANUP(buf_fini) struct buf twin = BUF_INIT, first = BUF_INIT, second = BUF_INIT;
	int status, other;

	put_twin(request, &twin);
	status = ask(a, i + 1, false, request, &first);
	other = ask(a, i + 1, true, buf_str(&twin), &second);
	a->tries++;
	if (holds_token(&first) || holds_token(&second)) {
		a->canaries++;
		leak(a, t, "a canary", request);
	} else if (status != other || first.size != second.size) {
		a->oracles++;
		leak(a, t, "tells what exists", request);
	}
}

/* The batch's own server says which one is served. */
static void reload(struct attack *a)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT, answer = BUF_INIT;
	char name[32];

	snprintf(name, sizeof(name), "\r\n\r\nbatch %u", a->batch);
	put_listen(a, 0, false, &b);
	buf_printf(&b, "location / { return 200 \"batch %u\"; } }\n", a->batch);
	write_file(rig_path("world/batch/a.conf"), &b);
	rig_nginx_send_hup(&a->nginx);
	eventually(NULL, ask(a, 0, false, "GET / HTTP/1.0\r\n\r\n", &answer) == 200 &&
				 strstr(buf_str(&answer), name));
}

static void ask_target(struct attack *a, struct target *t, size_t i, unsigned requests)
{
	CLEANUP(buf_fini) struct buf request = BUF_INIT;

	if (t->request) {
		try_request(a, t, i, t->request);
		return;
	}
	for (unsigned n = 0; n < requests; n++) {
		buf_clear(&request);
		attack_request(a, &request);
		try_request(a, t, i, buf_str(&request));
	}
}

static void run(struct attack *a, struct batch *b, unsigned requests)
{
	char path[200];

	a->batch++;
	for (size_t i = 0; i < b->count; i++)
		write_target(a, &b->targets[i], i);
	drop_what_nginx_refuses(a, b);
	reload(a);
	for (size_t i = 0; i < b->count; i++) {
		if (b->targets[i].body) {
			a->served++;
			ask_target(a, &b->targets[i], i, requests);
		}
		target_path(a, i, path);
		unlink(path);
		free(b->targets[i].body);
	}
	free(b->targets);
}

/* --- the policy ------------------------------------------------------------------------------ */

/* The statements of the text as `directives` of a typed site, each one a string. */
static void put_directives(struct arena *arena, const char *body, struct raw_lines *raw)
{
	struct statement s = { 0 };
	struct lexer l;
	struct token t;
	const char *from = body;
	int depth = 0;

	raw->directives = arena_array(arena, const char *, strlen(body) + 1);
	lexer_init(&l, body, strlen(body));
	while ((t = statement_read(&l, &s)).kind != TOKEN_END && t.kind != TOKEN_ERROR) {
		depth += (t.kind == TOKEN_OPEN) - (t.kind == TOKEN_CLOSE);
		if (depth)
			continue;
		raw->directives[raw->directive_count++] =
			arena_copy(arena, from, (size_t)(l.at - from));
		from = l.at;
	}
	lexer_fini(&l);
	statement_fini(&s);
}

/* The policy looks at a site's `directives` as strictly as at a snippet with the same server. */
static void compare_with_site(const struct policy *policy, const char *body, bool allowed)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct site site = { .name = "a", .protocol = PROTOCOL_HTTP };
	struct site_violation v;

	put_directives(arena, body, &site.raw);
	if (policy_check_site(policy, arena, &site, NULL, NULL, &v) != allowed)
		die("%s by a snippet, but not as directives: %s", allowed ? "allowed" : "refused",
		    body);
}

static struct policy policy_of(const struct attack *a, const char *roots[static 2])
{
	roots[0] = rig_path("world/a/b/pub");
	roots[1] = NULL;
	return (struct policy){ .level = a->level, .roots = roots };
}

static bool policy_lets(struct attack *a, const char *body)
{
	const char *roots[2];
	const struct policy policy = policy_of(a, roots);
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct violation v;
	bool allowed;

	a->made++;
	buf_printf(&b, "server { listen 127.0.0.1:1; %s}\n", body);
	allowed = policy_check(&policy, b.data, b.size, &v);
	if (a->level == POLICY_SAFE)
		compare_with_site(&policy, body, allowed);
	if (allowed)
		return true;
	a->refused++;
	return false;
}

static void add(struct attack *a, struct batch *b, const char *body, const char *request)
{
	if (policy_lets(a, body))
		b->targets[b->count++] =
			(struct target){ .body = strdup(body), .request = request };
}

/* Continues until this many pass the policy. */
void attack_batch(struct attack *a, unsigned snippets, unsigned requests)
{
	struct batch b = { .targets = calloc(snippets, sizeof(struct target)) };
	CLEANUP(buf_fini) struct buf body = BUF_INIT;

	while (b.count < snippets) {
		buf_clear(&body);
		attack_snippet(a, &body);
		add(a, &b, buf_str(&body), NULL);
	}
	run(a, &b, requests);
}

void attack_known(struct attack *a)
{
	struct batch b = { .targets = calloc(attack_trick_count, sizeof(struct target)) };
	CLEANUP(buf_fini) struct buf body = BUF_INIT;

	for (size_t i = 0; i < attack_trick_count; i++) {
		buf_clear(&body);
		attack_fill(a, attack_tricks[i].body, &body);
		add(a, &b, buf_str(&body), attack_tricks[i].request);
	}
	run(a, &b, 0);
}

/* body: NULL where the site was refused. */
static void add_site(struct attack *a, struct batch *b, char *body, const char *request)
{
	a->made++;
	if (body)
		b->targets[b->count++] = (struct target){ .body = body, .request = request };
	else
		a->refused++;
}

void attack_site_batch(struct attack *a, unsigned sites, unsigned requests)
{
	struct batch b = { .targets = calloc(sites, sizeof(struct target)) };
	const char *roots[2];
	const struct policy policy = policy_of(a, roots);

	while (b.count < sites)
		add_site(a, &b, attack_random_site(a, &policy), NULL);
	run(a, &b, requests);
}

void attack_known_sites(struct attack *a)
{
	struct batch b = { .targets = calloc(attack_site_trick_count, sizeof(struct target)) };
	const char *roots[2];
	const struct policy policy = policy_of(a, roots);

	for (size_t i = 0; i < attack_site_trick_count; i++)
		add_site(a, &b, attack_known_site(a, &policy, &attack_site_tricks[i]),
			 attack_site_tricks[i].request);
	run(a, &b, 0);
}

void attack_print(const struct attack *a)
{
	print_message(
		"%lu snippets: %lu refused by the policy, %lu by nginx, %lu served; %lu tries: "
		"%lu canaries, %lu told what exists, by %lu snippets\n",
		a->made, a->refused, a->invalid, a->served, a->tries, a->canaries, a->oracles,
		a->leaky);
}
