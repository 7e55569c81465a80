// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's translator: how often the instruction at each address is
 * executed while a program says that it measures. It says so with two no-ops
 * that have a number in them (bench/tools.h); the whole machine is counted
 * between them, the kernel and all processes. One virtual CPU.
 *
 * Written at the end to the file that out= names: lines of address and count,
 * hexadecimal and decimal. Debian ships no header of this interface; what is
 * declared here is its version 1.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT		__attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
		enum qemu_plugin_op op, void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, void *data),
		enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t nr);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			       int argc, char **argv);

EXPORT int qemu_plugin_version = 1;

/* Counters never move: the translated code adds to them. */
struct counter {
	uint64_t addr;		/* 0: free */
	uint64_t n;		/* all in all */
	uint64_t n_begun;	/* when the measuring began */
	uint64_t n_measured;
};

#define BITS		21
#define N_COUNTERS	(1UL << BITS)

static struct counter *counters;
static const char *out = "profile.counts";
static bool is_measuring;

static struct counter *counter_at(uint64_t addr)
{
	uint64_t i = (addr * 0x9e3779b97f4a7c15ULL) >> (64 - BITS);

	while (counters[i].addr && counters[i].addr != addr)
		i = (i + 1) % N_COUNTERS;
	counters[i].addr = addr;
	return &counters[i];
}

static void begin(unsigned int cpu, void *data)
{
	for (size_t i = 0; i < N_COUNTERS; i++)
		counters[i].n_begun = counters[i].n;
	is_measuring = true;
}

static void end(unsigned int cpu, void *data)
{
	if (!is_measuring)
		return;
	for (size_t i = 0; i < N_COUNTERS; i++)
		counters[i].n_measured += counters[i].n - counters[i].n_begun;
	is_measuring = false;
}

/* The number of a mark, or 0. */
static int mark_of(const struct qemu_plugin_insn *insn)
{
	static const unsigned char nop[] = { 0x0f, 0x1f, 0x80 };
	static const unsigned char tail[] = { 0x00, 0x10, 0x4d };
	const unsigned char *code = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != sizeof(nop) + 1 + sizeof(tail) ||
	    memcmp(code, nop, sizeof(nop)) ||
	    memcmp(code + sizeof(nop) + 1, tail, sizeof(tail)))
		return 0;
	return code[sizeof(nop)];
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		int mark = mark_of(insn);

		qemu_plugin_register_vcpu_insn_exec_inline(insn,
			QEMU_PLUGIN_INLINE_ADD_U64,
			&counter_at(qemu_plugin_insn_vaddr(insn))->n, 1);
		if (mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn,
				mark == 1 ? begin : end,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

static void write_counts(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");

	if (!f)
		return;
	for (size_t i = 0; i < N_COUNTERS; i++) {
		if (counters[i].n_measured)
			fprintf(f, "%" PRIx64 " %" PRIu64 "\n", counters[i].addr,
				counters[i].n_measured);
	}
	fclose(f);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			       int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	}
	counters = calloc(N_COUNTERS, sizeof(*counters));
	if (!counters)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, write_counts, NULL);
	return 0;
}
