/* The digest covers the text after the first line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "generation.h"
#include "treefile.h"

#define NAME "tree.txt"
#define TREE_HEAD "# sha256 "
#define TREE_HEAD_SIZE (sizeof(TREE_HEAD) - 1 + DIGEST_HEX_SIZE) /* the line feed, for the NUL */

bool treefile_exists(struct place all, unsigned long n)
{
	char path[64];

	snprintf(path, sizeof(path), "%lu/" NAME, n);
	return faccessat(all.fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The text after the first line; NULL when its digest is not the one in that line. */
static const char *checked(const struct buf *text, size_t *size)
{
	char hex[DIGEST_HEX_SIZE] = "";
	struct digest wanted, found;

	if (text->size < TREE_HEAD_SIZE || memcmp(text->data, TREE_HEAD, strlen(TREE_HEAD)) != 0)
		return NULL;
	memcpy(hex, text->data + strlen(TREE_HEAD), DIGEST_HEX_SIZE - 1);
	*size = text->size - TREE_HEAD_SIZE;
	found = digest_of(text->data + TREE_HEAD_SIZE, *size);
	if (!digest_parse(hex, &wanted) || !digest_equal(&wanted, &found))
		return NULL;
	return text->data + TREE_HEAD_SIZE;
}

bool treefile_read(struct place generation, struct tree **tree)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *body;
	struct err why;
	size_t size;

	if (disk_read(generation, NAME, &text, &why) < 0)
		return false;
	body = checked(&text, &size);
	if (body && tree_parse(body, size, NAME, tree, &why) == 0)
		return true;
	log_warning("%s/" NAME " is damaged; using the znodes of an older generation",
		    generation.where);
	return false;
}

int treefile_peek(const char *generation, struct tree **tree, struct err *e)
{
	CLEANUP(disk_close) int fd = open(generation, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return err_sys(e, "%s", generation);
	if (fd < 0 || !treefile_read((struct place){ fd, generation }, tree))
		*tree = tree_empty();
	return 0;
}

static bool read_of_generation(struct place all, unsigned long n, struct tree **tree)
{
	CLEANUP(freep) char *where = generation_path(all, n);
	CLEANUP(disk_close) int fd = -1;

	return generation_open(all, n, &fd, NULL) == 0 &&
	       treefile_read((struct place){ fd, where }, tree);
}

/*
 * The live generation has none while nginx does not include it, or after a daemon was killed
 * between publishing and recording. Then an older one has the last good forms of the znodes.
 */
int treefile_read_newest(struct place all, unsigned long newest, struct tree **tree,
			 char revision[DIGEST_HEX_SIZE], struct err *e)
{
	CLEANUP(numbers_fini) struct numbers numbers = { 0 };
	struct manifest m = { .revision = "" };
	bool found = false;

	if (generation_list(all, &numbers, e) < 0)
		return -1;
	for (size_t i = numbers.count; !found && i-- > 0;) {
		unsigned long n = numbers.items[i];

		found = n <= newest && read_of_generation(all, n, tree);
		if (found && generation_manifest(all, n, &m, NULL) < 0)
			m.revision[0] = '\0';
	}
	if (!found)
		*tree = tree_empty();
	if (revision)
		memcpy(revision, m.revision, sizeof(m.revision));
	return 0;
}

bool treefile_newest_good(struct place all, unsigned long bad, unsigned long *good)
{
	CLEANUP(numbers_fini) struct numbers numbers = { 0 };
	struct manifest m;

	if (generation_list(all, &numbers, NULL) < 0)
		return false;
	for (int with_tree = 1; with_tree >= 0; with_tree--) {
		for (size_t i = numbers.count; i-- > 0;) {
			*good = numbers.items[i];
			if (*good != bad && treefile_exists(all, *good) == (with_tree == 1) &&
			    generation_verify(all, *good, &m, NULL) == 0)
				return true;
		}
	}
	return false;
}

/* The first line is written last, when the digest is known. */
struct writer {
	struct disk_draft draft;
	struct digester *digester;
};

static int put(void *ctx, const char *bytes, size_t size, struct err *e)
{
	struct writer *w = ctx;

	digester_add(w->digester, bytes, size);
	return disk_add(&w->draft, bytes, size, e);
}

static int end_file(struct writer *w, const struct digest *digest, struct err *e)
{
	char head[TREE_HEAD_SIZE + 1], hex[DIGEST_HEX_SIZE];

	digest_hex(digest, hex);
	snprintf(head, sizeof(head), TREE_HEAD "%s\n", hex);
	return disk_set_head(&w->draft, head, TREE_HEAD_SIZE, e) < 0 ? -1 : disk_end(&w->draft, e);
}

static int write_tree(struct writer *w, struct treefile *last, unsigned long n,
		      const struct tree *accepted, struct err *e)
{
	static const char no_head[TREE_HEAD_SIZE];
	struct digest digest;

	if (disk_add(&w->draft, no_head, sizeof(no_head), e) < 0 ||
	    tree_print_parts(accepted, put, w, e) < 0)
		return -1;
	digest = digester_finish(w->digester);
	if (last->has_written && last->generation == n && digest_equal(&digest, &last->digest))
		return 0;
	if (end_file(w, &digest, e) < 0)
		return -1;
	*last = (struct treefile){ true, n, digest };
	return 0;
}

int treefile_write(struct treefile *last, struct place all, unsigned long n,
		   const struct tree *accepted, struct err *e)
{
	CLEANUP(freep) char *where = generation_path(all, n);
	CLEANUP(disk_close) int fd = -1;
	struct writer w = { .draft = DISK_DRAFT_NONE, .digester = digester_new() };
	int rc = generation_open(all, n, &fd, e);

	/* 0600: a znode may have been readable to few */
	if (rc == 0)
		rc = disk_begin((struct place){ fd, where }, NAME, 0600, DISK_DURABLE, &w.draft, e);
	if (rc == 0)
		rc = write_tree(&w, last, n, accepted, e);
	disk_drop(&w.draft);
	digester_free(w.digester);
	return rc;
}
