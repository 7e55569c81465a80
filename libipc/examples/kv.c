// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kv: a server that keeps keys and values in its memory, and its clients.
 *
 *	kv serve [-b] ADDRESS
 *	kv set [-t TIMEOUT_MS] ADDRESS KEY VALUE
 *	kv get [-t TIMEOUT_MS] ADDRESS KEY
 *	kv del [-t TIMEOUT_MS] ADDRESS KEY
 *	kv list [-t TIMEOUT_MS] ADDRESS
 *
 *	-b	go to the background as soon as requests are accepted, and print
 *		the process id there
 *	-t	how long to wait for the reply, in milliseconds (10000)
 *
 * The server is one loop: each request is a call of the handler, and its reply
 * and the next request are one system call. A request is the first letter of
 * what to do, the key, a NUL and the value; a reply is "+" and the value, or "-"
 * and what is wrong.
 */
#define _GNU_SOURCE
#include <ipc/libipc.h>

#include "util.h"

#define TEXT_MAX	4096
#define LIST_MAX	(1 << 20)

struct entry {
	struct entry *next;
	char *value;
	char key[];
};

static struct entry *entries;

/* Where the entry is, or would be */
static struct entry **find(const char *key)
{
	struct entry **e = &entries;

	while (*e && strcmp((*e)->key, key))
		e = &(*e)->next;
	return e;
}

static ssize_t say(struct ipc_served *s, char sign, const char *text)
{
	return snprintf(s->out, s->out_max, "%c%s", sign, text);
}

static ssize_t do_set(struct ipc_served *s, const char *key, const char *value)
{
	struct entry **e = find(key);

	if (!*e) {
		*e = calloc(1, sizeof(**e) + strlen(key) + 1);
		if (!*e)
			return -ENOMEM;
		strcpy((*e)->key, key);
	}
	free((*e)->value);
	(*e)->value = strdup(value);
	return say(s, '+', "");
}

static ssize_t do_get(struct ipc_served *s, const char *key)
{
	struct entry **e = find(key);

	return *e ? say(s, '+', (*e)->value) : say(s, '-', "no such key");
}

static ssize_t do_del(struct ipc_served *s, const char *key)
{
	struct entry **e = find(key), *old = *e;

	if (!old)
		return say(s, '-', "no such key");
	*e = old->next;
	free(old->value);
	free(old);
	return say(s, '+', "");
}

/*
 * The list may be longer than the memory in which replies are made, so each
 * line goes to its place in the reply at once.
 */
static ssize_t do_list(struct ipc_served *s)
{
	char line[2 * TEXT_MAX + 2];
	const struct entry *e;
	ssize_t n = 1;
	int len;

	for (e = entries; e; e = e->next) {
		len = snprintf(line, sizeof(line), "%s=%s\n", e->key, e->value);
		len = ipc_reply_part(s->fd, s->request->handle, n, line, len);
		if (len < 0)
			return len;
		n += len;
	}
	return say(s, '+', "");
}

static ssize_t handle(struct ipc_served *s)
{
	char text[TEXT_MAX + 1];
	const char *key = text + 1, *value;

	/* A message needs no answer, and a longer request is none of ours. */
	if (!s->request->handle || !s->in_len || s->in_len > TEXT_MAX)
		return -EINVAL;
	memcpy(text, s->in, s->in_len);
	text[s->in_len] = '\0';
	value = key + strlen(key);
	value += value < text + s->in_len;
	switch (*text) {
	case 's':
		return do_set(s, key, value);
	case 'g':
		return do_get(s, key);
	case 'd':
		return do_del(s, key);
	case 'l':
		return do_list(s);
	default:
		return say(s, '-', "what?");
	}
}

static void serve(const struct sockaddr_dipc *addr, int background)
{
	struct ipc_serve_conf conf = { .handler = handle };
	int fd, err;

	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	must(ipc_set_recv_calls(fd, 1), "ipc_set_recv_calls");
	must(ipc_bind(fd, addr), "bind");
	if (background)
		go_to_background();
	while ((err = ipc_serve(fd, &conf)) == -EINTR)
		;
	fail(err, "ipc_serve");
}

static int ask(const struct sockaddr_dipc *addr, const char *verb,
	       const char *key, const char *value, int timeout_ms)
{
	static char reply[LIST_MAX];
	char request[TEXT_MAX];
	ssize_t n;
	int fd;

	n = snprintf(request, sizeof(request), "%c%s%c%s", *verb, key, '\0',
		     value);
	if (n >= TEXT_MAX)
		fail(0, "too long");
	fd = must(ipc_open(SOCK_RDM, 0), "ipc_open");
	n = must(ipc_call(fd, addr, request, n, reply, sizeof(reply),
			  timeout_ms), verb);
	close(fd);
	if (n < 1 || *reply != '+')
		fail(0, "%s: %.*s", verb, n ? (int)n - 1 : 0, reply + 1);
	if (n > 1 && reply[n - 1] != '\n')
		reply[n++] = '\n';
	write_all(STDOUT_FILENO, reply + 1, n - 1);
	return 0;
}

int main(int argc, char **argv)
{
	static const char args[] = "serve [-b] ADDRESS\n"
		"       kv set [-t TIMEOUT_MS] ADDRESS KEY VALUE\n"
		"       kv get|del [-t TIMEOUT_MS] ADDRESS KEY\n"
		"       kv list [-t TIMEOUT_MS] ADDRESS";
	static const struct {
		const char *verb;
		int n_args;
	} verbs[] = {
		{ "serve", 1 }, { "set", 3 }, { "get", 2 }, { "del", 2 },
		{ "list", 1 }, { NULL, 0 },
	};
	const char *verb = argc > 1 ? argv[1] : "";
	int background = 0, timeout_ms = 10000, opt, i;
	struct sockaddr_dipc addr;

	optind = 2;
	while ((opt = getopt(argc, argv, "bt:")) != -1) {
		if (opt == 'b')
			background = 1;
		else if (opt == 't')
			timeout_ms = number(optarg, 1, 1000000000);
		else
			usage(args);
	}
	for (i = 0; verbs[i].verb && strcmp(verbs[i].verb, verb); i++)
		;
	if (!verbs[i].verb || argc - optind != verbs[i].n_args)
		usage(args);
	argv += optind;
	must(ipc_addr_parse(argv[0], &addr), argv[0]);
	if (!i)
		serve(&addr, background);
	return ask(&addr, verb, verbs[i].n_args > 1 ? argv[1] : "",
		   verbs[i].n_args > 2 ? argv[2] : "", timeout_ms);
}
