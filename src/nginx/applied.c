/*
 * applied.json. It is replaced by rename and never fsynced: it is about processes of this boot, and
 * after a crash of the host it is of no use.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "applied.h"
#include "proc.h"

#define NAME "applied.json"
#define FORMAT 1 /* also of a file without one */

static void read_boot(struct applied_record *r)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, r->boot, sizeof(r->boot) - 1) : 0;

	r->boot[got > 0 ? got : 0] = '\0';
	r->boot[strcspn(r->boot, "\n")] = '\0';
	disk_close(&fd);
}

static bool has_known_format(const json_t *all)
{
	const json_t *format = json_object_get(all, "format");

	return !format || (json_is_integer(format) && json_integer_value(format) == FORMAT);
}

static void read_fields(struct applied_record *r, const json_t *all)
{
	const json_t *applied = json_object_get(all, "applied"),
		     *published = json_object_get(all, "published");
	const char *boot = json_string_value(json_object_get(all, "boot"));
	bool this_boot = boot && *r->boot && strcmp(boot, r->boot) == 0;
	json_int_t generation = 0, pid = 0, start = 0, at = 0;

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

void applied_load(struct applied_record *r, struct place root)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	json_t *all;

	*r = (struct applied_record){ 0 };
	read_boot(r);
	if (disk_read(root, NAME, &text, NULL) < 0)
		return;
	all = json_loadb(buf_str(&text), text.size, 0, NULL);
	if (has_known_format(all))
		read_fields(r, all);
	json_decref(all);
}

int applied_save(const struct applied_record *r, struct place root, struct err *e)
{
	json_t *all = json_pack("{s:i, s:s}", "format", FORMAT, "boot", r->boot);
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
	rc = disk_replace(root, NAME, 0644, text, strlen(text), DISK_VOLATILE, e);
	free(text);
	return rc;
}

void applied_sweep(struct place root)
{
	unlinkat(root.fd, "." NAME ".tmp", 0);
}

void applied_publish(struct applied_record *r, unsigned long n)
{
	r->has_published = true;
	r->published = n;
	r->published_at = proc_ticks();
}

void applied_doubt(struct applied_record *r)
{
	r->applied.pid = 0;
	r->applied.start_time = 0;
	r->published_at = proc_ticks();
}
