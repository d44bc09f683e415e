/* What a pipeline makes of the settings: its sandbox and its probe. */
#ifndef ZKNGINX_NGINX_PIPELINE_SETTINGS_H
#define ZKNGINX_NGINX_PIPELINE_SETTINGS_H

#include "pipeline.h"

int pipeline_new_sandbox(struct pipeline *p, struct sandbox **out, struct err *e);
void pipeline_configure_probe(struct pipeline *p);

#endif
