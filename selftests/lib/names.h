/* SPDX-License-Identifier: GPL-2.0 */
/* Names that several sockets have. */
#ifndef DIPC_TEST_NAMES_H
#define DIPC_TEST_NAMES_H

#include "dipc_test.h"

/* A socket shares the names that it gets from now on; 0 or a negative errno. */
int share_names(int fd);
/* A socket that shares its names, bound to one. */
int shared_socket(const struct sockaddr_dipc *addr);

#endif /* DIPC_TEST_NAMES_H */
