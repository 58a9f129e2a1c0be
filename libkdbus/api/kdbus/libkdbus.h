/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkdbus: D-Bus through the kernel.
 *
 * A service that adds numbers is no longer than this:
 *
 *	static int add(struct kdbus_message *call, struct kdbus_message *reply,
 *		       void *userdata)
 *	{
 *		int32_t a, b;
 *		int r = kdbus_message_read(call, "ii", &a, &b);
 *
 *		return r < 0 ? r : kdbus_message_append(reply, "x", (int64_t)a + b);
 *	}
 *
 *	static const struct kdbus_method methods[] = {
 *		{ "Add", "ii", "x", add },
 *		{ NULL, NULL, NULL, NULL },
 *	};
 *
 *	kdbus_connect(NULL, 0, &bus);
 *	kdbus_serve(bus, "/org/example/Sum", "org.example.Sum", methods, NULL);
 *	kdbus_request_name(bus, "org.example.Sum", 0);
 *	kdbus_run(bus, 30 * KDBUS_SECOND);
 *	kdbus_disconnect(bus);
 *
 * and a client, with a connection of its own:
 *
 *	kdbus_message_new_call("org.example.Sum", "/org/example/Sum",
 *			       "org.example.Sum", "Add", &call);
 *	kdbus_message_append(call, "ii", 2, 3);
 *	kdbus_call(bus, call, 0, &reply);
 *	kdbus_message_read(reply, "x", &sum);
 *
 * Errors. Functions that return int return 0 (or what they say) or a negative
 * errno, and write what they give only when they succeed. What the peer says
 * in an error message is a name: kdbus_message_error_name().
 *
 * Time is in nanoseconds. Strings that are handed in are copied; strings that
 * are handed out belong to the object they were asked of.
 *
 * Threads. A connection with its messages is one thread's at a time; threads
 * that want to talk at once have connections of their own, each a system call
 * away. Nothing here starts a thread or a process, or touches a signal, but
 * kdbus_open_sd_bus(). A child of fork() must not use its parent's connections.
 *
 * Properties, object managers and vtables are not here: sd-bus has them, and
 * runs on kdbus with the last function of this file.
 */
#ifndef LIBKDBUS_H
#define LIBKDBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct kdbus_connection;
struct kdbus_message;
struct sd_bus;
struct sd_event;

#define KDBUS_SECOND	UINT64_C(1000000000)
#define KDBUS_FOREVER	UINT64_MAX

/*
 * 1. Connections
 */

/* Have with each message all that the kernel knows about its sender, instead
 * of who it is; see struct kdbus_credentials. */
#define KDBUS_ALL_CREDENTIALS	1u

/**
 * kdbus_connect() - connect to a bus
 * @address:	"system"; "user", the bus of our user; an address of D-Bus with
 *		"kernel:path=…" in it; the path of an endpoint; or NULL for the
 *		bus that started us, else the system's for root and the user's
 *		for others
 * @flags:	0 or KDBUS_ALL_CREDENTIALS
 *
 * Return: 0; -ENOENT if there is no such bus, -EACCES if it is not for us,
 * -EINVAL for a bad address, -EAFNOSUPPORT for one of classic buses only,
 * -ENOTTY for a file that is no endpoint, others of open(2).
 */
int kdbus_connect(const char *address, unsigned int flags,
		  struct kdbus_connection **out);

/* Ends a connection, and everything that was to be called for it. Messages
 * that are still held stay readable. NULL is fine. */
void kdbus_disconnect(struct kdbus_connection *bus);

/* ":1.42", our own name */
const char *kdbus_unique_name(const struct kdbus_connection *bus);

/* The names of D-Bus for an errno: "org.freedesktop.DBus.Error.NoMemory" */
const char *kdbus_error_name(int r);

/*
 * 2. The loop. A connection is one descriptor: put it into any event loop, and
 * call kdbus_process() when it is ready. Programs that do nothing else have
 * kdbus_run(), those with sd-event kdbus_attach_event().
 */

/* The descriptor, and what to poll() it for. Never changes, never close it. It
 * is -1 after kdbus_leave(). */
int kdbus_fd(const struct kdbus_connection *bus);
short kdbus_events(const struct kdbus_connection *bus);

/**
 * kdbus_process() - take one message and call whom it is for
 *
 * Return: 1 if there was one, 0 if there is none, -ESHUTDOWN or -ECONNRESET
 * when the bus is gone, -ENOTCONN when we are, or the negative result of a
 * handler. (Those of methods become errors for the caller.)
 */
int kdbus_process(struct kdbus_connection *bus);

/* Waits until there is something to process: 1, or 0 after @timeout_ns, or
 * -EINTR after a signal, -ENOTCONN when we have left. */
int kdbus_wait(struct kdbus_connection *bus, uint64_t timeout_ns);

/**
 * kdbus_run() - process until there is nothing to do any more
 * @idle_ns:	leave (kdbus_leave()) when nothing has come for so long;
 *		KDBUS_FOREVER: stay
 *
 * Return: 0 after leaving; otherwise as kdbus_process() and kdbus_wait().
 */
int kdbus_run(struct kdbus_connection *bus, uint64_t idle_ns);

/**
 * kdbus_leave() - disconnect, unless somebody waits for us
 *
 * How a service that is started on demand ends without losing a message: it
 * gives up its names, so that what comes from now on starts the next instance;
 * answers what has come before; and is disconnected by the kernel only if
 * nothing has come meanwhile.
 *
 * Return: 0, and all that is left to do is kdbus_disconnect(). -EBUSY if mail
 * is queued, replies are awaited, or a call has no answer yet, such as one whose
 * method is running: nothing has changed then, go on. Else as kdbus_process(),
 * and the names are asked for again, too.
 */
int kdbus_leave(struct kdbus_connection *bus);

/* Processes whenever @event has nothing more urgent than @priority (0 is
 * normal); when the bus is gone the loop ends with an error. Detaching, or
 * disconnecting, takes it out again. */
int kdbus_attach_event(struct kdbus_connection *bus, struct sd_event *event,
		       int64_t priority);
void kdbus_detach_event(struct kdbus_connection *bus);

/*
 * 3. Messages are counted: whoever keeps one refs it. They are made, filled,
 * and sent; or received and read. Types are the letters of D-Bus signatures.
 */

enum kdbus_message_type {
	KDBUS_METHOD_CALL	= 1,
	KDBUS_METHOD_RETURN	= 2,
	KDBUS_ERROR		= 3,
	KDBUS_SIGNAL		= 4,
};

/* @interface may be NULL. That a name or a path is none is said when the message
 * is sent: -EINVAL, or -EDESTADDRREQ for a call to nobody. Here, -ENOMEM is all
 * that can go wrong. */
int kdbus_message_new_call(const char *destination, const char *path,
			   const char *interface, const char *member,
			   struct kdbus_message **out);
/* To everybody who listens; or to one with kdbus_message_set_destination(). */
int kdbus_message_new_signal(const char *path, const char *interface,
			     const char *member, struct kdbus_message **out);
/* Answers to be sent with kdbus_send(). -EINVAL if @call is none; @text may be
 * NULL. */
int kdbus_message_new_return(struct kdbus_message *call,
			     struct kdbus_message **out);
int kdbus_message_new_error(struct kdbus_message *call, const char *name,
			    const char *text, struct kdbus_message **out);
struct kdbus_message *kdbus_message_ref(struct kdbus_message *message);
/* NULL is fine, and returned. */
struct kdbus_message *kdbus_message_unref(struct kdbus_message *message);

int kdbus_message_set_destination(struct kdbus_message *message,
				  const char *destination);

#define KDBUS_NO_REPLY		1u	/* nobody waits for an answer */
#define KDBUS_NO_START		2u	/* do not start the service for it */
#define KDBUS_INTERACTIVE	4u	/* authorization may ask the user */

/* For calls, before they are sent; -EINVAL for other messages, other flags. */
int kdbus_message_set_flags(struct kdbus_message *message, unsigned int flags);

/* What its header says; NULL where it says nothing. */
enum kdbus_message_type kdbus_message_type(const struct kdbus_message *message);
unsigned int kdbus_message_flags(const struct kdbus_message *message);
const char *kdbus_message_path(const struct kdbus_message *message);
const char *kdbus_message_interface(const struct kdbus_message *message);
const char *kdbus_message_member(const struct kdbus_message *message);
const char *kdbus_message_destination(const struct kdbus_message *message);
/* Told by the kernel, and true. */
const char *kdbus_message_sender(const struct kdbus_message *message);
const char *kdbus_message_signature(const struct kdbus_message *message);
/* Of an error: its name, and the text that came with it ("" for none). */
const char *kdbus_message_error_name(const struct kdbus_message *message);
const char *kdbus_message_error_text(struct kdbus_message *message);

/**
 * kdbus_message_append() - add arguments, as printf() does
 * @types:	each takes its C type: y n q i u x t d as usual, b an int, s o g
 *		a string, h a number of kdbus_message_add_fd(). "as", "ao", "ag"
 *		take a char *const * that ends with NULL; an array of numbers,
 *		"ay" for instance, a pointer and a size_t count; any other array
 *		an unsigned int count, then the elements; ( and { what is in
 *		them; v a string with its type, then that type's values. Constants
 *		for x and t want a cast: the compiler cannot know
 *
 *	kdbus_message_append(m, "sa{sv}", "org.example", 1u, "Size", "u", 7u);
 *
 * Return: 0, -EINVAL for what the types do not allow, -EMSGSIZE, -ENOMEM. The
 * first error sticks, and sending returns it, too.
 */
int kdbus_message_append(struct kdbus_message *message, const char *types, ...);

/* Arrays of unknown length: opened with 'a' and their element's type, filled
 * element by element, closed. In the same way '(', '{' and 'v'. */
int kdbus_message_open(struct kdbus_message *message, char type,
		       const char *contents);
int kdbus_message_close(struct kdbus_message *message);

/**
 * kdbus_message_append_memfd() - add an "ay" that nobody ever copies
 * @fd:		of memfd_create(MFD_ALLOW_SEALING); stays yours. It is sealed
 *		here, if it was not: its contents are what they are for ever
 * @start:	in bytes, a multiple of the page size
 * @size:	in bytes, from 1 up to 64 MiB
 *
 * One in a message, and not inside of a container. The receiver reads the very
 * pages you wrote, as any "ay".
 *
 * Return: 0; -EBUSY while you have it mapped writable; -EPERM without
 * MFD_ALLOW_SEALING; -EINVAL for a second one, no memfd, or one that is shorter;
 * -EBADF, -EMSGSIZE, -ENOMEM, -EMFILE. Nothing was added then.
 */
int kdbus_message_append_memfd(struct kdbus_message *message, int fd,
			       uint64_t start, size_t size);

/* Adds a descriptor, which the message owns from now on, even after an error.
 * Returns its number, for an 'h'; -EBADF, -ENOMEM; -EINVAL for a message that was
 * received, sent or read. */
int kdbus_message_add_fd(struct kdbus_message *message, int fd);

/**
 * kdbus_message_read() - take the next arguments, as scanf() does
 * @types:	each takes a pointer to its C type: b a bool *, strings a const
 *		char **, an array of numbers a const void ** and a size_t *;
 *		"as" (ao, ag) a char *** for kdbus_strings_free(); ( and { what
 *		is in them; v a const char *, the type that must be in it, and
 *		that type's pointers. Any pointer may be NULL
 *
 * Strings and arrays of numbers are not copied: they are read where the kernel
 * has put them, or in the sender's memfd, while the message lives.
 *
 * Return: 0; -ENXIO if other types come, or none, and then nothing was taken;
 * -EBADMSG if the sender did not keep to the format; -ENOMEM.
 */
int kdbus_message_read(struct kdbus_message *message, const char *types, ...);

/* Other containers: enter with 'a', '(', '{' or 'v' (-ENXIO if none comes),
 * read what is inside, exit (-EINVAL if you are in none). What comes next is its
 * letter, 0 at the end of a container or of all. Skip passes over one value, of
 * any type. */
int kdbus_message_enter(struct kdbus_message *message, char type);
int kdbus_message_exit(struct kdbus_message *message);
int kdbus_message_peek(struct kdbus_message *message);
int kdbus_message_skip(struct kdbus_message *message);
/* From the beginning again. */
int kdbus_message_rewind(struct kdbus_message *message);

/* The descriptor an 'h' is the number of, or -1. It goes with the message; the
 * second function makes it yours. */
int kdbus_message_fd(const struct kdbus_message *message, uint32_t number);
int kdbus_message_take_fd(struct kdbus_message *message, uint32_t number);

void kdbus_strings_free(char **strings);

/*
 * 4. Sending
 */

/* Return: 0; -ESRCH or -ENXIO if nobody has the name, -EPERM if it is not for
 * us, -ENOBUFS if its queue is full, others of kdbus.message(7). */
int kdbus_send(struct kdbus_connection *bus, struct kdbus_message *message);

/**
 * kdbus_call() - call, and wait for the answer; nothing else is processed
 * @timeout_ns:	0 for the 25 seconds that are usual
 * @out_reply:	may be NULL
 *
 * Return: 0; -EREMOTEIO if the answer is an error: then @out_reply is it;
 * -ETIMEDOUT; -EPIPE if whom we called is gone; -EINVAL if @call is no call, or
 * one with KDBUS_NO_REPLY; others as kdbus_send().
 */
int kdbus_call(struct kdbus_connection *bus, struct kdbus_message *call,
	       uint64_t timeout_ns, struct kdbus_message **out_reply);

/* @reply may be an error: by the peer, or NoReply by the kernel for a timeout
 * or a peer that is gone. A negative result is kdbus_process()'s. */
typedef int (*kdbus_reply_handler)(struct kdbus_message *reply, void *userdata);

/* Calls, and goes on: @handler is called once, unless it is cancelled. 0, -EINVAL
 * as kdbus_call() and without a handler, others as kdbus_send(). */
int kdbus_call_async(struct kdbus_connection *bus, struct kdbus_message *call,
		     uint64_t timeout_ns, kdbus_reply_handler handler,
		     void *userdata);
/* -ENOENT if the reply has come. */
int kdbus_cancel(struct kdbus_connection *bus, struct kdbus_message *call);

/* Answers a call later than in its method, or in it, once; @text may be NULL.
 * Does nothing for calls with KDBUS_NO_REPLY. 0; -EALREADY if it has its answer;
 * -EINVAL if @call is none, or for what the types do not allow; others as
 * kdbus_send(). */
int kdbus_reply(struct kdbus_connection *bus, struct kdbus_message *call,
		const char *types, ...);
int kdbus_reply_error(struct kdbus_connection *bus, struct kdbus_message *call,
		      const char *name, const char *text);

/* Makes a signal and sends it to everybody who listens; that nobody does is no
 * error. */
int kdbus_emit(struct kdbus_connection *bus, const char *path,
	       const char *interface, const char *member, const char *types,
	       ...);

/*
 * 5. Listening
 */

typedef int (*kdbus_signal_handler)(struct kdbus_message *signal,
				    void *userdata);

/**
 * kdbus_subscribe() - hear signals
 * @rule:	a match rule of D-Bus: "type='signal',interface='org.example'".
 *		NameOwnerChanged of "org.freedesktop.DBus" is among them
 * @out_id:	to unsubscribe by; may be NULL
 *
 * The kernel lets through what may match, and @handler gets what does.
 *
 * Return: 0; -EINVAL for a bad rule or no handler, -E2BIG for a long one, others
 * of kdbus.match(7).
 */
int kdbus_subscribe(struct kdbus_connection *bus, const char *rule,
		    kdbus_signal_handler handler, void *userdata,
		    uint64_t *out_id);
/* -ENOENT if there is none. */
int kdbus_unsubscribe(struct kdbus_connection *bus, uint64_t id);

/* Signals that were lost since we connected, because our queue was full. */
uint64_t kdbus_lost(const struct kdbus_connection *bus);

/*
 * 6. Serving
 */

#define KDBUS_ALLOW_REPLACEMENT	1u	/* as D-Bus numbers them */
#define KDBUS_REPLACE_EXISTING	2u
#define KDBUS_DO_NOT_QUEUE	4u

/**
 * kdbus_request_name() - own a name
 *
 * Return: 0 if we own it; 1 if we wait in line for it; -EEXIST if another owns
 * it and we may not wait; -EPERM if the policy says no; -EINVAL.
 */
int kdbus_request_name(struct kdbus_connection *bus, const char *name,
		       unsigned int flags);
/* -ESRCH if nobody owns it, -EADDRINUSE if another does. */
int kdbus_release_name(struct kdbus_connection *bus, const char *name);

#define KDBUS_LATER	1

/**
 * struct kdbus_method - a method
 * @member:	its name; NULL ends a table
 * @in:		signature of its arguments; other calls get an error
 * @out:	signature of its results, for introspection
 * @function:	appends its results to @reply and returns 0, and @reply is sent.
 *		A negative errno is sent as the error of that name; for others
 *		there is kdbus_fail(). After KDBUS_LATER nothing is sent: ref
 *		@call, and kdbus_reply() to it when the time has come
 */
struct kdbus_method {
	const char *member;
	const char *in;
	const char *out;
	int (*function)(struct kdbus_message *call, struct kdbus_message *reply,
			void *userdata);
};

/**
 * kdbus_serve() - answer the methods of an interface of an object
 * @methods:	borrowed until kdbus_unserve() or kdbus_disconnect()
 *
 * Introspection and org.freedesktop.DBus.Peer are answered, too; whatever is
 * not in a table gets the errors of D-Bus.
 *
 * Return: 0; -EEXIST if it is served already; -EINVAL for a bad name, path or
 * signature; -ENOMEM.
 */
int kdbus_serve(struct kdbus_connection *bus, const char *path,
		const char *interface, const struct kdbus_method *methods,
		void *userdata);
/* -ENOENT if it is not served. */
int kdbus_unserve(struct kdbus_connection *bus, const char *path,
		  const char *interface);

/* Makes an error of a method's @reply: "return kdbus_fail(reply, …);". @text may
 * be NULL. 0, or -ENOMEM. */
int kdbus_fail(struct kdbus_message *reply, const char *name, const char *text);

/*
 * 7. Who they are
 */

#define KDBUS_UNKNOWN	UINT32_C(0xffffffff)

/**
 * struct kdbus_credentials - what the kernel knows about a peer
 * @id:		of the connection: ":1." and @id is its unique name
 * @time_ns:	of a message: CLOCK_MONOTONIC when it was sent, or 0
 * @uid, @gid:	effective; KDBUS_UNKNOWN if unknown
 * @pid, @tid:	0 if unknown
 * @comm, @exe:	name and file of the program, or NULL
 * @cgroup, @label: or NULL
 * @capabilities: effective, bit by bit
 *
 * Of a message: as of when it was sent, and from @comm on only for connections
 * with KDBUS_ALL_CREDENTIALS. Of a peer: as of when it connected. Strings that
 * hold what a program says about itself (@comm) prove nothing.
 */
struct kdbus_credentials {
	uint64_t id;
	uint64_t time_ns;
	uint32_t uid;
	uint32_t gid;
	int32_t pid;
	int32_t tid;
	const char *comm;
	const char *exe;
	const char *cgroup;
	const char *label;
	uint64_t capabilities;
};

/* Of whoever sent a message; it goes with the message. NULL if out of memory. */
const struct kdbus_credentials *
kdbus_message_credentials(struct kdbus_message *message);
/* Of whoever owns a name; free it with kdbus_credentials_free(). -ESRCH or
 * -ENXIO if nobody does. */
int kdbus_peer_credentials(struct kdbus_connection *bus, const char *name,
			   struct kdbus_credentials **out);
void kdbus_credentials_free(struct kdbus_credentials *credentials);

/*
 * 8. Endpoints: doors to a bus with a policy of their own, for sandboxes.
 */

enum kdbus_access {
	KDBUS_MAY_SEE	= 0,	/* that the name is owned */
	KDBUS_MAY_TALK	= 1,	/* and talk to whoever owns it, by any name */
	KDBUS_MAY_OWN	= 2,	/* and own it, if the bus's own policy lets it */
};

/**
 * struct kdbus_grant - what connections through an endpoint may do
 * @name:	a name; with ".*" behind it all names below it
 */
struct kdbus_grant {
	const char *name;
	enum kdbus_access access;
};

/**
 * kdbus_make_endpoint() - open a door for those who may do less
 * @address:	of the bus, as for kdbus_connect()
 * @name:	of the door: our uid, '-', and what you like; it is a file beside
 *		the bus's own
 * @grants:	all that is allowed there, and nothing else is
 * @out_address: to connect to, for free()
 *
 * Return: a descriptor: the door is there as long as it is open. -EEXIST,
 * -EINVAL, -EACCES; others of kdbus.endpoint(7).
 */
int kdbus_make_endpoint(const char *address, const char *name,
			const struct kdbus_grant *grants, size_t n_grants,
			char **out_address);

/*
 * 9. sd-bus
 */

/**
 * kdbus_open_sd_bus() - an ordinary sd_bus that is on kdbus
 * @address:	as for kdbus_connect()
 * @out:	started; yours, to be given up with sd_bus_flush_close_unref()
 *
 * Everything of the system's sd-bus works on it: vtables, properties, object
 * managers, introspection, sd_bus_attach_event(). Credentials are what the bus
 * knows; SD_BUS_CREDS_AUGMENT adds nothing to them, since sd-bus reads /proc only
 * where it has opened the socket itself.
 *
 * The sd-bus of today speaks the protocol of sockets and nothing else. So it
 * gets a socket, and a bridge in this process is at its other end. The bridge
 * is a thread: sd_bus_call() waits for its socket and lets nothing else of
 * its own thread run, so somebody else has to answer. The thread blocks all
 * signals, sleeps unless there is a message, and ends with the sd_bus: when its
 * last reference goes what was sent before is delivered, and the thread gone.
 * Nothing of it is there after exec(); after fork() the child must not
 * use the sd_bus (which says -ECHILD), as always with sd-bus.
 *
 * Return: 0; as kdbus_connect(); -EAGAIN or -ENOMEM without a thread; others of
 * sd_bus_start(3).
 */
int kdbus_open_sd_bus(const char *address, struct sd_bus **out);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* LIBKDBUS_H */
