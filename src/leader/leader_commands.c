/* Each gets the event, this host, its address and the live list as JSON on standard input. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/member.h>

#include "core/text/json_text.h"
#include "leader_commands.h"

void leader_commands_init(struct leader_commands *m, struct leader_context *c)
{
	*m = (struct leader_commands){ .hooks = hooks_new(c->loop), .c = c };
}

void leader_commands_fini(struct leader_commands *m)
{
	hooks_free(TAKE(m->hooks));
}

static void on_run(void *commands, const struct hook_result *r)
{
	struct leader_commands *m = commands;

	if (!r->passed)
		log_error("%s: %s", r->name, r->message);
	if (m->leaving && strcmp(r->name, "cluster.on_resigned") == 0)
		sd_event_exit(m->c->loop, 0);
}

void leader_commands_run(struct leader_commands *m, enum leader_event event, const char *live)
{
	const struct cluster_settings *s = &m->c->settings->cluster;
	const struct {
		const char *event, *name;
		const char *const *argv;
	} commands[LEADER_EVENT_N] = {
		[LEADER_ELECTED] = { "elected", "cluster.on_elected", s->on_elected },
		[LEADER_RESIGNED] = { "resigned", "cluster.on_resigned", s->on_resigned },
		[LEADER_LIVE] = { "live", "cluster.on_live", s->on_live },
	};
	CLEANUP(freep) char *address = member_address(s->address, m->c->host);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	json_t *input = json_object();

	json_put_text(input, "event", commands[event].event);
	json_put_text(input, "host", m->c->host);
	json_put_text(input, "address", address);
	json_put_text(input, "live", live); /* whatever bytes another client wrote there */
	json_print(input, 0, &text);
	hooks_run(m->hooks, &(struct hook_spec){
				    .name = commands[event].name,
				    .argv = commands[event].argv,
				    .input = text.data,
				    .input_size = text.size,
				    .deadline = s->command_timeout,
				    .keep_all = true,
				    .done = on_run,
				    .ctx = m,
			    });
}
