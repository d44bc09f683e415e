/* Deployments with a probe: nginx itself answers which generation it runs. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/deploy/blame.h"
#include "rig_deploy.h"
#include "rig_probe.h"

static struct rig_deploy r;
static struct rig_sites sites;

static int open_running(void **state UNUSED)
{
	rig_deploy_open(&r);
	rig_sites_init(&sites, &r.nginx);
	rig_nginx_start(&r.nginx);
	r.settings.probe = sites.address;
	deploy_configure(r.deploy, &r.settings);
	return 0;
}

static struct bundle *sites_saying(const char *word)
{
	return rig_sites_render(&sites, &r.nginx, word);
}

static bool runs(const struct bundle *b)
{
	const char *body;

	return rig_nginx_get(sites.probe, "/generation", RENDER_PROBE_HOST, &body) == 200 &&
	       strcmp(body, bundle_marker(b)) == 0;
}

static struct nginx_status status(void)
{
	struct nginx_status s;

	deploy_nginx_status(r.deploy, &s);
	return s;
}

static bool was_applied(void)
{
	struct applied a;

	return stage_applied(r.stage, &a);
}

static void nginx_answers_which_generation_it_runs(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *one = sites_saying("one");
	CLEANUP(bundle_unrefp) struct bundle *two = sites_saying("two");

	assert_string_not_equal(bundle_marker(one), bundle_marker(two));
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, bundle_ref(one)));
	assert_true(runs(one));
	rig_sites_ask(&sites, "usual", "/fine", 200, 1);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, bundle_ref(two)));
	eventually(r.loop, runs(two)); /* old workers may still answer */
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, bundle_ref(two)));
	assert_true(status().has_probe);
	eventually(r.loop, status().probe.answers);
	rig_sites_ask(&sites, "silent", "/broken", 500, 2);
	eventually(r.loop, status().probe.errors == 2);
}

/* A local process reports failures that never were, as nginx does it. */
static void forge_failures(unsigned count)
{
	static const char text[] = "<190>Nov 22 15:04:05 zknginx: 500 500";
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)sites.probe),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	while (count--)
		send(fd, text, sizeof(text) - 1, 0);
	close(fd);
}

static void failures_that_another_process_reports_do_not_count(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *one = sites_saying("one");

	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, bundle_ref(one)));
	eventually(r.loop, status().probe.answers);
	forge_failures(50);
	rig_sites_ask(&sites, "silent", "/broken", 500, 2);
	eventually(r.loop, status().probe.errors >= 2);
	assert_int_equal(status().probe.errors, 2);
	assert_int_equal(status().probe.upstream_errors, 0);
}

static void render_gets_the_options_of_the_probe(void **state UNUSED)
{
	struct render_options o = { 0 };

	deploy_render_options(r.deploy, &o);
	assert_string_equal(o.probe, sites.address);
	assert_string_equal(o.http_log, "off");
	assert_false(o.probe_lacks_status);
	r.nginx.access_log = "";
	rig_nginx_configure(&r.nginx);
	deploy_render_options(r.deploy, &o);
	assert_string_equal(o.http_log, "/var/log/nginx/access.log");
	r.settings.probe = NULL;
	o = (struct render_options){ 0 };
	deploy_render_options(r.deploy, &o);
	assert_null(o.probe);
}

static void without_a_probe_no_request_is_sent(void **state UNUSED)
{
	r.settings.probe = "";
	deploy_configure(r.deploy, &r.settings);
	sites.probe = 0;
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, sites_saying("one")));
	assert_false(status().has_probe);
	/* then the probe is turned on */
	sites.probe = rig_port();
	snprintf(sites.address, sizeof(sites.address), "127.0.0.1:%d", sites.probe);
	r.settings.probe = sites.address;
	deploy_configure(r.deploy, &r.settings);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, sites_saying("one")));
	eventually(r.loop, status().probe.answers);
}

/* A bundle with a marker in a comment, and this text. */
static struct bundle *mute_bundle(const char *text)
{
	CLEANUP(bundle_builder_fini) struct bundle_builder b;

	bundle_builder_init(&b);
	bundle_builder_marker(&b, BUNDLE_HTTP, "# ", "");
	bundle_builder_line(&b, BUNDLE_HTTP, text, strlen(text));
	return bundle_builder_finish(&b);
}

/* Neither a reason to revert nor to signal again. */
static void without_an_answer_the_result_is_unknown(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = mute_bundle("");

	r.settings.reload_timeout = USEC_PER_SEC;
	rig_deploy_expect(&r, DEPLOY_UNKNOWN, rig_deploy_put(&r, bundle_ref(b)));
	assert_non_null(strstr(r.message, "Connection refused"));
	assert_int_equal(stage_live(r.stage), 1);
	assert_true(was_applied());
	rig_deploy_expect(&r, DEPLOY_UNCHANGED, rig_deploy_put(&r, bundle_ref(b)));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 1);
}

/* nginx does not run the live generation: it is signalled again. */
static void another_marker_is_not_applied(void **state UNUSED)
{
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	char server[256];

	snprintf(server, sizeof(server),
		 "server { listen %s; location / { return 200 0123456789abcdef; } }",
		 sites.address);
	b = mute_bundle(server);
	r.settings.reload_timeout = USEC_PER_SEC;
	rig_deploy_expect(&r, DEPLOY_UNKNOWN, rig_deploy_put(&r, bundle_ref(b)));
	assert_non_null(strstr(r.message, "0123456789abcdef"));
	assert_int_equal(stage_live(r.stage), 1);
	assert_false(was_applied());
	rig_deploy_expect(&r, DEPLOY_UNKNOWN, rig_deploy_put(&r, bundle_ref(b)));
	assert_int_equal(rig_nginx_reloads(&r.nginx), 2);
}

/* nginx refuses the reload then, and no znode is the cause. */
static void a_port_of_another_program_blames_no_znode(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(bundle_unrefp) struct bundle *b = sites_saying("one");
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)sites.probe),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct blame blame;

	setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(other, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(other, 8), 0);
	rig_deploy_expect(&r, DEPLOY_REJECTED, rig_deploy_put(&r, bundle_ref(b)));
	blame = blame_find(arena, b, stage_live_directory(r.stage), r.message);
	assert_true(blame.probe);
	assert_int_equal(blame.count, 0);
	assert_non_null(strstr(blame.message, "Address already in use"));
	close(other);
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, bundle_ref(b)));
	assert_true(runs(b));
}

/* Workers that die during the verification are noticed before the deadline. */
static void deaths_are_noticed_during_the_verification(void **state UNUSED)
{
	r.nginx.main_text = "";
	rig_deploy_expect(&r, DEPLOY_APPLIED, rig_deploy_put(&r, sites_saying("one")));
	r.nginx.main_text = "working_directory /nonexistent;";
	rig_nginx_configure(&r.nginx);
	rig_deploy_begin(&r, sites_saying("two"));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_RECOVERING || r.done);
	r.nginx.main_text = "";
	rig_nginx_configure(&r.nginx);
	rig_deploy_expect(&r, DEPLOY_DIED, rig_deploy_end(&r));
}

static void a_deployment_may_be_freed_during_a_request(void **state UNUSED)
{
	uint64_t until;

	rig_deploy_begin(&r, mute_bundle(""));
	eventually(r.loop, deploy_state(r.deploy) == RELOAD_VERIFYING);
	until = rig_now() + 300 * USEC_PER_MSEC;
	eventually(r.loop, rig_now() > until);
	assert_int_equal(deploy_state(r.deploy), RELOAD_VERIFYING);
	rig_deploy_leave(&r);
	rig_deploy_enter(&r);
	assert_true(status().has_probe);
}

#define WITH_NGINX(f) deploy_test(f, &r, open_running)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NGINX(nginx_answers_which_generation_it_runs),
		WITH_NGINX(failures_that_another_process_reports_do_not_count),
		WITH_NGINX(render_gets_the_options_of_the_probe),
		WITH_NGINX(without_a_probe_no_request_is_sent),
		WITH_NGINX(without_an_answer_the_result_is_unknown),
		WITH_NGINX(another_marker_is_not_applied),
		WITH_NGINX(a_port_of_another_program_blames_no_znode),
		WITH_NGINX(deaths_are_noticed_during_the_verification),
		WITH_NGINX(a_deployment_may_be_freed_during_a_request),
	};

	return cmocka_run_group_tests_name("deploy_probe", tests, NULL, rig_deploy_remove_all);
}
