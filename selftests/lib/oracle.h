/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle: the same calls over AF_UNIX and over AF_DIPC, and what each of
 * them gave. A scenario is a function that makes socket calls through the
 * macros and helpers below. It runs twice, each time in a process of its own;
 * each call leaves a line "CALL -> WHAT IT GAVE" in a log, and the two logs
 * are compared. What a scenario does must not depend on what a call gave.
 *
 * oracle_record.c is the recorder, oracle_judge.c compares and knows the list
 * of wanted differences, the others are the scenarios by subject.
 */
#ifndef DIPC_TEST_ORACLE_H
#define DIPC_TEST_ORACLE_H

#include "dipc_test.h"

#define O_LINES		400

struct o_line {
	char call[120];
	char gave[136];
};

/* In memory that both the scenario's process and the judge see. */
struct o_log {
	int n;			/* lines; the last may lack what it gave */
	bool overflow;
	struct o_line line[O_LINES];
};

enum {				/* types of socket, as a set */
	O_STREAM = 1,
	O_SEQPACKET = 2,
	O_DGRAM = 4,
	O_LINK = O_STREAM | O_SEQPACKET,
	O_MSG = O_SEQPACKET | O_DGRAM,
	O_ALL = O_LINK | O_DGRAM,
};

struct o_scenario {
	const char *name;
	void (*run)(void);
	int types;
};

/* Each ends with an entry without a name. */
extern const struct o_scenario oracle_open[], oracle_connect[], oracle_accept[];
extern const struct o_scenario oracle_data[], oracle_close[], oracle_wait[];
extern const struct o_scenario oracle_poll[], oracle_option[];
extern const struct o_scenario oracle_control[];

/* Which family and type this process runs a scenario with. */
extern struct o_side {
	bool dipc;
	int family, type;
	const char *unique;	/* part of its addresses */
	struct o_log *log;
	const char *stage;	/* put before each call, to tell loops apart */
} o;

/*
 * Recording: DO() logs a number or an errno, FD() that there is a descriptor,
 * TEXT() a text. SIGPIPE of the calling thread is logged with the call that
 * raised it. They give what the call gave.
 */
void o_begin(const char *call);
long o_number(long ret);
long o_fd(long ret);
const char *o_text(const char *text);
void o_sigpipe_start(void);

#define DO(call)	({ o_begin(#call); o_number(DT_ERR(call)); })
#define FD(call)	({ o_begin(#call); o_fd(DT_ERR(call)); })
#define TEXT(call)	({ o_begin(#call); o_text(call); })

/*
 * Addresses are letters: a name that only this run has. 0 is an address that
 * the kernel chooses.
 */
struct o_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
	};
	socklen_t len;
};

struct o_addr o_addr(char letter);

int new_socket(void);
int new_socket_nonblock(void);
int new_bound(char letter);
int new_listener(char letter, int backlog);
int new_connected(char letter);
/*
 * Two sockets that are connected to each other: a has called connect(), the
 * address 'b' is of the other's side, a has none (of datagram sockets: 'a').
 */
struct ends {
	int a, b;
};

struct ends new_ends(void);
int bind_to(int fd, char letter);
int bind_len(int fd, char letter, int len);	/* that many bytes of it */
int connect_to(int fd, char letter);
int connect_len(int fd, char letter, int len);
int connect_family(int fd, int family);		/* with nothing behind */
int accept_on(int fd, int flags);
int accept_fd(int fd);			/* not logged; waits */
void set_nonblock(int fd);

ssize_t send_text(int fd, const char *text, int flags);
ssize_t send_to(int fd, const char *text, char letter, int flags);
ssize_t send_bytes(int fd, size_t n, int flags);
/*
 * "LENGTH text FLAGS +control", where what is long is told by a sum; from whom;
 * and whether MSG_EOR is set.
 */
const char *recv_of(int fd, size_t size, int flags);
const char *recv_from(int fd, size_t size, int flags);
const char *recv_eor(int fd, size_t size, int flags);
/* without waiting, until it fails */
const char *fill_of(int fd);
const char *drain_of(int fd);

const char *poll_of(int fd);		/* all that poll() can tell */
const char *events_text(unsigned int events);
const char *name_of(int fd);		/* getsockname() */
const char *peer_of(int fd);		/* getpeername() */
int has_peer(int fd);			/* getpeername() */
const char *accept_name_of(int fd);	/* what accept() tells, and it is closed */
const char *opt_of(int fd, int optname);	/* an int */
int set_opt(int fd, int optname, int value);
const char *cred_of(int fd);		/* SO_PEERCRED: "own", "none", … */
const char *inq_of(int fd);
const char *outq_of(int fd);		/* "0" or "some" */

/* A name, as a letter, "chosen" by the kernel, or "none". */
const char *addr_text(const struct sockaddr *addr, socklen_t len);
const char *error_text(long err);	/* of a negative errno */

/*
 * A call in a thread of its own. bg_state() waits until it sleeps there, or
 * has ended; bg_end() until it has ended, and tells how.
 */
struct bg {
	struct dt_thread thread;
	long nr;
	int fd;
	char letter;
	size_t size;
	int flags;
	volatile bool done;
	char gave[136];
};

void bg_recv(struct bg *b, int fd, size_t size, int flags);
void bg_send(struct bg *b, int fd, size_t size, int flags);
void bg_accept(struct bg *b, int fd);
void bg_connect(struct bg *b, int fd, char letter);
void bg_poll(struct bg *b, int fd, int events);
const char *bg_state(struct bg *b);
const char *bg_end(struct bg *b);
int bg_signal(struct bg *b);		/* SIGUSR1, once it sleeps */

/*
 * The judge
 */

struct o_difference;

/* Of the list in memory; what is wrong with it, or NULL. */
const char *o_list_read(const char *text, size_t len);
/*
 * Runs a scenario over both families and compares. The text of all that is
 * not as it should be, "" if nothing; valid until the next call.
 */
const char *o_judge(const struct o_scenario *s, int type, bool verbose,
		    bool same);
/* The next place in the list that no scenario was run for, or NULL. */
const char *o_list_unknown(void);
const char *o_type_name(int type);

#endif /* DIPC_TEST_ORACLE_H */
