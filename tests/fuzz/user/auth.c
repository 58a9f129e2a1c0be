// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SASL: the answers do not depend on how the bytes were cut, nobody is let in
 * who did not say BEGIN after OK, and OK is for the peer alone.
 *
 * input: options, what the client says
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "proxy/auth.h"
#include "tests/fuzz/user/fuzz.h"

#define GUID "0123456789abcdef0123456789abcdef"
#define UID 1000

/**
 * struct talk - a conversation, and how it ended
 */
struct talk {
	struct auth auth;
	struct kb_buffer said;
	size_t used;
	int end;
	bool was_accepted;
};

/* Is it the peer's number, as text, in hex? Zeroes in front make no difference. */
static bool is_peer(const char *hex)
{
	char text[AUTH_LINE_MAX / 2], *end;
	unsigned int byte;
	size_t n = 0;

	for (; hex[0] && hex[1] && n < sizeof(text) - 1; hex += 2)
		if (sscanf(hex, "%2x", &byte) == 1)
			text[n++] = byte;
	text[n] = '\0';
	return !*hex && n && strspn(text, "0123456789") == n &&
	       strtoull(text, &end, 10) == UID;
}

/* What may stand before an OK, of those who are not trusted anyway. */
static bool names_peer(const uint8_t *data, size_t size)
{
	char line[AUTH_LINE_MAX + 1] = "";
	const char *identity;
	size_t n = size - 2;

	while (n && data[n - 1] && data[n - 1] != '\n')
		n--;
	must(size - 2 - n < sizeof(line));
	memcpy(line, data + n, size - 2 - n);
	identity = kb_startswith(line, "AUTH EXTERNAL ");
	if (identity)
		return is_peer(identity);
	identity = kb_startswith(line, "DATA");
	return identity &&
	       (!*identity || kb_streq(identity, " ") || is_peer(identity + 1));
}

static void check_answer(struct talk *talk, const char *answer,
			 const uint8_t *data)
{
	must(strlen(answer) > 2 &&
	     kb_streq(answer + strlen(answer) - 2, "\r\n"));
	if (kb_startswith(answer, "OK ")) {
		must(kb_streq(answer, "OK " GUID "\r\n"));
		must(talk->auth.trust_anyone || names_peer(data, talk->used));
		talk->was_accepted = true;
	} else if (kb_startswith(answer, "REJECTED")) {
		talk->was_accepted = false;
	}
	must(kb_buffer_append_string(&talk->said, answer) == 0);
}

static void talk(struct talk *talk, uint8_t options, const uint8_t *data,
		 size_t size, size_t cut)
{
	*talk = (struct talk){ .end = AUTH_MORE };
	auth_init(&talk->auth, GUID, UID);
	talk->auth.trust_anyone = options & 1;
	talk->auth.may_pass_fds = options & 2;
	while (talk->used < size &&
	       (talk->end == AUTH_MORE || talk->end == AUTH_ANSWER)) {
		size_t n = size - talk->used, used;
		const char *answer;

		n = n > cut ? cut : n;
		talk->end = auth_feed(&talk->auth,
				      (const char *)data + talk->used, n, &used,
				      &answer);
		must(used <= n && (talk->end != AUTH_MORE || used == n));
		talk->used += used;
		if (talk->end == AUTH_ANSWER)
			check_answer(talk, answer, data);
	}
	must(talk->end != AUTH_DONE || talk->was_accepted);
	must(!talk->auth.passes_fds || talk->auth.may_pass_fds);
	must(talk->used <= AUTH_TOTAL_MAX + AUTH_LINE_MAX);
}

/* Having more to say, or less, makes no difference. */
static int ended(const struct talk *talk)
{
	return talk->end == AUTH_ANSWER ? AUTH_MORE : talk->end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint8_t options = fuzz_byte(&input);
	struct talk whole, cut;

	talk(&whole, options, input.data, input.size, SIZE_MAX);
	talk(&cut, options, input.data, input.size, 1 + (options >> 2) % 8);
	must(ended(&whole) == ended(&cut));
	must(whole.said.size == cut.said.size);
	must(!whole.said.size ||
	     !memcmp(whole.said.data, cut.said.data, whole.said.size));
	must(whole.auth.passes_fds == cut.auth.passes_fds);
	/* the rest is not ours any more */
	if (whole.end == AUTH_DONE)
		must(whole.used == cut.used);
	kb_buffer_deinit(&whole.said);
	kb_buffer_deinit(&cut.said);
	return 0;
}
