/*
 * Endpoints: what an application's own registration says, in any of the known formats.
 *
 * Each format is one row and one small file (endpoint_format.h). It reads one znode, together
 * with the context znodes of the format (weights, overrides), into one type. What an upstream
 * uses of that (which port, which labels, which weight) is the same for all formats and is
 * decided in discover/.
 *
 * Registrations are written by applications, and by any other client that has permission to
 * write there. So hosts and ports are parsed strictly, lengths are limited, and no label ever
 * reaches nginx.
 */
#ifndef ZKNGINX_ENDPOINT_H
#define ZKNGINX_ENDPOINT_H

#include <zknginx/model.h>

#define ENDPOINT_DATA_MAX (64 << 10) /* bytes of a registration, also when inflated */
#define ENDPOINT_LABELS_MAX 64
#define ENDPOINT_PARTS_MAX 256 /* registrations in one znode */

/* A further port with a name: "http" of a ServerSet, a protocol of Dubbo 3. */
struct named_port {
	const char *name;
	const char *host; /* NULL: the endpoint's own */
	long port;
};

struct endpoint {
	const char *host;   /* as nginx writes it, lower case, IPv6 in brackets; NULL: none */
	long port;          /* 0: none */
	long tls_port;      /* 0: none */
	bool tls_unsaid;    /* the format has one port and does not say whether it is a TLS port */
	const char *scheme; /* of a URL, or NULL */
	const char *path;   /* of a URL, or NULL; for people, never rendered */
	double weight;      /* as registered; < 0: not given */
	double base;        /* the weight of an ordinary registration in this format */
	bool down;
	const char *state; /* what the registration says, where that makes it down; or NULL */
	struct server_params params; /* without weight and down; what is not given is UNSET */
	struct named_port *named;
	size_t named_count;
	struct label *labels; /* tags are labels with an empty value */
	size_t label_count;
};

enum endpoint_result {
	ENDPOINT_READ,  /* a registration */
	ENDPOINT_OTHER, /* no registration, and none was expected: a parent, a vote, a consumer */
	ENDPOINT_BAD,   /* a registration that cannot be used */
};

struct endpoint_format;

/* The formats one after the other; NULL past the last one. */
const struct endpoint_format *endpoint_format_at(size_t i);
/* "curator", "nerve", …; NULL: there is no format of that name ("auto" is not a format). */
const struct endpoint_format *endpoint_format_find(const char *name);
const char *endpoint_format_name(const struct endpoint_format *f);
/* What "format" of an upstream may be, for messages: "auto", "curator", … or "json". */
const char *endpoint_format_names(struct arena *a);

/* Where the znodes of a format are. Strings are in the arena. */
struct endpoint_place {
	const char *path;
	unsigned depth; /* levels below path; 0: the znode itself */
	bool context;   /* the znodes are context of the registrations, not registrations */
};
#define ENDPOINT_PLACES 4
/* Returns how many. The first one is that of the registrations. f is NULL: not known yet. */
size_t endpoint_places(const struct endpoint_format *f, struct arena *a, const char *path,
		       struct endpoint_place places[static ENDPOINT_PLACES]);

/* Is this znode among the registrations a context znode? (A ServerSet's "vector_…".) */
bool endpoint_is_context(const struct endpoint_format *f, const struct znode *z);

/* The format that most znodes below path look like, or NULL. */
const struct endpoint_format *endpoint_sniff(const struct tree *t, const char *path);

/* What all registrations of one place have in common. */
struct endpoint_reading {
	struct arena *arena;
	const struct endpoint_format *format;
	const struct discover *discover;
	const void *prepared; /* what the format's prepare() returned for the context */
};
/* Begin to read the registrations of one place. Borrows discover; context may be empty. */
void endpoint_begin(struct endpoint_reading *r, struct arena *a, const struct endpoint_format *f,
		    const struct discover *discover, const struct znode *context, size_t count);

/*
 * The registrations that one znode holds: itself, as nearly always; or each element of the array
 * that is its data; or what the format's split() makes of it. The parts have the path of the znode,
 * and are in the arena or are the znode itself.
 */
struct endpoint_parts {
	const struct znode *items;
	size_t count;
};
void endpoint_split(const struct endpoint_reading *r, const struct znode *z,
		    struct endpoint_parts *parts);
/*
 * Read one registration: a znode, or a part of one. *why is the rest of a sentence about the znode:
 * on ENDPOINT_BAD why it cannot be used ("has no port"), on ENDPOINT_OTHER what it is; otherwise it
 * has no meaning.
 */
enum endpoint_result endpoint_read(const struct endpoint_reading *r, const struct znode *z,
				   struct endpoint *out, const char **why);

/* The value of a label, or NULL. */
const char *endpoint_label(const struct endpoint *e, const char *name);

#endif
