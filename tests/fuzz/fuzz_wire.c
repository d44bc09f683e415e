/*
 * libFuzzer: frames of both directions. The first byte of each says whose it is and how long it is;
 * no frame is read past its end, and what a check needs does not grow with what a server sends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wire_limits limits = { 4096, 600 * USEC_PER_SEC, 1000 };
	CLEANUP(wire_freep) struct wire *w = wire_new(&limits);

	while (size > 1) {
		size_t length = data[0] & 0x7f;
		bool server = data[0] & 0x80;
		enum wire_kind kind;
		uint8_t *frame;
		const char *why = NULL;

		data++;
		size--;
		if (length > size)
			length = size;
		frame = malloc(length ?: 1);
		memcpy(frame, data, length);
		if (server)
			why = wire_reply(w, frame, length, &kind);
		else if (!wire_request(w, frame, length))
			why = "";
		free(frame);
		if (why && server && !*why)
			abort();
		if (why)
			break;
		data += length;
		size -= length;
	}
	return 0;
}
