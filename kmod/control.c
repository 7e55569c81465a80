// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing control messages. Those of SOL_DIPC are the module's
 * own; of SOL_SOCKET there are descriptors, credentials and time stamps. The
 * core does these only for families with socket buffers.
 */
#include <linux/cred.h>
#include <linux/errqueue.h>
#include <linux/pid_namespace.h>
#include <linux/uidgid.h>
#include <net/scm.h>

#include "control.h"
#include "files.h"

static bool is_stream(const struct dipc_sock *ds)
{
	return ds->sk.sk_type == SOCK_STREAM;
}

/* A value of fixed size; it need not be aligned for its type. */
static int get_value(const struct cmsghdr *cmsg, void *value, size_t size)
{
	if (cmsg->cmsg_len != CMSG_LEN(size))
		return -EINVAL;
	memcpy(value, CMSG_DATA(cmsg), size);
	return 0;
}

static int get_mode(const struct cmsghdr *cmsg, struct dipc_send_params *params)
{
	u32 mode;
	int err = get_value(cmsg, &mode, sizeof(mode));

	if (err || mode > DIPC_MODE_EXPLICIT)
		return -EINVAL;
	params->mode = mode;
	return 0;
}

static int get_priority(const struct cmsghdr *cmsg,
			struct dipc_send_params *params)
{
	u32 priority;
	int err = get_value(cmsg, &priority, sizeof(priority));

	if (err || priority > DIPC_PRIORITY_MAX)
		return -EINVAL;
	params->priority = priority;
	return 0;
}

static int get_deadline(const struct cmsghdr *cmsg,
			struct dipc_send_params *params)
{
	int err = get_value(cmsg, &params->deadline_ns,
			    sizeof(params->deadline_ns));

	return err || !params->deadline_ns ? -EINVAL : 0;
}

static int get_async(const struct cmsghdr *cmsg,
		     struct dipc_send_params *params)
{
	params->async = true;
	return get_value(cmsg, &params->cookie, sizeof(params->cookie));
}

/* What the message is; it is read where that is done. */
static int get_op(const struct cmsghdr *cmsg, struct dipc_send_params *params,
		  size_t size)
{
	if (cmsg->cmsg_len != CMSG_LEN(size) || params->op)
		return -EINVAL;
	params->op = CMSG_DATA(cmsg);
	return 0;
}

static int parse_dipc(const struct cmsghdr *cmsg,
		      struct dipc_send_params *params)
{
	if (cmsg->cmsg_type < 0 || cmsg->cmsg_type >= 32 ||
	    (params->seen & BIT(cmsg->cmsg_type)))
		return -EINVAL;
	params->seen |= BIT(cmsg->cmsg_type);

	switch (cmsg->cmsg_type) {
	case DIPC_MODE:
		return get_mode(cmsg, params);
	case DIPC_TAG:
		return get_value(cmsg, &params->tag, sizeof(params->tag));
	case DIPC_PRIORITY:
		return get_priority(cmsg, params);
	case DIPC_DEADLINE:
		return get_deadline(cmsg, params);
	case DIPC_ASYNC:
		return get_async(cmsg, params);
	case DIPC_CALL:
		return get_op(cmsg, params, sizeof(struct dipc_call_params));
	case DIPC_REPLY:
		return get_op(cmsg, params, sizeof(struct dipc_reply_params));
	case DIPC_CANCEL:
	case DIPC_FORWARD:
	case DIPC_DROP:
		return get_op(cmsg, params, sizeof(u64));
	default:
		return -EINVAL;
	}
}

static bool exists(pid_t pid)
{
	struct pid *found = find_get_pid(pid);

	put_pid(found);
	return found;
}

/*
 * As for AF_UNIX: whoever names himself must be that, or privileged. It
 * changes nothing: the receiver is told what the kernel knows.
 */
static int check_credentials(const struct cmsghdr *cmsg)
{
	struct user_namespace *ns = current_user_ns();
	const struct cred *cred = current_cred();
	struct ucred creds;
	kuid_t uid;
	kgid_t gid;

	if (get_value(cmsg, &creds, sizeof(creds)))
		return -EINVAL;
	uid = make_kuid(ns, creds.uid);
	gid = make_kgid(ns, creds.gid);
	if (!uid_valid(uid) || !gid_valid(gid))
		return -EINVAL;
	if (creds.pid != task_tgid_vnr(current) &&
	    !ns_capable(task_active_pid_ns(current)->user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	if (!uid_eq(uid, cred->uid) && !uid_eq(uid, cred->euid) &&
	    !uid_eq(uid, cred->suid) && !ns_capable(ns, CAP_SETUID))
		return -EPERM;
	if (!gid_eq(gid, cred->gid) && !gid_eq(gid, cred->egid) &&
	    !gid_eq(gid, cred->sgid) && !ns_capable(ns, CAP_SETGID))
		return -EPERM;
	return exists(creds.pid) ? 0 : -ESRCH;
}

static int parse_rights(struct dipc_sock *ds, struct cmsghdr *cmsg,
			struct dipc_send_params *params)
{
	struct dipc_net *dn = dipc_net_of(sock_net(&ds->sk));
	struct dipc_user *user = dipc_user_current();
	int err;

	if (!user)
		return -ENOMEM;
	err = dipc_files_from_cmsg(cmsg, ds->sk.sk_family, user, &dn->limits,
				   &params->files);
	dipc_user_put(user);
	return err;
}

static int parse_one(struct dipc_sock *ds, struct cmsghdr *cmsg,
		     struct dipc_send_params *params)
{
	if (cmsg->cmsg_level == SOL_DIPC)
		return is_stream(ds) ? -EOPNOTSUPP : parse_dipc(cmsg, params);
	/* other levels are for others, and ignored as everywhere */
	if (cmsg->cmsg_level != SOL_SOCKET)
		return 0;
	switch (cmsg->cmsg_type) {
	case SCM_RIGHTS:
		return parse_rights(ds, cmsg, params);
	case SCM_CREDENTIALS:
		return check_credentials(cmsg);
	default:
		return -EINVAL;
	}
}

/**
 * dipc_control_parse() - read a sender's control messages, of which he has some
 * @ds: the socket
 * @msg: with the control messages
 * @params: filled, beginning with what the socket's options say; @files is the
 *	caller's to give up, also on an error
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL for one that is malformed, unknown, doubled, of a wrong
 * size or value; -EOPNOTSUPP for one of SOL_DIPC on a stream, and for
 * descriptors that cannot be passed; -EPERM for credentials that are not the
 * caller's, -ESRCH for those of a process that does not exist; -EBADF,
 * -ETOOMANYREFS, -ENOMEM: see dipc_files_from_cmsg().
 */
int dipc_control_parse(struct dipc_sock *ds, struct msghdr *msg,
		       struct dipc_send_params *params)
{
	struct cmsghdr *cmsg;
	int err;

	dipc_control_none(ds, params);
	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		err = parse_one(ds, cmsg, params);
		if (err)
			return err;
	}
	return 0;
}

static void put_info(struct dipc_sock *ds, struct msghdr *msg,
		     const struct dipc_message *m, u32 info)
{
	struct sockaddr_dipc source;
	u64 value;

	if (info & DIPC_INFO_SOURCE) {
		dipc_addr_from_port(&source, ds->sk.sk_family, m->sender->port);
		put_cmsg(msg, SOL_DIPC, DIPC_SOURCE, sizeof(source), &source);
	}
	if (info & DIPC_INFO_TAG) {
		value = m->tag;
		put_cmsg(msg, SOL_DIPC, DIPC_TAG, sizeof(value), &value);
	}
	if (info & DIPC_INFO_PRIORITY) {
		u32 priority = m->priority;

		put_cmsg(msg, SOL_DIPC, DIPC_PRIORITY, sizeof(priority),
			 &priority);
	}
	if (info & DIPC_INFO_ID) {
		value = m->id;
		put_cmsg(msg, SOL_DIPC, DIPC_ID, sizeof(value), &value);
	}
}

/**
 * dipc_control_put_credentials() - tell a receiver who a sender is
 * @msg: takes up the control message
 * @from: the sender: as the kernel knew him, and as the receiver may know him
 *
 * Context: process; may sleep.
 */
void dipc_control_put_credentials(struct msghdr *msg,
				  const struct dipc_sender *from)
{
	struct ucred creds = {
		.pid = pid_vnr(from->pid),
		.uid = from_kuid_munged(current_user_ns(), from->uid),
		.gid = from_kgid_munged(current_user_ns(), from->gid),
	};

	put_cmsg(msg, SOL_SOCKET, SCM_CREDENTIALS, sizeof(creds), &creds);
}

/* SO_TIMESTAMP and SO_TIMESTAMPNS, each in its old and its new form. */
static void put_stamp(const struct sock *sk, struct msghdr *msg,
		      struct timespec64 ts)
{
	bool is_new = sock_flag(sk, SOCK_TSTAMP_NEW);

	if (sock_flag(sk, SOCK_RCVTSTAMPNS)) {
		if (is_new) {
			struct __kernel_timespec kts = {
				ts.tv_sec, ts.tv_nsec };

			put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMPNS_NEW,
				 sizeof(kts), &kts);
		} else {
			struct __kernel_old_timespec ots = {
				ts.tv_sec, ts.tv_nsec };

			put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMPNS_OLD,
				 sizeof(ots), &ots);
		}
	} else if (is_new) {
		struct __kernel_sock_timeval tv = {
			ts.tv_sec, ts.tv_nsec / NSEC_PER_USEC };

		put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMP_NEW, sizeof(tv), &tv);
	} else {
		struct __kernel_old_timeval tv = {
			ts.tv_sec, ts.tv_nsec / NSEC_PER_USEC };

		put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMP_OLD, sizeof(tv), &tv);
	}
}

/* SO_TIMESTAMPING, as far as software stamps are asked for. */
static void put_stamping(const struct sock *sk, struct msghdr *msg,
			 struct timespec64 ts)
{
	struct scm_timestamping_internal tss = { .ts[0] = ts };

	if (sock_flag(sk, SOCK_TSTAMP_NEW))
		put_cmsg_scm_timestamping64(msg, &tss);
	else
		put_cmsg_scm_timestamping(msg, &tss);
}

static void put_stamps(const struct sock *sk, struct msghdr *msg,
		       const struct dipc_message *m)
{
	bool stamping = READ_ONCE(sk->sk_tsflags) & SOF_TIMESTAMPING_SOFTWARE;
	struct timespec64 ts;

	if (likely(!stamping && !sock_flag(sk, SOCK_RCVTSTAMP)))
		return;
	ts = ns_to_timespec64(m->stamp_ns);
	if (sock_flag(sk, SOCK_RCVTSTAMP))
		put_stamp(sk, msg, ts);
	if (stamping)
		put_stamping(sk, msg, ts);
}

/**
 * dipc_control_put_source() - tell a receiver where a message comes from
 * @ds: the receiving socket
 * @msg: with room for an address
 * @m: the message
 *
 * Context: process.
 */
void dipc_control_put_source(struct dipc_sock *ds, struct msghdr *msg,
			     const struct dipc_message *m)
{
	struct dipc_route *route;

	/* as AF_UNIX: the other end by the address that it was bound to */
	route = dipc_sock_is_link(ds) ? dipc_sock_route(ds) : NULL;
	if (route)
		dipc_route_addr(route, ds->sk.sk_family, msg->msg_name);
	else
		dipc_addr_from_port(msg->msg_name, ds->sk.sk_family,
				    m->sender->port);
	dipc_route_put(route);
	msg->msg_namelen = sizeof(struct sockaddr_dipc);
}

/**
 * dipc_control_put_all() - see dipc_control_put()
 * @ds: the receiving socket, which has asked for something
 * @msg: takes up the control messages
 * @m: the message; perhaps with descriptors
 *
 * Context: process; may sleep.
 */
void dipc_control_put_all(struct dipc_sock *ds, struct msghdr *msg,
			  const struct dipc_message *m)
{
	const struct sock *sk = &ds->sk;
	u32 info = READ_ONCE(ds->recv_info);

	put_stamps(sk, msg, m);
	if (info)
		put_info(ds, msg, m, info);
	if (test_bit(SOCK_PASSCRED, &sk->sk_socket->flags))
		dipc_control_put_credentials(msg, m->sender);
	if (m->extra && m->extra->files)
		dipc_files_install(m->extra->files, msg);
}
