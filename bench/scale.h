/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Works of which there is one of each number of things, instead of one of each
 * length of a message (scale.c), and the one peer that they are done with.
 */
#ifndef SCALE_H
#define SCALE_H

#include "bench.h"

extern const struct work scale_works[];
extern const struct peer *const scale_peers[];

/* Before the first of them, and after the last: limits of a user. */
void scale_begin(void);
void scale_end(void);

#endif
