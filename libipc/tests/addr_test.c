// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses from text and back, and what needs no kernel module beside them.
 * Tables; prints KTAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ipc/libipc.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define N63 "n23456789012345678901234567890123456789012345678901234567890123"
#define N64 N63 "4"

/* The one text of an address, and the address. */
static const struct {
	const char *text;
	uint8_t type;
	uint32_t node;
	uint64_t port;
	const char *name;
} good[] = {
	{ "any:", DIPC_ADDR_ANY, 0, 0, "" },
	{ "port:1", DIPC_ADDR_PORT, 0, 1, "" },
	{ "port:17", DIPC_ADDR_PORT, 0, 17, "" },
	{ "port:17@3", DIPC_ADDR_PORT, 3, 17, "" },
	{ "port:4294967295", DIPC_ADDR_PORT, 0, 0xffffffff, "" },
	{ "port:4294967296", DIPC_ADDR_PORT, 0, 0x100000000, "" },
	{ "port:18446744073709551615", DIPC_ADDR_PORT, 0, UINT64_MAX, "" },
	{ "port:18446744073709551615@4294967295", DIPC_ADDR_PORT, 0xffffffff,
	  UINT64_MAX, "" },
	{ "orders", DIPC_ADDR_NAME, 0, 0, "orders" },
	{ "orders@3", DIPC_ADDR_NAME, 3, 0, "orders" },
	{ "7", DIPC_ADDR_NAME, 0, 0, "7" },
	{ "7@7", DIPC_ADDR_NAME, 7, 0, "7" },
	{ "a.b_c/d+e-f", DIPC_ADDR_NAME, 0, 0, "a.b_c/d+e-f" },
	{ "port", DIPC_ADDR_NAME, 0, 0, "port" },
	{ "any", DIPC_ADDR_NAME, 0, 0, "any" },
	{ "mbox", DIPC_ADDR_NAME, 0, 0, "mbox" },
	{ "dipc.control", DIPC_ADDR_NAME, 0, 0, "dipc.control" },
	{ N63, DIPC_ADDR_NAME, 0, 0, N63 },
	{ "mbox:orders", DIPC_ADDR_MAILBOX, 0, 0, "orders" },
	{ "mbox:orders@3", DIPC_ADDR_MAILBOX, 3, 0, "orders" },
	{ "mbox:" N63, DIPC_ADDR_MAILBOX, 0, 0, N63 },
	{ "group:news", DIPC_ADDR_GROUP, 0, 0, "news" },
	{ "group:" N63 "@4294967295", DIPC_ADDR_GROUP, 0xffffffff, 0, N63 },
};

/* What is no address, and the error. */
static const struct {
	const char *text;
	int err;
} bad[] = {
	{ "", -EINVAL },
	{ " ", -EINVAL },
	{ "@", -EINVAL },
	{ "@3", -EINVAL },
	{ ":", -EINVAL },
	{ ":orders", -EINVAL },
	{ " orders", -EINVAL },
	{ "orders ", -EINVAL },
	{ "orders\n", -EINVAL },
	{ "or ders", -EINVAL },
	{ ".orders", -EINVAL },
	{ "-orders", -EINVAL },
	{ "_orders", -EINVAL },
	{ "/orders", -EINVAL },
	{ "+orders", -EINVAL },
	{ "or\"ders", -EINVAL },
	{ "or\x7f""ders", -EINVAL },
	{ "b\xc3\xbc""cher", -EINVAL },
	{ N64, -EINVAL },
	{ N64 "@3", -EINVAL },
	{ N63 N63 N63, -EINVAL },
	{ "orders@", -EINVAL },
	{ "orders@0", -EINVAL },
	{ "orders@03", -EINVAL },
	{ "orders@+3", -EINVAL },
	{ "orders@-3", -EINVAL },
	{ "orders@ 3", -EINVAL },
	{ "orders@3 ", -EINVAL },
	{ "orders@3x", -EINVAL },
	{ "orders@0x3", -EINVAL },
	{ "orders@4294967296", -EINVAL },
	{ "orders@18446744073709551617", -EINVAL },
	{ "orders@3@3", -EINVAL },
	{ "orders@@3", -EINVAL },
	{ "orders@al pha", -EINVAL },
	{ "orders@" N64, -EINVAL },
	{ "orders@alpha", -EHOSTUNREACH },
	{ "orders@" N63, -EHOSTUNREACH },
	{ "port:17@alpha", -EHOSTUNREACH },
	{ "mbox:orders@alpha", -EHOSTUNREACH },
	{ "or ders@alpha", -EINVAL },
	{ "any:@3", -EINVAL },
	{ "any:1", -EINVAL },
	{ "any: ", -EINVAL },
	{ "port:", -EINVAL },
	{ "port:0", -EINVAL },
	{ "port:017", -EINVAL },
	{ "port:+17", -EINVAL },
	{ "port:-17", -EINVAL },
	{ "port: 17", -EINVAL },
	{ "port:17 ", -EINVAL },
	{ "port:0x11", -EINVAL },
	{ "port:17x", -EINVAL },
	{ "port:orders", -EINVAL },
	{ "port:18446744073709551616", -EINVAL },
	{ "port:18446744073709551620", -EINVAL },
	{ "port:99999999999999999999999", -EINVAL },
	{ "port:17@", -EINVAL },
	{ "port:17:3", -EINVAL },
	{ "Port:17", -EINVAL },
	{ "mbox:", -EINVAL },
	{ "mbox:@3", -EINVAL },
	{ "mbox::orders", -EINVAL },
	{ "mbox:mbox:orders", -EINVAL },
	{ "mbox:" N64, -EINVAL },
	{ "mailbox:orders", -EINVAL },
	{ "name:orders", -EINVAL },
	{ "group:", -EINVAL },
	{ "group:ne ws", -EINVAL },
};

static unsigned int tests;
static unsigned int failures;

static void result(bool ok, const char *what, const char *of)
{
	printf("%sok %u %s", ok ? "" : "not ", ++tests, what);
	if (of) {
		/* Texts under test hold what KTAP and terminals do not like. */
		printf(" '");
		for (; *of; of++) {
			if (*of > ' ' && *of < 0x7f && *of != '#')
				putchar(*of);
			else
				printf("\\x%02x", (unsigned char)*of);
		}
		putchar('\'');
	}
	putchar('\n');
	failures += !ok;
}

static bool addr_is(const struct sockaddr_dipc *addr, uint8_t type,
		    uint32_t node, uint64_t port, const char *name)
{
	struct sockaddr_dipc want;

	memset(&want, 0, sizeof(want));
	want.sdipc_family = ipc_family();
	want.sdipc_type = type;
	want.sdipc_node = node;
	want.sdipc_port = port;
	memcpy(want.sdipc_name, name, strlen(name));
	return !memcmp(addr, &want, sizeof(want));
}

static bool is_filled(const struct sockaddr_dipc *addr, unsigned char byte)
{
	const unsigned char *p = (const unsigned char *)addr;
	size_t i;

	for (i = 0; i < sizeof(*addr); i++) {
		if (p[i] != byte)
			return false;
	}
	return true;
}

static void addr_parse_gives_address(void)
{
	struct sockaddr_dipc addr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		memset(&addr, 0xaa, sizeof(addr));
		result(!ipc_addr_parse(good[i].text, &addr) &&
		       addr_is(&addr, good[i].type, good[i].node, good[i].port,
			       good[i].name),
		       "addr_parse_gives_address", good[i].text);
	}
}

static void addr_parse_refuses_and_leaves_alone(void)
{
	struct sockaddr_dipc addr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(&addr, 0xaa, sizeof(addr));
		result(ipc_addr_parse(bad[i].text, &addr) == bad[i].err &&
		       is_filled(&addr, 0xaa),
		       "addr_parse_refuses_and_leaves_alone", bad[i].text);
	}
}

static void addr_format_gives_back_text(void)
{
	char buf[IPC_ADDR_TEXT_MAX];
	struct sockaddr_dipc addr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		result(!ipc_addr_parse(good[i].text, &addr) &&
		       ipc_addr_format(&addr, buf, sizeof(buf)) ==
				(int)strlen(good[i].text) &&
		       !strcmp(buf, good[i].text),
		       "addr_format_gives_back_text", good[i].text);
	}
}

static void addr_format_needs_exact_room(void)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		struct sockaddr_dipc addr;
		char buf[IPC_ADDR_TEXT_MAX];
		bool ok;

		len = strlen(good[i].text);
		ok = !ipc_addr_parse(good[i].text, &addr);
		memset(buf, '~', sizeof(buf));
		ok = ok && ipc_addr_format(&addr, buf, 0) == -ENOSPC;
		ok = ok && ipc_addr_format(&addr, buf, len) == -ENOSPC;
		ok = ok && buf[0] == '~';
		ok = ok && ipc_addr_format(&addr, buf, len + 1) == (int)len;
		ok = ok && (len + 1 == sizeof(buf) || buf[len + 1] == '~');
		result(ok, "addr_format_needs_exact_room", good[i].text);
	}
}

static int format(const struct sockaddr_dipc *addr)
{
	char buf[IPC_ADDR_TEXT_MAX];

	return ipc_addr_format(addr, buf, sizeof(buf));
}

static void addr_format_refuses_what_is_none(void)
{
	struct sockaddr_dipc addr;

	memset(&addr, 0, sizeof(addr));
	result(format(&addr) == -EAFNOSUPPORT,
	       "addr_format_refuses_what_is_none", "zeroed");

	ipc_addr_name("orders", 0, &addr);
	addr.sdipc_family = AF_UNIX;
	result(format(&addr) == -EAFNOSUPPORT,
	       "addr_format_refuses_what_is_none", "AF_UNIX");

	ipc_addr_name("orders", 0, &addr);
	addr.sdipc_type = 5;
	result(format(&addr) == -EINVAL, "addr_format_refuses_what_is_none",
	       "type 5");

	ipc_addr_port(1, 0, &addr);
	addr.sdipc_port = 0;
	result(format(&addr) == -EINVAL, "addr_format_refuses_what_is_none",
	       "port 0");

	ipc_addr_name("orders", 0, &addr);
	addr.sdipc_name[0] = '\0';
	result(format(&addr) == -EINVAL, "addr_format_refuses_what_is_none",
	       "empty name");

	ipc_addr_name("orders", 0, &addr);
	addr.sdipc_name[2] = ':';
	result(format(&addr) == -EINVAL, "addr_format_refuses_what_is_none",
	       "colon in name");

	ipc_addr_name("orders", 0, &addr);
	memset(addr.sdipc_name, 'n', sizeof(addr.sdipc_name));
	result(format(&addr) == -EINVAL, "addr_format_refuses_what_is_none",
	       "name without end");

	ipc_addr_parse("any:", &addr);
	addr.sdipc_node = 3;
	result(format(&addr) == -EINVAL, "addr_format_refuses_what_is_none",
	       "any with node");
}

static void addr_format_ignores_scope(void)
{
	struct sockaddr_dipc addr;
	char buf[IPC_ADDR_TEXT_MAX];

	ipc_addr_name("orders", 0, &addr);
	addr.sdipc_scope = DIPC_SCOPE_NODE;
	result(ipc_addr_format(&addr, buf, sizeof(buf)) == 6 &&
	       !strcmp(buf, "orders"), "addr_format_ignores_scope", NULL);
}

static void addr_constructors(void)
{
	static const struct {
		const char *name;
		int (*make)(const char *name, uint32_t node,
			    struct sockaddr_dipc *addr);
		uint8_t type;
	} named[] = {
		{ "ipc_addr_name", ipc_addr_name, DIPC_ADDR_NAME },
		{ "ipc_addr_mailbox", ipc_addr_mailbox, DIPC_ADDR_MAILBOX },
		{ "ipc_addr_group", ipc_addr_group, DIPC_ADDR_GROUP },
	};
	struct sockaddr_dipc addr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(named); i++) {
		memset(&addr, 0xaa, sizeof(addr));
		result(named[i].make("", 0, &addr) == -EINVAL &&
		       named[i].make(N64, 0, &addr) == -EINVAL &&
		       named[i].make("mbox:orders", 0, &addr) == -EINVAL &&
		       named[i].make("orders@3", 0, &addr) == -EINVAL &&
		       is_filled(&addr, 0xaa),
		       "addr_constructor_refuses", named[i].name);
		result(!named[i].make("orders", 0, &addr) &&
		       addr_is(&addr, named[i].type, 0, 0, "orders") &&
		       !named[i].make(N63, 7, &addr) &&
		       addr_is(&addr, named[i].type, 7, 0, N63),
		       "addr_constructor_gives_address", named[i].name);
	}
	memset(&addr, 0xaa, sizeof(addr));
	result(ipc_addr_port(0, 0, &addr) == -EINVAL && is_filled(&addr, 0xaa),
	       "addr_constructor_refuses", "ipc_addr_port");
	result(!ipc_addr_port(UINT64_MAX, 3, &addr) &&
	       addr_is(&addr, DIPC_ADDR_PORT, 3, UINT64_MAX, ""),
	       "addr_constructor_gives_address", "ipc_addr_port");
}

/* Every text of up to two characters is taken as the rules say. */
static void addr_parse_of_all_short_texts(void)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789";
	struct sockaddr_dipc addr;
	bool ok = true;
	int i, j;

	for (i = 1; i < 256; i++) {
		for (j = 0; j < 256; j++) {
			char text[3] = { (char)i, (char)j, 0 };
			bool is_name = strchr(letters, i) &&
				(!j || strchr(letters, j) ||
				 strchr("._/+-", j));

			ok = ok && ipc_addr_parse(text, &addr) ==
				(is_name ? 0 : -EINVAL);
		}
	}
	result(ok, "addr_parse_of_all_short_texts", NULL);
}

static void structs_have_their_sizes(void)
{
	result(sizeof(struct sockaddr_dipc) == 96 &&
	       sizeof(struct dipc_queue_conf) == 40 &&
	       sizeof(struct ipc_mailbox_attr) == 64 &&
	       sizeof(struct ipc_mailbox_stat) == 128,
	       "structs_have_their_sizes", NULL);
	result(sizeof(struct dipc_op) == DIPC_OP_SIZE_VER0 &&
	       sizeof(struct dipc_call_params) == 40 &&
	       sizeof(struct dipc_request) == 80 &&
	       sizeof(struct dipc_reply_params) == 32 &&
	       sizeof(struct dipc_outcome) == 56 &&
	       sizeof(struct dipc_cancelled) == 32,
	       "structs_have_their_sizes", "of calls");
#if __SIZEOF_POINTER__ == 8
	/* as they were before they grew */
	result(sizeof(struct ipc_send_attr) == 88 &&
	       sizeof(struct ipc_recv_attr) == 192,
	       "structs_have_their_sizes", "that have grown");
#endif
}

/* What is refused before the kernel is asked. */
static void bad_arguments_are_refused(void)
{
	struct ipc_mailbox_attr attr = { 0 };
	struct ipc_mailbox_stat st;
	struct sockaddr_dipc addr;
	struct ipc_mailbox *mb;

	result(ipc_open(SOCK_RDM, O_APPEND) == -EINVAL,
	       "bad_arguments_are_refused", "ipc_open");
	result(ipc_set_timeouts(0, 0, 1) == -EINVAL &&
	       ipc_set_timeouts(0, 1, 0) == -EINVAL,
	       "bad_arguments_are_refused", "ipc_set_timeouts");
	result(ipc_notify(0, -1, 0) == -EINVAL &&
	       ipc_notify(0, SIGUSR1, 2) == -EINVAL,
	       "bad_arguments_are_refused", "ipc_notify");
	result(ipc_mailbox_create("", NULL, 0) == -EINVAL &&
	       ipc_mailbox_create(N64, NULL, 0) == -EINVAL &&
	       ipc_mailbox_create("mbox:orders", NULL, 0) == -EINVAL &&
	       ipc_mailbox_create("orders", NULL, O_CREAT) == -EINVAL,
	       "bad_arguments_are_refused", "ipc_mailbox_create");
	attr.fields = 1U << 31;
	result(ipc_mailbox_create("orders", &attr, 0) == -EINVAL &&
	       ipc_mailbox_set("orders", &attr) == -EINVAL,
	       "bad_arguments_are_refused", "fields");
	attr.fields = IPC_MAILBOX_TRANSIENT;
	result(ipc_mailbox_set("orders", &attr) == -EINVAL,
	       "bad_arguments_are_refused", "set transient");
	attr.transient = 2;
	result(ipc_mailbox_create("orders", &attr, 0) == -EINVAL,
	       "bad_arguments_are_refused", "transient 2");
	memset(&attr, 0, sizeof(attr));
	attr.reserved[3] = 1;
	result(ipc_mailbox_create("orders", &attr, 0) == -EINVAL &&
	       ipc_mailbox_set("orders", &attr) == -EINVAL,
	       "bad_arguments_are_refused", "reserved");
	result(ipc_mailbox_delete("a@b") == -EINVAL &&
	       ipc_mailbox_stat("", &st) == -EINVAL &&
	       ipc_mailbox_purge("-") == -EINVAL,
	       "bad_arguments_are_refused", "names");
	memset(&attr, 0, sizeof(attr));
	result(ipc_mailbox_open("", O_RDONLY, NULL, &mb) == -EINVAL &&
	       ipc_mailbox_open("orders", O_ACCMODE, NULL, &mb) == -EINVAL &&
	       ipc_mailbox_open("orders", O_TRUNC, NULL, &mb) == -EINVAL &&
	       ipc_mailbox_open("orders", O_EXCL, NULL, &mb) == -EINVAL &&
	       ipc_mailbox_open("orders", O_RDONLY, &attr, &mb) == -EINVAL,
	       "bad_arguments_are_refused", "ipc_mailbox_open");
	ipc_addr_name("orders", 0, &addr);
	result(ipc_mailbox_open_addr(&addr, O_RDONLY, &mb) == -EINVAL,
	       "bad_arguments_are_refused", "ipc_mailbox_open_addr of a name");
	ipc_addr_mailbox("orders", 0, &addr);
	result(ipc_mailbox_open_addr(&addr, O_CREAT, &mb) == -EINVAL,
	       "bad_arguments_are_refused", "ipc_mailbox_open_addr O_CREAT");
	result(ipc_mailbox_close(NULL) == 0, "mailbox_close_of_nothing", NULL);
}

static ssize_t no_handler(struct ipc_served *served)
{
	(void)served;
	return 0;
}

/* The same of calls; 0 is no socket, so the kernel would say otherwise. */
static void bad_calls_are_refused(void)
{
	struct ipc_serve_conf conf = { .handler = no_handler };
	struct ipc_send_attr message = { .fields = IPC_SEND_CALL };
	struct iovec iov = { "x", 1 };
	struct ipc_call_attr attr = { 0 };
	struct sockaddr_dipc addr;
	struct ipc_server *server;
	struct dipc_outcome end;
	struct dipc_request req;
	uint64_t handle = 0;

	result(ipc_call(0, NULL, "x", 1, NULL, 0, 0) == -EINVAL,
	       "bad_calls_are_refused", "ipc_call without time");
	result(ipc_callmsg(0, &iov, -1, &iov, 1, 0, NULL, NULL) == -EINVAL &&
	       ipc_callmsg(0, &iov, 1, &iov, -1, 0, NULL, NULL) == -EINVAL &&
	       ipc_callmsg(0, &iov, 1, &iov, 1, 4, NULL, NULL) == -EINVAL,
	       "bad_calls_are_refused", "ipc_callmsg");
	attr.fields = 1U << 31;
	result(ipc_callmsg(0, &iov, 1, &iov, 1, 0, &attr, NULL) == -EINVAL &&
	       ipc_call_start(0, 1, &iov, 1, 0, 0, &attr) == -EINVAL &&
	       ipc_call_oneway(0, &iov, 1, 0, &attr) == -EINVAL,
	       "bad_calls_are_refused", "fields");
	attr.fields = IPC_CALL_DEADLINE;
	result(ipc_callmsg(0, &iov, 1, &iov, 1, 0, &attr, NULL) == -EINVAL,
	       "bad_calls_are_refused", "a deadline of 0");
	attr.fields = IPC_CALL_PRIORITY;
	attr.priority = DIPC_PRIORITY_MAX + 1;
	result(ipc_callmsg(0, &iov, 1, &iov, 1, 0, &attr, NULL) == -EINVAL,
	       "bad_calls_are_refused", "priority");
	attr.fields = IPC_CALL_SEMANTICS;
	attr.semantics = 256;
	result(ipc_callmsg(0, &iov, 1, &iov, 1, 0, &attr, NULL) == -EINVAL,
	       "bad_calls_are_refused", "semantics");
	attr.semantics = DIPC_AT_LEAST_ONCE;
	result(ipc_call_oneway(0, &iov, 1, 0, &attr) == -EINVAL,
	       "bad_calls_are_refused", "semantics of ipc_call_oneway");
	memset(&attr, 0, sizeof(attr));
	attr.reserved[3] = 1;
	result(ipc_callmsg(0, &iov, 1, &iov, 1, 0, &attr, NULL) == -EINVAL,
	       "bad_calls_are_refused", "reserved");
	result(ipc_call_start(0, 1, &iov, 1, DIPC_MSG_LEN_MAX + 1, 0, NULL) ==
	       -EMSGSIZE && ipc_call_start(0, 1, &iov, -1, 0, 0, NULL) == -EINVAL,
	       "bad_calls_are_refused", "ipc_call_start");
	result(ipc_call_finish(0, 1, &iov, -1, 0, &end) == -EINVAL &&
	       ipc_call_finish_any(0, &iov, 1, 1, &end) == -EINVAL,
	       "bad_calls_are_refused", "ipc_call_finish");
	result(ipc_recv_request(0, &iov, -1, 0, NULL, &req) == -EINVAL &&
	       ipc_recv_request(0, &iov, 1, 1, NULL, &req) == -EINVAL &&
	       ipc_replymsg(0, 1, 0, &iov, -1) == -EINVAL &&
	       ipc_reply_recv(0, &handle, &iov, 1, &iov, -1, 0, &req) ==
	       -EINVAL, "bad_calls_are_refused", "ipc_recv_request");
	result(ipc_sendmsg(0, &iov, 1, 0, &message) == -EINVAL,
	       "bad_calls_are_refused", "IPC_SEND_CALL without a call");
	message.fields = IPC_SEND_REPLY;
	result(ipc_sendmsg(0, &iov, 1, 0, &message) == -EINVAL,
	       "bad_calls_are_refused", "IPC_SEND_REPLY without a reply");

	ipc_addr_name("orders", 0, &addr);
	result(ipc_server_open(&addr, &conf, 2, &server) == -EINVAL,
	       "bad_calls_are_refused", "flags of ipc_server_open");
	conf.handler = NULL;
	result(ipc_serve(0, &conf) == -EINVAL &&
	       ipc_server_open(&addr, &conf, 0, &server) == -EINVAL,
	       "bad_calls_are_refused", "no handler");
	conf.handler = no_handler;
	conf.in_max = (size_t)DIPC_MSG_LEN_MAX + 1;
	result(ipc_serve(0, &conf) == -EINVAL, "bad_calls_are_refused",
	       "in_max");
	conf.in_max = 0;
	conf.reserved[0] = 1;
	result(ipc_serve(0, &conf) == -EINVAL, "bad_calls_are_refused",
	       "reserved of a configuration");
	result(ipc_server_close(NULL) == 0, "server_close_of_nothing", NULL);
}

int main(void)
{
	printf("KTAP version 1\n");
	addr_parse_gives_address();
	addr_parse_refuses_and_leaves_alone();
	addr_format_gives_back_text();
	addr_format_needs_exact_room();
	addr_format_refuses_what_is_none();
	addr_format_ignores_scope();
	addr_constructors();
	addr_parse_of_all_short_texts();
	structs_have_their_sizes();
	bad_arguments_are_refused();
	bad_calls_are_refused();
	printf("1..%u\n", tests);
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:0 error:0\n",
	       tests - failures, failures);
	return failures ? 1 : 0;
}
