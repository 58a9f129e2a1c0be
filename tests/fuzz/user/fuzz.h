/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a fuzzing target needs: a way to say what must hold, and its input in
 * pieces.
 *
 * A target is one function, LLVMFuzzerTestOneInput(). The program around it is
 * libFuzzer's, or replay.c, which shows it a corpus.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with a report unless @condition holds. */
#define must(condition)                                            \
	do {                                                       \
		if (!(condition))                                  \
			fuzz_fail(__FILE__, __LINE__, #condition); \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/**
 * struct fuzz_input - what has not been taken of an input
 */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/* The next byte, 0 at the end. */
uint8_t fuzz_byte(struct fuzz_input *input);

/*
 * The next @size bytes, or as many as there are, in memory of exactly that size:
 * reading behind them is found. To be freed.
 */
uint8_t *fuzz_take(struct fuzz_input *input, size_t size, size_t *out_size);

/* The same with a NUL behind them; bytes behind a NUL among them are lost. */
char *fuzz_text(struct fuzz_input *input, size_t size);

/* A file with the rest in it; its path is always the same. */
const char *fuzz_file(struct fuzz_input *input);

/* What is printed goes nowhere from now on: bad input makes many warnings. */
void fuzz_ignore_line(const char *line);

#endif /* TESTS_FUZZ_H */
