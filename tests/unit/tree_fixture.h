/* Shared by all tests that read trees from their text form. */
#ifndef TESTS_UNIT_TREE_FIXTURE_H
#define TESTS_UNIT_TREE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/tree.h>

static inline struct tree *parse(const char *text)
{
	struct tree *t = NULL;
	struct err e = { 0 };

	if (tree_parse(text, strlen(text), "test", &t, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

#endif
