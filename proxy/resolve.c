/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of users and groups become numbers, and nobody waits for them. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "proxy/resolve.h"

/**
 * struct answer - what the child writes about each question, in their order
 */
struct answer {
	int result;
	uint32_t id;
};

void resolver_deinit(struct resolver *resolver)
{
	resolver_stop(resolver);
	for (size_t i = 0; i < resolver->n_questions; i++)
		free(resolver->questions[i].name);
	free(resolver->questions);
	*resolver = (struct resolver)RESOLVER_INIT;
}

/* looking into files */

static bool user_in_file(const char *name, uint32_t *out)
{
	_cleanup_(kb_fclosep) FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;

	while (file && (entry = fgetpwent(file))) {
		if (kb_streq(entry->pw_name, name)) {
			*out = entry->pw_uid;
			return true;
		}
	}
	return false;
}

static bool group_in_file(const char *name, uint32_t *out)
{
	_cleanup_(kb_fclosep) FILE *file = fopen("/etc/group", "re");
	struct group *entry;

	while (file && (entry = fgetgrent(file))) {
		if (kb_streq(entry->gr_name, name)) {
			*out = entry->gr_gid;
			return true;
		}
	}
	return false;
}

static int find_question(const struct resolver *resolver, const char *name,
			 bool is_group)
{
	for (size_t i = 0; i < resolver->n_questions; i++)
		if (resolver->questions[i].is_group == is_group &&
		    kb_streq(resolver->questions[i].name, name))
			return i + 1;
	return 0;
}

static int add_question(struct resolver *resolver, const char *name,
			bool is_group)
{
	struct question *questions;
	char *copy = strdup(name);

	questions = reallocarray(resolver->questions, resolver->n_questions + 1,
				 sizeof(*questions));
	if (questions)
		resolver->questions = questions;
	if (!questions || !copy) {
		free(copy);
		return -ENOMEM;
	}
	questions[resolver->n_questions++] = (struct question){
		.name = copy,
		.is_group = is_group,
		.result = -EINPROGRESS,
	};
	return resolver->n_questions;
}

static int resolve(struct resolver *resolver, const char *text, uint32_t *out,
		   bool is_group)
{
	uint64_t number;
	int r;

	/* the last number means "nobody in particular" everywhere */
	if (kb_parse_u64(text, &number) == 0) {
		if (number >= UINT32_MAX)
			return -ESRCH;
		*out = number;
		return 0;
	}
	if (is_group ? group_in_file(text, out) : user_in_file(text, out))
		return 0;
	r = find_question(resolver, text, is_group);
	return r ? r : add_question(resolver, text, is_group);
}

int resolve_user(struct resolver *resolver, const char *text, uint32_t *out_id)
{
	return resolve(resolver, text, out_id, false);
}

int resolve_group(struct resolver *resolver, const char *text,
		  uint32_t *out_id)
{
	return resolve(resolver, text, out_id, true);
}

/* what is known */

const struct question *resolver_question(const struct resolver *resolver,
					 int number)
{
	return &resolver->questions[number - 1];
}

static bool has_result(const struct resolver *resolver, int result)
{
	for (size_t i = 0; i < resolver->n_questions; i++)
		if (resolver->questions[i].result == result)
			return true;
	return false;
}

bool resolver_is_open(const struct resolver *resolver)
{
	return has_result(resolver, -EINPROGRESS);
}

bool resolver_timed_out(const struct resolver *resolver)
{
	return has_result(resolver, -ETIMEDOUT);
}

void resolver_inherit(struct resolver *resolver, const struct resolver *old)
{
	for (size_t i = 0; i < resolver->n_questions; i++) {
		struct question *question = &resolver->questions[i];
		int n;

		if (question->result != -ETIMEDOUT)
			continue;
		n = find_question(old, question->name, question->is_group);
		if (n > 0 && old->questions[n - 1].result == 0) {
			question->result = 0;
			question->id = old->questions[n - 1].id;
		}
	}
}

/* asking the name service */

static struct answer look_up(const struct question *question)
{
	struct answer answer = { .result = -ESRCH };

	if (question->is_group) {
		struct group *group = getgrnam(question->name);

		if (group)
			answer = (struct answer){ 0, group->gr_gid };
	} else {
		struct passwd *user = getpwnam(question->name);

		if (user)
			answer = (struct answer){ 0, user->pw_uid };
	}
	return answer;
}

/*
 * In the child.  It lets go of everything that is the parent's: a client's
 * connection would live on here if a look-up hangs.
 */
static _Noreturn void answer_all(const struct resolver *resolver, int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fd, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	for (size_t i = resolver->asked; i < resolver->n_questions; i++) {
		struct answer answer = look_up(&resolver->questions[i]);

		if (write(STDIN_FILENO, &answer, sizeof(answer)) < 0)
			break;
	}
	_exit(EXIT_SUCCESS);
}

int resolver_start(struct resolver *resolver)
{
	sigset_t none;
	int fds[2];

	/* those that were stopped before */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	sigemptyset(&none);
	resolver->asked = 0;
	resolver->pid = fork();
	if (resolver->pid == 0) {
		/* signals that the parent only reads from a descriptor */
		sigprocmask(SIG_SETMASK, &none, NULL);
		answer_all(resolver, fds[1]);
	}
	kb_close(fds[1]);
	if (resolver->pid < 0) {
		resolver->pid = 0;
		kb_close(fds[0]);
		return -EAGAIN;
	}
	resolver->fd = fds[0];
	return 0;
}

int resolver_read(struct resolver *resolver)
{
	struct answer answer;
	ssize_t n;

	while (resolver->asked < resolver->n_questions) {
		struct question *question = &resolver->questions[resolver->asked];

		n = read(resolver->fd, &answer, sizeof(answer));
		if (n < 0 && errno == EAGAIN)
			return 0;
		/* a child that died answers nothing more */
		if (n != sizeof(answer))
			break;
		question->result = answer.result;
		question->id = answer.id;
		resolver->asked++;
	}
	resolver_stop(resolver);
	return 1;
}

void resolver_stop(struct resolver *resolver)
{
	resolver->fd = kb_close(resolver->fd);
	/* a file system that hangs may keep it from dying: not waited for */
	if (resolver->pid > 0 && waitpid(resolver->pid, NULL, WNOHANG) == 0)
		kill(resolver->pid, SIGKILL);
	resolver->pid = 0;
	for (size_t i = 0; i < resolver->n_questions; i++)
		if (resolver->questions[i].result == -EINPROGRESS)
			resolver->questions[i].result = -ETIMEDOUT;
}

void resolver_ask(struct resolver *resolver, int timeout_ms)
{
	uint64_t now = kb_now_ns();
	uint64_t end = now + timeout_ms * KB_NSEC_PER_MSEC;
	struct pollfd poll_fd = { .events = POLLIN };
	int r = 0;

	if (!resolver_is_open(resolver))
		return;
	if (resolver_start(resolver) < 0)
		r = 1;
	poll_fd.fd = resolver->fd;
	for (; r == 0 && now < end; now = kb_now_ns())
		if (poll(&poll_fd, 1, (end - now) / KB_NSEC_PER_MSEC + 1) > 0)
			r = resolver_read(resolver);
	resolver_stop(resolver);
}
