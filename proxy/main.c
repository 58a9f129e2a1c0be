/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kdbus-proxy: options, sockets, privileges, and then the event loop. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/caps.h"
#include "lib/log.h"
#include "lib/util.h"
#include "proxy/client.h"
#include "proxy/door.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"
#include "proxy/reach.h"
#include "proxy/relay.h"
#include "proxy/reload.h"
#include "proxy/resolve.h"
#include "proxy/verdict.h"

#define IDLE_SEC 30

/* sockets to listen on */
#define LISTEN_FDS_MAX 32

/* bytes that are worth a mapping of their own */
#define LARGE_SIZE (128 << 10)

/**
 * struct options - the command line
 * @address:	of the bus, freed at the end if @own_address
 * @dump:	print the daemon's part of the configuration, and end
 * @uid:	whom to become, with @gid; -1 if nobody was named
 * @n_fds:	sockets of the service manager
 * @verdicts:	"UID:NAME", to be judged by the configuration; or NULL
 * @overwrite:	an argument of x's that is to show who the client is
 */
struct options {
	const char *address;
	char *own_address;
	const char *scope;
	const char *machine;
	char **paths;
	uint64_t idle_sec;
	bool stdio;
	bool dump;
	const char *verdicts;
	uid_t uid;
	gid_t gid;
	int n_fds;
	char *overwrite;
};

static const char help[] =
	"kdbus-proxy [OPTION...] [xxxx...]\n"
	"\n"
	"Serves dbus1 clients on the sockets it was started with, each with a\n"
	"connection of its own to a kdbus bus.\n"
	"\n"
	"  --address=ADDRESS     the bus (default: that of the system or user)\n"
	"  --machine=NAME        the system bus of a local container\n"
	"  --scope=system|user   whose configuration applies (default: system)\n"
	"  --configuration=PATH  read this file or directory instead; repeatable\n"
	"  --dump-configuration  print what a daemon has to know of it, and end\n"
	"  --verdicts=UID:NAME   print what a user may do with a name, and end\n"
	"  --user=UID:GID        whom to become (default: a lesser user for root)\n"
	"  --idle-timeout=SEC    exit without clients (default: 30, 0: never)\n"
	"  --stdio               serve one client on standard input and output\n"
	"  --help, --version\n";

/* command line */

static int options_add_path(struct options *options, char *path)
{
	size_t n = kb_strv_length(options->paths);
	char **paths = reallocarray(options->paths, n + 2, sizeof(*paths));

	if (!paths)
		return kb_log_errno(LOG_ERR, ENOMEM, "Options");
	paths[n] = path;
	paths[n + 1] = NULL;
	options->paths = paths;
	return 0;
}

static int options_set_scope(struct options *options, const char *scope)
{
	if (!kb_streq(scope, "system") && !kb_streq(scope, "user")) {
		kb_log(LOG_ERR, "--scope= is system or user, not %s", scope);
		return -EINVAL;
	}
	options->scope = scope;
	return 0;
}

static int options_set_idle(struct options *options, const char *text)
{
	if (kb_parse_u64(text, &options->idle_sec) < 0 ||
	    options->idle_sec > UINT32_MAX) {
		kb_log(LOG_ERR, "--idle-timeout= is in seconds, not %s", text);
		return -EINVAL;
	}
	return 0;
}

static int options_set_user(struct options *options, const char *text)
{
	unsigned int uid, gid;
	char end;

	if (sscanf(text, "%u:%u%c", &uid, &gid, &end) != 2) {
		kb_log(LOG_ERR, "--user= is UID:GID, not %s", text);
		return -EINVAL;
	}
	options->uid = uid;
	options->gid = gid;
	return 0;
}

static bool is_all_x(const char *s)
{
	return *s && s[strspn(s, "x")] == 0;
}

enum {
	OPTION_ADDRESS = 256,
	OPTION_MACHINE,
	OPTION_SCOPE,
	OPTION_CONFIGURATION,
	OPTION_DUMP_CONFIGURATION,
	OPTION_VERDICTS,
	OPTION_USER,
	OPTION_IDLE_TIMEOUT,
	OPTION_STDIO,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "address", required_argument, NULL, OPTION_ADDRESS },
	{ "machine", required_argument, NULL, OPTION_MACHINE },
	{ "scope", required_argument, NULL, OPTION_SCOPE },
	{ "configuration", required_argument, NULL, OPTION_CONFIGURATION },
	{ "dump-configuration", no_argument, NULL, OPTION_DUMP_CONFIGURATION },
	{ "verdicts", required_argument, NULL, OPTION_VERDICTS },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "idle-timeout", required_argument, NULL, OPTION_IDLE_TIMEOUT },
	{ "stdio", no_argument, NULL, OPTION_STDIO },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

/* 0 to go on, 1 if that was all, or an error that was told already */
static int options_take(struct options *options, int option)
{
	switch (option) {
	case OPTION_ADDRESS:
		options->address = optarg;
		return 0;
	case OPTION_MACHINE:
		options->machine = optarg;
		return 0;
	case OPTION_SCOPE:
		return options_set_scope(options, optarg);
	case OPTION_CONFIGURATION:
		return options_add_path(options, optarg);
	case OPTION_DUMP_CONFIGURATION:
		options->dump = true;
		return 0;
	case OPTION_VERDICTS:
		options->verdicts = optarg;
		return 0;
	case OPTION_USER:
		return options_set_user(options, optarg);
	case OPTION_IDLE_TIMEOUT:
		return options_set_idle(options, optarg);
	case OPTION_STDIO:
		options->stdio = true;
		return 0;
	case OPTION_HELP:
		fputs(help, stdout);
		return 1;
	case OPTION_VERSION:
		puts("kdbus-proxy " PACKAGE_VERSION);
		return 1;
	default:
		return -EINVAL;
	}
}

/* Where nothing else was said: a container's bus, the system's or the user's. */
static int options_find_address(struct options *options)
{
	if (options->address)
		return 0;
	if (options->machine) {
		if (asprintf(&options->own_address,
			     "x-machine-kernel:machine=%s;x-machine-unix:machine=%s",
			     options->machine, options->machine) < 0)
			options->own_address = NULL;
	} else if (kb_streq(options->scope, "system")) {
		options->own_address = strdup(KB_ADDRESS_SYSTEM);
	} else {
		options->own_address = kb_address_user(getuid());
	}
	options->address = options->own_address;
	return options->address ? 0 : -ENOMEM;
}

static int options_parse(struct options *options, int argc, char **argv)
{
	int option, r = 0;

	while (r == 0 &&
	       (option = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
		r = options_take(options, option);
	if (r != 0)
		return r;
	if (argc - optind == 1 && is_all_x(argv[optind])) {
		options->overwrite = argv[optind];
	} else if (optind < argc) {
		kb_log(LOG_ERR, "Too many arguments: %s", argv[optind]);
		return -EINVAL;
	}

	return options_find_address(options);
}

/* privileges */

/* The first of these that exists; the last always does. */
static const struct {
	const char *user;
	const char *group;
} lesser[] = {
	{ "kdbus-proxy", "kdbus-proxy" },
	{ "messagebus", "messagebus" },
	{ "65534", "65534" },
};

/*
 * Two descriptors a client, so the limit is raised as far as it goes.  What is
 * kept is the right to make connections in other users' names.
 */
static int become_somebody(const struct options *options)
{
	static const int keep[] = { CAP_IPC_OWNER };
	struct resolver resolver = RESOLVER_INIT;
	uint32_t uid = 0, gid = 0;
	int r = -ESRCH;

	if (options->uid != (uid_t)-1)
		return kb_caps_drop(options->uid, options->gid, keep,
				    KB_ARRAY_SIZE(keep));
	/* who is not in the files is passed over: nothing waits here */
	for (size_t i = 0; r != 0 && i < KB_ARRAY_SIZE(lesser); i++)
		if (resolve_user(&resolver, lesser[i].user, &uid) == 0 &&
		    resolve_group(&resolver, lesser[i].group, &gid) == 0)
			r = 0;
	resolver_deinit(&resolver);
	return r < 0 ? r :
		       kb_caps_drop(uid, gid, keep, KB_ARRAY_SIZE(keep));
}

/* Who becomes somebody else forgets that it is to end with its parent. */
static int become_lesser(const struct options *options)
{
	int signal = 0, r;

	prctl(PR_GET_PDEATHSIG, &signal);
	r = become_somebody(options);
	if (r >= 0 && signal)
		prctl(PR_SET_PDEATHSIG, signal);
	return r;
}

static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * What one does not read fills a large buffer, which goes back when it is freed.
 * Left alone, the C library would learn from the first to keep the next.
 */
static void give_back_large_buffers(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_SIZE);
}

/* signals */

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si,
		     void *userdata)
{
	struct proxy *proxy = userdata;

	(void)source;
	(void)si;
	if (proxy->reload)
		(void)reload_begin(proxy->reload);
	return 0;
}

static int handle_signals(struct proxy *proxy)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);

	/* without a handler of their own they end the loop */
	r = sd_event_add_signal(proxy->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(proxy->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(proxy->event, NULL, SIGHUP, on_hangup,
					proxy);
	return r;
}

/* sockets */

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

static int serve_client(struct proxy *proxy, int in_fd, int out_fd,
			char *overwrite)
{
	struct client *client;
	int r;

	r = set_nonblocking(in_fd);
	if (r == 0)
		r = set_nonblocking(out_fd);
	if (r == 0)
		r = client_new(proxy, in_fd, out_fd, &client);
	if (r < 0)
		return r;
	if (overwrite) {
		size_t size = strlen(overwrite);
		char text[128];

		snprintf(text, sizeof(text), "[PID %d/%s; UID %u]",
			 client->peer.pid, client->peer.comm, client->peer.uid);
		strncpy(overwrite, text, size);
	}
	return pump_start(client);
}

/* The service manager's descriptors listen, or the one is a client already. */
static int serve_sockets(struct proxy *proxy, const struct options *options)
{
	int fds[LISTEN_FDS_MAX], first = SD_LISTEN_FDS_START, r;

	if (options->n_fds == 1 &&
	    sd_is_socket_unix(first, SOCK_STREAM, 0, NULL, 0) > 0)
		return serve_client(proxy, first, first, options->overwrite);
	for (int i = 0; i < options->n_fds; i++) {
		fds[i] = first + i;
		if (sd_is_socket_unix(fds[i], SOCK_STREAM, 1, NULL, 0) <= 0)
			return -ENOTSOCK;
		r = set_nonblocking(fds[i]);
		if (r < 0)
			return r;
	}
	return door_open(proxy, fds, options->n_fds, options->idle_sec);
}

static int serve(struct proxy *proxy, const struct options *options)
{
	int r;

	if (options->stdio)
		r = serve_client(proxy, STDIN_FILENO, STDOUT_FILENO,
				 options->overwrite);
	else
		r = serve_sockets(proxy, options);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "Cannot serve");
	sd_notify(0, "READY=1");
	return sd_event_loop(proxy->event);
}

static int run_proxy(struct proxy *proxy, const struct options *options)
{
	int r;

	r = proxy_init(proxy);
	if (r == -EPERM)
		kb_log(LOG_ERR,
		       "On this bus connections cannot be made for others: CAP_IPC_OWNER or being its owner is needed");
	else if (r < 0)
		kb_log_errno(LOG_ERR, r, "Cannot connect to %s",
			     proxy->address);
	else
		r = serve(proxy, options);
	proxy_deinit(proxy);
	return r;
}

/*
 * The other bus believes that we are its client, so whoever is served must be
 * the same user: our caller, or a client who is.
 */
static int run_relay(sd_event *event, const struct options *options, int bus_fd)
{
	int in_fd = STDIN_FILENO, out_fd = STDOUT_FILENO, r = 0;
	struct relay *relay = NULL;
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (!options->stdio) {
		in_fd = out_fd = SD_LISTEN_FDS_START;
		if (getsockopt(in_fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
			return kb_log_errno(LOG_ERR, errno, "Who is the client");
		if (sd_is_socket_unix(in_fd, SOCK_STREAM, 0, NULL, 0) <= 0 ||
		    cred.uid != geteuid()) {
			kb_log(LOG_ERR,
			       "A classic bus can be reached with --stdio, or by one connected client of the same user");
			return -EPERM;
		}
	}
	if (r == 0)
		r = set_nonblocking(in_fd);
	if (r == 0)
		r = set_nonblocking(out_fd);
	if (r == 0)
		r = set_nonblocking(bus_fd);
	if (r == 0)
		r = relay_new(event, in_fd, out_fd, bus_fd, &relay);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "Cannot serve");
	sd_notify(0, "READY=1");
	r = sd_event_loop(event);
	relay_free(relay);
	return r;
}

static bool is_for_all(const struct options *options)
{
	return !options->stdio && geteuid() == 0 &&
	       kb_streq(options->scope, "system");
}

static int run(const struct options *options, struct reach *reach)
{
	struct proxy proxy = {
		.address = reach->address,
		.scope = options->scope,
		.paths = options->paths,
		.trusts = options->stdio,
	};
	int r;

	if (reach->address && is_for_all(options)) {
		r = become_lesser(options);
		if (r < 0)
			return kb_log_errno(LOG_ERR, r,
					    "Cannot drop privileges");
	}
	r = sd_event_default(&proxy.event);
	if (r >= 0)
		r = handle_signals(&proxy);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "Cannot make an event loop");
	sd_event_set_watchdog(proxy.event, true);
	r = reach->address ? run_proxy(&proxy, options) :
			     run_relay(proxy.event, options, TAKE_FD(reach->fd));
	sd_event_unref(proxy.event);
	return r;
}

static int dump_configuration(const struct options *options)
{
	struct config *config;
	int r;

	/* whom it is for is nothing a daemon has to know */
	r = config_read(options->scope, options->paths, getuid(), &config);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "Configuration");
	r = config_dump(config);
	config_free(config);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .scope = "system",
				   .idle_sec = IDLE_SEC,
				   .uid = -1 };
	struct reach reach;
	int r;

	kb_log_open("kdbus-proxy");
	r = options_parse(&options, argc, argv);
	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (options.verdicts)
		return verdict_run(options.scope, options.paths,
				   options.verdicts) < 0 ? EXIT_FAILURE :
							   EXIT_SUCCESS;
	if (options.dump)
		return dump_configuration(&options) < 0 ? EXIT_FAILURE :
							  EXIT_SUCCESS;

	options.n_fds = sd_listen_fds(1);
	if (!options.stdio &&
	    (options.n_fds < 1 || options.n_fds > LISTEN_FDS_MAX)) {
		kb_log(LOG_ERR,
		       "There must be sockets to serve, no more than %d, or --stdio",
		       LISTEN_FDS_MAX);
		return EXIT_FAILURE;
	}
	raise_limits();
	give_back_large_buffers();
	r = reach_bus(options.address, &reach);
	if (r < 0)
		kb_log_errno(LOG_ERR, r, "Cannot reach %s", options.address);
	else
		r = run(&options, &reach);
	reach_deinit(&reach);
	free(options.paths);
	free(options.own_address);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
