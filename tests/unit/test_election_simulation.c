/*
 * The election in thousands of random orders: candidates over connections that break, go silent and
 * lose answers, processes that stop, clocks that run fast and slow and jump ahead, sessions that
 * end, operators that delete candidates, hosts that change their minds.
 *
 * A client here does what src/zk/election.c does, in a short form. After every single act these
 * must hold: two never may act, nor hold; a candidate that may act has a living session; and the
 * accepted writes never go back to an earlier leader. When the faults stop there is one leader, and
 * all others follow.
 *
 * ELECTION_SEED=N runs one order alone; ELECTION_RUNS=N runs more of them.
 */
#include <stdlib.h>

#include "election_model.h"

static struct client {
	unsigned index;
	enum election_state role;
	bool standing, withdrawing, connected, resting, held, may_look_up;
	size_t session;
	unsigned attempt;
	char guid[ELECTION_GUID_SIZE], own[NAME_SIZE], predecessor[NAME_SIZE];
	uint64_t last_reply, frozen_until, jumped;
	unsigned pace; /* of its clock, in percent */
} clients[CLIENTS];

static bool meddled;          /* an operator has deleted candidates in this run */
static unsigned long led = 0; /* steps in which some candidate might act */

/* --- what src/zk does ------------------------------------------------------------------------ */

static uint64_t clock_of(const struct client *c)
{
	return 1 + model.now * c->pace / 100 + c->jumped;
}

static bool has_lease(const struct client *c)
{
	return election_may_act(c->last_reply, TIMEOUT, clock_of(c));
}

static bool leads(const struct client *c)
{
	return c->role == ELECTION_LEADING && c->connected && has_lease(c);
}

static bool holds(const struct client *c)
{
	return c->held && has_lease(c);
}

static void ask(struct client *c, enum message_kind kind, const char *name)
{
	struct message *m;

	if (!model.links[c->index].up)
		return; /* the server has closed it, and the client does not know yet */
	m = line_put(&model.links[c->index].up_line);
	m->kind = kind;
	m->attempt = c->attempt;
	m->sent = clock_of(c);
	strcpy(m->name, name);
}

static void withdraw(struct client *c)
{
	c->attempt++;
	ask(c, ASK_LIST, "");
}

static void carry_out(struct client *c, enum election_command command)
{
	if (command == ELECTION_DO_CREATE)
		ask(c, ASK_CREATE, c->guid);
	if (command == ELECTION_DO_LIST)
		ask(c, ASK_LIST, "");
	if (command == ELECTION_DO_LEAD || command == ELECTION_DO_WATCH)
		ask(c, ASK_EXISTS, c->own);
	if (command == ELECTION_DO_WATCH)
		ask(c, ASK_EXISTS, c->predecessor);
	if (command == ELECTION_DO_LEAD)
		c->held = true;
	c->resting = command == ELECTION_DO_REST;
	if (command == ELECTION_DO_WITHDRAW)
		c->withdrawing = true;
	if (command == ELECTION_DO_WITHDRAW && c->connected)
		withdraw(c);
}

static void step(struct client *c, enum election_event event)
{
	struct election_step next = election_next(c->role, event);

	if (next.command == ELECTION_DO_UNEXPECTED)
		broken("%s came while %s", election_event_name(event),
		       election_state_name(c->role));
	if (event == ELECTION_EV_EXPIRED || event == ELECTION_EV_RESIGN ||
	    event == ELECTION_EV_BEHIND || event == ELECTION_EV_NOT_LISTED)
		c->held = false;
	if (next.command == ELECTION_DO_NOTHING && next.state == c->role)
		return;
	c->role = next.state;
	c->attempt++;
	carry_out(c, next.command);
}

static void go_on(struct client *c)
{
	if (c->withdrawing)
		withdraw(c);
	else if (c->standing)
		step(c, ELECTION_EV_CONNECTED);
}

static void look_at_lease(struct client *c)
{
	if (!c->held || has_lease(c))
		return;
	c->held = false;
	step(c, ELECTION_EV_LAPSED);
}

static void lose_candidate(struct client *c)
{
	c->held = false;
	step(c, ELECTION_EV_MOVED);
}

static void on_list(struct client *c, const struct message *m)
{
	const char *names[CHILDREN], *own, *predecessor, *leader;
	enum election_event stand;

	for (size_t i = 0; i < m->count; i++)
		names[i] = m->names[i];
	stand = election_stand(names, m->count, c->guid, &own, &predecessor, &leader);
	snprintf(c->own, NAME_SIZE, "%s", own ? own : "");
	snprintf(c->predecessor, NAME_SIZE, "%s", predecessor ? predecessor : "");
	if (!c->withdrawing) {
		step(c, chance(20) ? stand : ELECTION_EV_FAILED);
	} else if (own) {
		ask(c, ASK_DELETE, own);
	} else {
		c->withdrawing = false;
		go_on(c);
	}
}

static void on_watch(struct client *c, const struct message *m)
{
	if (strcmp(m->name, c->own) == 0)
		lose_candidate(c);
	else if (strcmp(m->name, c->predecessor) == 0)
		step(c, ELECTION_EV_MOVED);
}

static void on_exists(struct client *c, const struct message *m)
{
	if (m->found)
		return;
	if (strcmp(m->name, c->own) == 0)
		lose_candidate(c);
	else
		step(c, ELECTION_EV_MOVED);
}

static void on_reply(struct client *c, const struct message *m)
{
	if (m->kind == TELL_WATCH) {
		on_watch(c, m);
		return;
	}
	if (m->sent > c->last_reply)
		c->last_reply = m->sent;
	if (m->attempt != c->attempt)
		return;
	if (m->kind == ASK_CREATE)
		step(c, ELECTION_EV_MADE);
	else if (m->kind == ASK_LIST)
		on_list(c, m);
	else if (m->kind == ASK_EXISTS)
		on_exists(c, m);
	else if (m->kind == ASK_DELETE)
		withdraw(c);
	else if (m->kind == ASK_WRITE && !m->found)
		lose_candidate(c);
}

/* --- what may happen ------------------------------------------------------------------------- */

static void begin_session(struct client *c)
{
	c->session = model_new_session(c->index);
	for (size_t i = 0; i < ELECTION_GUID_SIZE - 1; i++)
		c->guid[i] = "0123456789abcdef"[chance(16)];
	c->own[0] = c->predecessor[0] = '\0';
}

static void reconnect(struct client *c)
{
	if (!model_connect(c->index, c->session)) {
		step(c, ELECTION_EV_EXPIRED);
		c->withdrawing = c->resting = false;
		c->attempt++;
		begin_session(c);
	}
	c->connected = true;
	go_on(c);
}

static void lose_link(struct client *c)
{
	model_break(c->index);
	c->connected = false;
	step(c, ELECTION_EV_DISCONNECTED);
}

/* One connection ends and the next begins at once: there is no event for the break. */
static void replace_link(struct client *c)
{
	model_break(c->index);
	if (model_connect(c->index, c->session))
		go_on(c);
	else
		lose_link(c);
}

static void change_mind(struct client *c)
{
	c->standing = !c->standing;
	if (!c->standing && c->role != ELECTION_OUT)
		step(c, ELECTION_EV_RESIGN);
	else if (c->standing && c->connected && !c->withdrawing)
		step(c, ELECTION_EV_CONNECTED);
}

static bool is_frozen(const struct client *c)
{
	return model.now < c->frozen_until;
}

static void serve(struct client *c)
{
	if (model.links[c->index].up_line.count && !model.links[c->index].silent)
		model_serve(c->index);
}

static void hear(struct client *c)
{
	if (model.links[c->index].down_line.count && !model.links[c->index].silent &&
	    !is_frozen(c)) {
		struct message m = line_take(&model.links[c->index].down_line);

		on_reply(c, &m);
	}
}

static void beat(struct client *c)
{
	if (c->connected && !is_frozen(c) && model.links[c->index].up_line.count < IN_FLIGHT / 4)
		ask(c, ASK_BEAT, "");
}

static void write_as_leader(struct client *c)
{
	if (leads(c) && !is_frozen(c) && model.links[c->index].up_line.count < IN_FLIGHT / 4)
		ask(c, ASK_WRITE, c->own);
}

static void mind_timers(struct client *c)
{
	if (is_frozen(c))
		return;
	look_at_lease(c);
	if (c->connected && !model.links[c->index].up)
		lose_link(c);
	if (c->resting && c->connected)
		go_on(c);
	if (!c->connected && !chance(3))
		reconnect(c);
}

static void fault(struct client *c)
{
	switch (chance(8)) {
	case 0:
		if (c->connected && !is_frozen(c))
			lose_link(c);
		break;
	case 1:
		if (c->connected && !is_frozen(c))
			replace_link(c);
		break;
	case 2:
	case 3:
		model.links[c->index].silent = c->connected;
		break;
	case 4:
		c->frozen_until = model.now + chance(2 * TIMEOUT);
		break;
	case 5:
		c->jumped += chance(TIMEOUT);
		break;
	case 6:
		if (meddled && model.child_count)
			model_remove(chance((unsigned)model.child_count));
		break;
	default:
		if (!is_frozen(c) && !chance(3))
			change_mind(c);
	}
}

static void act(struct client *c, bool faults)
{
	static void (*const acts[])(struct client *) = {
		serve, serve, serve, hear, hear, hear, beat, write_as_leader, mind_timers,
	};

	if (faults && !chance(25))
		fault(c);
	else
		acts[chance(ARRAY_SIZE(acts))](c);
	/* a silent connection is noticed at last, or it was only slow */
	if (model.links[c->index].silent && !chance(12)) {
		if (chance(2) || is_frozen(c))
			model.links[c->index].silent = false;
		else
			lose_link(c);
	}
}

/* --- what has to hold ------------------------------------------------------------------------- */

static void check(void)
{
	unsigned leading = 0, holding = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		leading += leads(&clients[i]);
		holding += holds(&clients[i]);
		if (leads(&clients[i]) && !model.sessions[clients[i].session].alive)
			broken("one may act whose session is over");
	}
	led += leading;
	/* An operator's deletion ends the leadership at once, and the event for it takes a
	 * while. */
	if (!meddled && (leading > 1 || holding > 1))
		broken("%u may act, %u hold", leading, holding);
}

static void start_over(uint64_t number)
{
	order = number;
	seed = (number + 1) * UINT64_C(0x9E3779B97F4A7C15);
	memset(&model, 0, sizeof(model));
	model.next = chance(2) ? INT32_MAX - (int32_t)chance(20) : -(int32_t)chance(20);
	model.first = (uint32_t)model.next;
	meddled = chance(4) == 0;
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ .index = i, .pace = 85 + chance(40) };
		clients[i].standing = chance(8) != 0;
		begin_session(&clients[i]);
		clients[i].connected = true;
		go_on(&clients[i]);
	}
}

static bool is_settled(void)
{
	unsigned leading = 0, following = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		leading += leads(&clients[i]);
		following += clients[i].role == ELECTION_FOLLOWING;
	}
	return leading == 1 && following == CLIENTS - 1 && model.child_count == CLIENTS;
}

/* No more faults; every candidate stands now. */
static bool settle(void)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		model.links[i].silent = false;
		clients[i].frozen_until = 0;
		if (!clients[i].standing)
			change_mind(&clients[i]);
	}
	for (unsigned i = 0; i < 20000; i++) {
		act(&clients[chance(CLIENTS)], false);
		model.now += chance(4);
		model_expire(false);
		check();
		if (is_settled())
			return true;
	}
	return false;
}

static void run(uint64_t number)
{
	start_over(number);
	for (unsigned i = 0; i < 600; i++) {
		act(&clients[chance(CLIENTS)], true);
		model.now += chance(16);
		model_expire(true);
		check();
	}
	if (!settle())
		broken("no leader in the end");
}

static void two_never_lead_in_thousands_of_orders(void **state UNUSED)
{
	const char *one = getenv("ELECTION_SEED"), *more = getenv("ELECTION_RUNS");
	uint64_t runs = more ? strtoull(more, NULL, 10) : 10000;
	uint64_t first = one ? strtoull(one, NULL, 10) : 0;
	unsigned long writes = 0, fenced = 0;

	for (uint64_t i = first; i < first + (one ? 1 : runs); i++) {
		run(i);
		writes += model.writes;
		fenced += model.fenced;
	}
	if (!one) /* the simulation had effects: they led, they wrote, and the fence was needed */
		assert_true(led > runs * 50 && writes > runs && fenced > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_never_lead_in_thousands_of_orders),
	};

	return cmocka_run_group_tests_name("election simulation", tests, NULL, NULL);
}
