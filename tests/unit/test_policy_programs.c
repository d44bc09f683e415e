/*
 * What the safe policy lets through of logs, included files, programs and variables in addresses,
 * and what it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy/policy.h"

static const char *const roots[] = { "/srv", NULL };
static const char *const certificates[] = { "/etc/ssl", "/etc/letsencrypt", "/etc/nginx", NULL };
static const struct policy safe = { .level = POLICY_SAFE,
				    .roots = roots,
				    .certificates = certificates,
				    .log_directory = "/var/log/nginx/",
				    .nginx_config = "/etc/nginx/nginx.conf" };

static void expect_all(const char *const *texts, size_t count, bool allowed)
{
	for (size_t i = 0; i < count; i++) {
		struct violation v;

		if (policy_check(&safe, texts[i], strlen(texts[i]), &v) != allowed)
			fail_msg("%s: %s: %s", allowed ? "refused" : "allowed", texts[i], v.text);
	}
}

#define EXPECT(texts, allowed) expect_all(texts, ARRAY_SIZE(texts), allowed)

static void logs_go_to_the_log_directory_and_to_syslog_of_the_host(void **state UNUSED)
{
	static const char *const good[] = {
		"access_log off;",
		"access_log /var/log/nginx/shop.access.log combined;",
		"access_log /var/log/nginx/shop.log main buffer=64k flush=1m if=$loggable;",
		"access_log syslog:server=127.0.0.1:514,facility=local7,tag=a combined;",
		"access_log syslog:server=[::1];",
		"access_log syslog:server=localhost:1514;",
		"error_log syslog:server=unix:/dev/log warn;",
		"error_log /var/log/nginx/shop.error.log warn;",
	};
	static const char *const bad[] = {
		"access_log /var/log/nginx/$host.log;",
		"access_log /var/log/nginx/../cron.log;",
		"access_log /var/log/nginx/a/b.log;",
		"access_log /var/log/nginx/.log;",
		"access_log /var/log/nginx/shell.php;",
		"access_log /var/log/nginxx/a.log;",
		"access_log shop.log;",
		"access_log /srv/www/a.log;",
		"access_log syslog:server=10.0.0.1;",
		"access_log syslog:server=127.0.0.1.evil.example;",
		"access_log syslog:server=127.0.0.1,server=10.0.0.1;",
		"access_log syslog:server=unix:/run/docker.sock;",
		"access_log syslog:server=[::1]x;",
		"access_log syslog:tag=a;",
		"error_log off;",
		"error_log stderr;",
		"error_log memory:32m debug;",
		"error_log /etc/cron.d/x;",
	};

	EXPECT(good, true);
	EXPECT(bad, false);
}

static void only_parameter_files_of_nginx_are_included(void **state UNUSED)
{
	static const char *const good[] = {
		"location / { include fastcgi_params; }",
		"include /etc/nginx/mime.types;",
		"location / { include uwsgi_params; include proxy_params; }",
		("server { root /srv/www; location ~ \\.php$ "
		 "{ include snippets/fastcgi-php.conf; } }"),
		"server { include /etc/nginx/snippets/ssl.conf; }",
		"server { include /etc/letsencrypt/options-ssl-nginx.conf; }",
	};
	static const char *const bad[] = {
		"include /etc/passwd;",
		"include /etc/nginx/nginx.conf;",
		"include nginx.conf;",
		"include conf.d/*.conf;",
		"include /etc/nginx/.htpasswd;",
		"include snippets/../../passwd;",
		"include snippets/*.conf;",
		"include snippets/a/b.conf;",
		"include /srv/www/x.conf;",
		"include $arg_x;",
		"map $a $b { include mime.types; }",
		"types { include mime.types; }",
	};

	EXPECT(good, true);
	EXPECT(bad, false);
}

static void programs_are_told_only_about_files_that_are_served(void **state UNUSED)
{
	static const char *const good[] = {
		"location ~ \\.php$ { root /srv/www; fastcgi_split_path_info "
		"^(.+\\.php)(/.+)$; fastcgi_pass 127.0.0.1:9000; fastcgi_index index.php; include "
		"fastcgi_params; fastcgi_param SCRIPT_FILENAME "
		"$document_root$fastcgi_script_name; fastcgi_param PATH_INFO $fastcgi_path_info; "
		"}",
		"location ~ \\.php$ { fastcgi_pass unix:/run/php/php8.2-fpm.sock; fastcgi_param "
		"SCRIPT_FILENAME $realpath_root$fastcgi_script_name; fastcgi_param DOCUMENT_ROOT "
		"$realpath_root; }",
		"location / { fastcgi_pass php; fastcgi_param SCRIPT_FILENAME "
		"/srv/app/index.php; fastcgi_param HTTPS on; fastcgi_param modHeadersAvailable "
		"true; fastcgi_param front_controller_active true; fastcgi_read_timeout 600; "
		"fastcgi_buffers 64 4K; fastcgi_cache_valid 200 1m; fastcgi_intercept_errors on; }",
		"location / { fastcgi_pass php; fastcgi_param SCRIPT_FILENAME $request_filename; }",
		"location / { include uwsgi_params; uwsgi_pass app; uwsgi_param HTTP_X $http_x; "
		"uwsgi_read_timeout 60s; }",
		"location / { set $memcached_key \"$uri?$args\"; memcached_pass cache:11211; "
		"error_page 404 @x; }",
		"location / { try_files $fastcgi_script_name =404; fastcgi_pass php; }",
	};
	static const char *const bad[] = {
		"location / { fastcgi_pass php; fastcgi_param PHP_VALUE "
		"auto_prepend_file=php://input; }",
		"location / { fastcgi_param PHP_ADMIN_VALUE x; }",
		"location / { fastcgi_param LD_PRELOAD /srv/www/x.so; }",
		"location / { fastcgi_param HTTP_PROXY $arg_x; }",
		"location / { fastcgi_param SCRIPT_FILENAME $arg_x; }",
		"location / { fastcgi_param SCRIPT_FILENAME $document_root$arg_x; }",
		"location / { fastcgi_param SCRIPT_FILENAME $document_root/../x.php; }",
		"location / { fastcgi_param SCRIPT_FILENAME $document_rootx; }",
		"location / { fastcgi_param SCRIPT_FILENAME /etc/passwd; }",
		"location / { fastcgi_param SCRIPT_FILENAME /etc/ssl/x.php; }",
		"location / { fastcgi_param DOCUMENT_ROOT $http_x; }",
		"location / { fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_path_info; }",
		"location / { fastcgi_split_path_info ^/(..)()x; fastcgi_pass php; }",
		"location / { fastcgi_split_path_info ^/x(.*)()$; fastcgi_pass php; }",
		"location / { fastcgi_index ../../x.php; }",
		"location / { fastcgi_pass unix:/var/run/docker.sock; }",
		"location / { fastcgi_pass unix:/run/php/../docker.sock; }",
		"location / { fastcgi_pass $arg_x; }",
		"location / { proxy_pass http://unix:/run/php/x.sock:/; }",
		"location / { uwsgi_pass unix:/run/php/x.sock; }",
		"location / { uwsgi_param UWSGI_FILE exec://id; }",
		"location / { uwsgi_param UWSGI_SCRIPT x; }",
		"location / { uwsgi_modifier1 22; }",
		"location / { fastcgi_store on; }",
		"fastcgi_temp_path /etc;",
		"fastcgi_cache_path /srv/x keys_zone=a:1m;",
		"uwsgi_ssl_certificate_key /etc/shadow;",
		"server { root /srv; location /p { fastcgi_pass php; } location / { try_files "
		"$uri $uri/ =404; } }",
	};

	EXPECT(good, true);
	EXPECT(bad, false);
}

static void a_query_after_the_path_is_no_part_of_it(void **state UNUSED)
{
	static const char *const good[] = {
		"location / { root /srv/www; try_files $uri $uri/ /index.php$is_args$args; }",
		"location / { try_files $uri /index.php$is_args$query_string; }",
		"location / { error_page 404 /index.php$is_args$args; }",
		"location /api/ { rewrite ^/api(/.*)$ $1 break; proxy_pass http://u; }",
		"server { location /api/ { rewrite ^/api(/.*)$ $1 break; proxy_pass http://u; } "
		"location / { root /srv/www; try_files $uri $uri/ /index.html; } }",
		"server { merge_slashes off; http2 on; ssl_conf_command Ciphersuites "
		"TLS_AES_256_GCM_SHA384; ssl_conf_command Options KTLS; proxy_ssl_conf_command "
		"MinProtocol TLSv1.2; }",
	};
	static const char *const bad[] = {
		"location / { try_files $uri /index.php$args; }",
		"location / { try_files $uri /index.php$is_args$args/x; }",
		"location / { try_files /index.php$is_args$args =404; }",
		"location / { rewrite ^ /index.php$is_args$args break; }",
		"location ~ ^/(?<args>..) { try_files $uri /index.php$is_args$args; }",
		"map $uri $x { ~(?P<ARGS>..) a; }",
		"map $uri $x { \"~(?'args'..)\" a; }",
		"map $arg_x $ARGS { default x; }",
		"map $arg_x $Is_Args { default x; }",
		"server { ssl_conf_command Certificate /etc/shadow; }",
		"server { ssl_conf_command PRIVATEKEY /etc/shadow; }",
		"server { ssl_conf_command VerifyCAFile /etc/shadow; }",
		"server { ssl_conf_command DHParameters /etc/shadow; }",
	};

	EXPECT(good, true);
	EXPECT(bad, false);
}

static void a_variable_may_name_the_upstream(void **state UNUSED)
{
	static const char *const good[] = {
		"map $ssl_preread_server_name $pool { a.example a; default b; } server { listen "
		"443; ssl_preread on; proxy_pass $pool; }",
		"server { location / { proxy_pass http://$pool; } }",
		"server { location / { proxy_pass https://${pool}/x; } }",
		"server { location / { proxy_pass http://$pool$request_uri; } }",
		"server { location / { grpc_pass grpc://$pool; } location /f { fastcgi_pass "
		"$pool; } }",
	};
	static const char *const bad[] = {
		"location / { proxy_pass http://$arg_x; }",
		"location / { proxy_pass http://$HOST; }",
		"location / { proxy_pass http://$http_x_y; }",
		"location / { proxy_pass $pool; }",
		"location / { proxy_pass $scheme://$pool; }",
		"location / { proxy_pass http://$pool.example; }",
		"location / { proxy_pass http://$pool:80; }",
		"location / { proxy_pass http://a$pool; }",
		"location / { proxy_pass http://$pool$uri; }",
		"location / { proxy_pass http://$pool@evil; }",
		"location / { proxy_pass http://${pool; }",
		"server { proxy_pass $ssl_preread_server_name; }",
		"server { proxy_pass $ssl_preread_server_name:443; }",
	};

	EXPECT(good, true);
	EXPECT(bad, false);
}

static void certificates_and_roots_are_of_different_kinds(void **state UNUSED)
{
	static const char *const good[] = {
		"server { ssl_certificate /etc/letsencrypt/live/a/fullchain.pem; "
		"ssl_certificate_key /etc/letsencrypt/live/a/privkey.pem; }",
		"server { auth_basic_user_file /etc/nginx/.htpasswd; ssl_dhparam "
		"/etc/nginx/dhparam.pem; }",
	};
	static const char *const bad[] = {
		"root /etc/letsencrypt;", "root /etc/nginx;",
		"location /a/ { alias /etc/nginx/html/; }",
		"server { ssl_certificate /etc/letsencrypt/../shadow; }"
	};

	EXPECT(good, true);
	EXPECT(bad, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_go_to_the_log_directory_and_to_syslog_of_the_host),
		cmocka_unit_test(only_parameter_files_of_nginx_are_included),
		cmocka_unit_test(programs_are_told_only_about_files_that_are_served),
		cmocka_unit_test(a_query_after_the_path_is_no_part_of_it),
		cmocka_unit_test(a_variable_may_name_the_upstream),
		cmocka_unit_test(certificates_and_roots_are_of_different_kinds),
	};

	return cmocka_run_group_tests_name("policy_programs", tests, NULL, NULL);
}
