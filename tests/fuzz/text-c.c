// SPDX-License-Identifier: LGPL-2.1-or-later
/* A program as C. */

#include "tests/fuzz/build.h"
#include "tests/fuzz/text.h"

static const char *const refs[N_REFS] = {
	[REF_ID] = "REF_ID",	 [REF_FROM] = "REF_FROM", [REF_COOKIE] = "REF_COOKIE", [REF_SLICE] = "REF_SLICE",
	[REF_POOL] = "REF_POOL", [REF_SOON] = "REF_SOON", [REF_MEMORY] = "REF_MEMORY", [REF_FD] = "REF_FD",
	[REF_FILE] = "REF_FILE", [REF_MAP] = "REF_MAP",	  [REF_PID] = "REF_PID",
};

static const char *const places[N_PLACES] = {
	[PLACE_GOOD] = "PLACE_GOOD",	 [PLACE_ODD] = "PLACE_ODD",	[PLACE_EDGE] = "PLACE_EDGE",
	[PLACE_CUT] = "PLACE_CUT",	 [PLACE_STALL] = "PLACE_STALL", [PLACE_CONST] = "PLACE_CONST",
	[PLACE_SHARED] = "PLACE_SHARED", [PLACE_POOL] = "PLACE_POOL",	[PLACE_COMPAT] = "PLACE_COMPAT",
	[PLACE_NONE] = "PLACE_NONE",
};

static void value(FILE *to, __u64 value)
{
	if (REF_IS(value))
		fprintf(to, "REF(%s, %llu)", refs[REF_CLASS(value)], REF_N(value));
	else
		fprintf(to, value < 10000 ? "%llu" : "%#llx", value);
}

/* the words of a command, equal ones once */
static void words(FILE *to, const struct blob *blob)
{
	unsigned n = (blob->size + 7) / 8, last;

	for (unsigned i = 0; i < n; i = last + 1) {
		for (last = i; last + 1 < n && blob->words[last + 1] == blob->words[i]; last++)
			;
		if (!blob->words[i] || REF_IS(blob->words[i]))
			last = i;
		if (last - i > 2)
			fprintf(to, "[%u ... %u] = %#llx, ", i, last, blob->words[i]);
		else
			fprintf(to, REF_IS(blob->words[i]) ? "0, " : "%#llx, ", blob->words[last = i]);
	}
}

static void blob(FILE *to, const char *name, const struct blob *blob)
{
	fprintf(to, "\t.%s = {\n\t\t.size = %u,\n\t\t.words = { ", name, blob->size);
	words(to, blob);
	fprintf(to, "},\n");
	if (blob->n_patches) {
		fprintf(to, "\t\t.n_patches = %u,\n\t\t.patches = {\n", blob->n_patches);
		for (unsigned i = 0; i < blob->n_patches; i++) {
			fprintf(to, "\t\t\t{ .at = %u, .size = %u, .value = ", blob->patches[i].at,
				blob->patches[i].size);
			value(to, blob->patches[i].value);
			fprintf(to, " },\n");
		}
		fprintf(to, "\t\t},\n");
	}
	fprintf(to, "\t},\n");
}

static void define_call(FILE *to, unsigned n, const struct op *op)
{
	static struct call call;

	build_call(&call, op);
	fprintf(to, "/* %s */\nstatic const struct call call_%u = {\n", operations[op->rule].name, n);
	fprintf(to, "\t.slot = %u, .number = %#x, .place = %s,\n", call.slot, call.number, places[call.place]);
	if (call.fail)
		fprintf(to, "\t.fail = %u,\n", call.fail);
	blob(to, "cmd", &call.cmd);
	if (call.msg_at) {
		fprintf(to, "\t.msg_at = %u, .msg_place = %s,\n", call.msg_at, places[call.msg_place]);
		blob(to, "msg", &call.msg);
	}
	fprintf(to, "};\n\n");
}

static void do_op(FILE *to, unsigned n, const struct op *op)
{
	const struct operation *rule = &operations[op->rule];

	if (rule->number) {
		fprintf(to, "\tworld_call(&call_%u);\t/* %s */\n", n, rule->name);
		return;
	}
	fprintf(to, "\t%s((const __u64[]){ ", rule->run_name);
	for (unsigned i = 0; rule->fields[i].name; i++) {
		value(to, op->args[i]);
		fprintf(to, ", ");
	}
	fprintf(to, "});\n");
}

static const char head[] =
	"/*\n"
	" * cc -D_GNU_SOURCE -I. -Ikernel/uapi -pthread THIS tests/fuzz/world.c tests/fuzz/world-ops.c\n"
	" * in the top folder; run as root, as often as the first argument says.\n"
	" */\n"
	"#include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/mount.h>\n"
	"#include <sys/stat.h>\n#include <sys/wait.h>\n#include <unistd.h>\n\n#include \"tests/fuzz/world.h\"\n\n";

static const char tail[] =
	"static void *(*const actors[N_ACTORS])(void *) = { actor_0, actor_1, actor_2, actor_3 };\n\n"
	"static void *run(void *data)\n{\n"
	"\tunsigned actor = (unsigned long)data;\n\n"
	"\tworld_enter(actor, PROCESSES);\n\tactors[actor](NULL);\n\tworld_leave();\n\treturn NULL;\n}\n\n"
	"static void at_once(void)\n{\n"
	"\tpthread_t threads[N_ACTORS];\n\n"
	"\tfor (unsigned long i = 0; i < N_ACTORS; i++)\n"
	"\t\tif (!PROCESSES)\n\t\t\tpthread_create(&threads[i], NULL, run, (void *)i);\n"
	"\t\telse if (i && fork() == 0)\n\t\t\t_exit(!!run((void *)i));\n"
	"\tif (PROCESSES)\n\t\trun((void *)0);\n"
	"\tfor (unsigned i = 0; i < N_ACTORS; i++)\n"
	"\t\tif (!PROCESSES)\n\t\t\tpthread_join(threads[i], NULL);\n"
	"\twhile (waitpid(-1, NULL, 0) > 0)\n\t\t;\n}\n\n"
	"int main(int argc, char **argv)\n{\n"
	"\tmkdir(\"/tmp/common\", 0755);\n"
	"\tmount(\"kdbusfs\", \"/tmp/common\", \"kdbusfs\", 0, NULL);\n"
	"\tint r = world_init(\"/tmp/fuzz\", \"/tmp/common\");\n"
	"\tif (r) {\n"
	"\t\tfprintf(stderr, \"this needs root and the module: %s\\n\", strerror(-r));\n"
	"\t\treturn 1;\n\t}\n"
	"\tfor (int n = argc > 1 ? atoi(argv[1]) : 1; n > 0; n--) {\n"
	"\t\tworld_enter(0, PROCESSES);\n\t\tprefix();\n\t\tat_once();\n\t\tworld_reset();\n\t}\n"
	"\treturn 0;\n}\n";

void text_print_c(FILE *to, const struct program *program)
{
	unsigned prefix = program_prefix(program);

	fputs(head, to);
	fprintf(to, "#define PROCESSES %d\n\n", !!program->processes);
	for (unsigned i = 0; i < program->n_ops; i++)
		if (operations[program->ops[i].rule].number)
			define_call(to, i, &program->ops[i]);
	fprintf(to, "static void prefix(void)\n{\n");
	for (unsigned i = 0; i < prefix; i++)
		do_op(to, i, &program->ops[i]);
	fprintf(to, "}\n\n");
	for (unsigned actor = 0; actor < N_ACTORS; actor++) {
		fprintf(to, "static void *actor_%u(void *unused)\n{\n", actor);
		for (unsigned i = prefix; i < program->n_ops; i++)
			if (program->ops[i].actor == actor)
				do_op(to, i, &program->ops[i]);
		fprintf(to, "\treturn unused;\n}\n\n");
	}
	fputs(tail, to);
}
