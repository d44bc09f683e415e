/* The variables of a split: each one chooses, or leaves the choice to the one before it. */
#ifndef ZKNGINX_DATA_SPLIT_H
#define ZKNGINX_DATA_SPLIT_H

#include <zknginx/model.h>

/* How many there are; the last of them, from 1, has the choice. */
size_t split_steps(const struct split *s);

/* "zknginx_split_12345678_2" */
#define SPLIT_VARIABLE_SIZE 40
void split_variable(const struct location *l, size_t step, char name[static SPLIT_VARIABLE_SIZE]);

#endif
