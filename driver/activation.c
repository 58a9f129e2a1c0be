// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting services, and the calls this process makes itself.
 */
#include <errno.h>
#include <signal.h>

#include "driver/activation.h"
#include "driver/names.h"
#include "lib/environment.h"
#include "lib/log.h"
#include "lib/run.h"

#define PEER_INTERFACE		"org.freedesktop.DBus.Peer"
#define MANAGER_NAME		"org.freedesktop.systemd1"
#define MANAGER_PATH		"/org/freedesktop/systemd1"
#define MANAGER_INTERFACE	"org.freedesktop.systemd1.Manager"

#define ENVIRONMENT_MAX		(128u << 10)	/* bytes of one variable */

enum {
	START_SUCCESS		= 1,
	START_ALREADY_RUNNING	= 2,
};

/**
 * struct waiter - a call that is answered when ours is
 */
struct waiter {
	struct waiter *next;
	struct kb_message *call;
};

/**
 * struct pending - a call we have made, or a program we run for one
 * @cookie:	of our call, 0 for a program
 * @name:	the service being started; NULL: the environment is updated
 * @child:	the program's end
 * @waiters:	who waits; several may want the same service
 */
struct pending {
	struct pending *next;
	struct driver *driver;
	uint64_t cookie;
	char *name;
	sd_event_source *child;
	struct waiter *waiters;
};

/* life */

static void pending_free(struct pending *pending)
{
	struct waiter *waiter;

	while ((waiter = pending->waiters)) {
		pending->waiters = waiter->next;
		kb_message_unref(waiter->call);
		free(waiter);
	}
	sd_event_source_disable_unref(pending->child);
	free(pending->name);
	free(pending);
}

static void pending_unlink(struct pending *pending)
{
	struct pending **at;

	for (at = &pending->driver->pending; *at != pending; at = &(*at)->next)
		;
	*at = pending->next;
	pending->driver->n_pending--;
}

void activation_forget_all(struct driver *driver)
{
	struct pending *pending;

	while ((pending = driver->pending)) {
		pending_unlink(pending);
		pending_free(pending);
	}
}

static int pending_wait(struct pending *pending, struct call *call)
{
	struct waiter *waiter = malloc(sizeof(*waiter));

	if (!waiter)
		return -ENOMEM;
	waiter->call = kb_message_ref(call->message);
	waiter->next = pending->waiters;
	pending->waiters = waiter;
	return CALL_LATER;
}

/* Linked in with @call waiting; takes @name over. */
static int pending_new(struct call *call, char *name, struct pending **out)
{
	struct driver *driver = call->driver;
	struct pending *pending;

	pending = calloc(1, sizeof(*pending));
	if (!pending) {
		free(name);
		return -ENOMEM;
	}
	pending->driver = driver;
	pending->name = name;
	if (pending_wait(pending, call) < 0) {
		pending_free(pending);
		return -ENOMEM;
	}
	pending->next = driver->pending;
	driver->pending = pending;
	driver->n_pending++;
	*out = pending;
	return 0;
}

/* The first answer was no answer: take it back before anybody waits. */
static void pending_cancel(struct pending *pending)
{
	pending_unlink(pending);
	pending_free(pending);
}

/* answers */

/* Gives everybody who waits the same answer, an error if @error is set. */
static void pending_finish(struct pending *pending, const char *error, const char *text)
{
	struct driver *driver = pending->driver;
	struct waiter *waiter;
	bool started = pending->name && !error;

	pending_unlink(pending);
	for (waiter = pending->waiters; waiter; waiter = waiter->next) {
		_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
		int r;

		if (error) {
			kb_conn_reply_error(driver->conn, waiter->call, error, "%s", text);
			continue;
		}
		r = kb_message_new_return(waiter->call, &reply);
		if (r >= 0 && started)
			r = kb_message_append(reply, "u", START_SUCCESS);
		if (r >= 0)
			kb_conn_reply(driver->conn, waiter->call, reply);
	}
	pending_free(pending);
}

/* What an activator says when its service does not come is true of the start;
 * other errors are about the ping alone. */
static bool error_is_of_start(const char *name)
{
	static const char *const known[] = {
		KB_ERROR_SERVICE_UNKNOWN,
		KB_ERROR_NO_MEMORY,
		KB_ERROR_LIMITS_EXCEEDED,
		KB_ERROR_ACCESS_DENIED,
		KB_ERROR_TIMED_OUT,
	};
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(known); i++)
		if (kb_streq(name, known[i]))
			return true;
	return kb_startswith(name, KB_ERROR_PREFIX "Spawn.");
}

/* The ping did not come back well; but a service need not answer pings. */
static void start_failed(struct pending *pending, const char *error, const char *text)
{
	if (names_holder(pending->driver, pending->name, 0) == HOLDER_SERVICE)
		pending_finish(pending, NULL, NULL);
	else
		pending_finish(pending, error, text);
}

static struct pending *find_cookie(struct driver *driver, uint64_t cookie)
{
	struct pending *pending;

	for (pending = driver->pending; pending; pending = pending->next)
		if (cookie && pending->cookie == cookie)
			return pending;
	return NULL;
}

void activation_reply(struct driver *driver, struct kb_message *reply)
{
	struct pending *pending = find_cookie(driver, reply->reply_cookie);
	const char *text = "";

	if (!pending)
		return;
	if (reply->type != KB_ERROR) {
		pending_finish(pending, NULL, NULL);
		return;
	}
	kb_message_read(reply, "s", &text);
	if (!pending->name)
		pending_finish(pending, reply->error_name, text);
	else if (error_is_of_start(reply->error_name))
		start_failed(pending, reply->error_name, text);
	else
		start_failed(pending, KB_ERROR_SPAWN_FAILED, text);
}

void activation_no_reply(struct driver *driver, uint64_t cookie, bool timeout)
{
	struct pending *pending = find_cookie(driver, cookie);

	if (!pending)
		return;
	if (!pending->name)
		pending_finish(pending, KB_ERROR_NO_REPLY, "The service manager did not answer");
	else if (timeout)
		start_failed(pending, KB_ERROR_TIMED_OUT, "The service did not start in time");
	else
		start_failed(pending, KB_ERROR_SPAWN_CHILD_EXITED,
			     "The service ended before it had the name");
}

/* StartServiceByName */

static int fail_too_many(struct call *call)
{
	return call_fail(call, KB_ERROR_LIMITS_EXCEEDED,
			 "Too many services are starting; ask again when some of them have started");
}

static int start_ping(struct call *call, const char *name)
{
	_cleanup_(kb_message_unrefp) struct kb_message *ping = NULL;
	struct driver *driver = call->driver;
	struct pending *pending;
	char *copy;
	int r;

	for (pending = driver->pending; pending; pending = pending->next)
		if (pending->name && kb_streq(pending->name, name))
			return pending_wait(pending, call);
	if (driver->n_pending >= DRIVER_PENDING_MAX)
		return fail_too_many(call);

	copy = strdup(name);
	r = copy ? kb_message_new_call(name, "/", PEER_INTERFACE, "Ping", &ping) : -ENOMEM;
	if (r < 0) {
		free(copy);
		return r;
	}
	r = pending_new(call, copy, &pending);
	if (r < 0)
		return r;
	r = kb_conn_send(driver->conn, ping);
	if (r < 0) {
		pending_cancel(pending);
		/* the kernel has a limit, too, and it is lower */
		return r == -EMLINK ? fail_too_many(call) : r;
	}
	pending->cookie = ping->cookie;
	return CALL_LATER;
}

int activation_start_service(struct call *call)
{
	struct kb_info info;
	const char *name;
	int r;

	/* The flags have never had a meaning. */
	r = call_read(call, "su", &name, NULL);
	if (r)
		return r;
	r = names_find_owner(call, name, 0, &info);
	if (r >= 0) {
		kb_info_deinit(&info);
		return call_append(call, "u", START_ALREADY_RUNNING);
	}
	if (r != -ESRCH)
		return r;
	if (kb_name_is_well_known(name) &&
	    names_holder(call->driver, name, call_behalf(call)) == HOLDER_ACTIVATOR)
		return start_ping(call, name);
	return call_fail(call, KB_ERROR_SERVICE_UNKNOWN, "Nobody provides the name %s", name);
}

/* UpdateActivationEnvironment */

static bool variable_is_valid(const char *key, const char *value)
{
	const char *s;

	if (!*key || (*key >= '0' && *key <= '9') || strlen(key) + strlen(value) > ENVIRONMENT_MAX)
		return false;
	for (s = key; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
		    !(*s >= '0' && *s <= '9') && *s != '_')
			return false;
	for (s = value; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t' && *s != '\n') || *s == 0x7f)
			return false;
	return true;
}

/* The argument as an array of KEY=VALUE; what is not valid is left out. */
static int read_environment(struct kb_reader *reader, char ***out)
{
	char **v = NULL, **more;
	size_t n = 0;
	int r;

	r = kb_reader_enter(reader, 'a');
	while (r >= 0 && !kb_reader_at_end(reader)) {
		const char *key, *value;

		r = kb_reader_read(reader, "{ss}", &key, &value);
		if (r < 0)
			break;
		if (!variable_is_valid(key, value)) {
			kb_log(LOG_WARNING, "bad environment variable left out");
			continue;
		}
		more = reallocarray(v, n + 2, sizeof(*v));
		r = more ? 0 : -ENOMEM;
		if (r < 0)
			break;
		v = more;
		r = asprintf(&v[n], "%s=%s", key, value) < 0 ? -ENOMEM : 0;
		v[r < 0 ? n : ++n] = NULL;
	}
	if (r >= 0)
		r = kb_reader_exit(reader);
	if (r < 0) {
		kb_strv_free(v);
		return r;
	}
	*out = v;
	return 0;
}

static int on_child(sd_event_source *source _unused_, const siginfo_t *info, void *userdata)
{
	struct pending *pending = userdata;

	if (info->si_code == CLD_EXITED && !info->si_status)
		pending_finish(pending, NULL, NULL);
	else
		pending_finish(pending, KB_ERROR_FAILED,
			       "The service manager did not take the environment");
	return 0;
}

/* The manager is not on this bus, but has its own way in. */
static int set_environment_by_tool(struct call *call, char *const *variables)
{
	bool user = call->driver->owner_uid != 0;
	size_t n = kb_strv_length(variables);
	struct pending *pending;
	char **argv;
	pid_t pid;
	int r;

	argv = calloc(n + 4, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[0] = (char *)"systemctl";
	argv[1] = (char *)(user ? "--user" : "--system");
	argv[2] = (char *)"set-environment";
	memcpy(argv + 3, variables, n * sizeof(*argv));

	r = kb_run(argv, NULL, -1, &pid);
	free(argv);
	if (r < 0)
		return call_fail(call, KB_ERROR_FAILED, "The service manager cannot be reached");

	r = pending_new(call, NULL, &pending);
	if (r < 0)
		return r;
	r = sd_event_add_child(call->driver->event, &pending->child, pid, WEXITED, on_child,
			       pending);
	if (r < 0) {
		pending_cancel(pending);
		return r;
	}
	return CALL_LATER;
}

static int set_environment(struct call *call, char *const *variables)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	struct driver *driver = call->driver;
	struct pending *pending;
	int r;

	if (driver->n_pending >= DRIVER_PENDING_MAX)
		return call_fail(call, KB_ERROR_LIMITS_EXCEEDED, "Too many calls are under way");
	r = kb_message_new_call(MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE, "SetEnvironment",
				&message);
	if (r >= 0)
		r = kb_message_append(message, "as", variables);
	if (r >= 0)
		r = pending_new(call, NULL, &pending);
	if (r < 0)
		return r;
	r = kb_conn_send(driver->conn, message);
	if (r >= 0) {
		pending->cookie = message->cookie;
		return CALL_LATER;
	}
	pending_cancel(pending);
	return r == -ESRCH ? set_environment_by_tool(call, variables) : r;
}

/* What a private bus starts is no matter of the service manager. */
static int set_shared_environment(struct call *call, char *const *variables)
{
	int r;

	r = kb_environment_update(call->driver->environment_fd, variables);
	if (r == -E2BIG)
		return call_fail(call, KB_ERROR_LIMITS_EXCEEDED, "Too many variables");
	return r < 0 ? r : CALL_REPLY;
}

int activation_update_environment(struct call *call)
{
	_cleanup_(kb_strv_freep) char **variables = NULL;
	struct kb_reader reader;
	int r;

	r = kb_message_reader(call->message, &reader);
	if (r < 0)
		return call_fail(call, KB_ERROR_INVALID_ARGS, "The arguments are malformed");
	r = read_environment(&reader, &variables);
	kb_reader_deinit(&reader);
	if (r == -EBADMSG)
		return call_fail(call, KB_ERROR_INVALID_ARGS, "The arguments are malformed");
	if (r < 0)
		return r;
	if (!variables)
		return CALL_REPLY;
	if (call->driver->environment_fd >= 0)
		return set_shared_environment(call, variables);
	return set_environment(call, variables);
}
