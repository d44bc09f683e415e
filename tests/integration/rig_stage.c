/* The state directory of a test. */
#include <string.h>
#include <sys/stat.h>

#include "rig_stage.h"

static const char *directory;

void rig_state_fresh(void)
{
	static int number;

	directory = rig_path("state%d", number++);
}

void rig_state_use(const char *name)
{
	directory = name;
}

const char *rig_state(void)
{
	return directory;
}

struct stage *rig_stage_open(void)
{
	struct state_settings settings = { .directory = directory, .keep = 2 };
	struct stage *s = NULL;

	OK(stage_open(&settings, &s, e));
	return s;
}

struct stage *rig_stage_open_as_it_is(void)
{
	struct state_settings settings = { .directory = directory, .keep = 2 };
	struct stage *s = NULL;

	OK(stage_open_as_it_is(&settings, &s, e));
	return s;
}

unsigned long rig_stage_put(struct stage *s, const char *http, const char *stream)
{
	struct bundle *b = rig_bundle(http, stream);
	unsigned long n = 0;

	OK(stage_write(s, b, "", &n, e));
	OK(stage_sync(s, n, e));
	OK(stage_publish(s, n, e));
	bundle_unref(b);
	return n;
}

char *rig_state_path(const char *name)
{
	return rig_path("%s/%s", directory + strlen(rig_directory()) + 1, name);
}

char *rig_state_file(const char *name)
{
	return rig_read(rig_state_path(name));
}

bool rig_state_has(const char *name)
{
	struct stat st;

	return lstat(rig_state_path(name), &st) == 0;
}

struct tree *rig_tree(const char *text)
{
	struct tree *t = NULL;

	OK(tree_parse(text, strlen(text), "test", &t, e));
	return t;
}
