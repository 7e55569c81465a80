// SPDX-License-Identifier: GPL-2.0
/* Socket options at SOL_DIPC; those at SOL_SOCKET never reach the module. */
#include "sock.h"

/* How long an option may be for the sake of later, larger versions. */
#define OPTLEN_MAX 256

static int get_conf_arg(struct dipc_queue_conf *conf, sockptr_t optval,
			unsigned int optlen)
{
	u8 more[OPTLEN_MAX - sizeof(*conf)];
	size_t n_more;

	if (optlen < sizeof(*conf) || optlen > OPTLEN_MAX)
		return -EINVAL;
	if (copy_from_sockptr(conf, optval, sizeof(*conf)))
		return -EFAULT;
	n_more = optlen - sizeof(*conf);
	if (!n_more)
		return 0;
	if (copy_from_sockptr_offset(more, optval, sizeof(*conf), n_more))
		return -EFAULT;
	return memchr_inv(more, 0, n_more) ? -E2BIG : 0;
}

static int set_queue(struct dipc_sock *ds, sockptr_t optval,
		     unsigned int optlen)
{
	struct dipc_queue_conf conf;
	int err;

	err = get_conf_arg(&conf, optval, optlen);
	if (err)
		return err;
	err = dipc_queue_conf_check(&conf);
	if (err)
		return err;

	lock_sock(&ds->sk);
	if (ds->mailbox)
		err = -EOPNOTSUPP;
	else if (ds->port)
		dipc_queue_configure(&ds->port->queue, &conf,
				     ds->port->queue.owner);
	else
		ds->conf = conf;
	release_sock(&ds->sk);
	return err;
}

static void get_queue(struct dipc_sock *ds, struct dipc_queue_conf *conf)
{
	struct dipc_queue_info info;

	lock_sock(&ds->sk);
	if (ds->rx) {
		dipc_queue_info(ds->rx, &info);
		*conf = info.conf;
	} else {
		*conf = ds->conf;
	}
	release_sock(&ds->sk);
}

static int get_int_arg(int *value, sockptr_t optval, unsigned int optlen)
{
	if (optlen != sizeof(*value))
		return -EINVAL;
	if (copy_from_sockptr(value, optval, sizeof(*value)))
		return -EFAULT;
	return *value == 0 || *value == 1 ? 0 : -EINVAL;
}

/**
 * dipc_sock_setopt() - set an option at SOL_DIPC
 * @ds: the socket
 * @optname: DIPC_QUEUE, DIPC_REUSE_NAME or DIPC_NOTIFY
 * @optval: its value
 * @optlen: size of the value in bytes
 *
 * Context: process; may sleep.
 * Return: 0; -ENOPROTOOPT for an option that does not exist or cannot be set;
 * -EINVAL for a bad length or value; -E2BIG if what is behind a known struct
 * is not 0; -EFAULT; -EOPNOTSUPP for the limits of a mailbox.
 */
int dipc_sock_setopt(struct dipc_sock *ds, int optname, sockptr_t optval,
		     unsigned int optlen)
{
	int value, err;

	switch (optname) {
	case DIPC_QUEUE:
		return set_queue(ds, optval, optlen);
	case DIPC_REUSE_NAME:
		err = get_int_arg(&value, optval, optlen);
		if (!err)
			WRITE_ONCE(ds->reuse_name, value);
		return err;
	case DIPC_NOTIFY:
		err = get_int_arg(&value, optval, optlen);
		if (!err)
			WRITE_ONCE(ds->notify, value);
		return err;
	default:
		return -ENOPROTOOPT;
	}
}

static int put_opt(const void *value, int size, char __user *optval,
		   int __user *optlen)
{
	int len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < size)
		return -EINVAL;
	if (put_user(size, optlen) || copy_to_user(optval, value, size))
		return -EFAULT;
	return 0;
}

/**
 * dipc_sock_getopt() - read an option at SOL_DIPC
 * @ds: the socket
 * @optname: DIPC_PORT_ID (which gives the socket a port if it has none),
 *	DIPC_QUEUE, DIPC_REUSE_NAME or DIPC_NOTIFY
 * @optval: room for the value
 * @optlen: size of that room in bytes; set to the size of the value
 *
 * Context: process; may sleep.
 * Return: 0; -ENOPROTOOPT for an option that does not exist; -EINVAL if there
 * is too little room; -EFAULT; as dipc_sock_autobind().
 */
int dipc_sock_getopt(struct dipc_sock *ds, int optname, char __user *optval,
		     int __user *optlen)
{
	struct dipc_queue_conf conf;
	int value, err;

	switch (optname) {
	case DIPC_PORT_ID:
		err = dipc_sock_autobind(ds);
		if (err)
			return err;
		return put_opt(&ds->port->id, sizeof(ds->port->id), optval,
			       optlen);
	case DIPC_QUEUE:
		get_queue(ds, &conf);
		return put_opt(&conf, sizeof(conf), optval, optlen);
	case DIPC_REUSE_NAME:
		value = READ_ONCE(ds->reuse_name);
		break;
	case DIPC_NOTIFY:
		value = READ_ONCE(ds->notify);
		break;
	default:
		return -ENOPROTOOPT;
	}
	return put_opt(&value, sizeof(value), optval, optlen);
}
