// SPDX-License-Identifier: GPL-2.0-only
/* What an opened control file or endpoint does. */

#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "entry/commands.h"
#include "entry/file.h"
#include "flow/join.h"
#include "flow/leave.h"
#include "flow/make.h"
#include "object/conn.h"
#include "object/domain.h"
#include "object/endpoint.h"
#include "object/pool.h"

enum role {
	ROLE_UNSET,
	ROLE_BUS_OWNER,
	ROLE_ENDPOINT_OWNER,
	ROLE_CONN,
};

/**
 * struct handle - an open file description
 * @node:	what was opened, with a reference
 * @opener:	who opened it
 * @setup:	held by the command that fixes the role
 * @role:	what the file is for; set once, after what it refers to
 * @bus:	bus made on it
 * @made:	endpoint made on it
 * @conn:	connection made on it
 */
struct handle {
	struct kdbus_node *node;
	struct kdbus_opener opener;
	struct mutex setup;
	enum role role;
	union {
		struct kdbus_bus *bus;
		struct kdbus_endpoint *made;
		struct kdbus_conn *conn;
	};
};

/* the role; what it stands for may be used once it was read */
static enum role role_of(struct handle *handle)
{
	/* pairs with smp_store_release() in set_up() */
	return smp_load_acquire(&handle->role);
}

/* open, release */

/* Nobody has rights on a custom endpoint; elsewhere the opener's count. */
static void judge_opener(struct handle *handle, struct file *file)
{
	struct kdbus_opener *opener = &handle->opener;
	struct kdbus_endpoint *ep;

	opener->cred = file->f_cred;
	if (handle->node->type != KDBUS_NODE_ENDPOINT)
		return;
	ep = kdbus_endpoint_from_node(handle->node);
	if (ep->custom)
		return;
	opener->privileged = file_ns_capable(file, ep->bus->domain->user_ns,
					     CAP_IPC_OWNER);
	opener->owner = opener->privileged ||
			uid_eq(opener->cred->euid, ep->bus->node.uid);
}

static int handle_open(struct inode *inode, struct file *file)
{
	struct kdbus_node *node = inode->i_private;
	struct handle *handle;

	if (!kdbus_active_is_on(&node->active))
		return -ESHUTDOWN;
	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle)
		return -ENOMEM;
	mutex_init(&handle->setup);
	handle->node = kdbus_node_ref(node);
	judge_opener(handle, file);
	file->private_data = handle;
	return 0;
}

static int handle_release(struct inode *inode, struct file *file)
{
	struct handle *handle = file->private_data;

	switch (role_of(handle)) {
	case ROLE_BUS_OWNER:
		kdbus_bus_end(handle->bus);
		kdbus_bus_unref(handle->bus);
		break;
	case ROLE_ENDPOINT_OWNER:
		kdbus_endpoint_end(handle->made);
		kdbus_endpoint_unref(handle->made);
		break;
	case ROLE_CONN:
		kdbus_leave(handle->conn);
		wait_for_completion(&handle->conn->gone);
		kdbus_conn_unref(handle->conn);
		break;
	case ROLE_UNSET:
		break;
	}
	kdbus_node_unref(handle->node);
	kfree(handle);
	return 0;
}

/* commands that fix the role */

/*
 * Things are made in a directory that is held meanwhile, so that its end finds
 * them.  A domain has no end as long as a file in it is open.
 */
static int run_bus_make(struct handle *handle, struct kdbus_args *args)
{
	struct kdbus_domain *domain =
		kdbus_domain_from_node(handle->node->parent);
	struct kdbus_bus *bus = kdbus_make_bus(domain, args);

	if (IS_ERR(bus))
		return PTR_ERR(bus);
	handle->bus = bus;
	return ROLE_BUS_OWNER;
}

static int run_endpoint_make(struct handle *handle, struct kdbus_args *args)
{
	struct kdbus_bus *bus = kdbus_endpoint_from_node(handle->node)->bus;
	struct kdbus_endpoint *ep;

	if (!kdbus_active_acquire(&bus->node.active))
		return -ESHUTDOWN;
	ep = kdbus_make_endpoint(bus, args);
	kdbus_active_release(&bus->node.active);
	if (IS_ERR(ep))
		return PTR_ERR(ep);
	handle->made = ep;
	return ROLE_ENDPOINT_OWNER;
}

static int run_hello(struct handle *handle, struct kdbus_args *args)
{
	struct kdbus_endpoint *ep = kdbus_endpoint_from_node(handle->node);
	struct kdbus_conn *conn = kdbus_join(ep, &handle->opener, args);

	if (IS_ERR(conn))
		return PTR_ERR(conn);
	handle->conn = conn;
	return ROLE_CONN;
}

/**
 * struct setup - a command that fixes the role of a file
 * @cmd:	ioctl number
 * @node:	what must have been opened
 * @rule:	what the command may look like
 * @owner:	only for bus owners
 * @out_size:	bytes that are written back on success
 * @run:	does it; returns the role, or an error
 */
struct setup {
	unsigned int cmd;
	enum kdbus_node_type node;
	const struct kdbus_args_rule *rule;
	bool owner;
	size_t out_size;
	int (*run)(struct handle *handle, struct kdbus_args *args);
};

/* clang-format off */
static const struct setup setups[] = {
	{ KDBUS_CMD_BUS_MAKE,	KDBUS_NODE_CONTROL,	&kdbus_bus_make_rule,
	  .run = run_bus_make },
	{ KDBUS_CMD_ENDPOINT_MAKE, KDBUS_NODE_ENDPOINT, &kdbus_endpoint_make_rule,
	  .owner = true, .run = run_endpoint_make },
	{ KDBUS_CMD_HELLO,	KDBUS_NODE_ENDPOINT,	&kdbus_hello_rule,
	  .out_size = sizeof(struct kdbus_cmd_hello), .run = run_hello },
};
/* clang-format on */

static const struct setup *find_setup(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(setups); i++)
		if (setups[i].cmd == cmd)
			return &setups[i];
	return NULL;
}

/*
 * Fix the role, unless another thread did meanwhile.  HELLO reads the arguments
 * of its process, which may take as long as that likes: who waits can be killed.
 */
static int set_up(struct handle *handle, const struct setup *setup,
		  struct kdbus_args *args)
{
	int r;

	r = mutex_lock_killable(&handle->setup);
	if (r)
		return r;
	if (handle->role == ROLE_UNSET)
		r = setup->run(handle, args);
	else
		r = -EBADFD;
	if (r >= 0)
		smp_store_release(&handle->role, r); /* pairs with role_of() */
	mutex_unlock(&handle->setup);
	return r < 0 ? r : 0;
}

static int run_setup(struct handle *handle, const struct setup *setup,
		     void __user *user)
{
	struct kdbus_args args __uninitialized;
	int r;

	if (role_of(handle) != ROLE_UNSET ||
	    handle->node->type != setup->node)
		return -EBADFD;
	if (setup->owner && !handle->opener.owner)
		return -EPERM;
	r = kdbus_args_copy(&args, setup->rule, user);
	if (r)
		return r;
	r = kdbus_args_check(&args);
	if (!r && !args.negotiate) {
		r = set_up(handle, setup, &args);
		if (!r && setup->out_size)
			kdbus_args_answer(&args, 0, setup->out_size);
	}
	return kdbus_args_finish(&args, r);
}

/* commands of an endpoint's owner and of connections */

static int update_held(struct kdbus_endpoint *ep, struct kdbus_args *args)
{
	int r = -ESHUTDOWN;

	if (kdbus_active_acquire(&ep->node.active)) {
		r = kdbus_update_endpoint(ep, args);
		kdbus_active_release(&ep->node.active);
	}
	return r;
}

static int run_on_endpoint(struct kdbus_endpoint *ep, unsigned int cmd,
			   void __user *user)
{
	struct kdbus_args args __uninitialized;
	int r;

	if (!kdbus_active_is_on(&ep->node.active))
		return -ESHUTDOWN;
	if (cmd != KDBUS_CMD_ENDPOINT_UPDATE)
		return -EBADFD;
	r = kdbus_args_copy(&args, &kdbus_endpoint_update_rule, user);
	if (r)
		return r;
	r = kdbus_args_check(&args);
	if (!r && !args.negotiate)
		r = update_held(ep, &args);
	return kdbus_args_finish(&args, r);
}

static int run_command(struct kdbus_conn *conn,
		       const struct kdbus_command *command, void __user *user)
{
	struct kdbus_args args __uninitialized;
	int r;

	if (!(conn->kind & command->kinds))
		return -EOPNOTSUPP;
	r = kdbus_args_copy(&args, command->rule, user);
	if (r)
		return r;
	r = kdbus_args_check(&args);
	if (!r && (!args.negotiate || command->negotiates))
		r = command->run(conn, &args);
	if (!r && !args.negotiate && command->out_size)
		kdbus_args_answer(&args, command->out, command->out_size);
	return kdbus_args_finish(&args, r);
}

/* The one command that ends its own connection: it gives up @conn's activity. */
static int run_byebye(struct kdbus_conn *conn, void __user *user)
{
	struct kdbus_args args __uninitialized;
	bool leave = false;
	int r = -EOPNOTSUPP;

	if (conn->kind == KDBUS_ORDINARY)
		r = kdbus_args_copy(&args, &kdbus_byebye_rule, user);
	if (r) {
		kdbus_active_release(&conn->active);
		return r;
	}
	r = kdbus_args_check(&args);
	leave = !r && !args.negotiate;
	if (leave)
		r = kdbus_leave_politely(conn);
	else
		kdbus_active_release(&conn->active);
	return kdbus_args_finish(&args, r);
}

static int run_on_conn(struct kdbus_conn *conn,
		       const struct kdbus_command *command, void __user *user)
{
	int r;

	if (!kdbus_active_acquire(&conn->active))
		return -ECONNRESET;
	r = run_command(conn, command, user);
	kdbus_active_release(&conn->active);
	return r;
}

static int run_other_on_conn(struct kdbus_conn *conn, unsigned int cmd,
			     void __user *user)
{
	if (!kdbus_active_acquire(&conn->active))
		return -ECONNRESET;
	if (cmd == KDBUS_CMD_BYEBYE)
		return run_byebye(conn, user);
	kdbus_active_release(&conn->active);
	return -EBADFD;
}

static long handle_ioctl(struct file *file, unsigned int cmd,
			 unsigned long arg)
{
	const struct kdbus_command *command = kdbus_command_find(cmd);
	struct handle *handle = file->private_data;
	enum role role = role_of(handle);
	void __user *user = (void __user *)arg;
	const struct setup *setup;

	if (command && role == ROLE_CONN)
		return run_on_conn(handle->conn, command, user);
	setup = find_setup(cmd);
	if (setup)
		return run_setup(handle, setup, user);
	if (!command && cmd != KDBUS_CMD_ENDPOINT_UPDATE &&
	    cmd != KDBUS_CMD_BYEBYE)
		return -ENOTTY;
	if (role == ROLE_CONN)
		return run_other_on_conn(handle->conn, cmd, user);
	if (role == ROLE_ENDPOINT_OWNER)
		return run_on_endpoint(handle->made, cmd, user);
	return -EBADFD;
}

/* poll, mmap */

static __poll_t handle_poll(struct file *file, struct poll_table_struct *table)
{
	struct handle *handle = file->private_data;
	struct kdbus_conn *conn;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	if (role_of(handle) != ROLE_CONN)
		return EPOLLERR | EPOLLHUP;
	conn = handle->conn;
	poll_wait(file, &conn->wait, table);
	if (!kdbus_active_is_on(&conn->active))
		return EPOLLERR | EPOLLHUP;

	spin_lock(&conn->inbox.lock);
	if (!kdbus_queue_is_empty(&conn->inbox.queue) || conn->inbox.lost)
		mask |= EPOLLIN | EPOLLRDNORM;
	spin_unlock(&conn->inbox.lock);
	return mask;
}

static int handle_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct handle *handle = file->private_data;

	if (role_of(handle) != ROLE_CONN)
		return -EBADFD;
	return kdbus_pool_mmap(handle->conn->pool, vma);
}

const struct file_operations kdbus_file_ops = {
	.owner = THIS_MODULE,
	.open = handle_open,
	.release = handle_release,
	.unlocked_ioctl = handle_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = handle_poll,
	.mmap = handle_mmap,
	.llseek = noop_llseek,
};
