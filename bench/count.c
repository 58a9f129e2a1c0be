/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin of QEMU that counts how often each block of the guest's code runs
 * between two marks.
 *
 * The marks are instructions that do nothing (bench/util.h): exchanging a
 * 16-bit register with itself. BX begins, DX is one round, CX ends; SI says that
 * the figure is complete. Of all times that it was measured, the cheapest is
 * kept and written: FILE.0 for the first figure, FILE.1 for the next. It has a
 * line "rounds N", and for each block that ran "ADDRESS INSTRUCTIONS COUNT", the
 * address in hex.
 *
 * usage: qemu … -plugin count.so,out=FILE
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Debian's QEMU has the functions, but no package has their header. */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_callback)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*insn_callback)(unsigned int cpu, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_callback callback);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int add, void *counter, uint64_t n);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, insn_callback callback, int flags,
					    void *data);

#define EXPORT __attribute__((__visibility__("default")))
#define BLOCKS_MAX 4000000

EXPORT int qemu_plugin_version = 1;

static struct block {
	uint64_t address;
	uint64_t n_insns;
	uint64_t count;
} blocks[BLOCKS_MAX];
static size_t n_blocks;
static uint64_t rounds;

/* the cheapest time: counts of the first n_blocks_least blocks */
static uint64_t least_counts[BLOCKS_MAX];
static size_t n_blocks_least;
static uint64_t rounds_least;
static double least;
static unsigned int n_figures;
static const char *out_path;

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	for (size_t i = 0; i < n_blocks; i++)
		blocks[i].count = 0;
	rounds = 0;
}

static void one_round(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	rounds++;
}

static void end(unsigned int cpu, void *data)
{
	double per_round = 0;

	(void)cpu;
	(void)data;
	for (size_t i = 0; i < n_blocks; i++)
		per_round += (double)blocks[i].n_insns * blocks[i].count;
	per_round /= rounds;
	if (n_blocks_least && per_round >= least)
		return;
	least = per_round;
	rounds_least = rounds;
	n_blocks_least = n_blocks;
	for (size_t i = 0; i < n_blocks; i++)
		least_counts[i] = blocks[i].count;
}

static void figure(unsigned int cpu, void *data)
{
	char path[4096];
	FILE *f;

	(void)cpu;
	(void)data;
	snprintf(path, sizeof(path), "%s.%u", out_path, n_figures++);
	f = n_blocks_least ? fopen(path, "w") : NULL;
	if (f) {
		fprintf(f, "rounds %" PRIu64 "\n", rounds_least);
		for (size_t i = 0; i < n_blocks_least; i++) {
			if (least_counts[i])
				fprintf(f, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", blocks[i].address,
					blocks[i].n_insns, least_counts[i]);
		}
		fclose(f);
	}
	n_blocks_least = 0;
}

static const struct {
	uint8_t code[3];
	insn_callback callback;
} marks[] = {
	{ { 0x66, 0x87, 0xdb }, begin },
	{ { 0x66, 0x87, 0xc9 }, end },
	{ { 0x66, 0x87, 0xd2 }, one_round },
	{ { 0x66, 0x87, 0xf6 }, figure },
};

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *block;

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_size(insn) != sizeof(marks[0].code))
			continue;
		for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
			if (!memcmp(qemu_plugin_insn_data(insn), marks[m].code, sizeof(marks[m].code)))
				qemu_plugin_register_vcpu_insn_exec_cb(insn, marks[m].callback, 0, NULL);
		}
	}
	if (n_blocks == BLOCKS_MAX)
		return;
	block = &blocks[n_blocks++];
	block->address = qemu_plugin_tb_vaddr(tb);
	block->n_insns = qemu_plugin_tb_n_insns(tb);
	block->count = 0;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &block->count, 1);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out_path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
