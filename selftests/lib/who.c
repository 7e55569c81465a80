// SPDX-License-Identifier: GPL-2.0
/* Being somebody else for a while; see who.h. */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "call.h"
#include "who.h"

static int set_caps(uint32_t effective)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[0].effective = effective & data[0].permitted;
	data[1].effective = effective == ~0u ? data[1].permitted : 0;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int who_enter(const struct who *who)
{
	if (syscall(SYS_setgroups, 1, &who->group) ||
	    syscall(SYS_setresgid, -1, who->gid, -1))
		return -errno;
	return become(who->uid) ?: set_caps(who->caps);
}

int who_leave(void)
{
	int err = become(0) ?: set_caps(~0u);

	if (err)
		return err;
	return syscall(SYS_setresgid, -1, 0, -1) ||
	       syscall(SYS_setgroups, 0, NULL) ? -errno : 0;
}
