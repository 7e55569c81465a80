// SPDX-License-Identifier: GPL-2.0
/*
 * Ten thousand messages from eight senders to eight receivers over one
 * mailbox, while receivers are killed with SIGKILL at random and started
 * again. suite-timeout: 300
 *
 * Receivers log the number of each message in shared memory. No number is
 * logged twice; a number that is not logged was taken by a receiver that was
 * killed before it could log it, so there are no more of those than kills, and
 * the kernel has counted exactly the logged and the missing as taken.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "dipc_test.h"
#include "kselftest_harness.h"

#define N_SENDERS	8
#define N_RECEIVERS	8
#define N_MESSAGES	10000
#define N_EACH		(N_MESSAGES / N_SENDERS)
#define PACE		11	/* at most so many of each sender a kill */
#define IN_FLIGHT	60	/* messages that may be under way at a kill */
#define SOAK_MS		90000	/* the end, come what may */

struct shared {
	char name[DIPC_NAME_MAX + 1];
	int next_sender;	/* drawn by each sender as it starts */
	volatile int allowed;	/* how many messages each may send by now */
	int logged;		/* about how many, for the pace */
	int log[N_MESSAGES];	/* how often each was received */
	int strange;		/* what is no number of a message, or an error */
};

static int child_sends(void *arg)
{
	struct shared *s = arg;
	struct sockaddr_dipc addr = dt_mailbox(s->name);
	int index = __atomic_fetch_add(&s->next_sender, 1, __ATOMIC_RELAXED);
	int fd = dt_socket_connected(SOCK_RDM, &addr);
	int i;

	if (fd < 0)
		return 1;
	for (i = 0; i < N_EACH; i++) {
		while (i >= s->allowed)
			usleep(50);
		if (dt_send_number(fd, index * N_EACH + i, 0, NULL) < 0)
			return 2;
	}
	return 0;
}

static int child_receives(void *arg)
{
	struct shared *s = arg;
	struct sockaddr_dipc addr = dt_mailbox(s->name);
	int fd = dt_socket_bound(SOCK_RDM, &addr);
	int number;

	if (fd < 0)
		return 1;
	for (;;) {
		number = dt_recv_number(fd, 0);
		if (number < 0 || number >= N_MESSAGES)
			break;
		__atomic_add_fetch(&s->log[number], 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&s->logged, 1, __ATOMIC_RELAXED);
	}
	__atomic_add_fetch(&s->strange, 1, __ATOMIC_RELAXED);
	return 2;
}

/* The same numbers for the same seed, whatever the C library is. */
static uint32_t draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static uint32_t choose_seed(void)
{
	const char *asked = getenv("DIPC_SEED");
	uint32_t seed = 0;

	if (asked)
		seed = strtoul(asked, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = getpid();
	return seed ?: 1;
}

static uint64_t taken(void)
{
	struct dt_stats stats;

	return dt_stats_get(&stats) ? 0 : stats.counter[DIPC_REASON_TAKEN];
}

FIXTURE(soak)
{
	struct shared *s;
	pid_t sender[N_SENDERS], receiver[N_RECEIVERS];
	struct dt_stats before;
	uint32_t random;
	int kills;
	long end_ms;
};

FIXTURE_VARIANT(soak)
{
	int capacity;
};

FIXTURE_VARIANT_ADD(soak, of_64) { 64 };
FIXTURE_VARIANT_ADD(soak, of_1) { 1 };
FIXTURE_VARIANT_ADD(soak, unbuffered) { 0 };

FIXTURE_SETUP(soak)
{
	self->s = mmap(NULL, sizeof(*self->s), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->s);
	dt_unique(self->s->name, "soak");
	ASSERT_EQ(0, dt_mailbox_new(self->s->name,
				    DT_MAILBOX(.capacity_msgs = variant->capacity)))
		TH_LOG("is the module loaded?");
	ASSERT_EQ(0, dt_stats_get(&self->before));
	self->random = choose_seed();
	self->end_ms = dt_now_ms() + SOAK_MS;
	TH_LOG("seed %u (DIPC_SEED sets it)", self->random);
}

FIXTURE_TEARDOWN(soak)
{
	dt_mailbox_del(self->s->name);
	munmap(self->s, sizeof(*self->s));
}

/* A receiver is killed, is gone, and another one takes its place. */
static bool replace(FIXTURE_DATA(soak) *self, int i)
{
	int status = 0;

	if (kill(self->receiver[i], SIGKILL) ||
	    waitpid(self->receiver[i], &status, 0) != self->receiver[i] ||
	    !WIFSIGNALED(status))
		return false;
	self->kills++;
	self->receiver[i] = dt_child(child_receives, self->s);
	return self->receiver[i] > 0;
}

/* How many messages may be logged, if each receiver killed took one along. */
static int least_logged(const FIXTURE_DATA(soak) *self)
{
	int allowed = self->s->allowed;

	return (allowed < N_EACH ? allowed : N_EACH) * N_SENDERS - self->kills;
}

/* How many senders have not ended; -1 if one has failed. */
static int senders_left(FIXTURE_DATA(soak) *self)
{
	int i, status, left = 0;

	for (i = 0; i < N_SENDERS; i++) {
		if (!self->sender[i])
			continue;
		if (!waitpid(self->sender[i], &status, WNOHANG)) {
			left++;
			continue;
		}
		self->sender[i] = 0;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			return -1;
	}
	return left;
}

TEST_F_TIMEOUT(soak, nothing_is_lost_or_doubled_when_receivers_are_killed, 120)
{
	int i, left = N_SENDERS, logged = 0, missing = 0, doubled = 0;
	struct dt_stats after;

	for (i = 0; i < N_RECEIVERS; i++) {
		self->receiver[i] = dt_child(child_receives, self->s);
		ASSERT_LT(0, self->receiver[i]);
	}
	for (i = 0; i < N_SENDERS; i++) {
		self->sender[i] = dt_child(child_sends, self->s);
		ASSERT_LT(0, self->sender[i]);
	}
	/* let some more be sent, and kill while some of them are under way */
	while (left > 0 && dt_now_ms() < self->end_ms) {
		int goal;

		self->s->allowed += 1 + draw(&self->random) % PACE;
		goal = least_logged(self) - draw(&self->random) % IN_FLIGHT;
		ASSERT_TRUE(replace(self, draw(&self->random) % N_RECEIVERS));
		do {
			left = senders_left(self);
			usleep(100);
		} while (left > 0 && self->s->logged < goal &&
			 dt_now_ms() < self->end_ms);
	}
	EXPECT_EQ(0, left);

	/* the rest of the queue, then no receiver holds any more */
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_mailbox_queued(self->s->name) &&
				  dt_mailbox_receivers(self->s->name) == N_RECEIVERS));
	for (i = 0; i < N_RECEIVERS; i++) {
		kill(self->receiver[i], SIGKILL);
		EXPECT_EQ(-SIGKILL, dt_child_wait(self->receiver[i]));
	}
	ASSERT_EQ(0, dt_stats_get(&after));

	/* who is killed after he has logged one may not have counted it */
	for (i = 0; i < N_MESSAGES; i++) {
		logged += self->s->log[i];
		missing += self->s->log[i] == 0;
		doubled += self->s->log[i] > 1;
	}
	TH_LOG("%d messages, %d receivers killed, %d logged, %d missing, %llu put back",
	       N_MESSAGES, self->kills, logged, missing,
	       (unsigned long long)(after.counter[DIPC_REASON_PUT_BACK] -
				    self->before.counter[DIPC_REASON_PUT_BACK]));
	EXPECT_LE(N_EACH / PACE, self->kills);
	EXPECT_EQ(0, self->s->strange);
	EXPECT_EQ(0, doubled);
	EXPECT_GE(self->kills, missing);
	EXPECT_EQ(logged + missing,
		  taken() - self->before.counter[DIPC_REASON_TAKEN]);
	EXPECT_EQ(0, after.counter[DIPC_REASON_DROP_CLOSED] -
		     self->before.counter[DIPC_REASON_DROP_CLOSED]);
	EXPECT_EQ(self->before.messages, after.messages);
}

TEST_HARNESS_MAIN
