/* A list of files that owns copies of everything in it. */
#include "import.h"

void import_files_add(struct import_files *files, const struct import_file *file)
{
	struct arena *a = files->arena;

	files->items =
		arena_grow(a, files->items, files->count, &files->room, sizeof(*files->items));
	files->items[files->count++] = (struct import_file){
		.path = arena_strdup(a, file->path),
		.named = file->named ? arena_strdup(a, file->named) : NULL,
		.text = arena_copy(a, file->text, file->size),
		.size = file->size,
	};
}
