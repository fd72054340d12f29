/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the results database: opens it without changing it, checks that it is
 * one, and answers the queries of the plots and the page.  The only file of
 * analysis/ that includes sqlite3.h.
 */
#include "query.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "words.h"

/* PRAGMA user_version of sim/store/schema.sql. */
#define SCHEMA_VERSION 2

/* PRAGMA application_id of sim/store/schema.sql ("vpcs"). */
#define APPLICATION_ID 0x76706373

/* How long a writer in the middle of a commit is waited for. */
#define BUSY_TIMEOUT_MS 5000

struct vs_query {
    sqlite3 *db;
    char *path;
    bool as_it_stands;  /* opened without locks: nothing was pending */
    struct stat status; /* of the file when it was opened */
    int64_t run_count;  /* replays, when it was opened */
};

/* ------------------------------------------------------------- SQL functions */

static uint64_t little_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;

    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

/* u32le and u64le: user data is the width in bytes. */
static void sql_integer(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const int *width = sqlite3_user_data(context);
    const unsigned char *blob = sqlite3_value_blob(arguments[0]);
    sqlite3_int64 size = sqlite3_value_bytes(arguments[0]);
    sqlite3_int64 offset = sqlite3_value_int64(arguments[1]);

    (void)count;
    if (!blob || offset < 0 || offset > size - *width)
        sqlite3_result_null(context);
    else
        sqlite3_result_int64(context, (sqlite3_int64)little_endian(blob + offset, *width));
}

/* As the schema documents it: bucket i < 64 holds the value i; bucket 64 + 32 k + j
 * holds values from (32 + j) << (k + 1) on. */
static void sql_bucket_floor(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    sqlite3_int64 index = sqlite3_value_int64(arguments[0]);

    (void)count;
    if (index < 64)
        sqlite3_result_int64(context, index < 0 ? 0 : index);
    else if ((index - 64) / 32 > 55)
        sqlite3_result_null(context); /* beyond 63 bits: not a bucket */
    else
        sqlite3_result_int64(context, (32 + (index - 64) % 32) << ((index - 64) / 32 + 1));
}

static void sql_duration(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    char text[VS_WORDS_NUMBER];
    double value = sqlite3_value_double(arguments[0]);

    (void)count;
    vs_words_duration(value, text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void sql_number(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    char text[VS_WORDS_NUMBER];

    (void)count;
    vs_words_number(sqlite3_value_double(arguments[0]), text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void sql_percent(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    char text[VS_WORDS_NUMBER];

    (void)count;
    vs_words_percent(sqlite3_value_double(arguments[0]), text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void sql_negligible_wait(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    (void)arguments;
    sqlite3_result_double(context, VS_WAIT_NEGLIGIBLE);
}

static const char *policy_argument(sqlite3_value **arguments)
{
    const char *policy = (const char *)sqlite3_value_text(arguments[0]);

    return policy ? policy : "";
}

static void sql_shipped_policy(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    bool own = sqlite3_value_int64(arguments[1]) >= VS_RANK_OWN;

    (void)count;
    sqlite3_result_text(context, own ? "" : policy_argument(arguments), -1, SQLITE_TRANSIENT);
}

static void sql_is_reference(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const char *policy = policy_argument(arguments);
    bool own = sqlite3_value_int64(arguments[1]) >= VS_RANK_OWN;

    (void)count;
    sqlite3_result_int(
        context, !own && (strcmp(policy, "none") == 0 || strcmp(policy, "pcidevs-spin") == 0));
}

static const int width_u32 = 4, width_u64 = 8;

static const struct {
    const char *name;
    int arguments;
    const void *data;
    void (*function)(sqlite3_context *, int, sqlite3_value **);
} sql_functions[] = {
    {"u32le", 2, &width_u32, sql_integer},
    {"u64le", 2, &width_u64, sql_integer},
    {"bucket_floor_ns", 1, NULL, sql_bucket_floor},
    {"duration", 1, NULL, sql_duration},
    {"number", 1, NULL, sql_number},
    {"percent", 1, NULL, sql_percent},
    {"negligible_wait", 0, NULL, sql_negligible_wait},
    {"shipped_policy", 2, NULL, sql_shipped_policy},
    {"is_reference", 2, NULL, sql_is_reference},
};

/* -------------------------------------------------------------------- opening */

/* What SQLite says about the database file, as our error. */
static int refuse(const struct vs_query *query, struct vs_error *error)
{
    int code = sqlite3_errcode(query->db) & 0xff;
    enum vs_err ours = VS_ERR_INPUT;

    if (code == SQLITE_NOTADB)
        return vs_error_set_at(error, VS_ERR_INPUT, query->path, VS_NOWHERE, VS_NOWHERE,
                               "expected a database of vpci-sim replay --db, found another file");
    if (code == SQLITE_NOMEM)
        ours = VS_ERR_MEMORY;
    else if (code == SQLITE_CANTOPEN || code == SQLITE_IOERR || code == SQLITE_BUSY ||
             code == SQLITE_LOCKED || code == SQLITE_PERM || code == SQLITE_FULL)
        ours = VS_ERR_HOST;
    return vs_error_set_at(error, ours, query->path, VS_NOWHERE, VS_NOWHERE, "cannot be read: %s",
                           sqlite3_errmsg(query->db));
}

static int pragma(struct vs_query *query, const char *sql, int64_t *value, struct vs_error *error)
{
    sqlite3_stmt *statement = NULL;
    int ret = 0;

    if (sqlite3_prepare_v2(query->db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        ret = refuse(query, error);
    else
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return ret;
}

/* Read only, by a URI so that "immutable" can be said. */
static int open_uri(struct vs_query *query, const char *parameters)
{
    char *escaped = malloc(3 * strlen(query->path) + 1);
    char *out = escaped, *uri = NULL;
    int code = SQLITE_NOMEM;

    if (!escaped)
        return code;
    const char *path = query->path;

    while (path[0] == '/' && path[1] == '/')
        path++; /* two slashes would begin a host name */
    for (const char *in = path; *in; in++) {
        if (strchr("?#%", *in)) /* these mean something in a URI */
            out += sprintf(out, "%%%02x", (unsigned char)*in);
        else
            *out++ = *in;
    }
    *out = '\0';
    uri = sqlite3_mprintf("file:%s?%s", escaped, parameters);
    if (uri)
        code = sqlite3_open_v2(uri, &query->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    sqlite3_free(uri);
    free(escaped);
    return code;
}

static bool has_content(const char *path, const char *suffix)
{
    char name[4096];
    struct stat status;

    snprintf(name, sizeof(name), "%s%s", path, suffix);
    return stat(name, &status) == 0 && status.st_size > 0;
}

/*
 * A reader of a database in WAL mode makes -shm and -wal files beside it, which a
 * read-only directory forbids and nobody tidies up.  Without such a file (or a
 * rollback journal) nothing is pending and the file may be taken as it stands;
 * vs_query_settle finds out whether it stayed so.
 */
static int open_database(struct vs_query *query, struct vs_error *error)
{
    int64_t ignored;

    query->as_it_stands =
        !has_content(query->path, "-wal") && !has_content(query->path, "-journal");
    if (open_uri(query, query->as_it_stands ? "immutable=1" : "mode=ro") != SQLITE_OK)
        return refuse(query, error);
    sqlite3_busy_timeout(query->db, BUSY_TIMEOUT_MS);
    return pragma(query, "SELECT COUNT(*) FROM sqlite_schema", &ignored, error);
}

int vs_query_settle(const struct vs_query *query, struct vs_error *error)
{
    struct stat now;

    if (!query->as_it_stands)
        return 0;
    if (stat(query->path, &now) == 0 && now.st_size == query->status.st_size &&
        now.st_mtim.tv_sec == query->status.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == query->status.st_mtim.tv_nsec)
        return 0;
    return vs_error_set_at(error, VS_ERR_HOST, query->path, VS_NOWHERE, VS_NOWHERE,
                           "was written to while it was read; run again");
}

static int check_readable(const char *path, struct stat *status, struct vs_error *error)
{
    if (stat(path, status) != 0 || access(path, R_OK) != 0)
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "cannot be read: %s", strerror(errno));
    if (!S_ISREG(status->st_mode))
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, VS_NOWHERE,
                               "expected a database of vpci-sim replay --db, found %s",
                               S_ISDIR(status->st_mode) ? "a directory" : "no regular file");
    if (status->st_size == 0)
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, VS_NOWHERE,
                               "expected a database of vpci-sim replay --db, found an empty file");
    return 0;
}

/* Replays, or searches, or hypotheses: without any there is nothing to report. */
static int count_contents(struct vs_query *query, struct vs_error *error)
{
    int64_t proofs = 0, measured = 0;

    if (pragma(query, "SELECT COUNT(*) FROM run", &query->run_count, error) < 0 ||
        pragma(query, "SELECT (SELECT COUNT(*) FROM check_run) + (SELECT COUNT(*) FROM hypothesis)",
               &proofs, error) < 0 ||
        pragma(query, "SELECT COUNT(*) FROM measured", &measured, error) < 0)
        return VS_ERR_INPUT;
    if (query->run_count > 0 || proofs > 0)
        return 0;
    if (measured > 0)
        return vs_error_set_at(error, VS_ERR_INPUT, query->path, VS_NOWHERE, VS_NOWHERE,
                               "holds %" PRId64
                               " measurement%s of real threads, which the report does "
                               "not show, but no run in virtual time, search or hypothesis: add "
                               "one with vpci-sim replay, check or hypotheses and --db",
                               measured, measured == 1 ? "" : "s");
    return vs_error_set_at(error, VS_ERR_INPUT, query->path, VS_NOWHERE, VS_NOWHERE,
                           "the database holds no run, search or hypothesis: nothing was stored "
                           "in it yet (vpci-sim replay, check or hypotheses with --db)");
}

static int check_schema(struct vs_query *query, struct vs_error *error)
{
    int64_t application = 0, version = 0, tables = 0;

    if (pragma(query, "PRAGMA application_id", &application, error) < 0 ||
        pragma(query, "PRAGMA user_version", &version, error) < 0 ||
        pragma(query,
               "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('run', "
               "'latency', 'lock', 'blocker', 'hazard', 'operation_count')",
               &tables, error) < 0)
        return VS_ERR_INPUT;
    if ((application != APPLICATION_ID) || (tables < 6 && version == 0))
        return vs_error_set_at(error, VS_ERR_INPUT, query->path, VS_NOWHERE, VS_NOWHERE,
                               "expected a database of vpci-sim replay --db, found another "
                               "program's (application id 0x%" PRIx64 ", %" PRId64
                               " of our 6 tables)",
                               (uint64_t)application, tables);
    if (version != SCHEMA_VERSION)
        return vs_error_set_at(error, VS_ERR_INPUT, query->path, VS_NOWHERE, VS_NOWHERE,
                               "expected schema version %d, found %" PRId64
                               "; replay into a new file, or use the vpci-report that came with "
                               "that vpci-sim",
                               SCHEMA_VERSION, version);
    if (tables < 6)
        return vs_error_set_at(error, VS_ERR_INPUT, query->path, VS_NOWHERE, VS_NOWHERE,
                               "the schema is incomplete: %" PRId64 " of 6 tables", tables);
    return count_contents(query, error);
}

static int prepare_database(struct vs_query *query, struct vs_error *error)
{
    struct vs_table *unused = NULL;

    for (size_t i = 0; i < sizeof(sql_functions) / sizeof(*sql_functions); i++) {
        if (sqlite3_create_function(query->db, sql_functions[i].name, sql_functions[i].arguments,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                    (void *)(uintptr_t)sql_functions[i].data,
                                    sql_functions[i].function, NULL, NULL) != SQLITE_OK)
            return refuse(query, error);
    }
    /* Temporary tables live in memory: the database itself stays read-only. */
    if (sqlite3_exec(query->db,
                     "PRAGMA temp_store = MEMORY;"
                     "CREATE TEMP TABLE shown (run_id INTEGER PRIMARY KEY, row INTEGER, name TEXT, "
                     "legend TEXT);"
                     "CREATE TEMP TABLE spread (run_id INTEGER PRIMARY KEY, leads INTEGER, "
                     "replicas INTEGER, deadlock_replicas INTEGER, hazard_replicas INTEGER, "
                     "p99_low_ns INTEGER, p99_median_ns REAL, p99_high_ns INTEGER, "
                     "throughput_low REAL, throughput_median REAL, throughput_high REAL)",
                     NULL, NULL, NULL) != SQLITE_OK)
        return refuse(query, error);
    int ret = vs_query_table(query, "queries/replicas.sql", "fill", &unused, error);

    vs_table_free(unused);
    return ret;
}

int vs_query_open(const char *path, struct vs_query **query, struct vs_error *error)
{
    struct vs_query *made = NULL;
    struct stat status;
    int ret = VS_ERR_MEMORY;

    *query = NULL;
    ret = check_readable(path, &status, error);
    if (ret < 0)
        return ret;
    made = calloc(1, sizeof(*made));
    if (made)
        made->path = strdup(path);
    if (!made || !made->path) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    made->status = status;
    ret = open_database(made, error);
    if (ret == 0)
        ret = check_schema(made, error);
    if (ret == 0)
        ret = prepare_database(made, error);
out:
    if (ret < 0) {
        vs_query_close(made);
        made = NULL;
        if (error && error->code != VS_OK)
            ret = error->code;
    }
    *query = made;
    return ret;
}

void vs_query_close(struct vs_query *query)
{
    if (!query)
        return;
    sqlite3_close(query->db);
    free(query->path);
    free(query);
}

/* -------------------------------------------------------------------- asking */

int64_t vs_query_run_count(const struct vs_query *query)
{
    return query->run_count;
}

int vs_query_show(struct vs_query *query, const struct vs_shown *shown, size_t count,
                  struct vs_error *error)
{
    sqlite3_stmt *statement = NULL;
    int ret = VS_ERR_INPUT;

    if (sqlite3_exec(query->db, "DELETE FROM temp.shown", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(query->db, "INSERT INTO temp.shown VALUES (?, ?, ?, ?)", -1, &statement,
                           NULL) != SQLITE_OK) {
        ret = refuse(query, error);
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(statement, 1, shown[i].run_id);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)i);
        sqlite3_bind_text(statement, 3, shown[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, shown[i].legend, -1, SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_DONE) {
            ret = refuse(query, error);
            goto out;
        }
        sqlite3_reset(statement);
    }
    ret = 0;
out:
    sqlite3_finalize(statement);
    return ret;
}

/* The statement after "-- table: NAME\n"; it ends at the first ';' that SQLite sees. */
static const char *find_statement(const char *file, const char *name)
{
    const char *text = vs_embedded(file);
    char head[80];

    snprintf(head, sizeof(head), "-- table: %s\n", name);
    const char *place = text ? strstr(text, head) : NULL;

    return place ? place + strlen(head) : NULL;
}

static int fill(struct vs_query *query, sqlite3_stmt *statement, struct vs_table *table,
                struct vs_error *error)
{
    for (int i = 0; i < (int)table->column_count; i++) {
        table->columns[i] = strdup(sqlite3_column_name(statement, i));
        if (!table->columns[i])
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory for a query's answer");
    }
    for (;;) {
        int code = sqlite3_step(statement);

        if (code == SQLITE_DONE)
            return 0;
        if (code != SQLITE_ROW)
            return refuse(query, error);
        for (int i = 0; i < (int)table->column_count; i++) {
            if (vs_table_push(table, (const char *)sqlite3_column_text(statement, i)) < 0)
                return vs_error_set(error, VS_ERR_MEMORY, "out of memory for a query's answer");
        }
    }
}

int vs_query_table(struct vs_query *query, const char *file, const char *name,
                   struct vs_table **table, struct vs_error *error)
{
    const char *sql = find_statement(file, name);
    sqlite3_stmt *statement = NULL;
    struct vs_table *made = NULL;
    int ret = VS_ERR_MEMORY;

    *table = NULL;
    if (!sql)
        return 0;
    if (sqlite3_prepare_v2(query->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        ret = refuse(query, error);
        goto out;
    }
    made = vs_table_new((size_t)sqlite3_column_count(statement));
    if (!made) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory for a query's answer");
        goto out;
    }
    ret = fill(query, statement, made, error);
    if (ret == 0) {
        *table = made;
        made = NULL;
    }
out:
    vs_table_free(made);
    sqlite3_finalize(statement);
    return ret;
}
