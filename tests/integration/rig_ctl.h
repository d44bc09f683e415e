/*
 * The zknginxctl binary, run as an operator runs it: with its output captured, or on a terminal of
 * its own (a pseudo-terminal), where it draws and asks. $ZKNGINXCTL is its path;
 * build/zknginxctl where it is not set.
 */
#ifndef ZKNGINX_TESTS_RIG_CTL_H
#define ZKNGINX_TESTS_RIG_CTL_H

#include <string.h>

#include <jansson.h>

#include "rig.h"

/* Valid until rig_clean(). */
struct rig_ctl_result {
	int code;
	const char *out, *err;
};

/* settings: the file for -c, or NULL. The arguments end with NULL. Standard input is empty. */
struct rig_ctl_result rig_ctl(const char *settings, const char *argument, ...)
	__attribute__((sentinel));
/* The same, with this text as standard input and these arguments. */
struct rig_ctl_result rig_ctl_with(const char *settings, const char *input,
				   const char *const *arguments);
/* The output as JSON; fails the test if it is none. The caller frees it. */
json_t *rig_ctl_json(const struct rig_ctl_result *r);
/* Fails the test, with everything that was printed, when the code is another. */
void rig_ctl_assert_code(const struct rig_ctl_result *r, int code);
/* Fails the test when none of the outputs has this text. */
void rig_ctl_assert_says(const struct rig_ctl_result *r, const char *text);
/* The same of one text, such as r.out. */
#define assert_says(text, words)                                                                   \
	do {                                                                                       \
		if (!strstr((text), (words)))                                                      \
			fail_msg("\"%s\" is missing in:\n%s", (words), (text));                    \
	} while (0)
#define assert_says_not(text, words)                                                               \
	do {                                                                                       \
		if (strstr((text), (words)))                                                       \
			fail_msg("\"%s\" is in:\n%s", (words), (text));                            \
	} while (0)

/* "a b c", in the object's order. Valid until the next call. */
const char *rig_json_keys(const json_t *object);
/* "" where it is missing. */
const char *rig_json_text(const json_t *object, const char *key);

/* A program on a terminal of `columns` × 40. */
struct rig_terminal;
struct rig_terminal *rig_terminal_ctl(const char *settings, unsigned columns, const char *argument,
				      ...) __attribute__((sentinel));
/* Any other program, found in $PATH; argv ends with NULL. */
struct rig_terminal *rig_terminal_run(unsigned columns, const char *const *argv);
/* What it has shown so far, with all control characters; reads what there is now. */
const char *rig_terminal_shown(struct rig_terminal *t);
/* Is the text in it? */
bool rig_terminal_shows(struct rig_terminal *t, const char *text);
/* Type this. */
void rig_terminal_type(struct rig_terminal *t, const char *text);
pid_t rig_terminal_pid(const struct rig_terminal *t);
/* Has the program ended? *code (may be NULL): its exit status, 128 + N for a signal. */
bool rig_terminal_ended(struct rig_terminal *t, int *code);
/* Kills the program if it still runs. */
void rig_terminal_free(struct rig_terminal *t);

#endif
