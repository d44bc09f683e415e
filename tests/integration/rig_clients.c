/* See rig_clients.h. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig.h"
#include "rig_clients.h"

#define MOST 16

struct tally {
	volatile unsigned long requests, failures, killed;
	char failure[300];
};

/* Shared with the clients. */
struct rig_clients {
	unsigned count;
	volatile unsigned kills; /* odd: a worker is being killed */
	pid_t pids[MOST];
	struct tally tallies[MOST];
};

static void ask_once(struct rig_clients *c, unsigned number, rig_client_ask ask)
{
	struct tally *t = &c->tallies[number];
	unsigned kills = c->kills;
	const char *head = "";
	bool good = ask(number, &head);

	t->requests++;
	if (good)
		return;
	if (!*head && (kills % 2 || kills != c->kills)) {
		t->killed++;
		return;
	}
	if (!t->failures)
		snprintf(t->failure, sizeof(t->failure), "%.299s", head);
	t->failures++;
}

struct rig_clients *rig_clients_start(unsigned count, rig_client_ask ask)
{
	struct rig_clients *c =
		mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED || count > MOST)
		die("clients: %m");
	for (unsigned i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %m");
		if (pid) {
			c->pids[i] = pid;
			continue;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			ask_once(c, i, ask);
	}
	c->count = count;
	return c;
}

void rig_clients_begin_kill(struct rig_clients *c)
{
	c->kills++;
}

void rig_clients_end_kill(struct rig_clients *c)
{
	c->kills++;
}

void rig_clients_check(const struct rig_clients *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct tally *t = &c->tallies[i];

		if (t->failures)
			fail_msg("client %u: %lu of %lu requests failed: %s", i, t->failures,
				 t->requests, t->failure);
	}
}

void rig_clients_stop(struct rig_clients *c)
{
	unsigned long requests = 0, failures = 0, killed = 0;

	for (unsigned i = 0; i < c->count; i++) {
		rig_stop(c->pids[i], SIGKILL);
		requests += c->tallies[i].requests;
		failures += c->tallies[i].failures;
		killed += c->tallies[i].killed;
	}
	print_message("%lu requests, %lu failed; %u workers killed with %lu requests\n", requests,
		      failures, c->kills / 2, killed);
	munmap(c, sizeof(*c));
}
