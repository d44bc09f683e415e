/* See rig_hostile.h. */
#include <arpa/inet.h>
#include <string.h>

#include "rig_hostile.h"

#define HEAD 16 /* of a reply: number, transaction, error */
#define MODES_MOST 32

static void put_number(char *p, int64_t number)
{
	uint32_t n = htonl((uint32_t)number);

	memcpy(p, &n, sizeof(n));
}

static int32_t number_of(const char *frame)
{
	uint32_t n;

	memcpy(&n, frame + 4, sizeof(n));
	return (int32_t)ntohl(n);
}

/* An answer to a request, with a body. */
static bool is_answer(const char *frame, size_t size)
{
	return size > 4 + HEAD && number_of(frame) > 0;
}

static void body_begins_with(int to, char *frame, size_t size, int64_t number)
{
	if (is_answer(frame, size))
		put_number(frame + 4 + HEAD, number);
	rig_wire_put(to, frame, size);
}

static void a_buffer_longer_than_its_frame(int to, char *frame, size_t size)
{
	body_begins_with(to, frame, size, 0x7ffffff0);
}

static void a_list_of_64_million(int to, char *frame, size_t size)
{
	body_begins_with(to, frame, size, 64000000);
}

static void a_negative_length(int to, char *frame, size_t size)
{
	body_begins_with(to, frame, size, INT32_MIN);
}

static void a_reply_shorter_than_its_head(int to, char *frame, size_t size UNUSED)
{
	put_number(frame, 8);
	rig_wire_put(to, frame, 12);
}

static void the_number_of_another_request(int to, char *frame, size_t size)
{
	if (is_answer(frame, size))
		put_number(frame + 4, number_of(frame) + 1000);
	rig_wire_put(to, frame, size);
}

static void a_negative_number(int to, char *frame, size_t size)
{
	if (is_answer(frame, size))
		put_number(frame + 4, -77);
	rig_wire_put(to, frame, size);
}

static void no_body(int to, char *frame, size_t size)
{
	if (!is_answer(frame, size)) {
		rig_wire_put(to, frame, size);
		return;
	}
	put_number(frame, HEAD);
	rig_wire_put(to, frame, 4 + HEAD);
}

static void an_unknown_error(int to, char *frame, size_t size)
{
	if (is_answer(frame, size))
		put_number(frame + 4 + 12, 17);
	rig_wire_put(to, frame, size);
}

static void each_answer_twice(int to, char *frame, size_t size)
{
	rig_wire_put(to, frame, size);
	rig_wire_put(to, frame, size);
}

static void only_noise(int to, char *frame UNUSED, size_t size UNUSED)
{
	char noise[104];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 167 + 13);
	put_number(noise, 100);
	rig_wire_put(to, noise, sizeof(noise));
}

static void send_before(int to, char *frame, size_t size, const char *first, size_t first_size)
{
	rig_wire_put(to, first, first_size);
	rig_wire_put(to, frame, size);
}
#define SEND_BEFORE(bytes) send_before(to, frame, size, bytes, sizeof(bytes) - 1)

#define EVENT "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0"

static void an_answer_to_credentials(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x10\xff\xff\xff\xfc\0\0\0\0\0\0\0\0\0\0\0\0");
}

static void an_event_with_noise(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x20" EVENT "0123456789abcdef");
}

static void an_event_with_a_negative_path(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x1c" EVENT "\0\0\0\x03\0\0\0\x03\xff\xff\xff\xfb");
}

static void an_event_of_an_unknown_type(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\x1e" EVENT "\0\0\0\x63\0\0\0\x03\0\0\0\x02/a");
}

static void a_frame_of_one_gigabyte(int to, char *frame UNUSED, size_t size UNUSED)
{
	static const char block[65536];

	rig_wire_put(to, "\x40\0\0\0", 4);
	for (int i = 0; i < 16384; i++)
		rig_wire_put(to, block, sizeof(block));
}

static void a_frame_of_no_bytes(int to, char *frame, size_t size)
{
	SEND_BEFORE("\0\0\0\0");
}

static void a_frame_of_a_negative_length(int to, char *frame, size_t size)
{
	SEND_BEFORE("\xff\xff\xff\xff");
}

const struct rig_hostile rig_hostile[] = {
	{ "a_buffer_longer_than_its_frame", a_buffer_longer_than_its_frame, "shorter than" },
	{ "a_list_of_64_million", a_list_of_64_million, "than" },
	{ "a_negative_length", a_negative_length, "negative" },
	{ "a_reply_shorter_than_its_head", a_reply_shorter_than_its_head, "shorter than" },
	{ "the_number_of_another_request", the_number_of_another_request, "the next answer" },
	{ "a_negative_number", a_negative_number, "answered request -77" },
	{ "no_body", no_body, "shorter than" },
	{ "an_unknown_error", an_unknown_error, "error code 17" },
	{ "each_answer_twice", each_answer_twice, "answered" },
	{ "only_noise", only_noise, "error code" },
	{ "an_answer_to_credentials", an_answer_to_credentials, "credentials that was not sent" },
	{ "an_event_with_noise", an_event_with_noise, "shorter than" },
	{ "an_event_with_a_negative_path", an_event_with_a_negative_path, "negative" },
	{ "an_event_of_an_unknown_type", an_event_of_an_unknown_type, "type 99" },
	{ "a_frame_of_one_gigabyte", a_frame_of_one_gigabyte, "zookeeper.max_frame" },
	{ "a_frame_of_no_bytes", a_frame_of_no_bytes, "frame of 0 bytes" },
	{ "a_frame_of_a_negative_length", a_frame_of_a_negative_length, "frame of -1 bytes" },
};
const size_t rig_hostile_count = ARRAY_SIZE(rig_hostile);

struct rig_wire *rig_hostile_start(int target)
{
	static rig_tamper *tampers[MODES_MOST];

	assert_true(rig_hostile_count <= MODES_MOST);
	for (size_t i = 0; i < rig_hostile_count; i++)
		tampers[i] = rig_hostile[i].tamper;
	return rig_wire_start_tampered(target, tampers, rig_hostile_count);
}
