// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl top: who sends how much, and how long the answers take. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "ctl/figure.h"
#include "ctl/rows.h"
#include "ctl/screen.h"
#include "ctl/table.h"
#include "ctl/terminal.h"
#include "ctl/verbs.h"
#include "ctl/watch.h"

#define INTERVAL_NS KB_NSEC_PER_SEC

/**
 * struct top - the watch and what it has seen
 * @turn_ns:	when the turn began
 * @rows:	at the end of the last turn, which took @elapsed_ns
 * @sort:	what the rows are sorted by
 * @n_shown:	snapshots so far
 * @on_terminal: they replace each other, and keys are read
 */
struct top {
	const struct ctl *ctl;
	struct watch watch;
	struct rows_source source;
	uint64_t turn_ns;
	struct rows rows;
	uint64_t elapsed_ns;
	enum rows_sort sort;
	uint64_t n_shown;
	bool on_terminal;
};

/* text */

static void add_rate(struct table *table, uint64_t n, uint64_t elapsed_ns)
{
	char text[FIGURE_SIZE];

	table_add(table, n ? figure_count(traffic_rate(n, elapsed_ns), text) :
			     NULL);
}

static void add_time(struct table *table, uint64_t ns)
{
	char text[FIGURE_SIZE];

	table_add(table, ns ? figure_time(ns, text) : NULL);
}

static void add_row(struct table *table, const struct row *row,
		    uint64_t elapsed_ns)
{
	const struct traffic_count *turn = &row->turn;
	uint64_t bytes = turn->bytes_sent + turn->bytes_received;
	char text[FIGURE_SIZE];

	add_rate(table, turn->sent, elapsed_ns);
	add_rate(table, turn->received, elapsed_ns);
	table_add(table, bytes ? figure_bytes(traffic_rate(bytes, elapsed_ns),
					      text) : NULL);
	table_add(table, row->queued ? figure_count(row->queued, text) : NULL);
	table_add(table, row->queued_bytes ?
			 figure_bytes(row->queued_bytes, text) : NULL);
	table_add(table, row->waits ? figure_count(row->waits, text) : NULL);
	add_time(table, traffic_time(turn));
	add_time(table, turn->time_max_ns);
	table_add(table, row->lost ? figure_count(row->lost, text) : NULL);
	table_add(table, row->unique);
	if (row->pid)
		table_addf(table, "%" PRIu64, row->pid);
	else
		table_add(table, NULL);
	table_add(table, row->comm);
	table_add(table, row->name);
}

static int print_rows(const struct rows *rows, uint64_t elapsed_ns, FILE *file)
{
	static const char *const titles[] = {
		"SENT/s", "RECV/s", "BYTES/s", "QUEUE", "Q-BYTES", "WAITS",
		"AVG", "MAX", "LOST", "CONNECTION", "PID", "PROCESS", "NAME",
	};
	_cleanup_(table_deinit) struct table table = {
		.n_columns = KB_ARRAY_SIZE(titles),
		.right = 0x5ff,	/* the figures, and the pid */
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(titles); i++)
		table_add(&table, titles[i]);
	for (size_t i = 0; i < rows->n; i++)
		add_row(&table, &rows->list[i], elapsed_ns);
	return table_print(&table, file);
}

static void print_head(const struct top *top, FILE *file)
{
	const struct rows *rows = &top->rows;
	char rate[FIGURE_SIZE], bytes[FIGURE_SIZE], text[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(file, "%s%s%s %s  %zu connection%s, %s messages/s, %s/s\n",
		screen_style(SCREEN_BOLD),
		top->ctl->address ?: "the system's bus",
		screen_style(SCREEN_NORMAL), text, rows->n,
		rows->n == 1 ? "" : "s",
		figure_count(traffic_rate(rows->n_messages, top->elapsed_ns), rate),
		figure_bytes(traffic_rate(rows->n_bytes, top->elapsed_ns), bytes));
	if (!top->on_terminal)
		return;
	fprintf(file, "%sq quit; sort by m messages, b bytes, u queue, t time; now: %s%s\n",
		screen_style(SCREEN_DIM), rows_sort_name(top->sort),
		screen_style(SCREEN_NORMAL));
}

static int show_text(const struct top *top)
{
	_cleanup_(kb_freep) char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	int r;

	if (!file)
		return ctl_fail_errno(ENOMEM, "cannot show");
	print_head(top, file);
	r = print_rows(&top->rows, top->elapsed_ns, file);
	if (fclose(file) == EOF || r < 0)
		return ctl_fail_errno(ENOMEM, "cannot show");
	if (top->on_terminal) {
		terminal_show(text);
	} else {
		if (top->n_shown)
			putchar('\n');
		fputs(text, stdout);
	}
	return 0;
}

/* json: an object a snapshot */

static void report_row(struct kb_report *report, const struct row *row)
{
	const struct traffic_count *turn = &row->turn;
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{ "id", row->id },
		{ "pid", row->pid },
		{ "sent", turn->sent },
		{ "received", turn->received },
		{ "bytes_sent", turn->bytes_sent },
		{ "bytes_received", turn->bytes_received },
		{ "errors", turn->errors },
		{ "answers", turn->answers },
		{ "answer_ns", traffic_time(turn) },
		{ "answer_max_ns", turn->time_max_ns },
		{ "queued", row->queued },
		{ "queued_bytes", row->queued_bytes },
		{ "waits", row->waits },
		{ "lost", row->lost },
	};

	kb_report_open_object(report, NULL);
	kb_report_string(report, "unique_name", row->unique);
	kb_report_string(report, "name", row->name);
	kb_report_string(report, "comm", row->comm);
	for (size_t i = 0; i < KB_ARRAY_SIZE(numbers); i++)
		kb_report_uint(report, numbers[i].key, numbers[i].value);
	kb_report_close(report);
}

static int show_json(const struct ctl *ctl, const struct rows *rows,
		     uint64_t elapsed_ns)
{
	struct kb_report *report = kb_report_new(false);

	if (!report)
		return ctl_fail_errno(ENOMEM, "cannot print");
	kb_report_uint(report, "elapsed_ns", elapsed_ns);
	kb_report_uint(report, "messages", rows->n_messages);
	kb_report_uint(report, "bytes", rows->n_bytes);
	kb_report_open_array(report, "connections");
	for (size_t i = 0; i < rows->n; i++)
		report_row(report, &rows->list[i]);
	kb_report_close(report);
	return ctl_print_report(ctl, report);
}

/* the loop */

static int show(struct top *top)
{
	int r;

	rows_sort(&top->rows, top->sort);
	r = top->ctl->json ? show_json(top->ctl, &top->rows, top->elapsed_ns) :
			     show_text(top);
	return r ?: watch_flush();
}

/* Ends a turn: 0, WATCH_E_ENOUGH after the last, or a status. */
static int turn(struct top *top)
{
	uint64_t now = kb_now_ns();
	int r;

	rows_deinit(&top->rows);
	r = rows_get(&top->source, &top->rows);
	if (r < 0)
		return ctl_fail_errno(r, "cannot ask the bus");
	top->elapsed_ns = now - top->turn_ns;
	top->turn_ns = now;
	traffic_turn(top->source.traffic);
	r = show(top);
	return r ?: ++top->n_shown == top->ctl->count ? WATCH_E_ENOUGH : 0;
}

static int see(struct kb_message *m, void *userdata)
{
	struct top *top = userdata;

	return rows_see(&top->source, m) < 0 ?
	       ctl_fail_errno(ENOMEM, "cannot count") : 0;
}

/* Keys: 0, or WATCH_E_ENOUGH for the one that quits. */
static int take_keys(struct top *top)
{
	static const struct {
		char key;
		enum rows_sort sort;
	} keys[] = {
		{ 'm', ROWS_BY_MESSAGES },
		{ 'b', ROWS_BY_BYTES },
		{ 'u', ROWS_BY_QUEUE },
		{ 't', ROWS_BY_TIME },
	};
	char typed[64];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));

	if (n <= 0)
		return WATCH_E_ENOUGH;
	for (ssize_t i = 0; i < n; i++) {
		if (typed[i] == 'q' || typed[i] == 4)
			return WATCH_E_ENOUGH;
		for (size_t j = 0; j < KB_ARRAY_SIZE(keys); j++)
			if (typed[i] == keys[j].key)
				top->sort = keys[j].sort;
	}
	return 0;
}

/* A stop gives the terminal back; 0, or WATCH_E_ENOUGH at the end. */
static int take_signal(struct top *top)
{
	bool stops = top->watch.signal == SIGTSTP && top->on_terminal;

	if (stops)
		terminal_leave();
	if (watch_is_over(&top->watch))
		return WATCH_E_ENOUGH;
	return stops && terminal_enter() < 0 ? WATCH_E_ENOUGH : 0;
}

static int run(struct top *top)
{
	uint64_t interval = top->ctl->interval_ns ?: INTERVAL_NS;
	int r = 0;

	top->turn_ns = kb_now_ns();
	/* nobody likes an empty screen */
	if (top->on_terminal)
		r = turn(top);
	while (!r) {
		r = watch_run(&top->watch, top->turn_ns + interval);
		if (r == WATCH_E_TIME) {
			r = turn(top);
			continue;
		}
		if (r == WATCH_E_INPUT)
			r = take_keys(top);
		else if (r == WATCH_E_SIGNAL)
			r = take_signal(top);
		if (!r && top->on_terminal)
			r = show(top);
	}
	return r > 0 ? r : 0;
}

static int prepare(struct top *top, int argc, char **argv)
{
	int r;

	r = filter_init(&top->source.filter, top->ctl, argc, argv);
	if (r)
		return r;
	top->source.traffic = traffic_new();
	if (!top->source.traffic)
		return ctl_fail_errno(ENOMEM, "cannot count");
	r = watch_open(&top->watch, top->ctl,
		       KDBUS_ATTACH_TIMESTAMP | KDBUS_ATTACH_NAMES);
	return r ?: ctl_connect(top->ctl, 0, 0, &top->source.asker);
}

int ctl_top(struct ctl *ctl, int argc, char **argv)
{
	struct top top = {
		.ctl = ctl,
		.watch = { .see = see, .userdata = &top, .signals = -1 },
	};
	int r;

	top.on_terminal = !ctl->json && !ctl->count && terminal_is_there();
	r = prepare(&top, argc, argv);
	if (!r && top.on_terminal) {
		top.watch.input = STDIN_FILENO;
		r = terminal_enter();
		r = r < 0 ? ctl_fail_errno(r, "cannot use the terminal") : 0;
	}
	if (!r)
		r = run(&top);
	terminal_leave();
	watch_close(&top.watch);
	kb_conn_unref(top.source.asker);
	traffic_free(top.source.traffic);
	rows_deinit(&top.rows);
	filter_deinit(&top.source.filter);
	return r;
}
