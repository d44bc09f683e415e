/*
 * What goes beside the generations: the accepted znodes (tree.txt, with its own digest in
 * the first line, so that a torn one is not believed), and applied.json.
 *
 * applied.json saves reloads after a restart of ours. It is replaced by rename and never
 * fsynced: it speaks of processes of this boot, and after a crash of the host it is no use.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "proc.h"
#include "stage_disk.h"

#define RECORD_NAME "applied.json"
#define TREE_HEAD "# sha256 "
#define TREE_HEAD_SIZE (sizeof(TREE_HEAD) - 1 + DIGEST_HEX_SIZE) /* the line feed, for the NUL */

static struct tree *empty_tree(void)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

/* The text behind the first line, when it is what that line says. */
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

/* The recorded znodes of one generation; false when it has none, or they are damaged. */
static bool read_tree(struct place generation, struct tree **tree)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	const char *body;
	struct err why;
	size_t size;

	if (disk_read(generation, TREE_NAME, &text, &why) < 0)
		return false;
	body = checked(&text, &size);
	if (body && tree_parse(body, size, TREE_NAME, tree, &why) == 0)
		return true;
	log_warning("%s/" TREE_NAME " is damaged; looking for older last good znodes",
		    generation.where);
	return false;
}

static bool read_generation_tree(const struct stage *s, unsigned long n, struct tree **tree)
{
	CLEANUP(freep) char *where = stage_generation_directory(s, n);
	CLEANUP(disk_close) int fd = -1;

	return disk_open_directory(stage_shelf(s), generation_name(n).text, &fd, NULL) == 0 &&
	       read_tree((struct place){ fd, where }, tree);
}

/*
 * A daemon that was killed between publishing and recording left the live generation without its
 * znodes: those of the newest generation before it are the last good forms then.
 */
int stage_live_tree(const struct stage *s, struct tree **tree, struct err *e)
{
	CLEANUP(numbers_fini) struct numbers all = { 0 };

	if (stage_list(s, &all, e) < 0)
		return -1;
	for (size_t i = all.count; i-- > 0;) {
		if (all.items[i] <= s->live.generation &&
		    read_generation_tree(s, all.items[i], tree))
			return 0;
	}
	*tree = empty_tree();
	return 0;
}

int stage_peek_tree(const char *directory, struct tree **tree, struct err *e)
{
	CLEANUP(freep) char *live = xasprintf("%s/live", directory);
	CLEANUP(disk_close) int fd = open(live, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return err_sys(e, "%s", live);
	if (fd < 0 || !read_tree((struct place){ fd, live }, tree))
		*tree = empty_tree();
	return 0;
}

int stage_record(struct stage *s, unsigned long n, const struct tree *accepted, struct err *e)
{
	CLEANUP(freep) char *where = stage_generation_directory(s, n);
	CLEANUP(buf_fini) struct buf body = BUF_INIT, all = BUF_INIT;
	CLEANUP(disk_close) int fd = -1;
	char hex[DIGEST_HEX_SIZE];
	struct digest digest;

	tree_print(accepted, &body);
	digest = digest_of(buf_str(&body), body.size);
	if (s->has_recorded && s->recorded == n && digest_equal(&digest, &s->recorded_digest))
		return 0;
	digest_hex(&digest, hex);
	buf_printf(&all, TREE_HEAD "%s\n", hex);
	buf_put(&all, buf_str(&body), body.size);
	/* not for every user: a znode may have been readable to few */
	if (disk_open_directory(stage_shelf(s), generation_name(n).text, &fd, e) < 0 ||
	    disk_replace((struct place){ fd, where }, TREE_NAME, 0600, all.data, all.size,
			 DISK_DURABLE, e) < 0)
		return -1;
	s->has_recorded = true;
	s->recorded = n;
	s->recorded_digest = digest;
	return 0;
}

static void read_boot(struct stage *s)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, s->boot, sizeof(s->boot) - 1) : 0;

	s->boot[got > 0 ? got : 0] = '\0';
	s->boot[strcspn(s->boot, "\n")] = '\0';
	disk_close(&fd);
}

static void take_record(struct stage *s, const json_t *all)
{
	const json_t *applied = json_object_get(all, "applied"),
		     *published = json_object_get(all, "published");
	const char *boot = json_string_value(json_object_get(all, "boot"));
	bool this_boot = boot && *s->boot && strcmp(boot, s->boot) == 0;
	json_int_t generation = 0, pid = 0, start = 0, at = 0;
	struct stage_record *r = &s->record;

	if (json_unpack((json_t *)applied, "{s:I, s:I, s:I}", "generation", &generation, "pid",
			&pid, "start_time", &start) == 0) {
		r->has_applied = true;
		r->applied.generation = (unsigned long)generation;
		if (this_boot) {
			r->applied.pid = (long)pid;
			r->applied.start_time = (uint64_t)start;
		}
	}
	if (json_unpack((json_t *)published, "{s:I, s:I}", "generation", &generation, "ticks",
			&at) == 0) {
		r->has_published = true;
		r->published = (unsigned long)generation;
		r->published_at = this_boot ? (uint64_t)at : 0;
	}
}

void stage_record_load(struct stage *s)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	json_t *all;

	s->record = (struct stage_record){ 0 };
	read_boot(s);
	if (disk_read(stage_root(s), RECORD_NAME, &text, NULL) < 0)
		return;
	all = json_loadb(buf_str(&text), text.size, 0, NULL);
	take_record(s, all);
	json_decref(all);
}

int stage_record_save(const struct stage *s, struct err *e)
{
	const struct stage_record *r = &s->record;
	json_t *all = json_pack("{s:s}", "boot", s->boot);
	char *text;
	int rc;

	if (r->has_applied)
		json_object_set_new(all, "applied",
				    json_pack("{s:I, s:I, s:I}", "generation",
					      (json_int_t)r->applied.generation, "pid",
					      (json_int_t)r->applied.pid, "start_time",
					      (json_int_t)r->applied.start_time));
	if (r->has_published)
		json_object_set_new(all, "published",
				    json_pack("{s:I, s:I}", "generation", (json_int_t)r->published,
					      "ticks", (json_int_t)r->published_at));
	text = json_dumps(all, 0);
	json_decref(all);
	if (!text)
		die("applied.json: jansson failed");
	rc = disk_replace(stage_root(s), RECORD_NAME, 0644, text, strlen(text), DISK_VOLATILE, e);
	free(text);
	return rc;
}

int stage_set_applied(struct stage *s, const struct applied *a, struct err *e)
{
	s->record.applied = *a;
	s->record.has_applied = true;
	return stage_record_save(s, e);
}

bool stage_applied(const struct stage *s, struct applied *a)
{
	*a = s->record.applied;
	return s->record.has_applied && s->record.applied.pid;
}

void stage_doubt_applied(struct stage *s)
{
	s->record.applied.pid = 0;
	s->record.applied.start_time = 0;
	/* nor was it started with these bytes for certain, unless it is started after this */
	s->record.published_at = proc_ticks();
	stage_record_save(s, NULL);
}

bool stage_was_live_before(const struct stage *s, uint64_t ticks)
{
	const struct stage_record *r = &s->record;

	return r->has_published && r->published == s->live.generation && r->published_at < ticks;
}

static bool is_proved(const struct stage *s, unsigned long n)
{
	char path[64];

	snprintf(path, sizeof(path), "%lu/" TREE_NAME, n);
	return faccessat(s->generations, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool stage_last_good(const struct stage *s, unsigned long bad, unsigned long *good)
{
	CLEANUP(numbers_fini) struct numbers all = { 0 };
	const struct stage_record *r = &s->record;
	struct manifest m;

	if (r->has_applied && r->applied.generation != bad &&
	    stage_verify(s, r->applied.generation, &m, NULL) == 0) {
		*good = r->applied.generation;
		return true;
	}
	if (stage_list(s, &all, NULL) < 0)
		return false;
	for (int proved = 1; proved >= 0; proved--) {
		for (size_t i = all.count; i-- > 0;) {
			*good = all.items[i];
			if (*good != bad && is_proved(s, *good) == (proved == 1) &&
			    stage_verify(s, *good, &m, NULL) == 0)
				return true;
		}
	}
	return false;
}
