/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A schedule as a table that a kernel engineer reads at once. */
#include <string.h>

#include "base/json.h"
#include "html.h"
#include "proof.h"

#define ACTORS_MAX 8

static const char *string_of(const struct vs_json *at, const char *key)
{
    struct vs_json member = vs_json_member(at, key);
    const char *text = "";

    return vs_json_string(&member, &text, NULL) == 0 ? text : "";
}

static uint64_t number_of(const struct vs_json *at, const char *key, uint64_t fallback)
{
    struct vs_json member = vs_json_member(at, key);
    uint64_t number = 0;

    return vs_json_u64(&member, 0, UINT32_MAX, &number, NULL) == 0 ? number : fallback;
}

/* "v0 (dom0): toggle-decode dev0, device-remove dev1" */
static void add_actor(const struct vs_json *actor, size_t index, struct vs_text *out)
{
    struct vs_json calls = vs_json_member(actor, "calls");

    vs_text_addf(out, "<th scope=\"col\">v%zu, a vCPU of dom%llu<br><small>", index,
                 (unsigned long long)number_of(actor, "domain", 0));
    for (size_t i = 0; i < vs_json_count(&calls); i++) {
        struct vs_json call = vs_json_item(&calls, i);
        uint64_t device = number_of(&call, "device", UINT64_MAX);

        vs_text_add(out, i ? ", " : "");
        vs_html_text(out, string_of(&call, "op"));
        if (device != UINT64_MAX)
            vs_text_addf(out, " dev%llu", (unsigned long long)device);
    }
    vs_text_add(out, "</small></th>");
}

static void add_step(const struct vs_json *step, size_t number, size_t actors, bool last,
                     struct vs_text *out)
{
    uint64_t actor = number_of(step, "actor", 0);

    vs_text_addf(out, "<tr%s><td class=\"n\">%s%zu</td>", last ? " class=\"bad\"" : "",
                 last ? "▶ " : "", number);
    for (size_t i = 0; i < actors; i++)
        vs_html_element(out, "td", i == actor ? string_of(step, "step") : "");
    vs_html_element(out, "td class=\"locks\"", string_of(step, "locks"));
    vs_text_add(out, "</tr>\n");
}

void vs_page_schedule(const char *json, struct vs_text *out)
{
    struct vs_json_doc *doc = NULL;

    if (vs_json_parse(json, strlen(json), "schedule", &doc, NULL) < 0) {
        vs_html_element(out, "p class=\"nothing\"", "The stored schedule cannot be read.");
        return;
    }
    struct vs_json root = vs_json_root(doc), setup = vs_json_member(&root, "setup");
    struct vs_json actors = vs_json_member(&setup, "actors");
    struct vs_json steps = vs_json_member(&root, "steps");
    size_t count = vs_json_count(&actors);

    if (count > ACTORS_MAX)
        count = ACTORS_MAX;
    vs_text_add(out, "<div class=\"wide\"><table class=\"schedule\"><thead><tr>"
                     "<th scope=\"col\" class=\"n\">#</th>");
    for (size_t i = 0; i < count; i++) {
        struct vs_json actor = vs_json_item(&actors, i);

        add_actor(&actor, i, out);
    }
    vs_text_add(out, "<th scope=\"col\">locks behind the step: holder and mode, &lt;waiting</th>"
                     "</tr></thead><tbody>\n");
    for (size_t i = 0; i < vs_json_count(&steps); i++) {
        struct vs_json step = vs_json_item(&steps, i);

        add_step(&step, i + 1, count, i + 1 == vs_json_count(&steps), out);
    }
    vs_text_add(out, "</tbody></table></div>\n");
    vs_html_element(out, "p class=\"bad\"", string_of(&root, "text"));
    vs_text_add(out, "\n");
    vs_json_doc_free(doc);
}
