/*
 * Requests split between upstreams: a chain of variables. The first one chooses by percent; each
 * further one by a cookie or a header, and else takes what the one before it has chosen.
 */
#include <stdio.h>
#include <string.h>

#include "core/data/split.h"
#include "renderer.h"

#define PERCENT_SIZE 48

struct chain {
	struct renderer *r;
	const struct location *location;
	size_t step;
};

static void render_url(struct renderer *r, const struct location *l, const char *upstream)
{
	render_joined(r, location_scheme(r->model, l, upstream), upstream, "");
}

/* What the chain has chosen so far. */
static void render_choice(const struct chain *c)
{
	char variable[SPLIT_VARIABLE_SIZE];

	if (!c->step) {
		render_url(c->r, c->location, c->location->proxy);
		return;
	}
	split_variable(c->location, c->step, variable);
	render_joined(c->r, "$", variable, "");
}

static void open_step(const struct chain *c)
{
	char variable[SPLIT_VARIABLE_SIZE];

	split_variable(c->location, c->step + 1, variable);
	render_joined(c->r, "$", variable, "");
	render_open(c->r);
}

/* "5%", "0.25%" */
static void print_percent(long hundredths, char out[static PERCENT_SIZE])
{
	if (hundredths % 100)
		snprintf(out, PERCENT_SIZE, "%ld.%02ld%%", hundredths / 100, hundredths % 100);
	else
		snprintf(out, PERCENT_SIZE, "%ld%%", hundredths / 100);
}

static void render_percent(struct chain *c)
{
	const struct split *s = c->location->split;
	struct renderer *r = c->r;

	render_begin(r, "split_clients");
	render_word(r, s->key);
	open_step(c);
	for (size_t i = 0; i < s->target_count; i++) {
		char percent[PERCENT_SIZE];

		if (!s->targets[i].percent)
			continue;
		print_percent(s->targets[i].percent, percent);
		render_begin(r, percent);
		render_url(r, c->location, s->targets[i].proxy);
		render_end(r);
	}
	render_begin(r, "*");
	render_choice(c);
	render_end(r);
	render_close(r);
	c->step++;
}

/* prefix: "$cookie_" or "$http_" */
static void render_match(struct chain *c, const char *prefix, const char *name, const char *value,
			 const char *upstream)
{
	struct renderer *r = c->r;

	render_begin(r, "map ");
	buf_puts(&r->line, prefix);
	for (const char *s = name; *s; s++)
		buf_putc(&r->line, *s == '-'                                    ? '_'
				   : *s >= 'A' && *s <= 'Z' && prefix[1] == 'h' ? (char)(*s + 32)
										: *s);
	open_step(c);
	render_begin(r, "default");
	render_choice(c);
	render_end(r);
	render_begin(r, "\"");
	buf_puts(&r->line, value);
	buf_putc(&r->line, '"');
	render_url(r, c->location, upstream);
	render_end(r);
	render_close(r);
	c->step++;
}

void render_split(struct renderer *r, const struct location *l)
{
	const struct split *s = l->split;
	struct chain c = { .r = r, .location = l };
	bool percent = false;

	for (size_t i = 0; i < s->target_count; i++)
		percent |= s->targets[i].percent > 0;
	render_blank(r);
	if (percent)
		render_percent(&c);
	for (size_t i = s->target_count; i-- > 0;) {
		if (s->targets[i].cookie)
			render_match(&c, "$cookie_", s->targets[i].cookie,
				     s->targets[i].cookie_value, s->targets[i].proxy);
	}
	for (size_t i = s->target_count; i-- > 0;) {
		if (s->targets[i].header)
			render_match(&c, "$http_", s->targets[i].header, s->targets[i].header_value,
				     s->targets[i].proxy);
	}
}
