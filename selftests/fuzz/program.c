// SPDX-License-Identifier: GPL-2.0
/*
 * Makes programs: from nothing, by the grammar's weights and its idea of what
 * exists, or by changing one that was worth to be kept.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

#define OPS_MAX		256
#define TRIES		32	/* at an operation that makes sense */

const unsigned int fz_threads[FZ_PROCS] = {
	[FZ_ROOT] = 3, [FZ_USER] = 2, [FZ_AWAY] = 1,
};

const struct fz_op *fz_ops[OPS_MAX];
unsigned int fz_n_ops;
static unsigned int weight[OPS_MAX], weights;
static struct fz_model *model;

uint64_t fz_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a + b * 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

uint64_t fz_random(struct fz_rng *rng)
{
	rng->state += 0x9e3779b97f4a7c15ULL;
	return fz_mix(rng->state, 0);
}

unsigned int fz_draw(struct fz_rng *rng, unsigned int n)
{
	return n ? (fz_random(rng) >> 32) * n >> 32 : 0;
}

bool fz_one_in(struct fz_rng *rng, unsigned int n)
{
	return !fz_draw(rng, n);
}

void fz_ops_init(void)
{
	const struct fz_op *const *list, *op;

	for (list = fz_op_lists; *list; list++) {
		for (op = *list; op->name; op++) {
			if (fz_n_ops == OPS_MAX || fz_op_find(op->name)) {
				fprintf(stderr, "operation %s: %s\n", op->name,
					fz_n_ops == OPS_MAX ? "too many" :
					"twice");
				exit(2);
			}
			weight[fz_n_ops] = op->weight;
			weights += op->weight;
			fz_ops[fz_n_ops++] = op;
		}
	}
	model = malloc(fz_model_size);
	if (!model)
		exit(2);
}

const struct fz_op *fz_op_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < fz_n_ops; i++)
		if (!strcmp(fz_ops[i]->name, name))
			return fz_ops[i];
	return NULL;
}

bool fz_op_exclude(const char *name)
{
	unsigned int i;

	for (i = 0; i < fz_n_ops; i++) {
		if (strcmp(fz_ops[i]->name, name))
			continue;
		weights -= weight[i];
		weight[i] = 0;
		return true;
	}
	return false;
}

static const struct fz_op *draw_op(struct fz_rng *rng)
{
	unsigned int x = fz_draw(rng, weights), i;

	for (i = 0; i + 1 < fz_n_ops && x >= weight[i]; i++)
		x -= weight[i];
	return fz_ops[i];
}

static void assume(const struct fz_step *step)
{
	if (step->op->assume)
		step->op->assume(model, step);
}

/* An actor goes on for a while: things are made that belong together. */
static void draw_actor(struct fz_rng *rng, struct fz_step *step,
		       const struct fz_step *before)
{
	if (before && !fz_one_in(rng, 3)) {
		step->proc = before->proc;
		step->thread = before->thread;
		return;
	}
	/* half of the work is done by those who share one namespace */
	step->proc = (enum fz_proc []){ FZ_ROOT, FZ_ROOT, FZ_ROOT, FZ_USER,
		FZ_USER, FZ_AWAY }[fz_draw(rng, 6)];
	step->thread = fz_draw(rng, fz_threads[step->proc]);
}

static bool draw_step(struct fz_rng *rng, struct fz_step *step,
		      const struct fz_step *before)
{
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		memset(step, 0, sizeof(*step));
		draw_actor(rng, step, before);
		step->op = draw_op(rng);
		if (!step->op->generate ||
		    step->op->generate(rng, model, step))
			return true;
	}
	return false;
}

/* Appends steps until there are n. */
static void extend(struct fz_rng *rng, struct fz_program *program,
		   unsigned int n)
{
	while (program->n < n && program->n < FZ_STEPS) {
		struct fz_step *step = &program->step[program->n];

		if (!draw_step(rng, step, program->n ? step - 1 : NULL))
			break;
		assume(step);
		program->n++;
	}
}

static unsigned int draw_length(struct fz_rng *rng)
{
	switch (fz_draw(rng, 8)) {
	case 0:
		return 4 + fz_draw(rng, 12);
	case 1:
	case 2:
		return 24 + fz_draw(rng, 56);
	default:
		return 80 + fz_draw(rng, FZ_STEPS - 80);
	}
}

/* Mostly something is made first that they can meet at. */
static void draw_together(struct fz_rng *rng, struct fz_program *program,
			  enum fz_order order)
{
	unsigned int from = fz_one_in(rng, 6) ? 0 : program->n / 5;
	bool parallel = fz_draw(rng, 3) > 0;

	program->together = program->n;
	if (order == FZ_ANY_ORDER ? parallel : order == FZ_PARALLEL)
		program->together = from + fz_draw(rng, program->n / 3 + 1);
}

void fz_generate(struct fz_program *program, uint64_t seed,
		 enum fz_order order)
{
	struct fz_rng rng = { seed };

	program->n = 0;
	fz_model_reset(model);
	extend(&rng, program, draw_length(&rng));
	draw_together(&rng, program, order);
}

void fz_program_cut(struct fz_program *program, unsigned int from,
		    unsigned int n)
{
	memmove(&program->step[from], &program->step[from + n],
		(program->n - from - n) * sizeof(program->step[0]));
	program->n -= n;
	if (program->together > from)
		program->together -= program->together - from < n ?
				     program->together - from : n;
}

/* Some steps more, in the middle. */
static void insert(struct fz_rng *rng, struct fz_program *program)
{
	static struct fz_program tail;
	unsigned int at = fz_draw(rng, program->n + 1), i;

	fz_model_reset(model);
	for (i = 0; i < at; i++)
		assume(&program->step[i]);
	tail = *program;
	program->n = at;
	extend(rng, program, at + 1 + fz_draw(rng, 8));
	if (at < program->together)
		program->together += program->n - at;
	for (i = at; i < tail.n && program->n < FZ_STEPS; i++)
		program->step[program->n++] = tail.step[i];
}

/* One step with other arguments. */
static void redraw(struct fz_rng *rng, struct fz_program *program)
{
	unsigned int at = fz_draw(rng, program->n), i;
	struct fz_step *step = &program->step[at], fresh = *step;

	fz_model_reset(model);
	for (i = 0; i < at; i++)
		assume(&program->step[i]);
	memset(fresh.arg, 0, sizeof(fresh.arg));
	if (!fresh.op->generate || fresh.op->generate(rng, model, &fresh))
		*step = fresh;
}

/* The end of another one behind the beginning of this. */
static void splice(struct fz_rng *rng, struct fz_program *program,
		   const struct fz_program *other)
{
	unsigned int i = fz_draw(rng, other->n);

	program->n = 1 + fz_draw(rng, program->n);
	while (i < other->n && program->n < FZ_STEPS)
		program->step[program->n++] = other->step[i++];
}

void fz_mutate(struct fz_program *program, const struct fz_program *other,
	       uint64_t seed)
{
	struct fz_rng rng = { seed };
	unsigned int n = 1 + fz_draw(&rng, 4), from;

	while (n--) {
		switch (program->n > 4 ? fz_draw(&rng, 8) : 0) {
		case 0: case 1: case 2:
			insert(&rng, program);
			break;
		case 3: case 4:
			redraw(&rng, program);
			break;
		case 5:
			from = fz_draw(&rng, program->n - 2);
			fz_program_cut(program, from, 1 + fz_draw(&rng, 2));
			break;
		case 6:
			if (other && other->n)
				splice(&rng, program, other);
			break;
		default:
			draw_together(&rng, program, FZ_ANY_ORDER);
		}
	}
	if (program->together > program->n)
		program->together = program->n;
}
