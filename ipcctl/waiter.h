/* SPDX-License-Identifier: GPL-2.0 */
/* Who waits in a queue, under the record of its port, mailbox or link. */
#ifndef IPCCTL_WAITER_H
#define IPCCTL_WAITER_H

#include <stdint.h>

void waiters_put_mailbox(const char *name);
void waiters_put_port(uint64_t port);
void waiters_put_link(uint32_t link);

#endif /* IPCCTL_WAITER_H */
