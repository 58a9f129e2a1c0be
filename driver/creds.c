// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is behind a connection.
 *
 * GetConnectionCredentials answers with the keys of the D-Bus specification
 * and, under "org.kdbus.", with what only kdbus knows.  A key that is not
 * known is left out.
 */
#include <errno.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "driver/creds.h"
#include "driver/names.h"
#include "lib/caps.h"

#define ATTACH_ALL (KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_AUXGROUPS | \
		    KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_CAPS | KDBUS_ATTACH_AUDIT | \
		    KDBUS_ATTACH_CGROUP | KDBUS_ATTACH_EXE | KDBUS_ATTACH_CMDLINE | \
		    KDBUS_ATTACH_CONN_DESCRIPTION)

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

static void add_string(struct kb_writer *writer, const char *key, const char *value)
{
	if (value)
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

/*
 * What the login manager's library reads out of a control group.  It wants a
 * process to look at; one that has moved on, or whose number is another's by
 * now, is in another group than the one on record.
 */
static void add_login(struct kb_writer *writer, const struct kb_meta *meta)
{
	static const struct {
		const char *key;
		int (*get)(pid_t pid, char **out);
	} rows[] = {
		{ "org.kdbus.Unit", sd_pid_get_unit },
		{ "org.kdbus.UserUnit", sd_pid_get_user_unit },
		{ "org.kdbus.Slice", sd_pid_get_slice },
		{ "org.kdbus.Session", sd_pid_get_session },
	};
	_cleanup_(kb_freep) char *before = NULL;
	pid_t pid;
	size_t i;

	if (!meta->cgroup || !meta->pids || !meta->pids->pid)
		return;
	pid = meta->pids->pid;
	if (sd_pid_get_cgroup(pid, &before) < 0 ||
	    !kb_streq(*before ? before : "/", meta->cgroup))
		return;
	for (i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		_cleanup_(kb_freep) char *value = NULL;

		if (rows[i].get(pid, &value) >= 0)
			add_string(writer, rows[i].key, value);
	}
}

int creds_all(struct call *call)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	struct kb_writer *writer;
	const char *name;
	int r;

	r = creds_find(call, ATTACH_ALL, &name, &info);
	if (r)
		return r;
	writer = call_writer(call);
	if (!writer)
		return -ENOMEM;
	kb_writer_open(writer, 'a', "{sv}");
	add_standard(writer, &info.meta);
	r = add_groups(writer, &info.meta);
	if (r < 0)
		return r;
	add_caps(writer, &info.meta);
	add_audit(writer, &info.meta);
	add_string(writer, "org.kdbus.ControlGroup", info.meta.cgroup);
	add_login(writer, &info.meta);
	if (info.meta.exe && kb_utf8_is_valid(info.meta.exe, strlen(info.meta.exe)))
		add_string(writer, "org.kdbus.Executable", info.meta.exe);
	add_command_line(writer, &info.meta);
	add_string(writer, "org.kdbus.Description", info.meta.description);
	return kb_writer_close(writer);
}
