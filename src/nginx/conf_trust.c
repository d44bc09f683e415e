/* A file that is missing or cannot be looked at is left to nginx -t. */
#include <string.h>

#include "conf_trust.h"
#include "sys/trusted_path.h"

int conf_trust_check(const char *config, struct err *e)
{
	struct err why = { 0 };

	if (trusted_path_check(config, STICKY_ALLOWED, &why) == 0 || why.code != ERR_REFUSED)
		return 0;
	return err_set(e, ERR_REFUSED, "nginx would read as root what another user can change: %s",
		       why.text);
}

int conf_trust_check_files(const char *files, struct err *e)
{
	while (*files) {
		size_t size = strcspn(files, "\n");
		CLEANUP(freep) char *file = xasprintf("%.*s", (int)size, files);

		if (size && conf_trust_check(file, e) < 0)
			return -1;
		files += size + (files[size] == '\n');
	}
	return 0;
}
