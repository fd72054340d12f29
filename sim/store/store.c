/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database file.  SQLite does the hard part (atomic commits); this file
 * sees to it that we never write into a file that is not ours, that a new file
 * is created whole or not at all, and that each failure says what a person can
 * do about it.  It is the simulator's only file that knows SQLite.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"

/* As in schema.sql, which a test compares. */
#define APPLICATION_ID 1987076979 /* 'vpcs' */
#define SCHEMA_VERSION 2

/* A run of another process is stored in milliseconds; one that holds the file
 * for longer is stuck or means to keep it. */
#define BUSY_TIMEOUT_MS 5000

extern const char vs_schema_sql[]; /* schema.sql, built in */

struct vs_store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *insert[VS_TABLE_COUNT]; /* prepared when first needed */
    int64_t head_id;                      /* of the run, or other head, being stored */
};

/* A head has a key that replaces; others a column that refers to their head. */
static const struct {
    const char *name, *key, *parent;
} tables[VS_TABLE_COUNT] = {
    [VS_TABLE_RUN] = {"run", "run_key", NULL},
    [VS_TABLE_LATENCY] = {"latency", NULL, "run_id"},
    [VS_TABLE_LOCK] = {"lock", NULL, "run_id"},
    [VS_TABLE_BLOCKER] = {"blocker", NULL, "run_id"},
    [VS_TABLE_HAZARD] = {"hazard", NULL, "run_id"},
    [VS_TABLE_OPERATION_COUNT] = {"operation_count", NULL, "run_id"},
    [VS_TABLE_VARIED] = {"varied", NULL, "run_id"},
    [VS_TABLE_SATURATION] = {"saturation", "saturation_key", NULL},
    [VS_TABLE_MEASURED] = {"measured", NULL, NULL}, /* measured again is one more */
    [VS_TABLE_CHECK_RUN] = {"check_run", "check_key", NULL},
    [VS_TABLE_CHECK_VERDICT] = {"check_verdict", NULL, "check_id"},
    [VS_TABLE_CHECK_FINDING] = {"check_finding", NULL, "check_id"},
    [VS_TABLE_HYPOTHESIS] = {"hypothesis", "hypothesis_key", NULL},
    [VS_TABLE_HYPOTHESIS_TEST] = {"hypothesis_test", NULL, "hypothesis_id"},
};

/* ------------------------------------------------------------------ errors */

static enum vs_err refuse(const struct vs_store *store, enum vs_err code, struct vs_error *error,
                          const char *text)
{
    return vs_error_set_at(error, code, store->path, VS_NOWHERE, VS_NOWHERE, "%s", text);
}

/* What SQLite's latest failure on this handle means to a person. */
static enum vs_err fail(const struct vs_store *store, const char *doing, struct vs_error *error)
{
    int code = sqlite3_extended_errcode(store->db) & 0xff;
    int cause = sqlite3_system_errno(store->db);
    const char *reason = cause ? strerror(cause) : sqlite3_errmsg(store->db);
    const char *path = store->path;

    switch (code) {
    case SQLITE_NOTADB:
        return refuse(
            store, VS_ERR_INPUT, error,
            "not a SQLite database; give the name of a results database or of a new file");
    case SQLITE_CORRUPT:
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, VS_NOWHERE,
                               "the database is damaged (%s)", sqlite3_errmsg(store->db));
    case SQLITE_NOMEM:
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "another process keeps the database locked (waited %d s)",
                               BUSY_TIMEOUT_MS / 1000);
    case SQLITE_FULL:
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "cannot %s: no space left on the disk; the database is unchanged",
                               doing);
    case SQLITE_READONLY:
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "cannot %s: the file or its directory is read-only", doing);
    case SQLITE_IOERR:
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "cannot %s: %s; the database is unchanged", doing, reason);
    default:
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot %s: %s",
                               doing, reason);
    }
}

static int execute(struct vs_store *store, const char *sql, const char *doing,
                   struct vs_error *error)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(store, doing, error);
    return 0;
}

/* The one integer that a statement answers with. */
static int ask(struct vs_store *store, const char *sql, const char *doing, int64_t *answer,
               struct vs_error *error)
{
    sqlite3_stmt *statement = NULL;
    int ret = 0;

    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        ret = fail(store, doing, error);
    else
        *answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return ret;
}

/* ----------------------------------------------------------------- opening */

/* 1 when the file is a database of ours, 0 when it is empty, negative else. */
static int recognise(struct vs_store *store, struct vs_error *error)
{
    static const char doing[] = "read the database";
    int64_t application = 0, version = 0, objects = 0;
    int ret = ask(store, "SELECT COUNT(*) FROM sqlite_master", doing, &objects, error);

    if (ret == 0)
        ret = ask(store, "PRAGMA application_id", doing, &application, error);
    if (ret == 0)
        ret = ask(store, "PRAGMA user_version", doing, &version, error);
    if (ret < 0)
        return ret;
    if (objects == 0 && application == 0 && version == 0)
        return 0;
    if (application != APPLICATION_ID)
        return refuse(store, VS_ERR_INPUT, error,
                      "a SQLite database, but not of vpci-sim's results; it was not touched");
    if (version != SCHEMA_VERSION)
        return vs_error_set_at(
            error, VS_ERR_INPUT, store->path, VS_NOWHERE, VS_NOWHERE,
            "results of schema version %lld; this vpci-sim knows version %d: replay "
            "into a new file, or use the vpci-sim that came with it",
            (long long)version, SCHEMA_VERSION);
    return 1;
}

/* Damage is found before anything is added to it. */
static int check_pages(struct vs_store *store, struct vs_error *error)
{
    static const char doing[] = "check the database";
    sqlite3_stmt *statement = NULL;
    struct stat status;
    int64_t page_bytes = 0;
    int ret = ask(store, "PRAGMA page_size", doing, &page_bytes, error);

    if (ret < 0)
        return ret;
    /* SQLite reads zeros behind a last page that is cut: it would not see that cut. */
    if (stat(store->path, &status) == 0 && page_bytes > 0 && status.st_size % page_bytes != 0)
        return vs_error_set_at(error, VS_ERR_INPUT, store->path, VS_NOWHERE, VS_NOWHERE,
                               "the database is damaged (its last page is cut: expected a multiple "
                               "of %lld bytes, found %lld)",
                               (long long)page_bytes, (long long)status.st_size);
    if (sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        ret = fail(store, doing, error);
    } else {
        const char *verdict = (const char *)sqlite3_column_text(statement, 0);

        if (!verdict || strcmp(verdict, "ok") != 0)
            ret = vs_error_set_at(error, VS_ERR_INPUT, store->path, VS_NOWHERE, VS_NOWHERE,
                                  "the database is damaged (%s)", verdict ? verdict : "no verdict");
    }
    sqlite3_finalize(statement);
    return ret;
}

static void roll_back(struct vs_store *store)
{
    for (size_t i = 0; i < VS_TABLE_COUNT; i++)
        sqlite3_reset(store->insert[i]);
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* The whole schema in one transaction: who comes after a crash finds an empty
 * file and starts anew; who comes at the same time waits, and finds it done. */
static int create_schema(struct vs_store *store, struct vs_error *error)
{
    static const char doing[] = "create the database";
    int ret = execute(store, "BEGIN IMMEDIATE", doing, error);

    if (ret < 0)
        return ret;
    ret = recognise(store, error);
    if (ret == 0)
        ret = execute(store, vs_schema_sql, doing, error);
    if (ret >= 0)
        ret = execute(store, "COMMIT", doing, error);
    if (ret < 0)
        roll_back(store);
    return ret;
}

/* Switching the journal takes an exclusive lock for which SQLite does not always
 * call the busy handler: processes that create at once have to ask again. */
static int use_wal(struct vs_store *store, const char *doing, struct vs_error *error)
{
    int waited_ms = 0, code;

    do {
        code = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if ((code & 0xff) != SQLITE_BUSY)
            break;
        waited_ms += sqlite3_sleep(10);
    } while (waited_ms < BUSY_TIMEOUT_MS);
    return code == SQLITE_OK ? 0 : fail(store, doing, error);
}

static int prepare_file(struct vs_store *store, struct vs_error *error)
{
    int64_t unused = 0;

    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
    int found = recognise(store, error);

    if (found < 0)
        return found;
    if (sqlite3_db_readonly(store->db, "main") == 1)
        return refuse(store, VS_ERR_HOST, error, "the file is read-only; results cannot be added");
    if (found == 1 && check_pages(store, error) < 0)
        return VS_ERR_INPUT;
    int ret = execute(store, "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;",
                      "set up the database", error);

    /* A file system without shared memory keeps SQLite's rollback journal, which
     * is as safe and only lets readers wait. */
    if (ret == 0)
        ret = use_wal(store, found ? "write to the database" : "create the database", error);
    if (ret == 0 && found == 0)
        ret = create_schema(store, error);
    if (ret == 0)
        ret = ask(store, "SELECT COUNT(*) FROM run", "read the database", &unused, error);
    return ret;
}

/* SQLite tries to open a file that it could not create for reading, and then knows only
 * that it is not there.  The reason for a new file is its directory's. */
static enum vs_err fail_to_open(const struct vs_store *store, struct vs_error *error)
{
    const char *slash = strrchr(store->path, '/');
    size_t length = slash ? (size_t)(slash - store->path) : 1;
    char *directory = strndup(slash ? store->path : ".", length ? length : 1);

    if (!directory)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    bool barred = sqlite3_system_errno(store->db) == ENOENT &&
                  faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) < 0;
    int cause = errno;

    free(directory);
    if (!barred)
        return fail(store, "open the database", error);
    return vs_error_set_at(error, VS_ERR_HOST, store->path, VS_NOWHERE, VS_NOWHERE,
                           "cannot create the database in its directory: %s", strerror(cause));
}

/* SQLite reads ":memory:" and "file:..." as something else than a file's name. */
static char *plain_path(const char *path)
{
    bool special = path[0] == ':' || strncmp(path, "file:", 5) == 0;
    char *copy = NULL;

    if (asprintf(&copy, "%s%s", special ? "./" : "", path) < 0)
        return NULL;
    return copy;
}

int vs_store_open(const char *path, struct vs_store **store, struct vs_error *error)
{
    struct vs_store *opened = NULL;
    int ret = VS_ERR_MEMORY;

    *store = NULL;
    if (path[0] == '\0')
        return vs_error_set(error, VS_ERR_USAGE, "the name of the database is empty");
    opened = calloc(1, sizeof(*opened));
    if (opened)
        opened->path = plain_path(path);
    if (!opened || !opened->path) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    if (sqlite3_open_v2(opened->path, &opened->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL) != SQLITE_OK) {
        ret = opened->db ? fail_to_open(opened, error)
                         : vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    ret = prepare_file(opened, error);
    if (ret < 0)
        goto out;
    *store = opened;
    opened = NULL;
    ret = 0;
out:
    vs_store_close(opened);
    return ret;
}

void vs_store_close(struct vs_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < VS_TABLE_COUNT; i++)
        sqlite3_finalize(store->insert[i]);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}

/* ----------------------------------------------------------------- storing */

/* "INSERT INTO t (a, b) VALUES (?, ?)" from the row's own column names; rows
 * that hang off a head get the column that refers to it in front. */
static int prepare_insert(struct vs_store *store, enum vs_table table, const struct vs_cell *cells,
                          size_t count, struct vs_error *error)
{
    char *sql = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&sql, &size);

    if (!stream)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    bool child = tables[table].parent != NULL;

    fprintf(stream, "INSERT INTO %s (%s", tables[table].name, child ? tables[table].parent : "");
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%s", child || i > 0 ? ", " : "", cells[i].column);
    fprintf(stream, ") VALUES (%s", child ? "?" : "");
    for (size_t i = 0; i < count; i++)
        fputs(child || i > 0 ? ", ?" : "?", stream);
    putc(')', stream);
    if (fclose(stream) != 0) {
        free(sql);
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    }
    int code = sqlite3_prepare_v2(store->db, sql, -1, &store->insert[table], NULL);

    free(sql);
    return code == SQLITE_OK ? 0 : fail(store, "store the run", error);
}

/* Bound data lives until the row is written, so SQLite need not copy it. */
static int bind_cell(sqlite3_stmt *statement, int place, const struct vs_cell *cell)
{
    switch (cell->kind) {
    case VS_CELL_INTEGER:
        return sqlite3_bind_int64(statement, place, cell->integer);
    case VS_CELL_REAL:
        return sqlite3_bind_double(statement, place, cell->real);
    case VS_CELL_TEXT:
        return sqlite3_bind_text(statement, place, cell->data, -1, SQLITE_STATIC);
    case VS_CELL_NULL:
        return sqlite3_bind_null(statement, place);
    case VS_CELL_BLOB:
        /* An empty blob is not NULL. */
        return cell->size_bytes == 0 ? sqlite3_bind_zeroblob(statement, place, 0)
                                     : sqlite3_bind_blob64(statement, place, cell->data,
                                                           cell->size_bytes, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static int insert_row(void *context, enum vs_table table, const struct vs_cell *cells, size_t count,
                      struct vs_error *error)
{
    struct vs_store *store = context;
    int place = 1, code = SQLITE_OK;

    if (!store->insert[table] && prepare_insert(store, table, cells, count, error) < 0)
        return VS_ERR_HOST;
    sqlite3_stmt *statement = store->insert[table];

    if (tables[table].parent)
        code = sqlite3_bind_int64(statement, place++, store->head_id);
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = bind_cell(statement, place++, &cells[i]);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_DONE) {
        enum vs_err failure = fail(store, "store the run", error);

        sqlite3_reset(statement);
        return failure;
    }
    sqlite3_reset(statement);
    if (!tables[table].parent)
        store->head_id = sqlite3_last_insert_rowid(store->db);
    return 0;
}

/* A statement with the key as its only parameter, stepped once.  The caller
 * finalizes *statement whatever the result: SQLITE_ROW, SQLITE_DONE or an error. */
static int step_key(struct vs_store *store, const char *sql, const char *key,
                    sqlite3_stmt **statement)
{
    int code = sqlite3_prepare_v2(store->db, sql, -1, statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_bind_text(*statement, 1, key, -1, SQLITE_STATIC);
    return code == SQLITE_OK ? sqlite3_step(*statement) : code;
}

static int delete_head(struct vs_store *store, enum vs_table head, const char *key,
                       struct vs_error *error)
{
    sqlite3_stmt *statement = NULL;
    char sql[96];
    int ret = 0;

    snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s = ?", tables[head].name, tables[head].key);
    if (step_key(store, sql, key, &statement) != SQLITE_DONE)
        ret = fail(store, "replace the run", error);
    sqlite3_finalize(statement);
    return ret;
}

int vs_store_put_rows(struct vs_store *store, enum vs_table head, const char *key,
                      vs_row_source emit, void *source, struct vs_error *error)
{
    int ret = execute(store, "BEGIN IMMEDIATE", "store the run", error);

    if (ret < 0)
        return ret;
    ret = tables[head].key ? delete_head(store, head, key, error) : 0;
    if (ret == 0)
        ret = emit(source, insert_row, store, error);
    if (ret == 0)
        ret = execute(store, "COMMIT", "store the run", error);
    if (ret < 0)
        roll_back(store);
    return ret;
}

/* ----------------------------------------------------------------- reading */

int vs_store_has(struct vs_store *store, const char *key, struct vs_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = step_key(store, "SELECT 1 FROM run WHERE run_key = ?", key, &statement);
    int ret = code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : fail(store, "read a run", error);

    sqlite3_finalize(statement);
    return ret;
}

static uint64_t column_u64(sqlite3_stmt *statement, int column)
{
    int64_t value = sqlite3_column_int64(statement, column);

    return value < 0 ? 0 : (uint64_t)value;
}

static void copy_text(sqlite3_stmt *statement, int column, char *buffer, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    snprintf(buffer, size, "%s", text ? text : "");
}

static int read_summary(sqlite3_stmt *row, struct vs_summary *summary, struct vs_error *error)
{
    const char *outcome = (const char *)sqlite3_column_text(row, 0);
    const char *text = (const char *)sqlite3_column_text(row, 1);

    for (int i = VS_OUTCOME_DONE; i <= VS_OUTCOME_DEADLOCK; i++) {
        if (outcome && strcmp(outcome, vs_outcome_name((enum vs_outcome)i)) == 0)
            summary->outcome = (enum vs_outcome)i;
    }
    summary->outcome_text = strdup(text ? text : "");
    if (!summary->outcome_text)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    summary->calls = column_u64(row, 2);
    summary->makespan_ns = column_u64(row, 3);
    summary->throughput_per_s = sqlite3_column_double(row, 4);
    summary->p50_ns = column_u64(row, 5);
    summary->p90_ns = column_u64(row, 6);
    summary->p99_ns = column_u64(row, 7);
    summary->p999_ns = column_u64(row, 8);
    summary->max_ns = column_u64(row, 9);
    summary->lock_wait_ns = column_u64(row, 10);
    summary->cross_domain_wait_ns = column_u64(row, 11);
    copy_text(row, 12, summary->most_contended, sizeof(summary->most_contended));
    summary->most_contended_wait_ns = column_u64(row, 13);
    summary->hazard_total = column_u64(row, 14);
    summary->most_contended_below_vpci = column_u64(row, 15) != 0;
    summary->floor_ns = column_u64(row, 16);
    return 0;
}

static int read_hazards(struct vs_store *store, const char *key, struct vs_summary *summary,
                        struct vs_error *error)
{
    static const char sql[] = "SELECT h.hazard, h.count, h.first_ns, h.first_text "
                              "FROM hazard h JOIN run r ON r.id = h.run_id WHERE r.run_key = ?";
    sqlite3_stmt *statement = NULL;
    int code = step_key(store, sql, key, &statement);

    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);

        for (int i = 0; name && i < VS_HAZARD_COUNT; i++) {
            struct vs_summary_hazard *hazard = &summary->hazards[i];

            if (strcmp(name, vs_hazard_name((enum vs_hazard)i)) != 0)
                continue;
            hazard->count = column_u64(statement, 1);
            hazard->first_ns = column_u64(statement, 2);
            copy_text(statement, 3, hazard->first_text, sizeof(hazard->first_text));
        }
    }
    int ret = code == SQLITE_DONE ? 0 : fail(store, "read a run", error);

    sqlite3_finalize(statement);
    return ret;
}

int vs_store_summary(struct vs_store *store, const char *key, struct vs_summary *summary,
                     struct vs_error *error)
{
    static const char sql[] =
        "SELECT outcome, outcome_text, calls, makespan_ns, throughput_per_s, p50_ns, p90_ns, "
        "p99_ns, p999_ns, max_ns, lock_wait_ns, cross_domain_wait_ns, most_contended, "
        "(SELECT SUM(l.wait_total_ns) FROM lock l WHERE l.run_id = run.id "
        "AND l.lock = most_contended), hazards, "
        "EXISTS (SELECT 1 FROM lock l WHERE l.run_id = run.id AND l.lock = most_contended "
        "AND l.below_vpci), floor_ns FROM run WHERE run_key = ?";
    sqlite3_stmt *statement = NULL;
    int ret = 0;

    *summary = (struct vs_summary){0};
    int code = step_key(store, sql, key, &statement);

    if (code == SQLITE_ROW)
        ret = read_summary(statement, summary, error);
    else if (code != SQLITE_DONE)
        ret = fail(store, "read a run", error);
    sqlite3_finalize(statement);
    if (ret == 0 && code == SQLITE_ROW)
        ret = read_hazards(store, key, summary, error);
    if (ret < 0) {
        vs_summary_release(summary);
        return ret;
    }
    return code == SQLITE_ROW ? 1 : 0;
}
