/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Make programs up, run them, keep what reaches new code. */
#pragma once

#include <linux/types.h>

/* Until time is up or the kernel complains; TAP. @files: programs to begin with. */
int campaign_run(unsigned seconds, unsigned n_workers, __u64 seed, char **files, unsigned n_files);
/* Keeps those of @files, the small ones first, that reach what no other did. */
int campaign_distill(char **files, unsigned n_files);
