/* The two protocols of nginx's contexts: http { } and stream { }. */
#ifndef ZKNGINX_PROTOCOL_H
#define ZKNGINX_PROTOCOL_H

enum protocol { PROTOCOL_HTTP, PROTOCOL_STREAM };

#endif
