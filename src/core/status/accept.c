/* A range of types may have parameters: "text/plain;version=0.0.4;q=0.5". */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "accept.h"

struct range {
	const char *type;
	size_t size;
	double quality;
	bool other_version; /* than 1.0.0 */
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static bool is_type(const struct range *r, const char *type)
{
	return r->size == strlen(type) && strncasecmp(r->type, type, r->size) == 0;
}

static void read_parameter(const char *p, struct range *r)
{
	if (strncasecmp(p, "q=", 2) == 0)
		r->quality = strtod(p + 2, NULL);
	else if (strncasecmp(p, "version=", 8) == 0)
		r->other_version = strncmp(p + 8 + (p[8] == '"'), "1.0.0", 5) != 0;
}

/* The next range of the list, and what follows it. */
static const char *read_range(const char *p, struct range *r)
{
	p = skip_blanks(p);
	*r = (struct range){ .type = p, .size = strcspn(p, ",; \t"), .quality = 1 };
	p += r->size;
	while (*(p = skip_blanks(p)) == ';') {
		p = skip_blanks(p + 1);
		read_parameter(p, r);
		p += strcspn(p, ",;");
	}
	p += strcspn(p, ",");
	return *p ? p + 1 : p;
}

bool accepts_openmetrics(const char *accept)
{
	double openmetrics = 0, text = 0;
	struct range r;

	while (accept && *accept) {
		accept = read_range(accept, &r);
		if (is_type(&r, "application/openmetrics-text") && !r.other_version &&
		    r.quality > openmetrics)
			openmetrics = r.quality;
		if (is_type(&r, "text/plain") && r.quality > text)
			text = r.quality;
	}
	return openmetrics > 0 && openmetrics >= text;
}
