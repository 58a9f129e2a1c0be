// SPDX-License-Identifier: LGPL-2.1-or-later
/* Our GVariant compared with GLib's, where that is installed. */
#include <dlfcn.h>
#include <unistd.h>

#include "lib/gvariant.h"
#include "tests/unit/lib/random.h"
#include "tests/unit/lib/util.h"

/*
 * The few functions needed, found at run time: nothing of ours is built
 * against GLib, and its headers need not be there.
 */
static struct {
	void *(*type_new)(const char *text);
	void (*type_free)(void *type);
	void *(*from_data)(const void *type, const void *data, size_t size,
			   int trusted, void (*notify)(void *), void *user);
	void *(*ref_sink)(void *variant);
	void (*unref)(void *variant);
	int (*is_normal)(void *variant);
	char *(*print)(void *variant, int annotate);
	void *(*parse)(const void *type, const char *text, const char *limit,
		       const char **end, void **error);
	const void *(*data)(void *variant);
	size_t (*size)(void *variant);
	void *(*byteswap)(void *variant);
	void (*free)(void *memory);
} glib;

static void load(void)
{
	static const struct {
		void *slot;
		const char *name;
	} symbols[] = {
		{ &glib.type_new, "g_variant_type_new" },
		{ &glib.type_free, "g_variant_type_free" },
		{ &glib.from_data, "g_variant_new_from_data" },
		{ &glib.ref_sink, "g_variant_ref_sink" },
		{ &glib.unref, "g_variant_unref" },
		{ &glib.is_normal, "g_variant_is_normal_form" },
		{ &glib.print, "g_variant_print" },
		{ &glib.parse, "g_variant_parse" },
		{ &glib.data, "g_variant_get_data" },
		{ &glib.size, "g_variant_get_size" },
		{ &glib.byteswap, "g_variant_byteswap" },
		{ &glib.free, "g_free" },
	};
	void *library = dlopen("libglib-2.0.so.0", RTLD_NOW);

	if (!library)
		cr_skip_test("needs libglib-2.0");
	for (size_t i = 0; i < KB_ARRAY_SIZE(symbols); i++) {
		void *function = dlsym(library, symbols[i].name);

		cr_assert_not_null(function);
		memcpy(symbols[i].slot, &function, sizeof(function));
	}
	alarm(300);
}

/* A body as GLib sees it; the caller frees @out_type. */
static void *view(const char *signature, const void *data, size_t size,
		  void **out_type)
{
	char text[KB_SIGNATURE_MAX + 3];

	snprintf(text, sizeof(text), "(%s)", signature);
	*out_type = glib.type_new(text);
	return glib.ref_sink(glib.from_data(*out_type, data, size, 0, NULL,
					    NULL));
}

/* GLib wants its data aligned. */
static void *aligned(const void *data, size_t size)
{
	void *copy = aligned_alloc(16, kb_align_to(size + 1, 16));

	memcpy(copy, data, size);
	return copy;
}

Test(gvariant_glib, what_we_write_glib_would_write, .init = load)
{
	struct kb_buffer body = {};
	char signature[KB_SIGNATURE_MAX + 1];

	test_seed = 11;
	for (int i = 0; i < 10000; i++) {
		void *type, *ours, *theirs, *error = NULL, *copy;
		char *text;

		test_random_body(KB_GVARIANT, &body, signature);
		copy = aligned(body.data, body.size);
		ours = view(signature, copy, body.size, &type);
		cr_assert(glib.is_normal(ours), "%s", signature);

		/* doubles do not survive as text bit by bit */
		if (!strpbrk(signature, "dv")) {
			text = glib.print(ours, 1);
			theirs = glib.parse(type, text, NULL, NULL, &error);
			cr_assert_not_null(theirs, "%s", text);
			test_assert_bytes(body.data, body.size,
					  glib.data(theirs),
					  glib.size(theirs), text);
			glib.unref(theirs);
			glib.free(text);
		}
		glib.unref(ours);
		glib.type_free(type);
		free(copy);
	}
	kb_buffer_deinit(&body);
}

Test(gvariant_glib, both_read_the_other_byte_order_alike, .init = load)
{
	struct kb_buffer body = {}, back = {};
	char signature[KB_SIGNATURE_MAX + 1];

	test_seed = 12;
	for (int i = 0; i < 10000; i++) {
		void *type, *ours, *swapped, *copy;

		test_random_body(KB_GVARIANT, &body, signature);
		copy = aligned(body.data, body.size);
		ours = view(signature, copy, body.size, &type);
		swapped = glib.byteswap(ours);
		back.size = 0;
		cr_assert_eq(test_convert(KB_GVARIANT, true, signature,
					  glib.data(swapped) ?: "",
					  glib.size(swapped), KB_GVARIANT,
					  &back), 0, "%s", signature);
		test_assert_bytes(back.data, back.size, body.data, body.size,
				  signature);
		glib.unref(swapped);
		glib.unref(ours);
		glib.type_free(type);
		free(copy);
	}
	kb_buffer_deinit(&body);
	kb_buffer_deinit(&back);
}

Test(gvariant_glib, both_call_the_same_bytes_normal, .init = load)
{
	struct kb_buffer body = {};
	char signature[KB_SIGNATURE_MAX + 1];
	unsigned int n_normal = 0;

	test_seed = 13;
	for (int i = 0; i < 60000; i++) {
		void *type, *ours, *copy;
		bool accepted;
		size_t size;

		test_random_body(KB_GVARIANT, &body, signature);
		size = body.size;
		if (!size)
			continue;
		for (unsigned int n = 1 + test_next(3); n--;)
			body.data[test_next(size)] = test_next(3) ?
				test_next(256) : test_next(5);
		if (!test_next(4))
			size = 1 + test_next(size);
		/* descriptors have a range that GLib does not know of, and
		 * signatures and variants may hold what is no type of D-Bus */
		if (strpbrk(signature, "ghv"))
			continue;

		copy = aligned(body.data, size);
		ours = view(signature, copy, size, &type);
		accepted = !test_check(KB_GVARIANT, false, signature, copy,
				       size);
		cr_assert_eq(accepted, !!glib.is_normal(ours),
			     "%s: accepted %d", signature, accepted);
		n_normal += accepted;
		glib.unref(ours);
		glib.type_free(type);
		free(copy);
	}
	cr_expect_gt(n_normal, 100);
	kb_buffer_deinit(&body);
}
