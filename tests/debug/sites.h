/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else when the module is built for check-debug or
 * coverage: each place that asks for memory says in the kernel's log when it
 * was refused, once.  tests/debug/sites compares what was said with the places
 * that the source has; it takes the names from the rows below.
 *
 * What is named here has to be declared before: afterwards it is a macro.
 */
#ifndef KDBUS_SITES_H
#define KDBUS_SITES_H

#include <linux/anon_inodes.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/rhashtable.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/xarray.h>

#define site(refused, name, call)                                            \
	({                                                                   \
		__auto_type site_result = call;                              \
		static bool site_said;                                       \
                                                                             \
		if (refused(site_result) && !READ_ONCE(site_said)) {         \
			WRITE_ONCE(site_said, true);                         \
			pr_info("kdbus-site: %s:%d %s\n", __FILE__, __LINE__, \
				name);                                       \
		}                                                            \
		site_result;                                                 \
	})
#define site_pointer(name, call)	site(IS_ERR_OR_NULL, name, call)
#define site_number(name, call)		site(site_is_no_memory, name, call)
#define site_entry(name, call)		site(xa_is_err, name, call)

static inline bool site_is_no_memory(int r)
{
	return r == -ENOMEM;
}

/* clang-format off */
#define kmalloc(...)		site_pointer("kmalloc", kmalloc(__VA_ARGS__))
#define kzalloc(...)		site_pointer("kzalloc", kzalloc(__VA_ARGS__))
#define kcalloc(...)		site_pointer("kcalloc", kcalloc(__VA_ARGS__))
#define kmalloc_array(...)	site_pointer("kmalloc_array", kmalloc_array(__VA_ARGS__))
#define kvmalloc(...)		site_pointer("kvmalloc", kvmalloc(__VA_ARGS__))
#define kvzalloc(...)		site_pointer("kvzalloc", kvzalloc(__VA_ARGS__))
#define kvcalloc(...)		site_pointer("kvcalloc", kvcalloc(__VA_ARGS__))
#define kvmalloc_array(...)	site_pointer("kvmalloc_array", kvmalloc_array(__VA_ARGS__))
#define kstrdup(...)		site_pointer("kstrdup", kstrdup(__VA_ARGS__))
#define kmemdup(...)		site_pointer("kmemdup", kmemdup(__VA_ARGS__))
#define alloc_pages(...)	site_pointer("alloc_pages", alloc_pages(__VA_ARGS__))
#define new_inode(...)		site_pointer("new_inode", new_inode(__VA_ARGS__))
#define d_make_root(...)	site_pointer("d_make_root", d_make_root(__VA_ARGS__))
#define anon_inode_getfile(...)	site_pointer("anon_inode_getfile", anon_inode_getfile(__VA_ARGS__))
#define xa_cmpxchg(...)		site_entry("xa_cmpxchg", xa_cmpxchg(__VA_ARGS__))
#define vm_insert_page(...)	site_number("vm_insert_page", vm_insert_page(__VA_ARGS__))
#define rhashtable_init(...)	site_number("rhashtable_init", rhashtable_init(__VA_ARGS__))
#define rhashtable_insert_fast(...) site_number("rhashtable_insert_fast", rhashtable_insert_fast(__VA_ARGS__))
#define register_shrinker(...)	site_number("register_shrinker", register_shrinker(__VA_ARGS__))
#define sysfs_create_mount_point(...) site_number("sysfs_create_mount_point", sysfs_create_mount_point(__VA_ARGS__))
#define get_tree_nodev(...)	site_number("get_tree_nodev", get_tree_nodev(__VA_ARGS__))
/* clang-format on */

#endif /* KDBUS_SITES_H */
