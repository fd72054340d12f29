/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First pass over each input: which domains, segments and pCPUs it uses, and when
 * it begins.  Each of those that no input before it uses keeps its number, the
 * others get the lowest number that no input uses.  Second pass: merge by time;
 * of equal times the earlier input goes first.
 */
#include "merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS  65536u /* domain ids, segments and pCPUs are 16 bits */
#define UNMAPPED UINT16_MAX

enum number_space { SPACE_DOMAIN, SPACE_SEGMENT, SPACE_PCPU, SPACE_COUNT };

struct input {
    const char *path;
    struct vs_reader *reader;
    vs_ns offset_ns, first_ns;
    const struct vs_record *records; /* of the block at hand */
    size_t count, at;
    bool used[SPACE_COUNT][NUMBERS];
    uint16_t map[SPACE_COUNT][NUMBERS];
};

struct merge {
    struct input **inputs;
    size_t count;
    bool used[SPACE_COUNT][NUMBERS];  /* by any input, under its old number */
    bool taken[SPACE_COUNT][NUMBERS]; /* in the output */
};

/* ---------------------------------------------------------------- first pass */

/* Does the record's value hold a domain id? */
static bool names_domain(const struct vs_record *record)
{
    return record->kind >= VS_KIND_DEVICE_ASSIGN && record->kind <= VS_KIND_DOMAIN_DESTROY &&
           record->value < VS_DOMAIN_NONE;
}

static void note_used(struct input *input, const struct vs_record *record)
{
    if (record->domain != VS_DOMAIN_NONE)
        input->used[SPACE_DOMAIN][record->domain] = true;
    if (names_domain(record))
        input->used[SPACE_DOMAIN][record->value] = true;
    if (record->sbdf != VS_SBDF_NONE)
        input->used[SPACE_SEGMENT][record->sbdf >> 16] = true;
    if (record->pcpu != VS_PCPU_NONE)
        input->used[SPACE_PCPU][record->pcpu] = true;
}

static int survey(struct input *input, struct vs_error *error)
{
    const struct vs_trace_meta *meta = vs_reader_meta(input->reader);
    const struct vs_record *records = NULL;
    size_t count = 0;
    bool any = false;
    int ret = 0;
    for (size_t i = 0; i < meta->domain_count; i++)
        input->used[SPACE_DOMAIN][meta->domains[i].id] = true;
    for (size_t i = 0; i < meta->device_count; i++) {
        input->used[SPACE_SEGMENT][meta->devices[i].sbdf >> 16] = true;
        if (meta->devices[i].domain != VS_DOMAIN_NONE)
            input->used[SPACE_DOMAIN][meta->devices[i].domain] = true;
    }
    for (size_t i = 0; i < meta->ecam_count; i++)
        input->used[SPACE_SEGMENT][meta->ecam[i].segment] = true;
    while ((ret = vs_reader_next(input->reader, &records, &count, error)) > 0) {
        input->first_ns = any ? input->first_ns : records[0].time_ns;
        any = true;
        for (size_t i = 0; i < count; i++)
            note_used(input, &records[i]);
    }
    return ret;
}

static int renumber(struct merge *merge, struct input *input, enum number_space space,
                    struct vs_error *error)
{
    static const char *const names[] = {"domain ids", "PCI segments", "pCPU numbers"};
    uint32_t free_number = 0;
    for (uint32_t number = 0; number < NUMBERS; number++) {
        input->map[space][number] = (uint16_t)number;
        if (!input->used[space][number])
            continue;
        if (merge->taken[space][number]) {
            while (free_number < UNMAPPED &&
                   (merge->taken[space][free_number] || merge->used[space][free_number]))
                free_number++;
            if (free_number == UNMAPPED)
                return vs_error_set(error, VS_ERR_INPUT, "the inputs use more %s than there are",
                                    names[space]);
            input->map[space][number] = (uint16_t)free_number;
        }
        merge->taken[space][input->map[space][number]] = true;
    }
    return 0;
}

static int open_inputs(struct merge *merge, const char *const *paths, const vs_ns *offsets_ns,
                       struct vs_error *error)
{
    int ret = 0;
    for (size_t i = 0; i < merge->count && ret == 0; i++) {
        struct input *input = merge->inputs[i] = calloc(1, sizeof(*input));
        if (!input)
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        input->path = paths[i];
        input->offset_ns = offsets_ns[i];
        ret = vs_reader_open(input->path, &input->reader, error);
        if (ret == 0)
            ret = survey(input, error);
        if (ret == 0)
            ret = vs_reader_seek(input->reader, 0, error);
        for (unsigned int space = 0; space < SPACE_COUNT; space++) {
            for (uint32_t number = 0; number < NUMBERS; number++)
                merge->used[space][number] |= input->used[space][number];
        }
    }
    for (size_t i = 0; i < merge->count && ret == 0; i++) {
        for (unsigned int space = 0; space < SPACE_COUNT && ret == 0; space++)
            ret = renumber(merge, merge->inputs[i], (enum number_space)space, error);
    }
    return ret;
}

/* ------------------------------------------------------------------ metadata */

static uint16_t new_domain(const struct input *input, uint16_t id)
{
    return id == VS_DOMAIN_NONE ? id : input->map[SPACE_DOMAIN][id];
}

static uint32_t new_sbdf(const struct input *input, uint32_t sbdf)
{
    if (sbdf == VS_SBDF_NONE)
        return sbdf;
    return (uint32_t)input->map[SPACE_SEGMENT][sbdf >> 16] << 16 | (sbdf & 0xffff);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Copy text into a buffer of size bytes, cut if need be. */
static void set_text(char *to, size_t size, const char *text)
{
    size_t length = strlen(text);
    length = length < size ? length : size - 1;
    memcpy(to, text, length);
    to[length] = '\0';
}

static int merge_domains(struct vs_trace_meta *meta, const struct input *input, bool keep_hardware)
{
    const struct vs_trace_meta *from = vs_reader_meta(input->reader);
    for (size_t i = 0; i < from->domain_count; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
        if (!domain)
            return VS_ERR_MEMORY;
        *domain = from->domains[i];
        domain->id = new_domain(input, domain->id);
        domain->hardware_domain = domain->hardware_domain && keep_hardware;
        set_text(domain->origin, sizeof(domain->origin), base_name(input->path));
    }
    return 0;
}

static int merge_devices(struct vs_trace_meta *meta, const struct input *input)
{
    const struct vs_trace_meta *from = vs_reader_meta(input->reader);
    for (size_t i = 0; i < from->device_count; i++) {
        struct vs_trace_device *device = vs_trace_meta_add_device(meta);
        if (!device)
            return VS_ERR_MEMORY;
        *device = from->devices[i];
        device->config = NULL;
        device->sbdf = new_sbdf(input, device->sbdf);
        device->domain = new_domain(input, device->domain);
        if (from->devices[i].config && vs_trace_device_set_config(device, from->devices[i].config,
                                                                  from->devices[i].config_size) < 0)
            return VS_ERR_MEMORY;
    }
    for (size_t i = 0; i < from->ecam_count; i++) {
        struct vs_ecam *ecam = vs_trace_meta_add_ecam(meta);
        if (!ecam)
            return VS_ERR_MEMORY;
        *ecam = from->ecam[i];
        ecam->segment = input->map[SPACE_SEGMENT][ecam->segment];
    }
    return 0;
}

static int merge_texts(struct vs_trace_meta *meta, const struct input *input)
{
    const struct vs_trace_meta *from = vs_reader_meta(input->reader);
    const char *name = base_name(input->path);
    int ret = 0;
    for (size_t i = 0; i < from->what_if_count && ret == 0; i++)
        ret = vs_trace_meta_add_what_if(meta, "%s: %s", name, from->what_if[i]);
    for (size_t i = 0; i < from->note_count && ret == 0; i++)
        ret = vs_trace_meta_add_note(meta, "%s: %s", name, from->notes[i]);
    if (ret == 0 && from->clock.note[0])
        ret = vs_trace_meta_add_note(meta, "%s: clock: %s", name, from->clock.note);
    return ret;
}

/* What the inputs agree on stays; where they differ, durations stop being a cost. */
static void merge_clock(struct vs_clock *clock, const struct merge *merge)
{
    const struct vs_clock *first = &vs_reader_meta(merge->inputs[0]->reader)->clock;
    clock->real_time = first->real_time;
    clock->duration_covers = first->duration_covers;
    bool same = true;
    for (size_t i = 1; i < merge->count; i++) {
        const struct vs_clock *other = &vs_reader_meta(merge->inputs[i]->reader)->clock;
        same = same && other->real_time == first->real_time &&
               other->duration_covers == first->duration_covers;
    }
    set_text(clock->name, sizeof(clock->name), "merged");
    set_text(clock->note, sizeof(clock->note), "each input's first record was moved to its offset");
    if (!same) {
        clock->real_time = false;
        clock->duration_covers = VS_DURATION_STATED;
        set_text(clock->note, sizeof(clock->note),
                 "each input's first record was moved to its offset; durations differ in what "
                 "they cover from input to input");
    }
}

/* {"1 a.vpt": that input's report, ...} */
static int merge_reports(struct vs_trace_meta *meta, const struct merge *merge)
{
    struct vs_json_out *out = vs_json_new_object();
    bool any = false;
    for (size_t i = 0; i < merge->count; i++) {
        const char *text = vs_reader_meta(merge->inputs[i]->reader)->import_json;
        struct vs_json_doc *doc = NULL;
        char key[128];
        if (!text || vs_json_parse(text, strlen(text), "import report", &doc, NULL) < 0)
            continue;
        struct vs_json root = vs_json_root(doc);
        snprintf(key, sizeof(key), "%zu %.80s", i + 1, base_name(merge->inputs[i]->path));
        vs_json_add_copy(out, key, &root);
        vs_json_doc_free(doc);
        any = true;
    }
    int ret = any ? vs_json_text(out, &meta->import_json, NULL) : 0;
    vs_json_out_free(out);
    return ret < 0 ? VS_ERR_MEMORY : 0;
}

static int add_what_if(struct vs_trace_meta *meta, const struct merge *merge, enum vs_merge_as as)
{
    char list[600] = "";
    size_t length = 0;
    for (size_t i = 0; i < merge->count && length + 1 < sizeof(list); i++) {
        char offset[VS_DURATION_TEXT];
        int wrote = snprintf(list + length, sizeof(list) - length, "%s%.60s at +%s", i ? ", " : "",
                             base_name(merge->inputs[i]->path),
                             vs_duration_text(merge->inputs[i]->offset_ns, offset));
        length += wrote > 0 ? (size_t)wrote : 0;
    }
    return vs_trace_meta_add_what_if(
        meta, "merged %zu captures as %s; they did not run together: %s", merge->count,
        as == VS_MERGE_DOMAINS ? "domains of one host" : "separate hosts", list);
}

static int merge_meta(struct vs_trace_meta *meta, const struct merge *merge, enum vs_merge_as as)
{
    const struct vs_trace_meta *first = vs_reader_meta(merge->inputs[0]->reader);
    bool same_backend = true;
    int ret = 0;
    set_text(meta->source, sizeof(meta->source), "merge");
    merge_clock(&meta->clock, merge);
    for (size_t i = 0; i < merge->count && ret == 0; i++) {
        const struct vs_trace_meta *from = vs_reader_meta(merge->inputs[i]->reader);
        meta->emulated |= from->emulated;
        meta->synthetic |= from->synthetic;
        same_backend = same_backend && strcmp(from->backend, first->backend) == 0;
        ret = merge_domains(meta, merge->inputs[i], as == VS_MERGE_HOSTS || i == 0);
        if (ret == 0)
            ret = merge_devices(meta, merge->inputs[i]);
        if (ret == 0)
            ret = merge_texts(meta, merge->inputs[i]);
    }
    if (same_backend)
        set_text(meta->backend, sizeof(meta->backend), first->backend);
    snprintf(meta->origin, sizeof(meta->origin), "%zu merged traces", merge->count);
    if (ret == 0)
        ret = merge_reports(meta, merge);
    if (ret == 0)
        ret = add_what_if(meta, merge, as);
    return ret;
}

/* --------------------------------------------------------------- second pass */

/* Sees to it that input has a record at hand; returns 1, 0 at its end, or an error. */
static int fill(struct input *input, struct vs_error *error)
{
    while (input->at == input->count) {
        int ret = vs_reader_next(input->reader, &input->records, &input->count, error);
        input->at = 0;
        if (ret <= 0) {
            input->count = 0;
            return ret;
        }
    }
    return 1;
}

static int moved_time(const struct input *input, uint64_t time_ns, uint64_t *moved,
                      struct vs_error *error)
{
    if (__builtin_add_overflow(time_ns - input->first_ns, input->offset_ns, moved))
        return vs_error_set_at(error, VS_ERR_INPUT, input->path, VS_NOWHERE, VS_NOWHERE,
                               "its times and its offset together pass 2^64 ns");
    return 0;
}

static int write_next(struct input *input, uint64_t time_ns, struct vs_writer *writer,
                      struct vs_error *error)
{
    struct vs_record record = input->records[input->at++];
    record.time_ns = time_ns;
    record.sbdf = new_sbdf(input, record.sbdf);
    if (names_domain(&record))
        record.value = input->map[SPACE_DOMAIN][record.value];
    record.domain = new_domain(input, record.domain);
    if (record.pcpu != VS_PCPU_NONE)
        record.pcpu = input->map[SPACE_PCPU][record.pcpu];
    return vs_writer_add(writer, &record, 1, error);
}

static int merge_records(struct merge *merge, struct vs_writer *writer, struct vs_error *error)
{
    for (;;) {
        struct input *best = NULL;
        uint64_t best_ns = 0;
        /* Few inputs: looking at each is as fast as a heap. */
        for (size_t i = 0; i < merge->count; i++) {
            struct input *input = merge->inputs[i];
            uint64_t time_ns = 0;
            int ret = fill(input, error);
            if (ret < 0)
                return ret;
            if (ret == 0)
                continue;
            ret = moved_time(input, input->records[input->at].time_ns, &time_ns, error);
            if (ret < 0)
                return ret;
            if (!best || time_ns < best_ns) {
                best = input;
                best_ns = time_ns;
            }
        }
        if (!best)
            return 0;
        int ret = write_next(best, best_ns, writer, error);
        if (ret < 0)
            return ret;
    }
}

static void merge_free(struct merge *merge)
{
    if (!merge)
        return;
    for (size_t i = 0; merge->inputs && i < merge->count; i++) {
        if (merge->inputs[i])
            vs_reader_close(merge->inputs[i]->reader);
        free(merge->inputs[i]);
    }
    free(merge->inputs);
    free(merge);
}

int vs_merge(const char *const *paths, const vs_ns *offsets_ns, size_t count, enum vs_merge_as as,
             const char *output, const struct vs_writer_options *options, struct vs_error *error)
{
    struct vs_trace_meta meta;
    struct vs_writer *writer = NULL;
    struct merge *merge = calloc(1, sizeof(*merge));
    int ret = VS_ERR_MEMORY;
    vs_trace_meta_init(&meta);
    if (merge) {
        merge->count = count;
        merge->inputs = calloc(count, sizeof(*merge->inputs));
    }
    if (!merge || !merge->inputs) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    ret = open_inputs(merge, paths, offsets_ns, error);
    if (ret == 0 && (ret = merge_meta(&meta, merge, as)) < 0)
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (ret == 0)
        ret = vs_writer_open(output, &meta, options, &writer, error);
    if (ret == 0)
        ret = merge_records(merge, writer, error);
    if (ret == 0) {
        ret = vs_writer_commit(writer, NULL, error);
        writer = NULL;
    }
out:
    vs_writer_abort(writer);
    vs_trace_meta_free(&meta);
    merge_free(merge);
    return ret;
}
