/* Steps of a deployment, in the order they happen. */
#ifndef ZKNGINX_STEP_H
#define ZKNGINX_STEP_H

#define STEPS(X)                                                                                   \
	X(DECODE, "decode")                                                                        \
	X(RENDER, "render")                                                                        \
	X(STAGE, "stage")                                                                          \
	X(CHECK, "check")                                                                          \
	X(PUBLISH, "publish")                                                                      \
	X(SIGNAL, "signal")                                                                        \
	X(VERIFY, "verify")

enum step_id {
#define X(name, text) STEP_##name,
	STEPS(X)
#undef X
		STEP_N
};
const char *step_name(enum step_id s);

#endif
