// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who may do what with a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "busname/policy.h"
#include "lib/util.h"

#define BLANKS " \t"
#define ID_INVALID UINT64_C(0xffffffff)

static const char *const access_names[] = {
	[KDBUS_POLICY_SEE] = "see",
	[KDBUS_POLICY_TALK] = "talk",
	[KDBUS_POLICY_OWN] = "own",
};

const char *policy_access_name(enum kdbus_policy_type access)
{
	return access_names[access];
}

static int parse_access(const char *text)
{
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(access_names); i++)
		if (kb_streq(text, access_names[i]))
			return i;
	return -EINVAL;
}

void policy_deinit(struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->n_rules; i++)
		free(policy->rules[i].who);
	free(policy->rules);
	*policy = (struct policy){};
}

void policy_clear(struct policy *policy, enum kdbus_policy_access_type type)
{
	size_t i, kept = 0;

	for (i = 0; i < policy->n_rules; i++) {
		if (policy->rules[i].type == type)
			free(policy->rules[i].who);
		else
			policy->rules[kept++] = policy->rules[i];
	}
	policy->n_rules = kept;
}

static uint64_t hash_bytes(uint64_t hash, const char *s, size_t n)
{
	/* FNV-1a: nobody gains anything by finding two that are alike */
	while (n--)
		hash = (hash ^ (unsigned char)*s++) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t policy_hash(const struct policy *policy)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < policy->n_rules; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		const char *who = rule->who ?: "";
		char kind[] = { rule->type, rule->access };

		hash = hash_bytes(hash, kind, sizeof(kind));
		hash = hash_bytes(hash, who, strlen(who) + 1);
	}
	return hash;
}

/* Cut "WHO<separator>ACCESS" in two; neither part may be empty. */
static const char *split_who(const char *text, char separator, size_t *who_length)
{
	const char *access;

	if (separator != ' ') {
		access = strrchr(text, separator);
		if (!access || access == text)
			return NULL;
		*who_length = access - text;
		return access + 1;
	}
	*who_length = strcspn(text, BLANKS);
	access = text + *who_length;
	access += strspn(access, BLANKS);
	return *who_length && *access ? access : NULL;
}

int policy_add(struct policy *policy, enum kdbus_policy_access_type type,
	       const char *text, char separator)
{
	struct policy_rule rule = { .type = type }, *rules;
	const char *access = text;
	size_t who_length = 0;
	int r;

	if (type != KDBUS_POLICY_ACCESS_WORLD) {
		access = split_who(text, separator, &who_length);
		if (!access)
			return -EINVAL;
	}
	r = parse_access(access);
	if (r < 0)
		return r;
	rule.access = r;

	if (type == KDBUS_POLICY_ACCESS_WORLD) {
		policy_clear(policy, type);
	} else {
		rule.who = strndup(text, who_length);
		if (!rule.who)
			return -ENOMEM;
	}
	rules = reallocarray(policy->rules, policy->n_rules + 1, sizeof(*rules));
	if (!rules) {
		free(rule.who);
		return -ENOMEM;
	}
	policy->rules = rules;
	rules[policy->n_rules++] = rule;
	return 0;
}

/* The id of @rule, or ID_INVALID. Only numbers if @databases is false. */
static uint64_t rule_id(const struct policy_rule *rule, bool databases)
{
	uint64_t id;

	if (!rule->who)
		return 0;
	if (kb_parse_u64(rule->who, &id) >= 0)
		return id < ID_INVALID ? id : ID_INVALID;
	if (!databases)
		return ID_INVALID;
	if (rule->type == KDBUS_POLICY_ACCESS_USER) {
		struct passwd *pw = getpwnam(rule->who);

		return pw ? pw->pw_uid : ID_INVALID;
	} else {
		struct group *gr = getgrnam(rule->who);

		return gr ? gr->gr_gid : ID_INVALID;
	}
}

/* In the child: one id per rule into @fd. */
static void look_up(const struct policy *policy, int fd)
{
	size_t i;

	for (i = 0; i < policy->n_rules; i++) {
		uint64_t id = rule_id(&policy->rules[i], true);

		if (write(fd, &id, sizeof(id)) != sizeof(id))
			_exit(1);
	}
	_exit(0);
}

static int read_ids(struct policy *policy, int fd, int timeout_ms)
{
	uint64_t deadline = kb_now_ns() + timeout_ms * KB_NSEC_PER_MSEC;
	size_t i;

	for (i = 0; i < policy->n_rules; i++) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		uint64_t now = kb_now_ns();
		int r;

		if (now >= deadline)
			return -ETIMEDOUT;
		r = poll(&pfd, 1, (deadline - now) / KB_NSEC_PER_MSEC + 1);
		if (r < 0)
			return -errno;
		if (!r)
			return -ETIMEDOUT;
		/* Eight bytes into a pipe come out together. */
		if (read(fd, &policy->rules[i].id, sizeof(uint64_t)) != sizeof(uint64_t))
			return -EIO;
	}
	return 0;
}

int policy_resolve(struct policy *policy, int timeout_ms, const char **out_missing)
{
	int fds[2], r;
	bool all = true;
	size_t i;
	pid_t pid;

	*out_missing = NULL;
	for (i = 0; i < policy->n_rules; i++) {
		policy->rules[i].id = rule_id(&policy->rules[i], false);
		all = all && policy->rules[i].id != ID_INVALID;
	}
	if (all)
		return 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (!pid)
		look_up(policy, fds[1]);
	r = pid < 0 ? -errno : 0;
	close(fds[1]);
	if (r >= 0)
		r = read_ids(policy, fds[0], timeout_ms);
	close(fds[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (r < 0)
		return r;

	for (i = 0; i < policy->n_rules; i++) {
		if (policy->rules[i].id == ID_INVALID) {
			*out_missing = policy->rules[i].who;
			return -ESRCH;
		}
	}
	return 0;
}
