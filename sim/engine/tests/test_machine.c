/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine profiles: what ships is whole and listed, and what is wrong is refused
 * with its place, whatever the damage. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "engine/embedded.h"
#include "engine/machine.h"

static void shipped_profiles_compile_and_name_themselves(void **state)
{
    (void)state;
    for (size_t i = 0; vs_machine_names()[i]; i++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_machine *machine = NULL;
        if (vs_machine_load(vs_machine_names()[i], &machine, &error) < 0)
            fail_msg("%s", error.text);
        assert_string_equal(machine->name, vs_machine_names()[i]);
        assert_true(vs_machine_cpus(machine) > 1);
        assert_true(machine->transfer_ps[VS_SAME_CORE] <= machine->transfer_ps[VS_SAME_SOCKET]);
        assert_true(machine->transfer_ps[VS_SAME_SOCKET] <= machine->transfer_ps[VS_OTHER_SOCKET]);
        vs_machine_free(machine);
    }
}

static void every_profile_in_the_folder_ships(void **state)
{
    (void)state;
    const char *source = getenv("VS_SOURCE_DIR");
    char path[512];
    size_t files = 0, names = 0;
    if (!source)
        skip();
    snprintf(path, sizeof path, "%s/sim/engine/machines", source);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char *dot = strstr(entry->d_name, ".json");
        if (!dot)
            continue;
        files++;
        *dot = '\0';
        if (!vs_embedded_machine(entry->d_name))
            fail_msg("machines/%s.json is not embedded", entry->d_name);
    }
    closedir(directory);
    while (vs_machine_names()[names])
        names++;
    assert_int_equal(files, names);
}

static void distances_follow_the_topology(void **state)
{
    (void)state;
    const struct vs_machine machine = {.sockets = 2, .cores_per_socket = 4, .threads_per_core = 2};
    assert_int_equal(vs_machine_cpus(&machine), 16);
    assert_int_equal(vs_machine_distance(&machine, 3, 3), VS_SAME_CPU);
    assert_int_equal(vs_machine_distance(&machine, 2, 3), VS_SAME_CORE);
    assert_int_equal(vs_machine_distance(&machine, 3, 4), VS_SAME_SOCKET);
    assert_int_equal(vs_machine_distance(&machine, 7, 8), VS_OTHER_SOCKET);
}

static char *shipped_text(void)
{
    char *text = strdup(vs_embedded_machine(vs_machine_names()[0]));
    assert_non_null(text);
    return text;
}

/* Replace the first occurrence of from in a shipped profile; compile; expect refusal. */
static void refuse(const char *from, const char *to, const char *expected)
{
    char *text = shipped_text(), *changed = NULL, *at = strstr(text, from);
    struct vs_error error = VS_ERROR_INIT;
    struct vs_machine *machine = NULL;
    assert_non_null(at);
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    assert_int_equal(vs_machine_compile(changed, strlen(changed), "m.json", &machine, &error),
                     VS_ERR_INPUT);
    assert_string_equal(error.source, "m.json");
    if (!strstr(error.text, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, error.text);
    free(changed);
    free(text);
}

static void wrong_profiles_are_refused_with_their_place(void **state)
{
    (void)state;
    refuse("\"ns\": 2000", "\"ns\": -1", "work.exit-port.ns");
    refuse("\"ns\": 2000", "\"ns\": \"2us\"", "work.exit-port.ns");
    refuse("\"ns\": 2000", "\"us\": 2", "work.exit-port");
    refuse("\"exit-port\":", "\"exit-prot\":", "exit-prot");
    refuse("\"sockets\": 2", "\"sockets\": 0", "topology.sockets");
    refuse("\"sockets\": 2", "\"sockets\": 1.5", "topology.sockets");
    refuse("\"sockets\": 2, ", "", "topology.sockets");
    refuse("\"sockets\": 2", "\"sockets\": 4000", "CPUs");
    refuse("\"name\"", "\"nmae\"", "nmae");
    refuse("\"softirq_interval\": {\"ns\": 5000000.0", "\"softirq_interval\": {\"ns\": 0",
           "lines.softirq_interval");
    refuse("{", "[", "");
}

static void empty_and_foreign_files_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "null", "[]", "{}", "42", "SQLite format 3", "{"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_machine *machine = NULL;
        assert_int_equal(vs_machine_compile(texts[i], strlen(texts[i]), "m.json", &machine, &error),
                         VS_ERR_INPUT);
        assert_true(error.text[0] != '\0');
    }
}

static void unknown_names_suggest_the_nearest(void **state)
{
    (void)state;
    struct vs_error error = VS_ERROR_INIT;
    struct vs_machine *machine = NULL;
    assert_int_equal(vs_machine_load("dual-xeon-gold-6224", &machine, &error), VS_ERR_USAGE);
    assert_non_null(strstr(error.text, "dual-xeon-gold-6242"));
    error = (struct vs_error)VS_ERROR_INIT;
    assert_int_equal(vs_machine_load("/", &machine, &error), VS_ERR_HOST);
}

/* Cut at every length and with one bit flipped at many places: compiled or
 * refused, never a crash; a refusal always has a text. */
/* Every member of a shipped profile, in the text that says how one is written. */
static void the_grammar_names_every_member(void **state)
{
    (void)state;
    static const char *const objects[] = {"topology", "lines", "work"};
    const char *source = getenv("VS_SOURCE_DIR");
    struct vs_error error = VS_ERROR_INIT;
    struct vs_json_doc *doc = NULL;
    char path[512], *grammar = NULL, word[96];
    size_t length = 0;
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/sim/engine/machines/GRAMMAR.md", source);
    assert_int_equal(vs_file_read(path, 1 << 20, &grammar, &length, &error), 0);
    const char *text = vs_embedded_machine("xeon-8176-8s"); /* it has far sockets */
    assert_int_equal(vs_json_parse(text, strlen(text), "m.json", &doc, &error), 0);
    struct vs_json root = vs_json_root(doc);
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        struct vs_json object = vs_json_member(&root, objects[i]);
        assert_true(vs_json_count(&object) > 4);
        for (size_t at = 0; at < vs_json_count(&object); at++) {
            snprintf(word, sizeof word, "`%s`", vs_json_member_at(&object, at).key);
            if (!strstr(grammar, word))
                fail_msg("GRAMMAR.md does not say %s", word);
        }
    }
    vs_json_doc_free(doc);
    free(grammar);
}

static void damaged_profiles_never_crash(void **state)
{
    (void)state;
    char *text = shipped_text();
    size_t length = strlen(text), refused = 0;
    uint64_t random = 1;
    for (size_t i = 0; i < 4000; i++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_machine *machine = NULL;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        size_t at = (size_t)((random >> 33) % length), used = i % 2 ? length : at;
        char before = text[at];
        if (i % 2)
            text[at] ^= (char)(1 << (random >> 29 & 7));
        if (vs_machine_compile(text, used, "m.json", &machine, &error) < 0) {
            refused++;
            assert_true(error.text[0] != '\0');
        } else {
            vs_machine_free(machine);
        }
        text[at] = before;
    }
    assert_true(refused > 2000); /* each cut, and many of the flips */
    free(text);
}

/* Every number of the default profile in turn: set, it is what its text then says. */
static void a_varied_profile_is_a_profile_with_one_number_changed(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_machine *from = NULL, *varied = NULL, *twice = NULL, *reread = NULL;
    (void)state;
    assert_int_equal(vs_machine_load("dual-xeon-gold-6242", &from, &error), 0);
    for (int i = 0; i < VS_WORK_COUNT; i++) {
        const char *name = vs_work_table[i].name;
        assert_int_equal(vs_machine_vary(from, name, 1234567, &varied, &error), 0);
        for (int k = 0; k < VS_WORK_COUNT; k++)
            assert_int_equal(varied->work_ps[k], k == i ? 1234567 : from->work_ps[k]);
        assert_true(varied->assumed_work[i]);
        assert_memory_equal(varied->transfer_ps, from->transfer_ps, sizeof(from->transfer_ps));
        assert_string_not_equal(varied->text, from->text);
        assert_int_equal(varied->number_count, from->number_count);
        vs_machine_free(varied);
    }
    assert_int_equal(vs_machine_vary(from, "atomic", 6200, &varied, &error), 0);
    assert_int_equal(varied->atomic_ps, 6200);
    assert_int_equal(varied->line_service_ps, from->line_service_ps);
    assert_int_equal(vs_machine_vary(varied, "config-cycle", 3000000, &twice, &error), 0);
    assert_int_equal(twice->atomic_ps, 6200);
    assert_int_equal(twice->work_ps[VS_WORK_CONF1_CYCLE], 3000000);
    assert_int_equal(twice->work_ps[VS_WORK_ECAM_CYCLE], 3000000);
    assert_int_equal(twice->varied_count, 2);
    assert_string_equal(twice->varied[0].name, "atomic");
    assert_string_equal(twice->varied[1].name, "config-cycle");
    assert_int_equal(twice->varied[1].value_ps, 3000000);
    /* Its text is a profile, too, and says what the number was. */
    assert_int_equal(vs_machine_compile(twice->text, strlen(twice->text), "twice", &reread, &error),
                     0);
    assert_memory_equal(reread->work_ps, twice->work_ps, sizeof(twice->work_ps));
    assert_non_null(strstr(twice->text, "set by --vary config-cycle; the profile has 1500 ns"));
    vs_machine_free(reread);
    vs_machine_free(twice);
    vs_machine_free(varied);
    vs_machine_free(from);
}

static void what_cannot_be_varied_is_refused(void **state)
{
    static const char *const names[] = {"", "topology", "sockets", "name", "work", "atomi"};
    struct vs_machine *from = NULL, *varied = NULL;
    (void)state;
    assert_int_equal(vs_machine_load("dual-xeon-gold-6242", &from, NULL), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct vs_error error = VS_ERROR_INIT;
        assert_int_equal(vs_machine_vary(from, names[i], 1, &varied, &error), VS_ERR_USAGE);
        assert_non_null(strstr(error.text, "softirq_interval"));
        assert_non_null(strstr(error.text, "mmio-handlers"));
        assert_null(varied);
    }
    struct vs_error error = VS_ERROR_INIT;
    assert_int_equal(vs_machine_vary(from, "softirq_interval", 0, &varied, &error), VS_ERR_INPUT);
    assert_non_null(strstr(error.text, "softirq_interval"));
    assert_null(varied);
    vs_machine_free(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_profiles_compile_and_name_themselves),
        cmocka_unit_test(every_profile_in_the_folder_ships),
        cmocka_unit_test(distances_follow_the_topology),
        cmocka_unit_test(wrong_profiles_are_refused_with_their_place),
        cmocka_unit_test(empty_and_foreign_files_are_refused),
        cmocka_unit_test(unknown_names_suggest_the_nearest),
        cmocka_unit_test(the_grammar_names_every_member),
        cmocka_unit_test(a_varied_profile_is_a_profile_with_one_number_changed),
        cmocka_unit_test(what_cannot_be_varied_is_refused),
        cmocka_unit_test(damaged_profiles_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
