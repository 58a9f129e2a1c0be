/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an operation, in the grammar's terms, to the bytes of its command. */
#pragma once

#include "tests/fuzz/program.h"

/* @call is large: keep it. */
void build_call(struct call *call, const struct op *op);
