// SPDX-License-Identifier: GPL-2.0
/*
 * Binder, where the kernel has it: one transaction to the context manager and
 * its reply. Both use the message where the kernel has put it, without a copy
 * of their own.
 */
#include <fcntl.h>
#include <linux/android/binder.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peers.h"
#include "tools.h"

#define ROOM	(4U << 20)	/* the most that the driver maps */

/* A command and what follows it, as the driver wants them. */
struct free_command {
	uint32_t code;
	binder_uintptr_t buffer;
} __attribute__((packed));

struct send_command {
	uint32_t code;
	struct binder_transaction_data data;
} __attribute__((packed));

struct binder_end {
	binder_uintptr_t held;	/* where the latest message lies */
	size_t held_len;
};

static int device_open(void)
{
	int fd = open("/dev/binder", O_RDWR | O_CLOEXEC);

	return fd < 0 ? open("/dev/binderfs/binder", O_RDWR | O_CLOEXEC) : fd;
}

static int binder_open(struct link *l)
{
	int fd = device_open();

	/* The one to be used belongs to the process that opens it. */
	close(fd);
	return fd < 0 ? -1 : 0;
}

static void binder_close(struct link *l)
{
}

/* true: this is what was awaited */
static bool take(struct end *e, uint32_t code, const char *at, uint32_t awaited)
{
	struct binder_end *state = e->more;
	struct binder_transaction_data t;

	if (code == BR_DEAD_REPLY || code == BR_FAILED_REPLY ||
	    code == BR_ERROR) {
		errno = EPROTO;
		fail("binder");
	}
	if (code != awaited)
		return false;
	memcpy(&t, at, sizeof(t));
	state->held = t.data.ptr.buffer;
	state->held_len = t.data_size;
	return true;
}

/* Write commands, and read until what is awaited has come, unless that is 0. */
static void exchange(struct end *e, const void *out, size_t out_len,
		     uint32_t awaited)
{
	char in[256];
	struct binder_write_read wr = {
		.write_buffer = (uintptr_t)out, .write_size = out_len,
	};
	bool is_done = !awaited;

	do {
		wr.read_buffer = (uintptr_t)in;
		wr.read_size = awaited ? sizeof(in) : 0;
		wr.read_consumed = 0;
		MUST(ioctl(e->in, BINDER_WRITE_READ, &wr));
		for (size_t at = 0; at < wr.read_consumed;) {
			uint32_t code;

			memcpy(&code, in + at, sizeof(code));
			at += sizeof(code);
			is_done |= take(e, code, in + at, awaited);
			at += _IOC_SIZE(code);
		}
	} while (!is_done);
}

static void binder_enter(struct end *e, bool is_server)
{
	static struct binder_end state;
	uint32_t looper = BC_ENTER_LOOPER;
	int zero = 0;

	e->in = MUST(device_open());
	e->more = &state;
	if (mmap(NULL, ROOM, PROT_READ, MAP_PRIVATE, e->in, 0) == MAP_FAILED)
		fail("mmap of /dev/binder");
	if (is_server) {
		MUST(ioctl(e->in, BINDER_SET_CONTEXT_MGR, &zero));
		exchange(e, &looper, sizeof(looper), 0);
	}
}

static struct send_command message(uint32_t code, const void *buf, size_t len)
{
	return (struct send_command) { code, {
		.data_size = len, .data.ptr.buffer = (uintptr_t)buf,
	} };
}

static void binder_call(struct end *e, void *buf, size_t len)
{
	struct binder_end *state = e->more;
	struct {
		struct free_command free;
		struct send_command send;
	} __attribute__((packed)) out = {
		{ BC_FREE_BUFFER, state->held },
		message(BC_TRANSACTION, buf, len),
	};

	if (state->held)
		exchange(e, &out, sizeof(out), BR_REPLY);
	else
		exchange(e, &out.send, sizeof(out.send), BR_REPLY);
	if (state->held_len != len)
		fail("length of the reply");
}

/* What is replied is the request as it lies there, which is freed then. */
static void binder_reply(struct end *e, size_t len, uint32_t awaited)
{
	struct binder_end *state = e->more;
	struct {
		struct send_command send;
		struct free_command free;
	} __attribute__((packed)) out = {
		message(BC_REPLY, (void *)(uintptr_t)state->held, len),
		{ BC_FREE_BUFFER, state->held },
	};

	exchange(e, &out, sizeof(out), awaited);
}

static void binder_serve(struct end *e, void *buf, size_t len, unsigned int n)
{
	exchange(e, NULL, 0, BR_TRANSACTION);
	while (--n)
		binder_reply(e, len, BR_TRANSACTION);
	binder_reply(e, len, 0);
}

const struct peer peer_binder = {
	.name = "binder", .about = "a transaction on /dev/binder and its reply",
	.is_between_processes = true,
	.open = binder_open, .close = binder_close, .enter = binder_enter,
	.call = binder_call, .serve = binder_serve,
};
