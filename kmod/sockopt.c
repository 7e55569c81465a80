// SPDX-License-Identifier: GPL-2.0
/* Socket options at SOL_DIPC; those at SOL_SOCKET never reach the module. */
#include "sock.h"

/* How long an option may be for the sake of later, larger versions. */
#define OPTLEN_MAX 256

/* A struct that may be longer than is known here, if the rest is 0. */
static int get_struct_arg(void *arg, size_t size, sockptr_t optval,
			  unsigned int optlen)
{
	u8 more[OPTLEN_MAX];
	size_t n_more;

	if (optlen < size || optlen > OPTLEN_MAX)
		return -EINVAL;
	if (copy_from_sockptr(arg, optval, size))
		return -EFAULT;
	n_more = optlen - size;
	if (!n_more)
		return 0;
	if (copy_from_sockptr_offset(more, optval, size, n_more))
		return -EFAULT;
	return memchr_inv(more, 0, n_more) ? -E2BIG : 0;
}

static int set_queue(struct dipc_sock *ds, sockptr_t optval,
		     unsigned int optlen)
{
	struct dipc_queue_conf conf;
	int err;

	err = get_struct_arg(&conf, sizeof(conf), optval, optlen);
	return err ? err : dipc_sock_set_conf(ds, &conf);
}

static int set_match(struct dipc_sock *ds, sockptr_t optval,
		     unsigned int optlen)
{
	struct dipc_match match;
	int err;

	err = get_struct_arg(&match, sizeof(match), optval, optlen);
	return err ? err : dipc_sock_set_match(ds, &match);
}

static int get_u32_arg(u32 *value, u32 max, sockptr_t optval,
		       unsigned int optlen)
{
	if (optlen != sizeof(*value))
		return -EINVAL;
	if (copy_from_sockptr(value, optval, sizeof(*value)))
		return -EFAULT;
	return *value > max ? -EINVAL : 0;
}

static int set_mode(struct dipc_sock *ds, u32 mode)
{
	WRITE_ONCE(ds->mode, mode);
	/* whether there is room is another question now */
	rcu_read_lock();
	ds->watcher.ops->room(&ds->watcher);
	rcu_read_unlock();
	return 0;
}

/* What bytes without boundaries do not have. */
static bool is_of_messages(int optname)
{
	switch (optname) {
	case DIPC_MODE:
	case DIPC_PRIORITY:
	case DIPC_MATCH:
	case DIPC_RECV_INFO:
	case DIPC_RECV_CALLS:
		return true;
	default:
		return false;
	}
}

/**
 * dipc_sock_setopt() - set an option at SOL_DIPC
 * @ds: the socket
 * @optname: DIPC_QUEUE, DIPC_REUSE_NAME, DIPC_NOTIFY, DIPC_MODE,
 *	DIPC_PRIORITY, DIPC_MATCH, DIPC_RECV_INFO or DIPC_RECV_CALLS
 * @optval: its value
 * @optlen: size of the value in bytes
 *
 * Context: process; may sleep.
 * Return: 0; -ENOPROTOOPT for an option that does not exist or cannot be set;
 * -EINVAL for a bad length or value; -E2BIG if what is behind a known struct
 * is not 0; -EFAULT; -EOPNOTSUPP for the limits of a mailbox, and for what a
 * stream does not have; -EBUSY for another order of a queue with messages, and
 * for DIPC_RECV_CALLS to be taken back;
 * -ENOMEM.
 */
int dipc_sock_setopt(struct dipc_sock *ds, int optname, sockptr_t optval,
		     unsigned int optlen)
{
	u32 value;
	int err;

	if (is_of_messages(optname) && ds->sk.sk_type == SOCK_STREAM)
		return -EOPNOTSUPP;
	switch (optname) {
	case DIPC_QUEUE:
		return set_queue(ds, optval, optlen);
	case DIPC_REUSE_NAME:
		err = get_u32_arg(&value, 1, optval, optlen);
		if (!err)
			WRITE_ONCE(ds->reuse_name, value);
		return err;
	case DIPC_NOTIFY:
		err = get_u32_arg(&value, 1, optval, optlen);
		if (!err)
			WRITE_ONCE(ds->notify, value);
		return err;
	case DIPC_RECV_CALLS:
		err = get_u32_arg(&value, 1, optval, optlen);
		return err ? err : dipc_sock_set_recv_calls(ds, value);
	case DIPC_MODE:
		err = get_u32_arg(&value, DIPC_MODE_EXPLICIT, optval, optlen);
		return err ? err : set_mode(ds, value);
	case DIPC_PRIORITY:
		err = get_u32_arg(&value, DIPC_PRIORITY_MAX, optval, optlen);
		if (!err)
			WRITE_ONCE(ds->priority, value);
		return err;
	case DIPC_MATCH:
		return set_match(ds, optval, optlen);
	case DIPC_RECV_INFO:
		err = get_u32_arg(&value, DIPC_INFO_SOURCE | DIPC_INFO_TAG |
				  DIPC_INFO_PRIORITY | DIPC_INFO_ID, optval,
				  optlen);
		if (!err)
			WRITE_ONCE(ds->recv_info, value);
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

static int get_match(struct dipc_sock *ds, char __user *optval,
		     int __user *optlen)
{
	struct dipc_match match;

	if (!dipc_sock_match(ds, &match))
		memset(&match, 0, sizeof(match));
	return put_opt(&match, sizeof(match), optval, optlen);
}

/**
 * dipc_sock_getopt() - read an option at SOL_DIPC
 * @ds: the socket
 * @optname: DIPC_PORT_ID (which gives the socket a port if it has none), or
 *	one that can be set
 * @optval: room for the value
 * @optlen: size of that room in bytes; set to the size of the value
 *
 * Context: process; may sleep.
 * Return: 0; -ENOPROTOOPT for an option that does not exist; -EOPNOTSUPP for
 * what a stream does not have; -EINVAL if there is too little room; -EFAULT;
 * as dipc_sock_autobind().
 */
int dipc_sock_getopt(struct dipc_sock *ds, int optname, char __user *optval,
		     int __user *optlen)
{
	struct dipc_queue_conf conf;
	u32 value;
	u64 id;
	int err;

	if (is_of_messages(optname) && ds->sk.sk_type == SOCK_STREAM)
		return -EOPNOTSUPP;
	switch (optname) {
	case DIPC_PORT_ID:
		err = dipc_sock_autobind(ds);
		if (err)
			return err;
		id = ds->id;
		return put_opt(&id, sizeof(id), optval, optlen);
	case DIPC_QUEUE:
		dipc_sock_get_conf(ds, &conf);
		return put_opt(&conf, sizeof(conf), optval, optlen);
	case DIPC_MATCH:
		return get_match(ds, optval, optlen);
	case DIPC_REUSE_NAME:
		value = READ_ONCE(ds->reuse_name);
		break;
	case DIPC_NOTIFY:
		value = READ_ONCE(ds->notify);
		break;
	case DIPC_RECV_CALLS:
		value = READ_ONCE(ds->recv_calls);
		break;
	case DIPC_MODE:
		value = READ_ONCE(ds->mode);
		break;
	case DIPC_PRIORITY:
		value = READ_ONCE(ds->priority);
		break;
	case DIPC_RECV_INFO:
		value = READ_ONCE(ds->recv_info);
		break;
	default:
		return -ENOPROTOOPT;
	}
	return put_opt(&value, sizeof(value), optval, optlen);
}
