// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A starter that asks the service manager to start a unit.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "busname/manager.h"
#include "lib/error.h"
#include "lib/log.h"
#include "lib/run.h"

#define MANAGER_PATH		"/org/freedesktop/systemd1"
#define MANAGER_INTERFACE	"org.freedesktop.systemd1.Manager"
#define UNIT_INTERFACE		"org.freedesktop.systemd1.Unit"
#define SERVICE_INTERFACE	"org.freedesktop.systemd1.Service"
#define JOB_INTERFACE		"org.freedesktop.systemd1.Job"
#define PROPERTIES_INTERFACE	"org.freedesktop.DBus.Properties"
#define MANAGER_ERROR		"org.freedesktop.systemd1."

#define STATE_SIZE 32

/**
 * struct unit_state - what a decision needs to know of a unit
 */
struct unit_state {
	char load[STATE_SIZE];
	char active[STATE_SIZE];
	char sub[STATE_SIZE];
};

static struct manager *to_manager(struct starter *starter)
{
	return (struct manager *)starter;
}

/* signals */

static void on_signal(const struct kb_message *signal, void *userdata)
{
	struct manager *manager = userdata;
	const char *job, *unit, *result;

	if (signal->type != KB_SIGNAL)
		return;
	if (kb_streq(signal->member, "JobRemoved") && manager->job) {
		if (kb_message_read(signal, "uoss", NULL, &job, &unit, &result) >= 0 &&
		    kb_streq(job, manager->job)) {
			snprintf(manager->result, sizeof(manager->result), "%s", result);
			manager->changed = true;
		}
	} else if (kb_streq(signal->member, "PropertiesChanged") && manager->path) {
		if (kb_streq(signal->path, manager->path))
			manager->changed = true;
	}
}

/* calls */

/* A call to @path with arguments of @types, all strings. */
static int manager_call(struct manager *manager, const char *path, const char *interface,
			const char *member, const char *first, const char *second,
			struct kb_message **out_reply)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	int r;

	r = kb_message_new_call(NULL, path, interface, member, &message);
	if (r >= 0 && first)
		r = kb_message_append(message, "s", first);
	if (r >= 0 && second)
		r = kb_message_append(message, "s", second);
	if (r < 0)
		return r;
	return manager_link_call(&manager->link, message, on_signal, manager, out_reply);
}

/* One property. */
static int manager_get(struct manager *manager, const char *path, const char *interface,
		       const char *property, struct kb_message **out_reply)
{
	int r;

	r = manager_call(manager, path, PROPERTIES_INTERFACE, "Get", interface, property,
			 out_reply);
	if (r >= 0 && (*out_reply)->type != KB_METHOD_RETURN) {
		*out_reply = kb_message_unref(*out_reply);
		return -ENXIO;
	}
	return r;
}

static int manager_get_string(struct manager *manager, const char *interface,
			      const char *property, char out[STATE_SIZE])
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	const char *s;
	int r;

	out[0] = '\0';
	r = manager_get(manager, manager->path, interface, property, &reply);
	if (r >= 0)
		r = kb_message_read(reply, "v", "s", &s);
	if (r >= 0)
		snprintf(out, STATE_SIZE, "%s", s);
	return r;
}

static int manager_get_int(struct manager *manager, const char *property, int32_t *out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	int r;

	r = manager_get(manager, manager->path, SERVICE_INTERFACE, property, &reply);
	return r < 0 ? r : kb_message_read(reply, "v", "i", out);
}

/* When the main process was last started; tells one start from another. */
static uint64_t manager_last_start(struct manager *manager)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	uint64_t usec = 0;

	if (manager_get(manager, manager->path, SERVICE_INTERFACE,
			"ExecMainStartTimestampMonotonic", &reply) < 0 ||
	    kb_message_read(reply, "v", "t", &usec) < 0)
		return 0;
	return usec;
}

static int manager_read_state(struct manager *manager, struct unit_state *out)
{
	int r;

	manager->changed = false;
	r = manager_get_string(manager, UNIT_INTERFACE, "LoadState", out->load);
	if (r >= 0)
		r = manager_get_string(manager, UNIT_INTERFACE, "ActiveState", out->active);
	if (r >= 0)
		r = manager_get_string(manager, UNIT_INTERFACE, "SubState", out->sub);
	return r;
}

/* Replace *@where by the object path in @reply. */
static int take_path(const struct kb_message *reply, char **where)
{
	const char *path;
	char *copy;
	int r;

	r = kb_message_read(reply, "o", &path);
	if (r < 0)
		return r;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(*where);
	*where = copy;
	return 0;
}

static void manager_forget_job(struct manager *manager)
{
	free(TAKE_PTR(manager->job));
	manager->result[0] = '\0';
}

/* starting */

static int unreachable(struct report *out, int r)
{
	return report_fail(out, KB_ERROR_FAILED, "the service manager cannot be reached: %s",
			   strerror(-r));
}

/* Connect, and find the unit's object. */
static int manager_find_unit(struct manager *manager, struct report *out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *subscribed = NULL;
	int r = 0;

	if (manager->link.fd < 0) {
		r = manager_link_open(&manager->link, manager->user);
		if (r >= 0)
			r = manager_call(manager, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe",
					 NULL, NULL, &subscribed);
	}
	if (r >= 0)
		r = manager_call(manager, MANAGER_PATH, MANAGER_INTERFACE, "LoadUnit",
				 manager->unit, NULL, &reply);
	if (r < 0)
		return r;
	if (reply->type == KB_ERROR) {
		report_fail(out, KB_ERROR_SERVICE_UNKNOWN, "unit %s cannot be loaded",
			    manager->unit);
		return 1;
	}
	return take_path(reply, &manager->path);
}

/* Without the private socket all we can do is to ask and to wait. */
static int manager_start_blindly(struct manager *manager, struct report *out)
{
	char *argv[] = { "systemctl", "--no-block", "start", (char *)manager->unit, NULL, NULL };
	pid_t pid;
	int r;

	if (manager->user)
		argv[4] = "--user";
	r = kb_run(argv, NULL, -1, &pid);
	if (r < 0)
		return unreachable(out, r);
	if (kb_run_wait(pid))
		return report_fail(out, KB_ERROR_FAILED, "systemctl could not start %s",
				   manager->unit);
	return STARTER_PENDING;
}

/* Why the manager does not even try, by the name of its error. */
static int refused(struct manager *manager, const struct kb_message *reply, struct report *out)
{
	static const struct {
		const char *from;
		const char *to;
	} errors[] = {
		{ MANAGER_ERROR "NoSuchUnit", KB_ERROR_SERVICE_UNKNOWN },
		{ MANAGER_ERROR "UnitMasked", KB_ERROR_SERVICE_UNKNOWN },
		{ MANAGER_ERROR "LoadFailed", KB_ERROR_SERVICE_UNKNOWN },
		{ MANAGER_ERROR "BadUnitSetting", KB_ERROR_SERVICE_UNKNOWN },
		{ MANAGER_ERROR "TransactionIsDestructive", KB_ERROR_SERVICE_UNKNOWN },
		{ MANAGER_ERROR "ShuttingDown", KB_ERROR_SERVICE_UNKNOWN },
		{ KB_ERROR_ACCESS_DENIED, KB_ERROR_FAILED },
	};
	const char *text = "", *error = KB_ERROR_SPAWN_FAILED;
	size_t i;

	kb_message_read(reply, "s", &text);
	for (i = 0; i < KB_ARRAY_SIZE(errors); i++)
		if (kb_streq(reply->error_name, errors[i].from))
			error = errors[i].to;
	return report_fail(out, error, "unit %s cannot be started: %s", manager->unit, text);
}

static int manager_start_unit(struct manager *manager, struct report *out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	int r;

	manager_forget_job(manager);
	manager->last_start = manager_last_start(manager);
	r = manager_call(manager, MANAGER_PATH, MANAGER_INTERFACE, "StartUnit", manager->unit,
			 "replace", &reply);
	if (r < 0)
		return unreachable(out, r);
	if (reply->type == KB_ERROR)
		return refused(manager, reply, out);
	r = take_path(reply, &manager->job);
	if (r < 0)
		return unreachable(out, r);
	manager->asked = true;
	manager->changed = true;
	return STARTER_PENDING;
}

/* Active, and without a process that could take a name: a unit that remains
 * after its program has ended. */
static bool is_hollow(const struct unit_state *state)
{
	return kb_streq(state->active, "active") && kb_streq(state->sub, "exited");
}

static int report_hollow(struct manager *manager, struct report *out)
{
	return report_fail(out, KB_ERROR_SPAWN_FAILED,
			   "unit %s is active without having taken the name", manager->unit);
}

static int manager_start(struct starter *starter, struct report *out)
{
	struct manager *manager = to_manager(starter);
	struct unit_state state;
	int r;

	manager->watching = false;
	r = manager_find_unit(manager, out);
	if (r > 0)
		return STARTER_FAILED;
	if (r < 0) {
		kb_log_errno(LOG_WARNING, r, "cannot talk to the service manager");
		return manager_start_blindly(manager, out);
	}
	r = manager_read_state(manager, &state);
	if (r < 0)
		return unreachable(out, r);
	if (!kb_streq(state.load, "loaded"))
		return report_fail(out, KB_ERROR_SERVICE_UNKNOWN, "unit %s is not available: %s",
				   manager->unit, state.load);
	if (is_hollow(&state))
		return report_hollow(manager, out);

	/* It runs, yet its mail is here: it has given the name back, or it is
	 * not ready yet.  Either way there will be news. */
	if (kb_streq(state.active, "active") || kb_streq(state.active, "reloading")) {
		manager->asked = false;
		return STARTER_PENDING;
	}
	if (kb_streq(state.active, "activating") && !kb_streq(state.sub, "auto-restart")) {
		manager->asked = true;
		return STARTER_PENDING;
	}
	return manager_start_unit(manager, out);
}

/* watching */

/*
 * The unit went down; @result is its own word for why.  That is the word of
 * the start before if the manager refused this one because of its limit, for
 * a unit that has failed keeps its reason.
 */
static int report_result(struct manager *manager, const char *result, struct report *out)
{
	bool refused = kb_streq(manager->result, "failed") && manager->last_start &&
		       manager_last_start(manager) == manager->last_start;
	int32_t status = 0;

	manager_get_int(manager, "ExecMainStatus", &status);
	if (refused || kb_streq(result, "start-limit-hit")) {
		report_fail(out, KB_ERROR_LIMITS_EXCEEDED,
			    "unit %s was started too often (start limit)", manager->unit);
		out->limited = true;
		return STARTER_FAILED;
	}
	if (kb_streq(result, "timeout"))
		return report_fail(out, KB_ERROR_TIMED_OUT, "unit %s did not start in time",
				   manager->unit);
	if (kb_streq(result, "resources"))
		return report_fail(out, KB_ERROR_PREFIX "Spawn.FailedToSetup",
				   "unit %s could not be set up", manager->unit);
	if (kb_streq(result, "success") || kb_streq(result, "exit-code"))
		return report_exit(out, manager->unit, false, status);
	if (kb_streq(result, "signal") || kb_streq(result, "core-dump"))
		return report_exit(out, manager->unit, true, status);
	return report_fail(out, KB_ERROR_SPAWN_FAILED, "unit %s failed: %s", manager->unit, result);
}

/* The job ended without the unit having been started. */
static int report_job(struct manager *manager, struct report *out)
{
	if (kb_streq(manager->result, "timeout"))
		return report_fail(out, KB_ERROR_TIMED_OUT, "the job to start %s timed out",
				   manager->unit);
	if (kb_streq(manager->result, "dependency"))
		return report_fail(out, KB_ERROR_SPAWN_FAILED, "a dependency of %s failed",
				   manager->unit);
	return report_fail(out, KB_ERROR_SPAWN_FAILED, "the job to start %s ended: %s",
			   manager->unit, manager->result);
}

/* A start that did not take place because of a Condition...= is no failure to
 * the manager. */
static bool manager_skipped(struct manager *manager)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	bool met;

	return kb_streq(manager->result, "done") &&
	       manager_get(manager, manager->path, UNIT_INTERFACE, "ConditionResult",
			   &reply) >= 0 &&
	       kb_message_read(reply, "v", "b", &met) >= 0 && !met;
}

/* The unit is down. Was it ours, and why? */
static int manager_examine(struct manager *manager, const struct unit_state *state,
			   struct report *out)
{
	char result[STATE_SIZE];
	bool done = !manager->result[0] || kb_streq(manager->result, "done") ||
		    kb_streq(manager->result, "failed");

	if (!manager->asked)
		return STARTER_RETRY;
	if (!done)
		return report_job(manager, out);
	if (manager_skipped(manager))
		return report_fail(out, KB_ERROR_SPAWN_FAILED, "the conditions of %s are not met",
				   manager->unit);
	if (manager_get_string(manager, SERVICE_INTERFACE, "Result", result) < 0)
		return report_fail(out, KB_ERROR_SPAWN_FAILED, "unit %s is %s", manager->unit,
				   state->active);
	return report_result(manager, result, out);
}

/* Jobs keep their numbers when the manager re-executes itself. */
static bool manager_has_job(struct manager *manager)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	const char *path;

	return manager->job &&
	       manager_get(manager, manager->path, UNIT_INTERFACE, "Job", &reply) >= 0 &&
	       kb_message_read(reply, "v", "(uo)", NULL, &path) >= 0 &&
	       kb_streq(path, manager->job);
}

static int manager_dispatch(struct starter *starter, struct report *out)
{
	struct manager *manager = to_manager(starter);
	struct unit_state state;
	int r;

	/* The manager re-executed itself, or was never reached. */
	if (manager->link.fd < 0) {
		if (!manager->path || manager_find_unit(manager, out))
			return STARTER_PENDING;
		if (!manager_has_job(manager))
			manager_forget_job(manager);
		manager->changed = true;
	}
	for (;;) {
		_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;

		r = manager_link_next(&manager->link, &message);
		if (r <= 0)
			break;
		on_signal(message, manager);
	}
	if (!manager->changed)
		return STARTER_PENDING;
	/* While our job waits, the states are those of the instance before. */
	if (manager->job && !manager->result[0])
		return STARTER_PENDING;
	if (manager_read_state(manager, &state) < 0)
		return STARTER_PENDING;
	if (is_hollow(&state) && !manager->watching)
		return report_hollow(manager, out);
	if (!kb_streq(state.active, "inactive") && !kb_streq(state.active, "failed"))
		return STARTER_PENDING;
	if (manager->watching)
		return kb_streq(state.active, "failed") ? STARTER_PENDING : STARTER_RETRY;
	return manager_examine(manager, &state, out);
}

static int manager_fd(struct starter *starter)
{
	return to_manager(starter)->link.fd;
}

/* A hundred activators should not hear every word of the manager. */
static void manager_settle(struct starter *starter)
{
	struct manager *manager = to_manager(starter);

	manager_forget_job(manager);
	manager_link_close(&manager->link);
	manager->asked = false;
	manager->watching = false;
}

/* "systemctl reset-failed" makes a failed unit an inactive one.  One that never
 * was called failed cannot be watched for that. */
static void manager_watch(struct starter *starter)
{
	struct manager *manager = to_manager(starter);
	struct unit_state state;

	manager_forget_job(manager);
	manager->asked = false;
	manager->watching = manager->path && manager_read_state(manager, &state) >= 0 &&
			    kb_streq(state.active, "failed");
	if (!manager->watching)
		manager_settle(starter);
}

void manager_init(struct manager *manager, const char *unit, bool user)
{
	static const struct starter_ops ops = {
		.start = manager_start,
		.fd = manager_fd,
		.dispatch = manager_dispatch,
		.settle = manager_settle,
		.watch = manager_watch,
		.abandon = manager_settle,
	};

	*manager = (struct manager){
		.starter.ops = &ops,
		.unit = unit,
		.user = user,
		.link.fd = -1,
	};
}

void manager_deinit(struct manager *manager)
{
	manager_settle(&manager->starter);
	free(manager->path);
}

/* our own unit */

int manager_is_restarting_us(bool user)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *unit = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *job = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *type = NULL;
	_cleanup_(manager_deinit) struct manager manager;
	const char *path, *s;
	int r;

	manager_init(&manager, "", user);
	r = manager_link_open(&manager.link, user);
	if (r >= 0)
		r = kb_message_new_call(NULL, MANAGER_PATH, MANAGER_INTERFACE, "GetUnitByPID",
					&call);
	if (r >= 0)
		r = kb_message_append(call, "u", (uint32_t)getpid());
	if (r >= 0)
		r = manager_link_call(&manager.link, call, on_signal, &manager, &unit);
	if (r >= 0)
		r = kb_message_read(unit, "o", &path);
	if (r >= 0)
		r = manager_get(&manager, path, UNIT_INTERFACE, "Job", &job);
	if (r >= 0)
		r = kb_message_read(job, "v", "(uo)", NULL, &path);
	if (r >= 0 && kb_streq(path, "/"))
		return 0;
	if (r >= 0)
		r = manager_get(&manager, path, JOB_INTERFACE, "JobType", &type);
	if (r >= 0)
		r = kb_message_read(type, "v", "s", &s);
	return r < 0 ? r : kb_streq(s, "restart") || kb_streq(s, "try-restart");
}
