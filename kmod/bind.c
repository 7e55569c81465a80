// SPDX-License-Identifier: GPL-2.0
/*
 * Binding a socket: making its port, giving it names, attaching it to a
 * mailbox, and undoing all that. What a socket receives from is decided here,
 * once.
 */
#include "sock.h"

static struct dipc_net *net_of(const struct dipc_sock *ds)
{
	return dipc_net_of(sock_net(&ds->sk));
}

static struct dipc_port *make_port(struct dipc_sock *ds, u64 id)
{
	struct dipc_net *dn = net_of(ds);

	return dipc_port_create(&dn->ports, id, &ds->conf, ds->sk.sk_type,
				&dn->limits, dn->stats);
}

/* From here on the socket receives from the queue, whose reference is taken. */
static void receive_from(struct dipc_sock *ds, struct dipc_port *port,
			 struct dipc_queue *rx)
{
	dipc_queue_get(rx);
	dipc_queue_watch(rx, &ds->watcher);
	WRITE_ONCE(ds->port, port);
	/* pairs with the acquire in dipc_sock_rx() */
	smp_store_release(&ds->rx, rx);
	/*
	 * Either a poller that was woken meanwhile sees rx, or we see what it
	 * was woken for; pairs with the barrier in sock_poll_wait().
	 */
	smp_mb();
	/* who polls already does so on a queue that was not there */
	if (dipc_queue_readable(rx) || READ_ONCE(rx->closed)) {
		rcu_read_lock();
		ds->watcher.readable(&ds->watcher, true);
		rcu_read_unlock();
	}
}

static int bind_number(struct dipc_sock *ds, u64 id)
{
	struct dipc_port *port;

	if (ds->port)
		return -EINVAL;
	if (id > DIPC_PORT_USER_MAX)
		return -EADDRNOTAVAIL;
	port = make_port(ds, id);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ds->numbered = true;
	receive_from(ds, port, &port->queue);
	return 0;
}

static int bind_name(struct dipc_sock *ds, const struct sockaddr_dipc *addr)
{
	struct dipc_net *dn = net_of(ds);
	struct dipc_name_request request = {
		.name = addr->sdipc_name,
		.scope = addr->sdipc_scope,
		.shared = READ_ONCE(ds->reuse_name),
		.uid = current_euid(),
	};
	struct dipc_port *port = ds->port;
	struct dipc_binding *first;
	int err;

	if (ds->mailbox)
		return -EINVAL;
	if (!port) {
		port = make_port(ds, 0);
		if (IS_ERR(port))
			return PTR_ERR(port);
	}
	err = dipc_port_bind_name(port, &dn->ports, &dn->names, &request,
				  &dn->limits);
	if (err) {
		if (!ds->port)
			dipc_port_destroy(port, &dn->ports, &dn->names);
		return err;
	}
	if (!ds->bound && !ds->numbered) {
		first = list_first_entry(&port->bindings, struct dipc_binding,
					 by_owner);
		refcount_inc(&first->name->refs);
		ds->bound = first->name;
	}
	if (!ds->port)
		receive_from(ds, port, &port->queue);
	return 0;
}

static int bind_mailbox(struct dipc_sock *ds, const struct sockaddr_dipc *addr)
{
	struct dipc_net *dn = net_of(ds);
	struct dipc_mailbox *mailbox;
	struct dipc_port *port;
	int err;

	if (ds->port)
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
	ds->bound = mailbox->binding.name;
	ds->mailbox = mailbox;
	receive_from(ds, port, &mailbox->queue);
	dipc_mailbox_put(mailbox);
	return 0;

err_port:
	dipc_port_destroy(port, &dn->ports, &dn->names);
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
 * -ENOBUFS over a limit; -ENOMEM.
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
 * dipc_sock_autobind() - see to it that a socket has a port
 * @ds: the socket
 *
 * Context: process; may sleep.
 * Return: 0; -ENOBUFS if the user has too many ports; -ENOMEM.
 */
int dipc_sock_autobind(struct dipc_sock *ds)
{
	struct dipc_port *port;
	int err = 0;

	if (likely(dipc_sock_rx(ds)))
		return 0;
	lock_sock(&ds->sk);
	if (!ds->port) {
		port = make_port(ds, 0);
		if (IS_ERR(port))
			err = PTR_ERR(port);
		else
			receive_from(ds, port, &port->queue);
	}
	release_sock(&ds->sk);
	return err;
}

/**
 * dipc_sock_unbind() - a socket is closed
 * @ds: the socket, which nobody uses any more
 *
 * Context: process; may sleep.
 */
void dipc_sock_unbind(struct dipc_sock *ds)
{
	struct dipc_net *dn = net_of(ds);

	if (!ds->port)
		return;
	dipc_queue_unwatch(ds->rx, &ds->watcher);
	dipc_port_destroy(ds->port, &dn->ports, &dn->names);
	if (ds->mailbox)
		dipc_mailbox_detach(ds->mailbox);
	dipc_queue_put(ds->rx);
	dipc_name_put(ds->bound);
}

/**
 * dipc_sock_name() - what a socket was bound to
 * @ds: the socket, locked
 * @addr: filled; DIPC_ADDR_ANY if it is not bound
 *
 * Context: process.
 */
void dipc_sock_name(struct dipc_sock *ds, struct sockaddr_dipc *addr)
{
	int family = ds->sk.sk_family;

	if (ds->bound)
		dipc_addr_from_name(addr, family, ds->mailbox ?
				    DIPC_ADDR_MAILBOX : DIPC_ADDR_NAME,
				    ds->bound->scope, ds->bound->name);
	else
		dipc_addr_from_port(addr, family, ds->port ? ds->port->id : 0);
}
