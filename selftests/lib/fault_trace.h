/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of fault.h have among themselves. */
#ifndef DIPC_TEST_FAULT_TRACE_H
#define DIPC_TEST_FAULT_TRACE_H

/* 0 or -errno */
int fault_write(const char *path, const char *text);

/* NULL, or what is missing */
const char *fault_trace_begin(void);
void fault_trace_end(void);
/* What was traced until now is of no interest. */
void fault_trace_forget(void);

#endif /* DIPC_TEST_FAULT_TRACE_H */
