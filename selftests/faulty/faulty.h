/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the faulty module share: tables of faults, and values
 * that the compiler must not know, or it sees through what is done wrong.
 */
#ifndef DIPC_FAULTY_H
#define DIPC_FAULTY_H

struct fault {
	const char *name;
	void (*commit)(void);
};

#define FAULT(f) { #f, f }

/* Each ends with an empty one. */
extern const struct fault memory_faults[];
extern const struct fault context_faults[];
extern const struct fault object_faults[];
extern const struct fault stall_faults[];
extern const struct fault injected_faults[];
extern const struct fault race_faults[];

extern volatile int four;
extern volatile int hundred;
extern void *volatile kept;

#endif
