/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attributes of an answer, and how the values of the family are written
 * as words.
 */
#ifndef IPCCTL_ATTR_H
#define IPCCTL_ATTR_H

#include <libmnl/libmnl.h>
#include <linux/dipc.h>

#define ATTRS_MAX 32

struct attrs {
	const struct nlattr *by_type[ATTRS_MAX];	/* the last of each */
};

/* Room for each of the addresses and user names below. */
#define TEXT_MAX 96

#define N_POLICIES 4
#define N_ORDERS 2
#define N_MODES 3
#define N_SCOPES 3
extern const char *const policy_names[N_POLICIES];
extern const char *const order_names[N_ORDERS];
extern const char *const mode_names[N_MODES];
extern const char *const scope_names[N_SCOPES];

void attrs_read(struct attrs *attrs, const struct nlmsghdr *nlh);
uint64_t attr_num(const struct attrs *attrs, int type);
const char *attr_str(const struct attrs *attrs, int type);

const char *word_of(const char *const *words, unsigned int n, uint64_t value);
const char *socket_type_of(uint64_t type);
const char *time_of(char *buf, int64_t ns);
const char *user_of(char *buf, uint64_t uid);
const char *group_of(char *buf, uint64_t gid);
const char *address_of_port(char *buf, uint64_t port);
const char *address_of_name(char *buf, uint64_t type, const char *name);

#endif /* IPCCTL_ATTR_H */
