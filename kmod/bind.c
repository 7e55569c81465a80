// SPDX-License-Identifier: GPL-2.0
/*
 * Binding a socket: making its port, giving it names, attaching it to a
 * mailbox, and undoing all that; and the limits of what it receives from.
 * Which queue that is, is decided here or, for links, in pair.c, once.
 */
#include "sock.h"

static struct dipc_port *make_port(struct dipc_sock *ds, u64 id)
{
	struct dipc_net *dn = ds->dn;
	struct dipc_queue_conf conf;

	dipc_sock_conf(ds, &conf);
	return dipc_port_create(&dn->ports, id, &conf, ds->sk.sk_type,
				READ_ONCE(ds->recv_calls), &dn->limits,
				dn->stats);
}

/**
 * dipc_sock_tell_readable() - what a socket takes has changed
 * @ds: the socket, which receives from a queue
 *
 * Those who poll are woken if there is something, or the end.
 *
 * Context: process.
 */
void dipc_sock_tell_readable(struct dipc_sock *ds)
{
	struct dipc_queue *rx = dipc_sock_rx(ds);

	/* others have used the mailbox before, and do so just now */
	if (!dipc_queue_readable(rx) && !READ_ONCE(rx->closed) &&
	    !READ_ONCE(rx->ended) &&
	    (!ds->mailbox || !dipc_queue_readable_locking(rx)))
		return;
	rcu_read_lock();
	ds->watcher.ops->readable(&ds->watcher, true);
	if (READ_ONCE(ds->recv_calls) && READ_ONCE(rx->starving))
		ds->watcher.ops->starving(&ds->watcher);
	rcu_read_unlock();
}

/**
 * dipc_sock_receive_from() - a socket receives from a queue from here on
 * @ds: the socket, with its number; locked, or known to nobody yet
 * @rx: the queue; a reference is taken
 *
 * Context: process.
 */
void dipc_sock_receive_from(struct dipc_sock *ds, struct dipc_queue *rx)
{
	dipc_queue_get(rx);
	ds->watcher.calls = READ_ONCE(ds->recv_calls);
	dipc_queue_watch(rx, &ds->watcher);
	/* pairs with the acquire in dipc_sock_rx() */
	smp_store_release(&ds->rx, rx);
	/*
	 * Either a poller that was woken meanwhile sees rx, or we see what it
	 * was woken for; pairs with the barrier in sock_poll_wait().
	 */
	smp_mb();
	/* who polls already does so on a queue that was not there */
	dipc_sock_tell_readable(ds);
}

/* A port of a socket for links is not received from. */
static void take_port(struct dipc_sock *ds, struct dipc_port *port)
{
	WRITE_ONCE(ds->id, port->id);
	/* who finds it finds what is in it; see connect.c */
	smp_store_release(&ds->port, port);
	if (dipc_sock_is_link(ds))
		dipc_queue_close(&port->queue);
	else
		dipc_sock_receive_from(ds, &port->queue);
}

static int bind_number(struct dipc_sock *ds, u64 id)
{
	struct dipc_port *port;

	if (ds->id)
		return -EINVAL;
	if (id > DIPC_PORT_USER_MAX)
		return -EADDRNOTAVAIL;
	port = make_port(ds, id);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ds->numbered = true;
	take_port(ds, port);
	return 0;
}

static int bind_name(struct dipc_sock *ds, const struct sockaddr_dipc *addr)
{
	struct dipc_net *dn = ds->dn;
	struct dipc_name_request request = {
		.name = addr->sdipc_name,
		.scope = addr->sdipc_scope,
		.shared = READ_ONCE(ds->reuse_name),
		.uid = current_euid(),
	};
	struct dipc_port *port = ds->port;
	struct dipc_binding *first;
	int err;

	if (ds->mailbox || ds->accepted)
		return -EINVAL;
	if (!port) {
		/* one that is connected already keeps its number */
		port = make_port(ds, ds->id);
		if (IS_ERR(port))
			return PTR_ERR(port);
	}
	err = dipc_port_bind_name(port, &dn->ports, &dn->names, &request,
				  &dn->limits);
	if (err) {
		if (!ds->port)
			dipc_port_destroy(port, &dn->ports, &dn->names, NULL);
		return err;
	}
	if (!ds->bound && !ds->numbered) {
		first = list_first_entry(&port->bindings, struct dipc_binding,
					 by_owner);
		refcount_inc(&first->name->refs);
		/* pairs with the acquire in dipc_sock_name() */
		smp_store_release(&ds->bound, first->name);
	}
	if (!ds->port)
		take_port(ds, port);
	return 0;
}

static int bind_mailbox(struct dipc_sock *ds, const struct sockaddr_dipc *addr)
{
	struct dipc_net *dn = ds->dn;
	struct dipc_mailbox *mailbox;
	struct dipc_port *port;
	int err;

	if (dipc_sock_is_link(ds))
		return -EOPNOTSUPP;
	if (ds->id)
		return -EINVAL;
	mailbox = dipc_mailbox_find(&dn->mailboxes, addr->sdipc_name);
	if (!mailbox)
		return -ENOENT;
	if (!dipc_mailbox_permits(mailbox, DIPC_MAY_READ)) {
		err = -EACCES;
		goto err_put;
	}
	port = make_port(ds, 0);
	if (IS_ERR(port)) {
		err = PTR_ERR(port);
		goto err_put;
	}
	err = dipc_mailbox_attach(mailbox);
	if (err) {
		/* deleted since it was found: as if it had not been */
		err = -ENOENT;
		goto err_port;
	}
	refcount_inc(&mailbox->binding.name->refs);
	dipc_port_attach(port, &dn->ports, mailbox->binding.name);
	refcount_inc(&mailbox->binding.name->refs);
	ds->mailbox = mailbox;
	/* as above */
	smp_store_release(&ds->bound, mailbox->binding.name);
	WRITE_ONCE(ds->id, port->id);
	/* who finds it finds what is in it; see connect.c */
	smp_store_release(&ds->port, port);
	dipc_sock_receive_from(ds, &mailbox->queue);
	dipc_mailbox_put(mailbox);
	return 0;

err_port:
	dipc_port_destroy(port, &dn->ports, &dn->names, NULL);
err_put:
	dipc_mailbox_put(mailbox);
	return err;
}

/**
 * dipc_sock_bind() - bind a socket
 * @ds: the socket
 * @addr: checked address
 *
 * A socket is bound once, to a number (DIPC_ADDR_ANY draws one), a name or a
 * mailbox. One that has a port may be bound to further names.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if it is bound already; -EADDRNOTAVAIL for another node
 * or a number that only the kernel gives; -EADDRINUSE if the number or name is
 * taken; -ENOENT if there is no such mailbox, -EACCES if it may not be read;
 * -EOPNOTSUPP if a socket for links is to be bound to one; -ENOBUFS over a
 * limit; -ENOMEM.
 */
int dipc_sock_bind(struct dipc_sock *ds, const struct sockaddr_dipc *addr)
{
	int err;

	if (addr->sdipc_node)
		return -EADDRNOTAVAIL;

	lock_sock(&ds->sk);
	switch (addr->sdipc_type) {
	case DIPC_ADDR_NAME:
		err = bind_name(ds, addr);
		break;
	case DIPC_ADDR_MAILBOX:
		err = bind_mailbox(ds, addr);
		break;
	default:
		err = bind_number(ds, addr->sdipc_port);
	}
	release_sock(&ds->sk);
	return err;
}

/**
 * dipc_sock_draw_id() - see to it that a socket for links has a number
 * @ds: the socket, locked, or known to nobody yet
 *
 * Context: process.
 */
void dipc_sock_draw_id(struct dipc_sock *ds)
{
	if (ds->id)
		return;
	WRITE_ONCE(ds->id, dipc_port_draw(&ds->dn->ports));
}

/**
 * dipc_sock_bind_any() - see dipc_sock_autobind()
 * @ds: the socket
 *
 * One for messages is given a port and can receive from then on; one for
 * links gets the number alone.
 *
 * Context: process; may sleep.
 * Return: 0; -ENOBUFS if the user has too many ports; -ENOMEM.
 */
int dipc_sock_bind_any(struct dipc_sock *ds)
{
	struct dipc_port *port;
	int err = 0;

	lock_sock(&ds->sk);
	if (dipc_sock_is_link(ds)) {
		dipc_sock_draw_id(ds);
	} else if (!ds->port) {
		port = make_port(ds, 0);
		if (IS_ERR(port))
			err = PTR_ERR(port);
		else
			take_port(ds, port);
	}
	release_sock(&ds->sk);
	return err;
}

/**
 * dipc_sock_unbind() - a socket is closed
 * @ds: the socket, which nobody uses any more
 *
 * Context: process; may sleep.
 * Return: whether somebody may be calling it just now, under RCU, for what it
 * receives from.
 */
bool dipc_sock_unbind(struct dipc_sock *ds)
{
	/* else from a mailbox, or a link, from which it has parted */
	bool from_port = ds->port && ds->rx == &ds->port->queue;
	bool is_called = from_port || ds->mailbox;
	struct dipc_net *dn = ds->dn;

	if (ds->port)
		dipc_port_destroy(ds->port, &dn->ports, &dn->names,
				  from_port ? &ds->watcher : NULL);
	if (ds->mailbox) {
		dipc_queue_unwatch(ds->rx, &ds->watcher);
		dipc_mailbox_detach(ds->mailbox);
	}
	if (from_port && dipc_port_is_left(ds->port))
		is_called = false;
	dipc_queue_put(ds->rx);
	dipc_name_put(ds->bound);
	return is_called;
}

/* One that was accepted goes by the number that its peer has connected to. */
static u64 number_of(const struct dipc_sock *ds)
{
	return ds->accepted ? dipc_link_reader(dipc_link_of_queue(ds->rx))->number :
			      READ_ONCE(ds->id);
}

/**
 * dipc_sock_name() - what a socket was bound to
 * @ds: the socket
 * @addr: filled; DIPC_ADDR_ANY if it is not bound
 *
 * Context: process.
 */
void dipc_sock_name(struct dipc_sock *ds, struct sockaddr_dipc *addr)
{
	/* set once, and after what else is asked for here */
	struct dipc_name *bound = smp_load_acquire(&ds->bound);
	int family = ds->sk.sk_family;

	if (bound)
		dipc_addr_from_name(addr, family, ds->mailbox ?
				    DIPC_ADDR_MAILBOX : DIPC_ADDR_NAME,
				    bound->scope, bound->name);
	else
		dipc_addr_from_port(addr, family, number_of(ds));
}

/* What holds a stream's bytes; the rest of the limits does not apply to it. */
#define STREAM_BYTES		65536
#define STREAM_BYTES_MIN	4096	/* what is written at once, whole */

static void make_stream_conf(struct dipc_queue_conf *conf, u64 bytes)
{
	memset(conf, 0, sizeof(*conf));
	conf->capacity_msgs = U32_MAX;
	conf->capacity_bytes = bytes;
	conf->msg_max_bytes = min_t(u64, bytes, STREAM_BYTES);
	conf->policy = DIPC_POLICY_WAIT;
	conf->order = DIPC_ORDER_FIFO;
}

/**
 * dipc_sock_conf() - the limits of the port or link that a socket will have
 * @ds: the socket, locked, or known to nobody yet
 * @conf: filled
 *
 * Context: any.
 */
void dipc_sock_conf(const struct dipc_sock *ds, struct dipc_queue_conf *conf)
{
	if (ds->conf)
		*conf = *ds->conf;
	else if (ds->sk.sk_type == SOCK_STREAM)
		make_stream_conf(conf, STREAM_BYTES);
	else
		dipc_queue_conf_default(conf);
}

/* Few sockets are asked for others than the default. */
static int remember_conf(struct dipc_sock *ds,
			 const struct dipc_queue_conf *conf)
{
	if (!ds->conf)
		ds->conf = kmalloc(sizeof(*conf), GFP_KERNEL_ACCOUNT);
	if (!ds->conf)
		return -ENOMEM;
	*ds->conf = *conf;
	return 0;
}

static int check_conf(const struct dipc_sock *ds, struct dipc_queue_conf *conf)
{
	if (ds->sk.sk_type != SOCK_STREAM)
		return dipc_queue_conf_check(conf);
	if (memchr_inv(conf->reserved, 0, sizeof(conf->reserved)) ||
	    conf->policy != DIPC_POLICY_WAIT ||
	    conf->order != DIPC_ORDER_FIFO ||
	    conf->capacity_bytes < STREAM_BYTES_MIN)
		return -EINVAL;
	make_stream_conf(conf, conf->capacity_bytes);
	return 0;
}

/**
 * dipc_sock_set_recv_calls() - does a socket take requests
 * @ds: the socket
 * @on: whether it does
 *
 * Of a socket that listens, also those that it accepts from here on.
 *
 * Context: process; may sleep.
 * Return: 0; -EBUSY if it does already, and receives.
 */
int dipc_sock_set_recv_calls(struct dipc_sock *ds, bool on)
{
	struct dipc_listener *l;
	bool is_new;
	int err = 0;

	lock_sock(&ds->sk);
	if (!on && ds->recv_calls && ds->rx) {
		err = -EBUSY;
		goto out;
	}
	is_new = on && !ds->recv_calls;
	WRITE_ONCE(ds->recv_calls, on);
	if (on && ds->rx)
		dipc_queue_watch_calls(ds->rx, &ds->watcher);
	/* there may be requests in it, which were for others */
	if (is_new && ds->mailbox)
		dipc_sock_tell_readable(ds);
	l = dipc_sock_listener(ds);
	if (l)
		dipc_listener_set_calls(l, on);
out:
	release_sock(&ds->sk);
	return err;
}

/**
 * dipc_sock_set_conf() - set the limits of what a socket receives from
 * @ds: the socket
 * @conf: the limits, from user space
 *
 * Of a socket that listens, those of the sockets that it accepts from here on.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if they are not sound, or not for a stream; -EOPNOTSUPP
 * if they are those of a mailbox; -ENOMEM; as dipc_queue_configure().
 */
int dipc_sock_set_conf(struct dipc_sock *ds,
		       const struct dipc_queue_conf *conf)
{
	struct dipc_queue_conf checked = *conf;
	struct dipc_listener *l;
	int err;

	err = check_conf(ds, &checked);
	if (err)
		return err;
	lock_sock(&ds->sk);
	l = dipc_sock_listener(ds);
	if (ds->mailbox)
		err = -EOPNOTSUPP;
	else if (ds->rx)
		err = dipc_queue_configure(ds->rx, &checked, ds->rx->owner);
	else
		err = remember_conf(ds, &checked);
	if (l && !err)
		dipc_listener_set_conf(l, &checked);
	release_sock(&ds->sk);
	return err;
}

/**
 * dipc_sock_get_conf() - the limits of what a socket receives from
 * @ds: the socket
 * @conf: filled
 *
 * Context: process; may sleep.
 */
void dipc_sock_get_conf(struct dipc_sock *ds, struct dipc_queue_conf *conf)
{
	struct dipc_queue_info info;

	lock_sock(&ds->sk);
	if (ds->rx) {
		dipc_queue_info(ds->rx, &info);
		*conf = info.conf;
	} else {
		dipc_sock_conf(ds, conf);
	}
	release_sock(&ds->sk);
}
