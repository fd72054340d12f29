/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each vCPU runs operations one after the other, with random gaps between its
 * accesses; a heap holds each vCPU's next time.  Ties go to the lower vCPU.
 *
 *   boot      vCPU 0 of each domain probes its buses and sets its devices up;
 *             the domain's other vCPUs start when it is done
 *   poll      every vCPU draws operations from the mix
 *   hotplug   the same, and vCPU 0 of domain 0 also removes, adds, assigns and
 *             resets devices: the last quarter of the trace, or all after boot
 *             when there is no poll phase
 */
#include "generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

#define SLOTS_PER_BUS   32u
#define BUSES           254u /* per segment: 1 to 254 */
#define WEIGHT_TOTAL    1000000u
#define HOTPLUG_ONE_IN  8u /* operations of vCPU 0 of domain 0 that are events */
#define BURST_LENGTH    32u
#define BURST_SPEEDUP   16u /* gaps within a burst are so much shorter than the mean */
#define DEVICE_TRIES    8u
#define BOOT_STAGGER_NS 1000000u

struct vcpu {
    vs_ns time_ns;
    uint16_t domain, number;
    uint32_t burst_left;
    uint32_t boot_slot; /* next slot to probe, of vCPU 0 while booting */
    bool booting, waiting;
    struct vs_random random;
    struct vs_synth_script script;
};

struct generator {
    const struct vs_generate_options *options;
    struct vs_synth_model *models;
    struct vs_synth_device *devices;
    uint8_t *configs;
    struct vcpu *vcpus;
    uint32_t *heap; /* vCPU indices by (time, index) */
    uint32_t heap_count;
    uint32_t weights[VS_SYNTH_OPS]; /* cumulated, up to WEIGHT_TOTAL */
    uint64_t written;
    struct vs_trace_meta meta;
    struct vs_writer *writer;
};

static int out_of_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* --------------------------------------------------------------------- heap */

static bool before(const struct generator *generator, uint32_t a, uint32_t b)
{
    vs_ns left = generator->vcpus[a].time_ns, right = generator->vcpus[b].time_ns;
    return left < right || (left == right && a < b);
}

static void sift_down(struct generator *generator, uint32_t at)
{
    uint32_t *heap = generator->heap, moving = heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= generator->heap_count)
            break;
        if (child + 1 < generator->heap_count && before(generator, heap[child + 1], heap[child]))
            child++;
        if (!before(generator, heap[child], moving))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

static void heap_add(struct generator *generator, uint32_t vcpu)
{
    uint32_t at = generator->heap_count++;
    while (at > 0 && before(generator, vcpu, generator->heap[(at - 1) / 2])) {
        generator->heap[at] = generator->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    generator->heap[at] = vcpu;
}

/* ------------------------------------------------------------------- set-up */

static uint32_t buses_per_domain(const struct vs_generate_options *options)
{
    return (options->devices + SLOTS_PER_BUS - 1) / SLOTS_PER_BUS;
}

static uint32_t slot_sbdf(const struct vs_generate_options *options, uint32_t domain, uint32_t slot)
{
    uint32_t bus = domain * buses_per_domain(options) + slot / SLOTS_PER_BUS;
    return (bus / BUSES) << 16 | (1 + bus % BUSES) << 8 | (slot % SLOTS_PER_BUS) << 3;
}

static int describe_device(struct generator *generator, const struct vs_synth_device *device,
                           uint32_t domain)
{
    struct vs_trace_device *meta = vs_trace_meta_add_device(&generator->meta);
    if (!meta)
        return VS_ERR_MEMORY;
    meta->sbdf = device->sbdf;
    meta->domain = (uint16_t)domain;
    memcpy(meta->bar_size, device->model->bar_size, sizeof(meta->bar_size));
    snprintf(meta->origin, sizeof(meta->origin), "generate: model %s", device->model->name);
    return vs_trace_device_set_config(meta, device->config, VS_SYNTH_CONFIG);
}

static int make_devices(struct generator *generator)
{
    const struct vs_generate_options *options = generator->options;
    size_t count = (size_t)options->domains * options->devices;
    generator->models = calloc(VS_SYNTH_MODELS, sizeof(*generator->models));
    generator->devices = calloc(count, sizeof(*generator->devices));
    generator->configs = calloc(count, VS_SYNTH_CONFIG);
    if (!generator->models || !generator->devices || !generator->configs)
        return VS_ERR_MEMORY;
    vs_synth_models(generator->models);
    for (size_t i = 0; i < count; i++) {
        struct vs_synth_device *device = &generator->devices[i];
        uint32_t domain = (uint32_t)(i / options->devices);
        device->model = &generator->models[i % VS_SYNTH_MODELS];
        device->config = generator->configs + i * VS_SYNTH_CONFIG;
        device->owner = domain;
        device->present = true;
        device->sbdf = slot_sbdf(options, domain, (uint32_t)(i % options->devices));
        vs_synth_place(device, (uint32_t)i);
        if (describe_device(generator, device, domain) < 0)
            return VS_ERR_MEMORY;
    }
    return 0;
}

static int make_vcpus(struct generator *generator)
{
    const struct vs_generate_options *options = generator->options;
    uint32_t count = options->domains * options->vcpus;
    bool boot = options->phases & VS_PHASE_BOOT;
    generator->vcpus = calloc(count, sizeof(*generator->vcpus));
    generator->heap = calloc(count, sizeof(*generator->heap));
    if (!generator->vcpus || !generator->heap)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        struct vcpu *vcpu = &generator->vcpus[i];
        vcpu->domain = (uint16_t)(i / options->vcpus);
        vcpu->number = (uint16_t)(i % options->vcpus);
        vs_random_seed(&vcpu->random, options->seed, i);
        vcpu->booting = boot && vcpu->number == 0;
        vcpu->waiting = boot && vcpu->number != 0;
        vcpu->time_ns = boot ? (vs_ns)vcpu->domain * BOOT_STAGGER_NS
                             : vs_random_exponential(&vcpu->random, options->gap_ns);
        if (!vcpu->waiting)
            heap_add(generator, i);
    }
    return 0;
}

/* Weights cumulated to WEIGHT_TOTAL, the writing operations at their stated share. */
static int make_weights(struct generator *generator, struct vs_error *error)
{
    const struct vs_generate_options *options = generator->options;
    double sums[2] = {0, 0}, so_far = 0;
    for (unsigned int op = 0; op < VS_SYNTH_OPS; op++)
        sums[vs_synth_ops[op].writes] += options->weights[op];
    if ((sums[0] <= 0 && options->writes < 1) || (sums[1] <= 0 && options->writes > 0))
        return vs_error_set(error, VS_ERR_USAGE,
                            "--writes %g leaves a share to operations whose weights in --mix are "
                            "all 0",
                            options->writes);
    for (unsigned int op = 0; op < VS_SYNTH_OPS; op++) {
        bool writes = vs_synth_ops[op].writes;
        double share = writes ? options->writes : 1 - options->writes;
        if (sums[writes] > 0)
            so_far += share * options->weights[op] / sums[writes];
        generator->weights[op] = (uint32_t)(so_far * WEIGHT_TOTAL + 0.5);
    }
    return 0;
}

static int describe(struct generator *generator)
{
    const struct vs_generate_options *options = generator->options;
    struct vs_trace_meta *meta = &generator->meta;
    char gap[VS_DURATION_TEXT];
    strcpy(meta->source, "generate");
    snprintf(meta->origin, sizeof(meta->origin), "seed %llu", (unsigned long long)options->seed);
    meta->synthetic = true;
    strcpy(meta->clock.name, "synthetic");
    strcpy(meta->clock.note, "made-up times");
    for (uint32_t i = 0; i < options->domains; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
        if (!domain)
            return VS_ERR_MEMORY;
        domain->id = (uint16_t)i;
        domain->hardware_domain = i == 0;
        domain->vcpus = (uint16_t)options->vcpus;
        snprintf(domain->name, sizeof(domain->name), i ? "guest%u" : "dom0", i);
        strcpy(domain->origin, "generate");
    }
    return vs_trace_meta_add_what_if(
        meta,
        "synthetic traffic, not captured: %u domains of %u vCPUs and %u devices, an access of a "
        "vCPU per %s on average (%s), seed %llu",
        options->domains, options->vcpus, options->devices, vs_duration_text(options->gap_ns, gap),
        options->arrivals == VS_ARRIVALS_BURSTY ? "bursty" : "Poisson",
        (unsigned long long)options->seed);
}

/* --------------------------------------------------------------- operations */

static struct vs_synth_device *any_device(struct generator *generator, struct vcpu *vcpu)
{
    uint32_t devices = generator->options->devices;
    return &generator->devices[vcpu->domain * devices +
                               (uint32_t)vs_random_below(&vcpu->random, devices)];
}

static void draw_operation(struct generator *generator, struct vcpu *vcpu)
{
    uint32_t drawn = (uint32_t)vs_random_below(&vcpu->random, WEIGHT_TOTAL);
    unsigned int op = 0;
    while (op + 1 < VS_SYNTH_OPS && generator->weights[op] <= drawn)
        op++;
    for (unsigned int i = 0; i < DEVICE_TRIES; i++) {
        struct vs_synth_device *device = any_device(generator, vcpu);
        if (!device->present || !vs_synth_fits((enum vs_synth_op)op, device->model))
            continue;
        vs_synth_operation(&vcpu->script, (enum vs_synth_op)op, device, &vcpu->random);
        return;
    }
    /* No device of this domain can do it, or they are away: ask an empty function. */
    vs_synth_operation(&vcpu->script, VS_SYNTH_ABSENT, any_device(generator, vcpu), &vcpu->random);
}

/* An event of domain 0, with what undoes it: the script plays both. */
static void draw_event(struct generator *generator, struct vcpu *vcpu)
{
    const struct vs_generate_options *options = generator->options;
    struct vs_synth_script *script = &vcpu->script;
    uint32_t count = options->domains * options->devices;
    uint32_t index = (uint32_t)vs_random_below(&vcpu->random, count);
    struct vs_synth_device *device = &generator->devices[index];
    uint32_t owner = index / options->devices;
    uint32_t other =
        (owner + 1 + (uint32_t)vs_random_below(&vcpu->random, options->domains)) % options->domains;
    uint64_t choice = vs_random_below(&vcpu->random, 8);
    if (choice == 0) {
        vs_synth_event(script, VS_KIND_DUMP, VS_SBDF_NONE, 0, NULL);
    } else if (choice <= 2) {
        vs_synth_event(script, VS_KIND_DEVICE_RESET, device->sbdf, 0, device);
    } else if (choice <= 4 && other != owner) {
        /* Between two guests it passes through the hardware domain. */
        if (owner != 0)
            vs_synth_event(script, VS_KIND_DEVICE_DEASSIGN, device->sbdf, owner, device);
        if (other != 0) {
            vs_synth_event(script, VS_KIND_DEVICE_ASSIGN, device->sbdf, other, device);
            vs_synth_event(script, VS_KIND_DEVICE_DEASSIGN, device->sbdf, other, device);
        }
        if (owner != 0)
            vs_synth_event(script, VS_KIND_DEVICE_ASSIGN, device->sbdf, owner, device);
    } else {
        vs_synth_event(script, VS_KIND_DEVICE_REMOVE, device->sbdf, 0, device);
        vs_synth_event(script, VS_KIND_DEVICE_ADD, device->sbdf, 0, device);
        vs_synth_enumerate(script, device);
        if (owner != 0)
            vs_synth_event(script, VS_KIND_DEVICE_ASSIGN, device->sbdf, owner, device);
    }
}

static bool hotplug_now(const struct generator *generator, const struct vcpu *vcpu)
{
    const struct vs_generate_options *options = generator->options;
    if (!(options->phases & VS_PHASE_HOTPLUG) || vcpu->domain != 0 || vcpu->number != 0)
        return false;
    if (!(options->phases & VS_PHASE_POLL))
        return true;
    return (options->accesses && generator->written >= options->accesses / 4 * 3) ||
           (options->duration_ns && vcpu->time_ns >= options->duration_ns / 4 * 3);
}

/* The domain is up: its other vCPUs begin. */
static void end_boot(struct generator *generator, struct vcpu *vcpu)
{
    vcpu->booting = false;
    uint32_t first = (uint32_t)(vcpu - generator->vcpus);
    for (uint32_t i = first + 1; i < first + generator->options->vcpus; i++) {
        struct vcpu *other = &generator->vcpus[i];
        other->waiting = false;
        other->time_ns =
            vcpu->time_ns + vs_random_exponential(&other->random, generator->options->gap_ns);
        heap_add(generator, i);
    }
}

static void boot_step(struct generator *generator, struct vcpu *vcpu)
{
    const struct vs_generate_options *options = generator->options;
    uint32_t slots = buses_per_domain(options) * SLOTS_PER_BUS;
    uint32_t slot = vcpu->boot_slot++;
    if (slot == 0 && vcpu->domain == 0)
        vs_synth_event(&vcpu->script, VS_KIND_MMCFG_RESERVED, 0, 0, NULL);
    if (slot < options->devices)
        vs_synth_enumerate(&vcpu->script,
                           &generator->devices[vcpu->domain * options->devices + slot]);
    else
        vs_synth_probe_absent(&vcpu->script, slot_sbdf(options, vcpu->domain, slot));
    if (vcpu->boot_slot == slots)
        end_boot(generator, vcpu);
}

static void next_operation(struct generator *generator, struct vcpu *vcpu)
{
    vcpu->script.count = vcpu->script.next = 0;
    if (vcpu->booting)
        boot_step(generator, vcpu);
    else if (hotplug_now(generator, vcpu) && vs_random_below(&vcpu->random, HOTPLUG_ONE_IN) == 0)
        draw_event(generator, vcpu);
    else
        draw_operation(generator, vcpu);
}

/* --------------------------------------------------------------------- time */

/* Bursty: BURST_LENGTH accesses on average at BURST_SPEEDUP times the rate, then a
 * pause that keeps the mean. */
static vs_ns next_gap(const struct vs_generate_options *options, struct vcpu *vcpu)
{
    if (options->arrivals == VS_ARRIVALS_POISSON)
        return vs_random_exponential(&vcpu->random, options->gap_ns);
    vs_ns within_ns = options->gap_ns / BURST_SPEEDUP;
    if (vcpu->burst_left-- > 0)
        return vs_random_exponential(&vcpu->random, within_ns);
    vcpu->burst_left = (uint32_t)vs_random_below(&vcpu->random, 2 * BURST_LENGTH - 1);
    return vs_random_exponential(&vcpu->random,
                                 options->gap_ns * BURST_LENGTH - within_ns * (BURST_LENGTH - 1));
}

static int run(struct generator *generator, struct vs_error *error)
{
    const struct vs_generate_options *options = generator->options;
    while (!options->accesses || generator->written < options->accesses) {
        struct vcpu *vcpu = &generator->vcpus[generator->heap[0]];
        if (options->duration_ns && vcpu->time_ns >= options->duration_ns)
            return 0;
        if (vcpu->script.next == vcpu->script.count)
            next_operation(generator, vcpu);
        struct vs_record record = {
            .time_ns = vcpu->time_ns,
            .domain = vcpu->domain,
            .vcpu = vcpu->number,
            .pcpu = (uint16_t)(vcpu - generator->vcpus),
        };
        vs_synth_do(&vcpu->script, &record);
        int ret = vs_writer_add(generator->writer, &record, 1, error);
        if (ret < 0)
            return ret;
        generator->written++;
        if (__builtin_add_overflow(vcpu->time_ns, next_gap(options, vcpu), &vcpu->time_ns))
            return 0;
        sift_down(generator, 0);
    }
    return 0;
}

static void generator_free(struct generator *generator)
{
    vs_trace_meta_free(&generator->meta);
    free(generator->models);
    free(generator->devices);
    free(generator->configs);
    free(generator->vcpus);
    free(generator->heap);
}

int vs_generate(const struct vs_generate_options *options, const char *path,
                const struct vs_writer_options *writer_options, struct vs_error *error)
{
    struct generator generator = {.options = options};
    if ((uint64_t)options->domains * options->devices > VS_GENERATE_DEVICES_MAX ||
        (uint64_t)options->domains * options->vcpus > VS_GENERATE_VCPUS_MAX)
        return vs_error_set(error, VS_ERR_USAGE, "too many: at most %u vCPUs and %u devices in all",
                            VS_GENERATE_VCPUS_MAX, VS_GENERATE_DEVICES_MAX);
    vs_trace_meta_init(&generator.meta);
    int ret = make_weights(&generator, error);
    if (ret == 0 &&
        (make_devices(&generator) < 0 || make_vcpus(&generator) < 0 || describe(&generator) < 0))
        ret = out_of_memory(error);
    if (ret == 0)
        ret = vs_writer_open(path, &generator.meta, writer_options, &generator.writer, error);
    if (ret == 0) {
        ret = run(&generator, error);
        if (ret == 0)
            ret = vs_writer_commit(generator.writer, NULL, error);
        else
            vs_writer_abort(generator.writer);
    }
    generator_free(&generator);
    return ret;
}
