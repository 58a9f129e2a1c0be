// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fuzzer: makes programs up, runs them, keeps those that reach new code of
 * the module, and stops when the kernel complains.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/campaign.h"
#include "tests/fuzz/log.h"
#include "tests/fuzz/reduce.h"
#include "tests/fuzz/session.h"
#include "tests/fuzz/text.h"

static const char usage[] = "In a guest, as root, with the module loaded; a PROGRAM is a file, or a folder of them:\n"
			    "  fuzz campaign SECONDS WORKERS SEED [PROGRAM…]   make programs up (TAP)\n"
			    "  fuzz distill PROGRAM…                           keep those that are needed\n"
			    "  fuzz replay TIMES PROGRAM…                      run each\n"
			    "  fuzz reduce TIMES VERIFY PROGRAM                leave out what can be; VERIFY: 0 or 1\n"
			    "Anywhere:\n"
			    "  fuzz collect PORT FOLDER                        what the above write to $GUEST_FILE\n"
			    "  fuzz generate SEED                              print a program\n"
			    "  fuzz c PROGRAM                                  print it as C\n";

static unsigned n_files;
static char **files;

static int run_campaign(char **args)
{
	return campaign_run(atoi(args[0]), atoi(args[1]), strtoull(args[2], NULL, 0), files, n_files);
}

static int run_distill(char **args)
{
	(void)args;
	return campaign_distill(files, n_files);
}

static int run_replay(char **args)
{
	struct timespec begin, end;
	struct program program;

	if (session_enter(0, false) < 0)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int n = atoi(args[0]); n > 0; n--)
		for (unsigned i = 0; i < n_files && !session->stop; i++)
			if (text_read(files[i], &program) == 0)
				session_run(&program);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("# %lu executions, %.3f s %s\n", session_execs(),
	       end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9, session->report);
	log_line("= done\n");
	return session->reported;
}

static int run_reduce(char **args)
{
	struct program program;

	if (n_files != 1 || text_read(files[0], &program) || session_enter(0, false) < 0)
		return 2;
	return reduce_run(&program, atoi(args[0]), atoi(args[1]));
}

static int run_collect(char **args)
{
	return log_collect(args[0], args[1]);
}

static int run_generate(char **args)
{
	struct rng rng = { strtoull(args[0], NULL, 0) };
	struct program program;

	program_generate(&program, &rng);
	text_print(stdout, &program);
	return 0;
}

static int run_c(char **args)
{
	struct program program;

	if (text_read(args[0], &program))
		return 1;
	text_print_c(stdout, &program);
	return 0;
}

static const struct verb {
	const char *name;
	int n_args; /* in front of programs */
	bool guest; /* only there */
	int (*run)(char **args);
} verbs[] = {
	{ "campaign", 3, true, run_campaign },
	{ "distill", 0, true, run_distill },
	{ "replay", 1, true, run_replay },
	{ "reduce", 2, true, run_reduce },
	{ "collect", 2, false, run_collect },
	{ "generate", 1, false, run_generate },
	{ "c", 1, false, run_c },
};

static int run_verb(const struct verb *verb, char **args)
{
	if (!verb->guest)
		return verb->run(args);
	files = text_files(args + verb->n_args, &n_files);
	if (session_init() < 0) {
		fprintf(stderr, "fuzz: this is no guest with the module loaded: %m\n");
		return 2;
	}
	return verb->run(args);
}

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].n_args)
			return run_verb(&verbs[i], argv + 2);
	fputs(usage, stderr);
	return 2;
}
