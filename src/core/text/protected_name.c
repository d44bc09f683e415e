/*
 * Protected names: Curator puts "_c_GUID-" before the name that the application asked for, so that
 * it finds its own znode again after a lost answer. For everything else the name is what follows.
 */
#include <stdbool.h>
#include <string.h>

#include "protected_name.h"

#define MARK "_c_"
#define GUID_SIZE 36 /* 8-4-4-4-12 hexadecimal digits */

static bool is_guid(const char *s)
{
	for (int i = 0; i < GUID_SIZE; i++) {
		const char *valid =
			i == 8 || i == 13 || i == 18 || i == 23 ? "-" : "0123456789abcdefABCDEF";

		if (!s[i] || !strchr(valid, s[i]))
			return false;
	}
	return true;
}

const char *protected_name_plain(const char *name)
{
	const char *guid = name + strlen(MARK);

	if (strncmp(name, MARK, strlen(MARK)) != 0 || !is_guid(guid) || guid[GUID_SIZE] != '-' ||
	    !guid[GUID_SIZE + 1])
		return name;
	return guid + GUID_SIZE + 1;
}
