/* See rig_requests.h. */
#include "rig_requests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <zknginx/err.h>

#include "rig.h"

#define WORDS_MAX 8192
#define BLOCK_MAX 128

static const char *directory; /* curl's files are there */
static size_t requests;

/* --- ports -------------------------------------------------------------------------------------
 */

static struct {
	char name[16];
	int port;
} ports[16];
static size_t port_count;

/* The port that stands for this one. */
int requests_port(const char *name, size_t size)
{
	char key[16];

	snprintf(key, sizeof(key), "%.*s", (int)size, name);
	for (size_t i = 0; i < port_count; i++) {
		if (strcmp(ports[i].name, key) == 0)
			return ports[i].port;
	}
	assert_true(port_count < ARRAY_SIZE(ports));
	memcpy(ports[port_count].name, key, sizeof(key));
	ports[port_count].port = rig_port();
	return ports[port_count++].port;
}

/* --- what cannot be equal ----------------------------------------------------------------------
 */

static int by_text(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* A Date is that of now, and an Expires counts from now, unless it is a constant. */
static bool is_of_now(const char *line)
{
	return strncasecmp(line, "date:", 5) == 0 ||
	       (strncasecmp(line, "expires:", 8) == 0 && !strstr(line, "1970") &&
		!strstr(line, "2037"));
}

static void put_line(struct buf *out, const char *line)
{
	if (is_of_now(line))
		buf_printf(out, "%.*s: …\n", (int)strcspn(line, ":"), line);
	else if (strncasecmp(line, "x-request-id:", 13) == 0)
		buf_printf(out, "%.13s %zu characters\n", line, strlen(line));
	else
		buf_printf(out, "%s\n", line);
}

/* The order of header fields has no meaning: sorted. */
static void put_head(struct buf *out, char *line, char **rest)
{
	char *lines[BLOCK_MAX];
	size_t count = 0;

	while (line && *line && strcmp(line, "^M") != 0) {
		assert_true(count < BLOCK_MAX);
		lines[count++] = line;
		line = strsep(rest, "\n");
	}
	qsort(lines + 1, count - 1, sizeof(*lines), by_text);
	for (size_t i = 0; i < count; i++)
		put_line(out, lines[i]);
	buf_putc(out, '\n');
}

char *requests_settled(const char *text)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	char *rest = rig_text("%s", text), *line;

	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "HTTP/", 5) == 0)
			put_head(&out, line, &rest);
		else
			put_line(&out, line);
	}
	return rig_text("%s", buf_str(&out));
}

/* --- requests of HTTP --------------------------------------------------------------------------
 */

static char *words[WORDS_MAX];
static size_t word_count;

static void add_word(const char *word)
{
	assert_true(word_count + 1 < WORDS_MAX);
	words[word_count++] = rig_text("%s", word);
	words[word_count] = NULL;
}

/* Words are in quotes of one kind or the other, or bare. */
static void add_words(const char *line)
{
	while (*(line += strspn(line, " "))) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		char quote = '\0';

		for (; *line && (quote || *line != ' '); line++) {
			if (*line == quote)
				quote = '\0';
			else if (!quote && (*line == '\'' || *line == '"'))
				quote = *line;
			else
				buf_putc(&b, *line);
		}
		add_word(buf_str(&b));
	}
}

/* After each answer the request, as curl's own format writes it. */
static void add_title(const char *line)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	buf_puts(&b, "\\n== ");
	for (; *line; line++) {
		if (*line == '%' || *line == '\\')
			buf_putc(&b, *line);
		buf_putc(&b, *line);
	}
	buf_puts(&b, " (%{exitcode}, HTTP/%{http_version})\\n\\n");
	add_word("-w");
	add_word(buf_str(&b));
}

static void add_curl(const char *line)
{
	add_words(word_count ? "--next -sSik --max-time 30" : "-sSik --max-time 30");
	for (size_t i = 0; i < port_count; i++) {
		add_word("--connect-to");
		add_word(rig_text(":%s:127.0.0.1:%d", ports[i].name, ports[i].port));
	}
	add_title(line);
	add_words(line);
	requests++;
}

static void run_curl(struct buf *out)
{
	static char script[] = "cd \"$0\" && curl \"$@\" 2>&1 | cat -v";
	char **argv, *output;

	if (!word_count)
		return;
	argv = calloc(word_count + 5, sizeof(*argv));
	assert_non_null(argv);
	argv[0] = (char[]){ "sh" };
	argv[1] = (char[]){ "-c" };
	argv[2] = script;
	argv[3] = (char *)(uintptr_t)directory;
	memcpy(argv + 4, words, (word_count + 1) * sizeof(*words));
	rig_run(&output, argv);
	free(argv);
	word_count = 0;
	buf_puts(out, requests_settled(output));
}

/* --- other requests ----------------------------------------------------------------------------
 */

static int connected(const char *from, const char *port, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET }, b = a;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = 30 };

	a.sin_addr.s_addr = inet_addr(from);
	b.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b.sin_port = htons((uint16_t)requests_port(port, strlen(port)));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    connect(fd, (struct sockaddr *)&b, sizeof(b)) < 0)
		fail_msg("port %s: %s", port, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* With \r and \n as nginx.conf has them. */
static char *unescaped(const char *text)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	for (; *text; text++) {
		if (*text != '\\' || !text[1])
			buf_putc(&b, *text);
		else
			buf_putc(&b, *++text == 'n' ? '\n' : *text == 'r' ? '\r' : *text);
	}
	return rig_text("%s", buf_str(&b));
}

static void say(struct buf *out, const char *from, const char *port, const char *text, int type)
{
	char answer[65536];
	char *said = unescaped(text);
	CLEANUP(buf_fini) struct buf all = BUF_INIT;
	int fd = connected(from, port, type);
	ssize_t size;

	send(fd, said, strlen(said), MSG_NOSIGNAL);
	while ((size = recv(fd, answer, sizeof(answer), 0)) > 0) {
		buf_put(&all, answer, (size_t)size);
		if (type == SOCK_DGRAM)
			break;
	}
	buf_puts(out, requests_settled(buf_str(&all)));
	close(fd);
}

static SSL *handshake(SSL_CTX *context, const char *port, const char *name, SSL_SESSION *session)
{
	SSL *ssl = SSL_new(context);

	SSL_set_fd(ssl, connected("127.0.0.1", port, SOCK_STREAM));
	if (strcmp(name, "-") != 0)
		SSL_set_tlsext_host_name(ssl, name);
	if (session)
		SSL_set_session(ssl, session);
	if (SSL_connect(ssl) == 1)
		return ssl;
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
	return NULL;
}

static void put_handshake(struct buf *out, SSL *ssl)
{
	const unsigned char *alpn;
	unsigned size;
	char name[256] = "";

	X509_NAME_oneline(X509_get_subject_name(SSL_get0_peer_certificate(ssl)), name,
			  sizeof(name));
	SSL_get0_alpn_selected(ssl, &alpn, &size);
	buf_printf(out, "%s %s alpn=%.*s %s names-of-clients=%d%s\n", SSL_get_version(ssl),
		   SSL_get_cipher(ssl), (int)size, size ? (const char *)alpn : "", name,
		   sk_X509_NAME_num(SSL_get0_peer_CA_list(ssl)),
		   SSL_session_reused(ssl) ? " reused" : "");
}

static void close_handshake(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

/* With one version; that of 1.2 twice, to see whether its session can be resumed. */
static void one_version(struct buf *out, SSL_CTX *context, int version, const char *port,
			const char *name)
{
	SSL_SESSION *session = NULL;
	SSL *ssl;

	SSL_CTX_set_min_proto_version(context, version);
	SSL_CTX_set_max_proto_version(context, version);
	for (int i = 0; i < (version == TLS1_2_VERSION ? 2 : 1); i++) {
		ssl = handshake(context, port, name, session);
		if (!ssl) {
			buf_printf(out, "no handshake with %x\n", (unsigned)version);
			break;
		}
		put_handshake(out, ssl);
		SSL_SESSION_free(session);
		session = SSL_get1_session(ssl);
		buf_puts(out, SSL_SESSION_has_ticket(session) ? "a ticket\n" : "no ticket\n");
		SSL_shutdown(ssl);
		close_handshake(ssl);
	}
	SSL_SESSION_free(session);
}

static SSL_CTX *new_context(void)
{
	static const unsigned char alpn[] = "\x02h2\x08http/1.1";
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	assert_non_null(context);
	SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0");
	SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1);
	return context;
}

static void handshakes(struct buf *out, const char *port, const char *name)
{
	static const int versions[] = { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION };
	SSL_CTX *context = new_context();

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		one_version(out, context, versions[i], port, name);
	SSL_CTX_free(context);
}

static void say_in_tls(struct buf *out, const char *port, const char *name, const char *text)
{
	SSL_CTX *context = new_context();
	SSL *ssl = handshake(context, port, name, NULL);
	char answer[4096], *said = unescaped(text);
	int size;

	assert_non_null(ssl);
	SSL_write(ssl, said, (int)strlen(said));
	while ((size = SSL_read(ssl, answer, sizeof(answer))) > 0)
		buf_put(out, answer, (size_t)size);
	close_handshake(ssl);
	SSL_CTX_free(context);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* What anybody, or anything, sends to a server on the internet. @ is the URL. */
static const char *const common[] = {
	"@/",
	"-I @/",
	"--http1.1 @/",
	"--http1.0 @/",
	"@/index.html",
	"@/nosuch/page?a=b&c=%20d",
	"@/nosuch.php",
	"-d a=b @/form",
	"-d @large @/form",
	"--http1.1 -H 'Expect:' -d @large @/form",
	"--http1.1 -H 'Transfer-Encoding: chunked' -d a=b @/form",
	"-X PUT -d text @/file",
	"-X DELETE @/file",
	"-X OPTIONS @/",
	"-X OPTIONS -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT' "
	"-H 'Access-Control-Request-Headers: X-Token' @/",
	"-H 'Origin: https://app.example.com' @/",
	"-X PROPFIND @/",
	"-r 0-3 @/index.html",
	"-H 'Accept-Encoding: gzip' @/index.html",
	"-H 'Accept-Encoding: gzip' @/big.html?big",
	"-H 'If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT' @/index.html",
	"@/.git/config",
	"@/.htaccess",
	"@/.well-known/security.txt",
	"@/favicon.ico",
	"@/robots.txt",
	"--path-as-is @/../../etc/passwd",
	"--path-as-is @/a/%2e%2e/b//c/./d",
	"--http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' "
	"-H 'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==' @/",
	"-u alice:secret @/",
	"-u alice:wrong @/",
	"-H 'X-Forwarded-For: 192.0.2.7' -H 'X-Forwarded-Proto: ftp' -H 'X-Real-IP: 192.0.2.8' @/",
	"-H 'Cookie: session=1; theme=dark' -A Mozilla/5.0 -e https://elsewhere.example/ @/",
	"-H 'Proxy: http://192.0.2.9' -H 'X_Under: 1' @/",
	"--http1.1 --request-target https://elsewhere.example/x @/",
	"@/moved/page",
	"@/cookie/page",
	"@/answer=404",
	"@/answer=500",
	"@/answer=502",
	"@/accel",
};

static void one_line(struct buf *out, const char *line);

static void all_common(struct buf *out, const char *url)
{
	for (size_t i = 0; i < ARRAY_SIZE(common); i++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;

		for (const char *c = common[i]; *c; c++) {
			if (*c == '@' && c[1] == '/')
				buf_puts(&b, url);
			else
				buf_putc(&b, *c);
		}
		one_line(out, buf_str(&b));
	}
}

/* The next word; the rest begins after it. */
static char *word(char **rest)
{
	char *w = strsep(rest, " ");

	if (!w)
		fail_msg("a request lacks a word");
	return w;
}

static void other_line(struct buf *out, const char *line)
{
	char *rest = rig_text("%s", line), *kind = word(&rest), *port, *name;

	run_curl(out);
	buf_printf(out, "== %s\n", line);
	requests++;
	if (strcmp(kind, "tcp") == 0) {
		name = word(&rest);
		port = word(&rest);
		say(out, name, port, rest, SOCK_STREAM);
	} else if (strcmp(kind, "udp") == 0) {
		port = word(&rest);
		say(out, "127.0.0.1", port, rest, SOCK_DGRAM);
	} else {
		port = word(&rest);
		name = word(&rest);
		if (!rest)
			handshakes(out, port, name);
		else if (strcmp(word(&rest), "say") == 0)
			say_in_tls(out, port, name, rest);
	}
}

static void one_line(struct buf *out, const char *line)
{
	if (!*line || *line == '#')
		return;
	if (strncmp(line, "common ", 7) == 0)
		all_common(out, line + 7);
	else if (strncmp(line, "tls ", 4) == 0 || strncmp(line, "tcp ", 4) == 0 ||
		 strncmp(line, "udp ", 4) == 0)
		other_line(out, line);
	else
		add_curl(line);
}

size_t requests_send(const char *lines, const char *where, struct buf *out)
{
	char *rest = rig_text("%s", lines), *line;
	size_t before = requests;

	directory = where;
	while ((line = strsep(&rest, "\n")))
		one_line(out, line);
	run_curl(out);
	return requests - before;
}
