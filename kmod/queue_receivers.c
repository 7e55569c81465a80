// SPDX-License-Identifier: GPL-2.0
/*
 * Receivers that sleep in a queue, and who of them a message is for: who has
 * waited longest of those it matches. Who waits for one tag, or for one port's
 * messages, is found by that in a tree, however many there are; the others are
 * asked one after the other.
 */
#include <linux/rbtree.h>
#include <linux/slab.h>

#include "queue_inner.h"

struct dipc_exact {
	struct rb_root		root;		/* by key, then by arrival */
	struct list_head	waiters;	/* the same, by arrival */
};

/* What all messages for a receiver have in common. */
struct want_key {
	bool	any_tag;
	u64	tag;		/* 0 if any */
	u64	port;		/* where they come from; 0: anywhere */
};

/* False: they have too little in common. */
static bool key_of(const struct dipc_want *want, struct want_key *key)
{
	const struct dipc_match *match;

	if (!want || !want->has_match || want->match.node)
		return false;
	match = &want->match;
	key->any_tag = match->tag_mask != U64_MAX;
	key->tag = key->any_tag ? 0 : match->tag;
	key->port = match->port;
	return !key->any_tag || key->port;
}

static int compare(const struct want_key *a, const struct want_key *b)
{
	if (a->any_tag != b->any_tag)
		return a->any_tag ? 1 : -1;
	if (a->tag != b->tag)
		return a->tag > b->tag ? 1 : -1;
	if (a->port != b->port)
		return a->port > b->port ? 1 : -1;
	return 0;
}

static struct dipc_waiter *waiter_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct dipc_waiter, exact);
}

/* How the key of one in the tree compares to another. */
static int compare_to(const struct dipc_waiter *w, const struct want_key *key)
{
	struct want_key own;

	key_of(w->want, &own);
	return compare(&own, key);
}

static void insert(struct rb_root *root, struct dipc_waiter *w,
		   const struct want_key *key)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		/* behind those who want the same */
		link = compare_to(waiter_of(parent), key) > 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&w->exact, parent, link);
	rb_insert_color(&w->exact, root);
}

/* The first of those with that key, or NULL. */
static struct dipc_waiter *first_of(const struct rb_root *root,
				    const struct want_key *key)
{
	struct rb_node *node = root->rb_node;
	struct dipc_waiter *first = NULL;

	while (node) {
		int order = compare_to(waiter_of(node), key);

		if (!order)
			first = waiter_of(node);
		node = order < 0 ? node->rb_right : node->rb_left;
	}
	return first;
}

/* Whoever of @best and those with that key has waited longest. */
static struct dipc_waiter *earlier(struct dipc_waiter *best,
				   const struct dipc_exact *exact,
				   const struct want_key *key,
				   const struct dipc_message *m)
{
	struct dipc_waiter *w = first_of(&exact->root, key);

	/* a part of the tag, or no requests: what the key does not say */
	while (w && !compare_to(w, key) && !dipc_want_fits(w->want, m))
		w = waiter_of(rb_next(&w->exact));
	if (!w || compare_to(w, key))
		return best;
	return best && best->arrival < w->arrival ? best : w;
}

/**
 * dipc_queue_receiver_for_locked() - who is a message for
 * @q: the queue
 * @m: the message
 *
 * Context: any; the queue's lock is held.
 * Return: the waiting receiver, or NULL.
 */
struct dipc_waiter *dipc_queue_receiver_for_locked(struct dipc_queue *q,
						   const struct dipc_message *m)
{
	/* another one may just make it, without the lock */
	const struct dipc_exact *exact = READ_ONCE(q->exact);
	u64 port = m->sender->port;
	struct dipc_waiter *w, *best = NULL;

	list_for_each_entry(w, &q->receivers, node) {
		if (dipc_want_fits(w->want, m)) {
			best = w;
			break;
		}
	}
	if (likely(!exact) || RB_EMPTY_ROOT(&exact->root))
		return best;
	best = earlier(best, exact, &(struct want_key) { false, m->tag, port }, m);
	best = earlier(best, exact, &(struct want_key) { false, m->tag, 0 }, m);
	return earlier(best, exact, &(struct want_key) { true, 0, port }, m);
}

/**
 * dipc_queue_prepare_receiver() - somebody may wait for such messages
 * @q: the queue
 * @want: which; NULL: all
 *
 * Without memory he is found by asking.
 *
 * Context: process; may sleep.
 */
void dipc_queue_prepare_receiver(struct dipc_queue *q,
				 const struct dipc_want *want)
{
	struct dipc_exact *exact;
	struct want_key key;

	/* pairs with the cmpxchg() below */
	if (!key_of(want, &key) || smp_load_acquire(&q->exact))
		return;
	exact = kzalloc(sizeof(*exact), GFP_KERNEL_ACCOUNT);
	if (!exact)
		return;
	exact->root = RB_ROOT;
	INIT_LIST_HEAD(&exact->waiters);
	if (cmpxchg(&q->exact, NULL, exact))
		kfree(exact);
}

/**
 * dipc_queue_add_receiver_locked() - somebody waits for a message
 * @q: the queue
 * @w: his wait
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_add_receiver_locked(struct dipc_queue *q,
				    struct dipc_waiter *w)
{
	struct dipc_exact *exact = READ_ONCE(q->exact);
	struct list_head *line = &q->receivers;
	struct want_key key;

	w->arrival = q->n_arrivals++;
	w->is_exact = unlikely(exact) && key_of(w->want, &key);
	if (w->is_exact) {
		insert(&exact->root, w, &key);
		line = &exact->waiters;
	}
	list_add_tail(&w->node, line);
	WRITE_ONCE(q->n_receivers, q->n_receivers + 1);
	if (dipc_waiter_is_choosy(w))
		q->n_choosy++;
}

/**
 * dipc_queue_del_receiver_locked() - he does not wait any more
 * @q: the queue
 * @w: his wait
 *
 * Context: any; the queue's lock is held.
 */
void dipc_queue_del_receiver_locked(struct dipc_queue *q,
				    struct dipc_waiter *w)
{
	if (w->is_exact)
		rb_erase(&w->exact, &q->exact->root);
	list_del_init(&w->node);
	WRITE_ONCE(q->n_receivers, q->n_receivers - 1);
	if (dipc_waiter_is_choosy(w))
		q->n_choosy--;
}

static struct dipc_waiter *next_in(struct dipc_waiter *w,
				   const struct list_head *line)
{
	if (list_is_last(&w->node, line))
		return NULL;
	return list_next_entry(w, node);
}

/**
 * dipc_queue_next_receiver_locked() - walk those who wait, as they have come
 * @q: the queue
 * @walk: zeroed at the beginning; whoever was met last may be gone
 *
 * Context: any; the queue's lock is held all the while.
 * Return: the next one, or NULL.
 */
struct dipc_waiter *
dipc_queue_next_receiver_locked(struct dipc_queue *q,
				struct dipc_receiver_walk *walk)
{
	struct dipc_exact *made = READ_ONCE(q->exact);
	struct list_head *exact = made ? &made->waiters : NULL;
	struct dipc_waiter *w;

	if (!walk->began) {
		walk->began = true;
		walk->next[0] = list_first_entry_or_null(&q->receivers,
							 struct dipc_waiter,
							 node);
		if (exact)
			walk->next[1] =
				list_first_entry_or_null(exact,
							 struct dipc_waiter,
							 node);
	}
	w = walk->next[0];
	if (!w || (walk->next[1] && walk->next[1]->arrival < w->arrival)) {
		w = walk->next[1];
		if (w)
			walk->next[1] = next_in(w, exact);
	} else {
		walk->next[0] = next_in(w, &q->receivers);
	}
	return w;
}

/**
 * dipc_queue_free_receivers() - free what finding them took
 * @q: the queue, to which nobody refers any more
 *
 * Context: any.
 */
void dipc_queue_free_receivers(struct dipc_queue *q)
{
	kfree(q->exact);
}
