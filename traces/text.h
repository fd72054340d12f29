/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as text: for people, as CSV and as JSON lines (FORMAT.md, "Text forms").
 * Numbers in CSV and JSON lines read back exactly with `vpci-trace import`. */
#ifndef VS_TRACE_TEXT_H
#define VS_TRACE_TEXT_H

#include <stdio.h>

#include "record.h"

/* A record's longest line in any form, with newline and terminator. */
#define VS_RECORD_TEXT 512

enum vs_text_form { VS_TEXT_PEOPLE, VS_TEXT_CSV, VS_TEXT_JSONL };

/* The line that stands before the records, with newline; "" where the form has none. */
const char *vs_text_header(enum vs_text_form form);
/* The record's line into buffer[VS_RECORD_TEXT], with newline.  Returns its length. */
size_t vs_record_text(const struct vs_record *record, enum vs_text_form form, char *buffer);

#endif
