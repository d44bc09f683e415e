/*
 * The few macros that the whole project uses.
 *
 * Ownership is written with cleanup attributes in place of goto ladders: a
 * local that owns something is declared with CLEANUP(fn), and TAKE() hands
 * it on. Both need gnu17.
 */
#ifndef ZKNGINX_MACROS_H
#define ZKNGINX_MACROS_H

#include <stddef.h>
#include <stdint.h>

/* Run fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Define fn##p for use with CLEANUP: calls fn(*p) unless *p is NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline void fn##p(type *p)                                                          \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}

/* Move a pointer out of a variable: its value, with the variable left NULL. */
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))
#define MUST_CHECK __attribute__((warn_unused_result))

/* The end of a noun for n things: "%zu host%s". */
#define PLURAL(n) ((n) == 1 ? "" : "s")

/* Time is always a uint64_t of microseconds; NEVER is later than any of them. */
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)
#define NEVER UINT64_MAX

#endif
