/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON.  Members keep the order in which they were added, integers are
 * exact over the whole 64-bit range, and doubles print in the fewest digits
 * (15 to 17) that read back as the same value: equal content is equal bytes.
 */
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_tree.h"

/* ------------------------------------------------------------------ building */

struct vs_json_out *vs_json_node_new(enum vs_json_node kind)
{
    struct vs_json_out *node = calloc(1, sizeof(*node));

    if (node)
        node->kind = kind;
    return node;
}

struct vs_json_out *vs_json_new_object(void)
{
    return vs_json_node_new(VS_JSON_NODE_OBJECT);
}

struct vs_json_out *vs_json_new_array(void)
{
    return vs_json_node_new(VS_JSON_NODE_ARRAY);
}

void vs_json_out_free(struct vs_json_out *out)
{
    while (out) {
        struct vs_json_out *next = out->next;

        vs_json_out_free(out->first);
        free(out->key);
        if (out->kind == VS_JSON_NODE_STRING)
            free(out->value.string);
        free(out);
        out = next;
    }
}

/* Length of the valid UTF-8 sequence at text (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF), or 0. */
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max;
        size_t length;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text[0] < forms[i].first_min || text[0] > forms[i].first_max)
            continue;
        if (forms[i].length > 1 && (text[1] < forms[i].second_min || text[1] > forms[i].second_max))
            return 0;
        /* A terminating zero fails these tests, so nothing past it is read. */
        for (size_t j = 2; j < forms[i].length; j++) {
            if (text[j] < 0x80 || text[j] > 0xbf)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

static char *valid_utf8(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const unsigned char *from = (const unsigned char *)text;
    char *copy = malloc(3 * strlen(text) + 1);
    char *to = copy;

    if (!copy)
        return NULL;
    while (*from) {
        size_t length = utf8_length(from);

        memcpy(to, length ? (const char *)from : replacement, length ? length : 3);
        to += length ? length : 3;
        from += length ? length : 1;
    }
    *to = '\0';
    return copy;
}

struct vs_json_out *vs_json_node_string(const char *value)
{
    struct vs_json_out *node = vs_json_node_new(VS_JSON_NODE_STRING);

    if (node)
        node->value.string = valid_utf8(value);
    if (node && !node->value.string) {
        free(node);
        node = NULL;
    }
    return node;
}

static struct vs_json_out *find_key(struct vs_json_out *out, const char *key)
{
    for (struct vs_json_out *child = out->first; child; child = child->next) {
        if (strcmp(child->key, key) == 0)
            return child;
    }
    return NULL;
}

void vs_json_add(struct vs_json_out *out, const char *key, struct vs_json_out *child)
{
    bool in_object = out && out->kind == VS_JSON_NODE_OBJECT;
    bool in_array = out && out->kind == VS_JSON_NODE_ARRAY;
    char *name = in_object && key ? valid_utf8(key) : NULL;

    /* A key in an array, none in an object, or one that is there already, would
     * be text that nobody can read back. */
    if (!child || child->incomplete ||
        (in_object ? !name || find_key(out, name) : !in_array || key)) {
        if (out)
            out->incomplete = true;
        free(name);
        vs_json_out_free(child);
        return;
    }
    child->key = name;
    if (out->last)
        out->last->next = child;
    else
        out->first = child;
    out->last = child;
}

void vs_json_add_string(struct vs_json_out *out, const char *key, const char *value)
{
    vs_json_add(out, key, value ? vs_json_node_string(value) : vs_json_node_new(VS_JSON_NODE_NULL));
}

void vs_json_add_u64(struct vs_json_out *out, const char *key, uint64_t value)
{
    struct vs_json_out *node = vs_json_node_new(VS_JSON_NODE_U64);

    if (node)
        node->value.u64 = value;
    vs_json_add(out, key, node);
}

void vs_json_add_i64(struct vs_json_out *out, const char *key, int64_t value)
{
    struct vs_json_out *node = vs_json_node_new(VS_JSON_NODE_I64);

    if (node)
        node->value.i64 = value;
    vs_json_add(out, key, node);
}

void vs_json_add_double(struct vs_json_out *out, const char *key, double value)
{
    struct vs_json_out *node =
        vs_json_node_new(isfinite(value) ? VS_JSON_NODE_DOUBLE : VS_JSON_NODE_NULL);

    if (node)
        node->value.real = value;
    vs_json_add(out, key, node);
}

void vs_json_add_boolean(struct vs_json_out *out, const char *key, bool value)
{
    vs_json_add(out, key, vs_json_node_new(value ? VS_JSON_NODE_TRUE : VS_JSON_NODE_FALSE));
}

void vs_json_add_null(struct vs_json_out *out, const char *key)
{
    vs_json_add(out, key, vs_json_node_new(VS_JSON_NODE_NULL));
}

/* ------------------------------------------------------------------ printing */

struct writer {
    FILE *stream;
    bool indented;
};

static void write_string(const struct writer *writer, const char *text)
{
    static const struct {
        char character;
        const char *escape;
    } escapes[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}};

    putc('"', writer->stream);
    for (; *text; text++) {
        const char *escape = NULL;

        for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
            if (*text == escapes[i].character)
                escape = escapes[i].escape;
        }
        if (escape)
            fputs(escape, writer->stream);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            fprintf(writer->stream, "\\u%04x", (unsigned)*text);
        else
            putc(*text, writer->stream);
    }
    putc('"', writer->stream);
}

/* Called with the "C" locale in force. */
static void write_double(const struct writer *writer, double value)
{
    char digits[40]; /* "%.17g" needs at most 24 */

    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    fputs(digits, writer->stream);
    /* Keeps it a number with a fraction for those who tell them apart. */
    if (!strpbrk(digits, ".e"))
        fputs(".0", writer->stream);
}

static void write_break(const struct writer *writer, unsigned depth)
{
    if (!writer->indented)
        return;
    putc('\n', writer->stream);
    for (unsigned i = 0; i < depth; i++)
        fputs("  ", writer->stream);
}

static void write_node(const struct writer *writer, const struct vs_json_out *node, unsigned depth);

static void write_children(const struct writer *writer, const struct vs_json_out *node,
                           unsigned depth)
{
    putc(node->kind == VS_JSON_NODE_ARRAY ? '[' : '{', writer->stream);
    for (const struct vs_json_out *child = node->first; child; child = child->next) {
        write_break(writer, depth + 1);
        if (child->key) {
            write_string(writer, child->key);
            fputs(writer->indented ? ": " : ":", writer->stream);
        }
        write_node(writer, child, depth + 1);
        if (child->next)
            putc(',', writer->stream);
    }
    if (node->first)
        write_break(writer, depth);
    putc(node->kind == VS_JSON_NODE_ARRAY ? ']' : '}', writer->stream);
}

static void write_node(const struct writer *writer, const struct vs_json_out *node, unsigned depth)
{
    switch (node->kind) {
    case VS_JSON_NODE_NULL:
        fputs("null", writer->stream);
        break;
    case VS_JSON_NODE_FALSE:
        fputs("false", writer->stream);
        break;
    case VS_JSON_NODE_TRUE:
        fputs("true", writer->stream);
        break;
    case VS_JSON_NODE_U64:
        fprintf(writer->stream, "%" PRIu64, node->value.u64);
        break;
    case VS_JSON_NODE_I64:
        fprintf(writer->stream, "%" PRId64, node->value.i64);
        break;
    case VS_JSON_NODE_DOUBLE:
        write_double(writer, node->value.real);
        break;
    case VS_JSON_NODE_STRING:
        write_string(writer, node->value.string);
        break;
    case VS_JSON_NODE_ARRAY:
    case VS_JSON_NODE_OBJECT:
        write_children(writer, node, depth);
        break;
    }
}

static bool is_complete(const struct vs_json_out *node)
{
    bool complete = !node->incomplete;

    for (const struct vs_json_out *child = node->first; child && complete; child = child->next)
        complete = is_complete(child);
    return complete;
}

static int write_tree(const struct writer *writer, const struct vs_json_out *out,
                      struct vs_error *error)
{
    if (!out || !is_complete(out))
        return vs_error_set(error, VS_ERR_MEMORY,
                            "out of memory for a JSON result (or a member given twice)");
    locale_t plain = newlocale(LC_ALL_MASK, "C", NULL);

    if (!plain)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory for a JSON result");
    locale_t before = uselocale(plain);

    write_node(writer, out, 0);
    if (writer->indented)
        putc('\n', writer->stream);
    uselocale(before);
    freelocale(plain);
    return 0;
}

int vs_json_print(const struct vs_json_out *out, FILE *stream, struct vs_error *error)
{
    struct writer writer = {.stream = stream, .indented = true};

    errno = 0;
    if (write_tree(&writer, out, error) < 0)
        return VS_ERR_MEMORY;
    if (fflush(stream) != 0 || ferror(stream))
        return vs_error_set(error, VS_ERR_HOST, "cannot write JSON: %s",
                            errno ? strerror(errno) : "the stream failed before");
    return 0;
}

int vs_json_text(const struct vs_json_out *out, char **text, struct vs_error *error)
{
    size_t size = 0;

    *text = NULL;
    FILE *stream = open_memstream(text, &size);

    if (!stream)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory for a JSON text");
    struct writer writer = {.stream = stream, .indented = false};
    int ret = write_tree(&writer, out, error);
    bool failed = ferror(stream) != 0;

    if (fclose(stream) != 0 || failed)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory for a JSON text");
    if (ret < 0) {
        free(*text);
        *text = NULL;
    }
    return ret;
}
