/*
 * libFuzzer: a report znode of any client → status → JSON. What was read can be written, and
 * writing what that reads gives the same bytes.
 */
#include <string.h>

#include <zknginx/status.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf once = BUF_INIT;
	CLEANUP(buf_fini) struct buf again = BUF_INIT;
	CLEANUP(buf_fini) struct buf metrics = BUF_INIT;
	struct status s;
	struct err e;

	if (status_parse(a, (const char *)bytes, size, &s, &e) < 0)
		return 0;
	status_write_metrics(&s, &metrics);
	status_write_json(&s, 0, &once);
	if (status_parse(a, once.data, once.size, &s, &e) < 0)
		die("what was written cannot be read: %s", e.text);
	status_write_json(&s, 0, &again);
	if (once.size != again.size || memcmp(once.data, again.data, once.size) != 0)
		die("what was read is written in another way");
	return 0;
}
