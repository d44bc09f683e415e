/* See outbox.h. */
#include "outbox.h"

/* A daemon that does not read: it is given up. */
#define MOST ((size_t)64 << 20)

static bool reserve(struct module_writer *w, size_t more)
{
	size_t room = w->room ? w->room : 4096;
	unsigned char *data;

	while (room - w->size < more)
		room *= 2;
	if (room == w->room)
		return true;
	data = room <= MOST ? realloc(w->data, room) : NULL;
	if (!data)
		return false;
	w->data = data;
	w->room = room;
	return true;
}

struct module_writer *outbox_begin(struct outbox *o, enum module_kind kind, size_t body)
{
	if (o->sent == o->writer.size)
		o->sent = o->writer.size = 0;
	if (!reserve(&o->writer, MODULE_FRAME_HEAD + body))
		o->lost = true;
	module_begin(&o->writer, kind);
	return &o->writer;
}

void outbox_end(struct outbox *o)
{
	if (!module_end(&o->writer))
		o->lost = true;
}

void outbox_clear(struct outbox *o)
{
	free(o->writer.data);
	*o = (struct outbox){ .sent = 0 };
}
