/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The importer of xentrace(8) logs: check and merge the pCPUs' streams
 * (xen_window.c, xen_merge.c), rebuild accesses (xen_rebuild.c), infer sizes
 * (xen_size.c), then hand over the records by rising time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "import/ecam.h"
#include "import/import.h"
#include "import/tsc.h"
#include "import/xen_rebuild.h"

enum { BATCH_RECORDS = 1024 };

/* ------------------------------------------------------------------- options */

static int choose_frequency(const struct vs_import_options *options, struct vs_xl_info *info,
                            struct vs_clock *clock, struct vs_error *error)
{
    int ret;

    *info = (struct vs_xl_info){0};
    if (!options->tsc_hz && !options->xl_info)
        return vs_error_set(error, VS_ERR_USAGE,
                            "an xentrace log does not say how fast its TSC counts: give --tsc-hz "
                            "FREQUENCY (as 2.4GHz), or --xl-info FILE with the output of `xl info` "
                            "on that host");
    if (options->xl_info) {
        ret = vs_xl_info_read(options->xl_info, info, error);
        if (ret < 0)
            return ret;
        snprintf(clock->tick_source, sizeof(clock->tick_source), "cpu_mhz of xl info");
    }
    if (options->tsc_hz) {
        ret = vs_tsc_parse_hz(options->tsc_hz, &info->tsc_hz, error);
        if (ret < 0)
            return ret;
        snprintf(clock->tick_source, sizeof(clock->tick_source), "--tsc-hz");
    }
    clock->tick_hz = (double)info->tsc_hz;
    return 0;
}

static int choose_ecam(const struct vs_import_options *options, struct vs_trace_meta *meta,
                       struct vs_error *error)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < options->ecam.count; i++)
        ret = vs_ecam_parse(options->ecam.items[i], meta, error);
    if (ret == 0 && options->mcfg)
        ret = vs_ecam_read_mcfg(options->mcfg, meta, error);
    if (ret == 0 && options->iomem)
        ret = vs_ecam_read_iomem(options->iomem, meta, error);
    return ret;
}

/* The domains of --only-domain; *domains is NULL when all are wanted. */
static int choose_domains(const struct vs_import_options *options, uint16_t **domains,
                          struct vs_error *error)
{
    *domains = NULL;
    if (options->only_domains.count == 0)
        return 0;
    *domains = calloc(options->only_domains.count, sizeof(**domains));
    if (!*domains)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for a list of domains");
    for (size_t i = 0; i < options->only_domains.count; i++) {
        uint64_t id;

        if (vs_parse_u64(options->only_domains.items[i], 0, VS_XEN_DOMAIN_FIRST_RESERVED - 1, &id) <
            0)
            return vs_error_set(error, VS_ERR_USAGE,
                                "--only-domain: expected a domain id from 0 to %u, found \"%s\"",
                                VS_XEN_DOMAIN_FIRST_RESERVED - 1, options->only_domains.items[i]);
        (*domains)[i] = (uint16_t)id;
    }
    return 0;
}

/* ------------------------------------------------------------------ metadata */

/*
 * SVM or VMX?  4.19 and later say by the id of the exit record; before, the
 * reason that port accesses exit with tells, and must not contradict what was stated.
 */
static int name_vendor(const struct vs_import_options *options,
                       const struct vs_xen_rebuild *rebuild, const char **vendor, const char **how,
                       struct vs_error *error)
{
    uint64_t svm = rebuild->counts[VS_XEN_IO_EXITS_SVM] + rebuild->counts[VS_XEN_SVM_IDS];
    uint64_t vmx = rebuild->counts[VS_XEN_IO_EXITS_VMX];
    bool is_svm = svm > vmx;

    *vendor = "";
    *how = "no exit tells";
    if (options->vendor != VS_VENDOR_UNSTATED) {
        *vendor = options->vendor == VS_VENDOR_SVM ? "svm" : "vmx";
        *how = "stated";
    }
    if (svm == vmx)
        return 0;
    if (options->vendor != VS_VENDOR_UNSTATED && (options->vendor == VS_VENDOR_SVM) != is_svm)
        return vs_error_set_at(
            error, VS_ERR_INPUT, options->inputs.items[0], VS_NOWHERE, VS_NOWHERE,
            "--vendor %s, but %" PRIu64 " port accesses or exit records are %s's "
            "and %" PRIu64 " are %s's",
            *vendor, is_svm ? svm : vmx, is_svm ? "svm" : "vmx", is_svm ? vmx : svm, *vendor);
    if (options->vendor == VS_VENDOR_UNSTATED) {
        *vendor = is_svm ? "svm" : "vmx";
        *how = rebuild->counts[VS_XEN_SVM_IDS] ? "from exit record ids" : "from exit reasons";
    }
    return 0;
}

static int describe_domains(const struct vs_xen_rebuild *rebuild, struct vs_trace_meta *meta,
                            struct vs_error *error)
{
    for (size_t i = 0; i < rebuild->vcpus.domain_count; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);

        if (!domain)
            return vs_error_set(error, VS_ERR_MEMORY, "no memory for domains");
        domain->id = rebuild->vcpus.domains[i]->id;
        domain->vcpus = rebuild->vcpus.domains[i]->vcpus;
        domain->hardware_domain = domain->id == 0;
        if (domain->id == 0)
            snprintf(domain->name, sizeof(domain->name), "Domain-0");
        else
            snprintf(domain->name, sizeof(domain->name), "domain-%u", domain->id);
    }
    return 0;
}

static int describe(const struct vs_import_options *options, const struct vs_xl_info *info,
                    const struct vs_xen_rebuild *rebuild, struct vs_trace_meta *meta,
                    struct vs_error *error)
{
    const char *vendor, *how;
    int ret = name_vendor(options, rebuild, &vendor, &how, error);

    if (ret < 0)
        return ret;
    snprintf(meta->backend, sizeof(meta->backend), "xen%s%s%s%s", *info->xen_version ? "-" : "",
             info->xen_version, *vendor ? " " : "", vendor);
    snprintf(meta->clock.name, sizeof(meta->clock.name), "xen-tsc");
    meta->clock.real_time = !meta->emulated;
    meta->clock.duration_covers = VS_DURATION_VMEXIT;
    snprintf(meta->clock.note, sizeof(meta->clock.note),
             "time 0 is the log's first TSC; an access starts at its VM exit and lasts to the VM "
             "entry, Xen's own locks included");
    ret = describe_domains(rebuild, meta, error);
    if (ret == 0)
        ret = vs_trace_meta_add_note(meta, "xentrace records no access sizes: all are inferred");
    /* Without a window, ECAM accesses look like any other trapped memory. */
    if (ret == 0 && meta->ecam_count == 0 && rebuild->counts[VS_XEN_OTHER_MEMORY])
        ret = vs_trace_meta_add_note(meta,
                                     "no ECAM window was given: %" PRIu64 " memory accesses were "
                                     "kept as mmio, some may be config accesses",
                                     rebuild->counts[VS_XEN_OTHER_MEMORY]);
    if (ret == 0 && rebuild->counts[VS_XEN_NO_VCPU] && rebuild->vcpus.domain_count == 0)
        ret = vs_trace_meta_add_note(meta,
                                     "the log has no scheduling records (class SCHED), which tell "
                                     "whose %" PRIu64 " accesses these were: capture with "
                                     "`xentrace -e 0x000af000`",
                                     rebuild->counts[VS_XEN_NO_VCPU]);
    if (ret == 0 && rebuild->counts[VS_XEN_VCPU_TWICE])
        ret = vs_trace_meta_add_note(
            meta,
            "a vCPU seemed to run on two pCPUs at once %" PRIu64
            " times: the pCPUs' TSCs are not synchronised, and the order of accesses on "
            "different pCPUs is uncertain",
            rebuild->counts[VS_XEN_VCPU_TWICE]);
    if (ret == 0 && !*vendor)
        ret = vs_trace_meta_add_note(meta, "the CPU's vendor is not known: %s", how);
    return ret;
}

/* A log that xentrace did not end itself may end anywhere.  "incomplete:" goes into every
 * caption (analysis/describe.c). */
static int note_cut_off(const struct vs_import_report *report, struct vs_trace_meta *meta,
                        struct vs_error *error)
{
    uint64_t bytes = vs_import_report_get(report, VS_IMPORT_NOT_REBUILT, VS_XEN_BYTES_CUT_OFF);

    if (bytes && vs_trace_meta_add_note(meta,
                                        "incomplete: the log ends within a window: %" PRIu64
                                        " bytes of it are missing or were left out",
                                        bytes) < 0)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for a note");
    return 0;
}

/* -------------------------------------------------------------------- output */

static int by_time(const void *a, const void *b)
{
    const struct vs_xen_access *left = a, *right = b;

    if (left->record.time_ns != right->record.time_ns)
        return left->record.time_ns < right->record.time_ns ? -1 : 1;
    /* `previous` is no longer needed and holds the order of rebuilding. */
    return (left->previous > right->previous) - (left->previous < right->previous);
}

/* The access as one or two records. */
static size_t records_of(const struct vs_xen_access *access, struct vs_record records[2])
{
    records[0] = access->record;
    if (access->size != 8) {
        records[0].size = access->size;
        return 1;
    }
    records[0].size = 4;
    records[1] = records[0];
    records[1].reg = (uint16_t)(records[1].reg + 4);
    records[1].value = access->value_high;
    records[1].duration_ns = 0;
    records[1].flags |= VS_FLAG_SECOND_HALF;
    if (!access->wide_value) {
        records[1].value = 0;
        records[1].flags |= VS_FLAG_VALUE_UNKNOWN;
    }
    return 2;
}

/* A vendor id of all ones: no function there (PCI Local Bus Specification 3.0, 6.1). */
static void mark_absent(struct vs_record *record)
{
    if (record->kind == VS_KIND_CFG_READ && record->reg == 0 &&
        !(record->flags & VS_FLAG_VALUE_UNKNOWN) &&
        record->value == (record->size == 4 ? UINT32_MAX : UINT32_C(0xffff)))
        record->flags |= VS_FLAG_ABSENT;
}

static int hand_over(struct vs_xen_accesses *accesses, struct vs_import_sink *sink,
                     struct vs_error *error)
{
    struct vs_record batch[BATCH_RECORDS + 2];
    size_t filled = 0;
    int ret = 0;

    for (size_t i = 0; i < accesses->count; i++)
        accesses->items[i].previous = (uint32_t)i;
    if (accesses->count)
        qsort(accesses->items, accesses->count, sizeof(*accesses->items), by_time);
    for (size_t i = 0; ret >= 0 && i < accesses->count; i++) {
        size_t made;

        if (accesses->items[i].dropped)
            continue;
        made = records_of(&accesses->items[i], batch + filled);
        for (size_t j = 0; j < made; j++)
            mark_absent(&batch[filled + j]);
        filled += made;
        if (filled >= BATCH_RECORDS) {
            ret = vs_import_add(sink, batch, filled, error);
            filled = 0;
        }
    }
    if (ret >= 0 && filled)
        ret = vs_import_add(sink, batch, filled, error);
    return ret;
}

static int run(const struct vs_import_options *options, struct vs_import_sink *sink,
               struct vs_error *error)
{
    struct vs_xen_rebuild_options rebuild_options = {.meta = sink->meta};
    struct vs_xen_rebuild rebuild = {0};
    struct vs_xen_log *log = NULL;
    uint16_t *domains = NULL;
    struct vs_xl_info info;
    int ret;

    ret = choose_frequency(options, &info, &sink->meta->clock, error);
    if (ret == 0)
        ret = choose_ecam(options, sink->meta, error);
    if (ret == 0)
        ret = choose_domains(options, &domains, error);
    if (ret == 0)
        ret =
            vs_xen_log_open(options->inputs.items[0], options->tolerate, sink->report, &log, error);
    if (ret < 0)
        goto out;
    rebuild_options.tsc_hz = info.tsc_hz;
    rebuild_options.domains = domains;
    rebuild_options.domain_count = options->only_domains.count;
    ret = vs_xen_rebuild_run(log, &rebuild_options, &rebuild, error);
    if (ret < 0)
        goto out;
    vs_xen_rebuild_report(&rebuild, sink->report);
    vs_import_count(sink->report, VS_IMPORT_NOT_REBUILT,
                    "memory-accesses-with-no-ecam-window-given",
                    sink->meta->ecam_count ? 0 : rebuild.counts[VS_XEN_OTHER_MEMORY]);
    vs_import_count(sink->report, VS_IMPORT_INFERRED, "tsc-went-back",
                    vs_xen_log_tsc_backwards(log));
    ret = vs_xen_sizes_infer(&rebuild.accesses, sink->meta, sink->report, error);
    if (ret == 0)
        ret = describe(options, &info, &rebuild, sink->meta, error);
    if (ret == 0)
        ret = note_cut_off(sink->report, sink->meta, error);
    if (ret == 0)
        ret = hand_over(&rebuild.accesses, sink, error);
out:
    vs_xen_rebuild_free(&rebuild);
    vs_xen_log_close(log);
    free(domains);
    return ret;
}

static const char *const takes[] = {"tsc-hz", "xl-info", "ecam",        "mcfg",
                                    "iomem",  "vendor",  "only-domain", NULL};

const struct vs_importer vs_importer_xentrace = {
    .name = "xentrace",
    .summary = "binary log of Xen's xentrace(8), classes HVM and SCHED (-e 0x000af000)",
    .takes = takes,
    .expects = "records of classes HVM and SCHED, as `xentrace -e 0x000af000` captures them",
    .inputs_max = 1,
    .run = run,
};
