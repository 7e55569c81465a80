// SPDX-License-Identifier: GPL-2.0
/* See fault.h: what is left of an operation, in the module's own views. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

#include "fault.h"
#include "scm.h"
#include "who.h"

static uint64_t messages;	/* of the machine, before */

int fault_world(void)
{
	struct dt_stats stats;
	int err = dt_netns_new();

	if (!err)
		err = dt_stats_get(&stats);
	messages = stats.messages;
	fault_arm(0);	/* by one who may, whoever does it later */
	/* no page of the program itself is missing in the midst of it */
	return !err && mlockall(MCL_CURRENT) ? -errno : err;
}

const char *fault_left(void)
{
	static char text[128];
	struct dt_stats s = { 0 };

	if (DT_WAIT_UNTIL(!dt_stats_get(&s) && !s.ports && !s.names &&
			  !s.mailboxes && s.messages <= messages))
		return "";
	snprintf(text, sizeof(text),
		 "%u ports, %u names, %u mailboxes, %lld messages", s.ports,
		 s.names, s.mailboxes, (long long)(s.messages - messages));
	return text;
}

static const struct {
	const char *name;
	long long value;
} limits[] = {
	/* a mailbox has a name as well; a message takes some hundred bytes */
	{ "user_max_ports", 1 }, { "user_max_mailboxes", 1 },
	{ "user_max_names", 2 }, { "user_max_files", 1 },
	{ "user_max_bytes", 1024 },
};

#define N_LIMITS ((int)(sizeof(limits) / sizeof(limits[0])))

static const char *use_all(const struct sockaddr_dipc *name, int fd)
{
	int sock = dt_socket_bound(SOCK_RDM, name);
	struct scm_got got;
	long err = sock < 0 ? sock : scm_send(sock, 'x', &fd, 1, MSG_DONTWAIT,
					      name);

	if (sock < 0)
		return "a port or a name";
	if (err == 1) {
		got = scm_recv(sock, MSG_DONTWAIT);
		scm_close(&got);
	}
	close(sock);
	return err == 1 ? "" : err == -ETOOMANYREFS ? "descriptors" : "bytes";
}

/* Just as much as is allowed must be there to be had. */
static const char *use_up(void)
{
	static const struct who bare_root = BARE_ROOT;
	char name[DIPC_NAME_MAX + 1];
	struct sockaddr_dipc addr;
	struct scm_pipe p = scm_pipe();
	const char *charged;

	dt_unique(name, "charged");
	addr = dt_name(name);
	/* who is privileged has no limit of descriptors */
	if (who_enter(&bare_root))
		return "privileges";
	charged = use_all(&addr, p.rd);
	if (!*charged && dt_mailbox_new(name, DT_MAILBOX()))
		charged = "a mailbox";
	if (who_leave())
		charged = "privileges";
	dt_mailbox_del(name);
	scm_pipe_end(&p);
	return charged;
}

const char *fault_charged(void)
{
	long long before[N_LIMITS];
	const char *charged = "";
	int i;

	for (i = 0; i < N_LIMITS; i++) {
		before[i] = dt_limit_get(limits[i].name);
		if (dt_limit_set(limits[i].name, limits[i].value))
			return "limits that cannot be set";
	}
	/* what RCU still has to free may be charged */
	DT_WAIT_UNTIL(!*(charged = use_up()));
	for (i = 0; i < N_LIMITS; i++)
		dt_limit_set(limits[i].name, before[i]);
	return charged;
}
