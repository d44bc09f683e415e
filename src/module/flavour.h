/*
 * nginx has the same upstreams twice, for http and for stream, with the same members under other
 * names. Each file of this folder is compiled once for each, and these names are all that differs.
 *
 * Nothing here is shared with the daemon but core/wire/module_wire.h.
 */
#ifndef ZKNGINX_MODULE_FLAVOUR_H
#define ZKNGINX_MODULE_FLAVOUR_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "core/wire/module_wire.h"

#ifdef ZKNGINX_STREAM
#include <ngx_stream.h>

#define NGX_PART(name) ngx_stream_##name
#define NGX_UPSTREAM(name) ngx_stream_upstream_##name
#define NGX_SESSION ngx_stream_session_t
#define SESSION_POOL(s) ((s)->connection->pool)
#define PART_NAME "ngx_stream_upstream_"
#define CONTEXT MODULE_STREAM
#else
#include <ngx_http.h>

#define NGX_PART(name) ngx_http_##name
#define NGX_UPSTREAM(name) ngx_http_upstream_##name
#define NGX_SESSION ngx_http_request_t
#define SESSION_POOL(r) ((r)->pool)
#define PART_NAME "ngx_http_upstream_"
#define CONTEXT MODULE_HTTP
#endif

#define ZKNGINX_MODULE NGX_PART(zknginx_module)
extern ngx_module_t ZKNGINX_MODULE;

#endif
