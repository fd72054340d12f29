/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing one number of a machine profile: its JSON is written anew with the
 * number replaced, and read by the reader of all profiles, so that a varied
 * profile is held to the same rules and its text says what was run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* One name for the two ways of reaching config space in hardware. */
static const char *const config_cycle[] = {"conf1-cycle", "ecam-cycle", NULL};

struct change {
    const char *name;
    const char *const *parts; /* members that it stands for; NULL: the name itself */
    vs_ps value_ps;
    bool found;
};

static bool concerns(const struct change *change, const char *member)
{
    if (!change->parts)
        return strcmp(change->name, member) == 0;
    for (size_t i = 0; change->parts[i]; i++) {
        if (strcmp(change->parts[i], member) == 0)
            return true;
    }
    return false;
}

/* {"ns", "source", "assumption"}, the source saying what the number was. */
static void add_changed(struct vs_json_out *out, const struct vs_json *cost,
                        const struct change *change)
{
    struct vs_json ns = vs_json_member(cost, "ns"), source = vs_json_member(cost, "source");
    struct vs_json_out *changed = vs_json_new_object();
    const char *origin = "";
    char *was = NULL, *text = NULL;

    if (vs_json_value_text(&ns, &was, NULL) == 0 && vs_json_string(&source, &origin, NULL) == 0 &&
        asprintf(&text, "set by --vary %s; the profile has %s ns: %s", change->name, was, origin) <
            0)
        text = NULL;
    vs_json_add_double(changed, "ns", (double)change->value_ps / (double)VS_PS_PER_NS);
    vs_json_add_string(changed, "source", text);
    vs_json_add_boolean(changed, "assumption", true);
    vs_json_add(out, cost->key, changed);
    free(was);
    free(text);
}

static struct vs_json_out *change_section(const struct vs_json *section, struct change *change)
{
    struct vs_json_out *out = vs_json_new_object();

    for (size_t i = 0; i < vs_json_count(section); i++) {
        struct vs_json cost = vs_json_member_at(section, i);

        if (concerns(change, cost.key)) {
            add_changed(out, &cost, change);
            change->found = true;
        } else {
            vs_json_add_copy(out, cost.key, &cost);
        }
    }
    return out;
}

static bool is_section(const char *member)
{
    return strcmp(member, "work") == 0 || strcmp(member, "lines") == 0;
}

/* The profile's text with the number changed, or NULL; the caller frees. */
static char *change_text(const struct vs_json *root, struct change *change)
{
    struct vs_json_out *out = vs_json_new_object();
    char *text = NULL;

    for (size_t i = 0; i < vs_json_count(root); i++) {
        struct vs_json member = vs_json_member_at(root, i);

        if (is_section(member.key))
            vs_json_add(out, member.key, change_section(&member, change));
        else
            vs_json_add_copy(out, member.key, &member);
    }
    if (vs_json_text(out, &text, NULL) < 0)
        text = NULL;
    vs_json_out_free(out);
    return text;
}

/* Every name that may be varied, in the order of the profile. */
static int refuse_name(const struct vs_json *root, const char *machine, const char *name,
                       struct vs_error *error)
{
    char list[VS_ERROR_TEXT_MAX] = "config-cycle";

    for (size_t i = 0; i < vs_json_count(root); i++) {
        struct vs_json section = vs_json_member_at(root, i);

        for (size_t k = 0; is_section(section.key) && k < vs_json_count(&section); k++) {
            size_t used = strlen(list);

            snprintf(list + used, sizeof(list) - used, " %s", vs_json_member_at(&section, k).key);
        }
    }
    return vs_error_set(error, VS_ERR_USAGE, "machine %s has no cost '%.32s'; it has: %s", machine,
                        name, list);
}

static int note_change(struct vs_machine *made, const struct vs_machine *from,
                       const struct change *change)
{
    made->varied = calloc(from->varied_count + 1, sizeof(*made->varied));
    if (!made->varied)
        return VS_ERR_MEMORY;
    if (from->varied_count > 0)
        memcpy(made->varied, from->varied, from->varied_count * sizeof(*made->varied));
    struct vs_varied *last = &made->varied[from->varied_count];

    snprintf(last->name, sizeof(last->name), "%s", change->name);
    last->value_ps = change->value_ps;
    made->varied_count = from->varied_count + 1;
    return 0;
}

int vs_machine_vary(const struct vs_machine *machine, const char *name, vs_ps value_ps,
                    struct vs_machine **varied, struct vs_error *error)
{
    struct change change = {.name = name, .value_ps = value_ps};
    struct vs_json_doc *doc = NULL;
    struct vs_machine *made = NULL;
    char *text = NULL;
    int ret = vs_json_parse(machine->text, strlen(machine->text), machine->file, &doc, error);

    if (ret < 0)
        return ret;
    struct vs_json root = vs_json_root(doc);

    if (strcmp(name, "config-cycle") == 0)
        change.parts = config_cycle;
    text = change_text(&root, &change);
    if (!change.found)
        ret = refuse_name(&root, machine->name, name, error);
    else if (!text)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory while varying %s", name);
    else
        ret = vs_machine_compile(text, strlen(text), machine->file, &made, error);
    if (ret == 0)
        ret = note_change(made, machine, &change);
    if (ret == 0) {
        *varied = made;
        made = NULL;
    }
    vs_machine_free(made);
    vs_json_doc_free(doc);
    free(text);
    return ret;
}
