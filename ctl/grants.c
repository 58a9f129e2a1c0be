// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a bus name unit grants, and what of it a user gets. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/kdbus.h>
#include <pwd.h>

#include "ctl/grants.h"

/* users */

int grants_user_find(const char *text, struct grants_user *out)
{
	const struct passwd *pw;
	uint64_t uid;

	*out = (struct grants_user){ .uid = -1 };
	if (kb_parse_u64(text, &uid) < 0)
		pw = getpwnam(text);
	else
		pw = uid < UINT32_MAX ? getpwuid(uid) : NULL;
	if (!pw && (kb_parse_u64(text, &uid) < 0 || uid >= UINT32_MAX))
		return -ESRCH;
	out->uid = pw ? pw->pw_uid : uid;
	if (!pw)
		return 0;
	out->name = pw->pw_name;
	out->n_gids = NGROUPS_MAX;
	out->gids = calloc(NGROUPS_MAX, sizeof(*out->gids));
	if (!out->gids)
		return -ENOMEM;
	if (getgrouplist(pw->pw_name, pw->pw_gid, out->gids, &out->n_gids) < 0)
		out->n_gids = NGROUPS_MAX;
	return 0;
}

void grants_user_deinit(struct grants_user *user)
{
	free(user->gids);
	*user = (struct grants_user){};
}

/* grants */

static bool is_user(const struct grants_user *user, const char *who)
{
	const struct passwd *pw;
	uint64_t uid;

	if (kb_parse_u64(who, &uid) >= 0)
		return uid == user->uid;
	pw = getpwnam(who);
	return pw && pw->pw_uid == user->uid;
}

static bool is_in_group(const struct grants_user *user, const char *who)
{
	const struct group *gr;
	uint64_t gid;

	if (kb_parse_u64(who, &gid) < 0) {
		gr = getgrnam(who);
		if (!gr)
			return false;
		gid = gr->gr_gid;
	}
	for (int i = 0; i < user->n_gids; i++)
		if (user->gids[i] == gid)
			return true;
	return false;
}

static int access_of(const char *word)
{
	static const char *const words[] = {
		[KDBUS_POLICY_SEE]	= "see",
		[KDBUS_POLICY_TALK]	= "talk",
		[KDBUS_POLICY_OWN]	= "own",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(words); i++)
		if (kb_streq(word, words[i]))
			return i;
	return -1;
}

/* "TYPE	WHO	ACCESS" */
static void take_grant(char *rest, const struct grants_user *user,
		       struct grants *out)
{
	const char *type = strsep(&rest, "\t"), *who = strsep(&rest, "\t");
	int access = rest ? access_of(rest) : -1;
	bool applies;

	if (!who || access < 0)
		return;
	out->n++;
	applies = kb_streq(type, "world") ||
		  (kb_streq(type, "user") && is_user(user, who)) ||
		  (kb_streq(type, "group") && is_in_group(user, who));
	if (!applies || access <= out->access)
		return;
	out->access = access;
	snprintf(out->by, sizeof(out->by), "Allow%s=%.200s%s%s",
		 kb_streq(type, "world") ? "World" :
		 kb_streq(type, "user") ? "User" : "Group",
		 who, *who ? " " : "", rest);
}

void grants_read(char *text, const struct grants_user *user,
		 struct grants *out)
{
	char *line;

	*out = (struct grants){ .access = -1 };
	while ((line = strsep(&text, "\n"))) {
		const char *word = strsep(&line, "\t");

		if (!line)
			continue;
		if (kb_streq(word, "file"))
			out->file = line;
		else if (kb_streq(word, "state"))
			out->state = line;
		else if (kb_streq(word, "grant"))
			take_grant(line, user, out);
	}
}

bool grants_are_in_force(const struct grants *grants)
{
	return grants->state && !kb_streq(grants->state, "inactive") &&
	       !kb_streq(grants->state, "no bus");
}
