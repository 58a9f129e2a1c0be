/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels.  What they are is for the test to say. */
#ifndef SHIM_LINUX_SECURITY_H
#define SHIM_LINUX_SECURITY_H

#include <linux/types.h>

/* the test's */
void security_current_getsecid_subj(u32 *out);
int security_secid_to_secctx(u32 secid, char **out, u32 *out_size);
void security_release_secctx(char *label, u32 size);

#endif /* SHIM_LINUX_SECURITY_H */
