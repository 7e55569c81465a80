// SPDX-License-Identifier: GPL-2.0
/*
 * Sends to a mailbox and receives from it, one step after the other, each of
 * which is known to come to the same end every time.
 *
 *	steps MAILBOX STEP...
 *
 * put		send a message, without waiting
 * slow		send a message, and wait for room a short while
 * long		send a message of 1,000 bytes
 * get		receive a message, without waiting
 * short	receive a message with too small a buffer
 * peek		look at a message
 * bad		receive a message with a bad buffer
 * hand		send a message to a receiver that waits
 * call		send a request, receive it, and reply to it
 *
 * Prints "port NUMBER" of who sends, and for each step what came of it: "0", or
 * the name of the error.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "dipc_test.h"

static int rx, tx;

static long receive_one(void *arg)
{
	char buf[16];

	return DT_ERR(recv(rx, buf, sizeof(buf), 0));
}

static long hand(void)
{
	struct dt_thread receiver;
	long ret;

	ret = dt_thread_start(&receiver, receive_one, NULL);
	if (ret)
		return ret;
	if (!DT_WAIT_UNTIL(dt_is_asleep(receiver.tid, SYS_recvfrom)))
		return -ETIME;
	ret = DT_ERR(send(tx, "abc", 3, MSG_DONTWAIT));
	return ret < 0 ? ret : dt_thread_join(&receiver);
}

static long slow(void)
{
	long ret = dt_set_timeout(tx, SO_SNDTIMEO, DT_SHORT_MS);

	return ret ?: DT_ERR(send(tx, "abc", 3, 0));
}

static long operate(int fd, struct dipc_op op)
{
	op.size = sizeof(op);
	return DT_ERR(ioctl(fd, DIPC_IOC_OP, &op));
}

static long call(void)
{
	struct dipc_request request = { .handle = 0 };
	char text[] = "abc";
	int one = 1;
	long ret;

	ret = DT_ERR(setsockopt(rx, SOL_DIPC, DIPC_RECV_CALLS, &one,
				sizeof(one)));
	if (!ret)
		ret = operate(tx, (struct dipc_op) {
			.op = DIPC_OP_CALL_START, .out = (uintptr_t)text,
			.out_len = 3, .reply_max = 3 });
	if (ret >= 0)
		ret = operate(rx, (struct dipc_op) {
			.op = DIPC_OP_RECV, .in = (uintptr_t)text, .in_len = 3,
			.info = (uintptr_t)&request });
	if (ret >= 0)
		ret = operate(rx, (struct dipc_op) {
			.op = DIPC_OP_REPLY, .handle = request.handle,
			.out = (uintptr_t)text, .out_len = 3 });
	if (ret >= 0)
		ret = operate(tx, (struct dipc_op) {
			.op = DIPC_OP_CALL_FINISH, .in = (uintptr_t)text,
			.in_len = 3 });
	return ret;
}

static long step(const char *what)
{
	static char buf[1000];

	if (!strcmp(what, "put"))
		return DT_ERR(send(tx, "abc", 3, MSG_DONTWAIT));
	if (!strcmp(what, "slow"))
		return slow();
	if (!strcmp(what, "long"))
		return DT_ERR(send(tx, buf, 1000, MSG_DONTWAIT));
	if (!strcmp(what, "get"))
		return DT_ERR(recv(rx, buf, sizeof(buf), MSG_DONTWAIT));
	if (!strcmp(what, "short"))
		return DT_ERR(recv(rx, buf, 1, MSG_DONTWAIT));
	if (!strcmp(what, "peek"))
		return DT_ERR(recv(rx, buf, sizeof(buf), MSG_DONTWAIT | MSG_PEEK));
	if (!strcmp(what, "bad"))
		return DT_ERR(recv(rx, (void *)8, 8, MSG_DONTWAIT));
	if (!strcmp(what, "hand"))
		return hand();
	if (!strcmp(what, "call"))
		return call();
	return -ENOSYS;
}

int main(int argc, char **argv)
{
	struct sockaddr_dipc addr;
	int i;

	if (argc < 3) {
		fprintf(stderr, "usage: steps MAILBOX STEP...\n");
		return 2;
	}
	addr = dt_mailbox(argv[1]);
	rx = dt_socket_bound(SOCK_RDM, &addr);
	tx = dt_socket_connected(SOCK_RDM, &addr);
	if (rx < 0 || tx < 0) {
		fprintf(stderr, "steps: %s: %s\n", argv[1],
			strerror(rx < 0 ? -rx : -tx));
		return 1;
	}
	printf("port %llu\n", (unsigned long long)dt_port_id(tx));
	for (i = 2; i < argc; i++) {
		long ret = step(argv[i]);

		printf("%s %s\n", argv[i], ret < 0 ? strerrorname_np(-ret) : "0");
	}
	return 0;
}
