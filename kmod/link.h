/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The link: one direction of a connection, from the socket that writes to the
 * socket that reads. A connection is two of them, and what both have in common;
 * it is one object. All that one end knows of the other is in these two queues:
 * neither has a pointer to the other socket, so that it makes no difference
 * where that is.
 *
 *	what an end does		what its two links are then
 *	shutdown(SHUT_WR)		the one it writes to is ended
 *	shutdown(SHUT_RD)		the one it reads from is ended
 *	close()				both: the one it writes to is ended, with
 *					ECONNRESET if it left something unread;
 *					the one it reads from is closed
 *
 * Ended: what is in it can still be read, nothing more comes in (EPIPE).
 * Closed: that as well, and what was in it is gone.
 *
 * Lifetime: both are made when two sockets are joined. The reader has a
 * reference (dipc_sock.rx), and so has the writer (his route). The connection is
 * freed when the last reference to either queue is gone, at once, unless an end
 * was closed while it may still have been called under RCU: it looks at both
 * links then (dipc_link_delay()).
 * Locking: the table has the lock of its roll. @writer_watch is read
 * under RCU, @hangup is exchanged. The rest does not change.
 * Context: create, end and part from process, the rest from any.
 */
#ifndef _DIPC_LINK_H
#define _DIPC_LINK_H

#include <linux/pid.h>

#include "name.h"
#include "target.h"

struct dipc_link_table {
	struct dipc_roll	roll;		/* for dumps */
};

/* One end of a connection, as the other sees it. */
struct dipc_link_end {
	u64			port;		/* its socket's number */
	kuid_t			uid;
	struct pid		*pid;		/* counted; or NULL */
	/* what getpeername() tells the other: a name, counted; or a number */
	struct dipc_name	*bound;
	u64			number;
};

struct dipc_connection;

struct dipc_link {
	struct dipc_queue	queue;
	struct dipc_connection	*connection;
	struct dipc_roll_entry	entry;
	bool			hangup;		/* the reader is to be told */
	u8			which;		/* of the two */
	struct dipc_route	route;		/* the writer's */
	/* told when nothing can be written any more */
	struct dipc_watcher __rcu *writer_watch;
};

struct dipc_connection {
	struct dipc_link	links[2];
	struct dipc_link_end	ends[2];	/* who reads from these */
	struct dipc_link_table	*table;
	struct dipc_name	*name;		/* counted; met under, or NULL */
	struct dipc_user	*user;		/* counted; charged for both */
	u16			socket_type;
	bool			delayed;	/* freed after a grace period */
	refcount_t		refs;		/* of links with references */
};

/* What is asked for when a connection is made. */
struct dipc_link_request {
	const struct dipc_link_end *ends;	/* two */
	const struct dipc_queue_conf *confs;	/* theirs, checked */
	struct dipc_name	*name;		/* or NULL */
	const struct dipc_limits *limits;
	struct dipc_stats __percpu *stats;
	u16			socket_type;
};

int dipc_link_init_cache(void);
void dipc_link_fini_cache(void);

void dipc_link_table_init(struct dipc_link_table *table);
void dipc_link_table_fini(struct dipc_link_table *table);

struct dipc_connection *
dipc_connection_create(struct dipc_link_table *table,
		       const struct dipc_link_request *request);
void dipc_link_set_writer(struct dipc_link *link, struct dipc_watcher *w);
void dipc_link_end(struct dipc_link *link);
void dipc_link_hang_up(struct dipc_link *rx, struct dipc_link *tx);
bool dipc_link_part(struct dipc_link *rx, struct dipc_link *tx,
		    struct dipc_watcher *w, bool reset);
void dipc_link_abandon(struct dipc_link *link);
struct dipc_link *dipc_link_next(struct dipc_link_table *table,
				 unsigned long *index);
void dipc_link_put(struct dipc_link *link);

/**
 * dipc_link_of_queue() - the link around a queue
 * @q: of kind DIPC_QUEUE_LINK
 *
 * Context: any.
 * Return: the link.
 */
static inline struct dipc_link *dipc_link_of_queue(struct dipc_queue *q)
{
	return container_of(q, struct dipc_link, queue);
}

/**
 * dipc_link_reader() - who reads from a link
 * @link: the link
 *
 * Context: any.
 * Return: that end of the connection.
 */
static inline const struct dipc_link_end *
dipc_link_reader(const struct dipc_link *link)
{
	return &link->connection->ends[link->which];
}

/**
 * dipc_link_writer() - who writes to a link
 * @link: the link
 *
 * Context: any.
 * Return: that end of the connection.
 */
static inline const struct dipc_link_end *
dipc_link_writer(const struct dipc_link *link)
{
	return &link->connection->ends[!link->which];
}

/**
 * dipc_link_delay() - a connection is to be freed after a grace period
 * @link: one of its links, of which the caller has a reference
 *
 * Context: any.
 */
static inline void dipc_link_delay(struct dipc_link *link)
{
	WRITE_ONCE(link->connection->delayed, true);
}

/**
 * dipc_link_take_hangup() - is its reader to be told that the writer hung up
 * @link: the link
 *
 * Context: any.
 * Return: true once after the writer has closed, or shut down both directions.
 */
static inline bool dipc_link_take_hangup(struct dipc_link *link)
{
	return READ_ONCE(link->hangup) && xchg(&link->hangup, false);
}

#endif /* _DIPC_LINK_H */
