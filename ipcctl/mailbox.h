/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a mailbox is shown in one line, for those who hear of changes; and its
 * commands that are in files of their own.
 */
#ifndef IPCCTL_MAILBOX_H
#define IPCCTL_MAILBOX_H

#include "attr.h"

void mailbox_put_attrs(const struct attrs *a);
int mailbox_peek(int argc, char **argv);

#endif /* IPCCTL_MAILBOX_H */
