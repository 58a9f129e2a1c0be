/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private dbus-daemon, to compare our verdicts with. */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/name.h"
#include "tests/unit/proxy/reference.h"

bool reference_exists(void)
{
	return system("dbus-daemon --version >/dev/null 2>&1") == 0;
}

/* the daemon */

static void reference_run(const struct reference *reference)
{
	char option[128];

	/* it must not outlive a test that fails */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(option, sizeof(option), "--config-file=%s",
		 reference->config_path);
	(void)!freopen("/dev/null", "w", stdout);
	(void)!freopen("/dev/null", "w", stderr);
	execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile",
	       "--nosyslog", NULL);
	_exit(127);
}

/* The socket is there some time before anybody listens on it. */
static bool reference_listens(const struct reference *reference)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	strcpy(address.sun_path, reference->socket);
	ok = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return ok;
}

static bool reference_is_up(const struct reference *reference)
{
	for (int i = 0; i < 1000; i++) {
		if (reference_listens(reference))
			return true;
		if (waitpid(reference->pid, NULL, WNOHANG) == reference->pid)
			return false;
		usleep(10000);
	}
	return false;
}

void reference_init(struct reference *reference, const char *contents)
{
	char *paths[] = { reference->config_path, NULL };
	FILE *file;

	strcpy(reference->directory, "/tmp/kdbus-ref-XXXXXX");
	cr_assert_not_null(mkdtemp(reference->directory));
	chmod(reference->directory, 0755);
	sprintf(reference->config_path, "%s/bus.conf", reference->directory);
	sprintf(reference->socket, "%s/bus", reference->directory);
	file = fopen(reference->config_path, "we");
	cr_assert_not_null(file);
	fprintf(file,
		"<busconfig>\n  <type>session</type>\n"
		"  <listen>unix:path=%s</listen>\n%s</busconfig>\n",
		reference->socket, contents);
	fclose(file);

	reference->pid = fork();
	cr_assert_geq(reference->pid, 0);
	if (reference->pid == 0)
		reference_run(reference);
	cr_assert(reference_is_up(reference),
		  "dbus-daemon does not start with %s", reference->config_path);
	cr_assert_eq(config_load("user", paths, getuid(), &reference->config),
		     0);
	cr_assert_eq(reference->config->n_broken, 0);
}

void reference_deinit(struct reference *reference)
{
	config_free(reference->config);
	kill(reference->pid, SIGTERM);
	waitpid(reference->pid, NULL, 0);
	unlink(reference->config_path);
	unlink(reference->socket);
	rmdir(reference->directory);
}

/* what was compared, for whoever has to find out why it differs */

static char label[512];

void reference_label(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(label, sizeof(label), format, list);
	va_end(list);
}

static void explain(const struct reference *reference)
{
	char command[128];

	fprintf(stderr, "# %s\n", label);
	snprintf(command, sizeof(command), "cat %s >&2",
		 reference->config_path);
	(void)!system(command);
}

/* its clients */

static int compare_gids(const void *a, const void *b)
{
	const gid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void identity_init(struct policy_identity *identity, gid_t *gids,
			  const struct who *who)
{
	int n;

	if (who) {
		n = who->n_gids;
		memcpy(gids, who->gids, n * sizeof(*gids));
	} else {
		n = getgroups(63, gids);
		cr_assert_geq(n, 0);
		gids[n++] = getegid();
	}
	qsort(gids, n, sizeof(*gids), compare_gids);
	*identity = (struct policy_identity){ who ? who->uid : geteuid(), gids,
					      n, false };
}

static void who_connect(const struct who *who, const char *path,
			struct end *end)
{
	if (who)
		end_connect_as(end, path, who->uid, who->gids,
			       who->n_gids - 1);
	else
		end_connect(end, path, (uid_t)-1);
}

void side_init(struct side *side, struct reference *reference,
	       const struct who *who)
{
	struct policy_identity identity;
	gid_t gids[64];

	*side = (struct side){ 0 };
	identity_init(&identity, gids, who);
	cr_assert_eq(policy_get_view(reference->config->policy, &identity,
				     &side->view),
		     0);
	who_connect(who, reference->socket, &side->end);
	end_authenticate(&side->end, true);
	end_hello(&side->end);
}

void side_deinit(struct side *side)
{
	end_close(&side->end);
	policy_view_unref(side->view);
}

/* comparing */

/* Who may not is let in as far as Hello, and then hung up on. */
static bool is_let_in(struct end *end)
{
	struct kb_message *reply;
	bool ok;

	end_authenticate(end, false);
	reply = end_call(end, "Hello", "");
	ok = reply && reply->type == KB_METHOD_RETURN;
	kb_message_unref(reply);
	return ok;
}

void compare_connect(struct reference *reference, const struct who *who)
{
	struct policy_identity identity;
	bool ours, theirs;
	struct end end;
	gid_t gids[64];

	identity_init(&identity, gids, who);
	ours = policy_may_connect(reference->config->policy, &identity,
				  getuid(), NULL);
	who_connect(who, reference->socket, &end);
	theirs = is_let_in(&end);
	end_close(&end);
	if (ours != theirs)
		explain(reference);
	cr_assert_eq(ours, theirs, "connect as %u: we say %d", identity.uid,
		     ours);
}

bool compare_own(struct reference *reference, struct side *side,
		 const char *name)
{
	bool ours = policy_view_may_own(side->view, name, NULL), theirs;
	struct kb_message *reply;

	reply = end_call(&side->end, "RequestName", "su", name, 4);
	cr_assert_not_null(reply);
	theirs = reply->type == KB_METHOD_RETURN;
	kb_message_unref(reply);
	if (ours != theirs)
		explain(reference);
	cr_assert_eq(ours, theirs, "own %s: we say %d", name, ours);
	if (theirs)
		side->names[side->n_names++] = name;
	return theirs;
}

static bool our_verdict(const struct kb_message *message,
			const struct side *from, const struct side *to)
{
	struct policy_message question = {
		.type = message->type,
		.path = message->path,
		.interface = message->interface,
		.member = message->member,
		.error = message->error_name,
		.broadcast = message->type == KB_SIGNAL &&
			     !message->destination,
		.is_reply = message->reply_cookie,
		.n_fds = message->n_fds,
		.names = to->names,
	};

	question.n_names = question.broadcast ? 0 : to->n_names;
	if (!policy_view_may_send(from->view, &question, NULL))
		return false;
	question.names = from->names;
	question.n_names = from->n_names;
	return policy_view_may_receive(to->view, &question, NULL);
}

/*
 * The daemon handles what one client sends in order, so after a call to it has
 * come back the message was delivered or refused.
 */
static bool arrives(struct side *from, struct side *to,
		    struct kb_message *message, uint32_t *out_serial)
{
	struct kb_message *heard;
	bool arrived = false;
	uint32_t last;

	*out_serial = end_send(&from->end, message);
	cr_assert(end_sync(&from->end));
	kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH, KB_DRIVER_INTERFACE,
			    "GetId", &heard);
	last = end_send(&to->end, heard);
	kb_message_unref(heard);
	for (;;) {
		bool is_last;

		heard = end_receive(&to->end, END_WAIT_MS);
		cr_assert_not_null(heard);
		is_last = heard->reply_cookie == last;
		arrived = arrived || (heard->cookie == *out_serial &&
				      kb_streq(heard->sender, from->end.name));
		kb_message_unref(heard);
		if (is_last)
			return arrived;
	}
}

uint32_t compare_message(struct reference *reference, struct side *from,
			 struct side *to, struct kb_message *message)
{
	bool ours = our_verdict(message, from, to);
	uint32_t serial;
	bool theirs = arrives(from, to, message, &serial);

	if (ours != theirs)
		explain(reference);
	cr_assert_eq(ours, theirs,
		     "type %u path %s interface %s member %s error %s, %zu descriptors, from %u to %u: we say %d",
		     message->type, message->path, message->interface,
		     message->member, message->error_name, message->n_fds,
		     from->view->identity.uid, to->view->identity.uid, ours);
	return theirs ? serial : 0;
}
