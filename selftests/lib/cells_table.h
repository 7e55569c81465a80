/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of Documentation/cells.txt as a C array: one entry for each point
 * of the axes, with what is expected there or why it cannot occur. The words
 * are the text's; the suite has no expectation of its own.
 */
#ifndef DIPC_TEST_CELLS_TABLE_H
#define DIPC_TEST_CELLS_TABLE_H

#include "dipc_test.h"

enum cell_mode {
	CELL_NONBLOCKING, CELL_BLOCKING, CELL_RELIABLE, CELL_EXPLICIT,
	CELL_RELIABLE_NONBLOCKING, CELL_EXPLICIT_NONBLOCKING,
	CELL_BLOCKING_ASYNC, CELL_RELIABLE_ASYNC, CELL_EXPLICIT_ASYNC,
	CELL_MODES
};

enum cell_situation {
	CELL_ROOM, CELL_FULL, CELL_NOBODY, CELL_RECEIVER, CELL_KILLED,
	CELL_WAITING_COMES, CELL_WAITING_CLOSED, CELL_WAITING_DELETED,
	CELL_WAITING_TIMEOUT, CELL_WAITING_DEADLINE, CELL_WAITING_SIGNAL,
	CELL_WAITING_TIMED_SIGNAL, CELL_WAITING_RESTART,
	CELL_WAITING_SENDER_GONE,
	CELL_QUEUED_COMES, CELL_QUEUED_CLOSED, CELL_QUEUED_DELETED,
	CELL_QUEUED_EVICTED, CELL_QUEUED_PURGED, CELL_QUEUED_TIMEOUT,
	CELL_QUEUED_DEADLINE, CELL_QUEUED_SIGNAL, CELL_QUEUED_TIMED_SIGNAL,
	CELL_QUEUED_RESTART, CELL_QUEUED_SENDER_GONE,
	CELL_LENT_KILLED, CELL_LENT_FAULTS, CELL_LENT_CLOSED,
	CELL_LENT_DELETED, CELL_LENT_TIMEOUT, CELL_LENT_DEADLINE,
	CELL_LENT_SIGNAL, CELL_LENT_TIMED_SIGNAL, CELL_LENT_RESTART,
	CELL_LENT_SENDER_GONE,
	CELL_SITUATIONS
};

#define CELL_CAPACITIES	3
#define CELL_POLICIES	4

extern const char *const cell_mode_names[CELL_MODES];
extern const char *const cell_policy_names[CELL_POLICIES];
extern const char *const cell_situation_names[CELL_SITUATIONS];
extern const uint32_t cell_capacities[CELL_CAPACITIES];
extern const char *const cell_counter_names[__DIPC_REASON_COUNT];

#define CELL_LENGTH	0	/* returns: the length; else a negative errno */
#define CELL_SLEEPS	1
#define CELL_GONE	(-1)	/* in place of poll events */

enum cell_holder { CELL_IN_QUEUE, CELL_IN_LINE, CELL_AT_RECEIVER, CELL_NOWHERE };
enum cell_completion { CELL_NOT_ASYNC, CELL_NONE, CELL_COMPLETE, CELL_LOST };

struct cell_row {
	int line;		/* of the text, 0: there is no row */
	bool occurs;
	int returns;
	enum cell_holder holder;
	int sender, receiver;	/* poll events */
	uint8_t counter[__DIPC_REASON_COUNT];
	enum cell_completion completion;
	int error;		/* positive errno of the completion */
	int reason;
};

typedef struct cell_row cell_table[CELL_MODES][CELL_CAPACITIES][CELL_POLICIES]
				  [CELL_SITUATIONS];

/*
 * Reads the text into the table; says on standard output what is wrong with
 * it, and returns how many faults there are. A point without a row, one with
 * two, and a row without a reason are faults.
 */
int cells_load(cell_table table);

#endif /* DIPC_TEST_CELLS_TABLE_H */
