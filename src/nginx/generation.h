/*
 * The generations on disk: directories with a number as their name, below one directory.
 *
 * `all` is that directory (STATE/generations) everywhere below. Nothing here changes a generation;
 * staging.h writes one.
 */
#ifndef ZKNGINX_NGINX_GENERATION_H
#define ZKNGINX_NGINX_GENERATION_H

#include "manifest.h"
#include "sys/disk.h"

struct numbers {
	unsigned long *items; /* ascending */
	size_t count;
};
void numbers_fini(struct numbers *n);

struct generation_name {
	char text[24];
};
struct generation_name generation_name(unsigned long n);
/* "0", "1", "17": a plain decimal number and nothing else. */
bool generation_parse(const char *name, unsigned long *n);

int generation_list(struct place all, struct numbers *out, struct err *e);
char *generation_path(struct place all, unsigned long n); /* the caller frees */
int generation_open(struct place all, unsigned long n, int *fd, struct err *e);
/* Its manifest; ERR_INPUT when there is none, or it is not a manifest of this generation. */
int generation_manifest(struct place all, unsigned long n, struct manifest *m, struct err *e);
/* The same; ERR_INPUT also when a file does not hold the bytes that the manifest says, and
 * ERR_REFUSED when another version of zknginxd has written it. */
int generation_verify(struct place all, unsigned long n, struct manifest *m, struct err *e);
/* One of another version is not. */
bool generation_is_damaged(struct place all, unsigned long n);
/* Are http.conf and stream.conf there, with any content? */
bool generation_has_files(struct place all, unsigned long n);
/* Are both there, empty, and without a manifest? That is what a provisioning tool makes so that
 * nginx.conf can include the files before the daemon was started. */
bool generation_is_placeholder(struct place all, unsigned long n);

#endif
