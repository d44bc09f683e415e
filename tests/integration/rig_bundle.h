/* Bundles written by hand, for tests of what comes after render. */
#ifndef ZKNGINX_TESTS_RIG_BUNDLE_H
#define ZKNGINX_TESTS_RIG_BUNDLE_H

#include <zknginx/bundle.h>

/* The caller owns the one reference. The texts consist of lines; either may be "". */
struct bundle *rig_bundle(const char *http, const char *stream);
/* A server on 127.0.0.1:port that answers with this text. */
struct bundle *rig_bundle_saying(int port, const char *text);

#endif
