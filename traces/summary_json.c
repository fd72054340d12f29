/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same summary for programs: `vpci-trace info --json`. */
#include "base/units.h"
#include "summary.h"

static struct vs_json_out *trace_json(const struct vs_summary_source *source)
{
    const struct vs_trace_totals *totals = &source->totals;
    struct vs_json_out *out = vs_json_new_object();
    vs_json_add_boolean(out, "complete", totals->complete);
    vs_json_add_u64(out, "records", totals->records);
    vs_json_add_u64(out, "lost_records", totals->lost_records);
    vs_json_add_u64(out, "blocks", totals->blocks);
    vs_json_add_u64(out, "file_bytes", totals->file_bytes);
    vs_json_add_u64(out, "first_ns", totals->first_ns);
    vs_json_add_u64(out, "last_ns", totals->last_ns);
    return out;
}

static struct vs_json_out *kinds_json(const struct vs_summary *summary)
{
    struct vs_json_out *list = vs_json_new_object();
    for (unsigned int i = 1; i < VS_KIND_COUNT; i++) {
        const struct vs_kind_count *kind = &summary->kinds[i];
        if (kind->count == 0)
            continue;
        struct vs_json_out *out = vs_json_new_object();
        vs_json_add_u64(out, "count", kind->count);
        vs_json_add_u64(out, "timed", kind->timed);
        vs_json_add_u64(out, "duration_total_ns", kind->duration_ns);
        vs_json_add_u64(out, "duration_max_ns", kind->duration_max_ns);
        vs_json_add(list, vs_kind_name((enum vs_kind)i), out);
    }
    return list;
}

static void add_party(struct vs_json_out *out, const struct vs_party_count *count)
{
    vs_json_add_u64(out, "reads", count->accesses.reads);
    vs_json_add_u64(out, "writes", count->accesses.writes);
    vs_json_add_u64(out, "msix", count->msix);
    vs_json_add_u64(out, "mmio", count->mmio);
    vs_json_add_u64(out, "events", count->events);
    vs_json_add_u64(out, "absent", count->absent);
}

static struct vs_json_out *domains_json(const struct vs_summary *summary)
{
    struct vs_json_out *list = vs_json_new_array();
    for (size_t i = 0; i < summary->domains.count; i++) {
        const struct vs_party_count *count = &summary->domains.items[i];
        struct vs_json_out *out = vs_json_new_object();
        vs_json_add_u64(out, "domain", count->id);
        vs_json_add_u64(out, "vcpus_seen", (uint64_t)__builtin_popcountll(count->vcpus));
        add_party(out, count);
        vs_json_add(list, NULL, out);
    }
    return list;
}

static struct vs_json_out *devices_json(const struct vs_summary *summary)
{
    struct vs_json_out *list = vs_json_new_array();
    for (size_t i = 0; i < summary->devices.count; i++) {
        const struct vs_party_count *count = &summary->devices.items[i];
        char sbdf[VS_SBDF_TEXT];
        struct vs_json_out *out = vs_json_new_object();
        vs_json_add_string(out, "sbdf", vs_sbdf_text(count->id, sbdf));
        add_party(out, count);
        vs_json_add(list, NULL, out);
    }
    return list;
}

static struct vs_json_out *regs_json(const struct vs_summary *summary)
{
    struct vs_json_out *list = vs_json_new_object();
    for (unsigned int i = 0; i < VS_REG_CLASS_COUNT; i++) {
        struct vs_json_out *out = vs_json_new_object();
        vs_json_add_u64(out, "reads", summary->regs[i].reads);
        vs_json_add_u64(out, "writes", summary->regs[i].writes);
        vs_json_add(list, vs_reg_class_name((enum vs_reg_class)i), out);
    }
    return list;
}

static struct vs_json_out *flags_json(const struct vs_summary *summary)
{
    struct vs_json_out *list = vs_json_new_object();
    for (unsigned int bit = 0; bit < 16; bit++) {
        const char *name = vs_flag_name((enum vs_flag)(1u << bit));
        if (name)
            vs_json_add_u64(list, name, summary->flags[bit]);
    }
    return list;
}

static struct vs_json_out *rate_json(const struct vs_summary *summary)
{
    struct vs_rate rate;
    struct vs_json_out *out = vs_json_new_object();
    struct vs_json_out *list = vs_json_new_array();
    vs_summary_rate(summary, 20, &rate);
    vs_json_add_u64(out, "from_ns", summary->first_ns);
    vs_json_add_u64(out, "bucket_ns", rate.width_ns);
    for (size_t i = 0; i < rate.count; i++) {
        struct vs_json_out *bucket = vs_json_new_object();
        vs_json_add_u64(bucket, "accesses", rate.buckets[i].accesses);
        vs_json_add_u64(bucket, "writes", rate.buckets[i].writes);
        vs_json_add(list, NULL, bucket);
    }
    vs_json_add(out, "buckets", list);
    return out;
}

struct vs_json_out *vs_summary_json(const struct vs_summary *summary,
                                    const struct vs_summary_source *source)
{
    struct vs_json_out *out = vs_json_new_object();
    vs_json_add_string(out, "path", source->path);
    vs_json_add(out, "trace", trace_json(source));
    vs_json_add(out, "rate", rate_json(summary));
    vs_json_add(out, "kinds", kinds_json(summary));
    vs_json_add(out, "domains", domains_json(summary));
    vs_json_add(out, "devices", devices_json(summary));
    vs_json_add(out, "registers", regs_json(summary));
    vs_json_add(out, "flags", flags_json(summary));
    vs_json_add(out, "meta", vs_trace_meta_json(source->meta));
    return out;
}
