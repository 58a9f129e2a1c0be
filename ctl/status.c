// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl status: everything known about a peer, or about the bus. */
#include <errno.h>
#include <inttypes.h>

#include "ctl/ctl.h"
#include "ctl/peers.h"
#include "ctl/verbs.h"
#include "lib/caps.h"

/**
 * struct out - where facts go: a report, or lines of "Key=value"
 */
struct out {
	struct kb_report *report;
};

static void out_string(struct out *out, const char *key, const char *value)
{
	if (out->report) {
		kb_report_string(out->report, key, value);
	} else if (value) {
		printf("%s=", key);
		ctl_print_text(value, stdout);
		putchar('\n');
	}
}

static void out_number(struct out *out, const char *key, uint64_t value)
{
	if (out->report)
		kb_report_uint(out->report, key, value);
	else
		printf("%s=%" PRIu64 "\n", key, value);
}

static void out_id(struct out *out, const char *key, uint64_t id)
{
	if (id != KB_ID_UNSET)
		out_number(out, key, id);
}

/* A list is opened, filled with words, and closed. */
static void out_open(struct out *out, const char *key)
{
	if (out->report)
		kb_report_open_array(out->report, key);
	else
		printf("%s=", key);
}

static void out_word(struct out *out, const char *word, bool first)
{
	if (out->report) {
		kb_report_string(out->report, NULL, word);
		return;
	}
	if (!first)
		putchar(' ');
	ctl_print_text(word, stdout);
}

static void out_close(struct out *out)
{
	if (out->report)
		kb_report_close(out->report);
	else
		putchar('\n');
}

/* pieces */

static void out_pids(struct out *out, const struct kb_meta *meta)
{
	if (meta->pids) {
		if (meta->pids->pid)
			out_number(out, "PID", meta->pids->pid);
		if (meta->pids->ppid)
			out_number(out, "PPID", meta->pids->ppid);
		if (meta->pids->tid && meta->pids->tid != meta->pids->pid)
			out_number(out, "TID", meta->pids->tid);
	}
}

static void out_creds(struct out *out, const struct kb_meta *meta)
{
	const struct kdbus_creds *creds = meta->creds;

	if (!creds)
		return;
	out_id(out, "UID", creds->uid);
	out_id(out, "EUID", creds->euid);
	out_id(out, "SUID", creds->suid);
	out_id(out, "FSUID", creds->fsuid);
	out_string(out, "User", peer_user(creds->euid));
	out_id(out, "GID", creds->gid);
	out_id(out, "EGID", creds->egid);
	out_id(out, "SGID", creds->sgid);
	out_id(out, "FSGID", creds->fsgid);
}

static void out_groups(struct out *out, const struct kb_meta *meta)
{
	char text[24];

	if (!meta->auxgroups)
		return;
	out_open(out, "SupplementaryGIDs");
	for (size_t i = 0; i < meta->n_auxgroups; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, meta->auxgroups[i]);
		out_word(out, text, !i);
	}
	out_close(out);
}

static void out_cmdline(struct out *out, const struct kb_meta *meta)
{
	const char *s = meta->cmdline;
	const char *end = s + meta->cmdline_size;

	if (!s)
		return;
	out_open(out, "CommandLine");
	for (; s < end; s += strlen(s) + 1)
		out_word(out, s, s == meta->cmdline);
	out_close(out);
}

static void out_cgroup(struct out *out, const struct kb_meta *meta)
{
	char text[256];

	out_string(out, "CGroup", meta->cgroup);
	if (peer_unit(meta->cgroup, false, text))
		out_string(out, "Unit", text);
	if (peer_unit(meta->cgroup, true, text))
		out_string(out, "UserUnit", text);
	if (peer_session(meta->cgroup, text))
		out_string(out, "Session", text);
}

static void out_caps(struct out *out, const struct kb_meta *meta)
{
	static const char *const keys[] = {
		[KB_CAPS_INHERITABLE]	= "InheritableCapabilities",
		[KB_CAPS_PERMITTED]	= "PermittedCapabilities",
		[KB_CAPS_EFFECTIVE]	= "EffectiveCapabilities",
		[KB_CAPS_BOUNDING]	= "BoundingCapabilities",
	};

	for (int set = 0; meta->caps && set < _KB_CAPS_SETS; set++) {
		bool first = true;

		out_open(out, keys[set]);
		for (unsigned int cap = 0; cap <= meta->caps->last_cap; cap++) {
			char number[24];

			if (!kb_meta_has_cap(meta, set, cap))
				continue;
			snprintf(number, sizeof(number), "cap_%u", cap);
			out_word(out, kb_caps_name(cap) ?: number, first);
			first = false;
		}
		out_close(out);
	}
}

static void out_audit(struct out *out, const struct kb_meta *meta)
{
	if (!meta->audit)
		return;
	out_id(out, "AuditLoginUID", meta->audit->loginuid);
	out_id(out, "AuditSessionID", meta->audit->sessionid);
}

static void out_names(struct out *out, const struct kb_meta *meta,
		      const char *key, bool queued)
{
	struct kb_item_iter iter = meta->items;
	const struct kdbus_name *name;
	bool first = true;

	out_open(out, key);
	while ((name = kb_meta_next_name(&iter)))
		if (!(name->flags & KDBUS_NAME_IN_QUEUE) == !queued) {
			out_word(out, name->name, first);
			first = false;
		}
	out_close(out);
}

static void out_process(struct out *out, const struct kb_meta *meta)
{
	out_pids(out, meta);
	out_creds(out, meta);
	out_groups(out, meta);
	out_string(out, "Comm", meta->pid_comm);
	out_string(out, "ThreadComm", meta->tid_comm);
	out_string(out, "Exe", meta->exe);
	out_cmdline(out, meta);
	out_string(out, "Label", meta->seclabel);
	out_cgroup(out, meta);
	out_audit(out, meta);
	out_caps(out, meta);
}

/* verbs */

static void out_peer(struct out *out, const struct kb_info *info)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	out_string(out, "UniqueName", kb_unique_name(info->id, unique));
	out_string(out, "Kind", peer_kind(info->flags));
	out_string(out, "Description", info->meta.description);
	out_names(out, &info->meta, "WellKnownNames", false);
	out_names(out, &info->meta, "QueuedNames", true);
	out_process(out, &info->meta);
}

static void out_bus(struct out *out, const struct kb_conn *conn,
		    const struct kb_info *info)
{
	char id[33];

	for (int i = 0; i < 16; i++)
		snprintf(id + 2 * i, 3, "%02x", conn->bus_id[i]);
	out_string(out, "Bus", info->name);
	out_string(out, "BusID", id);
	out_string(out, "Access",
		   info->flags & KDBUS_MAKE_ACCESS_WORLD ? "world" :
		   info->flags & KDBUS_MAKE_ACCESS_GROUP ? "group" : "owner");
	out_number(out, "BloomSize", conn->bloom.size);
	out_number(out, "BloomHashes", conn->bloom.n_hash);
	out_process(out, &info->meta);
}

/* @bus: a connection to it; NULL where @info is about a peer */
static int show(const struct ctl *ctl, const struct kb_info *info, const struct kb_conn *bus)
{
	struct out out = { .report = ctl->json ? kb_report_new(false) : NULL };

	if (ctl->json && !out.report)
		return ctl_fail_errno(ENOMEM, "cannot print");
	if (bus)
		out_bus(&out, bus, info);
	else
		out_peer(&out, info);
	return out.report ? ctl_print_report(ctl, out.report) : 0;
}

static int show_bus(const struct ctl *ctl, struct kb_conn *conn)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	int r;

	r = kb_conn_creator_info(conn, PEER_ATTACH, &info);
	return r < 0 ? ctl_fail_errno(r, "cannot ask about the bus") : show(ctl, &info, conn);
}

static int show_name(const struct ctl *ctl, struct kb_conn *conn, const char *name)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	int r;

	r = kb_conn_info_by_name(conn, name, PEER_ATTACH, 0, &info);
	if (r == -ESRCH || r == -ENXIO)
		return ctl_fail("nobody has the name %s; \"kdbusctl list\" shows who is there",
				name);
	return r < 0 ? ctl_fail_errno(r, "cannot ask about %s", name) : show(ctl, &info, NULL);
}

/* All connections of a process, one after the other. */
static int show_process(const struct ctl *ctl, struct kb_conn *conn, uint64_t pid)
{
	_cleanup_(peers_deinit) struct peers peers = {};
	size_t n = 0;
	int r;

	r = peers_get(conn, KDBUS_LIST_UNIQUE, PEER_ATTACH, &peers);
	if (r < 0)
		return ctl_fail_errno(r, "cannot list the bus");
	for (size_t i = 0; i < peers.n && !r; i++) {
		const struct kb_info *info = &peers.list[i].info;

		if (!info->meta.pids || info->meta.pids->pid != pid)
			continue;
		if (n++ && !ctl->json)
			putchar('\n');
		r = show(ctl, info, NULL);
	}
	if (!r && !n)
		r = ctl_fail("the process %" PRIu64 " is not on the bus; \"kdbusctl list\" shows who is there",
			     pid);
	return r;
}

int ctl_status(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	uint64_t pid = 0;
	int r = 0;

	if (argc && (kb_parse_u64(argv[0], &pid) < 0 || !pid))
		r = ctl_check_name(ctl, argv[0]);
	if (!r)
		r = ctl_connect(ctl, 0, 0, &conn);
	if (r)
		return r;
	if (pid)
		return show_process(ctl, conn, pid);
	return argc ? show_name(ctl, conn, argv[0]) : show_bus(ctl, conn);
}
