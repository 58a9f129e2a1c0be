/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enough of an xarray for a pool to be declared. */
#ifndef SHIM_LINUX_XARRAY_H
#define SHIM_LINUX_XARRAY_H

struct xarray {
	int unused;
};

#endif /* SHIM_LINUX_XARRAY_H */
