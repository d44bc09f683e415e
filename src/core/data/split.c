/* See split.h. */
#include <stdio.h>
#include <string.h>

#include <zknginx/digest.h>

#include "split.h"

size_t split_steps(const struct split *s)
{
	size_t count = 0;
	bool percent = false;

	for (size_t i = 0; i < s->target_count; i++) {
		percent |= s->targets[i].percent > 0;
		count += (size_t)(s->targets[i].header != NULL) +
			 (size_t)(s->targets[i].cookie != NULL);
	}
	return count + percent;
}

static void add(struct digester *d, const char *s)
{
	s = s ? s : "";
	digester_add_field(d, s, strlen(s));
}

void split_variable(const struct location *l, size_t step, char name[static SPLIT_VARIABLE_SIZE])
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	const struct split *s = l->split;
	char hex[DIGEST_HEX_SIZE], percent[24];
	struct digest digest;

	add(d, l->proxy);
	add(d, s->key);
	for (size_t i = 0; i < s->target_count; i++) {
		const struct split_target *t = &s->targets[i];

		snprintf(percent, sizeof(percent), "%ld", t->percent);
		add(d, t->proxy);
		add(d, percent);
		add(d, t->header);
		add(d, t->header_value);
		add(d, t->cookie);
		add(d, t->cookie_value);
	}
	digest = digester_finish(d);
	digest_hex(&digest, hex);
	snprintf(name, SPLIT_VARIABLE_SIZE, "zknginx_split_%.8s_%zu", hex, step);
}
