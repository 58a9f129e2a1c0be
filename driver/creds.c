// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is behind a connection.
 *
 * GetConnectionCredentials answers with the keys of the D-Bus specification
 * and, under "org.kdbus.", with what only kdbus knows.  A key that is not
 * known is left out.  What is not in the kernel's record is looked up in the
 * process, and only told if that is still the process on record.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "driver/creds.h"
#include "driver/names.h"
#include "lib/caps.h"

#define ATTACH_ALL (KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_AUXGROUPS | \
		    KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_CAPS | KDBUS_ATTACH_AUDIT | \
		    KDBUS_ATTACH_CGROUP | KDBUS_ATTACH_EXE | KDBUS_ATTACH_CMDLINE | \
		    KDBUS_ATTACH_CONN_DESCRIPTION)

#define FDS_MAX 16	/* that may wait at a connection, from one user: kdbus(7) */
#define SELINUX_FILE "/sys/fs/selinux/enforce"

/* Read the one argument and look it up; CALL_DONE if that was the answer. */
static int creds_find(struct call *call, uint64_t attach, const char **out_name,
		      struct kb_info *out)
{
	int r;

	r = call_read(call, "s", out_name);
	if (r)
		return r;
	r = names_find_owner(call, *out_name, attach, out);
	return r == -ESRCH ? names_fail_no_owner(call, *out_name) : r;
}

static bool id_is_known(uint64_t id)
{
	return id < KB_ID_UNSET;
}

int creds_unix_user(struct call *call)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	const char *name;
	int r;

	r = creds_find(call, KDBUS_ATTACH_CREDS, &name, &info);
	if (r)
		return r;
	if (!info.meta.creds || !id_is_known(info.meta.creds->euid))
		return call_fail(call, KB_ERROR_FAILED, "The user of %s is not known", name);
	return call_append(call, "u", (uint32_t)info.meta.creds->euid);
}

int creds_unix_process_id(struct call *call)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	const char *name;
	int r;

	r = creds_find(call, KDBUS_ATTACH_PIDS, &name, &info);
	if (r)
		return r;
	if (!info.meta.pids || !info.meta.pids->pid)
		return call_fail(call, KB_ERROR_UNIX_PROCESS_ID_UNKNOWN,
				 "The process of %s is not known", name);
	return call_append(call, "u", (uint32_t)info.meta.pids->pid);
}

int creds_selinux_context(struct call *call)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	const char *name, *label;
	int r;

	r = creds_find(call, KDBUS_ATTACH_SECLABEL, &name, &info);
	if (r)
		return r;
	label = info.meta.seclabel;
	if (!label || access(SELINUX_FILE, F_OK) < 0)
		return call_fail(call, KB_ERROR_SELINUX_CONTEXT_UNKNOWN,
				 "The security context of %s is not known", name);
	return call_append(call, "ay", label, strlen(label));
}

int creds_audit_data(struct call *call)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	const char *name;
	int r;

	r = creds_find(call, 0, &name, &info);
	if (r)
		return r;
	return call_fail(call, KB_ERROR_ADT_AUDIT_DATA_UNKNOWN,
			 "There are no audit data of %s", name);
}

/* everything */

/* A path need not be UTF-8, and then it is nothing that can be told. */
static void add_string(struct kb_writer *writer, const char *key, const char *value)
{
	if (value && kb_utf8_is_valid(value, strlen(value)))
		kb_writer_append(writer, "{sv}", key, "s", value);
}

static int compare_groups(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* All groups or none: half a list would be taken for the whole. */
static int add_groups(struct kb_writer *writer, const struct kb_meta *meta)
{
	size_t i, n = 0, kept = 0;
	uint32_t *groups;

	if (!meta->creds || !meta->auxgroups || !id_is_known(meta->creds->egid))
		return 0;
	for (i = 0; i < meta->n_auxgroups; i++)
		if (!id_is_known(meta->auxgroups[i]))
			return 0;

	groups = reallocarray(NULL, meta->n_auxgroups + 1, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	groups[n++] = meta->creds->egid;
	for (i = 0; i < meta->n_auxgroups; i++)
		groups[n++] = meta->auxgroups[i];
	qsort(groups, n, sizeof(*groups), compare_groups);
	for (i = 0; i < n; i++)
		if (!kept || groups[kept - 1] != groups[i])
			groups[kept++] = groups[i];
	kb_writer_append(writer, "{sv}", "UnixGroupIDs", "au", groups, kept);
	free(groups);
	return 0;
}

static void add_standard(struct kb_writer *writer, const struct kb_meta *meta)
{
	if (meta->creds && id_is_known(meta->creds->euid))
		kb_writer_append(writer, "{sv}", "UnixUserID", "u", (uint32_t)meta->creds->euid);
	if (meta->pids && meta->pids->pid)
		kb_writer_append(writer, "{sv}", "ProcessID", "u", (uint32_t)meta->pids->pid);
	if (meta->seclabel)
		kb_writer_append(writer, "{sv}", "LinuxSecurityLabel", "ay", meta->seclabel,
				 strlen(meta->seclabel) + 1);
}

static void add_caps(struct kb_writer *writer, const struct kb_meta *meta)
{
	unsigned int cap;

	if (!meta->caps)
		return;
	kb_writer_open(writer, '{', NULL);
	kb_writer_string(writer, 's', "org.kdbus.EffectiveCapabilities");
	kb_writer_open(writer, 'v', "as");
	kb_writer_open(writer, 'a', "s");
	for (cap = 0; cap <= meta->caps->last_cap; cap++) {
		const char *name = kb_caps_name(cap);

		if (name && kb_meta_has_cap(meta, KB_CAPS_EFFECTIVE, cap))
			kb_writer_string(writer, 's', name);
	}
	kb_writer_close(writer);
	kb_writer_close(writer);
	kb_writer_close(writer);
}

static void add_command_line(struct kb_writer *writer, const struct kb_meta *meta)
{
	const char *next = meta->cmdline, *end;

	if (!next)
		return;
	end = next + meta->cmdline_size;
	kb_writer_open(writer, '{', NULL);
	kb_writer_string(writer, 's', "org.kdbus.CommandLine");
	kb_writer_open(writer, 'v', "as");
	kb_writer_open(writer, 'a', "s");
	for (; next < end; next += strlen(next) + 1)
		if (kb_utf8_is_valid(next, strlen(next)))
			kb_writer_string(writer, 's', next);
	kb_writer_close(writer);
	kb_writer_close(writer);
	kb_writer_close(writer);
}

static void add_audit(struct kb_writer *writer, const struct kb_meta *meta)
{
	if (!meta->audit)
		return;
	if (id_is_known(meta->audit->loginuid))
		kb_writer_append(writer, "{sv}", "org.kdbus.AuditLoginUID", "u",
				 meta->audit->loginuid);
	if (id_is_known(meta->audit->sessionid))
		kb_writer_append(writer, "{sv}", "org.kdbus.AuditSessionID", "u",
				 meta->audit->sessionid);
}

/* the process itself */

enum {
	LOGIN_UNIT,
	LOGIN_USER_UNIT,
	LOGIN_SLICE,
	LOGIN_SESSION,
	_LOGIN_KEYS,
};

/**
 * struct process - what is not told by the kernel but looked up by number
 * @fd:		the process, or -1
 * @start_ns:	when it was started, CLOCK_BOOTTIME; 0 unless @fd is there
 * @login:	what the login manager's library makes of its control group
 */
struct process {
	int fd;
	uint64_t start_ns;
	char *login[_LOGIN_KEYS];
};

static void process_deinit(struct process *process)
{
	size_t i;

	if (process->fd >= 0)
		close(process->fd);
	for (i = 0; i < _LOGIN_KEYS; i++)
		free(process->login[i]);
	*process = (struct process){ .fd = -1 };
}

/* Not for one that has moved on: what is on record is another group. */
static void process_login(struct process *process, pid_t pid, const char *cgroup)
{
	static int (*const get[_LOGIN_KEYS])(pid_t pid, char **out) = {
		[LOGIN_UNIT] = sd_pid_get_unit,
		[LOGIN_USER_UNIT] = sd_pid_get_user_unit,
		[LOGIN_SLICE] = sd_pid_get_slice,
		[LOGIN_SESSION] = sd_pid_get_session,
	};
	_cleanup_(kb_freep) char *now = NULL;
	size_t i;

	if (!cgroup || sd_pid_get_cgroup(pid, &now) < 0 || !kb_streq(*now ? now : "/", cgroup))
		return;
	for (i = 0; i < _LOGIN_KEYS; i++)
		if (get[i](pid, &process->login[i]) < 0)
			process->login[i] = NULL;
}

/*
 * Everything here goes by a number that may be another process's by now.  So
 * the kernel is asked last: if it still tells of the process then, the number
 * was never free, and all that was found belongs to it.
 */
static void process_find(struct call *call, const struct kb_info *info, struct process *process)
{
	struct kb_conn *conn = call->driver->conn;
	struct kb_info now = {};
	pid_t pid;

	*process = (struct process){ .fd = -1 };
	if (!call->driver->process || !info->meta.pids || !info->meta.pids->pid)
		return;
	pid = info->meta.pids->pid;
	process->fd = syscall(SYS_pidfd_open, pid, 0);
	process_login(process, pid, info->meta.cgroup);
	if (kb_conn_ask(conn, info->id, KDBUS_ITEM_PROCESS, call_behalf(call), &now) < 0 ||
	    !now.meta.process || now.meta.process->pid != (uint64_t)pid)
		process_deinit(process);
	else
		process->start_ns = now.meta.process->start_ns;
	kb_info_deinit(&now);
}

static void add_login(struct kb_writer *writer, const struct process *process)
{
	static const char *const keys[_LOGIN_KEYS] = {
		[LOGIN_UNIT] = "org.kdbus.Unit",
		[LOGIN_USER_UNIT] = "org.kdbus.UserUnit",
		[LOGIN_SLICE] = "org.kdbus.Slice",
		[LOGIN_SESSION] = "org.kdbus.Session",
	};
	size_t i;

	for (i = 0; i < _LOGIN_KEYS; i++)
		add_string(writer, keys[i], process->login[i]);
}

/*
 * A reply that cannot be delivered would be the caller's last word on this, so
 * we look first whether a descriptor can.
 */
static bool caller_takes_fd(struct call *call)
{
	struct kb_info info;
	bool takes;

	if (!call->driver->usage || kb_conn_ask(call->driver->conn, call->message->src_id,
						KDBUS_ITEM_USAGE, 0, &info) < 0)
		return false;
	takes = info.flags & KDBUS_HELLO_ACCEPT_FD && info.meta.usage &&
		info.meta.usage->fds < FDS_MAX;
	kb_info_deinit(&info);
	return takes;
}

/* The reply owns the descriptor from now on. */
static int add_process_fd(struct call *call, struct kb_writer *writer, struct process *process)
{
	uint32_t index;
	int r;

	if (process->fd < 0 || !caller_takes_fd(call))
		return 0;
	r = kb_message_add_fd(call->reply, TAKE_FD(process->fd), &index);
	return r < 0 ? r : kb_writer_append(writer, "{sv}", "ProcessFD", "h", index);
}

static int write_all(struct call *call, const struct kb_info *info, struct process *process)
{
	struct kb_writer *writer = call_writer(call);
	const struct kb_meta *meta = &info->meta;
	int r;

	if (!writer)
		return -ENOMEM;
	kb_writer_open(writer, 'a', "{sv}");
	add_standard(writer, meta);
	r = add_groups(writer, meta);
	if (r >= 0)
		r = add_process_fd(call, writer, process);
	if (r < 0)
		return r;
	add_caps(writer, meta);
	add_audit(writer, meta);
	add_string(writer, "org.kdbus.ControlGroup", meta->cgroup);
	add_login(writer, process);
	if (process->start_ns)
		kb_writer_append(writer, "{sv}", "org.kdbus.StartTime", "t", process->start_ns);
	add_string(writer, "org.kdbus.Executable", meta->exe);
	add_command_line(writer, meta);
	add_string(writer, "org.kdbus.Description", meta->description);
	return kb_writer_close(writer);
}

int creds_all(struct call *call)
{
	_cleanup_(process_deinit) struct process process = { .fd = -1 };
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	const char *name;
	int r;

	r = creds_find(call, ATTACH_ALL, &name, &info);
	if (r)
		return r;
	process_find(call, &info, &process);
	return write_all(call, &info, &process);
}
