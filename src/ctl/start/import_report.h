/* What `import` says about what became of each block. */
#ifndef ZKNGINX_CTL_IMPORT_REPORT_H
#define ZKNGINX_CTL_IMPORT_REPORT_H

#include "core/import/import.h"
#include "ctl/console/screen.h"

/* For a person, with the steps that come next. main: the file that was written. */
void import_report_print(const struct screen *s, const struct import_output *out,
			 const char *directory, const char *main);
void import_report_json(const struct import_output *out, const char *directory, const char *main);

#endif
