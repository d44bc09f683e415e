/* Checks of texts, for the tables of fields.h. */
#ifndef ZKNGINX_CORE_CHECKS_H
#define ZKNGINX_CORE_CHECKS_H

#include "fields.h"

text_check check_time;    /* "10s", "250ms" */
text_check check_seconds; /* the same without milliseconds */
text_check check_size;    /* "10m" */
text_check check_zone_size;
text_check check_upstream_zone; /* or "off" */
text_check check_name;          /* of a znode: name_is_valid() */
text_check check_upstream;      /* upstream_name_is_valid() */
text_check check_path;          /* of a file that nginx may read */
text_check check_own_root; /* of a location: one that clients may read, or write to with `dav` */
text_check check_root;     /* of a directory that clients may read */
text_check check_body;     /* any text, with variables and line breaks; may be empty */
text_check check_value;    /* of a header: one line, variables that cannot hold a line feed */
text_check check_line;     /* the same, not empty */
text_check check_counted;  /* what is compared or counted: any variables; not empty */
text_check check_target;   /* of a redirect */
text_check check_expires;
text_check check_cache_valid;
text_check check_rate; /* "50r/s" */
text_check check_retry;
text_check check_log; /* "off" or a name */
text_check check_server_name;
text_check check_location_path;
text_check check_header_name;
text_check check_regex;
text_check check_uri;         /* "/x", with variables */
text_check check_literal_uri; /* without */
text_check check_uri_or_off;
text_check check_file_name; /* "index.html" */
text_check check_try;       /* one of try_files */
text_check check_ciphers;
text_check check_curves;
text_check check_tls_protocol;
text_check check_tls_verify;
text_check check_stale;
text_check check_cached_method;
text_check check_satisfy;
text_check check_network;
text_check check_rewrite_flag;
text_check check_replacement; /* of a rewrite: with captures */
text_check check_host;
text_check check_ignored_header;

/*
 * For data that is text and not JSON: NULL when it is valid UTF-8 without a byte order mark, else
 * the rest of a sentence. data[size] must be a NUL.
 */
const char *text_error(const char *data, size_t size);

#endif
