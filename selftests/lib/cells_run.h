/* SPDX-License-Identifier: GPL-2.0 */
/* Brings one cell about and compares it with its row; see cells_run.c. */
#ifndef DIPC_TEST_CELLS_RUN_H
#define DIPC_TEST_CELLS_RUN_H

#include "cells_table.h"

struct cell {
	enum cell_mode mode;
	uint32_t capacity;
	int policy;
	enum cell_situation situation;
	const struct cell_row *row;
};

/*
 * In a process of its own, which must end afterwards: threads may be left that
 * sleep. Says on standard output what differs from the row; returns how much.
 */
int cell_run(const struct cell *cell);

#endif /* DIPC_TEST_CELLS_RUN_H */
