/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dump over netlink that is read part by part, so that something can happen
 * in the midst of it.
 */
#ifndef DIPC_TEST_PARTS_H
#define DIPC_TEST_PARTS_H

#include "dipc_test.h"

/*
 * The dump that was asked for with dt_nl_begin(): @begin (or NULL) for each
 * answer, @cb for each attribute of it, @between (or NULL) after each part that
 * is not the last. 0, or a negative errno, also if @between gives one.
 */
int dump_in_parts(struct dt_nl *nl, void (*begin)(uint8_t cmd, void *arg),
		  dt_nl_cb cb, void *arg,
		  int (*between)(void *arg), void *between_arg);

#endif /* DIPC_TEST_PARTS_H */
