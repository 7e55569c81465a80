// SPDX-License-Identifier: GPL-2.0
/*
 * Calls for two minutes, while clients and servers are killed with SIGKILL at
 * random and started again: eight clients, and three servers of two workers
 * each behind one name, which is a mailbox, or a name that their ports share.
 * suite-timeout: 300
 *
 * Each call has a serial number, which its request carries, and a line in a log
 * in shared memory. Servers note there that they execute it, just before they
 * reply; clients, how it has ended. No call that was refused was executed, each
 * that succeeded once, every other one at most once; with DIPC_AT_LEAST_ONCE
 * that is so for each attempt. What became of a call whose client was killed is
 * not known, but it is no more often executed than others.
 *
 * Each server has one worker more, for what is forwarded, with a name of its
 * own: nobody can forward to the queue that he receives from.
 *
 * DIPC_SECONDS says how long in all (120), DIPC_SEED what is drawn. Which task
 * runs when is not drawn: the same seed is the same load, not the same run.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "calls_seen.h"
#include "kselftest_harness.h"
#include "soak.h"

#define SECONDS		120
#define SOCKETS		3	/* of a server */
#define PACE		150	/* at most so many calls a kill */
#define KILL_MS		100	/* nor so long, without anything ending */

static const char *const events[SOAK_EVENTS] = {
	[SOAK_FORWARDED] = "forwarded", [SOAK_DROPPED] = "dropped",
	[SOAK_KEPT] = "replied to later", [SOAK_NOTICED] = "notices",
	[SOAK_TOO_LATE] = "too late", [SOAK_TOO_LONG] = "replies too long",
	[SOAK_IN_PARTS] = "in parts", [SOAK_CLOSED] = "sockets closed",
	[SOAK_CANCELLED] = "cancelled", [SOAK_PURGED] = "mailbox purged",
};

FIXTURE(soak)
{
	struct dt_stats before, after;
	int kills[2];			/* of clients, of servers */
};

FIXTURE_VARIANT(soak)
{
	bool is_mailbox, repeats;
};

FIXTURE_VARIANT_ADD(soak, mailbox) { true, false };
FIXTURE_VARIANT_ADD(soak, shared_name) { false, false };
FIXTURE_VARIANT_ADD(soak, mailbox_at_least_once) { true, true };
FIXTURE_VARIANT_ADD(soak, shared_name_at_least_once) { false, true };

#define N_VARIANTS	4

static long number_of(const char *name, long usual)
{
	const char *asked = getenv(name);

	return asked ? strtol(asked, NULL, 0) : usual;
}

static uint32_t choose_seed(void)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = getpid();
	return number_of("DIPC_SEED", seed);
}

FIXTURE_SETUP(soak)
{
	uint32_t seed = choose_seed();

	TH_LOG("seed %u (DIPC_SEED sets it)", seed);
	soak_seed(seed);
	soak = mmap(NULL, sizeof(*soak), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, soak);
	soak->next = 1;
	soak->slow = number_of("DIPC_SLOW", 1);
	soak->is_mailbox = variant->is_mailbox;
	soak->repeats = variant->repeats;
	soak->back = dt_name("back");
	soak->front = dt_name("front");
	ASSERT_EQ(0, dt_netns_new());
	if (variant->is_mailbox) {
		soak->front = dt_mailbox("front");
		ASSERT_EQ(0, dt_mailbox_new("front",
					    DT_MAILBOX(.capacity_msgs = 4)))
			TH_LOG("is the module loaded?");
	}
	ASSERT_EQ(0, dt_stats_get(&self->before))
		TH_LOG("is the module loaded?");
}

FIXTURE_TEARDOWN(soak)
{
	munmap(soak, sizeof(*soak));
}

static bool start(struct soak_role *role, int (*fn)(void *role))
{
	role->seed = soak_draw(1 << 30);
	role->pid = dt_child(fn, role);
	return role->pid > 0;
}

static bool is_served(void)
{
	struct dt_stats stats;

	return !dt_stats_get(&stats) && stats.ports >= SOCKETS * SOAK_SERVERS;
}

static bool start_all(void)
{
	int i;

	for (i = 0; i < SOAK_SERVERS; i++) {
		soak->server[i].nr = i;
		if (!start(&soak->server[i], soak_child_serves))
			return false;
	}
	if (!DT_WAIT_UNTIL(is_served()))
		return false;
	for (i = 0; i < SOAK_CLIENTS; i++) {
		soak->client[i].nr = i;
		if (!start(&soak->client[i], soak_child_calls))
			return false;
	}
	return true;
}

static bool end_by_kill(struct soak_role *role)
{
	kill(role->pid, SIGKILL);
	return dt_child_wait(role->pid) == -SIGKILL;
}

/* One is killed, is gone, and another takes its place. */
static bool replace_one(FIXTURE_DATA(soak) *self)
{
	unsigned int i = soak_draw(SOAK_CLIENTS + 2 * SOAK_SERVERS);
	bool is_server = i >= SOAK_CLIENTS;
	struct soak_role *role = is_server ?
		&soak->server[(i - SOAK_CLIENTS) % SOAK_SERVERS] :
		&soak->client[i];

	self->kills[is_server]++;
	return end_by_kill(role) &&
	       start(role, is_server ? soak_child_serves : soak_child_calls);
}

/* Let some calls end, for calls are to be under way at a kill. */
static void let_some_end(void)
{
	uint64_t goal = soak->ended + soak_draw(PACE);
	long end_ms = dt_now_ms() + soak_draw(KILL_MS) * soak->slow;

	while (soak->ended < goal && dt_now_ms() < end_ms)
		usleep(500);
}

/* Everybody's last call comes to an end, and then the servers'. */
static bool end_clients(struct __test_metadata *_metadata)
{
	bool ok = true;
	int i, status;

	soak->stop = true;
	for (i = 0; i < SOAK_CLIENTS; i++) {
		const struct soak_role *client = &soak->client[i];
		const struct soak_line *line = &soak->log[client->serial];

		status = dt_child_wait(client->pid);
		if (!status)
			continue;
		TH_LOG("client %u: status %d; call %llu, number %llx, executed %llx, replied %u",
		       client->nr, status, (unsigned long long)client->serial,
		       (unsigned long long)line->seen_id,
		       (unsigned long long)line->executed, line->replied);
		ok = false;
	}
	return ok;
}

static bool end_servers(void)
{
	bool ok = true;
	int i;

	for (i = 0; i < SOAK_SERVERS; i++)
		ok &= end_by_kill(&soak->server[i]);
	return ok;
}

/* What is wrong with a line of the log, or NULL. */
static const char *judge(const struct soak_line *line)
{
	int executed = __builtin_popcountll(line->executed);

	if (line->replied > 1)
		return "replied to twice";
	if (line->id && line->seen_id && line->id != line->seen_id)
		return "another number than the servers saw";
	if (!soak->repeats && executed > 1)
		return "executed twice";
	if (line->state != SOAK_ENDED)
		return NULL;
	if (line->error && line->replied)
		return "a reply was taken, and the call has failed";
	if (line->attempt < 63 && line->executed >> (line->attempt + 1))
		return "an attempt after the last";
	switch (line->error) {
	case 0:
		return line->executed >> line->attempt & 1 ?
		       NULL : "never executed";
	case ENOENT:
	case ECONNREFUSED:
		return executed ? "executed, and refused" : NULL;
	}
	return NULL;
}

struct tally {
	uint64_t calls, ended, unknown, given_up, wrong;
};

static struct tally judge_all(struct __test_metadata *_metadata)
{
	uint64_t i, n = soak->next < SOAK_CALLS ? soak->next : SOAK_CALLS;
	struct tally tally = { 0 };

	for (i = 1; i < n; i++) {
		const struct soak_line *line = &soak->log[i];
		const char *wrong = judge(line);

		tally.calls++;
		tally.ended += line->state == SOAK_ENDED;
		tally.unknown += line->state == SOAK_UNKNOWN;
		tally.given_up += line->state == SOAK_GIVEN_UP;
		if (!wrong || tally.wrong++ >= SOAK_TEXTS)
			continue;
		TH_LOG("call %llu (%llx of %llx): %s; executed %llx, replied %u, attempt %u, error %u",
		       (unsigned long long)i, (unsigned long long)line->seen_id,
		       (unsigned long long)line->port, wrong,
		       (unsigned long long)line->executed, line->replied,
		       line->attempt, line->error);
	}
	return tally;
}

static int compare(const void *a, const void *b)
{
	const struct soak_line *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->seen_id < y->seen_id ? -1 : x->seen_id > y->seen_id;
}

/* Numbers of requests that are not unique with their source; sorts the log. */
static int count_doubled(void)
{
	uint64_t i, n = soak->next < SOAK_CALLS ? soak->next : SOAK_CALLS;
	int doubled = 0;

	qsort(soak->log + 1, n - 1, sizeof(soak->log[0]), compare);
	for (i = 2; i < n; i++)
		doubled += soak->log[i].seen_id &&
			   !compare(&soak->log[i - 1], &soak->log[i]);
	return doubled;
}

static uint64_t counted(const FIXTURE_DATA(soak) *self, enum dipc_reason reason)
{
	return self->after.counter[reason] - self->before.counter[reason];
}

static void report(struct __test_metadata *_metadata,
		   const FIXTURE_DATA(soak) *self, const struct tally *tally,
		   int most)
{
	int i;

	TH_LOG("%llu calls: %llu ended, %llu given up, %llu of clients killed; %d clients and %d servers killed",
	       (unsigned long long)tally->calls,
	       (unsigned long long)tally->ended,
	       (unsigned long long)tally->given_up,
	       (unsigned long long)tally->unknown, self->kills[0],
	       self->kills[1]);
	TH_LOG("%8d calls in view at most", most);
	TH_LOG("%8llu tried again",
	       (unsigned long long)counted(self, DIPC_REASON_RETRIED));
	for (i = 0; i < SOAK_ERRORS; i++)
		if (soak->errors[i])
			TH_LOG("%8llu %s", (unsigned long long)soak->errors[i],
			       i ? strerror(i) : "replied");
	for (i = 0; i < SOAK_EVENTS; i++)
		TH_LOG("%8llu %s", (unsigned long long)soak->events[i],
		       events[i]);
	for (i = 0; i < soak->n_violations && i < SOAK_TEXTS; i++)
		TH_LOG("%s", soak->violation[i]);
}

/* How many calls netlink shows, or a negative errno. */
static int calls_in_view(void)
{
	struct calls_seen seen = { 0 };
	int err = calls_see(&seen, NULL, NULL), n = seen.n;

	calls_seen_free(&seen);
	return err ? err : n;
}

static bool nothing_is_left(FIXTURE_DATA(soak) *self)
{
	return !dt_stats_get(&self->after) &&
	       self->after.ports == self->before.ports &&
	       self->after.names == self->before.names &&
	       self->after.messages == self->before.messages;
}

TEST_F_TIMEOUT(soak, every_call_ends_as_it_says_when_both_sides_are_killed, 600)
{
	long end_ms = dt_now_ms() +
		      number_of("DIPC_SECONDS", SECONDS) * 1000 / N_VARIANTS;
	struct tally tally;
	int n, most = 0;

	ASSERT_TRUE(start_all());
	while ((dt_now_ms() < end_ms && !soak->stop) ||
	       !self->kills[0] || !self->kills[1]) {
		let_some_end();
		ASSERT_TRUE(replace_one(self));
		n = calls_in_view();
		ASSERT_LE(0, n);
		most = n > most ? n : most;
		if (variant->is_mailbox && !soak_draw(16)) {
			soak_count(SOAK_PURGED);
			ASSERT_EQ(0, dt_mailbox_purge("front", NULL));
		}
	}
	EXPECT_TRUE(end_clients(_metadata));
	/* nobody waits for a reply any more */
	EXPECT_TRUE(DT_WAIT_UNTIL(!dt_mailbox_queued("front")));
	EXPECT_EQ(0, calls_in_view());
	EXPECT_LT(0, most);
	EXPECT_TRUE(end_servers());

	EXPECT_TRUE(DT_WAIT_UNTIL(nothing_is_left(self)))
		TH_LOG("left: %u ports, %u names, %llu messages",
		       self->after.ports - self->before.ports,
		       self->after.names - self->before.names,
		       (unsigned long long)(self->after.messages -
					    self->before.messages));
	tally = judge_all(_metadata);
	report(_metadata, self, &tally, most);
	EXPECT_EQ(0, tally.wrong);
	EXPECT_EQ(0, count_doubled());
	EXPECT_EQ(0, soak->n_violations);
	EXPECT_LT(0, soak->errors[0]);
	EXPECT_LT(0, self->kills[0]);
	EXPECT_LT(0, self->kills[1]);
	/* each of these is the end of one call, as the kernel saw it */
	EXPECT_LE(soak->errors[0], counted(self, DIPC_REASON_REPLIED));
	EXPECT_GE(soak->errors[0] + tally.unknown + tally.given_up,
		  counted(self, DIPC_REASON_REPLIED));
	EXPECT_LE(soak->events[SOAK_FORWARDED],
		  counted(self, DIPC_REASON_FORWARDED));
	if (!variant->repeats)
		EXPECT_EQ(0, counted(self, DIPC_REASON_RETRIED));
}

TEST_HARNESS_MAIN
