// SPDX-License-Identifier: GPL-2.0
/* Races that are provoked, and whether anything is left of them; see race.h. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "race.h"

#define RACE_MS		800	/* for one race; more where the kernel is slow */
#define ROUNDS_MAX	4000
#define ROUNDS_MIN	10	/* however long they take */
#define WRONG_SHOWN	5

/* A moment is varied by so many turns of an empty loop. */
#define STEP_MIN	16
#define STEP_MAX	(1 << 17)
#define DELAY_MAX	(1 << 21)
#define SCATTER_BITS	15
#define SPIN_TURNS	100000

int race_slow(void)
{
	const char *slow = getenv("DIPC_SLOW");

	return slow && atoi(slow) > 0 ? atoi(slow) : 1;
}

static unsigned int number_of(const char *variable, unsigned int otherwise)
{
	const char *value = getenv(variable);

	return value && atoi(value) > 0 ? atoi(value) : otherwise;
}

unsigned int race_draw(unsigned int n)
{
	static __thread uint64_t state;
	static atomic_uint threads;

	if (!state)
		state = (number_of("DIPC_SEED", 1) * 64ULL +
			 atomic_fetch_add(&threads, 1)) *
			0x9e3779b97f4a7c15ULL + 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % n;
}

int race_pin(int cpu)
{
	cpu_set_t set;

	if (cpu >= sysconf(_SC_NPROCESSORS_ONLN))
		return -ENODEV;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return DT_ERR(sched_setaffinity(0, sizeof(set), &set));
}

/*
 * Starting together: sides sleep until a round is set, then say that they are
 * awake and spin until the start, so that none has to be woken for it.
 */

struct runner {
	const struct race *race;
	void *world;
	int nr;
	struct dt_thread thread;
	struct start *start;
	long ret;
};

struct start {
	_Atomic uint32_t set;		/* the round that is set; a futex */
	atomic_int awake;
	_Atomic uint32_t go;		/* the round that runs */
	_Atomic uint32_t running;	/* sides, but for the first; a futex */
	atomic_bool ends;
	atomic_long delay[RACE_SIDES];
	int n;				/* sides, but for the first */
	struct runner runner[RACE_SIDES];
};

/* Asleep only after a while: a processor that idles is slow to come back. */
static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
	struct timespec limit = { .tv_nsec = 100000000 };
	int turns;

	for (turns = 0; turns < SPIN_TURNS; turns++)
		if (atomic_load(word) != value)
			return;
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &limit, NULL, 0);
}

static void wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, RACE_SIDES, NULL, NULL, 0);
}

static void dawdle(long turns)
{
	volatile long left = turns;

	while (left > 0)
		left--;
}

static long run_side(void *arg)
{
	struct runner *r = arg;
	struct start *s = r->start;
	uint32_t round = 0;

	/* the third one competes with the first */
	race_pin(r->nr == 1);
	for (;;) {
		while (atomic_load(&s->set) == round)
			sleep_while(&s->set, round);
		if (atomic_load(&s->ends))
			return 0;
		round++;
		atomic_fetch_add(&s->awake, 1);
		while (atomic_load(&s->go) != round)
			if (r->nr > 1)
				sched_yield();
		dawdle(atomic_load(&s->delay[r->nr]));
		r->ret = r->race->side[r->nr](r->world);
		atomic_fetch_sub(&s->running, 1);
		wake(&s->running);
	}
}

static int start_sides(struct start *s, const struct race *race, void *world)
{
	struct runner *r;
	int err;

	for (s->n = 0; s->n + 1 < RACE_SIDES && race->side[s->n + 1]; s->n++) {
		r = &s->runner[s->n];
		*r = (struct runner) { .race = race, .world = world,
				       .nr = s->n + 1, .start = s };
		err = dt_thread_start(&r->thread, run_side, r);
		if (err)
			return err;
	}
	return 0;
}

static int end_sides(struct start *s)
{
	int i, err = 0;

	atomic_store(&s->ends, true);
	atomic_fetch_add(&s->set, 1);
	wake(&s->set);
	for (i = 0; i < s->n; i++)
		if (dt_thread_join(&s->runner[i].thread))
			err = -ETIME;
	return err;
}

static bool wait_for_sides(struct start *s)
{
	long end = dt_now_ms() + DT_LONG_MS;
	uint32_t running;

	while ((running = atomic_load(&s->running))) {
		if (dt_now_ms() > end)
			return false;
		sleep_while(&s->running, running);
	}
	return true;
}

/* What each side gave is in ret; 0 or -ETIME. */
static int run_round(struct start *s, const struct race *race, void *world,
		     long *ret)
{
	int i;

	atomic_store(&s->awake, 0);
	atomic_store(&s->running, s->n);
	atomic_fetch_add(&s->set, 1);
	wake(&s->set);
	while (atomic_load(&s->awake) < s->n)
		sched_yield();
	atomic_store(&s->go, atomic_load(&s->set));
	dawdle(atomic_load(&s->delay[0]));
	ret[0] = race->side[0](world);
	if (!wait_for_sides(s))
		return -ETIME;
	for (i = 0; i < s->n; i++)
		ret[i + 1] = s->runner[i].ret;
	return 0;
}

/*
 * Aiming: how much later the first side begins than the second. Who was first
 * is to be later next time, by steps that shrink where it goes to and fro.
 */

struct aim {
	long centre, step;
	int last;		/* who was first */
	int in_a_row;
};

static void correct(struct aim *a, int first)
{
	if (first == RACE_UNKNOWN)
		return;
	if (first != a->last) {
		a->step = a->step / 2 > STEP_MIN ? a->step / 2 : STEP_MIN;
		a->in_a_row = 0;
	} else if (++a->in_a_row % 2 == 0 && a->step < STEP_MAX) {
		a->step *= 2;
	}
	a->last = first;
	a->centre += first ? -a->step : a->step;
	if (a->centre > DELAY_MAX || a->centre < -DELAY_MAX)
		a->centre = 0;
}

/* Up to 2^n turns either way, for each n equally often. */
static long scatter(void)
{
	long most = 1L << race_draw(SCATTER_BITS);

	return (long)race_draw(2 * most + 1) - most;
}

static void set_delays(struct start *s, const struct aim *a)
{
	long later = a->centre + scatter();

	atomic_store(&s->delay[0], later > 0 ? later : 0);
	atomic_store(&s->delay[1], later < 0 ? -later : 0);
	atomic_store(&s->delay[2], race_draw(1 << race_draw(SCATTER_BITS)));
}

static void show_wrong(const struct race *race, int round, const long *ret)
{
	printf("# %s: round %d must not end so: %ld, %ld, %ld\n", race->name,
	       round, ret[0], ret[1], ret[2]);
}

static void show(const struct race *race, int rounds, const int *seen)
{
	int i;

	printf("# %s: %d rounds", race->name, rounds);
	for (i = 0; i < RACE_OUTCOMES && race->outcome[i].text; i++)
		printf("%s %d %s", i ? "," : ":", seen[i],
		       race->outcome[i].text);
	printf("\n");
	fflush(stdout);
}

int race_run(const struct race *race, void *world)
{
	int seen[RACE_OUTCOMES] = { 0 }, wrong = 0, round, what, err;
	int most = number_of("DIPC_ROUNDS", ROUNDS_MAX);
	int slow = race_slow() > 1 ? 2 : 1;
	long end = dt_now_ms() + RACE_MS * slow;
	long ret[RACE_SIDES] = { 0 };
	int least = race->rounds ? race->rounds / 4 : ROUNDS_MIN;
	struct aim aim = { .step = 1024 };
	struct start start = { .n = 0 };

	if (race->rounds && race->rounds < most)
		most = race->rounds;
	race_pin(0);
	err = start_sides(&start, race, world);
	for (round = 0; !err && round < most; round++) {
		if (round >= least && dt_now_ms() > end)
			break;
		if (race->set && !race->set(world)) {
			err = -EIO;
			break;
		}
		set_delays(&start, &aim);
		err = run_round(&start, race, world, ret);
		if (err)
			break;
		what = race->judge(world, ret);
		if (what == RACE_WRONG) {
			if (wrong++ < WRONG_SHOWN)
				show_wrong(race, round, ret);
			continue;
		}
		seen[what]++;
		correct(&aim, race->outcome[what].first);
	}
	show(race, round, seen);
	if (err == -ETIME) {
		printf("# %s: round %d: a side hangs\n", race->name, round);
		fflush(stdout);
		return err;
	}
	return end_sides(&start) ?: err ?: wrong;
}

/*
 * What is left
 */

void race_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int race_world(struct dt_stats *before)
{
	int err = dt_netns_new();

	return err ? err : dt_stats_get(before);
}

long race_counted(const struct dt_stats *before, enum dipc_reason reason)
{
	struct dt_stats now;

	if (dt_stats_get(&now))
		return -1;
	return now.counter[reason] - before->counter[reason];
}

static void count_one(uint8_t cmd, void *arg)
{
	++*(int *)arg;
}

/* How many of them there are, or -errno. */
static int count_dump(uint8_t cmd)
{
	struct dt_nl nl;
	int err = dt_nl_open(&nl), n = 0;

	if (err)
		return err;
	dt_nl_begin(&nl, cmd, NLM_F_DUMP);
	err = dt_nl_call(&nl, count_one, NULL, &n);
	dt_nl_close(&nl);
	return err ? err : n;
}

/* Whoever is charged for nothing may have one of each. */
static bool may_have_one_of_each(void)
{
	struct sockaddr_dipc box = dt_mailbox("last"), any = dt_any();
	int fd = -1, err = dt_mailbox_new("last", DT_MAILBOX());

	if (!err)
		fd = dt_socket_bound(SOCK_RDM, &any);
	if (fd >= 0 && dt_send(fd, "x", 1, MSG_DONTWAIT, &box) != 1)
		err = -1;
	dt_mailbox_del("last");
	if (fd >= 0)
		close(fd);
	return !err && fd >= 0;
}

static bool is_uncharged(void)
{
	static const struct {
		const char *name;
		long max;
	} limits[] = {
		{ "user_max_bytes", 4096 }, { "user_max_ports", 1 },
		{ "user_max_names", 1 }, { "user_max_mailboxes", 1 },
	};
	int i;

	for (i = 0; i < 4; i++)
		if (dt_limit_set(limits[i].name, limits[i].max))
			return false;
	return DT_WAIT_UNTIL(may_have_one_of_each());
}

const char *race_left(const struct dt_stats *before)
{
	struct dt_stats now = { 0 };

	if (!DT_WAIT_UNTIL(!dt_stats_get(&now) &&
			   now.messages <= before->messages))
		return "messages";
	if (!DT_WAIT_UNTIL(!dt_stats_get(&now) && !now.ports))
		return "ports";
	if (now.names)
		return "names";
	if (now.mailboxes)
		return "mailboxes";
	if (!DT_WAIT_UNTIL(!count_dump(DIPC_CMD_LINK_GET)))
		return "links";
	if (!DT_WAIT_UNTIL(!count_dump(DIPC_CMD_CALL_GET)))
		return "calls";
	if (!is_uncharged())
		return "charges";
	return "";
}
