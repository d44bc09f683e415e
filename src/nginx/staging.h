/*
 * A new generation: its files are written, so that nginx can test them; meanwhile it is completed
 * (digests, manifest) and made durable. Until it is published nothing refers to it.
 *
 * The manifest is written last and removed first, so a generation with a manifest is complete.
 */
#ifndef ZKNGINX_NGINX_STAGING_H
#define ZKNGINX_NGINX_STAGING_H

#include "manifest.h"
#include "sys/disk.h"

struct staging {
	unsigned long next; /* number of the next generation */
	bool has_written;   /* … and not published yet; files stay open until their fsync */
	bool is_durable;
	struct manifest written; /* complete once it is durable */
	struct bundle *bundle;   /* until then */
	int files[BUNDLE_FILE_N + 1], directory;
};

void staging_init(struct staging *s);
/* Also before the next one is written. */
void staging_forget(struct staging *s);

/* Write a bundle's files as the next generation below `all` (STATE/generations); *n is its number.
 * After an error nothing is left of it. */
int staging_write(struct staging *s, struct place all, struct bundle *b, const char *revision,
		  unsigned long *n, struct err *e);
/* The bundle of the first generation; one reference. */
struct bundle *staging_empty_bundle(void);
/* Generation n is a placeholder (generation_is_placeholder()): write its manifest; durable. */
int staging_complete(struct place all, unsigned long n, struct manifest *m, struct err *e);
/* Write its manifest, and fsync all; only for the one that was written last. */
int staging_sync(struct staging *s, struct place all, unsigned long n, struct err *e);
/* Is generation n the one that was written last? … and is it durable? */
bool staging_has(const struct staging *s, unsigned long n);
bool staging_is_durable(const struct staging *s, unsigned long n);

#endif
