// SPDX-License-Identifier: GPL-2.0-only
/* kdbusfs: mount, inodes, listing. */

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "entry/file.h"
#include "entry/fs.h"
#include "flow/leave.h"
#include "object/domain.h"
#include "object/node.h"

/*
 * The tree of nodes is the truth; inodes and dentries are made from it when
 * somebody looks, and found to be stale when the node has ended.  Nothing is
 * ever created, renamed or removed through the VFS.
 */

static struct kdbus_node *dentry_node(const struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	return inode ? inode->i_private : NULL;
}

/* dentries */

static int fs_d_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct kdbus_node *node;

	/* nothing keeps the node in memory during such a walk */
	if (flags & LOOKUP_RCU)
		return -ECHILD;
	node = dentry_node(dentry);
	return node && kdbus_active_is_on(&node->active);
}

static int fs_d_delete(const struct dentry *dentry)
{
	struct kdbus_node *node = dentry_node(dentry);

	return !node || !kdbus_active_is_on(&node->active);
}

static const struct dentry_operations fs_d_ops = {
	.d_revalidate = fs_d_revalidate,
	.d_delete = fs_d_delete,
};

/* inodes */

static const struct inode_operations fs_dir_iops;
static const struct file_operations fs_dir_ops;

/* guards kdbus_node.inode */
static DEFINE_SPINLOCK(cache_lock);

/* Drop what is cached of a node, or it would stay as long as memory lasts. */
static void fs_forget(struct kdbus_node *node)
{
	struct inode *inode;

	spin_lock(&cache_lock);
	inode = node->inode ? igrab(node->inode) : NULL;
	spin_unlock(&cache_lock);
	if (!inode)
		return;
	d_prune_aliases(inode);
	iput(inode);
}

static void fs_remember(struct kdbus_node *node, struct inode *inode)
{
	spin_lock(&cache_lock);
	node->inode = inode;
	WRITE_ONCE(node->forget, fs_forget);
	spin_unlock(&cache_lock);
}

/* Modes, owners and sizes are those of the objects. */
static int fs_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		      struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations fs_file_iops = {
	.getattr = simple_getattr,
	.setattr = fs_setattr,
};

/* The inode of a node, whose reference it takes over. */
static struct inode *fs_inode_new(struct super_block *sb,
				  struct kdbus_node *node)
{
	struct inode *inode = new_inode(sb);

	if (!inode) {
		kdbus_node_unref(node);
		return ERR_PTR(-ENOMEM);
	}
	inode->i_private = node;
	fs_remember(node, inode);
	inode->i_ino = node->ino;
	inode->i_mode = node->mode;
	inode->i_uid = node->uid;
	inode->i_gid = node->gid;
	inode_set_times_now(inode);
	if (S_ISDIR(node->mode)) {
		inode->i_op = &fs_dir_iops;
		inode->i_fop = &fs_dir_ops;
		set_nlink(inode, 2);
	} else {
		inode->i_op = &fs_file_iops;
		inode->i_fop = &kdbus_file_ops;
	}
	return inode;
}

static struct dentry *fs_lookup(struct inode *dir, struct dentry *dentry,
				unsigned int flags)
{
	struct kdbus_node *node;
	struct inode *inode = NULL;

	node = kdbus_node_get_child(dir->i_private, dentry->d_name.name);
	if (node && !kdbus_active_is_on(&node->active))
		node = kdbus_node_unref(node);
	if (node)
		inode = fs_inode_new(dir->i_sb, node);
	return d_splice_alias(inode, dentry);
}

static const struct inode_operations fs_dir_iops = {
	.lookup = fs_lookup,
	.getattr = simple_getattr,
	.setattr = fs_setattr,
	.permission = generic_permission,
};

/* listing: positions are inode numbers, so that it goes on where it was */
static int fs_iterate(struct file *file, struct dir_context *ctx)
{
	struct kdbus_node *dir = file_inode(file)->i_private, *node;
	bool more;

	if (!dir_emit_dots(file, ctx))
		return 0;
	while ((node = kdbus_node_get_after(dir, ctx->pos))) {
		more = !kdbus_active_is_on(&node->active) ||
		       dir_emit(ctx, node->name, strlen(node->name), node->ino,
				fs_umode_to_dtype(node->mode));
		if (more)
			ctx->pos = node->ino;
		kdbus_node_unref(node);
		if (!more)
			break;
	}
	return 0;
}

static const struct file_operations fs_dir_ops = {
	.iterate_shared = fs_iterate,
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
};

/* super block */

static void fs_evict_inode(struct inode *inode)
{
	struct kdbus_node *node = inode->i_private;

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	spin_lock(&cache_lock);
	if (node->inode == inode)
		node->inode = NULL;
	spin_unlock(&cache_lock);
	kdbus_node_unref(node);
}

static const struct super_operations fs_super_ops = {
	.statfs = simple_statfs,
	.drop_inode = generic_delete_inode,
	.evict_inode = fs_evict_inode,
};

static int fs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct kdbus_domain *domain;
	struct inode *inode;

	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = KDBUS_SUPER_MAGIC;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_op = &fs_super_ops;
	sb->s_time_gran = 1;
	sb->s_d_op = &fs_d_ops;

	domain = kdbus_domain_new(sb->s_user_ns);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	sb->s_fs_info = domain;
	inode = fs_inode_new(sb, kdbus_node_ref(&domain->node));
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static int fs_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, fs_fill_super);
}

/* mount data never meant anything */
static int fs_parse_monolithic(struct fs_context *fc, void *data)
{
	return 0;
}

static const struct fs_context_operations fs_context_ops = {
	.parse_monolithic = fs_parse_monolithic,
	.get_tree = fs_get_tree,
};

static int fs_init_context(struct fs_context *fc)
{
	fc->ops = &fs_context_ops;
	return 0;
}

/*
 * The domain's end gives back what the tree of nodes refers to; only then do
 * the inodes go.
 */
static void fs_kill_sb(struct super_block *sb)
{
	struct kdbus_domain *domain = sb->s_fs_info;

	if (domain)
		kdbus_domain_end(domain);
	kill_anon_super(sb);
	kdbus_domain_unref(domain);
}

static struct file_system_type fs_type = {
	.owner = THIS_MODULE,
	.name = "kdbusfs",
	.init_fs_context = fs_init_context,
	.kill_sb = fs_kill_sb,
	.fs_flags = FS_USERNS_MOUNT,
};
MODULE_ALIAS_FS("kdbusfs");

/**
 * kdbus_fs_init() - register the file system and its customary mount point
 *
 * Return: 0 or an error.
 */
int kdbus_fs_init(void)
{
	int r;

	r = sysfs_create_mount_point(fs_kobj, "kdbus");
	if (r)
		return r;
	r = register_filesystem(&fs_type);
	if (r)
		sysfs_remove_mount_point(fs_kobj, "kdbus");
	return r;
}

/**
 * kdbus_fs_exit() - unregister; nothing is mounted any more
 */
void kdbus_fs_exit(void)
{
	unregister_filesystem(&fs_type);
	sysfs_remove_mount_point(fs_kobj, "kdbus");
}
