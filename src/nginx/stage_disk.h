/*
 * What stage.c, stage_open.c and stage_record.c share: the open state directory, and the
 * generations in it as they are on disk.
 */
#ifndef ZKNGINX_NGINX_STAGE_DISK_H
#define ZKNGINX_NGINX_STAGE_DISK_H

#include "fingerprint.h"
#include "manifest.h"
#include "stage.h"
#include "sys/disk.h"

#define TREE_NAME "tree.txt"

/* applied.json: what outlives us but not a reboot, except for `applied.generation`. */
struct stage_record {
	struct applied applied; /* pid 0: not known to run any more */
	unsigned long published;
	uint64_t published_at; /* clock ticks since boot; 0 = before this boot */
	bool has_applied, has_published;
};

struct stage {
	long keep;
	char *path, *live_path, *cache_path, *generations_path;
	int directory, generations, lock;
	char boot[64];
	unsigned long next; /* number of the next generation */
	struct manifest live;
	struct fingerprint seen[BUNDLE_FILE_N]; /* when the live bytes were last found right */
	bool has_seen;
	uint64_t seen_at; /* clock ticks since boot */
	/* Written and not yet published; files are kept open until their fsync. */
	bool has_written;
	struct manifest written;
	int written_files[BUNDLE_FILE_N + 1], written_directory;
	/* The tree that was recorded last, to not write it again. */
	bool has_recorded;
	unsigned long recorded;
	struct digest recorded_digest;
	struct stage_record record;
};

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

static inline struct place stage_root(const struct stage *s)
{
	return (struct place){ s->directory, s->path };
}

static inline struct place stage_shelf(const struct stage *s)
{
	return (struct place){ s->generations, s->generations_path };
}

int stage_list(const struct stage *s, struct numbers *out, struct err *e);
/* Its manifest; ERR_INPUT when there is none or a file's bytes are not what it says. */
int stage_verify(const struct stage *s, unsigned long n, struct manifest *m, struct err *e);
/* The number in the link `live`; false when it is missing or leads elsewhere. */
bool stage_read_link(const struct stage *s, unsigned long *n);

/* applied.json */
void stage_record_load(struct stage *s);
int stage_record_save(const struct stage *s, struct err *e);

#endif
