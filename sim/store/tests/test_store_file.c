/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database survives what happens to files: the wrong file, damage, a full
 * disk, a killed writer, two writers at once.  After each, what was stored is
 * still there and whole.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "shell.h"

struct state {
    struct fixture fixture;
    char directory[64];
    char path[96];
};

static int setup(void **state)
{
    struct state *at = calloc(1, sizeof(*at));

    if (!at)
        return -1;
    fixture_fill(&at->fixture);
    if (!scratch_make(at->directory))
        return -1;
    snprintf(at->path, sizeof(at->path), "%s/results.db", at->directory);
    *state = at;
    return 0;
}

static int teardown(void **state)
{
    struct state *at = *state;

    scratch_remove(at->directory);
    free(at);
    return 0;
}

/* Store one run; 0 or the error's code. */
static int put_once(const char *path, const struct fixture *fixture, struct vs_error *error)
{
    struct vs_store *store = NULL;
    int ret = vs_store_open(path, &store, error);

    if (ret == 0)
        ret = vs_store_put(store, &fixture->run, &fixture->result, error);
    vs_store_close(store);
    return ret;
}

static void put(const char *path, const struct fixture *fixture)
{
    struct vs_error error = VS_ERROR_INIT;

    if (put_once(path, fixture, &error) != 0)
        fail_msg("%s", error.text);
}

static void assert_query(const char *path, const char *sql, const char *expected)
{
    char answer[8192];

    shell_query(path, sql, answer, sizeof(answer));
    assert_string_equal(answer, expected);
}

static void assert_refused(const char *path, int code, const char *part)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_store *store = NULL;

    assert_int_equal(vs_store_open(path, &store, &error), code);
    assert_null(store);
    assert_int_equal(error.code, code);
    if (!strstr(error.text, part))
        fail_msg("'%s' does not say '%s'", error.text, part);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat facts;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &facts), 0);
    char *bytes = malloc((size_t)facts.st_size + 1);

    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)facts.st_size, file);
    fclose(file);
    return bytes;
}

/* ------------------------------------------------------------- wrong files */

static void a_text_file_is_refused_and_left_alone(void **state)
{
    struct state *at = *state;
    char text[2000], *after = NULL;
    size_t size = 0;

    memset(text, 'x', sizeof(text));
    write_file(at->path, text, sizeof(text));
    assert_refused(at->path, VS_ERR_INPUT, "not a SQLite database");
    write_file(at->path, "hello\n", 6);
    assert_refused(at->path, VS_ERR_INPUT, "not a SQLite database");
    after = read_whole(at->path, &size);
    assert_int_equal(size, 6);
    assert_memory_equal(after, "hello\n", 6);
    free(after);
}

static void a_database_of_another_program_is_refused_and_left_alone(void **state)
{
    struct state *at = *state;

    assert_query(at->path, "CREATE TABLE bookmarks (url); INSERT INTO bookmarks VALUES (1);", "");
    assert_refused(at->path, VS_ERR_INPUT, "not of vpci-sim's results");
    assert_query(at->path, "SELECT name FROM sqlite_master", "bookmarks\n");
    assert_query(at->path, "PRAGMA journal_mode", "delete\n");
}

static void another_schema_version_is_refused_by_number(void **state)
{
    struct state *at = *state;

    put(at->path, &at->fixture);
    assert_query(at->path, "PRAGMA user_version = 7", "");
    assert_refused(at->path, VS_ERR_INPUT,
                   "schema version 7; this vpci-sim knows version 2: replay into a new file");
}

static void the_schema_file_makes_a_database_that_is_accepted(void **state)
{
    struct state *at = *state;
    char command[400];

    snprintf(command, sizeof(command), ".read %s", SCHEMA_SQL);
    assert_query(at->path, command, "");
    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT COUNT(*) FROM run", "1\n");
}

static void an_empty_file_and_an_abandoned_creation_become_databases(void **state)
{
    struct state *at = *state;

    write_file(at->path, "", 0);
    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT COUNT(*) FROM run", "1\n");
    assert_int_equal(unlink(at->path), 0);
    /* What a creator leaves that was killed before its transaction. */
    assert_query(at->path, "PRAGMA journal_mode = WAL; VACUUM;", "wal\n");
    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT COUNT(*) FROM run", "1\n");
}

static void places_that_cannot_hold_a_file_are_host_trouble(void **state)
{
    struct state *at = *state;
    char inside[128];

    assert_refused(at->directory, VS_ERR_HOST, "cannot open");
    snprintf(inside, sizeof(inside), "%s/absent/results.db", at->directory);
    assert_refused(inside, VS_ERR_HOST, "No such file or directory");
    write_file(at->path, "", 0);
    snprintf(inside, sizeof(inside), "%s/results.db", at->path);
    assert_refused(inside, VS_ERR_HOST, "Not a directory");
    assert_refused("", VS_ERR_USAGE, "empty");
}

static void a_read_only_directory_is_host_trouble(void **state)
{
    struct state *at = *state;

    bool root = geteuid() == 0;

    /* /proc takes files from nobody, whatever the permissions. */
    assert_refused("/proc/results.db", VS_ERR_HOST, "cannot");
    assert_int_equal(chmod(at->directory, 0555), 0);
    if (root) /* permissions do not bind root */
        assert_int_equal(seteuid(65534), 0);
    assert_refused(at->path, VS_ERR_HOST, "Permission denied");
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(at->directory, 0700), 0);
}

static void names_that_sqlite_would_interpret_are_plain_files(void **state)
{
    struct state *at = *state;
    char before[4096];

    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(at->directory), 0);
    put(":memory:", &at->fixture);
    int found = access(":memory:", F_OK);

    put("file:x?mode=memory", &at->fixture);
    int found_uri = access("file:x?mode=memory", F_OK);

    assert_int_equal(chdir(before), 0);
    assert_int_equal(found, 0);
    assert_int_equal(found_uri, 0);
}

/* ------------------------------------------------------------------ damage */

static void a_truncated_database_is_bad_input_at_every_length(void **state)
{
    struct state *at = *state;
    size_t size = 0;

    put(at->path, &at->fixture);
    char *whole = read_whole(at->path, &size);

    /* SQLite takes a file of one byte for an empty one. */
    for (size_t length = 2; length < size; length += length < 200 ? 1 : 509) {
        write_file(at->path, whole, length);
        assert_refused(at->path, VS_ERR_INPUT, "database");
    }
    for (size_t length = size - 64; length < size; length++) {
        write_file(at->path, whole, length);
        assert_refused(at->path, VS_ERR_INPUT, "database");
    }
    free(whole);
}

/* splitmix64, the seed being the round: the same flips on every host. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void flipped_bits_are_refused_or_harmless_and_never_crash(void **state)
{
    struct state *at = *state;
    size_t size = 0, refused = 0;
    char key[VS_RUN_KEY_TEXT];

    vs_run_key(&at->fixture.run, key);
    put(at->path, &at->fixture);
    char *whole = read_whole(at->path, &size);

    for (uint64_t round = 0; round < 400; round++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_store *store = NULL;
        struct vs_summary summary;
        uint64_t seed = round;
        size_t place = (size_t)(draw(&seed) % size);
        char saved = whole[place];

        whole[place] = (char)(saved ^ 1 << (draw(&seed) % 8));
        write_file(at->path, whole, size);
        whole[place] = saved;
        int ret = vs_store_open(at->path, &store, &error);

        if (ret == 0 && vs_store_summary(store, key, &summary, &error) == 1)
            vs_summary_release(&summary);
        vs_store_close(store);
        if (ret != 0)
            refused++;
        assert_true(ret == 0 || error.text[0] != '\0');
    }
    free(whole);
    assert_true(refused > 0);
}

/* ---------------------------------------------------------------- full disk */

static void a_put_that_finds_no_space_leaves_the_database_as_it_was(void **state)
{
    struct state *at = *state;
    struct rlimit before, tight;
    struct vs_error error = VS_ERROR_INIT;
    struct vs_store *store = NULL;

    put(at->path, &at->fixture);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(vs_store_open(at->path, &store, NULL), 0);
    at->fixture.run.load.seed = 99;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = 9000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    int ret = vs_store_put(store, &at->fixture.run, &at->fixture.result, &error);

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(ret, VS_ERR_HOST);
    assert_non_null(strstr(error.text, "the database is unchanged"));
    assert_query(at->path, "SELECT COUNT(*) FROM run", "1\n");
    /* The handle still works. */
    assert_int_equal(vs_store_put(store, &at->fixture.run, &at->fixture.result, NULL), 0);
    vs_store_close(store);
    assert_query(at->path, "SELECT COUNT(*) FROM run; PRAGMA integrity_check;", "2\nok\n");
}

static void a_full_file_system_says_so(void **state)
{
    struct state *at = *state;
    struct vs_error error = VS_ERROR_INIT;
    struct vs_store *store = NULL;
    int ret = 0, stored = 0;

    if (mount("vs-store-test", at->directory, "tmpfs", 0, "size=512k") != 0) {
        print_message("skipped: this host does not let a test mount a small file system\n");
        skip();
    }
    assert_int_equal(vs_store_open(at->path, &store, NULL), 0);
    for (; ret == 0 && stored < 1000; stored += ret == 0) {
        at->fixture.run.load.seed = (uint64_t)stored;
        ret = vs_store_put(store, &at->fixture.run, &at->fixture.result, &error);
    }
    vs_store_close(store);
    char counted[32], expected[32];

    shell_query(at->path, "SELECT COUNT(*) FROM run; PRAGMA integrity_check;", counted,
                sizeof(counted));
    umount(at->directory);
    assert_int_equal(ret, VS_ERR_HOST);
    assert_non_null(strstr(error.text, "no space left on the disk"));
    assert_true(stored > 0);
    snprintf(expected, sizeof(expected), "%d\nok\n", stored);
    assert_string_equal(counted, expected);
}

/* ------------------------------------------------------- killed and crowded */

/* Store runs of seeds first, first + 1, ... until killed or count is reached. */
static void store_runs(const char *path, struct fixture *fixture, uint64_t first, uint64_t count)
{
    struct vs_store *store = NULL;

    if (vs_store_open(path, &store, NULL) != 0)
        _exit(1);
    for (uint64_t seed = first; seed < first + count; seed++) {
        fixture->run.load.seed = seed;
        if (vs_store_put(store, &fixture->run, &fixture->result, NULL) != 0)
            _exit(2);
    }
    vs_store_close(store);
    _exit(0);
}

static void a_killed_writer_leaves_whole_runs_only(void **state)
{
    struct state *at = *state;
    char answer[64] = "";

    /* Another moment of death in each round; on a busy machine, until one came late enough. */
    for (useconds_t round = 0; round < 12 || (strcmp(answer, "1\n") != 0 && round < 100); round++) {
        pid_t child = fork();

        if (child == 0)
            store_runs(at->path, &at->fixture, round * UINT64_C(1000000), 1000000);
        usleep(3000 + round * 7001);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        if (access(at->path, F_OK) != 0)
            continue; /* died before it began */
        struct vs_error error = VS_ERROR_INIT;
        struct vs_store *store = NULL;

        if (vs_store_open(at->path, &store, &error) != 0)
            fail_msg("%s", error.text);
        vs_store_close(store);
        assert_query(at->path, "PRAGMA integrity_check; PRAGMA foreign_key_check;", "ok\n");
        assert_query(at->path,
                     "SELECT COUNT(*) FROM run r WHERE "
                     "(SELECT COUNT(*) FROM lock l WHERE l.run_id = r.id) <> 133 "
                     "OR (SELECT COUNT(*) FROM operation_count o WHERE o.run_id = r.id) <> 2",
                     "0\n");
        shell_query(at->path, "SELECT COUNT(*) > 0 FROM run", answer, sizeof(answer));
    }
    assert_string_equal(answer, "1\n");
}

static void processes_that_create_and_write_at_once_all_succeed(void **state)
{
    struct state *at = *state;
    pid_t children[4];

    for (uint64_t i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0)
            store_runs(at->path, &at->fixture, 100 * i, 3);
    }
    for (size_t i = 0; i < 4; i++) {
        int status = -1;

        waitpid(children[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_query(at->path, "SELECT COUNT(*) FROM run; PRAGMA integrity_check;", "12\nok\n");
}

static void a_lock_held_by_another_process_is_host_trouble(void **state)
{
    struct state *at = *state;
    struct vs_error error = VS_ERROR_INIT;
    char command[200], line[16];

    put(at->path, &at->fixture);
    /* Holds the write lock until we close its input. */
    int to[2], from[2];

    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t child = fork();

    if (child == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[1]);
        execlp("sqlite3", "sqlite3", "-batch", at->path, (char *)NULL);
        _exit(127);
    }
    snprintf(command, sizeof(command), "BEGIN IMMEDIATE;\nSELECT 'held';\n");
    assert_int_equal(write(to[1], command, strlen(command)), strlen(command));
    assert_true(read(from[0], line, sizeof(line)) > 0);
    at->fixture.run.load.seed = 99;
    int ret = put_once(at->path, &at->fixture, &error);

    close(to[1]);
    close(to[0]);
    close(from[0]);
    close(from[1]);
    waitpid(child, NULL, 0);
    assert_int_equal(ret, VS_ERR_HOST);
    assert_non_null(strstr(error.text, "another process keeps the database locked"));
    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT COUNT(*) FROM run", "2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_text_file_is_refused_and_left_alone),
        TEST(a_database_of_another_program_is_refused_and_left_alone),
        TEST(another_schema_version_is_refused_by_number),
        TEST(the_schema_file_makes_a_database_that_is_accepted),
        TEST(an_empty_file_and_an_abandoned_creation_become_databases),
        TEST(places_that_cannot_hold_a_file_are_host_trouble),
        TEST(a_read_only_directory_is_host_trouble),
        TEST(names_that_sqlite_would_interpret_are_plain_files),
        TEST(a_truncated_database_is_bad_input_at_every_length),
        TEST(flipped_bits_are_refused_or_harmless_and_never_crash),
        TEST(a_put_that_finds_no_space_leaves_the_database_as_it_was),
        TEST(a_full_file_system_says_so),
        TEST(a_killed_writer_leaves_whole_runs_only),
        TEST(processes_that_create_and_write_at_once_all_succeed),
        TEST(a_lock_held_by_another_process_is_host_trouble),
    };

    if (!shell_available()) {
        puts("skipped: needs the sqlite3 program to read what was stored");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
