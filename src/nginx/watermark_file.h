/*
 * STATE/watermark.json: how far this host has seen ZooKeeper's history (core/rollout/past.h).
 */
#ifndef ZKNGINX_NGINX_WATERMARK_FILE_H
#define ZKNGINX_NGINX_WATERMARK_FILE_H

#include "core/rollout/past.h"
#include "sys/disk.h"

/* A file that is missing or damaged is one of a host that has seen nothing; the second is logged.
 * An error: another version has written it (ERR_INPUT), or it cannot be read. */
int watermark_file_read(const char *state, const struct watermark_places *places, struct past *out,
			struct err *e);
int watermark_file_write(const char *state, const struct watermark_places *places,
			 const struct past *p, enum durability durability, struct err *e);

#endif
