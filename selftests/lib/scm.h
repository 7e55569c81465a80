/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages with control messages of SOL_SOCKET: descriptors and credentials,
 * sent and received on any family, also as a 32-bit program does; and pipes
 * that tell whether anybody has their other end.
 */
#ifndef DIPC_TEST_SCM_H
#define DIPC_TEST_SCM_H

#include "dipc_test.h"

#define SCM_FDS_MAX	253	/* the kernel's SCM_MAX_FD */
#define SCM_ROOM	2048	/* for all that may come with a message */

/* What a receive gave. */
struct scm_got {
	long ret;		/* of the call, or its negative errno */
	char letter;		/* of the message, which is one byte */
	int flags;		/* msg_flags: MSG_TRUNC and MSG_CTRUNC of them */
	size_t used;		/* of the room for control messages */
	int n_cmsgs;		/* how many there were */
	int n_fds;
	int fd[SCM_FDS_MAX + 1];
	bool has_ucred;
	struct ucred ucred;
};

/* Control messages as they are to be sent. */
struct scm_control {
	size_t len;
	char buf[4096] __attribute__((aligned(8)));
};

/* append; true if there was room. len is the payload's, as given to CMSG_LEN */
bool scm_put(struct scm_control *c, int level, int type, const void *data,
	     size_t len);

/* One letter; to may be NULL. What sendmsg() gives, or its negative errno. */
long scm_send_control(int sock, char letter, const struct scm_control *c,
		      int flags, const struct sockaddr_dipc *to);
long scm_send(int sock, char letter, const int *fd, int n, int flags,
	      const struct sockaddr_dipc *to);
/* The result is the caller's to close, with scm_close(). */
struct scm_got scm_recv_room(int sock, size_t room, int flags);
struct scm_got scm_recv(int sock, int flags);	/* with room for all */
void scm_close(struct scm_got *got);

/* The same by a 32-bit system call; -ENOSYS if this kernel has none. */
long scm_send_32(int sock, char letter, const int *fd, int n, int flags);
struct scm_got scm_recv_32(int sock, size_t room, int flags);

struct scm_pipe {
	int rd, wr;
};

struct scm_pipe scm_pipe(void);
/* a new one whose end that writes is only in the message; true if sent */
bool scm_give(int sock, char letter, struct scm_pipe *p);
/* is it the end that writes? */
bool scm_is_write_end(int fd, const struct scm_pipe *p);
/* has anybody the end that writes? */
bool scm_pipe_is_held(const struct scm_pipe *p);
/* until nobody has it */
bool scm_pipe_wait_released(const struct scm_pipe *p);
/* closes what is open; false if somebody else has the end that writes */
bool scm_pipe_end(struct scm_pipe *p);

int scm_open_files(void);	/* how many descriptors this process has */

#endif /* DIPC_TEST_SCM_H */
