/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The roll: all that a namespace has of one kind, in the order of an index that
 * each is given when it is entered, so that a dump can go on where it stopped.
 * An index is not given again before all others have been.
 *
 * It is a tree of what is embedded in the objects: entering one takes no memory
 * and cannot fail.
 *
 * Lifetime: embedded in a table. An entry belongs to its object, which keeps no
 * reference for it: who finds one has to take one, if there still is one.
 * Locking: @lock (bh), a leaf.
 * Context: any.
 */
#ifndef _DIPC_ROLL_H
#define _DIPC_ROLL_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dipc_roll {
	spinlock_t		lock;
	u32			count;
	u32			next_index;
	struct rb_root		root;
};

struct dipc_roll_entry {
	struct rb_node		node;
	u32			index;		/* 0: never entered */
};

void dipc_roll_init(struct dipc_roll *roll);
void dipc_roll_fini(struct dipc_roll *roll);
void dipc_roll_enter(struct dipc_roll *roll, struct dipc_roll_entry *entry);
void dipc_roll_leave(struct dipc_roll *roll, struct dipc_roll_entry *entry);
unsigned long dipc_roll_end(struct dipc_roll *roll);
struct dipc_roll_entry *
dipc_roll_next(struct dipc_roll *roll, unsigned long *index,
	       bool (*get)(struct dipc_roll_entry *entry));

#endif /* _DIPC_ROLL_H */
