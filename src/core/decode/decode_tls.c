/* TLS of a site: certificates, certificates of clients, protocols, sessions, stapling. */
#include <string.h>

#include "checks.h"
#include "core/data/clauses.h"
#include "decode_headers.h"
#include "decode_tls.h"

#define LINES offsetof(struct site, common.lines)
#define CERTIFICATES_MOST 8

struct certificate {
	const char *certificate, *key;
};

static const struct field certificate_rows[] = {
	{ "certificate", FIELD_TEXT, .where = offsetof(struct certificate, certificate),
	  .required = true, .check = check_path },
	{ "key", FIELD_TEXT, .where = offsetof(struct certificate, key), .required = true,
	  .check = check_path },
};
static const struct fields certificate_fields = FIELDS(certificate_rows);

static void read_certificate(struct reader *r, const json_t *value, struct site *s)
{
	struct certificate c = { 0 };

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &certificate_fields, &c);
	if (!c.certificate || !c.key)
		return;
	clauses_add_word(r->arena, &s->common.lines, r->path, "ssl_certificate", c.certificate);
	clauses_add_word(r->arena, &s->common.lines, r->path, "ssl_certificate_key", c.key);
}

/* Further ones, of other kinds of key: nginx chooses the one that a client can use. */
static void read_more(struct reader *r, const json_t *value, void *where)
{
	if (!reader_is_list(r, value, 1, CERTIFICATES_MOST))
		return;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_certificate(r, json_array_get(value, i), where);
		reader_leave(r, mark);
	}
}

static const struct field session_rows[] = {
	{ "timeout", FIELD_LINE_TEXT, .where = LINES, .check = check_seconds,
	  .directive = "ssl_session_timeout" },
	{ "tickets", FIELD_LINE_FLAG, .where = LINES, .directive = "ssl_session_tickets" },
};
static const struct fields session_fields = FIELDS(session_rows);

static const struct field tls_rows[] = {
	{ "certificate", FIELD_TEXT, .where = offsetof(struct site, certificate), .required = true,
	  .check = check_path },
	{ "key", FIELD_TEXT, .where = offsetof(struct site, key), .required = true,
	  .check = check_path },
	{ "more", FIELD_CUSTOM, .read = read_more, .shape = SHAPE_OBJECTS,
	  .inner = &certificate_fields },
	{ "redirect_http", FIELD_BOOL, .where = offsetof(struct site, redirect_http) },
	{ "hsts", FIELD_CUSTOM, .read = decode_hsts, .shape = SHAPE_FLAG | SHAPE_OBJECT,
	  .inner = &decode_hsts_fields },
	{ "client_ca", FIELD_LINE_TEXT, .where = LINES, .check = check_path,
	  .directive = "ssl_client_certificate" },
	{ "verify", FIELD_LINE_TEXT, .where = LINES, .check = check_tls_verify,
	  .directive = "ssl_verify_client" },
	{ "verify_depth", FIELD_LINE_NUMBER, .where = LINES, .least = 1, .most = 100,
	  .directive = "ssl_verify_depth" },
	{ "crl", FIELD_LINE_TEXT, .where = LINES, .check = check_path, .directive = "ssl_crl" },
	{ "protocols", FIELD_LINE_WORDS, .where = LINES, .check = check_tls_protocol,
	  .directive = "ssl_protocols" },
	{ "ciphers", FIELD_LINE_TEXT, .where = LINES, .check = check_ciphers,
	  .directive = "ssl_ciphers" },
	{ "prefer_server_ciphers", FIELD_LINE_FLAG, .where = LINES,
	  .directive = "ssl_prefer_server_ciphers" },
	{ "curves", FIELD_LINE_TEXT, .where = LINES, .check = check_curves,
	  .directive = "ssl_ecdh_curve" },
	{ "dhparam", FIELD_LINE_TEXT, .where = LINES, .check = check_path,
	  .directive = "ssl_dhparam" },
	{ "sessions", FIELD_GROUP, .inner = &session_fields },
	{ "stapling", FIELD_LINE_FLAG, .where = LINES, .directive = "ssl_stapling" },
	{ "stapling_verify", FIELD_LINE_FLAG, .where = LINES, .directive = "ssl_stapling_verify" },
	{ "trusted_ca", FIELD_LINE_TEXT, .where = LINES, .check = check_path,
	  .directive = "ssl_trusted_certificate" },
};
const struct fields decode_tls_fields = FIELDS(tls_rows);

static bool has_line(const struct site *s, const char *directive)
{
	return clauses_find(&s->common.lines, directive);
}

static bool listens(const struct site *site, bool ssl)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		if (site->listens[i].ssl == ssl)
			return true;
	}
	return false;
}

/* nginx refuses to verify without a CA. */
static void check_clients(struct reader *r, const struct site *site)
{
	const struct clause *verify = clauses_find(&site->common.lines, "ssl_verify_client");
	bool asks = verify && strcmp(verify->words[0], "off") != 0;

	if (asks && strcmp(verify->words[0], "optional_no_ca") != 0 &&
	    !has_line(site, "ssl_client_certificate"))
		reader_problem(r, "tls.verify", "needs tls.client_ca");
	if (has_line(site, "ssl_crl") && !has_line(site, "ssl_client_certificate"))
		reader_problem(r, "tls.crl", "needs tls.client_ca");
}

static bool has_hsts(const struct site *site)
{
	for (size_t i = 0; i < site->header_count; i++) {
		if (strcmp(site->headers[i].name, "Strict-Transport-Security") == 0)
			return true;
	}
	return false;
}

void decode_tls_check(struct reader *r, const struct site *site, bool has_tls)
{
	bool ssl = listens(site, true);

	if (ssl && !has_tls)
		reader_problem(r, "tls",
			       "is missing: a listen with ssl needs a certificate and a key");
	if (has_tls && !ssl)
		reader_problem(r, "tls", "needs a listen with ssl, such as \"443 ssl\"");
	if (has_tls && has_hsts(site) && listens(site, false) && !site->redirect_http)
		reader_problem(r, "tls.hsts",
			       "needs redirect_http, or no listen without ssl: the header is not "
			       "for plain HTTP");
	check_clients(r, site);
}
