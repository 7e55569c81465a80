/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a socket tells of itself, as a number or a negative errno; AF_UNIX
 * sockets as well.
 */
#ifndef DIPC_TEST_ASK_H
#define DIPC_TEST_ASK_H

#include "dipc_test.h"

int ask_inq(int fd);			/* SIOCINQ */
int ask_outq(int fd);			/* SIOCOUTQ */
int ask_option(int fd, int optname);	/* an int at SOL_SOCKET */
/* Send without waiting until there is no room: how many went in. */
int ask_room(int fd);

#endif /* DIPC_TEST_ASK_H */
