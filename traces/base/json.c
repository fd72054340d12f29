/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading JSON: a wrapper around jansson, and the only file that includes it.
 * jansson forgets positions after the parse, so a refusal of a value names its
 * path ("operations.read[3]"), composed from the chain of cursors.
 */
#include "json.h"

#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json_tree.h"
#include "units.h"

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define PATH_MAX_BYTES 256

struct vs_json_doc {
    json_t *root;
    char *source;
};

/* ------------------------------------------------------------------ parsing */

static int parse_error(const json_error_t *problem, size_t length, const char *source,
                       struct vs_error *error)
{
    if (json_error_code(problem) == json_error_out_of_memory)
        return vs_error_set_at(error, VS_ERR_MEMORY, source, VS_NOWHERE, VS_NOWHERE,
                               "out of memory for a JSON text of %zu bytes", length);
    if (json_error_code(problem) == json_error_numeric_overflow)
        return vs_error_set_at(error, VS_ERR_INPUT, source, VS_NOWHERE, (uint64_t)problem->line,
                               "column %d: a number that is too large: %s", problem->column,
                               problem->text);
    return vs_error_set_at(
        error, VS_ERR_INPUT, source, VS_NOWHERE, problem->line > 0 ? (uint64_t)problem->line : 1,
        "column %d: not valid JSON: %s", problem->column > 0 ? problem->column : 1, problem->text);
}

int vs_json_parse(const char *text, size_t length, const char *source, struct vs_json_doc **doc,
                  struct vs_error *error)
{
    json_error_t problem;
    struct vs_json_doc *made = NULL;
    int ret = VS_ERR_MEMORY;

    *doc = NULL;
    if (length == 0)
        return vs_error_set_at(error, VS_ERR_INPUT, source, VS_NOWHERE, 1,
                               "expected JSON, found an empty text");
    made = calloc(1, sizeof(*made));
    if (made)
        made->source = strdup(source ? source : "");
    if (!made || !made->source) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    made->root = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (!made->root) {
        ret = parse_error(&problem, length, source, error);
        goto out;
    }
    *doc = made;
    made = NULL;
    ret = 0;
out:
    vs_json_doc_free(made);
    return ret;
}

int vs_json_parse_file(const char *path, struct vs_json_doc **doc, struct vs_error *error)
{
    char *text = NULL;
    size_t length = 0;

    *doc = NULL;
    int ret = vs_file_read(path, FILE_MAX_BYTES, &text, &length, error);

    if (ret == 0)
        ret = vs_json_parse(text, length, path, doc, error);
    free(text);
    return ret;
}

void vs_json_doc_free(struct vs_json_doc *doc)
{
    if (!doc)
        return;
    json_decref(doc->root);
    free(doc->source);
    free(doc);
}

/* ------------------------------------------------------------------ walking */

struct vs_json vs_json_root(const struct vs_json_doc *doc)
{
    return (struct vs_json){.doc = doc, .node = doc->root};
}

static enum vs_json_kind kind_of(const json_t *node)
{
    if (!node)
        return VS_JSON_ABSENT;
    switch (json_typeof(node)) {
    case JSON_OBJECT:
        return VS_JSON_OBJECT;
    case JSON_ARRAY:
        return VS_JSON_ARRAY;
    case JSON_STRING:
        return VS_JSON_STRING;
    case JSON_INTEGER:
    case JSON_REAL:
        return VS_JSON_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return VS_JSON_BOOLEAN;
    case JSON_NULL:
        return VS_JSON_NULL;
    }
    return VS_JSON_ABSENT;
}

enum vs_json_kind vs_json_kind(const struct vs_json *at)
{
    return kind_of(at->node);
}

struct vs_json vs_json_member(const struct vs_json *at, const char *key)
{
    return (struct vs_json){
        .doc = at->doc, .parent = at, .node = json_object_get(at->node, key), .key = key};
}

size_t vs_json_count(const struct vs_json *at)
{
    /* Each is 0 for a value of another kind. */
    return json_array_size(at->node) + json_object_size(at->node);
}

struct vs_json vs_json_item(const struct vs_json *at, size_t index)
{
    return (struct vs_json){
        .doc = at->doc, .parent = at, .node = json_array_get(at->node, index), .index = index};
}

struct vs_json vs_json_member_at(const struct vs_json *at, size_t index)
{
    struct vs_json member = {.doc = at->doc, .parent = at, .index = index};
    json_t *object = at->node;
    void *place = json_object_iter(object);

    for (size_t i = 0; i < index && place; i++)
        place = json_object_iter_next(object, place);
    if (place) {
        member.node = json_object_iter_value(place);
        member.key = json_object_iter_key(place);
    }
    return member;
}

/* ------------------------------------------------------------------ refusing */

static bool is_plain_key(const char *key)
{
    if (*key == '\0')
        return false;
    for (; *key; key++) {
        if (!isalnum((unsigned char)*key) && *key != '-' && *key != '_')
            return false;
    }
    return true;
}

/* Appends and returns the new length, at most size - 1. */
static size_t __attribute__((format(printf, 4, 5)))
append(char *buffer, size_t size, size_t used, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int added = vsnprintf(buffer + used, size - used, format, arguments);

    va_end(arguments);
    if (added < 0)
        return used;
    return (size_t)added < size - used ? used + (size_t)added : size - 1;
}

static size_t append_path(const struct vs_json *at, char *buffer, size_t size)
{
    if (!at->parent)
        return 0;
    size_t used = append_path(at->parent, buffer, size);

    if (!at->key)
        return append(buffer, size, used, "[%zu]", at->index);
    if (!is_plain_key(at->key))
        return append(buffer, size, used, "[\"%s\"]", at->key);
    return append(buffer, size, used, "%s%s", used ? "." : "", at->key);
}

char *vs_json_path(const struct vs_json *at, char *buffer, size_t size_bytes)
{
    if (size_bytes == 0)
        return buffer;
    buffer[0] = '\0';
    if (append_path(at, buffer, size_bytes) == 0)
        append(buffer, size_bytes, 0, "(root)");
    return buffer;
}

int vs_json_refuse(const struct vs_json *at, struct vs_error *error, const char *format, ...)
{
    char path[PATH_MAX_BYTES];
    char text[VS_ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);

    va_end(arguments);
    vs_json_path(at, path, sizeof(path));
    return vs_error_set_at(error, VS_ERR_INPUT, at->doc->source, VS_NOWHERE, VS_NOWHERE, "%s: %s",
                           path, length < 0 ? "" : text);
}

static const char *const kind_names[] = {
    [VS_JSON_ABSENT] = "nothing",   [VS_JSON_NULL] = "null",       [VS_JSON_BOOLEAN] = "a boolean",
    [VS_JSON_NUMBER] = "a number",  [VS_JSON_STRING] = "a string", [VS_JSON_ARRAY] = "an array",
    [VS_JSON_OBJECT] = "an object",
};

#define FOUND_TEXT 80

/* What stands there, with its value where that is short. */
static const char *found(const struct vs_json *at, char *buffer)
{
    const json_t *node = at->node;

    if (json_is_integer(node))
        snprintf(buffer, FOUND_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(node));
    else if (json_is_real(node))
        snprintf(buffer, FOUND_TEXT, "the non-integer %g", json_real_value(node));
    else if (json_is_string(node))
        snprintf(buffer, FOUND_TEXT, "the string \"%.40s\"", json_string_value(node));
    else if (json_is_boolean(node))
        snprintf(buffer, FOUND_TEXT, "%s", json_is_true(node) ? "true" : "false");
    else
        snprintf(buffer, FOUND_TEXT, "%s", kind_names[kind_of(node)]);
    return buffer;
}

int vs_json_expect(const struct vs_json *at, enum vs_json_kind kind, struct vs_error *error)
{
    char text[FOUND_TEXT];

    if (vs_json_kind(at) == kind)
        return 0;
    return vs_json_refuse(at, error, "expected %s, found %s", kind_names[kind], found(at, text));
}

int vs_json_string(const struct vs_json *at, const char **value, struct vs_error *error)
{
    int ret = vs_json_expect(at, VS_JSON_STRING, error);

    if (ret == 0)
        *value = json_string_value(at->node);
    return ret;
}

int vs_json_u64(const struct vs_json *at, uint64_t min, uint64_t max, uint64_t *value,
                struct vs_error *error)
{
    char text[FOUND_TEXT];
    json_int_t number = json_integer_value(at->node);

    /* 3.0 and 1e3 are refused too: a count that was written as a measurement. */
    if (!json_is_integer((json_t *)at->node) || number < 0 || (uint64_t)number < min ||
        (uint64_t)number > max)
        return vs_json_refuse(at, error,
                              "expected an integer from %" PRIu64 " to %" PRIu64 ", found %s", min,
                              max, found(at, text));
    *value = (uint64_t)number;
    return 0;
}

int vs_json_double(const struct vs_json *at, double min, double max, double *value,
                   struct vs_error *error)
{
    char text[FOUND_TEXT];
    double number = json_number_value(at->node);

    if (!json_is_number((json_t *)at->node) || number < min || number > max)
        return vs_json_refuse(at, error, "expected a number from %g to %g, found %s", min, max,
                              found(at, text));
    *value = number;
    return 0;
}

int vs_json_boolean(const struct vs_json *at, bool *value, struct vs_error *error)
{
    int ret = vs_json_expect(at, VS_JSON_BOOLEAN, error);

    if (ret == 0)
        *value = json_is_true((json_t *)at->node);
    return ret;
}

static bool is_listed(const char *name, const char *const *allowed)
{
    for (; *allowed; allowed++) {
        if (strcmp(name, *allowed) == 0)
            return true;
    }
    return false;
}

int vs_json_only(const struct vs_json *at, const char *const *allowed, struct vs_error *error)
{
    int ret = vs_json_expect(at, VS_JSON_OBJECT, error);
    const char *name;
    json_t *value;

    if (ret < 0)
        return ret;
    json_object_foreach((json_t *)at->node, name, value)
    {
        if (is_listed(name, allowed))
            continue;
        const char *near = vs_nearest(name, allowed);

        return vs_json_refuse(at, error, "unknown member \"%.60s\"%s%s%s", name,
                              near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return 0;
}

/* ------------------------------------------------------------------ copying */

static struct vs_json_out *copy_value(const json_t *value)
{
    switch (kind_of(value)) {
    case VS_JSON_STRING:
        return vs_json_node_string(json_string_value(value));
    case VS_JSON_BOOLEAN:
        return vs_json_node_new(json_is_true(value) ? VS_JSON_NODE_TRUE : VS_JSON_NODE_FALSE);
    case VS_JSON_NULL:
        return vs_json_node_new(VS_JSON_NODE_NULL);
    case VS_JSON_ARRAY:
        return vs_json_new_array();
    case VS_JSON_OBJECT:
        return vs_json_new_object();
    case VS_JSON_NUMBER:
        break;
    case VS_JSON_ABSENT:
        return NULL;
    }
    struct vs_json_out *node =
        vs_json_node_new(json_is_integer(value) ? VS_JSON_NODE_I64 : VS_JSON_NODE_DOUBLE);

    if (node && json_is_integer(value))
        node->value.i64 = json_integer_value(value);
    else if (node)
        node->value.real = json_real_value(value);
    return node;
}

/* Recursion is bounded: jansson parses at most 2048 levels (JSON_PARSER_MAX_DEPTH). */
static struct vs_json_out *copy_tree(json_t *value)
{
    struct vs_json_out *node = copy_value(value);
    const char *key;
    json_t *child;
    size_t index;

    json_array_foreach(value, index, child)
    {
        vs_json_add(node, NULL, copy_tree(child));
    }
    json_object_foreach(value, key, child)
    {
        vs_json_add(node, key, copy_tree(child));
    }
    return node;
}

void vs_json_add_copy(struct vs_json_out *out, const char *key, const struct vs_json *value)
{
    vs_json_add(out, key, copy_tree(value->node));
}

int vs_json_value_text(const struct vs_json *at, char **text, struct vs_error *error)
{
    struct vs_json_out *copy = copy_tree(at->node);
    int ret = vs_json_text(copy, text, error);

    vs_json_out_free(copy);
    return ret;
}
