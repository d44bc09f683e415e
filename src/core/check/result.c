/* See result.h. */
#include <stdio.h>
#include <string.h>

#include "result.h"

void check_result_text(const struct check_result *r, char out[static CHECK_TEXT_SIZE])
{
	static const char *const texts[] = {
		[CHECK_NOTHING] = "was not checked yet",
		[CHECK_CONNECTED] = "accepts connections",
		[CHECK_TIMEOUT] = "does not answer in time",
		[CHECK_CLOSED] = "closes the connection without an answer",
		[CHECK_NO_HTTP] = "does not answer in HTTP",
		[CHECK_TLS] = "fails in the TLS handshake",
	};

	if (r->finding == CHECK_STATUS)
		snprintf(out, CHECK_TEXT_SIZE, "answers with status %d", r->number);
	else if (r->finding == CHECK_ERROR)
		snprintf(out, CHECK_TEXT_SIZE, "cannot be reached: %s",
			 strerrordesc_np(r->number) ?: "unknown error");
	else
		snprintf(out, CHECK_TEXT_SIZE, "%s", texts[r->finding]);
}
