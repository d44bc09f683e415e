/* One table of names, one of families: nginx's own sources name them, module by module. */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include <zknginx/macros.h>

#include "variable.h"

/* A family's name ends in `_`: any name that begins with it is a variable. */
static const char *const known[] = {
	"ancient_browser",
	"arg_",
	"args",
	"binary_remote_addr",
	"body_bytes_sent",
	"bytes_sent",
	"connection",
	"connection_requests",
	"connection_time",
	"connections_active",
	"connections_reading",
	"connections_waiting",
	"connections_writing",
	"content_length",
	"content_type",
	"cookie_",
	"date_gmt",
	"date_local",
	"document_root",
	"document_uri",
	"fastcgi_path_info",
	"fastcgi_script_name",
	"geoip_area_code",
	"geoip_city",
	"geoip_city_continent_code",
	"geoip_city_country_code",
	"geoip_city_country_code3",
	"geoip_city_country_name",
	"geoip_country_code",
	"geoip_country_code3",
	"geoip_country_name",
	"geoip_dma_code",
	"geoip_latitude",
	"geoip_longitude",
	"geoip_org",
	"geoip_postal_code",
	"geoip_region",
	"geoip_region_name",
	"gzip_ratio",
	"host",
	"hostname",
	"http2",
	"http3",
	"http_",
	"https",
	"invalid_referer",
	"is_args",
	"limit_conn_status",
	"limit_rate",
	"limit_req_status",
	"memcached_key",
	"modern_browser",
	"msec",
	"msie",
	"nginx_version",
	"pid",
	"pipe",
	"proxy_add_x_forwarded_for",
	"proxy_host",
	"proxy_port",
	"proxy_protocol_addr",
	"proxy_protocol_port",
	"proxy_protocol_server_addr",
	"proxy_protocol_server_port",
	"proxy_protocol_tlv_",
	"query_string",
	"realip_remote_addr",
	"realip_remote_port",
	"realpath_root",
	"remote_addr",
	"remote_port",
	"remote_user",
	"request",
	"request_body",
	"request_body_file",
	"request_completion",
	"request_filename",
	"request_id",
	"request_length",
	"request_method",
	"request_time",
	"request_uri",
	"scheme",
	"secure_link",
	"secure_link_expires",
	"sent_http_",
	"sent_trailer_",
	"server_addr",
	"server_name",
	"server_port",
	"server_protocol",
	"slice_range",
	"ssl_alpn_protocol",
	"ssl_cipher",
	"ssl_ciphers",
	"ssl_client_cert",
	"ssl_client_escaped_cert",
	"ssl_client_fingerprint",
	"ssl_client_i_dn",
	"ssl_client_i_dn_legacy",
	"ssl_client_raw_cert",
	"ssl_client_s_dn",
	"ssl_client_s_dn_legacy",
	"ssl_client_serial",
	"ssl_client_v_end",
	"ssl_client_v_remain",
	"ssl_client_v_start",
	"ssl_client_verify",
	"ssl_curve",
	"ssl_curves",
	"ssl_early_data",
	"ssl_protocol",
	"ssl_server_name",
	"ssl_session_id",
	"ssl_session_reused",
	"status",
	"tcpinfo_rcv_space",
	"tcpinfo_rtt",
	"tcpinfo_rttvar",
	"tcpinfo_snd_cwnd",
	"time_iso8601",
	"time_local",
	"uid_got",
	"uid_reset",
	"uid_set",
	"upstream_addr",
	"upstream_bytes_received",
	"upstream_bytes_sent",
	"upstream_cache_status",
	"upstream_connect_time",
	"upstream_cookie_",
	"upstream_header_time",
	"upstream_http_",
	"upstream_response_length",
	"upstream_response_time",
	"upstream_status",
	"upstream_trailer_",
	"uri",
};

/* As above, in stream { }. */
static const char *const known_in_stream[] = {
	"binary_remote_addr",
	"bytes_received",
	"bytes_sent",
	"connection",
	"geoip_area_code",
	"geoip_city",
	"geoip_city_continent_code",
	"geoip_city_country_code",
	"geoip_city_country_code3",
	"geoip_city_country_name",
	"geoip_country_code",
	"geoip_country_code3",
	"geoip_country_name",
	"geoip_dma_code",
	"geoip_latitude",
	"geoip_longitude",
	"geoip_org",
	"geoip_postal_code",
	"geoip_region",
	"geoip_region_name",
	"hostname",
	"limit_conn_status",
	"msec",
	"nginx_version",
	"pid",
	"protocol",
	"proxy_protocol_addr",
	"proxy_protocol_port",
	"proxy_protocol_server_addr",
	"proxy_protocol_server_port",
	"proxy_protocol_tlv_",
	"realip_remote_addr",
	"realip_remote_port",
	"remote_addr",
	"remote_port",
	"server_addr",
	"server_port",
	"session_time",
	"ssl_alpn_protocol",
	"ssl_cipher",
	"ssl_ciphers",
	"ssl_client_cert",
	"ssl_client_fingerprint",
	"ssl_client_i_dn",
	"ssl_client_raw_cert",
	"ssl_client_s_dn",
	"ssl_client_serial",
	"ssl_client_v_end",
	"ssl_client_v_remain",
	"ssl_client_v_start",
	"ssl_client_verify",
	"ssl_curve",
	"ssl_curves",
	"ssl_preread_alpn_protocols",
	"ssl_preread_protocol",
	"ssl_preread_server_name",
	"ssl_protocol",
	"ssl_server_name",
	"ssl_session_id",
	"ssl_session_reused",
	"status",
	"time_iso8601",
	"time_local",
	"upstream_addr",
	"upstream_bytes_received",
	"upstream_bytes_sent",
	"upstream_connect_time",
	"upstream_first_byte_time",
	"upstream_session_time",
};

/* nginx has decoded the path in these, or they hold more than a line as they are. */
static const char *const with_lines[] = {
	"document_uri",    "fastcgi_path_info",   "fastcgi_script_name",
	"memcached_key",   "request_body",        "request_filename",
	"ssl_client_cert", "ssl_client_raw_cert", "uri",
};

static bool is_family(const char *known_name)
{
	return known_name[strlen(known_name) - 1] == '_';
}

static bool is_named(const char *known_name, const char *name, size_t size)
{
	size_t length = strlen(known_name);

	return strncasecmp(known_name, name, length < size ? length : size) == 0 &&
	       (is_family(known_name) ? size > length : size == length);
}

static bool is_in(const char *const *names, size_t count, const char *name, size_t size)
{
	for (size_t i = 0; size && i < count; i++) {
		if (is_named(names[i], name, size))
			return true;
	}
	return false;
}

bool variable_is_known(const char *name, size_t size)
{
	return is_in(known, ARRAY_SIZE(known), name, size);
}

bool variable_is_known_in_stream(const char *name, size_t size)
{
	return is_in(known_in_stream, ARRAY_SIZE(known_in_stream), name, size);
}

const char *variable_with_lines(const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(with_lines); i++) {
		if (is_named(with_lines[i], name, size))
			return with_lines[i];
	}
	return NULL;
}

/* --- the nearest name ------------------------------------------------------------------------ */

#define NAME_MOST 32

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many bytes have to be inserted, deleted or replaced. Both names fit NAME_MOST. */
static unsigned edits(const char *a, size_t a_size, const char *b, size_t b_size)
{
	unsigned row[NAME_MOST + 1];

	for (size_t j = 0; j <= b_size; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_size; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_size; j++) {
			unsigned above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
				       diagonal + (lower(a[i - 1]) != lower(b[j - 1])));
			diagonal = above;
		}
	}
	return row[b_size];
}

unsigned variable_distance(const char *name, size_t size, const char *other)
{
	size_t length = strlen(other);
	unsigned d;

	if (size > NAME_MOST || length > NAME_MOST)
		return UINT_MAX;
	d = edits(name, size, other, length);
	return d < (unsigned)size / 3 + 2 ? d : UINT_MAX;
}

static const char *nearest_in(const char *const *names, size_t count, const char *name, size_t size)
{
	unsigned best = UINT_MAX;
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned d =
			is_family(names[i]) ? UINT_MAX : variable_distance(name, size, names[i]);

		if (d >= best)
			continue;
		best = d;
		found = names[i];
	}
	return found;
}

const char *variable_nearest(const char *name, size_t size)
{
	return nearest_in(known, ARRAY_SIZE(known), name, size);
}

const char *variable_nearest_in_stream(const char *name, size_t size)
{
	return nearest_in(known_in_stream, ARRAY_SIZE(known_in_stream), name, size);
}
