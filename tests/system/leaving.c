// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A service that leaves after every few calls, and clients that never stop
 * calling it: is any call lost, is any carried out twice?
 *
 * usage: leaving serve NAME FILE          each call carried out is a line there
 *        leaving crash NAME              falls over the first call, unread
 *        leaving call NAME FILE CLIENTS CALLS
 *
 * The last prints results without numbers, as tests/system/util.sh takes
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/conn.h"
#include "lib/error.h"

#define PATH		"/org/kdbus/Leaving"
#define INTERFACE	"org.kdbus.Leaving"
#define FEW		15		/* calls at most until it leaves */
#define PATIENCE_NS	(120 * KB_NSEC_PER_SEC)

/* the service */

struct service {
	struct kb_conn *conn;
	int file;
	unsigned int n_calls;
};

static int carry_out(struct kb_message *call, void *userdata)
{
	struct service *service = userdata;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	uint32_t client, number;
	char line[32];
	int n, r;

	if (call->type != KB_METHOD_CALL)
		return 0;
	r = kb_message_read(call, "uu", &client, &number);
	if (r < 0)
		return r;
	/* one write each, so that lines of two instances do not mix */
	n = snprintf(line, sizeof(line), "%u %u\n", client, number);
	if (write(service->file, line, n) != n)
		return -EIO;
	service->n_calls++;
	r = kb_message_new_return(call, &reply);
	if (r >= 0)
		r = kb_message_append(reply, "u", number);
	return r < 0 ? r : kb_conn_reply(service->conn, call, reply);
}

static int serve_few(struct service *service, const char *name)
{
	unsigned int few = 1 + getpid() % FEW;
	int r;

	r = kb_conn_name_acquire(service->conn, name, 0, NULL);
	while (r >= 0 && service->n_calls < few) {
		_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;

		r = kb_conn_recv(service->conn, &message);
		if (r >= 0) {
			r = carry_out(message, service);
		} else if (r == -EAGAIN) {
			r = kb_conn_wait(service->conn, 10 * KB_NSEC_PER_SEC);
			if (!r)
				break;
		}
	}
	return r < 0 ? r : kb_conn_exit_on_idle(service->conn, name, carry_out, service);
}

static int serve(const char *name, const char *path)
{
	struct service service = {};
	int r;

	service.file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (service.file < 0)
		return -errno;
	r = kb_conn_open(KB_ADDRESS_SYSTEM, NULL, &service.conn);
	/* calls that do not stop coming: once more */
	do
		r = r < 0 && r != -EBUSY ? r : serve_few(&service, name);
	while (r == -EBUSY);
	if (r < 0)
		fprintf(stderr, "leaving: %s\n", strerror(-r));
	return r;
}

static void crash(const char *name)
{
	struct kb_conn *conn;

	if (kb_conn_open(KB_ADDRESS_SYSTEM, NULL, &conn) < 0 ||
	    kb_conn_name_acquire(conn, name, 0, NULL) < 0)
		exit(1);
	kb_conn_wait(conn, 10 * KB_NSEC_PER_SEC);
	abort();
}

/* clients */

static int call_one(struct kb_conn *conn, const char *name, uint32_t client, uint32_t number)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	struct kb_message *call = NULL;
	uint32_t answer = 0;
	int r;

	r = kb_message_new_call(name, PATH, INTERFACE, "Count", &call);
	if (r >= 0)
		r = kb_message_append(call, "uu", client, number);
	if (r >= 0)
		r = kb_conn_call(conn, call, PATIENCE_NS, &reply);
	kb_message_unref(call);
	if (r < 0) {
		printf("# call %u of client %u: %s\n", number, client, strerror(-r));
		return r;
	}
	if (reply->type == KB_ERROR)
		printf("# call %u of client %u: %s\n", number, client, reply->error_name);
	else
		kb_message_read(reply, "u", &answer);
	return answer == number ? 0 : -EBADMSG;
}

/* Returns 0 if each call had one answer, the right one. */
static int client(const char *name, uint32_t id, uint32_t n_calls)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	uint32_t i;
	int r;

	r = kb_conn_open(KB_ADDRESS_SYSTEM, NULL, &conn);
	for (i = 1; i <= n_calls && r >= 0; i++)
		r = call_one(conn, name, id, i);
	if (r >= 0 && kb_conn_wait(conn, KB_NSEC_PER_SEC) != 0) {
		printf("# client %u got more than it asked for\n", id);
		r = -EBADMSG;
	}
	fflush(stdout);
	return r;
}

static void compare(const char *path, uint32_t n_clients, uint32_t n_calls)
{
	unsigned int *seen = calloc((size_t)n_clients * (n_calls + 1), sizeof(*seen));
	unsigned int lost = 0, twice = 0, strange = 0;
	uint32_t id, number;
	FILE *file = fopen(path, "re");

	while (file && fscanf(file, "%u %u", &id, &number) == 2) {
		if (id < n_clients && number && number <= n_calls)
			seen[id * (n_calls + 1) + number]++;
		else
			strange++;
	}
	for (id = 0; id < n_clients; id++)
		for (number = 1; number <= n_calls; number++) {
			lost += !seen[id * (n_calls + 1) + number];
			twice += seen[id * (n_calls + 1) + number] > 1;
		}
	printf("%s - of %u calls %u were lost, %u carried out twice, %u never made\n",
	       lost || twice || strange ? "not ok" : "ok", n_clients * n_calls, lost, twice,
	       strange);
	if (file)
		fclose(file);
	free(seen);
}

static void call(const char *name, const char *path, uint32_t n_clients, uint32_t n_calls)
{
	uint32_t i, failed = 0;
	int status;

	for (i = 0; i < n_clients; i++)
		if (fork() == 0)
			_exit(client(name, i, n_calls) < 0);
	while (wait(&status) > 0)
		failed += status != 0;
	printf("%s - each of %u clients has one answer to each of its calls\n",
	       failed ? "not ok" : "ok", n_clients);
	compare(path, n_clients, n_calls);
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	if (argc == 4 && kb_streq(argv[1], "serve"))
		return serve(argv[2], argv[3]) < 0;
	if (argc == 3 && kb_streq(argv[1], "crash"))
		crash(argv[2]);
	if (argc != 6 || !kb_streq(argv[1], "call"))
		return 2;
	call(argv[2], argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
	return 0;
}
