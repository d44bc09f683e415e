/* The daemon's own check decides which place is suitable. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/arena.h>
#include <zknginx/err.h>

#include "host/hook.h"
#include "rig_private.h"

static struct arena *memory;
static char *directory;

static char *put_script(const char *path, const char *text)
{
	rig_write(path, "%s", text);
	if (chmod(path, 0755) < 0)
		die("%s: %m", path);
	return (char *)(uintptr_t)path;
}

static bool try_place(const char *place)
{
	char *made = place ? arena_printf(memory, "%s/.zknginx-test-XXXXXX", place) : NULL, *probe;
	bool good;

	if (!made || !mkdtemp(made))
		return false;
	probe = put_script(arena_printf(memory, "%s/probe", made), "#!/bin/sh\n");
	good = hook_check(probe, NULL) == 0;
	unlink(probe);
	if (good)
		directory = made;
	else
		rmdir(made);
	return good;
}

static void find_place(void)
{
	const char *const places[] = { getenv("HOME"), getenv("XDG_RUNTIME_DIR"), "/run",
				       "/var/lib" };

	memory = arena_new();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (try_place(places[i]))
			return;
	}
	print_message("no directory that is this user's alone: skipped\n");
	rig_private_clean();
	skip();
}

char *rig_private_path(const char *fmt, ...)
{
	char name[512];
	va_list args;

	if (!directory)
		find_place();
	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	return arena_printf(memory, "%s/%s", directory, name);
}

char *rig_private_script(const char *name, const char *text)
{
	return put_script(rig_private_path("%s", name), text);
}

void rig_private_clean(void)
{
	if (directory)
		rig_run(NULL, (char *[]){ (char *)"rm", (char *)"-rf", directory, NULL });
	directory = NULL;
	if (memory)
		arena_free(memory);
	memory = NULL;
}
