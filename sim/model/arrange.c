/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load past what was captured: streams moved to a common start, idle gaps cut,
 * time compressed, domains cloned, think times jittered.  All of it happens
 * here, once, so that engines replay time_ns (open) or think_ns (closed) as they
 * stand.
 *
 * Start offsets of clones: splitmix64 (Steele, Lea, Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014), state = seed; its k-th output
 * x gives clone k the offset floor(x * (span/100 + 1) / 2^64), uniform in
 * [0, 1 % of the span].
 *
 * Jitter: one deterministic interleaving is chance, so replicas of a replay move
 * every call a little.  With base = mix(seed + mix(replica)), mix being splitmix64's
 * output function on state + its increment, call i (in record order, clones after
 * their originals) draws x = mix(base + i * increment); its think time t becomes
 * t - d + floor(x * (2 d + 1) / 2^64) with d = floor(t * jitter_ppm / 10^6): uniform
 * in [t - d, t + d], in integers, so the same on any host.  Draws depend on the call's number
 * alone.  Calls of one vCPU keep their order.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory while arranging the workload");
}

static vs_ns recorded(const struct vs_workload *workload, size_t call)
{
    return workload->recorded_ns ? workload->recorded_ns[call] : 0;
}

static vs_ns scaled(vs_ns time_ns, double speed)
{
    return speed == 1 ? time_ns : (vs_ns)((double)time_ns / speed);
}

struct stream {
    vs_ns old_start, old_end, new_start;
    bool begun;
};

/* New times and think times, actor by actor; calls of an actor are in time order. */
static int arrange_times(struct vs_workload *workload, const struct vs_workload_options *options,
                         vs_ns *think)
{
    struct stream *streams = calloc(workload->actor_count + 1, sizeof(*streams));
    if (!streams)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < workload->call_count; i++) {
        struct vs_call *call = &workload->calls[i];
        struct stream *stream = &streams[call->actor];
        vs_ns start = call->time_ns;
        if (options->rebase && !stream->begun)
            stream->old_start = stream->old_end = start;
        /* An emulator's log may have a call start before the one before it ends. */
        vs_ns gap = start > stream->old_start ? start - stream->old_start : 0;
        vs_ns idle = start > stream->old_end ? start - stream->old_end : 0;
        vs_ns cut = options->max_think_ns && idle > options->max_think_ns
                        ? idle - options->max_think_ns
                        : 0;
        stream->new_start += gap - cut;
        think[i] = scaled(idle - cut, options->speed);
        call->time_ns = scaled(stream->new_start, options->speed);
        stream->old_start = start;
        stream->old_end = start + recorded(workload, i);
        stream->begun = true;
    }
    free(streams);
    return VS_OK;
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* ------------------------------------------------------------------------ jitter */

static vs_ns jittered(vs_ns think_ns, uint32_t jitter_ppm, uint64_t draw)
{
    vs_ns most = (vs_ns)((unsigned __int128)think_ns * jitter_ppm / 1000000);

    return think_ns - most + (vs_ns)((unsigned __int128)draw * (2 * most + 1) >> 64);
}

/* Of one vCPU: how far its think times moved its calls, and where the last one landed. */
struct drift {
    int64_t moved_ns;
    vs_ns last_ns;
};

/* A call's arrival moves by what the think times up to it moved in all.  Scaling rounds times
 * and think times apart, so that a call could land a nanosecond before the one it follows. */
static int jitter_times(struct vs_workload *workload, const struct vs_workload_options *options,
                        vs_ns *think)
{
    struct drift *drifts = calloc(workload->actor_count + 1, sizeof(*drifts));
    uint64_t state = options->replica;
    if (!drifts)
        return VS_ERR_MEMORY;
    state = options->seed + splitmix64(&state);
    state = splitmix64(&state);
    for (size_t i = 0; i < workload->call_count; i++) {
        struct vs_call *call = &workload->calls[i];
        struct drift *drift = &drifts[call->actor];
        vs_ns before = think[i];
        think[i] = jittered(before, options->jitter_ppm, splitmix64(&state));
        drift->moved_ns += (int64_t)(think[i] - before);
        int64_t at = (int64_t)call->time_ns + drift->moved_ns;
        call->time_ns = at > (int64_t)drift->last_ns ? (vs_ns)at : drift->last_ns;
        drift->last_ns = call->time_ns;
    }
    free(drifts);
    return VS_OK;
}

static vs_ns span_of(const struct vs_workload *workload)
{
    vs_ns span = 0;
    for (size_t i = 0; i < workload->call_count; i++) {
        vs_ns end = workload->calls[i].time_ns + recorded(workload, i);
        span = end > span ? end : span;
    }
    return span;
}

/* ------------------------------------------------------------------------ clones */

/* What was there before cloning. */
struct original {
    size_t calls, actors, domains, devices;
    uint32_t highest_domain; /* id */
    bool *first_call;        /* per actor: its first call is still to come; scratch */
    uint8_t *segment_taken;  /* 65536 */
};

/* Room for clones times as much in every array that is in use. */
static int reserve(struct vs_workload *workload, vs_ns **think, size_t clones,
                   struct vs_error *error)
{
    struct vs_memory *memory = workload->memory;
    size_t calls = workload->call_count;
    struct {
        void *array;
        size_t count, item_bytes;
        struct vs_memory *memory;
    } arrays[] = {
        {&workload->calls, calls, sizeof(workload->calls[0]), memory},
        {&workload->recorded_ns, calls, sizeof(workload->recorded_ns[0]), memory},
        {&workload->measured_ns, calls, sizeof(workload->measured_ns[0]), memory},
        {&workload->targets, calls, sizeof(workload->targets[0]), memory},
        {think, calls, sizeof(**think), memory},
        {&workload->actors, workload->actor_count, sizeof(workload->actors[0]), NULL},
        {&workload->domains, workload->domain_count, sizeof(workload->domains[0]), NULL},
        {&workload->devices, workload->device_count, sizeof(workload->devices[0]), NULL},
    };
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        void *items;
        memcpy(&items, arrays[i].array, sizeof(items)); /* pointers of several types */
        if (!items || !arrays[i].count)
            continue;
        items = vs_memory_extend(arrays[i].memory, items,
                                 arrays[i].count * clones * arrays[i].item_bytes, error);
        if (!items)
            return VS_ERR_MEMORY;
        memcpy(arrays[i].array, &items, sizeof(items));
    }
    return VS_OK;
}

/* Devices of a clone live in segments of their own: the next that nobody has. */
static int clone_devices(struct vs_workload *workload, const struct original *original,
                         uint32_t clone)
{
    uint16_t domain_shift = (uint16_t)(clone * original->domains);
    uint32_t *segment_of = malloc(65536 * sizeof(*segment_of));
    uint32_t next = 0;
    int ret = VS_ERR_MEMORY;

    if (!segment_of)
        return ret;
    memset(segment_of, 0xff, 65536 * sizeof(*segment_of));
    for (size_t i = 0; i < original->devices; i++) {
        struct vs_workload_device device = workload->devices[i];
        uint32_t segment = device.sbdf >> 16;
        if (segment_of[segment] == UINT32_MAX) {
            while (next < 65536 && original->segment_taken[next])
                next++;
            if (next == 65536) {
                ret = VS_ERR_INPUT;
                goto out;
            }
            original->segment_taken[next] = 1;
            segment_of[segment] = next;
        }
        device.sbdf = segment_of[segment] << 16 | (device.sbdf & 0xffff);
        if (device.owner != VS_DOMAIN_NONE)
            device.owner = (uint16_t)(device.owner + domain_shift);
        workload->devices[workload->device_count++] = device;
    }
    ret = VS_OK;
out:
    free(segment_of);
    return ret;
}

static void clone_callers(struct vs_workload *workload, const struct original *original,
                          uint32_t clone)
{
    for (size_t i = 0; i < original->domains; i++) {
        struct vs_workload_domain copy = workload->domains[i];
        copy.id =
            (uint16_t)(original->highest_domain + 1 + workload->domain_count - original->domains);
        copy.synthetic = true;
        workload->domains[workload->domain_count++] = copy;
    }
    for (size_t i = 0; i < original->actors; i++) {
        struct vs_actor copy = workload->actors[i];
        copy.domain = (uint16_t)(copy.domain + clone * original->domains);
        copy.pcpu = VS_PCPU_NONE;
        workload->actors[workload->actor_count++] = copy;
    }
}

static void clone_calls(struct vs_workload *workload, vs_ns *think, const struct original *original,
                        uint32_t clone, vs_ns offset_ns)
{
    memset(original->first_call, 1, original->actors);
    for (size_t i = 0; i < original->calls; i++) {
        size_t to = workload->call_count++;
        struct vs_call call = workload->calls[i];
        think[to] = think[i];
        if (original->first_call[call.actor]) {
            original->first_call[call.actor] = false;
            think[to] += offset_ns;
        }
        call.time_ns += offset_ns;
        call.actor = (uint16_t)(call.actor + clone * original->actors);
        if (call.device != VS_DEVICE_NONE)
            call.device = (uint16_t)(call.device + clone * original->devices);
        workload->calls[to] = call;
        if (workload->recorded_ns)
            workload->recorded_ns[to] = workload->recorded_ns[i];
        if (workload->measured_ns)
            workload->measured_ns[to] = workload->measured_ns[i];
        if (workload->targets) {
            uint16_t target = workload->targets[i];
            workload->targets[to] =
                target == VS_DOMAIN_NONE ? target : (uint16_t)(target + clone * original->domains);
        }
    }
}

static void count_clones(struct vs_workload *workload, const struct original *original,
                         uint32_t clones)
{
    for (unsigned int op = 0; op < VS_OP_COUNT; op++)
        workload->op_count[op] *= clones;
    for (unsigned int reason = 0; reason < VS_GUESS_COUNT; reason++)
        workload->guess_count[reason] *= clones;
    workload->injected_calls *= clones;
    workload->synthetic_calls += original->calls * (clones - 1);
}

static int clones_fit(const struct vs_workload *workload, const struct original *original,
                      size_t clones, struct vs_error *error)
{
    if (original->actors * clones >= UINT16_MAX || original->devices * clones >= VS_DEVICE_NONE ||
        original->highest_domain + original->domains * clones >= VS_DOMAIN_NONE ||
        workload->call_count * clones >= UINT32_MAX)
        return vs_error_set(error, VS_ERR_INPUT,
                            "%zu clones of %zu domains, %zu vCPUs and %zu devices are more than a "
                            "host's numbers hold",
                            clones, original->domains, original->actors, original->devices);
    return VS_OK;
}

static int make_clones(struct vs_workload *workload, const struct vs_workload_options *options,
                       vs_ns **think, struct vs_error *error)
{
    struct original original = {workload->call_count,
                                workload->actor_count,
                                workload->domain_count,
                                workload->device_count,
                                0,
                                NULL,
                                NULL};
    vs_ns span_ns = span_of(workload);
    uint64_t state = options->seed;
    int ret;

    for (size_t i = 0; i < original.domains; i++) {
        if (workload->domains[i].id > original.highest_domain)
            original.highest_domain = workload->domains[i].id;
    }
    ret = clones_fit(workload, &original, options->clones, error);
    if (ret < 0)
        return ret;
    ret = VS_ERR_MEMORY;
    original.first_call = calloc(original.actors + 1, sizeof(*original.first_call));
    original.segment_taken = calloc(65536, 1);
    if (!original.first_call || !original.segment_taken ||
        reserve(workload, think, options->clones, error) < 0) {
        no_memory(error);
        goto out;
    }
    for (size_t i = 0; i < original.devices; i++)
        original.segment_taken[workload->devices[i].sbdf >> 16] = 1;
    for (uint32_t clone = 1; clone < options->clones; clone++) {
        vs_ns offset_ns =
            (vs_ns)((unsigned __int128)splitmix64(&state) * (span_ns / 100 + 1) >> 64);
        ret = clone_devices(workload, &original, clone);
        if (ret < 0) {
            vs_error_set(error, (enum vs_err)ret, "no PCI segment left for clone %u", clone);
            goto out;
        }
        clone_callers(workload, &original, clone);
        clone_calls(workload, *think, &original, clone, offset_ns);
    }
    count_clones(workload, &original, options->clones);
    workload->synthetic = true;
    ret = VS_OK;
out:
    free(original.first_call);
    free(original.segment_taken);
    return ret;
}

/* ----------------------------------------------------------------------- sorting */

struct key {
    vs_ns time_ns;
    uint32_t call;
};

/* Bottom-up merge sort: stable, so that ties keep record order on any C library. */
static struct key *sort_keys(struct key *from, struct key *to, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t left = 0; left < count; left += 2 * width) {
            size_t middle = left + width < count ? left + width : count;
            size_t right = left + 2 * width < count ? left + 2 * width : count;
            size_t a = left, b = middle;
            for (size_t at = left; at < right; at++) {
                bool take_a = a < middle && (b >= right || from[a].time_ns <= from[b].time_ns);
                to[at] = take_a ? from[a++] : from[b++];
            }
        }
        struct key *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static int permute(struct vs_memory *memory, void *array, const struct key *keys, size_t count,
                   size_t item_bytes, struct vs_error *error)
{
    char *old, *moved;
    memcpy(&old, array, sizeof(old));
    if (!old)
        return VS_OK;
    moved = vs_memory_take(memory, count * item_bytes, error);
    if (!moved)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(moved + i * item_bytes, old + keys[i].call * item_bytes, item_bytes);
    memcpy(array, &moved, sizeof(moved));
    vs_memory_release(memory, old);
    return VS_OK;
}

static int sort_calls(struct vs_workload *workload, vs_ns **think, struct vs_error *error)
{
    struct vs_memory *memory = workload->memory;
    size_t count = workload->call_count;
    bool sorted = true;
    for (size_t i = 1; i < count && sorted; i++)
        sorted = workload->calls[i - 1].time_ns <= workload->calls[i].time_ns;
    if (sorted)
        return VS_OK;
    int ret = VS_ERR_MEMORY;
    struct key *keys = vs_memory_take(memory, 2 * count * sizeof(*keys), error);
    if (!keys)
        return ret;
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct key){workload->calls[i].time_ns, (uint32_t)i};
    const struct key *order = sort_keys(keys, keys + count, count);
    struct {
        void *array;
        size_t item_bytes;
    } arrays[] = {{&workload->calls, sizeof(workload->calls[0])},
                  {&workload->recorded_ns, sizeof(workload->recorded_ns[0])},
                  {&workload->measured_ns, sizeof(workload->measured_ns[0])},
                  {&workload->targets, sizeof(workload->targets[0])},
                  {think, sizeof(**think)}};
    ret = VS_OK;
    for (size_t i = 0; ret >= 0 && i < sizeof(arrays) / sizeof(arrays[0]); i++)
        ret = permute(memory, arrays[i].array, order, count, arrays[i].item_bytes, error);
    vs_memory_release(memory, keys);
    return ret;
}

/* ------------------------------------------------------------------- think times */

static int pack_thinks(struct vs_workload *workload, const vs_ns *think, struct vs_error *error)
{
    size_t capacity = 0;
    workload->think_ns = vs_memory_take(
        workload->memory, (workload->call_count + 1) * sizeof(workload->think_ns[0]), error);
    if (!workload->think_ns)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < workload->call_count; i++) {
        if (think[i] < VS_THINK_LONG) {
            workload->think_ns[i] = (uint32_t)think[i];
            continue;
        }
        workload->think_ns[i] = VS_THINK_LONG;
        if (vs_memory_grow(workload->memory, &workload->long_thinks, &capacity,
                           workload->long_think_count, sizeof(workload->long_thinks[0]), error) < 0)
            return VS_ERR_MEMORY;
        workload->long_thinks[workload->long_think_count++] =
            (struct vs_long_think){(uint32_t)i, think[i]};
    }
    return VS_OK;
}

vs_ns vs_workload_think_ns(const struct vs_workload *workload, size_t call)
{
    if (workload->think_ns[call] != VS_THINK_LONG)
        return workload->think_ns[call];
    size_t low = 0, high = workload->long_think_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (workload->long_thinks[middle].call <= call)
            low = middle;
        else
            high = middle;
    }
    return workload->long_thinks[low].think_ns;
}

/* ---------------------------------------------------------------------- what ifs */

static int add_what_ifs(struct vs_workload *workload, const struct vs_workload_options *options)
{
    char text[VS_DURATION_TEXT];
    int ret = VS_OK;
    if (options->rebase)
        ret = vs_workload_add_what_if(workload, "rebased: every vCPU's stream starts at time 0, "
                                                "whatever its place in the log");
    if (ret >= 0 && options->max_think_ns)
        ret = vs_workload_add_what_if(workload, "idle gaps of a vCPU cut to %s",
                                      vs_duration_text(options->max_think_ns, text));
    if (ret >= 0 && options->speed != 1)
        ret = vs_workload_add_what_if(
            workload, "think and arrival times divided by %.9g; recorded durations are not",
            options->speed);
    if (ret >= 0 && options->clones > 1)
        ret = vs_workload_add_what_if(
            workload,
            "%u copies of every domain with its devices, each copy a hardware domain or guest like "
            "its original, its accesses classed as the original's, devices in PCI segments of "
            "their own, started within 1 %% of the span (seed %" PRIu64 ")",
            options->clones, options->seed);
    if (ret >= 0 && options->jitter_ppm)
        ret = vs_workload_add_what_if(
            workload,
            "replica %" PRIu32 ": every think time changed at random by up to %g %% either way "
            "(seed %" PRIu64 ")",
            options->replica, options->jitter_ppm / VS_PPM_PER_PERCENT, options->seed);
    return ret;
}

int vs_workload_arrange(struct vs_workload *workload, const struct vs_workload_options *options,
                        struct vs_error *error)
{
    int ret = VS_ERR_MEMORY;
    vs_ns *think =
        vs_memory_take(workload->memory, (workload->call_count + 1) * sizeof(*think), error);

    if (!think || arrange_times(workload, options, think) < 0) {
        no_memory(error);
        goto out;
    }
    if (options->clones > 1) {
        ret = make_clones(workload, options, &think, error);
        if (ret < 0)
            goto out;
    }
    ret = VS_ERR_MEMORY;
    if (options->jitter_ppm > 0 && jitter_times(workload, options, think) < 0) {
        no_memory(error);
        goto out;
    }
    workload->span_ns = span_of(workload);
    if (sort_calls(workload, &think, error) < 0 || pack_thinks(workload, think, error) < 0 ||
        add_what_ifs(workload, options) < 0) {
        no_memory(error);
        goto out;
    }
    ret = VS_OK;
out:
    vs_memory_release(workload->memory, think);
    return ret;
}
