/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON for the rest of vpcisim: the only file that includes jansson.h is
 * json.c.  Reading is by cursors that know their place, so that every refusal
 * names file and JSON path; writing builds a tree and prints it with members
 * in insertion order, so that equal content is equal bytes.
 */
#ifndef VS_BASE_JSON_H
#define VS_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

/* ------------------------------------------------------------------ reading */

struct vs_json_doc; /* a parsed text; owns every value and string in it */

enum vs_json_kind {
    VS_JSON_ABSENT, /* no such member: reading it fails with "expected ..., found nothing" */
    VS_JSON_NULL,
    VS_JSON_BOOLEAN,
    VS_JSON_NUMBER,
    VS_JSON_STRING,
    VS_JSON_ARRAY,
    VS_JSON_OBJECT
};

/*
 * A place in a document.  Made on the stack by the functions below; valid
 * while its document and its parent cursor are.
 */
struct vs_json {
    const struct vs_json_doc *doc;
    const struct vs_json *parent; /* NULL at the root */
    void *node;                   /* NULL where absent */
    const char *key;              /* in an object, else NULL */
    size_t index;                 /* in an array */
};

/* Parse text of length bytes.  source names it in errors.  Duplicate keys and
 * trailing text are errors (VS_ERR_INPUT with line).  Free with vs_json_doc_free. */
int vs_json_parse(const char *text, size_t length, const char *source, struct vs_json_doc **doc,
                  struct vs_error *error);
/* The same from a file of at most 64 MiB; VS_ERR_HOST when it cannot be read. */
int vs_json_parse_file(const char *path, struct vs_json_doc **doc, struct vs_error *error);
void vs_json_doc_free(struct vs_json_doc *doc);

struct vs_json vs_json_root(const struct vs_json_doc *doc);
enum vs_json_kind vs_json_kind(const struct vs_json *at);

/* A member by name; absent when at is no object or has none. */
struct vs_json vs_json_member(const struct vs_json *at, const char *key);
/* Number of items of an array or members of an object, else 0. */
size_t vs_json_count(const struct vs_json *at);
struct vs_json vs_json_item(const struct vs_json *at, size_t index);
/* Members in document order: index 0 .. count-1; child.key is the name. */
struct vs_json vs_json_member_at(const struct vs_json *at, size_t index);

/* Typed reads; each fails with path, expected and found (VS_ERR_INPUT).
 * Strings are owned by the document. */
int vs_json_string(const struct vs_json *at, const char **value, struct vs_error *error);
int vs_json_u64(const struct vs_json *at, uint64_t min, uint64_t max, uint64_t *value,
                struct vs_error *error);
int vs_json_double(const struct vs_json *at, double min, double max, double *value,
                   struct vs_error *error);
int vs_json_boolean(const struct vs_json *at, bool *value, struct vs_error *error);
int vs_json_expect(const struct vs_json *at, enum vs_json_kind kind, struct vs_error *error);

/* Refuse members whose name is not in the NULL-terminated list, naming the
 * nearest allowed one. */
int vs_json_only(const struct vs_json *at, const char *const *allowed, struct vs_error *error);

/* A refusal at this place: "FILE: operations.read[3]: text". Returns VS_ERR_INPUT. */
int vs_json_refuse(const struct vs_json *at, struct vs_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The path alone ("operations.read[3]", "(root)") into buffer.  Returns buffer. */
char *vs_json_path(const struct vs_json *at, char *buffer, size_t size_bytes);

/* ------------------------------------------------------------------ writing */

struct vs_json_out; /* a tree under construction; errors stick and show at the end */

/* A new object (or array) at the root; NULL when out of memory: all calls below
 * accept NULL, so that a caller checks once, at vs_json_print or vs_json_text. */
struct vs_json_out *vs_json_new_object(void);
struct vs_json_out *vs_json_new_array(void);
void vs_json_out_free(struct vs_json_out *out);

/* key is NULL inside an array.  Doubles print with 17 significant digits at
 * most and never depend on the locale; NaN and infinities become null.  Integers
 * print exactly over all of uint64_t, but this reader (as many others) refuses
 * those above INT64_MAX.  A NULL string becomes null, bytes that are not UTF-8
 * become U+FFFD.  A key given twice makes the tree incomplete. */
void vs_json_add_string(struct vs_json_out *out, const char *key, const char *value);
void vs_json_add_u64(struct vs_json_out *out, const char *key, uint64_t value);
void vs_json_add_i64(struct vs_json_out *out, const char *key, int64_t value);
void vs_json_add_double(struct vs_json_out *out, const char *key, double value);
void vs_json_add_boolean(struct vs_json_out *out, const char *key, bool value);
void vs_json_add_null(struct vs_json_out *out, const char *key);
/* Takes ownership of child (which may be NULL after an allocation failure). */
void vs_json_add(struct vs_json_out *out, const char *key, struct vs_json_out *child);
/* A deep copy of a parsed value as child. */
void vs_json_add_copy(struct vs_json_out *out, const char *key, const struct vs_json *value);

/* Print with two-space indentation and a final newline.  VS_ERR_MEMORY when the
 * tree is incomplete, VS_ERR_HOST when the stream fails. */
int vs_json_print(const struct vs_json_out *out, FILE *stream, struct vs_error *error);
/* The same on one line, without a newline, as a string that the caller frees. */
int vs_json_text(const struct vs_json_out *out, char **text, struct vs_error *error);
/* The same as vs_json_text for a parsed value. */
int vs_json_value_text(const struct vs_json *at, char **text, struct vs_error *error);

#endif
