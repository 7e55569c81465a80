// SPDX-License-Identifier: GPL-2.0
/* The objects of a kind by their index; see roll.h. */
#include <linux/bug.h>
#include <linux/limits.h>

#include "roll.h"

#define INDEX_MAX	((u32)S32_MAX)	/* from 1 */

/**
 * dipc_roll_init() - begin a roll
 * @roll: empty afterwards
 *
 * Context: any.
 */
void dipc_roll_init(struct dipc_roll *roll)
{
	spin_lock_init(&roll->lock);
	roll->count = 0;
	roll->next_index = 1;
	roll->root = RB_ROOT;
}

/**
 * dipc_roll_fini() - undo dipc_roll_init()
 * @roll: in which nothing is left
 *
 * Context: any.
 */
void dipc_roll_fini(struct dipc_roll *roll)
{
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&roll->root));
}

static struct dipc_roll_entry *entry_of(struct rb_node *node)
{
	return rb_entry(node, struct dipc_roll_entry, node);
}

/* The first one from an index on, or NULL. */
static struct dipc_roll_entry *find_locked(struct dipc_roll *roll, u32 index)
{
	struct rb_node *node = roll->root.rb_node;
	struct dipc_roll_entry *found = NULL, *entry;

	while (node) {
		entry = entry_of(node);
		if (entry->index >= index) {
			found = entry;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* There is one: memory ends long before the numbers do. */
static u32 free_index_locked(struct dipc_roll *roll)
{
	u32 index = roll->next_index;
	struct rb_node *node;

	for (;;) {
		struct dipc_roll_entry *entry = find_locked(roll, index);

		/* those that have lived for a whole round are in the way */
		for (node = entry ? &entry->node : NULL;
		     node && entry_of(node)->index == index;
		     node = rb_next(node))
			index++;
		if (index <= INDEX_MAX)
			return index;
		index = 1;
	}
}

/**
 * dipc_roll_enter() - give an object an index, by which it is found
 * @roll: the roll
 * @entry: of the object; found from here on
 *
 * Context: any.
 */
void dipc_roll_enter(struct dipc_roll *roll, struct dipc_roll_entry *entry)
{
	struct rb_node **link = &roll->root.rb_node, *parent = NULL;

	spin_lock_bh(&roll->lock);
	entry->index = free_index_locked(roll);
	/* both are read without the lock, by views */
	WRITE_ONCE(roll->next_index, entry->index + 1);
	while (*link) {
		parent = *link;
		link = entry->index < entry_of(parent)->index ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&entry->node, parent, link);
	rb_insert_color(&entry->node, &roll->root);
	WRITE_ONCE(roll->count, roll->count + 1);
	spin_unlock_bh(&roll->lock);
}

/**
 * dipc_roll_leave() - an object is not found any more
 * @roll: the roll
 * @entry: of the object, which was entered
 *
 * Context: any.
 */
void dipc_roll_leave(struct dipc_roll *roll, struct dipc_roll_entry *entry)
{
	spin_lock_bh(&roll->lock);
	rb_erase(&entry->node, &roll->root);
	WRITE_ONCE(roll->count, roll->count - 1);
	spin_unlock_bh(&roll->lock);
}

/**
 * dipc_roll_next() - walk a roll
 * @roll: the roll
 * @index: where to begin; set to the index of what was found
 * @get: take a reference to an object, or say that there is none to be had;
 *	called with the lock held
 *
 * Context: any.
 * Return: the entry of an object to which @get has taken a reference; NULL at
 * the end.
 */
struct dipc_roll_entry *
dipc_roll_next(struct dipc_roll *roll, unsigned long *index,
	       bool (*get)(struct dipc_roll_entry *entry))
{
	struct dipc_roll_entry *entry = NULL;
	struct rb_node *node;

	if (*index > INDEX_MAX)
		return NULL;
	spin_lock_bh(&roll->lock);
	entry = find_locked(roll, *index);
	while (entry && !get(entry)) {
		node = rb_next(&entry->node);
		entry = node ? entry_of(node) : NULL;
	}
	if (entry)
		*index = entry->index;
	spin_unlock_bh(&roll->lock);
	return entry;
}

/**
 * dipc_roll_end() - how far a walk that begins now has to go
 * @roll: the roll
 *
 * Indices rise, but start anew after some billions: when there is something
 * behind the next one, the end is that of all indices. What is entered later is
 * not met otherwise, so that a walk ends, however fast objects are made.
 *
 * Context: any.
 * Return: the first index that is not met any more.
 */
unsigned long dipc_roll_end(struct dipc_roll *roll)
{
	unsigned long end;

	spin_lock_bh(&roll->lock);
	end = roll->next_index;
	if (find_locked(roll, end))
		end = ULONG_MAX;
	spin_unlock_bh(&roll->lock);
	return end;
}
