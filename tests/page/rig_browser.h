/*
 * A headless Chromium, driven by playwright-core in a node of its own (browser.mjs). What a test
 * does in the page is a step: a function of steps.mjs that this names.
 */
#ifndef ZKNGINX_TESTS_RIG_BROWSER_H
#define ZKNGINX_TESTS_RIG_BROWSER_H

struct rig_browser;

/* $PAGE_MODULES: the directory that has node_modules. */
struct rig_browser *rig_browser_start(void);
/* Fails the test when it has shown an error, or violated the page's policy, since the start. */
void rig_browser_stop(struct rig_browser *b);

/* Runs a step with these arguments (strings; NULL at the end). Fails the test when it fails.
 * Returns what the step returns, a string, valid until rig_clean(). */
const char *rig_browser_step(struct rig_browser *b, const char *step, ...)
	__attribute__((sentinel));

#endif
