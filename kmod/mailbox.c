// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes: making, changing, deleting, who may do what, and who uses one.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "mailbox.h"

static void free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct dipc_mailbox, rcu));
}

static void release(struct dipc_queue *q)
{
	struct dipc_mailbox *mailbox = dipc_mailbox_of_queue(q);

	dipc_name_put(mailbox->binding.name);
	dipc_user_put(mailbox->user);
	call_rcu(&mailbox->rcu, free_rcu);
}

static const struct dipc_queue_ops mailbox_queue_ops = {
	.release = release,
};

static int charge(struct dipc_user *user, const struct dipc_limits *limits)
{
	if (!dipc_user_charge(user, DIPC_RES_MAILBOXES, 1, limits))
		return -ENOBUFS;
	if (!dipc_user_charge(user, DIPC_RES_NAMES, 1, limits)) {
		dipc_user_uncharge(user, DIPC_RES_MAILBOXES, 1);
		return -ENOBUFS;
	}
	return 0;
}

static void uncharge(struct dipc_user *user)
{
	dipc_user_uncharge(user, DIPC_RES_NAMES, 1);
	dipc_user_uncharge(user, DIPC_RES_MAILBOXES, 1);
}

static int publish(struct dipc_mailbox *mailbox,
		   const struct dipc_mailbox_request *request)
{
	const struct dipc_name_request name = {
		.name = request->name,
		.type = DIPC_ADDR_MAILBOX,
		.scope = request->scope,
		.uid = request->uid,
	};

	/* those who are told of the new name learn of the mailbox with it */
	return dipc_name_add(mailbox->table->names, &name, &mailbox->queue,
			     &mailbox->binding);
}

/**
 * dipc_mailbox_create() - make a mailbox
 * @table: of the namespace
 * @request: checked; who asks must be allowed to give it to request->uid
 *
 * Context: process; may sleep.
 * Return: 0; -EADDRINUSE if the name is taken; -ENOBUFS if the user has too
 * many mailboxes or names; -ENOMEM.
 */
int dipc_mailbox_create(struct dipc_mailbox_table *table,
			const struct dipc_mailbox_request *request)
{
	struct dipc_mailbox *mailbox;
	int err;

	mailbox = kzalloc(sizeof(*mailbox), GFP_KERNEL_ACCOUNT);
	if (!mailbox)
		return -ENOMEM;
	mailbox->user = dipc_user_current();
	if (!mailbox->user) {
		kfree(mailbox);
		return -ENOMEM;
	}
	mailbox->table = table;
	mailbox->uid = request->uid;
	mailbox->gid = request->gid;
	mailbox->mode = request->mode;
	mailbox->transient = request->transient;
	spin_lock_init(&mailbox->lock);
	err = dipc_queue_init(&mailbox->queue, DIPC_QUEUE_MAILBOX, 0,
			      &request->conf, request->uid, -EIDRM,
			      table->stats, &mailbox_queue_ops);
	if (err) {
		dipc_user_put(mailbox->user);
		kfree(mailbox);
		return err;
	}

	err = charge(mailbox->user, table->limits);
	if (err)
		goto err_put;
	/* the name's reference to the queue, given back by delete() */
	dipc_queue_get(&mailbox->queue);
	/* as soon as it has its name, it can be deleted */
	atomic_inc(&table->count);
	err = publish(mailbox, request);
	if (err)
		goto err_uncharge;
	/* only for traces, which may see 0 until here */
	WRITE_ONCE(mailbox->queue.id, mailbox->binding.name->entry.index);
	dipc_mailbox_put(mailbox);
	return 0;

err_uncharge:
	atomic_dec(&table->count);
	uncharge(mailbox->user);
	dipc_mailbox_put(mailbox);
err_put:
	dipc_mailbox_put(mailbox);
	return err;
}

/* Marked as deleted by the caller, who alone saw that it was not before. */
static void take_down(struct dipc_mailbox *mailbox)
{
	dipc_name_remove(mailbox->table->names, &mailbox->binding);
	dipc_queue_close(&mailbox->queue);
	uncharge(mailbox->user);
	atomic_dec(&mailbox->table->count);
	dipc_mailbox_put(mailbox);
}

/**
 * dipc_mailbox_delete() - a mailbox ends
 * @mailbox: of which the caller holds a reference, which stays his; deleting
 *	it again does nothing
 *
 * Its name goes, what is queued is discarded, and those who wait are told.
 *
 * Context: process; may sleep.
 * Return: false if somebody else has deleted it before.
 */
bool dipc_mailbox_delete(struct dipc_mailbox *mailbox)
{
	bool again;

	spin_lock_bh(&mailbox->lock);
	again = mailbox->deleted;
	mailbox->deleted = true;
	spin_unlock_bh(&mailbox->lock);
	if (!again)
		take_down(mailbox);
	return !again;
}

/**
 * dipc_mailbox_delete_all() - the namespace ends
 * @table: of the namespace, in which nobody has a socket any more
 *
 * Context: process; may sleep.
 */
void dipc_mailbox_delete_all(struct dipc_mailbox_table *table)
{
	struct dipc_mailbox *mailbox;
	struct dipc_queue *queue;
	struct dipc_name *name;
	unsigned long index = 0;

	while ((name = dipc_name_next(table->names, &index))) {
		queue = dipc_name_pick(name);
		dipc_name_put(name);
		index++;
		if (!queue)
			continue;
		if (queue->kind == DIPC_QUEUE_MAILBOX) {
			mailbox = dipc_mailbox_of_queue(queue);
			dipc_mailbox_delete(mailbox);
		}
		dipc_queue_put(queue);
		cond_resched();
	}
}

/**
 * dipc_mailbox_set() - change a mailbox
 * @mailbox: the mailbox
 * @request: checked; all that can be changed: limits, owner, group and mode
 *
 * Context: process.
 * Return: 0; -EIDRM if it was deleted meanwhile; -EBUSY for another order while
 * messages are queued, -ENOMEM, and then nothing is changed.
 */
int dipc_mailbox_set(struct dipc_mailbox *mailbox,
		     const struct dipc_mailbox_request *request)
{
	bool deleted;
	int err;

	spin_lock_bh(&mailbox->lock);
	deleted = mailbox->deleted;
	spin_unlock_bh(&mailbox->lock);
	if (deleted)
		return -EIDRM;
	err = dipc_queue_configure(&mailbox->queue, &request->conf,
				   request->uid);
	if (err)
		return err;
	spin_lock_bh(&mailbox->lock);
	mailbox->uid = request->uid;
	mailbox->gid = request->gid;
	mailbox->mode = request->mode;
	spin_unlock_bh(&mailbox->lock);
	if (mailbox->table->changed)
		mailbox->table->changed(mailbox);
	return 0;
}

/**
 * dipc_mailbox_describe() - how a mailbox was made or last changed
 * @mailbox: the mailbox
 * @request: filled, so that dipc_mailbox_set() with it changes nothing
 *
 * Context: any.
 */
void dipc_mailbox_describe(struct dipc_mailbox *mailbox,
			   struct dipc_mailbox_request *request)
{
	struct dipc_queue_info info;

	dipc_queue_info(&mailbox->queue, &info);
	memset(request, 0, sizeof(*request));
	memcpy(request->name, mailbox->binding.name->name,
	       sizeof(request->name));
	request->conf = info.conf;
	request->scope = mailbox->binding.name->scope;
	request->transient = mailbox->transient;
	spin_lock_bh(&mailbox->lock);
	request->uid = mailbox->uid;
	request->gid = mailbox->gid;
	request->mode = mailbox->mode;
	spin_unlock_bh(&mailbox->lock);
}

/**
 * dipc_mailbox_find() - look a mailbox up
 * @table: of the namespace
 * @name: NUL-padded, DIPC_NAME_MAX + 1 bytes
 *
 * Context: any.
 * Return: the mailbox with a reference for the caller, or NULL if the name is
 * nobody's or that of a port.
 */
struct dipc_mailbox *dipc_mailbox_find(struct dipc_mailbox_table *table,
				       const char *name)
{
	struct dipc_name *found = dipc_name_find(table->names, name);
	struct dipc_queue *queue = NULL;

	if (found && found->type == DIPC_ADDR_MAILBOX)
		queue = dipc_name_pick(found);
	dipc_name_put(found);
	return queue ? dipc_mailbox_of_queue(queue) : NULL;
}

static bool capable_of_all(struct dipc_mailbox *mailbox)
{
	return ns_capable(mailbox->table->user_ns, CAP_IPC_OWNER);
}

/**
 * dipc_mailbox_permits() - may the current task use a mailbox
 * @mailbox: the mailbox
 * @may: DIPC_MAY_READ, DIPC_MAY_WRITE or both
 *
 * As with files: the bits of the owner, else those of the group, else those
 * of all others. CAP_IPC_OWNER in the namespace's user namespace overrides.
 *
 * Context: process.
 * Return: whether it may.
 */
bool dipc_mailbox_permits(struct dipc_mailbox *mailbox, int may)
{
	kuid_t uid;
	kgid_t gid;
	u16 mode;

	spin_lock_bh(&mailbox->lock);
	uid = mailbox->uid;
	gid = mailbox->gid;
	mode = mailbox->mode;
	spin_unlock_bh(&mailbox->lock);

	if (uid_eq(uid, current_euid()))
		mode >>= 6;
	else if (in_egroup_p(gid))
		mode >>= 3;
	return (mode & may) == may || capable_of_all(mailbox);
}

/**
 * dipc_mailbox_owned() - may the current task change or delete a mailbox
 * @mailbox: the mailbox
 *
 * Context: process.
 * Return: whether it is its owner or has CAP_IPC_OWNER.
 */
bool dipc_mailbox_owned(struct dipc_mailbox *mailbox)
{
	bool owned;

	spin_lock_bh(&mailbox->lock);
	owned = uid_eq(mailbox->uid, current_euid());
	spin_unlock_bh(&mailbox->lock);
	return owned || capable_of_all(mailbox);
}

/**
 * dipc_mailbox_attach() - a socket begins to use a mailbox
 * @mailbox: of which the caller holds a reference
 *
 * Context: process.
 * Return: 0, or -EIDRM if it was deleted meanwhile.
 */
int dipc_mailbox_attach(struct dipc_mailbox *mailbox)
{
	int err = 0;

	spin_lock_bh(&mailbox->lock);
	if (mailbox->deleted)
		err = -EIDRM;
	else
		mailbox->n_users++;
	spin_unlock_bh(&mailbox->lock);
	return err;
}

/**
 * dipc_mailbox_detach() - a socket uses a mailbox no longer
 * @mailbox: of which the caller holds a reference, which stays his
 *
 * The last one deletes a transient mailbox.
 *
 * Context: process; may sleep.
 */
void dipc_mailbox_detach(struct dipc_mailbox *mailbox)
{
	bool last;

	spin_lock_bh(&mailbox->lock);
	last = !--mailbox->n_users && mailbox->transient && !mailbox->deleted;
	if (last)
		mailbox->deleted = true;
	spin_unlock_bh(&mailbox->lock);
	if (last)
		take_down(mailbox);
}
