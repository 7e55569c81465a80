// SPDX-License-Identifier: GPL-2.0
/* See call.h. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "call.h"

int become(uid_t uid)
{
	/* not glibc's, which does it to all threads */
	return syscall(SYS_setresuid, -1, uid, -1) ? -errno : 0;
}

static long run(void *arg)
{
	struct call *c = arg;
	char buf[CALL_LEN_MAX];
	long start, ret;

	ret = become(c->uid);
	if (ret)
		return ret;
	memset(buf, c->letter, sizeof(buf));
	start = dt_ticks_ms();
	if (c->sends) {
		ret = DT_ERR(sendto(c->fd, buf, c->len, 0, NULL, 0));
	} else {
		ret = DT_ERR(recvfrom(c->fd, buf, sizeof(buf), 0, NULL, NULL));
		c->letter = ret > 0 ? buf[0] : '-';
	}
	c->ms = dt_ticks_ms() - start;
	c->ended = true;
	return ret;
}

static int start(struct call *c)
{
	return dt_thread_start(&c->thread, run, c);
}

int call_send_as(struct call *c, int fd, char letter, size_t len, uid_t uid)
{
	*c = (struct call) { .fd = fd, .sends = true, .letter = letter,
			     .len = len, .uid = uid };
	return start(c);
}

int call_send(struct call *c, int fd, char letter)
{
	return call_send_as(c, fd, letter, 1, 0);
}

int call_recv(struct call *c, int fd)
{
	*c = (struct call) { .fd = fd };
	return start(c);
}

static long number(const struct call *c)
{
	return c->sends ? SYS_sendto : SYS_recvfrom;
}

bool call_wait_asleep(const struct call *c)
{
	return DT_WAIT_UNTIL(c->ended || call_is_asleep(c)) && !c->ended;
}

bool call_is_asleep(const struct call *c)
{
	return dt_is_asleep(c->thread.tid, number(c));
}

int call_interrupt(const struct call *c, int signo)
{
	return syscall(SYS_tgkill, getpid(), c->thread.tid, signo) ? -errno : 0;
}

long call_end(struct call *c)
{
	return dt_thread_join(&c->thread);
}

long put_len(int fd, char letter, size_t len)
{
	char buf[CALL_LEN_MAX];

	memset(buf, letter, sizeof(buf));
	return DT_ERR(sendto(fd, buf, len, MSG_DONTWAIT, NULL, 0));
}

long put(int fd, char letter)
{
	return put_len(fd, letter, 1);
}

long put_as(int fd, char letter, size_t len, uid_t uid)
{
	long ret = become(uid), back;

	if (ret)
		return ret;
	ret = put_len(fd, letter, len);
	back = become(0);
	return back ? back : ret;
}

int take(int fd)
{
	char buf[CALL_LEN_MAX];
	long ret;

	ret = DT_ERR(recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL));
	return ret > 0 ? buf[0] : ret ? ret : '-';
}

const char *take_all(int fd)
{
	static __thread char letters[LETTERS_MAX + 1];
	int i, letter;

	for (i = 0; i < LETTERS_MAX; i++) {
		letter = take(fd);
		if (letter < 0) {
			if (letter != -EAGAIN)
				letters[i++] = '!';
			break;
		}
		letters[i] = letter;
	}
	letters[i] = 0;
	return letters;
}

short poll_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) < 0 ? POLLNVAL : p.revents;
}

bool is_readable(int fd)
{
	return poll_now(fd) & POLLIN;
}

bool is_writable(int fd)
{
	return poll_now(fd) & POLLOUT;
}

const char *counted_else(const struct dt_stats *before,
			 const struct dt_stats *by)
{
	static __thread char text[512];
	struct dt_stats now;
	size_t len = 0;
	int i, err;

	text[0] = 0;
	err = dt_stats_get(&now);
	if (err)
		snprintf(text, sizeof(text), "no counters: %s", strerror(-err));
	for (i = 0; !err && i < __DIPC_REASON_COUNT; i++) {
		long moved = now.counter[i] - before->counter[i];

		if (moved != (long)by->counter[i] && len < sizeof(text) - 64)
			len += snprintf(text + len, sizeof(text) - len,
					"reason %d by %ld, not %ld; ", i, moved,
					(long)by->counter[i]);
	}
	return text;
}
