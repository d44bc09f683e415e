/* The words for the operator's modes. */
#include <zknginx/modes.h>

#define MODE_NAME(mode, text) [mode] = text,

const char *policy_level_name(enum policy_level level)
{
	static const char *const names[] = { POLICY_LEVELS(MODE_NAME) };

	return names[level];
}

const char *rollout_mode_name(enum rollout_mode mode)
{
	static const char *const names[] = { ROLLOUT_MODES(MODE_NAME) };

	return names[mode];
}

const char *failure_mode_name(enum failure_mode mode)
{
	static const char *const names[] = { FAILURE_MODES(MODE_NAME) };

	return names[mode];
}

const char *drift_mode_name(enum drift_mode mode)
{
	static const char *const names[] = { DRIFT_MODES(MODE_NAME) };

	return names[mode];
}

const char *sandbox_mode_name(enum sandbox_mode mode)
{
	static const char *const names[] = { SANDBOX_MODES(MODE_NAME) };

	return names[mode];
}

const char *trust_mode_name(enum trust_mode mode)
{
	static const char *const names[] = { TRUST_MODES(MODE_NAME) };

	return names[mode];
}
