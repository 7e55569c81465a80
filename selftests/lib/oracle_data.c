// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the oracle: what is sent and received, in which pieces, with
 * which flags, and in which states it cannot be; see oracle.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "oracle.h"

#define BAD	((void *)8)

static void unconnected(void)
{
	int s = FD(new_socket());

	FD(new_bound('x'));
	set_nonblock(s);
	o.stage = "new";
	DO(send_text(s, "x", 0));
	DO(send(s, NULL, 0, 0));
	DO(write(s, "x", 1));
	DO(send_text(s, "x", MSG_NOSIGNAL));
	TEXT(recv_of(s, 10, 0));
	TEXT(recv_of(s, 10, MSG_PEEK));
	TEXT(inq_of(s));
	TEXT(outq_of(s));
	TEXT(opt_of(s, SO_ERROR));
	DO(bind_to(s, 's'));
	o.stage = "bound";
	DO(send_text(s, "x", 0));
	TEXT(recv_of(s, 10, 0));
	TEXT(inq_of(s));
}

static void unconnected_to_address(void)
{
	int s = FD(new_socket()), l = FD(new_listener('l', 1));

	set_nonblock(s);
	DO(send_to(s, "x", 'l', 0));
	DO(send_to(s, "x", 'y', 0));
	DO(send_to(s, "x", 'l', MSG_NOSIGNAL));
	TEXT(opt_of(s, SO_ERROR));
	DO(close(l));
}

static void connected_to_address(void)
{
	struct ends e = new_ends();

	DO(send_to(e.a, "x", 'b', 0));
	DO(send_to(e.a, "y", 'y', 0));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(sendto(e.a, "z", 1, 0, (struct sockaddr *)BAD, 20));
	DO(sendto(e.a, "z", 1, 0, NULL, 20));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

static void dgram_addresses(void)
{
	int s = FD(new_bound('s')), t = FD(new_bound('t')), u = FD(new_socket());

	DO(send_to(s, "1", 't', 0));
	TEXT(recv_from(t, 10, MSG_DONTWAIT));
	DO(send_to(s, "2", 'x', 0));
	DO(send_to(s, "", 't', 0));
	TEXT(recv_from(t, 10, MSG_DONTWAIT));
	DO(send_to(s, "3", 's', 0));
	TEXT(recv_from(s, 10, MSG_DONTWAIT));
	DO(send_to(u, "4", 't', 0));
	TEXT(name_of(u));
	TEXT(recv_from(t, 10, MSG_DONTWAIT));
	DO(send_to(u, "5", 0, 0));
	DO(close(s));
	DO(send_to(t, "6", 's', 0));
	DO(sendto(t, "7", 1, 0, (struct sockaddr *)BAD, 20));
}

static void basics(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abc", 0));
	DO(write(e.a, "de", 2));
	TEXT(recv_of(e.b, 10, 0));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(send_text(e.b, "fgh", 0));
	TEXT(recv_of(e.a, 10, 0));
	DO(send_text(e.a, "x", MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE));
	DO(send_text(e.a, "y", MSG_CONFIRM | MSG_DONTROUTE));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
}

static void sources(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abc", 0));
	TEXT(recv_from(e.b, 10, 0));
	DO(send_text(e.b, "def", 0));
	TEXT(recv_from(e.a, 10, 0));
}

static void zero_length(void)
{
	struct ends e = new_ends();
	char c;

	DO(send(e.a, NULL, 0, 0));
	TEXT(poll_of(e.b));
	TEXT(inq_of(e.b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(send(e.a, BAD, 0, 0));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(write(e.a, "", 0));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(send(e.a, NULL, 0, MSG_EOR));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 0, MSG_DONTWAIT));
	DO(read(e.b, &c, 0));
	DO(send_text(e.a, "abc", 0));
	TEXT(recv_of(e.b, 0, MSG_DONTWAIT | MSG_PEEK));
	DO(read(e.b, &c, 0));
	TEXT(recv_of(e.b, 0, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(close(e.b));
	DO(send(e.a, NULL, 0, MSG_NOSIGNAL));
	TEXT(recv_of(e.a, 0, MSG_DONTWAIT));
}

static void partial_reads(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abcdef", 0));
	DO(send_text(e.a, "ghi", 0));
	TEXT(inq_of(e.b));
	TEXT(recv_of(e.b, 2, MSG_DONTWAIT));
	TEXT(inq_of(e.b));
	TEXT(poll_of(e.b));
	TEXT(recv_of(e.b, 5, MSG_DONTWAIT));
	TEXT(inq_of(e.b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	TEXT(inq_of(e.b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

static void peek(void)
{
	struct ends e = new_ends();

	TEXT(recv_of(e.b, 10, MSG_DONTWAIT | MSG_PEEK));
	DO(send_text(e.a, "abcdef", 0));
	DO(send_text(e.a, "ghi", 0));
	TEXT(recv_of(e.b, 2, MSG_PEEK));
	TEXT(recv_of(e.b, 10, MSG_PEEK));
	TEXT(recv_of(e.b, 2, MSG_PEEK | MSG_TRUNC));
	TEXT(inq_of(e.b));
	TEXT(recv_of(e.b, 2, 0));
	TEXT(recv_of(e.b, 10, MSG_PEEK));
	TEXT(recv_of(e.b, 10, 0));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT | MSG_PEEK));
	DO(send_text(e.a, "xyz", 0));
	DO(close(e.a));
	TEXT(recv_of(e.b, 10, MSG_PEEK));
	TEXT(recv_of(e.b, 10, 0));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT | MSG_PEEK));
}

/* Over many writes; and each time from the first byte on. */
static void peek_far(void)
{
	struct ends e = new_ends();
	int i;

	for (i = 0; i < 150; i++)
		send_bytes(e.a, 300, 0);
	TEXT(recv_of(e.b, 50000, MSG_PEEK));
	TEXT(recv_of(e.b, 50000, MSG_PEEK | MSG_DONTWAIT));
	TEXT(recv_of(e.b, 100, 0));
	TEXT(recv_of(e.b, 50000, MSG_PEEK));
	TEXT(recv_of(e.b, 50000, MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT));
	TEXT(inq_of(e.b));
	TEXT(recv_of(e.b, 50000, 0));
}

static void truncation(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abcdef", 0));
	DO(send_text(e.a, "ghi", 0));
	TEXT(recv_of(e.b, 2, MSG_TRUNC));
	TEXT(recv_of(e.b, 10, MSG_TRUNC));
	TEXT(recv_of(e.b, 10, MSG_TRUNC | MSG_DONTWAIT));
}

static void waitall(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abc", 0));
	TEXT(recv_of(e.b, 6, MSG_WAITALL | MSG_DONTWAIT));
	TEXT(recv_of(e.b, 6, MSG_WAITALL | MSG_DONTWAIT));
	DO(send_text(e.a, "abc", 0));
	DO(send_text(e.a, "def", 0));
	DO(send_text(e.a, "ghi", 0));
	TEXT(recv_of(e.b, 5, MSG_WAITALL));
	TEXT(recv_of(e.b, 4, MSG_WAITALL | MSG_DONTWAIT));
	TEXT(recv_of(e.b, 4, MSG_WAITALL | MSG_DONTWAIT));
}

static void end_of_record(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abc", MSG_EOR));
	DO(send_text(e.a, "def", 0));
	TEXT(recv_eor(e.b, 3, 0));
	TEXT(recv_eor(e.b, 3, 0));
	DO(send_text(e.a, "ghi", MSG_EOR));
	TEXT(recv_eor(e.b, 2, MSG_PEEK));
	TEXT(recv_eor(e.b, 2, 0));
	TEXT(recv_eor(e.b, 2, MSG_DONTWAIT));
	DO(close(e.a));
	TEXT(recv_eor(e.b, 2, MSG_DONTWAIT));
}

static void out_of_band(void)
{
	struct ends e = new_ends();

	TEXT(recv_of(e.b, 10, MSG_OOB | MSG_DONTWAIT));
	DO(send_text(e.a, "abc", 0));
	DO(send_text(e.a, "x", MSG_OOB));
	TEXT(poll_of(e.b));
	TEXT(recv_of(e.b, 10, MSG_OOB | MSG_DONTWAIT));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

static void error_queue(void)
{
	struct ends e = new_ends();

	TEXT(recv_of(e.b, 10, MSG_ERRQUEUE | MSG_DONTWAIT));
	DO(send_text(e.a, "abc", MSG_ERRQUEUE));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

static ssize_t writev_text(int fd, const char *a, const char *b, const char *c)
{
	struct iovec iov[] = { { (void *)a, strlen(a) },
			       { (void *)b, strlen(b) },
			       { (void *)c, strlen(c) } };

	return writev(fd, iov, 3);
}

static const char *readv_of(int fd, size_t first, size_t second)
{
	static char text[64];
	char a[16] = "", b[16] = "";
	struct iovec iov[] = { { a, first }, { b, second } };
	ssize_t n = DT_ERR(readv(fd, iov, 2));

	if (n < 0)
		return error_text(n);
	snprintf(text, sizeof(text), "%zd '%s' '%s'", n, a, b);
	return text;
}

static void pieces(void)
{
	struct ends e = new_ends();

	DO(writev_text(e.a, "ab", "", "cde"));
	DO(writev_text(e.a, "", "f", "gh"));
	DO(writev_text(e.a, "", "", ""));
	TEXT(readv_of(e.b, 1, 3));
	TEXT(readv_of(e.b, 4, 6));
	set_nonblock(e.b);
	TEXT(readv_of(e.b, 4, 6));
	TEXT(readv_of(e.b, 0, 6));
}

static void many_in_one_call(void)
{
	struct ends e = new_ends();
	struct iovec iov[3] = { { "a", 1 }, { "bc", 2 }, { "def", 3 } };
	char in[3][8];
	struct mmsghdr tx[3] = { 0 }, rx[3] = { 0 };
	int i;

	for (i = 0; i < 3; i++) {
		tx[i].msg_hdr.msg_iov = &iov[i];
		tx[i].msg_hdr.msg_iovlen = 1;
	}
	DO(sendmmsg(e.a, tx, 3, 0));
	DO(tx[2].msg_len);
	for (i = 0; i < 3; i++) {
		iov[i] = (struct iovec) { in[i], 2 };
		rx[i].msg_hdr.msg_iov = &iov[i];
		rx[i].msg_hdr.msg_iovlen = 1;
	}
	DO(recvmmsg(e.b, rx, 3, MSG_DONTWAIT, NULL));
	DO(rx[0].msg_len);
	DO(rx[1].msg_len);
	DO(rx[2].msg_len);
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(recvmmsg(e.b, rx, 3, MSG_DONTWAIT, NULL));
}

static ssize_t send_half_bad(int fd)
{
	struct iovec iov[] = { { "abc", 3 }, { BAD, 3 } };

	return writev(fd, iov, 2);
}

static ssize_t recv_half_bad(int fd)
{
	char a[2];
	struct iovec iov[] = { { a, 2 }, { BAD, 8 } };

	return readv(fd, iov, 2);
}

static void bad_memory(void)
{
	struct ends e = new_ends();

	DO(send(e.a, BAD, 3, 0));
	DO(send_half_bad(e.a));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(send_text(e.a, "abcdef", 0));
	DO(recv(e.b, BAD, 3, 0));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
	DO(send_text(e.a, "ghijkl", 0));
	DO(recv(e.b, BAD, 3, MSG_PEEK));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
}

static void half_bad_memory(void)
{
	struct ends e = new_ends();

	DO(send_text(e.a, "abcdef", 0));
	DO(recv_half_bad(e.b));
	TEXT(recv_of(e.b, 10, MSG_DONTWAIT));
}

static void large(void)
{
	struct ends e = new_ends();

	DO(send_bytes(e.a, 4096, 0));
	DO(send_bytes(e.a, 5000, 0));
	TEXT(recv_of(e.b, 4096, 0));
	TEXT(recv_of(e.b, 5000, 0));
	DO(send_bytes(e.a, 30000, 0));
	TEXT(recv_of(e.b, 60000, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 60000, MSG_DONTWAIT));
}

/* Larger than any message may be; of a stream, as much as there is room for. */
static void too_large(void)
{
	struct ends e = new_ends();
	size_t len = (64 << 20) + 1;
	char *buf = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	long n;

	n = DT_ERR(send(e.a, buf, len, MSG_DONTWAIT));
	o_begin("send() of 64 MiB + 1");
	o_text(n > 0 && n < (long)len ? "a part" : n < 0 ? error_text(n) :
	       "all");
	TEXT(fill_of(e.a));
}

static void full(void)
{
	struct ends e = new_ends();

	TEXT(poll_of(e.a));
	TEXT(fill_of(e.a));
	TEXT(poll_of(e.a));
	TEXT(outq_of(e.a));
	DO(send_bytes(e.a, 4096, MSG_DONTWAIT));
	DO(dt_set_timeout(e.a, SO_SNDTIMEO, DT_SHORT_MS));
	DO(send_bytes(e.a, 4096, 0));
	TEXT(opt_of(e.a, SO_ERROR));
	TEXT(drain_of(e.b));
	TEXT(poll_of(e.a));
	TEXT(outq_of(e.a));
	DO(send_bytes(e.a, 4096, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 60000, MSG_DONTWAIT));
}

static ssize_t recv_into(int fd, void *addr, socklen_t *len, int room)
{
	socklen_t mine = room;
	char c;

	return recvfrom(fd, &c, 1, MSG_DONTWAIT, addr, len ? len : &mine);
}

/* Who cannot be told from whom it is has received it. */
static void bad_source(void)
{
	struct sockaddr_storage name;
	struct ends e = new_ends();

	DO(send_text(e.a, "1", 0));
	DO(send_text(e.a, "2", 0));
	DO(send_text(e.a, "3", 0));
	DO(send_text(e.a, "4", 0));
	DO(recv_into(e.b, &name, NULL, 0));
	DO(recv_into(e.b, &name, NULL, -1));
	DO(recv_into(e.b, &name, BAD, 0));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
	TEXT(recv_of(e.b, 1, MSG_DONTWAIT));
}

static void by_pipe(void)
{
	struct ends e = new_ends();
	int in[2], out[2];
	char c[8];

	DO(pipe(in));
	DO(pipe(out));
	DO(write(in[1], "abcdef", 6));
	DO(splice(in[0], NULL, e.a, NULL, 4, 0));
	TEXT(poll_of(e.b));
	DO(splice(e.b, NULL, out[1], NULL, 3, SPLICE_F_NONBLOCK));
	DO(read(out[0], c, 8));
	DO(tee(e.a, out[1], 1, 0));
	DO(close(e.b));
	DO(splice(in[0], NULL, e.a, NULL, 2, 0) < 0);
}

const struct o_scenario oracle_data[] = {
	{ "unconnected", unconnected, O_ALL },
	{ "unconnected_to_address", unconnected_to_address, O_LINK },
	{ "connected_to_address", connected_to_address, O_ALL },
	{ "dgram_addresses", dgram_addresses, O_DGRAM },
	{ "basics", basics, O_ALL },
	{ "sources", sources, O_ALL },
	{ "zero_length", zero_length, O_ALL },
	{ "partial_reads", partial_reads, O_ALL },
	{ "peek", peek, O_ALL },
	{ "peek_far", peek_far, O_STREAM },
	{ "bad_source", bad_source, O_ALL },
	{ "by_pipe", by_pipe, O_LINK },
	{ "truncation", truncation, O_ALL },
	{ "waitall", waitall, O_ALL },
	{ "end_of_record", end_of_record, O_ALL },
	{ "out_of_band", out_of_band, O_ALL },
	{ "error_queue", error_queue, O_ALL },
	{ "pieces", pieces, O_ALL },
	{ "many_in_one_call", many_in_one_call, O_ALL },
	{ "bad_memory", bad_memory, O_ALL },
	{ "half_bad_memory", half_bad_memory, O_ALL },
	{ "large", large, O_ALL },
	{ "too_large", too_large, O_ALL },
	{ "full", full, O_ALL },
	{ }
};
