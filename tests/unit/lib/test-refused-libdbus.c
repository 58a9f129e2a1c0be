// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is no message to us is none to libdbus either, and the other way round:
 * the known mistakes, and random ones in random messages.
 *
 * KDBUS_TEST_SEED is another seed, KDBUS_TEST_MESSAGES another number of random
 * messages; each is damaged a few times.
 */
#include <dbus/dbus.h>
#include <errno.h>

#include "lib/marshal.h"
#include "tests/bad-messages.h"
#include "tests/unit/lib/glib-message.h"
#include "tests/unit/lib/random.h"

#define MESSAGES	20000
#define DAMAGES		8

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/*
 * Decoded and read to the end, from memory of the exact size.
 *
 * @any_index:	an 'h' may have any value, as others see it who leave it to the
 *		receiver whether there are so many descriptors
 */
static bool we_accept(const uint8_t *bytes, size_t size, bool any_index)
{
	struct kb_message *message = NULL;
	uint8_t *copy = malloc(size);
	int r;

	memcpy(copy, bytes, size);
	r = kb_message_decode_dbus1(copy, size, NULL, 0, &message);
	if (r >= 0) {
		message->n_fds = any_index ? UINT32_MAX : 0;
		r = kb_message_validate(message);
		message->n_fds = 0;
	}
	kb_message_unref(message);
	free(copy);
	/* descriptors that did not come are a matter of waiting, for a bus */
	cr_assert(r == 0 || r == -EBADMSG || r == -EAGAIN, "%d", r);
	return r == 0;
}

static bool libdbus_accepts(const uint8_t *bytes, size_t size)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *message = dbus_message_demarshal((const char *)bytes, size, &error);

	dbus_error_free(&error);
	if (!message)
		return false;
	dbus_message_unref(message);
	return true;
}

/*
 * The header says how long the message is: our number, or 0 for one that it
 * cannot be. Whoever reads a stream asks this first.
 */
static size_t says(const uint8_t *bytes)
{
	int64_t ours = kb_message_size_dbus1(bytes);

	return ours < 0 ? 0 : ours;
}

static void print_bytes(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		fprintf(stderr, "%s%02x", i % 32 ? "" : "\n# ", bytes[i]);
	fprintf(stderr, "\n");
}

Test(refused_libdbus, known_mistakes_are_mistakes_to_both)
{
	struct bad_message m;
	size_t i;

	for (i = 0; bad_message_make(i, &m); i++) {
		bool ours = says(m.bytes) == m.size && we_accept(m.bytes, m.size, false);
		bool theirs = libdbus_accepts(m.bytes, m.size);

		cr_expect_eq(ours, m.good, "%s: we say %d", m.what, ours);
		cr_expect_eq(theirs, m.good || m.stricter, "%s: libdbus says %d", m.what, theirs);
	}
	fprintf(stderr, "# %zu known mistakes and near misses\n", i);
}

/* How much is wrong differs: one bit, one byte, a number, some bytes. */
static void damage(uint8_t *bytes, const uint8_t *before, size_t size)
{
	/* the header is small and bodies are large, so it needs more */
	size_t within = test_next(2) && size > 96 ? 96 : size;
	size_t at = test_next(within);

	switch (test_next(5)) {
	case 0:
		bytes[at] ^= 1 << test_next(8);
		break;
	case 1:
		bytes[at] = test_next(256);
		break;
	case 2:
		bytes[at] += test_next(2) ? 1 : -1;
		break;
	case 3:
		bytes[at] = 0;
		break;
	default:
		for (unsigned int n = 1 + test_next(4); n-- && at < size; at++)
			bytes[at] = test_next(3) ? test_next(256) : (uint8_t)"sogvaybu(){}"[test_next(12)];
		break;
	}
	/* no value is an index for us that is none for others, but for -1 */
	for (at = 0; at < size; at++)
		if (bytes[at] == 'h' && before[at] != 'h')
			bytes[at] = 'i';
}

static unsigned int compare_damaged(const struct glib_message *m)
{
	g_autofree uint8_t *bytes = g_memdup2(m->blob, m->size);
	unsigned int n_refused = 0;

	for (int i = 0; i < DAMAGES; i++) {
		bool ours, theirs;

		damage(bytes, m->blob, m->size);
		/* of another length it is for a stream to wait or give up */
		if (says(bytes) != m->size)
			memcpy(bytes, m->blob, m->size);
		ours = we_accept(bytes, m->size, true);
		theirs = libdbus_accepts(bytes, m->size);
		if (ours != theirs)
			print_bytes(bytes, m->size);
		cr_assert_eq(ours, theirs, "seed 0x%llx: we say %d", (unsigned long long)test_seed, ours);
		n_refused += !ours;
		if (!ours)
			memcpy(bytes, m->blob, m->size);
	}
	return n_refused;
}

Test(refused_libdbus, random_mistakes_are_mistakes_to_both, .timeout = 1800)
{
	uint64_t seed = number_from("KDBUS_TEST_SEED", 20150708);
	uint64_t n = number_from("KDBUS_TEST_MESSAGES", MESSAGES);
	unsigned int n_refused = 0;

	for (uint64_t i = 0; i < n; i++) {
		struct glib_message m;

		test_seed = seed + i * UINT64_C(0x9e3779b97f4a7c15);
		glib_message_init(&m, false);
		n_refused += compare_damaged(&m);
		glib_message_deinit(&m);
	}
	fprintf(stderr, "# KDBUS_TEST_SEED=%llu: %llu damaged messages, %u refused by both\n", (unsigned long long)seed,
		(unsigned long long)n * DAMAGES, n_refused);
	cr_expect_gt(n_refused, n);
	cr_expect_lt(n_refused, n * DAMAGES);
}
