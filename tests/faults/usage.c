/* See usage.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../integration/rig.h"
#include "usage.h"

const char *const usage_names[USAGE_N] = { "resident KiB", "descriptors", "threads" };

static long resident(pid_t pid)
{
	char path[64], line[256];
	long value = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	while (in && !value && fgets(line, sizeof(line), in)) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			value = strtol(line + 6, NULL, 10);
	}
	if (in)
		fclose(in);
	return value;
}

static long entries_of(pid_t pid, const char *what)
{
	char path[64];
	long count = -2; /* "." and ".." */
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count < 0 ? 0 : count;
}

long usage_now(pid_t pid, enum usage_kind kind)
{
	return kind == USAGE_RSS ? resident(pid)
				 : entries_of(pid, kind == USAGE_DESCRIPTORS ? "fd" : "task");
}

double usage_cpu(pid_t pid)
{
	char path[64], text[1024] = "";
	unsigned long user = 0, system = 0;
	char *end;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return 0;
	end = fgets(text, sizeof(text), in) ? strrchr(text, ')') : NULL;
	fclose(in);
	if (!end || sscanf(end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			   &system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void thin_out(struct usage_series *s)
{
	for (size_t i = 0; i < s->count / 2; i++)
		s->samples[i] = s->samples[2 * i];
	s->count /= 2;
}

void usage_add(struct usage_series *s, pid_t pid)
{
	if (s->count == USAGE_SAMPLES)
		thin_out(s);
	s->samples[s->count].at = rig_now();
	for (enum usage_kind k = 0; k < USAGE_N; k++)
		s->samples[s->count].values[k] = usage_now(pid, k);
	s->count++;
}

static double mean(const struct usage_series *s, size_t from, size_t to, enum usage_kind kind)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += (double)s->samples[i].values[kind];
	return to > from ? sum / (double)(to - from) : 0;
}

double usage_growth(const struct usage_series *s, enum usage_kind kind)
{
	size_t quarter = s->count / 4;

	return mean(s, s->count - quarter, s->count, kind) - mean(s, quarter, 2 * quarter, kind);
}

double usage_slope(const struct usage_series *s, enum usage_kind kind)
{
	size_t first = s->count / 4;
	double middle = mean(s, first, s->count, kind), begin = 0, over = 0, under = 0;

	for (size_t i = first; i < s->count; i++)
		begin += (double)s->samples[i].at / (double)(s->count - first);
	for (size_t i = first; i < s->count; i++) {
		double t = ((double)s->samples[i].at - begin) / 3.6e9;

		over += t * ((double)s->samples[i].values[kind] - middle);
		under += t * t;
	}
	return under > 0 ? over / under : 0;
}

void usage_print(const struct usage_series *s)
{
	for (enum usage_kind k = 0; k < USAGE_N; k++) {
		long least = s->count ? s->samples[0].values[k] : 0, most = least;

		for (size_t i = 0; i < s->count; i++) {
			long value = s->samples[i].values[k];

			least = value < least ? value : least;
			most = value > most ? value : most;
		}
		print_message("%-12s %ld to %ld, second quarter to last %+.1f, slope %+.1f an "
			      "hour\n",
			      usage_names[k], least, most, usage_growth(s, k), usage_slope(s, k));
	}
}
