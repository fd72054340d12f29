/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identity of a trace's content.  What goes in: every record as its 32 bytes, and
 * of the metadata what changes what a replay does or claims: clock use, domains,
 * devices with their snapshots, what-ifs.  Names, notes, origins and packing stay
 * out.  FORMAT.md, "Content hash", lists the bytes.
 */
#include <string.h>
#include <xxhash.h>

#include "reader.h"

static void feed(XXH3_state_t *state, const void *bytes, size_t length)
{
    (void)XXH3_128bits_update(state, bytes, length);
}

static void feed_u64(XXH3_state_t *state, uint64_t value)
{
    feed(state, &value, sizeof(value));
}

static void feed_meta(XXH3_state_t *state, const struct vs_trace_meta *meta)
{
    feed_u64(state, meta->emulated);
    feed_u64(state, meta->synthetic);
    feed_u64(state, meta->clock.real_time);
    feed_u64(state, meta->clock.duration_covers);
    feed_u64(state, meta->domain_count);
    for (size_t i = 0; i < meta->domain_count; i++) {
        feed_u64(state, meta->domains[i].id);
        feed_u64(state, meta->domains[i].hardware_domain);
        feed_u64(state, meta->domains[i].vcpus);
    }
    feed_u64(state, meta->device_count);
    for (size_t i = 0; i < meta->device_count; i++) {
        const struct vs_trace_device *device = &meta->devices[i];
        feed_u64(state, device->sbdf);
        feed_u64(state, device->domain);
        feed_u64(state, device->hidden);
        for (size_t bar = 0; bar < 7; bar++)
            feed_u64(state, device->bar_size[bar]);
        feed_u64(state, device->config ? device->config_size : 0);
        if (device->config)
            feed(state, device->config, device->config_size);
    }
    feed_u64(state, meta->what_if_count);
    for (size_t i = 0; i < meta->what_if_count; i++)
        feed(state, meta->what_if[i], strlen(meta->what_if[i]) + 1);
}

static int hash_records(struct vs_reader *reader, XXH3_state_t *state, struct vs_error *error)
{
    const struct vs_record *records = NULL;
    size_t count = 0;
    int ret;
    while ((ret = vs_reader_next(reader, &records, &count, error)) > 0)
        feed(state, records, count * sizeof(*records));
    return ret;
}

int vs_trace_hash(const char *path, char *hash, struct vs_error *error)
{
    static const char digits[] = "0123456789abcdef";
    struct vs_reader *reader = NULL;
    XXH3_state_t *state = XXH3_createState();
    int ret = VS_ERR_MEMORY;
    if (!state || XXH3_128bits_reset(state) == XXH_ERROR) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    ret = vs_reader_open(path, &reader, error);
    if (ret == 0)
        ret = hash_records(reader, state, error);
    if (ret < 0)
        goto out;
    feed_meta(state, vs_reader_meta(reader));
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(state));
    for (size_t i = 0; i < sizeof(bytes.digest); i++) {
        hash[2 * i] = digits[bytes.digest[i] >> 4];
        hash[2 * i + 1] = digits[bytes.digest[i] & 15];
    }
    hash[2 * sizeof(bytes.digest)] = '\0';
    ret = 0;
out:
    vs_reader_close(reader);
    (void)XXH3_freeState(state);
    return ret;
}
