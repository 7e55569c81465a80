// SPDX-License-Identifier: GPL-2.0
/*
 * What is believed to exist, which operations there are, and what the files of
 * the grammar draw alike: slots, memory, handles. Addresses: address.c.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>

#include "dipc_test.h"
#include "grammar.h"

const struct fz_op *const fz_op_lists[] = {
	fz_process_ops, gr_fd_ops, gr_socket_ops, gr_link_ops, gr_send_ops,
	gr_receive_ops, gr_option_ops, gr_call_ops, gr_poll_ops, gr_netlink_ops,
	gr_pipe_ops, gr_scene_ops, gr_uring_ops, NULL
};

const size_t fz_model_size = sizeof(struct fz_model);

void fz_model_reset(struct fz_model *model)
{
	memset(model, 0, sizeof(*model));
}

void fz_grammar_reset(void)
{
	dt_limit_set("user_max_bytes", 134217728);
	dt_limit_set("user_max_ports", 65536);
	dt_limit_set("user_max_names", 65536);
	dt_limit_set("user_max_mailboxes", 4096);
	dt_limit_set("user_max_files", 16384);
}

/*
 * Slots
 */

unsigned int gr_table(const struct fz_step *step)
{
	return step->proc == FZ_USER;
}

unsigned int gr_space(const struct fz_step *step)
{
	return step->proc == FZ_AWAY;
}

struct gr_slot *gr_at(struct fz_model *model, const struct fz_step *step,
		      uint64_t slot)
{
	return slot < FZ_SLOTS ? &model->slot[gr_table(step)][slot] : NULL;
}

const struct gr_slot *gr_see(const struct fz_model *model,
			     const struct fz_step *step, uint64_t slot)
{
	return slot < FZ_SLOTS ? &model->slot[gr_table(step)][slot] : NULL;
}

bool gr_is_dipc(const struct gr_slot *s)
{
	return s->kind == GR_SOCKET;
}

bool gr_is_message(const struct gr_slot *s)
{
	return gr_is_dipc(s) && (s->type == SOCK_RDM || s->type == SOCK_DGRAM);
}

bool gr_is_link(const struct gr_slot *s)
{
	return gr_is_dipc(s) && !gr_is_message(s);
}

bool gr_is_packets(const struct gr_slot *s)
{
	return gr_is_dipc(s) && s->type != SOCK_STREAM;
}

/* In a parallel program nobody knows whether another has done it yet. */
static uint8_t owner_of(const struct fz_step *step)
{
	return step->proc * FZ_THREADS + step->thread;
}

struct gr_slot *gr_make(struct fz_model *model, const struct fz_step *step,
			uint64_t slot, struct gr_slot made)
{
	struct gr_slot *s = gr_at(model, step, slot);

	if (!s)
		return NULL;
	*s = made;
	s->owner = owner_of(step);
	return s;
}

bool gr_draw_slot(struct fz_rng *rng, const struct fz_model *model,
		  struct fz_step *step, unsigned int at,
		  bool (*is)(const struct gr_slot *s))
{
	unsigned int i = fz_draw(rng, FZ_SLOTS), n;
	bool own = !fz_one_in(rng, 5);

	for (n = 0; n < FZ_SLOTS; n++, i = (i + 1) % FZ_SLOTS) {
		const struct gr_slot *s = gr_see(model, step, i);

		/* any, that is, also one with nothing in it */
		if ((is(s) && (!own || s->owner == owner_of(step))) ||
		    fz_one_in(rng, 1500)) {
			step->arg[at] = i;
			return true;
		}
	}
	return false;
}

unsigned int gr_draw_free(struct fz_rng *rng, const struct fz_model *model,
			  const struct fz_step *step)
{
	unsigned int i = fz_draw(rng, FZ_SLOTS), n;

	for (n = 0; n < FZ_SLOTS - 4; n++, i = (i + 1) % FZ_SLOTS)
		if (gr_see(model, step, i)->kind == GR_NOTHING)
			break;
	return i;
}

bool gr_is_foreign(int fd)
{
	int error = errno, domain = 0;
	socklen_t len = sizeof(domain);
	bool foreign;

	foreign = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) ||
		  domain != dt_family();
	errno = error;
	return foreign;
}

long gr_told(struct fz_actor *actor, int fd, long result)
{
	/* what the core says of any descriptor is told of the call */
	if (result < 0 && result != -EBADF && result != -ENOTSOCK &&
	    gr_is_foreign(fd))
		actor->count_as = "of another kind";
	return result;
}

/*
 * Memory
 */

const struct fz_word gr_memory_words[] = {
	{ "good", GR_GOOD }, { "bad", GR_BAD }, { "edge", GR_EDGE },
	{ "fits", GR_FITS }, { "null", GR_NULL }, { "second", GR_SECOND },
	{ "too-many", GR_TOO_MANY }, { "too-long", GR_TOO_LONG },
	{ "bad-list", GR_BAD_LIST }, { "huge", GR_HUGE },
	{ "shared", GR_SHARED }, { "fixed", GR_FIXED }, {}
};

#define EDGE_ROOM	(64 << 10)

void *gr_place(const struct fz_actor *actor, char *buf, uint64_t len,
	       uint64_t memory)
{
	switch (memory) {
	case GR_BAD:
		return actor->bad;
	case GR_EDGE:
		len = len < EDGE_ROOM ? len : EDGE_ROOM;
		return actor->edge - (len ? len - 1 : 0);
	case GR_FITS:
		return len <= EDGE_ROOM ? actor->edge - len : buf;
	case GR_NULL:
		return NULL;
	case GR_SHARED:
		return actor->shared;
	case GR_FIXED:
		return actor->fixed;
	default:
		return buf;
	}
}

struct gr_iov *gr_iov(const struct fz_actor *actor, char *buf, uint64_t len,
		      uint64_t pieces, uint64_t memory)
{
	static _Thread_local struct gr_iov iov;
	char *at;
	size_t i;

	len = len <= FZ_BUF ? len : FZ_BUF;
	at = gr_place(actor, buf, len, memory);
	iov.at = iov.piece;
	iov.n = pieces + 1 < GR_PIECES ? pieces + 1 : GR_PIECES;
	for (i = 0; i < iov.n; i++) {
		iov.piece[i] = (struct iovec) { at, len / iov.n };
		at = at ? at + len / iov.n : NULL;
	}
	iov.piece[iov.n - 1].iov_len += len % iov.n;
	switch (memory) {
	case GR_SECOND:
		iov.n = iov.n > 1 ? iov.n : 2;
		iov.piece[1] = (struct iovec) { actor->bad, 1 + len / iov.n };
		break;
	case GR_TOO_MANY:
		iov.n = GR_PIECES;
		for (i = 0; i < iov.n; i++)
			iov.piece[i] = (struct iovec) { buf, 1 };
		break;
	case GR_TOO_LONG:
		iov.piece[0].iov_len = SIZE_MAX - 7;
		break;
	case GR_BAD_LIST:
		iov.at = (void *)actor->bad;
		break;
	case GR_HUGE:
		iov.n = DIPC_MSG_LEN_MAX / FZ_BUF + 1;
		for (i = 0; i < iov.n; i++)
			iov.piece[i] = (struct iovec) { buf, FZ_BUF };
	}
	return &iov;
}

/* Few queues take more than 64 KiB; a reply may be as long as its room. */
uint64_t gr_draw_long(struct fz_rng *rng)
{
	static const uint32_t edges[] = { 32767, 32768, 32769, 65535, 65536,
					  65537 };

	if (fz_one_in(rng, 2))
		return edges[fz_draw(rng, 6)];
	if (fz_one_in(rng, 20))
		return 1 << 20;
	return 32768 + fz_draw(rng, fz_one_in(rng, 4) ? 100000 : 32769);
}

uint64_t gr_draw_len(struct fz_rng *rng)
{
	switch (fz_draw(rng, 16)) {
	case 0:
		return 0;
	case 1:
		return fz_one_in(rng, 2) ? gr_draw_long(rng) :
					   fz_draw(rng, 200000);
	case 2:
		/* about where a block or a page ends */
		return (1 << fz_draw(rng, 17)) + fz_draw(rng, 5) - 2;
	case 3:
	case 4:
		return fz_draw(rng, 9000);
	case 5:
		return 60 + fz_draw(rng, 10);
	default:
		return 1 + fz_draw(rng, 100);
	}
}

uint64_t gr_draw_memory(struct fz_rng *rng)
{
	if (!fz_one_in(rng, 24))
		return fz_one_in(rng, 8) ? GR_FITS :
		       fz_one_in(rng, 16) ? GR_SHARED : GR_GOOD;
	return fz_draw(rng, GR_N_MEMORY);
}

/*
 * Handles: the kept ones are a ring for each of the tables that the processes
 * began with; world->value has the slots and, last, the newest's place.
 */

#define RING		(FZ_HANDLES / GR_TABLES)
#define NEWEST(table)	(FZ_HANDLES + (table))

/* Forked processes do as their parents; who it was is not known here. */
static unsigned int ring_of(const struct fz_actor *actor)
{
	return actor->proc == FZ_USER;
}

void gr_keep_handle(const struct fz_actor *actor, uint64_t slot,
		    uint64_t handle)
{
	struct fz_world *world = actor->world;
	unsigned int ring = ring_of(actor);
	uint64_t at = ++world->value[NEWEST(ring)] % RING + ring * RING;

	world->value[at] = slot;
	world->handle[at] = handle;
}

static unsigned int handle_at(const struct fz_actor *actor, uint64_t which)
{
	unsigned int ring = ring_of(actor);

	return (actor->world->value[NEWEST(ring)] - which) % RING + ring * RING;
}

uint64_t gr_handle(const struct fz_actor *actor, uint64_t which)
{
	uint64_t handle = actor->world->handle[handle_at(actor, which)];

	switch (which) {
	case GR_HANDLE_ODD:
		return 0;
	case GR_HANDLE_ODD + 1:
		return ~0ULL;
	case GR_HANDLE_ODD + 2:
		return handle ^ 1;
	case GR_HANDLE_ODD + 3:
		return handle + (1ULL << 32);
	default:
		return handle;
	}
}

int gr_holder(const struct fz_actor *actor, uint64_t slot, uint64_t which)
{
	if (slot == GR_HOLDER)
		slot = actor->world->value[handle_at(actor, which)];
	return fz_fd(actor, slot);
}

uint64_t gr_draw_handle(struct fz_rng *rng)
{
	if (fz_one_in(rng, 30))
		return GR_HANDLE_ODD + fz_draw(rng, 4);
	return fz_one_in(rng, 4) ? fz_draw(rng, RING) : 0;
}
