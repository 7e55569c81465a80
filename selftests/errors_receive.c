// SPDX-License-Identifier: GPL-2.0
/*
 * How receives fail, and that then nothing is lost; see errors.h.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "errors.h"
#include "post.h"

static struct sockaddr *sa(const void *addr)
{
	return (struct sockaddr *)addr;
}

static struct iovec many_iov[10000];

/*
 * recv() and its relatives
 */

ROW(E_RECV_01, EAGAIN, nothing_there)
{
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT | MSG_PEEK) == -EAGAIN);
	return dt_recv_number(e->rx, MSG_DONTWAIT);
}

ROW(E_RECV_02, EAGAIN, time_ran_out)
{
	NEED(!dt_set_timeout(e->rx, SO_RCVTIMEO, DT_SHORT_MS));
	NEED(dt_recv_number(e->rx, MSG_PEEK) == -EAGAIN);
	return dt_recv_number(e->rx, 0);
}

ROW(E_RECV_03, EINTR, interrupted)
{
	struct dt_thread t;

	NEED(!dt_count_signal(SIGUSR1, 0));
	NEED(errors_start_receiver(&t, &e->rx, true));
	NEED(errors_interrupted(&t) == -EINTR);
	NEED(errors_start_receiver(&t, &e->rx, false));
	return errors_interrupted(&t);
}

ROW(E_RECV_04, EFAULT, bad_payload)
{
	long err;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(!dt_send_number(e->tx, 2, 0, NULL));
	NEED(dt_recv(e->rx, BAD, 4, MSG_PEEK, NULL) == -EFAULT);
	err = dt_recv(e->rx, BAD, 4, 0, NULL);
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 2);
	return err;
}

ROW(E_RECV_05, EFAULT, bad_second_piece)
{
	char buf[2];
	struct iovec iov[2] = { { buf, 2 }, { BAD, 2 } };
	long err;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	err = DT_ERR(readv(e->rx, iov, 2));
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	return err;
}

ROW(E_RECV_06, EFAULT, bad_header)
{
	struct msghdr msg = { .msg_iov = BAD, .msg_iovlen = 1 };
	long err;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(DT_ERR(recvmsg(e->rx, &msg, 0)) == -EFAULT);
	NEED(DT_ERR(syscall(SYS_readv, e->rx, BAD, 1)) == -EFAULT);
	err = DT_ERR(syscall(SYS_recvmsg, e->rx, BAD, 0));
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	return err;
}

ROW(E_RECV_07, EFAULT, bad_place_for_the_source)
{
	socklen_t len = sizeof(struct sockaddr_dipc);
	long err;
	char c;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(!dt_send_number(e->tx, 2, 0, NULL));
	NEED(DT_ERR(recvfrom(e->rx, &c, 1, 0, BAD, &len)) == -EFAULT);
	err = DT_ERR(recvfrom(e->rx, &c, 1, 0, sa(many_iov), BAD));
	/* the socket layer looks at these after the message was taken */
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == -EAGAIN);
	return err;
}

ROW(E_RECV_08, EINVAL, negative_length_for_the_source)
{
	char name[96];
	struct msghdr msg = { .msg_name = name, .msg_namelen = -1 };

	return DT_ERR(recvmsg(e->rx, &msg, MSG_DONTWAIT));
}

ROW(E_RECV_09, EMSGSIZE, ten_thousand_pieces)
{
	struct msghdr msg = { .msg_iov = many_iov, .msg_iovlen = 10000 };

	return DT_ERR(recvmsg(e->rx, &msg, MSG_DONTWAIT));
}

ROW(E_RECV_10, EINVAL, readv_of_ten_thousand_pieces)
{
	return DT_ERR(syscall(SYS_readv, e->rx, many_iov, 10000));
}

ROW(E_RECV_11, EOPNOTSUPP, out_of_band)
{
	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	return dt_recv_number(e->rx, MSG_OOB);
}

ROW(E_RECV_12, EAGAIN, error_queue_empty)
{
	const uint64_t cookie = 7;

	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(dt_recv_number(e->rx, MSG_ERRQUEUE) == -EAGAIN);
	NEED(dt_recv_number(e->tx, MSG_ERRQUEUE) == -EAGAIN);
	/* one that has been read is there no more */
	NEED(post(e->tx, 'a', POST(.cookie = &cookie)) == 1);
	NEED(!post_recv_room(e->tx, POST_ROOM, MSG_ERRQUEUE).ret);
	return dt_recv_number(e->tx, MSG_ERRQUEUE);
}

ROW(E_RECV_13, EIDRM, mailbox_deleted)
{
	struct sockaddr_dipc mailbox = dt_mailbox(e->name);
	struct dt_thread receiver, peeker;

	NEED(!dt_mailbox_new(e->name, NULL));
	NEED(!dt_bind(e->fd, &mailbox));
	NEED(errors_start_receiver(&receiver, &e->fd, false));
	NEED(errors_start_receiver(&peeker, &e->fd, true));
	NEED(!dt_mailbox_del(e->name));
	NEED(dt_thread_join(&receiver) == -EIDRM);
	NEED(dt_thread_join(&peeker) == -EIDRM);
	NEED(dt_recv_number(e->fd, MSG_PEEK) == -EIDRM);
	NEED(dt_recv_number(e->fd, MSG_DONTWAIT) == -EIDRM);
	return dt_recv_number(e->fd, 0);
}

ROW(E_RECV_14, ENOBUFS, too_many_ports)
{
	int fd = errors_limited("user_max_ports");

	NEED(fd >= 0);
	return dt_recv_number(fd, MSG_DONTWAIT);
}

ROW(E_RECV_15, EINVAL, recvmmsg_for_an_impossible_time)
{
	struct timespec ts = { 0, 1000000000 };
	struct mmsghdr m = { 0 };

	return DT_ERR(recvmmsg(e->rx, &m, 1, MSG_DONTWAIT, &ts));
}

ROW(E_RECV_16, EMSGSIZE, no_room_for_a_completion)
{
	const size_t size = CMSG_LEN(sizeof(struct dipc_completion));
	const uint64_t cookie = 7;
	long err;

	NEED(post(e->tx, 'a', POST(.cookie = &cookie)) == 1);
	NEED(dt_recv_number(e->tx, MSG_ERRQUEUE) == -EMSGSIZE);
	NEED(post_recv_room(e->tx, 0, MSG_ERRQUEUE).ret == -EMSGSIZE);
	err = post_recv_room(e->tx, size - 1, MSG_ERRQUEUE).ret;
	/* it is still there */
	NEED(!post_recv_room(e->tx, size, MSG_ERRQUEUE | MSG_PEEK).ret);
	NEED(!post_recv_room(e->tx, size, MSG_ERRQUEUE).ret);
	return err;
}

ROW(E_RECV_17, EAGAIN, nothing_that_matches)
{
	NEED(!dt_send_number(e->tx, 1, 0, NULL));
	NEED(!post_match(e->rx, 0, 7, UINT64_MAX));
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT | MSG_PEEK) == -EAGAIN);
	NEED(!dt_set_timeout(e->rx, SO_RCVTIMEO, DT_SHORT_MS));
	NEED(dt_recv_number(e->rx, 0) == -EAGAIN);
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == -EAGAIN);
	/* it has only been passed over */
	NEED(!post_match(e->rx, 0, 0, 0));
	NEED(dt_recv_number(e->rx, MSG_DONTWAIT) == 1);
	return dt_recv_number(e->rx, MSG_DONTWAIT);
}

TEST_HARNESS_MAIN
