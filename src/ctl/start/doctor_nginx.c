/* nginx of this host: its binary, its master, and nginx.conf as nginx -T shows it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/compose/claims.h"
#include "core/text/listen_address.h"
#include "core/text/secret.h"
#include "core/text/statement.h"
#include "doctor.h"
#include "hints.h"
#include "nginx/enclosed.h"
#include "nginx/master.h"
#include "nginx/nginx_version.h"
#include "nginx/program.h"
#include "nginx/sandbox.h"
#include "sys/disk.h"

void doctor_check_nginx(struct doctor *d)
{
	const char *binary = d->settings->nginx.binary;
	struct nginx_version *v = &d->nginx;

	if (access(binary, X_OK) < 0) {
		doctor_error(d, "Install nginx (apt-get install nginx), or correct nginx.binary",
			     "%s: %m", binary);
		return;
	}
	nginx_version_ask(d->arena, &(struct nginx_program){ .binary = binary, .executable = -1 },
			  v);
	d->has_nginx = v->number != 0;
	if (d->has_nginx)
		doctor_ok(d, "%s is nginx %u.%u.%u", binary, v->number / 1000000,
			  v->number / 1000 % 1000, v->number % 1000);
	else
		doctor_error(d, "Correct nginx.binary", "%s does not answer -V as nginx does",
			     binary);
}

void doctor_check_master(struct doctor *d)
{
	const struct nginx_settings *s = &d->settings->nginx;
	struct master m;
	struct err e;

	if (master_find(s->pid, s->binary, &m, &e) == 0) {
		d->master = m.pid;
		master_fini(&m);
		doctor_ok(d, "the master is process %d", (int)d->master);
	} else if (e.code == ERR_UNAVAILABLE) {
		doctor_error(d,
			     "systemctl start nginx; if it runs, nginx.pid is not the `pid` of "
			     "nginx.conf",
			     "nginx does not run: %s", e.text);
	} else {
		doctor_error(d, "Correct nginx.pid and nginx.binary", "%s", e.text);
	}
}

/* --- the sandbox ----------------------------------------------------------------------------- */

void doctor_check_sandbox(struct doctor *d)
{
	const enum sandbox_mode wanted = d->settings->nginx.sandbox;
	struct err e;

	d->has_sandbox = true;
	d->sandbox = SANDBOX_FALLBACK;
	if (wanted == SANDBOX_FALLBACK) {
		doctor_ok(d,
			  "fallback, as nginx.sandbox says: nginx -t runs on a copy of nginx.conf");
	} else if (enclosed_probe(d->settings->state.directory, &e) == 0) {
		d->sandbox = SANDBOX_NAMESPACE;
		doctor_ok(d, "namespace: nginx -t runs in mounts of its own");
	} else if (wanted == SANDBOX_NAMESPACE) {
		d->has_sandbox = false;
		doctor_error(d,
			     "Permit mount namespaces (CAP_SYS_ADMIN), or set nginx.sandbox to "
			     "\"auto\"",
			     "nginx.sandbox is \"namespace\", but this host does not allow it: %s",
			     e.text);
	} else {
		doctor_warn(d, "In a container: permit mount namespaces (CAP_SYS_ADMIN)",
			    "fallback: nginx -t runs without a sandbox, because %s", e.text);
	}
}

/* --- nginx.conf ------------------------------------------------------------------------------ */

struct test {
	struct doctor *d;
	bool is_done;
	bool passed;
	const char *text;
};

static void keep_files(struct doctor *d, const struct sandbox_result *r)
{
	struct doctor_nginx_conf *c = &d->conf;

	c->http_included = r->http_included;
	c->stream_included = r->stream_included;
	c->files = arena_array(d->arena, struct host_file, r->host_count);
	c->count = r->host_count;
	for (size_t i = 0; i < r->host_count; i++)
		c->files[i] = (struct host_file){
			.path = arena_strdup(d->arena, r->host[i].path),
			.text = arena_copy(d->arena, r->host[i].text, r->host[i].size),
			.size = r->host[i].size,
		};
}

static void on_tested(void *ctx, const struct sandbox_result *r)
{
	CLEANUP(freep) char *text = secret_mask_nginx(r->text ?: "");
	struct test *t = ctx;

	t->is_done = true;
	t->passed = r->passed;
	t->text = arena_copy(t->d->arena, text, strcspn(text, "\n"));
	if (r->passed)
		keep_files(t->d, r);
}

static bool is_done(void *ctx)
{
	const struct test *t = ctx;

	return t->is_done;
}

/* master: as in sandbox_test(). */
static int run_test(struct doctor *d, long master, struct test *t, struct err *e)
{
	const char *state = d->settings->state.directory;
	struct nginx_settings settings = d->settings->nginx;
	CLEANUP(sandbox_freep) struct sandbox *sandbox = NULL;
	CLEANUP(freep) char *staged = realpath(d->live, NULL);

	if (!staged)
		return err_sys(e, "%s", d->live);
	settings.sandbox = d->sandbox;
	if (sandbox_new(&settings, d->live, arena_printf(d->arena, "%s/cache", state), &sandbox,
			e) < 0 ||
	    sandbox_test(sandbox, d->ctl->loop, staged, master, on_tested, t, e) < 0)
		return -1;
	ctl_run_until(d->ctl, is_done, t, NEVER);
	return 0;
}

static bool is_replaced(const struct doctor *d)
{
	const struct nginx_settings *s = &d->settings->nginx;
	struct program program = { 0 };
	struct master m;

	if (!d->master || master_find(s->pid, s->binary, &m, NULL) < 0)
		return false;
	if (!m.upgrading)
		program_look(&m, s->binary, &program);
	master_fini(&m);
	return program.differs;
}

/* Would the nginx on disk start? */
static void check_disk(struct doctor *d)
{
	const char *binary = d->settings->nginx.binary;
	struct test t = { .d = d };
	struct err e;

	if (!is_replaced(d))
		return;
	if (run_test(d, 0, &t, &e) < 0)
		doctor_error(d, "See zknginxd(8), nginx replaced on disk",
			     "nginx was replaced on disk, and %s -t cannot be run: %s", binary,
			     e.text);
	else if (!t.passed)
		doctor_error(d,
			     "Do not restart nginx. Install the previous version or the missing "
			     "module, or change what nginx names",
			     "nginx was replaced on disk, and %s -t refuses the live generation: "
			     "%s; a restart would fail",
			     binary, t.text);
	else
		doctor_warn(d, "Restart nginx when it suits (systemctl restart nginx)",
			    "nginx was replaced on disk; the old one still runs, and the new one "
			    "accepts the live generation");
}

void doctor_check_nginx_conf(struct doctor *d)
{
	const char *config = d->settings->nginx.config;
	struct test t = { .d = d };
	struct err e;

	if (access(config, R_OK) < 0)
		doctor_error(d, "Correct nginx.config", "%s: %m", config);
	else if (run_test(d, d->master, &t, &e) < 0)
		doctor_error(d, "See zknginxd(8), The sandbox", "nginx -t cannot be run: %s",
			     e.text);
	else if (!t.passed)
		doctor_error(d, "Correct the file that nginx names; nginx -t shows all of it",
			     "nginx -t refuses %s: %s", config, t.text);
	else
		doctor_ok(d, "nginx -t accepts %s with the live generation", config);
	d->conf.passed = t.passed;
	if (t.passed)
		check_disk(d);
}

/* Comments alone are nothing that nginx would serve. */
static bool has_directives(const char *path)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct lexer l;
	bool any;

	if (disk_read_path(path, &text, NULL) < 0)
		return false;
	lexer_init(&l, buf_str(&text), text.size);
	any = lexer_next(&l).kind != TOKEN_END;
	lexer_fini(&l);
	return any;
}

void doctor_check_include(struct doctor *d)
{
	const char *fix =
		arena_printf(d->arena, "Add to %s, and reload nginx:\n%s",
			     d->settings->nginx.config, hint_include(d->arena, d->settings));
	const char *stream = arena_printf(d->arena, "%s/stream.conf", d->live);

	if (!d->conf.http_included)
		doctor_error(d, fix, "%s does not include %s/http.conf: nginx serves nothing of it",
			     d->settings->nginx.config, d->live);
	else if (!d->conf.stream_included && has_directives(stream))
		doctor_error(d, fix, "%s does not include %s, which is not empty",
			     d->settings->nginx.config, stream);
	else
		doctor_ok(d, "%s includes %s/http.conf%s", d->settings->nginx.config, d->live,
			  d->conf.stream_included
				  ? " and stream.conf"
				  : "; stream.conf, which is empty, is not included");
}

const char *doctor_directive(struct doctor *d, const char *name, const char *part)
{
	const char *found = "";

	for (size_t i = 0; i < d->conf.count && !*found; i++) {
		struct statement s = { 0 };
		struct lexer l;
		enum token_kind kind;

		lexer_init(&l, d->conf.files[i].text, d->conf.files[i].size);
		do {
			kind = statement_read(&l, &s).kind;
			if (s.count > 1 && strcmp(statement_word(&s, 0), name) == 0 &&
			    strstr(statement_word(&s, 1), part))
				found = arena_strdup(d->arena, statement_word(&s, 1));
		} while (kind != TOKEN_END && kind != TOKEN_ERROR && !*found);
		statement_fini(&s);
		lexer_fini(&l);
	}
	return found;
}

void doctor_check_shutdown_timeout(struct doctor *d)
{
	const char *time = doctor_directive(d, "worker_shutdown_timeout", "");

	if (*time)
		doctor_ok(d, "worker_shutdown_timeout is %s", time);
	else
		doctor_warn(d,
			    arena_printf(d->arena,
					 "Add at the top level of %s: worker_shutdown_timeout 10m;",
					 d->settings->nginx.config),
			    "worker_shutdown_timeout is not set: an old worker stays after each "
			    "reload while a client holds a connection");
}

/* --- the default server ---------------------------------------------------------------------- */

/* A site that listens on this address; NULL: none does. */
static const char *site_at(const struct model *m, const char *address)
{
	for (size_t i = 0; i < m->site_count; i++) {
		for (size_t k = 0; k < m->sites[i].listen_count; k++) {
			char text[LISTEN_ADDRESS_SIZE];
			struct listen_address a;
			const char *listen = m->sites[i].listens[k].address;

			if (!listen_address_parse(listen, strlen(listen), 80, &a))
				continue;
			listen_address_print(&a, a.first, text);
			if (strcmp(text, address) == 0)
				return m->sites[i].name;
		}
	}
	return NULL;
}

static bool is_debians(const char *file)
{
	const char *end = "/sites-enabled/default";
	size_t size = strlen(file), tail = strlen(end);

	return size >= tail && strcmp(file + size - tail, end) == 0;
}

static void report_default(struct doctor *d, const struct claim *c, const char *site)
{
	const char *fix = "Remove default_server there, or give each site its server_names";

	if (is_debians(c->file))
		fix = arena_printf(d->arena, "rm %s && systemctl reload nginx", c->file);
	doctor_warn(d, fix,
		    "%s:%u is the default server of %s: requests for other host names go there%s%s",
		    c->file, c->line, c->address, site ? ", not to the site " : "", site ?: "");
}

/* Debian's site has a listen for each family: one result is enough. */
static bool was_reported(const struct claims *claims, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		const struct claim *c = &claims->items[i];

		if (c->kind == CLAIM_DEFAULT && strcmp(c->file, claims->items[at].file) == 0 &&
		    is_debians(c->file))
			return true;
	}
	return false;
}

void doctor_check_default_site(struct doctor *d)
{
	CLEANUP(host_claims_freep)
	struct host_claims *host = host_claims_read(d->conf.files, d->conf.count);
	const struct claims *claims = host_claims_list(host);
	size_t found = 0;

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *c = &claims->items[i];
		const char *site;

		if (c->kind != CLAIM_DEFAULT || c->protocol != PROTOCOL_HTTP ||
		    was_reported(claims, i))
			continue;
		site = site_at(d->model, c->address);
		if (!site && !is_debians(c->file))
			continue;
		report_default(d, c, site);
		found++;
	}
	if (!found)
		doctor_ok(d, "no server of nginx.conf is the default server where a site listens");
}
