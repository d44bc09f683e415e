/* See wake.h. */
#include "../integration/rig.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "wake.h"

#define ROUNDS 15
#define PAGE 4096

struct sleeper {
	pid_t pid;
	int bell, answer;
	double ms[ROUNDS];
};

/* Answers each byte with the time at which it was read. */
static void sleep_and_answer(int bell, int answer, double mb)
{
	size_t size = (size_t)(mb * 1024 * 1024) / PAGE * PAGE + PAGE;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char byte;

	if (memory == MAP_FAILED)
		_exit(1);
	for (size_t i = 0; i < size; i += PAGE)
		memory[i] = 1;
	while (read(bell, &byte, 1) == 1) {
		uint64_t now = rig_now();

		if (write(answer, &now, sizeof(now)) != sizeof(now))
			break;
	}
	_exit(0);
}

static void start(struct sleeper *s, double mb)
{
	int bell[2], answer[2];

	if (pipe(bell) < 0 || pipe(answer) < 0 || (s->pid = fork()) < 0)
		die("a process that sleeps: %m");
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(bell[1]);
		sleep_and_answer(bell[0], answer[1], mb);
	}
	close(bell[0]);
	close(answer[1]);
	s->bell = bell[1];
	s->answer = answer[0];
}

static double ring(const struct sleeper *s)
{
	uint64_t start = rig_now(), read_at;

	if (write(s->bell, "", 1) != 1 ||
	    read(s->answer, &read_at, sizeof(read_at)) != sizeof(read_at))
		die("a process that sleeps does not answer");
	return (double)(read_at - start) / 1000.0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double finish(struct sleeper *s)
{
	close(s->bell);
	close(s->answer);
	kill(s->pid, SIGKILL); /* those started later hold its bell open */
	waitpid(s->pid, NULL, 0);
	qsort(s->ms, ROUNDS, sizeof(s->ms[0]), compare);
	return s->ms[ROUNDS / 2];
}

void wake_measure(const double mb[static WAKE_SIZES], double ms[static WAKE_SIZES])
{
	struct sleeper sleepers[WAKE_SIZES];

	for (size_t i = 0; i < WAKE_SIZES; i++)
		start(&sleepers[i], mb[i]);
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < WAKE_SIZES; i++) {
			poll(NULL, 0, 400); /* 1.2 s for each: as long as an edit takes */
			sleepers[i].ms[round] = ring(&sleepers[i]);
		}
	}
	for (size_t i = 0; i < WAKE_SIZES; i++)
		ms[i] = finish(&sleepers[i]);
}
