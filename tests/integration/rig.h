/*
 * The base of every integration test: a temporary directory, free loopback ports, real processes
 * that end with the test, and eventually() in place of sleeping. rig_zookeeper.h and rig_nginx.h
 * start the real servers.
 *
 * RIG_FILTER=PATTERN in the environment runs only the matching tests of a program. RIG_KEEP=1 keeps
 * its directories.
 *
 * Nothing here is a mock, and no test asserts a time: RIG_PATIENCE is only when eventually() gives
 * up and fails.
 */
#ifndef ZKNGINX_TESTS_RIG_H
#define ZKNGINX_TESTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <systemd/sd-event.h>

#include <zknginx/macros.h>

#define RIG_PATIENCE (60 * USEC_PER_SEC)
#define RIG_MAX_FRAME ((uint64_t)4 << 20) /* zookeeper.max_frame */
#define RIG_MAX_DATA ((uint64_t)64 << 20) /* zookeeper.max_data */

/* A directory of this test's own, made on first use, removed by rig_clean(). */
const char *rig_directory(void);
/* "DIRECTORY/name", formatted; valid until rig_clean(). */
char *rig_path(const char *fmt, ...) PRINTF(1, 2);
/* A string, formatted; valid until rig_clean(). */
char *rig_text(const char *fmt, ...) PRINTF(1, 2);
void rig_clean(void);

/* Does this program have a network and mounts of its own? See rig_alone.c. */
bool rig_is_alone(void);

/* A TCP port of 127.0.0.1 that is not in use. One program never gets the same port twice. */
int rig_port(void);

void rig_write(const char *path, const char *fmt, ...) PRINTF(2, 3);
/* A file's content, NUL-terminated, valid until rig_clean(); NULL when it cannot be read. */
char *rig_read(const char *path);

/*
 * Start a program: output goes to `log` (appended; NULL: /dev/null). It is killed
 * when the test program dies. argv[0] is looked up in PATH.
 */
pid_t rig_start(const char *log, char *const argv[]);
/* Send a signal and wait for the end; returns the wait status. */
int rig_stop(pid_t pid, int signal);
/* SIGSTOP a child, and wait until it has stopped. */
void rig_freeze(pid_t pid);
/* Run to the end with standard output captured; returns the exit status. */
int rig_run(char **output, char *const argv[]);

/* CLOCK_MONOTONIC in microseconds. */
uint64_t rig_now(void);

/*
 * Wait until the condition holds. Fails the test, with the text of the condition, when it does not
 * hold within RIG_PATIENCE. `loop` (may be NULL) is run meanwhile, for tests that have the code
 * under test in their own process.
 */
#define eventually(loop, condition)                                                                \
	do {                                                                                       \
		uint64_t give_up_ = rig_now() + RIG_PATIENCE;                                      \
		while (!(condition)) {                                                             \
			if (rig_now() > give_up_)                                                  \
				fail_msg("never came true: %s", #condition);                       \
			rig_pause(loop);                                                           \
		}                                                                                  \
	} while (0)
/* One turn of waiting: runs the loop, or sleeps 10 ms where there is none. Conditions ask ZooKeeper
 * and nginx: asked more often, they take the processor from what they wait for. */
void rig_pause(sd_event *loop);
/* For what must not happen: run the loop for some turns, or for so long. */
void rig_turns(sd_event *loop, unsigned turns);
void rig_wait(sd_event *loop, uint64_t usec);

/* Does a TCP connection to 127.0.0.1:port succeed? */
bool rig_accepts(int port);

#endif
