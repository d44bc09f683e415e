/* The rows of fields that a site and a location both have (struct common). */
#ifndef ZKNGINX_CORE_DECODE_COMMON_H
#define ZKNGINX_CORE_DECODE_COMMON_H

#include "checks.h"
#include "decode_access.h"
#include "decode_errors.h"
#include "decode_rewrite.h"

#define LINES_OF(type) offsetof(struct type, common.lines)

/* Rows of a table for a struct that has a member `common`. kinds: which objects have the fields. */
#define COMMON_ROWS(type, kinds)                                                                    \
	{ "access",                                                                                 \
	  FIELD_CUSTOM,                                                                             \
	  .where = offsetof(struct type, common),                                                   \
	  .only = (kinds),                                                                          \
	  .read = decode_access,                                                                    \
	  .shape = SHAPE_OBJECT,                                                                    \
	  .inner = &decode_access_fields },                                                         \
		{ "satisfy",       FIELD_LINE_TEXT,        .where = LINES_OF(type),                 \
		  .only = (kinds), .check = check_satisfy, .directive = "satisfy" },                \
		{ "basic_auth",                                                                     \
		  FIELD_CUSTOM,                                                                     \
		  .where = LINES_OF(type),                                                          \
		  .only = (kinds),                                                                  \
		  .read = decode_basic_auth,                                                        \
		  .shape = SHAPE_FLAG | SHAPE_OBJECT,                                               \
		  .inner = &decode_basic_auth_fields },                                             \
		{ "auth_request",                                                                   \
		  FIELD_CUSTOM,                                                                     \
		  .where = LINES_OF(type),                                                          \
		  .only = (kinds),                                                                  \
		  .read = decode_auth_request,                                                      \
		  .shape = SHAPE_FLAG | SHAPE_TEXT | SHAPE_OBJECT,                                  \
		  .inner = &decode_auth_request_fields },                                           \
		{ "error_pages",                                                                    \
		  FIELD_CUSTOM,                                                                     \
		  .where = LINES_OF(type),                                                          \
		  .only = (kinds),                                                                  \
		  .read = decode_error_pages,                                                       \
		  .shape = SHAPE_MAP | SHAPE_MAP_OBJECTS,                                           \
		  .inner = &decode_page_fields },                                                   \
		{ "rewrite",                                                                        \
		  FIELD_CUSTOM,                                                                     \
		  .where = offsetof(struct type, common),                                           \
		  .only = (kinds),                                                                  \
		  .read = decode_rewrites,                                                          \
		  .shape = SHAPE_OBJECTS,                                                           \
		  .inner = &decode_rewrite_fields },                                                \
		{ "index",         FIELD_LINE_WORDS,         .where = LINES_OF(type),               \
		  .only = (kinds), .check = check_file_name, .directive = "index" },                \
		{ "try_files",                                                                      \
		  FIELD_CUSTOM,                                                                     \
		  .where = LINES_OF(type),                                                          \
		  .only = (kinds),                                                                  \
		  .read = decode_try_files,                                                         \
		  .shape = SHAPE_TEXTS },                                                           \
		{ "autoindex", FIELD_LINE_FLAG, .where = LINES_OF(type), .only = (kinds),           \
		  .directive = "autoindex" },                                                       \
		{ "mirror",        FIELD_LINE_TEXT,           .where = LINES_OF(type),              \
		  .only = (kinds), .check = check_uri_or_off, .directive = "mirror" },              \
		{ "mirror_request_body", FIELD_LINE_FLAG, .where = LINES_OF(type),                  \
		  .only = (kinds), .directive = "mirror_request_body" },                            \
		{ "client_body_buffer_size", FIELD_LINE_TEXT,                                       \
		  .where = LINES_OF(type),   .only = (kinds),                                       \
		  .check = check_size,       .directive = "client_body_buffer_size" },              \
		{ "client_body_timeout", FIELD_LINE_TEXT,     .where = LINES_OF(type),              \
		  .only = (kinds),       .check = check_time, .directive = "client_body_timeout" }, \
		{ "send_timeout",  FIELD_LINE_TEXT,     .where = LINES_OF(type),                    \
		  .only = (kinds), .check = check_time, .directive = "send_timeout" },              \
		{ "keepalive_timeout", FIELD_LINE_TEXT,     .where = LINES_OF(type),                \
		  .only = (kinds),     .check = check_time, .directive = "keepalive_timeout" },     \
		{ "keepalive_requests",                                                             \
		  FIELD_LINE_NUMBER,                                                                \
		  .where = LINES_OF(type),                                                          \
		  .least = 1,                                                                       \
		  .most = 1000000,                                                                  \
		  .only = (kinds),                                                                  \
		  .directive = "keepalive_requests" },                                              \
	{                                                                                           \
		"etag", FIELD_LINE_FLAG, .where = LINES_OF(type), .only = (kinds),                  \
					 .directive = "etag"                                        \
	}

#endif
