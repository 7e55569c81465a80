// SPDX-License-Identifier: GPL-2.0
/*
 * libipc on the real module: messages with parameters put into mailboxes and
 * got from there, and the order of a mailbox.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>

#include <ipc/libipc.h>

#include "msg.h"

FIXTURE(box)
{
	char name[DIPC_NAME_MAX + 1];
	struct ipc_mailbox *mb;
};

FIXTURE_SETUP(box)
{
	struct ipc_mailbox_attr attr = {
		.fields = IPC_MAILBOX_ORDER | IPC_MAILBOX_CAPACITY_MSGS,
		.order = DIPC_ORDER_PRIORITY,
		.capacity_msgs = 3,
	};
	int err;

	dt_unique(self->name, "putmsg");
	err = ipc_mailbox_open(self->name, O_RDWR | O_CREAT | O_EXCL, &attr,
			       &self->mb);
	ASSERT_EQ(0, err)
		TH_LOG("is the module loaded? %s", strerror(-err));
}

FIXTURE_TEARDOWN(box)
{
	ipc_mailbox_close(self->mb);
	ipc_mailbox_delete(self->name);
}

static int box_put(struct ipc_mailbox *mb, char *text, uint32_t priority,
		   uint64_t tag)
{
	struct ipc_send_attr attr = {
		.fields = IPC_SEND_PRIORITY | IPC_SEND_TAG,
		.priority = priority,
		.tag = tag,
	};
	struct iovec iov = { text, strlen(text) };

	return ipc_mailbox_putmsg(mb, &iov, 1, &attr, 0);
}

static int box_letter(struct ipc_mailbox *mb, int flags)
{
	char buf[8];
	ssize_t n = ipc_mailbox_getmsg(mb, IOV(buf), 1, flags, NULL, 0);

	return n < 0 ? n : buf[0];
}

TEST_F(box, order_is_an_attribute)
{
	struct ipc_mailbox_attr attr = { .fields = IPC_MAILBOX_ORDER };
	struct ipc_mailbox_stat st;

	ASSERT_EQ(0, ipc_mailbox_stat(self->name, &st));
	EXPECT_TRUE(st.attr.fields & IPC_MAILBOX_ORDER);
	EXPECT_EQ(DIPC_ORDER_PRIORITY, st.attr.order);
	ASSERT_EQ(0, box_put(self->mb, "a", 1, 0));
	ASSERT_EQ(0, box_put(self->mb, "b", 2, 0));
	EXPECT_EQ(-EBUSY, ipc_mailbox_set(self->name, &attr));
	EXPECT_EQ('b', box_letter(self->mb, 0));
	EXPECT_EQ('a', box_letter(self->mb, 0));
	EXPECT_EQ(0, ipc_mailbox_set(self->name, &attr));
	ASSERT_EQ(0, box_put(self->mb, "a", 1, 0));
	ASSERT_EQ(0, box_put(self->mb, "b", 2, 0));
	EXPECT_EQ('a', box_letter(self->mb, 0));
	attr.order = 2;
	EXPECT_GT(0, ipc_mailbox_set(self->name, &attr));
}

TEST_F(box, peek_leaves_it)
{
	struct ipc_recv_attr in = { .fields = ALL_INFO };
	char buf[8];

	EXPECT_EQ(-EAGAIN, box_letter(self->mb, MSG_PEEK));
	ASSERT_EQ(0, ipc_set_recv_info(ipc_mailbox_fd(self->mb), ALL_INFO));
	ASSERT_EQ(0, box_put(self->mb, "a", 1, 11));
	ASSERT_EQ(0, box_put(self->mb, "b", 2, 22));
	EXPECT_EQ('b', box_letter(self->mb, MSG_PEEK));
	EXPECT_EQ('b', box_letter(self->mb, MSG_PEEK));
	EXPECT_EQ(1, ipc_mailbox_getmsg(self->mb, IOV(buf), 1, 0, &in, -1));
	EXPECT_EQ('b', buf[0]);
	EXPECT_EQ(ALL_INFO, in.fields);
	EXPECT_EQ(22, in.tag);
	EXPECT_EQ(2, in.priority);
	EXPECT_EQ('a', box_letter(self->mb, 0));
}

TEST_F(box, match_chooses)
{
	struct dipc_match match = { .tag = 1, .tag_mask = ~0ULL };
	int fd = ipc_mailbox_fd(self->mb);

	ASSERT_EQ(0, box_put(self->mb, "a", 9, 2));
	ASSERT_EQ(0, ipc_set_match(fd, &match));
	EXPECT_EQ(0, ipc_mailbox_poll(self->mb, POLLIN, 0));
	EXPECT_EQ(-EAGAIN, box_letter(self->mb, 0));
	ASSERT_EQ(0, box_put(self->mb, "b", 0, 1));
	EXPECT_EQ(POLLIN, ipc_mailbox_poll(self->mb, POLLIN, 0));
	EXPECT_EQ('b', box_letter(self->mb, 0));
	ASSERT_EQ(0, ipc_set_match(fd, NULL));
	EXPECT_EQ('a', box_letter(self->mb, 0));
}

TEST_F(box, asynchronous_put_never_waits)
{
	struct ipc_send_attr attr = { .fields = IPC_SEND_ASYNC, .cookie = 7 };
	struct dipc_completion done;
	int fd = ipc_mailbox_fd(self->mb);
	int i;

	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, ipc_mailbox_putmsg(self->mb, IOV("x"), 1, &attr,
						-1));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, ipc_recv_completion(fd, &done));
	EXPECT_EQ(-EAGAIN, ipc_recv_completion(fd, &done));
	EXPECT_EQ('x', box_letter(self->mb, 0));
	EXPECT_EQ(0, ipc_recv_completion(fd, &done));
	EXPECT_EQ(7, done.cookie);
	for (i = 4; i < 4 + DIPC_ASYNC_MAX; i++)
		ipc_mailbox_putmsg(self->mb, IOV("x"), 1, &attr, 0);
	EXPECT_EQ(-EAGAIN, ipc_mailbox_putmsg(self->mb, IOV("x"), 1, &attr,
					      DT_LONG_MS));
}

TEST_F(box, putmsg_and_getmsg_fail)
{
	struct ipc_send_attr attr = { 0 };
	struct ipc_mailbox *ro, *wo;
	struct sockaddr_dipc addr;
	char buf[8];
	int fd = 0;

	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_RDONLY, NULL, &ro));
	ASSERT_EQ(0, ipc_mailbox_open(self->name, O_WRONLY, NULL, &wo));
	EXPECT_EQ(-EBADF, ipc_mailbox_putmsg(ro, IOV("x"), 1, NULL, 0));
	EXPECT_EQ(-EBADF, ipc_mailbox_getmsg(wo, IOV(buf), 1, 0, NULL, 0));
	EXPECT_EQ(-EINVAL, ipc_mailbox_getmsg(ro, IOV(buf), 1, MSG_OOB, NULL,
					      0));
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_getmsg(ro, IOV(buf), 1, 0, NULL,
						 DT_SHORT_MS));
	ASSERT_EQ(0, ipc_addr_mailbox(self->name, 0, &addr));
	attr.to = &addr;
	EXPECT_EQ(-EINVAL, ipc_mailbox_putmsg(wo, IOV("x"), 1, &attr, 0));
	attr.to = NULL;
	attr.fds = &fd;
	attr.n_fds = 1;
	EXPECT_EQ(-EOPNOTSUPP, ipc_mailbox_putmsg(wo, IOV("x"), 1, &attr, 0));
	attr.n_fds = 0;
	attr.fields = 1U << 31;
	EXPECT_EQ(-EINVAL, ipc_mailbox_putmsg(wo, IOV("x"), 1, &attr, 0));

	ASSERT_EQ(0, box_put(wo, "a", 0, 0));
	ASSERT_EQ(0, box_put(wo, "b", 0, 0));
	ASSERT_EQ(0, box_put(wo, "c", 0, 0));
	EXPECT_EQ(-EAGAIN, box_put(wo, "d", 0, 0));
	EXPECT_EQ(-ETIMEDOUT, ipc_mailbox_putmsg(wo, IOV("d"), 1, NULL,
						 DT_SHORT_MS));
	ipc_mailbox_close(ro);
	ipc_mailbox_close(wo);
}

TEST_HARNESS_MAIN
