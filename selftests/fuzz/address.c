// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses: drawn such that somebody is there, made with what is wrong with
 * them, and the words that programs name them by.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "dipc_test.h"
#include "grammar.h"

#define NOBODY	4000000000U

const struct fz_word gr_to_words[] = {
	{ "connected", GR_TO_CONNECTED }, { "any", GR_TO_ANY },
	{ "group", GR_TO_GROUP }, { "unspec", GR_TO_UNSPEC },
	{ "inet", GR_TO_INET }, { "node", GR_TO_NODE },
	{ "high", GR_TO_HIGH }, { "nobody", GR_TO_NOBODY },
	{ "no-name", GR_TO_NO_NAME }, { "no-box", GR_TO_NO_BOX },
	{ "name0", GR_TO_NAME }, { "name1", GR_TO_NAME + 1 },
	{ "name2", GR_TO_NAME + 2 }, { "name3", GR_TO_NAME + 3 },
	{ "box0", GR_TO_BOX }, { "box1", GR_TO_BOX + 1 },
	{ "box2", GR_TO_BOX + 2 }, { "box3", GR_TO_BOX + 3 },
	{ "box0-as-name", GR_TO_BOX_AS_NAME },
	{ "box1-as-name", GR_TO_BOX_AS_NAME + 1 },
	{ "box2-as-name", GR_TO_BOX_AS_NAME + 2 },
	{ "box3-as-name", GR_TO_BOX_AS_NAME + 3 },
	{ "name0-as-box", GR_TO_NAME_AS_BOX },
	{ "name1-as-box", GR_TO_NAME_AS_BOX + 1 },
	{ "number1", GR_TO_NUMBER }, { "number2", GR_TO_NUMBER + 1 },
	{ "number3", GR_TO_NUMBER + 2 }, { "number4", GR_TO_NUMBER + 3 },
	{}
};

const struct fz_word gr_wrong_words[] = {
	{ "nothing", GR_RIGHT }, { "short", GR_SHORT }, { "long", GR_LONG },
	{ "negative", GR_NEGATIVE }, { "long-zero", GR_LONG_ZERO },
	{ "long-other", GR_LONG_OTHER }, { "type", GR_TYPE },
	{ "scope", GR_SCOPE }, { "scope-in-vain", GR_SCOPE_IN_VAIN },
	{ "reserved", GR_RESERVED }, { "name-in-vain", GR_NAME_IN_VAIN },
	{ "number-in-vain", GR_NUMBER_IN_VAIN }, { "number-0", GR_NUMBER_0 },
	{ "empty", GR_EMPTY }, { "endless", GR_ENDLESS },
	{ "behind", GR_BEHIND }, { "letters", GR_LETTERS },
	{ "reserved-name", GR_RESERVED_NAME }, { "bad", GR_BAD_ADDR },
	{ "scope-node", GR_SCOPE_NODE }, { "scope-cluster", GR_SCOPE_CLUSTER },
	{}
};

void gr_name(char name[DIPC_NAME_MAX + 1], char kind, unsigned int number)
{
	memset(name, 0, DIPC_NAME_MAX + 1);
	snprintf(name, DIPC_NAME_MAX + 1, "fuzz.%c%u", kind, number);
}

static void with_name(struct sockaddr_dipc *a, int type, char kind,
		      unsigned int number)
{
	a->sdipc_type = type;
	gr_name(a->sdipc_name, kind, number);
}

static void with_port(struct sockaddr_dipc *a, uint64_t port)
{
	a->sdipc_type = DIPC_ADDR_PORT;
	a->sdipc_port = port;
}

static bool is_of(uint64_t to, uint64_t first, unsigned int n)
{
	return to >= first && to < first + n;
}

static void make_special(struct sockaddr_dipc *a, uint64_t to)
{
	switch (to) {
	case GR_TO_GROUP:
		with_name(a, DIPC_ADDR_GROUP, 'g', 0);
		break;
	case GR_TO_UNSPEC:
		a->sdipc_family = AF_UNSPEC;
		break;
	case GR_TO_INET:
		a->sdipc_family = AF_INET;
		break;
	case GR_TO_NODE:
		with_name(a, DIPC_ADDR_NAME, 'n', 0);
		a->sdipc_node = 7;
		break;
	case GR_TO_HIGH:
		with_port(a, 1ULL << 40);
		break;
	case GR_TO_NOBODY:
		with_port(a, NOBODY);
		break;
	case GR_TO_NO_NAME:
		with_name(a, DIPC_ADDR_NAME, 'x', 0);
		break;
	case GR_TO_NO_BOX:
		with_name(a, DIPC_ADDR_MAILBOX, 'x', 0);
	}
}

static void make(const struct fz_actor *actor, uint64_t to,
		 struct sockaddr_dipc *a)
{
	uint64_t slot = (to - GR_TO_PORT) % 0x20;

	a->sdipc_family = dt_family();
	if (is_of(to, GR_TO_NAME, GR_NAMES))
		with_name(a, DIPC_ADDR_NAME, 'n', to - GR_TO_NAME);
	else if (is_of(to, GR_TO_BOX, GR_BOXES))
		with_name(a, DIPC_ADDR_MAILBOX, 'b', to - GR_TO_BOX);
	else if (is_of(to, GR_TO_BOX_AS_NAME, GR_BOXES))
		with_name(a, DIPC_ADDR_NAME, 'b', to - GR_TO_BOX_AS_NAME);
	else if (is_of(to, GR_TO_NAME_AS_BOX, GR_NAMES))
		with_name(a, DIPC_ADDR_MAILBOX, 'n', to - GR_TO_NAME_AS_BOX);
	else if (is_of(to, GR_TO_NUMBER, GR_NUMBERS))
		with_port(a, 1 + to - GR_TO_NUMBER);
	else if (to >= GR_TO_PORT)
		with_port(a, fz_port(actor, (to - GR_TO_PORT) / 0x20, slot) ?:
			     NOBODY);
	else
		make_special(a, to);
}

/* The bytes that are wrong; how long it is and where, is gr_addr()'s. */
static void spoil(struct sockaddr_dipc *a, uint64_t wrong)
{
	bool named = a->sdipc_type >= DIPC_ADDR_NAME;

	switch (wrong) {
	case GR_TYPE:
		a->sdipc_type = 77;
		break;
	case GR_SCOPE:
		a->sdipc_scope = 3;
		break;
	case GR_SCOPE_IN_VAIN:
		with_port(a, 1);
		a->sdipc_scope = 1;
		memset(a->sdipc_name, 0, sizeof(a->sdipc_name));
		break;
	case GR_RESERVED:
		a->sdipc_reserved[1] = 1;
		break;
	case GR_NAME_IN_VAIN:
		with_port(a, 1);
		a->sdipc_name[5] = 'x';
		break;
	case GR_NUMBER_IN_VAIN:
		a->sdipc_port = 5;
		if (!named)
			a->sdipc_type = DIPC_ADDR_ANY;
		break;
	case GR_NUMBER_0:
		a->sdipc_type = DIPC_ADDR_PORT;
		a->sdipc_port = 0;
		memset(a->sdipc_name, 0, sizeof(a->sdipc_name));
		break;
	case GR_SCOPE_NODE:
	case GR_SCOPE_CLUSTER:
		if (named)
			a->sdipc_scope = DIPC_SCOPE_NODE + wrong -
					 GR_SCOPE_NODE;
	}
}

static void spoil_name(struct sockaddr_dipc *a, uint64_t wrong)
{
	if (wrong < GR_EMPTY || wrong > GR_RESERVED_NAME)
		return;
	with_name(a, DIPC_ADDR_NAME, 'n', 0);
	a->sdipc_port = 0;
	switch (wrong) {
	case GR_EMPTY:
		memset(a->sdipc_name, 0, sizeof(a->sdipc_name));
		break;
	case GR_ENDLESS:
		memset(a->sdipc_name, 'a', sizeof(a->sdipc_name));
		break;
	case GR_BEHIND:
		a->sdipc_name[DIPC_NAME_MAX] = 'a';
		break;
	case GR_LETTERS:
		a->sdipc_name[2] = ' ';
		break;
	case GR_RESERVED_NAME:
		memcpy(a->sdipc_name, "dipc.", 5);
	}
}

void gr_addr(const struct fz_actor *actor, uint64_t to, uint64_t wrong,
	     struct gr_addr *addr)
{
	struct sockaddr_dipc *a = (struct sockaddr_dipc *)addr->buf;

	memset(addr, 0, sizeof(*addr));
	if (to == GR_TO_CONNECTED)
		return;
	make(actor, to, a);
	spoil(a, wrong);
	spoil_name(a, wrong);
	addr->at = (struct sockaddr *)a;
	addr->len = sizeof(*a);
	if (to == GR_TO_UNSPEC && wrong == GR_RIGHT)
		addr->len = sizeof(a->sdipc_family);
	switch (wrong) {
	case GR_SHORT:
		/* connect() wants a family at least */
		addr->len = to % 2 ? 95 : 1;
		break;
	case GR_LONG:
		addr->len = 140;
		break;
	case GR_NEGATIVE:
		addr->len = -1;
		break;
	case GR_LONG_OTHER:
		addr->buf[100] = 1;
		addr->len = 128;
		break;
	case GR_LONG_ZERO:
		addr->len = 128;
		break;
	case GR_BAD_ADDR:
		addr->at = (struct sockaddr *)actor->bad;
	}
}

/*
 * Drawing them
 */

/* Somebody who takes what is sent by such a socket. */
static bool takes_from(const struct gr_slot *s, const struct gr_slot *from)
{
	if (s->space != from->space || s->box || !s->bound)
		return false;
	if (gr_is_message(from))
		return gr_is_message(s);
	return gr_is_link(s) && s->listens && s->type == from->type;
}

static bool suits(uint8_t type, const struct gr_slot *from)
{
	if (gr_is_message(from))
		return type == SOCK_RDM || type == SOCK_DGRAM;
	return type == from->type;
}

static uint64_t draw_port(struct fz_rng *rng, const struct fz_model *model,
			  const struct fz_step *step,
			  const struct gr_slot *from)
{
	/* the other table's: known once its owner has looked */
	unsigned int table = fz_one_in(rng, 6) ? !gr_table(step) :
						 gr_table(step);
	unsigned int i = fz_draw(rng, FZ_SLOTS), n;

	for (n = 0; n < FZ_SLOTS; n++, i = (i + 1) % FZ_SLOTS)
		if (takes_from(&model->slot[table][i], from))
			return GR_TO_PORT + 0x20 * table + i;
	return GR_TO_CONNECTED;
}

static uint64_t draw_good(struct fz_rng *rng, const struct fz_model *model,
			  const struct fz_step *step,
			  const struct gr_slot *from)
{
	unsigned int i = fz_draw(rng, 4);

	switch (fz_draw(rng, 6)) {
	case 0:
	case 1:
		if (suits(model->name[from->space][i], from))
			return GR_TO_NAME + i;
		break;
	case 2:
	case 3:
		if (model->box[from->space][i] && gr_is_message(from))
			return (fz_one_in(rng, 3) ? GR_TO_BOX_AS_NAME :
						    GR_TO_BOX) + i;
		break;
	case 4:
		if (suits(model->number[from->space][i], from))
			return GR_TO_NUMBER + i;
		break;
	default:
		return draw_port(rng, model, step, from);
	}
	return GR_TO_CONNECTED;
}

uint64_t gr_draw_to(struct fz_rng *rng, const struct fz_model *model,
		    const struct fz_step *step)
{
	static const uint64_t odd[] = {
		GR_TO_ANY, GR_TO_GROUP, GR_TO_UNSPEC, GR_TO_INET, GR_TO_NODE,
		GR_TO_HIGH, GR_TO_NOBODY, GR_TO_NO_NAME, GR_TO_NO_BOX,
		GR_TO_NAME, GR_TO_BOX, GR_TO_NUMBER, GR_TO_NAME_AS_BOX,
	};
	const struct gr_slot *from = gr_see(model, step, step->arg[0]);
	unsigned int i;
	uint64_t to;

	if (fz_one_in(rng, 30))
		return odd[fz_draw(rng, sizeof(odd) / sizeof(odd[0]))];
	for (i = 0; from && from->kind && i < 8; i++) {
		to = draw_good(rng, model, step, from);
		if (to)
			return to;
	}
	return GR_TO_CONNECTED;
}

uint64_t gr_draw_wrong(struct fz_rng *rng)
{
	return fz_one_in(rng, 40) ? fz_draw(rng, GR_N_WRONG) : GR_RIGHT;
}

/*
 * Who is there
 */

struct gr_slot *gr_to_slot(struct fz_model *model, const struct gr_slot *from,
			   uint64_t to)
{
	struct gr_slot *s = model->slot[0];
	unsigned int i;

	if (!to)
		to = from->aim;
	if (to >= GR_TO_PORT) {
		to -= GR_TO_PORT;
		i = to / 0x20 * FZ_SLOTS + to % 0x20;
		return i < GR_TABLES * FZ_SLOTS ? &s[i] : NULL;
	}
	for (i = 0; to && i < GR_TABLES * FZ_SLOTS; i++)
		if (s[i].kind == GR_SOCKET && s[i].name == to &&
		    s[i].space == from->space)
			return &s[i];
	return NULL;
}

uint8_t *gr_queued(struct fz_model *model, struct gr_slot *s)
{
	return s->box ? &model->in_box[s->space][s->box - 1] : &s->queued;
}

unsigned int gr_n_queued(const struct fz_model *model, const struct gr_slot *s)
{
	return s->box ? model->in_box[s->space][s->box - 1] : s->queued;
}

/* The mailbox that is meant by an address, + 1; 0: none. */
static unsigned int box_of(uint64_t to)
{
	if (to >= GR_TO_BOX && to < GR_TO_BOX + GR_BOXES)
		return 1 + to - GR_TO_BOX;
	if (to >= GR_TO_BOX_AS_NAME && to < GR_TO_BOX_AS_NAME + GR_BOXES)
		return 1 + to - GR_TO_BOX_AS_NAME;
	return 0;
}

static void count(uint8_t *n, bool more)
{
	if (more && *n < UINT8_MAX)
		++*n;
	if (!more && *n)
		--*n;
}

static uint8_t *requests(struct fz_model *model, struct gr_slot *s)
{
	return s->box ? &model->asked_box[s->space][s->box - 1] : &s->requests;
}

void gr_assume_sent(struct fz_model *model, const struct fz_step *step,
		    uint64_t slot, uint64_t to, bool is_request)
{
	struct gr_slot *s = gr_at(model, step, slot), *there, box;

	if (!s || s->kind != GR_SOCKET)
		return;
	to = to ?: s->aim;
	box = (struct gr_slot) { .space = s->space, .box = box_of(to) };
	if (s->linked)
		there = s->peer ? gr_at(model, step, s->peer - 1) : NULL;
	else
		there = box.box ? &box : gr_to_slot(model, s, to);
	if (!there)
		return;
	count(gr_queued(model, there), true);
	if (is_request && (there->serves || there == &box))
		count(requests(model, there), true);
}

void gr_assume_taken(struct fz_model *model, const struct fz_step *step,
		     struct gr_slot *s)
{
	count(gr_queued(model, s), false);
	if (!s->serves || !*requests(model, s))
		return;
	count(requests(model, s), false);
	count(&model->held[gr_table(step)], true);
}
