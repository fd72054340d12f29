/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace's metadata as JSON and back: FORMAT.md, "Metadata". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "trace.h"

static const char *const duration_names[] = {
    [VS_DURATION_NOTHING] = "nothing",           [VS_DURATION_VMEXIT] = "vm-exit",
    [VS_DURATION_EMULATION] = "emulation",       [VS_DURATION_KERNEL_CALL] = "kernel-call",
    [VS_DURATION_CONFIG_CYCLE] = "config-cycle", [VS_DURATION_STATED] = "stated",
};

#define DURATION_COUNT (sizeof(duration_names) / sizeof(duration_names[0]))
#define BAR_COUNT      7u

/* jansson's integers are signed. */
#define JSON_U64_MAX ((uint64_t)INT64_MAX)

const char *vs_duration_covers_name(enum vs_duration_covers covers)
{
    return (size_t)covers < DURATION_COUNT ? duration_names[covers] : NULL;
}

/* ------------------------------------------------------------------ writing */

static struct vs_json_out *clock_json(const struct vs_clock *clock)
{
    struct vs_json_out *out = vs_json_new_object();
    vs_json_add_string(out, "name", clock->name);
    vs_json_add_boolean(out, "real_time", clock->real_time);
    vs_json_add_u64(out, "wall_epoch_ns", clock->wall_epoch_ns);
    vs_json_add_double(out, "tick_hz", clock->tick_hz);
    vs_json_add_string(out, "tick_source", clock->tick_source);
    vs_json_add_string(out, "duration_covers", vs_duration_covers_name(clock->duration_covers));
    vs_json_add_string(out, "note", clock->note);
    return out;
}

static void add_domain_id(struct vs_json_out *out, const char *key, uint16_t domain)
{
    if (domain == VS_DOMAIN_NONE)
        vs_json_add_null(out, key);
    else
        vs_json_add_u64(out, key, domain);
}

static struct vs_json_out *domains_json(const struct vs_trace_meta *meta)
{
    struct vs_json_out *list = vs_json_new_array();
    for (size_t i = 0; i < meta->domain_count; i++) {
        const struct vs_trace_domain *domain = &meta->domains[i];
        struct vs_json_out *out = vs_json_new_object();
        vs_json_add_u64(out, "id", domain->id);
        vs_json_add_string(out, "name", domain->name);
        vs_json_add_boolean(out, "hardware_domain", domain->hardware_domain);
        vs_json_add_u64(out, "vcpus", domain->vcpus);
        vs_json_add_string(out, "origin", domain->origin);
        vs_json_add(list, NULL, out);
    }
    return list;
}

/* Hexadecimal digits of the snapshot without its trailing zero bytes. */
static void add_config(struct vs_json_out *out, const struct vs_trace_device *device)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * 4096 + 1];
    size_t used = device->config ? device->config_size : 0;
    while (used > 0 && device->config[used - 1] == 0)
        used--;
    for (size_t i = 0; i < used; i++) {
        hex[2 * i] = digits[device->config[i] >> 4];
        hex[2 * i + 1] = digits[device->config[i] & 15];
    }
    hex[2 * used] = '\0';
    vs_json_add_u64(out, "config_bytes", device->config ? device->config_size : 0);
    vs_json_add_string(out, "config", hex);
}

static struct vs_json_out *devices_json(const struct vs_trace_meta *meta)
{
    struct vs_json_out *list = vs_json_new_array();
    for (size_t i = 0; i < meta->device_count; i++) {
        const struct vs_trace_device *device = &meta->devices[i];
        char sbdf[VS_SBDF_TEXT];
        struct vs_json_out *out = vs_json_new_object();
        struct vs_json_out *bars = vs_json_new_array();
        vs_json_add_string(out, "sbdf", vs_sbdf_text(device->sbdf, sbdf));
        add_domain_id(out, "domain", device->domain);
        vs_json_add_boolean(out, "hidden", device->hidden);
        add_config(out, device);
        for (size_t bar = 0; bar < BAR_COUNT; bar++)
            vs_json_add_u64(bars, NULL, device->bar_size[bar]);
        vs_json_add(out, "bar_bytes", bars);
        vs_json_add_string(out, "origin", device->origin);
        vs_json_add(list, NULL, out);
    }
    return list;
}

static struct vs_json_out *ecam_json(const struct vs_trace_meta *meta)
{
    struct vs_json_out *list = vs_json_new_array();
    for (size_t i = 0; i < meta->ecam_count; i++) {
        struct vs_json_out *out = vs_json_new_object();
        vs_json_add_u64(out, "base", meta->ecam[i].base);
        vs_json_add_u64(out, "segment", meta->ecam[i].segment);
        vs_json_add_u64(out, "bus_first", meta->ecam[i].bus_first);
        vs_json_add_u64(out, "bus_last", meta->ecam[i].bus_last);
        vs_json_add(list, NULL, out);
    }
    return list;
}

static struct vs_json_out *strings_json(char *const *strings, size_t count)
{
    struct vs_json_out *list = vs_json_new_array();
    for (size_t i = 0; i < count; i++)
        vs_json_add_string(list, NULL, strings[i]);
    return list;
}

static void add_import(struct vs_json_out *out, const char *text)
{
    struct vs_json_doc *doc = NULL;
    if (!text) {
        vs_json_add_null(out, "import");
    } else if (vs_json_parse(text, strlen(text), "import report", &doc, NULL) == 0) {
        struct vs_json root = vs_json_root(doc);
        vs_json_add_copy(out, "import", &root);
        vs_json_doc_free(doc);
    } else {
        vs_json_add_string(out, "import", text);
    }
}

struct vs_json_out *vs_trace_meta_json(const struct vs_trace_meta *meta)
{
    struct vs_json_out *out = vs_json_new_object();
    vs_json_add_string(out, "source", meta->source);
    vs_json_add_string(out, "backend", meta->backend);
    vs_json_add_string(out, "origin", meta->origin);
    vs_json_add_boolean(out, "emulated", meta->emulated);
    vs_json_add_boolean(out, "synthetic", meta->synthetic);
    vs_json_add(out, "clock", clock_json(&meta->clock));
    vs_json_add(out, "domains", domains_json(meta));
    vs_json_add(out, "devices", devices_json(meta));
    vs_json_add(out, "ecam", ecam_json(meta));
    vs_json_add(out, "what_if", strings_json(meta->what_if, meta->what_if_count));
    vs_json_add(out, "notes", strings_json(meta->notes, meta->note_count));
    add_import(out, meta->import_json);
    return out;
}

/* ------------------------------------------------------------------ reading */

/*
 * The readers below note the first failure in state and do nothing after it, so
 * that a list of members reads as one.
 */
struct reading {
    int ret;
    struct vs_error *error;
};

/* A longer text is cut at a character's start. */
static void read_text(struct reading *state, const struct vs_json *at, const char *key, char *to,
                      size_t size)
{
    const char *text = NULL;
    struct vs_json member = vs_json_member(at, key);
    if (state->ret < 0 || (state->ret = vs_json_string(&member, &text, state->error)) < 0)
        return;
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(to, text, length);
    to[length] = '\0';
}

static uint64_t read_u64(struct reading *state, const struct vs_json *at, const char *key,
                         uint64_t max)
{
    uint64_t value = 0;
    struct vs_json member = vs_json_member(at, key);
    if (state->ret == 0)
        state->ret = vs_json_u64(&member, 0, max, &value, state->error);
    return value;
}

static bool read_boolean(struct reading *state, const struct vs_json *at, const char *key)
{
    bool value = false;
    struct vs_json member = vs_json_member(at, key);
    if (state->ret == 0)
        state->ret = vs_json_boolean(&member, &value, state->error);
    return value;
}

static uint16_t read_domain_id(struct reading *state, const struct vs_json *at, const char *key)
{
    struct vs_json member = vs_json_member(at, key);
    if (vs_json_kind(&member) == VS_JSON_NULL)
        return VS_DOMAIN_NONE;
    return (uint16_t)read_u64(state, at, key, VS_DOMAIN_NONE - 1);
}

static void read_only(struct reading *state, const struct vs_json *at, const char *const *allowed)
{
    if (state->ret == 0)
        state->ret = vs_json_expect(at, VS_JSON_OBJECT, state->error);
    if (state->ret == 0)
        state->ret = vs_json_only(at, allowed, state->error);
}

static size_t read_list(struct reading *state, const struct vs_json *at)
{
    if (state->ret == 0)
        state->ret = vs_json_expect(at, VS_JSON_ARRAY, state->error);
    return state->ret == 0 ? vs_json_count(at) : 0;
}

static void read_clock(struct reading *state, const struct vs_json *root, struct vs_clock *clock)
{
    static const char *const members[] = {"name",    "real_time",   "wall_epoch_ns",
                                          "tick_hz", "tick_source", "duration_covers",
                                          "note",    NULL};
    char covers[32] = "";
    struct vs_json at = vs_json_member(root, "clock");
    read_only(state, &at, members);
    read_text(state, &at, "name", clock->name, sizeof(clock->name));
    clock->real_time = read_boolean(state, &at, "real_time");
    clock->wall_epoch_ns = read_u64(state, &at, "wall_epoch_ns", JSON_U64_MAX);
    struct vs_json tick = vs_json_member(&at, "tick_hz");
    if (state->ret == 0)
        state->ret = vs_json_double(&tick, 0, 1e18, &clock->tick_hz, state->error);
    read_text(state, &at, "tick_source", clock->tick_source, sizeof(clock->tick_source));
    read_text(state, &at, "duration_covers", covers, sizeof(covers));
    read_text(state, &at, "note", clock->note, sizeof(clock->note));
    for (size_t i = 0; i < DURATION_COUNT && state->ret == 0; i++) {
        if (strcmp(covers, duration_names[i]) == 0) {
            clock->duration_covers = (enum vs_duration_covers)i;
            return;
        }
    }
    struct vs_json member = vs_json_member(&at, "duration_covers");
    if (state->ret == 0)
        state->ret =
            vs_json_refuse(&member, state->error, "unknown duration_covers \"%s\"", covers);
}

static void read_domain(struct reading *state, const struct vs_json *at,
                        struct vs_trace_domain *domain)
{
    static const char *const members[] = {"id", "name", "hardware_domain", "vcpus", "origin", NULL};
    read_only(state, at, members);
    domain->id = (uint16_t)read_u64(state, at, "id", UINT16_MAX);
    read_text(state, at, "name", domain->name, sizeof(domain->name));
    domain->hardware_domain = read_boolean(state, at, "hardware_domain");
    domain->vcpus = (uint16_t)read_u64(state, at, "vcpus", UINT16_MAX);
    read_text(state, at, "origin", domain->origin, sizeof(domain->origin));
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static void read_config(struct reading *state, const struct vs_json *at,
                        struct vs_trace_device *device)
{
    const char *hex = NULL;
    uint8_t config[4096] = {0};
    size_t size = read_u64(state, at, "config_bytes", sizeof(config));
    struct vs_json member = vs_json_member(at, "config");
    if (state->ret == 0)
        state->ret = vs_json_string(&member, &hex, state->error);
    if (state->ret < 0)
        return;
    size_t length = strlen(hex);
    bool good = length % 2 == 0 && length / 2 <= size;
    for (size_t i = 0; good && i < length; i += 2) {
        int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
        good = high >= 0 && low >= 0;
        if (good)
            config[i / 2] = (uint8_t)(high << 4 | low);
    }
    if (!good || (size != 0 && size != 64 && size != 256 && size != 4096)) {
        state->ret = vs_json_refuse(&member, state->error,
                                    "expected hexadecimal digits for at most config_bytes (0, "
                                    "64, 256 or 4096) bytes");
        return;
    }
    if (size != 0 && (state->ret = vs_trace_device_set_config(device, config, size)) < 0)
        vs_error_set(state->error, VS_ERR_MEMORY, "out of memory");
}

static void read_device(struct reading *state, const struct vs_json *at,
                        struct vs_trace_device *device)
{
    static const char *const members[] = {"sbdf",   "domain",    "hidden", "config_bytes",
                                          "config", "bar_bytes", "origin", NULL};
    char sbdf[2 * VS_SBDF_TEXT] = "";
    read_only(state, at, members);
    read_text(state, at, "sbdf", sbdf, sizeof(sbdf));
    struct vs_json member = vs_json_member(at, "sbdf");
    if (state->ret == 0 && vs_parse_sbdf(sbdf, &device->sbdf) < 0)
        state->ret = vs_json_refuse(&member, state->error, "expected an sbdf, found \"%s\"", sbdf);
    device->domain = read_domain_id(state, at, "domain");
    device->hidden = read_boolean(state, at, "hidden");
    read_config(state, at, device);
    struct vs_json bars = vs_json_member(at, "bar_bytes");
    size_t count = read_list(state, &bars);
    if (state->ret == 0 && count != BAR_COUNT)
        state->ret = vs_json_refuse(&bars, state->error, "expected 7 sizes, found %zu", count);
    for (size_t i = 0; i < BAR_COUNT && state->ret == 0; i++) {
        struct vs_json bar = vs_json_item(&bars, i);
        state->ret = vs_json_u64(&bar, 0, JSON_U64_MAX, &device->bar_size[i], state->error);
    }
    read_text(state, at, "origin", device->origin, sizeof(device->origin));
}

static void read_ecam(struct reading *state, const struct vs_json *at, struct vs_ecam *ecam)
{
    static const char *const members[] = {"base", "segment", "bus_first", "bus_last", NULL};
    read_only(state, at, members);
    ecam->base = read_u64(state, at, "base", JSON_U64_MAX);
    ecam->segment = (uint16_t)read_u64(state, at, "segment", UINT16_MAX);
    ecam->bus_first = (uint8_t)read_u64(state, at, "bus_first", UINT8_MAX);
    ecam->bus_last = (uint8_t)read_u64(state, at, "bus_last", UINT8_MAX);
}

static void out_of_memory(struct reading *state)
{
    state->ret = vs_error_set(state->error, VS_ERR_MEMORY, "out of memory");
}

static void read_arrays(struct reading *state, const struct vs_json *root,
                        struct vs_trace_meta *meta)
{
    struct vs_json list = vs_json_member(root, "domains");
    size_t count = read_list(state, &list);
    for (size_t i = 0; i < count && state->ret == 0; i++) {
        struct vs_json item = vs_json_item(&list, i);
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
        domain ? read_domain(state, &item, domain) : out_of_memory(state);
    }
    list = vs_json_member(root, "devices");
    count = read_list(state, &list);
    for (size_t i = 0; i < count && state->ret == 0; i++) {
        struct vs_json item = vs_json_item(&list, i);
        struct vs_trace_device *device = vs_trace_meta_add_device(meta);
        device ? read_device(state, &item, device) : out_of_memory(state);
    }
    list = vs_json_member(root, "ecam");
    count = read_list(state, &list);
    for (size_t i = 0; i < count && state->ret == 0; i++) {
        struct vs_json item = vs_json_item(&list, i);
        struct vs_ecam *ecam = vs_trace_meta_add_ecam(meta);
        ecam ? read_ecam(state, &item, ecam) : out_of_memory(state);
    }
}

static void read_strings(struct reading *state, const struct vs_json *root, const char *key,
                         struct vs_trace_meta *meta,
                         int (*add)(struct vs_trace_meta *meta, const char *format, ...))
{
    struct vs_json list = vs_json_member(root, key);
    size_t count = read_list(state, &list);
    for (size_t i = 0; i < count && state->ret == 0; i++) {
        const char *text = NULL;
        struct vs_json item = vs_json_item(&list, i);
        state->ret = vs_json_string(&item, &text, state->error);
        if (state->ret == 0 && add(meta, "%s", text) < 0)
            out_of_memory(state);
    }
}

int vs_trace_meta_parse(const struct vs_json *at, struct vs_trace_meta *meta,
                        struct vs_error *error)
{
    static const char *const members[] = {"source", "backend", "origin",  "emulated", "synthetic",
                                          "clock",  "domains", "devices", "ecam",     "what_if",
                                          "notes",  "import",  NULL};
    struct reading state = {.error = error};
    vs_trace_meta_init(meta);
    read_only(&state, at, members);
    read_text(&state, at, "source", meta->source, sizeof(meta->source));
    read_text(&state, at, "backend", meta->backend, sizeof(meta->backend));
    read_text(&state, at, "origin", meta->origin, sizeof(meta->origin));
    meta->emulated = read_boolean(&state, at, "emulated");
    meta->synthetic = read_boolean(&state, at, "synthetic");
    read_clock(&state, at, &meta->clock);
    read_arrays(&state, at, meta);
    read_strings(&state, at, "what_if", meta, vs_trace_meta_add_what_if);
    read_strings(&state, at, "notes", meta, vs_trace_meta_add_note);
    struct vs_json import = vs_json_member(at, "import");
    if (state.ret == 0 && vs_json_kind(&import) > VS_JSON_NULL)
        state.ret = vs_json_value_text(&import, &meta->import_json, error);
    if (state.ret < 0)
        vs_trace_meta_free(meta);
    return state.ret;
}
