/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by json.c (which copies parsed values) and json_out.c (which prints):
 * the tree under construction.  Our own and not jansson's, because jansson
 * holds integers as long long and prints doubles with a fixed precision.
 */
#ifndef VS_BASE_JSON_TREE_H
#define VS_BASE_JSON_TREE_H

#include "json.h"

enum vs_json_node {
    VS_JSON_NODE_NULL,
    VS_JSON_NODE_FALSE,
    VS_JSON_NODE_TRUE,
    VS_JSON_NODE_U64,
    VS_JSON_NODE_I64,
    VS_JSON_NODE_DOUBLE,
    VS_JSON_NODE_STRING,
    VS_JSON_NODE_ARRAY,
    VS_JSON_NODE_OBJECT
};

struct vs_json_out {
    enum vs_json_node kind;
    bool incomplete; /* something below could not be allocated or had no place */
    char *key;       /* owned; NULL inside an array and at the root */
    union {
        uint64_t u64;
        int64_t i64;
        double real;
        char *string; /* owned */
    } value;
    struct vs_json_out *first, *last; /* children, owned */
    struct vs_json_out *next;         /* sibling */
};

/* A node without key or parent, all zero but its kind, or NULL. */
struct vs_json_out *vs_json_node_new(enum vs_json_node kind);
/* A string node.  Bytes that are not UTF-8 become U+FFFD, so that what is
 * printed is always valid JSON.  NULL when out of memory. */
struct vs_json_out *vs_json_node_string(const char *value);

#endif
