/*
 * nginx writes "nginx: [warn] SENTENCE" or "nginx: [warn] SENTENCE in FILE:LINE". The list holds
 * those of its warnings after which nginx serves something else than the configuration says.
 */
#include <string.h>

#include <zknginx/macros.h>

#include "message.h"
#include "warnings.h"

static const char *const harmful[] = {
	"conflicting server name",         /* the later server never gets a request for it */
	"duplicate MIME type",             /* gzip_types and others: the second one is ignored */
	"duplicate network",               /* geo: the value of the first one is lost */
	"protocol options redefined",      /* the listens of one address do not agree */
	"load balancing method redefined", /* the first method of the upstream is lost */
};

static bool is_harmful(const char *sentence, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmful); i++) {
		if (memmem(sentence, size, harmful[i], strlen(harmful[i])))
			return true;
	}
	return false;
}

/* Without " in LIVE/FILE:LINE". */
static size_t size_without_place(const char *sentence, size_t size, const char *live)
{
	const char *end = sentence + size;

	for (const char *at = sentence; (at = memmem(at, (size_t)(end - at), " in ", 4)); at++) {
		size_t left = (size_t)(end - at - 4);

		if (left > strlen(live) && memcmp(at + 4, live, strlen(live)) == 0)
			return (size_t)(at - sentence);
	}
	return size;
}

static void read_line(const char *line, const char *live, struct buf *out)
{
	const char *sentence = message_after_level(line, "[warn] ");

	if (!sentence || !is_harmful(sentence, strlen(sentence)))
		return;
	buf_put(out, sentence, size_without_place(sentence, strlen(sentence), live));
	buf_putc(out, '\n');
}

void warnings_read(const char *output, const char *live, struct buf *out)
{
	CLEANUP(buf_fini) struct buf line = BUF_INIT;

	while (*output) {
		size_t size = strcspn(output, "\n");

		buf_clear(&line);
		buf_put(&line, output, size);
		read_line(buf_str(&line), live, out);
		output += size + (output[size] == '\n');
	}
}

static size_t count(const char *lines, const char *line, size_t size, const char *until)
{
	size_t n = 0;

	while (*lines && lines != until) {
		size_t length = strcspn(lines, "\n");

		n += length == size && memcmp(lines, line, size) == 0;
		lines += length + (lines[length] == '\n');
	}
	return n;
}

const char *warnings_new(const char *now, const char *before, size_t *size)
{
	for (const char *line = now; *line;) {
		*size = strcspn(line, "\n");
		if (count(now, line, *size, line) >= count(before, line, *size, NULL))
			return line;
		line += *size + (line[*size] == '\n');
	}
	return NULL;
}
