/* SPDX-License-Identifier: GPL-2.0 */
/* Who waits in a queue, under the record of its port or mailbox. */
#ifndef IPCCTL_WAITER_H
#define IPCCTL_WAITER_H

#include <stdint.h>

void waiters_put(uint64_t port, const char *mailbox);

#endif /* IPCCTL_WAITER_H */
