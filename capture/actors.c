/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads are found by hash; /proc is read once for each.  QEMU names its vCPU
 * threads "CPU 3/KVM" (util/qemu-thread, -name debug-threads=on, the default since
 * libvirt sets it and QEMU 8.1); a thread without such a name is numbered by order.
 */
#include "actors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLE_START  256u /* slots; doubled when half full */
#define DOMAINS_MAX  65534u
#define COMM_BYTES   16 /* TASK_COMM_LEN, include/linux/sched.h */
#define NUMBER_LIMIT 65535u

struct guest {
    uint32_t tgid;
    uint16_t vcpus; /* highest vCPU seen, plus 1 */
    char name[COMM_BYTES + 1];
};

struct vs_actors {
    struct guest *guests;
    size_t guest_count;
    struct vs_actor *slots;
    size_t slot_count; /* a power of two */
    size_t used;
};

struct vs_actors *vs_actors_new(void)
{
    struct vs_actors *actors = calloc(1, sizeof(*actors));

    if (!actors)
        return NULL;
    actors->slots = calloc(TABLE_START, sizeof(*actors->slots));
    actors->slot_count = TABLE_START;
    if (!actors->slots) {
        free(actors);
        return NULL;
    }
    return actors;
}

void vs_actors_free(struct vs_actors *actors)
{
    if (!actors)
        return;
    free(actors->guests);
    free(actors->slots);
    free(actors);
}

/* The slot of tid, or the empty one where it belongs. */
static struct vs_actor *slot_of(struct vs_actor *slots, size_t count, uint32_t tid)
{
    size_t at = tid * UINT32_C(2654435761) & (count - 1); /* Knuth's multiplicative hash */

    while (slots[at].tid && slots[at].tid != tid)
        at = (at + 1) & (count - 1);
    return &slots[at];
}

static int grow(struct vs_actors *actors)
{
    size_t count = actors->slot_count * 2;
    struct vs_actor *slots = calloc(count, sizeof(*slots));

    if (!slots)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < actors->slot_count; i++) {
        if (actors->slots[i].tid)
            *slot_of(slots, count, actors->slots[i].tid) = actors->slots[i];
    }
    free(actors->slots);
    actors->slots = slots;
    actors->slot_count = count;
    return 0;
}

/* The name of a process or thread into name; "" when it has gone. */
static void read_comm(const char *path, char name[COMM_BYTES + 1])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, name, COMM_BYTES);

    if (fd >= 0)
        close(fd);
    name[length > 0 ? length : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
}

static int guest_of(struct vs_actors *actors, uint32_t tgid, struct guest **guest,
                    struct vs_error *error)
{
    char path[64];

    for (size_t i = actors->guest_count; i-- > 0;) {
        if (actors->guests[i].tgid == tgid) {
            *guest = &actors->guests[i];
            return 0;
        }
    }
    if (actors->guest_count == DOMAINS_MAX)
        return vs_error_set(error, VS_ERR_HOST, "more than %u virtual machines in one capture",
                            DOMAINS_MAX);
    struct guest *grown =
        realloc(actors->guests, (actors->guest_count + 1) * sizeof(*actors->guests));

    if (!grown)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    actors->guests = grown;
    *guest = &actors->guests[actors->guest_count++];
    **guest = (struct guest){.tgid = tgid};
    snprintf(path, sizeof(path), "/proc/%u/comm", tgid);
    read_comm(path, (*guest)->name);
    return 0;
}

int vs_actors_find(struct vs_actors *actors, uint32_t tgid, uint32_t tid, struct vs_actor *actor,
                   struct vs_error *error)
{
    struct vs_actor *slot = slot_of(actors->slots, actors->slot_count, tid);
    char path[64], name[COMM_BYTES + 1];
    struct guest *guest = NULL;
    unsigned int number = 0;

    if (slot->tid) {
        *actor = *slot;
        return 0;
    }
    if (2 * ++actors->used > actors->slot_count) {
        if (grow(actors) < 0)
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        slot = slot_of(actors->slots, actors->slot_count, tid);
    }
    int ret = guest_of(actors, tgid, &guest, error);

    if (ret < 0)
        return ret;
    snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", tgid, tid);
    read_comm(path, name);
    bool named = sscanf(name, "CPU %5u/KVM", &number) == 1 && number < NUMBER_LIMIT;

    if (!named)
        number = guest->vcpus;
    if (number >= guest->vcpus)
        guest->vcpus = (uint16_t)(number + 1);
    *slot = (struct vs_actor){.tid = tid,
                              .domain = (uint16_t)(guest - actors->guests + 1),
                              .vcpu = (uint16_t)number,
                              .vcpu_inferred = !named};
    *actor = *slot;
    return 0;
}

int vs_actors_describe(const struct vs_actors *actors, struct vs_trace_meta *meta,
                       struct vs_error *error)
{
    int ret = 0;

    for (size_t i = 0; i < actors->guest_count; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);

        if (!domain)
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        domain->id = (uint16_t)(i + 1);
        domain->vcpus = actors->guests[i].vcpus;
        snprintf(domain->name, sizeof(domain->name), "%s %u", actors->guests[i].name,
                 actors->guests[i].tgid);
    }
    if (actors->guest_count > 1)
        ret = vs_trace_meta_add_what_if(meta,
                                        "%zu KVM guests laid side by side as domains of one host, "
                                        "guest k on PCI segment k",
                                        actors->guest_count);
    return ret < 0 ? (int)vs_error_set(error, VS_ERR_MEMORY, "out of memory") : 0;
}
