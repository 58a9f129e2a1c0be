// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A bus of a few connections, told as a table.
 *
 * The linker puts the functions that begin with __wrap in the place of those
 * of lib/ that speak to the kernel.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>

#include "driver/activation.h"
#include "driver/call.h"
#include "driver/matches.h"
#include "lib/cmd.h"
#include "tests/unit/driver/fake-bus.h"
#include "tests/unit/driver/fake-kernel.h"

struct fake_conn *fake_conns;
static struct kb_conn conn = {
	.fd = -1, .id = FAKE_US, .unique_name = ":1.1", .bloom = { .size = 64, .n_hash = 8 },
	.bus_id = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 1, 2, 3, 4, 5, 6, 0xff },
};
struct driver fake_driver;
int fake_result, fake_send_result;
uint64_t fake_return_flags, fake_name_flags, fake_behalf, fake_sent_cookie;
unsigned int fake_n_sent, fake_n_answers;
char fake_sent[4096], fake_answer[65536], fake_error[2048];
size_t fake_n_fds;

/* records, as the kernel writes them */

static struct fake_conn *find(uint64_t id)
{
	struct fake_conn *c;

	for (c = fake_conns; c->id; c++)
		if (c->id == id)
			return c;
	return NULL;
}

static bool has(const char *const *names, const char *name)
{
	size_t i;

	for (i = 0; i < FAKE_NAMES && names[i]; i++)
		if (kb_streq(names[i], name))
			return true;
	return false;
}

/* A service before its activator. */
static struct fake_conn *find_name(const char *name)
{
	struct fake_conn *c, *activator = NULL;

	for (c = fake_conns; c->id; c++) {
		if (!has(c->names, name))
			continue;
		if (!(c->flags & KDBUS_HELLO_ACTIVATOR))
			return c;
		activator = c;
	}
	return activator;
}

static void add_name(struct kb_buffer *items, const char *name, uint64_t flags)
{
	struct {
		uint64_t flags;
		char name[256];
	} payload = { .flags = flags };

	strcpy(payload.name, name);
	kb_item_append(items, KDBUS_ITEM_OWNED_NAME, &payload, 8 + strlen(name) + 1);
}

static void add_string(struct kb_buffer *items, uint64_t type, const char *s)
{
	if (s)
		kb_item_append_string(items, type, s);
}

static void add_items(struct kb_buffer *items, const struct fake_conn *c, uint64_t attach)
{
	const struct kdbus_creds creds = { .euid = c->euid, .egid = c->egid };
	const struct kdbus_pids pids = { .pid = c->pid };
	size_t i;

	if (attach & KDBUS_ATTACH_CREDS)
		kb_item_append(items, KDBUS_ITEM_CREDS, &creds, sizeof(creds));
	if (attach & KDBUS_ATTACH_PIDS)
		kb_item_append(items, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
	if (attach & KDBUS_ATTACH_AUXGROUPS && c->n_groups >= 0)
		kb_item_append(items, KDBUS_ITEM_AUXGROUPS, c->groups, c->n_groups * 8);
	if (attach & KDBUS_ATTACH_SECLABEL)
		add_string(items, KDBUS_ITEM_SECLABEL, c->label);
	if (attach & KDBUS_ATTACH_CGROUP)
		add_string(items, KDBUS_ITEM_CGROUP, c->cgroup);
	if (attach & KDBUS_ATTACH_CMDLINE && c->cmdline)
		kb_item_append(items, KDBUS_ITEM_CMDLINE, c->cmdline, c->cmdline_size);
	for (i = 0; attach & KDBUS_ATTACH_NAMES && i < FAKE_NAMES && c->names[i]; i++)
		add_name(items, c->names[i], KDBUS_NAME_PRIMARY);
}

/* What is told lies in one of a few buffers that are used in turn. */
static void tell(struct fake_conn *c, const struct kb_buffer *items, struct kb_info *out)
{
	static uint64_t room[4][1024];
	static unsigned int turn;
	uint64_t *at = room[turn++ % 4];

	cr_assert_leq(items->size, sizeof(room[0]));
	if (items->size)
		memcpy(at, items->data, items->size);
	*out = (struct kb_info){ .id = c->id, .flags = c->flags };
	cr_assert_eq(kb_meta_parse(&out->meta, at, items->size), 0);
}

int __wrap_kb_conn_info(struct kb_conn *conn, uint64_t id, const char *name, uint64_t attach,
			uint64_t behalf_id, struct kb_info *out);
int __wrap_kb_conn_info_by_name(struct kb_conn *conn, const char *name, uint64_t attach,
				uint64_t behalf_id, struct kb_info *out);
int __wrap_kb_conn_ask(struct kb_conn *conn, uint64_t id, uint64_t item, uint64_t behalf_id,
		       struct kb_info *out);
int __wrap_kb_conn_list(struct kb_conn *conn, uint64_t flags, uint64_t behalf_id,
			struct kb_list *out);

int __wrap_kb_conn_info(struct kb_conn *c _unused_, uint64_t id, const char *name, uint64_t attach,
			uint64_t behalf_id, struct kb_info *out)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	struct fake_conn *found = name ? find_name(name) : find(id);

	fake_behalf = behalf_id;
	if (!found)
		return name ? -ESRCH : -ENXIO;
	add_items(&items, found, attach);
	tell(found, &items, out);
	return 0;
}

int __wrap_kb_conn_info_by_name(struct kb_conn *c, const char *name, uint64_t attach,
				uint64_t behalf_id, struct kb_info *out)
{
	uint64_t id;

	if (*name != ':')
		return __wrap_kb_conn_info(c, 0, name, attach, behalf_id, out);
	if (kb_unique_name_parse(name, &id) < 0 || !id)
		return -ENXIO;
	return __wrap_kb_conn_info(c, id, NULL, attach, behalf_id, out);
}

int __wrap_kb_conn_ask(struct kb_conn *c _unused_, uint64_t id, uint64_t item,
		       uint64_t behalf_id _unused_, struct kb_info *out)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	struct fake_conn *found = find(id);
	struct kdbus_process process = {};

	if (!found)
		return -ENXIO;
	process.pid = found->pid;
	process.start_ns = 1234567;
	if (item == KDBUS_ITEM_PROCESS && found->alive)
		kb_item_append(&items, item, &process, sizeof(process));
	if (item == KDBUS_ITEM_USAGE)
		kb_item_append(&items, item, &found->usage, sizeof(found->usage));
	tell(found, &items, out);
	return 0;
}

static void add_record(struct kb_buffer *list, const struct fake_conn *c, const char *name,
		       uint64_t flags)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	struct kdbus_info info = { .id = c->id, .flags = c->flags };

	if (name)
		add_name(&items, name, flags);
	info.size = sizeof(info) + items.size;
	kb_buffer_append(list, &info, sizeof(info));
	if (items.size)
		kb_buffer_append(list, items.data, items.size);
	kb_buffer_append(list, "\0\0\0\0\0\0\0", kb_align8(list->size) - list->size);
}

int __wrap_kb_conn_list(struct kb_conn *c _unused_, uint64_t flags, uint64_t behalf_id,
			struct kb_list *out)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer list = {};
	static uint64_t room[2048];
	const struct fake_conn *each;
	size_t i;

	fake_behalf = behalf_id;
	for (each = fake_conns; each->id; each++) {
		bool activator = each->flags & KDBUS_HELLO_ACTIVATOR;
		bool told = false;

		for (i = 0; i < FAKE_NAMES && each->names[i]; i++)
			if (flags & (activator ? KDBUS_LIST_ACTIVATORS : KDBUS_LIST_NAMES)) {
				add_record(&list, each, each->names[i], 0);
				told = true;
			}
		for (i = 0; flags & KDBUS_LIST_QUEUED && i < FAKE_NAMES && each->queued[i]; i++) {
			add_record(&list, each, each->queued[i], KDBUS_NAME_IN_QUEUE);
			told = true;
		}
		if (!told && flags & KDBUS_LIST_UNIQUE)
			add_record(&list, each, NULL, 0);
	}
	cr_assert_leq(list.size, sizeof(room));
	if (list.size)
		memcpy(room, list.data, list.size);
	*out = (struct kb_list){
		.next = (uint8_t *)room, .end = (uint8_t *)room + list.size,
	};
	return 0;
}

/* changing */

int __wrap_kb_cmd_name_acquire(int fd, const char *name, uint64_t flags, uint64_t behalf_id,
			       uint64_t *out_flags);
int __wrap_kb_cmd_name_release(int fd, const char *name, uint64_t behalf_id);

int __wrap_kb_cmd_name_acquire(int fd _unused_, const char *name _unused_, uint64_t flags,
			       uint64_t behalf_id, uint64_t *out_flags)
{
	fake_name_flags = flags;
	fake_behalf = behalf_id;
	*out_flags = fake_return_flags;
	return fake_result;
}

int __wrap_kb_cmd_name_release(int fd _unused_, const char *name _unused_, uint64_t behalf_id)
{
	fake_behalf = behalf_id;
	return fake_result;
}

/* sending */

static void print(struct kb_message *message, char *text, size_t size)
{
	struct kb_reader reader;
	FILE *file;
	size_t n;

	cr_assert_eq(kb_message_seal(message), 0);
	cr_assert_eq(kb_message_reader(message, &reader), 0);
	memset(text, 0, size);
	file = fmemopen(text, size - 1, "w");
	cr_assert_eq(kb_value_print(&reader, file), 0);
	fclose(file);
	kb_reader_deinit(&reader);
	n = strlen(text);
	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
}

int __wrap_kb_conn_send(struct kb_conn *conn, struct kb_message *message);
int __wrap_kb_conn_reply(struct kb_conn *conn, const struct kb_message *call,
			 struct kb_message *reply);
int __wrap_kb_conn_reply_error(struct kb_conn *conn, const struct kb_message *call,
			       const char *name, const char *format, ...);
int __wrap_kb_conn_reply_errno(struct kb_conn *conn, const struct kb_message *call, int r,
			       const char *text);

int __wrap_kb_conn_send(struct kb_conn *c _unused_, struct kb_message *message)
{
	char body[2048];

	if (fake_send_result < 0)
		return fake_send_result;
	print(message, body, sizeof(body));
	message->cookie = ++fake_sent_cookie;
	fake_n_sent++;
	snprintf(fake_sent, sizeof(fake_sent), "%s %s %s", message->destination, message->member, body);
	return 0;
}

int __wrap_kb_conn_reply(struct kb_conn *c _unused_, const struct kb_message *call,
			 struct kb_message *reply)
{
	if (call->flags & KB_NO_REPLY_EXPECTED)
		return 0;
	fake_n_answers++;
	fake_n_fds = reply->n_fds;
	print(reply, fake_answer, sizeof(fake_answer));
	return 0;
}

int __wrap_kb_conn_reply_error(struct kb_conn *c _unused_, const struct kb_message *call,
			       const char *name, const char *format, ...)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	const char *text;
	va_list args;
	int r;

	if (call->flags & KB_NO_REPLY_EXPECTED)
		return 0;
	va_start(args, format);
	r = kb_message_new_errorv(call, name, format, args, &reply);
	va_end(args);
	if (r < 0)
		return r;
	cr_assert_eq(kb_message_seal(reply), 0);
	cr_assert_eq(kb_message_read(reply, "s", &text), 0);
	snprintf(fake_error, sizeof(fake_error), "%s", text);
	fake_n_answers++;
	snprintf(fake_answer, sizeof(fake_answer), "ERROR %s",
		 kb_startswith(name, KB_ERROR_PREFIX) ?: name);
	return 0;
}

int __wrap_kb_conn_reply_errno(struct kb_conn *c, const struct kb_message *call, int r,
			       const char *text _unused_)
{
	return __wrap_kb_conn_reply_error(c, call, kb_error_from_errno(r), "%s", strerror(-r));
}

/* tests */

void fake_begin(struct fake_conn *conns)
{
	fake_conns = conns;
	fake_driver = (struct driver){
		.environment_fd = -1,
		.conn = &conn, .behalf = true, .process = true, .usage = true,
	};
	memset(fake_matches, 0, sizeof(fake_matches));
	fake_n_matches = 0;
	fake_gone = 0;
	fake_room = -1;
	fake_result = fake_send_result = 0;
	fake_return_flags = fake_name_flags = fake_behalf = fake_sent_cookie = 0;
	fake_n_sent = fake_n_answers = 0;
}

void fake_end(void)
{
	activation_forget_all(&fake_driver);
	matches_forget_all(&fake_driver);
}

const char *fake_call(uint64_t id, const char *path, const char *interface, const char *member,
		      const char *types, ...)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	struct fake_conn *caller = find(id);
	struct kdbus_creds creds = { .euid = caller ? caller->euid : 0 };
	unsigned int before = fake_n_answers;
	va_list args;

	cr_assert_eq(kb_message_new_call(KB_DRIVER_NAME, path, interface, member, &message), 0);
	va_start(args, types);
	cr_assert_geq(kb_message_appendv(message, types, args), 0);
	va_end(args);
	cr_assert_eq(kb_message_seal(message), 0);
	message->src_id = id;
	message->cookie = 7;
	if (caller && caller->is_run_by_root)
		creds.euid = 0;
	if (!caller || !caller->unattached)
		message->meta.creds = &creds;
	call_dispatch(&fake_driver, message);
	/* who answers later may keep the message, but not what was on the stack */
	message->meta.creds = NULL;
	cr_assert_leq(fake_n_answers - before, 1);
	return fake_n_answers == before ? "silence" : fake_answer;
}
