/*
 * Endpoints: what an application's own registration says, whatever its format.
 *
 * A format is one row of a table and one small file. It reads one znode by itself
 * (and what the format keeps beside it: weights, overrides) into one type. What it
 * makes of that for an upstream (which port, which labels, which weight) is for all
 * formats the same and is discover.h's.
 *
 * Registrations are written by applications and by anybody who may write there: hosts
 * and ports are strict, texts bounded, and of labels nothing ever reaches nginx.
 */
#ifndef ZKNGINX_ENDPOINT_H
#define ZKNGINX_ENDPOINT_H

#include <zknginx/model.h>

#define ENDPOINT_DATA_MAX (64 << 10) /* bytes of a registration, also when inflated */
#define ENDPOINT_LABELS_MAX 64

/* A further port under a name: a ServerSet's "http", a protocol of Dubbo's. */
struct named_port {
	const char *name;
	const char *host; /* NULL: the endpoint's own */
	long port;
};

struct endpoint {
	const char *host;   /* as nginx writes it, lower case, IPv6 in brackets; NULL: none */
	long port;          /* 0: none */
	long tls_port;      /* 0: none */
	bool tls_unsaid;    /* the format has one port and does not say what speaks there */
	const char *scheme; /* of a URL, or NULL */
	const char *path;   /* of a URL, or NULL; for people, never rendered */
	double weight;      /* as it stands there; < 0: not said */
	double base;        /* the weight of an ordinary registration in this format */
	bool down;
	struct server_params params; /* but for weight and down; the rest UNSET */
	struct named_port *named;
	size_t named_count;
	struct label *labels; /* tags are labels with an empty value */
	size_t label_count;
};

enum endpoint_verdict {
	ENDPOINT_READ,  /* a registration */
	ENDPOINT_OTHER, /* something else that stands there by right: a parent, a vote, a consumer
			 */
	ENDPOINT_BAD,   /* a registration that cannot be used */
};

struct endpoint_format;

/* "curator", "nerve", …; NULL when there is none of that name. "auto" is none. */
const struct endpoint_format *endpoint_format_find(const char *name);
const char *endpoint_format_name(const struct endpoint_format *f);

/* Where the znodes of a format are. Strings in the arena. */
struct endpoint_place {
	const char *path;
	unsigned depth;
	bool context; /* not registrations, but what is said about them */
};
#define ENDPOINT_PLACES 2
/* f may be NULL (not known yet). The first place is that of the registrations. */
size_t endpoint_places(const struct endpoint_format *f, struct arena *a, const char *path,
		       struct endpoint_place places[static ENDPOINT_PLACES]);

/* Is this znode, in the place of the registrations, context? (A ServerSet's "vector_…".) */
bool endpoint_is_context(const struct endpoint_format *f, const struct znode *z);

/* The format that most znodes of this place look like, or NULL. */
const struct endpoint_format *endpoint_sniff(const struct tree *t, const char *path);

/* What all registrations of one place have in common. */
struct endpoint_reading {
	struct arena *arena;
	const struct endpoint_format *format;
	const struct discover *discover;
	const void *prepared; /* what the format made of the context */
};
void endpoint_begin(struct endpoint_reading *r, struct arena *a, const struct endpoint_format *f,
		    const struct discover *discover, const struct znode *context, size_t count);
/* On ENDPOINT_BAD *why is the rest of a sentence about the znode; else it means nothing. */
enum endpoint_verdict endpoint_read(const struct endpoint_reading *r, const struct znode *z,
				    struct endpoint *out, const char **why);

/* The value of a label, or NULL. */
const char *endpoint_label(const struct endpoint *e, const char *name);

#endif
