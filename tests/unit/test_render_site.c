/* Render: a site's server blocks. */
#include <limits.h>

#include "render_models.h"

static void a_site_has_its_settings(void **state UNUSED)
{
	struct site s = site("shop", NULL, 0);
	const char *names[] = { "shop.example.com", "*.shop.example.com" };
	CLEANUP(bundle_unrefp) struct bundle *a = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	s.server_names = names;
	s.server_name_count = 2;
	s.gzip = 1;
	s.client_max_body_size = "10m";
	s.access_log = "shop";
	a = of_site(&s);
	assert_has(http(a), "\n# /s/site\n"
			    "server {\n"
			    "    listen 80;\n"
			    "    server_name shop.example.com *.shop.example.com;\n"
			    "    client_max_body_size 10m;\n"
			    "    access_log /var/log/nginx/shop.access.log;\n"
			    "    gzip on;\n");
	assert_has_not(http(a), "ssl_");
	s.gzip = 0;
	s.access_log = "off";
	b = of_site(&s);
	assert_has(http(b), "    access_log off;\n    gzip off;\n}\n");
}

static struct site tls_site(struct listen *listens, size_t count)
{
	struct site s = site("shop", NULL, 0);

	s.listens = listens;
	s.listen_count = count;
	s.certificate = "/etc/ssl/shop.crt";
	s.key = "/etc/ssl/private/shop.key";
	return s;
}

static void tls_without_redirect_is_one_server(void **state UNUSED)
{
	struct listen listens[] = { { .address = "80", .options = "", .ssl = false },
				    { .address = "443", .options = "ssl http2", .ssl = true } };
	struct site s = tls_site(listens, 2);
	CLEANUP(bundle_unrefp) struct bundle *b = of_site(&s);

	assert_has(http(b), "server {\n"
			    "    listen 80;\n"
			    "    listen 443 ssl http2;\n"
			    "    ssl_certificate /etc/ssl/shop.crt;\n"
			    "    ssl_certificate_key /etc/ssl/private/shop.key;\n"
			    "    ssl_protocols TLSv1.2 TLSv1.3;\n");
	assert_has_not(http(b), "return");
}

static struct bundle *of_version(struct site *s, unsigned version)
{
	struct model m = { .sites = s, .site_count = 1 };
	struct render_options options = OPTIONS;

	options.nginx_version = version;
	return render(&m, &options);
}

static void http2_is_written_for_the_nginx_that_runs(void **state UNUSED)
{
	static const unsigned old[] = { 0, 1022001, 1025000, UINT_MAX };
	struct listen listens[] = {
		{ .address = "443", .options = "ssl http2 reuseport", .ssl = true }
	};
	struct site s = tls_site(listens, 1);
	CLEANUP(bundle_unrefp) struct bundle *new = of_version(&s, 1025001);

	assert_has(http(new), "    listen 443 ssl reuseport;\n    http2 on;\n");
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		CLEANUP(bundle_unrefp) struct bundle *b = of_version(&s, old[i]);

		assert_has(http(b), "    listen 443 ssl http2 reuseport;\n");
		assert_has_not(http(b), "http2 on");
	}
	listens[0].options = "ssl";
	bundle_unref(new);
	new = of_version(&s, 1026000);
	assert_has_not(http(new), "http2");
}

static void a_redirect_takes_the_plain_listens(void **state UNUSED)
{
	struct listen listens[] = {
		{ .address = "8080", .options = "default_server", .ssl = false },
		{ .address = "8443", .options = "ssl default_server", .ssl = true }
	};
	struct site s = tls_site(listens, 2);
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	s.redirect_http = true;
	b = of_site(&s);
	assert_has(http(b), "server {\n    listen 8443 ssl default_server;\n    ssl_cert");
	assert_has(http(b), "\nserver {\n"
			    "    listen 8080 default_server;\n"
			    "    return 301 https://$host:8443$request_uri;\n"
			    "}\n");
}

static void an_implied_listen_belongs_to_the_redirect(void **state UNUSED)
{
	struct listen listens[] = { { .address = "443", .options = "ssl", .ssl = true },
				    { .address = "80", .options = "", .implied = true } };
	struct site s = tls_site(listens, 2);
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	s.redirect_http = true;
	b = of_site(&s);
	assert_has(http(b), "server {\n    listen 443 ssl;\n    ssl_cert");
	assert_has(http(b), "    listen 80;\n    return 301 https://$host$request_uri;\n");
}

static void the_default_says_so_on_every_listen(void **state UNUSED)
{
	struct listen listens[] = {
		{ .address = "443", .options = "ssl default_server", .ssl = true },
		{ .address = "8443", .options = "ssl", .ssl = true },
		{ .address = "80", .options = "" }
	};
	struct site s = tls_site(listens, 3);
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	s.is_default = s.redirect_http = true;
	b = of_site(&s);
	assert_has(http(b), "listen 443 ssl default_server;\n");
	assert_has(http(b), "listen 8443 ssl default_server;\n");
	assert_has(http(b), "listen 80 default_server;\n");
}

static void one_listen_alone_can_stay_the_default(void **state UNUSED)
{
	struct listen listens[] = {
		{ .address = "80", .options = "reuseport", .stay_default = true },
		{ .address = "81", .options = "default_server", .stay_default = true },
		{ .address = "82", .options = "" }
	};
	struct site s = tls_site(listens, 3);
	CLEANUP(bundle_unrefp) struct bundle *b = of_site(&s);

	assert_has(http(b), "listen 80 reuseport default_server;\n");
	assert_has(http(b), "listen 81 default_server;\n");
	assert_has(http(b), "listen 82;\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_has_its_settings),
		cmocka_unit_test(tls_without_redirect_is_one_server),
		cmocka_unit_test(http2_is_written_for_the_nginx_that_runs),
		cmocka_unit_test(a_redirect_takes_the_plain_listens),
		cmocka_unit_test(an_implied_listen_belongs_to_the_redirect),
		cmocka_unit_test(the_default_says_so_on_every_listen),
		cmocka_unit_test(one_listen_alone_can_stay_the_default),
	};

	return cmocka_run_group_tests_name("render_site", tests, NULL, NULL);
}
