// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an activator gives up once it holds its name. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "busname/confine.h"
#include "lib/util.h"

/* files */

#define READ (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	      LANDLOCK_ACCESS_FS_READ_DIR)

/* All that the first version of Landlock knows. */
#define EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static const char *const readable[] = {
	"/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/run", "/proc", "/sys", "/dev",
};

static int allow_reading(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = READ };
	int r;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ?
		    -errno : 0;
	close(rule.parent_fd);
	return r;
}

static int confine_files(void)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = EVERYTHING };
	_cleanup_(kb_closep) int ruleset = -1;
	int r = 0;

	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return errno == ENOSYS ? -EOPNOTSUPP : -errno;
	for (size_t i = 0; i < KB_ARRAY_SIZE(readable) && r >= 0; i++)
		r = allow_reading(ruleset, readable[i]);
	if (r < 0)
		return r;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

/* system calls */

#ifdef __x86_64__

/* The low half of an argument; what is looked at there fits into it. */
#define ARGUMENT(n)	offsetof(struct seccomp_data, args[n])
#define LOAD(offset)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define REFUSE(errno)	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (errno))
#define ALLOW		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD_NUMBER	LOAD(offsetof(struct seccomp_data, nr))

/* The system call @nr: not at all. */
#define NEVER(nr, errno)					\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),		\
	REFUSE(errno)

/* Not with any of @bits, or not with all of them, in its argument @n. */
#define NOT_WITH_ANY(nr, n, bits)				\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4),		\
	LOAD(ARGUMENT(n)),					\
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),	\
	REFUSE(EPERM),						\
	LOAD_NUMBER
#define NOT_WITH_ALL(nr, n, bits)				\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 5),		\
	LOAD(ARGUMENT(n)),					\
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),		\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),	\
	REFUSE(EPERM),						\
	LOAD_NUMBER

#define X32_BIT		0x40000000
#define NAMESPACES	(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | \
			 CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS)

static const struct sock_filter filter[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
	REFUSE(EPERM),
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1),
	REFUSE(EPERM),
	NEVER(SYS_unshare, EPERM),
	NEVER(SYS_setns, EPERM),
	NEVER(SYS_personality, EPERM),
	NEVER(SYS_sched_setscheduler, EPERM),
	NEVER(SYS_sched_setattr, EPERM),
	/* its flags lie in memory; libraries go on with clone() */
	NEVER(SYS_clone3, ENOSYS),
	NOT_WITH_ANY(SYS_clone, 0, NAMESPACES),
	NOT_WITH_ANY(SYS_mprotect, 2, PROT_EXEC),
	NOT_WITH_ANY(SYS_pkey_mprotect, 2, PROT_EXEC),
	NOT_WITH_ANY(SYS_shmat, 2, SHM_EXEC),
	NOT_WITH_ALL(SYS_mmap, 2, PROT_WRITE | PROT_EXEC),
	ALLOW,
};

static int confine_calls(void)
{
	const struct sock_fprog program = {
		.len = KB_ARRAY_SIZE(filter),
		.filter = (struct sock_filter *)filter,
	};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

#else

static int confine_calls(void)
{
	return 0;
}

#endif

int confine(void)
{
	int r, files;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	files = confine_files();
	if (files < 0 && files != -EOPNOTSUPP)
		return files;
	r = confine_calls();
	return r < 0 ? r : files;
}
