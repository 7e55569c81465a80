/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The grammar of the fuzzer: what its files (op_*.c) share. What exists is
 * guessed while a program is made (struct fz_model), so that most operations
 * have something to be done to; addresses and memory are words and numbers in
 * the program, and made right or wrong when they are used.
 */
#ifndef FUZZ_GRAMMAR_H
#define FUZZ_GRAMMAR_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "fuzz.h"

#define GR_NAMES	4	/* that programs use */
#define GR_BOXES	4
#define GR_NUMBERS	4
#define GR_SPACES	2	/* network namespaces */
#define GR_TABLES	2	/* of descriptors; the forked ones are copies */
#define GR_PIECES	1100	/* more than there may be */
#define GR_MS		1000000ULL

/* Result of a system call as execute() gives it. */
#define GR_ERR(call) ({							\
	long result_ = (call);						\
	result_ < 0 ? -(long)errno : result_;				\
})

enum gr_kind { GR_NOTHING, GR_SOCKET, GR_OTHER };

/* What is believed to be in a slot. */
struct gr_slot {
	uint8_t kind;		/* enum gr_kind */
	uint8_t type;		/* SOCK_* */
	uint8_t space;		/* its network namespace */
	uint8_t box;		/* number of the mailbox it is bound to, + 1 */
	bool bound, listens, linked, aimed;	/* aimed: connected, no link */
	bool serves;
	bool gone;		/* the mailbox that it was bound to */
	uint8_t pending;	/* connections to be accepted */
	uint8_t asker;		/* slot of who has asked for one last, + 1 */
	uint8_t queued;		/* messages for it */
	uint8_t requests;	/* of those */
	uint8_t owner;		/* which thread has made it */
	uint8_t peer;		/* slot of who is at the other end, + 1 */
	uint16_t name;		/* enum gr_to: what it was bound to last */
	uint16_t aim;		/* and connected to */
	uint8_t asked;		/* calls that it has started */
};

struct fz_model {
	struct gr_slot slot[GR_TABLES][FZ_SLOTS];
	bool box[GR_SPACES][GR_BOXES];
	uint8_t in_box[GR_SPACES][GR_BOXES];	/* messages */
	uint8_t asked_box[GR_SPACES][GR_BOXES];	/* requests of those */
	uint8_t name[GR_SPACES][GR_NAMES];	/* type of who has it */
	uint8_t number[GR_SPACES][GR_NUMBERS];
	uint8_t held[GR_TABLES];	/* requests that were taken */
	bool few_ports;		/* a user may have */
};

unsigned int gr_table(const struct fz_step *step);
unsigned int gr_space(const struct fz_step *step);
/* What the actor of the step has made there; NULL if that is no slot. */
struct gr_slot *gr_make(struct fz_model *model, const struct fz_step *step,
			uint64_t slot, struct gr_slot made);
/* NULL if the number is none of a slot */
struct gr_slot *gr_at(struct fz_model *model, const struct fz_step *step,
		      uint64_t slot);
const struct gr_slot *gr_see(const struct fz_model *model,
			     const struct fz_step *step, uint64_t slot);
bool gr_is_message(const struct gr_slot *s);	/* RDM or DGRAM */
bool gr_is_link(const struct gr_slot *s);	/* SEQPACKET or STREAM */
bool gr_is_dipc(const struct gr_slot *s);
bool gr_is_packets(const struct gr_slot *s);	/* all but STREAM */

/*
 * step->arg[at] becomes a slot of which that is true; now and then any. False:
 * there is none.
 */
bool gr_draw_slot(struct fz_rng *rng, const struct fz_model *model,
		  struct fz_step *step, unsigned int at,
		  bool (*is)(const struct gr_slot *s));
/* One that is free, or will be when what is there is closed. */
unsigned int gr_draw_free(struct fz_rng *rng, const struct fz_model *model,
			  const struct fz_step *step);

/* The descriptor; what it gives is not counted as of dipc if it is none. */
bool gr_is_foreign(int fd);
/* The result of a call on a descriptor, and how it is counted. */
long gr_told(struct fz_actor *actor, int fd, long result);

/*
 * Addresses: which, and what is wrong with it
 */

enum gr_to {
	GR_TO_CONNECTED = 0,	/* none is given */
	GR_TO_ANY = 3,
	GR_TO_GROUP = 5,
	GR_TO_UNSPEC = 6,
	GR_TO_INET = 7,
	GR_TO_NODE = 9,		/* another one */
	GR_TO_HIGH = 10,	/* a number of those that the kernel draws */
	GR_TO_NOBODY = 11,	/* a number that nobody has */
	GR_TO_NO_NAME = 12,	/* a name that nobody has */
	GR_TO_NO_BOX = 13,
	GR_TO_NAME = 0x13,
	GR_TO_BOX = 0x33,
	GR_TO_BOX_AS_NAME = 0x53,
	GR_TO_NAME_AS_BOX = 0x63,
	GR_TO_NUMBER = 0x73,
	GR_TO_PORT = 0x100,	/* + slot + 0x20 * table */
};

enum gr_wrong {
	GR_RIGHT = 0, GR_SHORT, GR_LONG, GR_NEGATIVE, GR_LONG_ZERO,
	GR_LONG_OTHER, GR_TYPE, GR_SCOPE, GR_SCOPE_IN_VAIN, GR_RESERVED,
	GR_NAME_IN_VAIN, GR_NUMBER_IN_VAIN, GR_NUMBER_0, GR_EMPTY, GR_ENDLESS,
	GR_BEHIND, GR_LETTERS, GR_RESERVED_NAME, GR_BAD_ADDR, GR_SCOPE_NODE,
	GR_SCOPE_CLUSTER, GR_N_WRONG,
};

extern const struct fz_word gr_to_words[], gr_wrong_words[];
extern const struct fz_word gr_type_words[], gr_flag_words[];

struct gr_addr {
	struct sockaddr *at;	/* NULL: none is given */
	socklen_t len;
	char buf[192] __attribute__((aligned(8)));
};

void gr_name(char name[DIPC_NAME_MAX + 1], char kind, unsigned int number);
void gr_addr(const struct fz_actor *actor, uint64_t to, uint64_t wrong,
	     struct gr_addr *addr);
/* For a message, a request or a connect() of who is in the slot of arg[0]. */
uint64_t gr_draw_to(struct fz_rng *rng, const struct fz_model *model,
		    const struct fz_step *step);
uint64_t gr_draw_wrong(struct fz_rng *rng);	/* mostly GR_RIGHT */
/* Who is reached there from that socket, as far as can be told, or NULL. */
struct gr_slot *gr_to_slot(struct fz_model *model, const struct gr_slot *from,
			   uint64_t to);
void gr_assume_connected(struct fz_model *model, const struct fz_step *step,
			 uint64_t slot, uint64_t to);
/* How many messages are believed to wait for that socket. */
uint8_t *gr_queued(struct fz_model *model, struct gr_slot *s);
unsigned int gr_n_queued(const struct fz_model *model, const struct gr_slot *s);
/* One more, from the socket in a slot of the step's, to there. */
void gr_assume_sent(struct fz_model *model, const struct fz_step *step,
		    uint64_t slot, uint64_t to, bool is_request);
/* One less, for the actor of the step to hold if it is a request. */
void gr_assume_taken(struct fz_model *model, const struct fz_step *step,
		     struct gr_slot *s);

/*
 * Memory: how long, in how many pieces, and what is wrong with it
 */

enum gr_memory {
	GR_GOOD = 0,
	GR_BAD,			/* all of it */
	GR_EDGE,		/* its last byte */
	GR_FITS,		/* up to the edge, and good */
	GR_NULL,
	GR_SECOND,		/* its second piece */
	GR_TOO_MANY,		/* pieces */
	GR_TOO_LONG,		/* a piece, longer than there can be */
	GR_BAD_LIST,		/* of pieces */
	GR_HUGE,		/* more than 64 MiB in all */
	GR_SHARED,		/* good, but others write to it */
	GR_FIXED,		/* cannot be written */
	GR_N_MEMORY,
};

extern const struct fz_word gr_memory_words[];

struct gr_iov {
	struct iovec *at;
	size_t n;
	struct iovec piece[GR_PIECES];
};

/* buf: FZ_BUF bytes of the actor's, in or out */
struct gr_iov *gr_iov(const struct fz_actor *actor, char *buf, uint64_t len,
		      uint64_t pieces, uint64_t memory);
void *gr_place(const struct fz_actor *actor, char *buf, uint64_t len,
	       uint64_t memory);
uint64_t gr_draw_len(struct fz_rng *rng);
/* about from where on payload may stay with its sender, and more */
uint64_t gr_draw_long(struct fz_rng *rng);
uint64_t gr_draw_memory(struct fz_rng *rng);	/* mostly GR_GOOD */

/*
 * Handles of requests: the newest first, of those that were taken with the
 * descriptors of the actor; with each the slot that has it.
 */

#define GR_HOLDER	0xff	/* as a slot: the one that has the handle */
#define GR_HANDLE_ODD	16	/* from here on: what never was a handle */

void gr_keep_handle(const struct fz_actor *actor, uint64_t slot,
		    uint64_t handle);
uint64_t gr_handle(const struct fz_actor *actor, uint64_t which);
int gr_holder(const struct fz_actor *actor, uint64_t slot, uint64_t which);
uint64_t gr_draw_handle(struct fz_rng *rng);

/*
 * Control messages to be sent (control.c): a bit for each, and their values
 */

enum gr_control_bit {
	GR_C_MODE = 1 << 0, GR_C_TAG = 1 << 1, GR_C_PRIORITY = 1 << 2,
	GR_C_DEADLINE = 1 << 3, GR_C_ASYNC = 1 << 4, GR_C_CALL = 1 << 5,
	GR_C_CANCEL = 1 << 6, GR_C_REPLY = 1 << 7, GR_C_PART = 1 << 8,
	GR_C_FORWARD = 1 << 9, GR_C_DROP = 1 << 10, GR_C_RIGHTS = 1 << 11,
	GR_C_CREDS = 1 << 12, GR_C_FOREIGN = 1 << 13, GR_C_UNKNOWN = 1 << 14,
	GR_C_RECEIVED = 1 << 15, GR_C_TIME = 1 << 16,
};

#define GR_C_ADVERBS	(GR_C_MODE | GR_C_TAG | GR_C_PRIORITY |		\
			 GR_C_DEADLINE | GR_C_ASYNC)
#define GR_C_HELD	(GR_C_REPLY | GR_C_PART | GR_C_FORWARD | GR_C_DROP)
#define GR_C_VERBS	(GR_C_CALL | GR_C_CANCEL | GR_C_HELD)

enum gr_badly {
	GR_WELL = 0, GR_C_SHORT, GR_C_LONG, GR_C_DOUBLED, GR_C_HEADER,
	GR_C_ROOM, GR_C_BAD, GR_C_HUGE, GR_C_VALUE, GR_C_MUCH, GR_C_EMPTY,
	GR_N_BADLY,
};

/* Which descriptors are passed: below, one in a slot; and its number + 1 */
enum gr_fds {
	GR_FDS_ONE = 0, GR_FDS_THREE = 0x100, GR_FDS_MOST, GR_FDS_TOO_MANY,
	GR_FDS_CLOSED, GR_FDS_SELF,
};

struct gr_values {
	uint64_t slot;		/* of who sends */
	uint64_t control, badly, mode, priority, us, number, max, fds;
};

extern const struct fz_word gr_control_words[], gr_badly_words[];
extern const struct fz_word gr_fds_words[];

struct gr_control {
	void *at;
	size_t len;		/* as it is said */
	size_t used;
	char buf[4096] __attribute__((aligned(8)));
};

void gr_control(const struct fz_actor *actor, const struct gr_values *v,
		struct gr_control *control);
/* Closes descriptors that have come, and keeps handles of the slot's socket. */
void gr_receive_control(const struct fz_actor *actor, uint64_t slot,
			struct msghdr *msg);

extern const struct fz_op gr_fd_ops[], gr_socket_ops[], gr_link_ops[],
	gr_send_ops[], gr_receive_ops[], gr_option_ops[], gr_call_ops[],
	gr_poll_ops[], gr_netlink_ops[], gr_pipe_ops[], gr_scene_ops[],
	gr_uring_ops[];

#endif /* FUZZ_GRAMMAR_H */
