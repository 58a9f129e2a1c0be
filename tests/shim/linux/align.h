/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Round up. */
#ifndef SHIM_LINUX_ALIGN_H
#define SHIM_LINUX_ALIGN_H

#define ALIGN(x, n) (((x) + (typeof(x))(n) - 1) & ~((typeof(x))(n) - 1))
#define IS_ALIGNED(x, n) (((x) & ((typeof(x))(n) - 1)) == 0)

#endif /* SHIM_LINUX_ALIGN_H */
