/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model as a whole: head, sizes, the .pml files, locks, the beginning, processes.
 * The processes are written first, into memory: only then is known what they need.
 */
#include "promela.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

extern const char vs_promela_objects_text[], vs_promela_locks_text[], vs_promela_callbacks_text[];

void vs_promela_line(struct vs_promela_writer *writer, const char *format, ...)
{
    va_list arguments;

    fprintf(writer->stream, "%*s", 4 * (int)writer->indent, "");
    va_start(arguments, format);
    vfprintf(writer->stream, format, arguments);
    va_end(arguments);
    fputc('\n', writer->stream);
}

void vs_promela_refuse(struct vs_promela_writer *writer, const char *why)
{
    if (writer->ret == 0)
        writer->ret = vs_error_set(writer->error, VS_ERR_INPUT, "policy %s, %s: %s",
                                   writer->policy->name, vs_op_table[writer->op].name, why);
}

/* --------------------------------------------------------------------- survey */

typedef bool step_test(const struct vs_step *step);

static bool is_rcu_barrier(const struct vs_step *step)
{
    return step->kind == VS_STEP_RCU_BARRIER;
}

static bool is_unraised(const struct vs_step *step)
{
    return step->kind == VS_STEP_DEFER && step->unraised;
}

static bool has_step(const struct vs_block *block, step_test *is)
{
    for (size_t i = 0; i < block->count; i++)
        if (is(&block->steps[i]) || has_step(&block->steps[i].body, is) ||
            has_step(&block->steps[i].orelse, is))
            return true;
    return false;
}

static bool any_has_step(const struct vs_policy *policy, const struct vs_check_setup *setup,
                         step_test *is)
{
    for (uint8_t i = 0; i < setup->actor_count; i++)
        for (uint8_t j = 0; j < setup->actors[i].call_count; j++) {
            enum vs_op op = setup->actors[i].calls[j].op;

            if (has_step(&policy->programs[op].steps, is))
                return true;
            if (vs_op_table[op].defers && has_step(&policy->programs[VS_OP_MAP_PENDING].steps, is))
                return true;
        }
    return false;
}

static unsigned int at_most(unsigned int value, unsigned int most)
{
    return value < most ? value : most;
}

/* ----------------------------------------------------------------------- head */

static void print_head(const struct vs_promela_writer *writer, FILE *out)
{
    const struct vs_check_setup *setup = writer->setup;
    char text[VS_CHECK_CALL_TEXT];

    fprintf(out, "/*\n * %s under %s: %s.\n", writer->subject->name, writer->policy->name,
            writer->subject->title);
    fprintf(out, " * A model for SPIN, written by vpci-sim check --promela.\n *\n");
    for (uint8_t i = 0; i < setup->device_count; i++)
        fprintf(out, " * device %u: of domain %u%s%s%s%s%s, page %u\n", i, setup->devices[i].owner,
                setup->devices[i].absent ? ", absent" : "",
                setup->devices[i].hidden ? ", hidden by now: dom_xen's" : "",
                setup->devices[i].virtual ? ", a virtual function" : "",
                setup->devices[i].has_msix ? ", MSI-X" : "",
                setup->devices[i].decoding ? ", decoding" : "", setup->devices[i].page);
    for (uint8_t i = 0; i < setup->actor_count; i++) {
        fprintf(out, " * vCPU %u: of domain %u:", i, setup->actors[i].domain);
        for (uint8_t j = 0; j < setup->actors[i].call_count; j++)
            fprintf(out, "%s %s", j > 0 ? "," : "",
                    vs_check_call_text(&setup->actors[i].calls[j], text));
        fputc('\n', out);
    }
    fprintf(
        out,
        " *\n"
        " * In this folder: spin -a FILE && cc -O1 -DSAFETY -DNOREDUCE -DVECTORSZ=4096 -o pan "
        "pan.c\n"
        " * ./pan -c0 -m1000000    every violation within the bounds, by its number below\n"
        " * ./pan -m1000000        the first one, whose schedule spin -t -p -l FILE prints\n"
        " *\n"
        " * A violation is \"assertion violated (verdict!=NUMBER)\", a deadlock an \"invalid end\n"
        " * state\".  Loops that are written with a count: at most %u rounds.  Steps that may\n"
        " * fail %s.  Memory is\n"
        " * sequentially consistent.  SPIN does not judge lock-order inversion: that comes from\n"
        " * the graph of all orders in which locks are taken, not from a state.\n"
        " */\n",
        writer->subject->rounds, setup->failures ? "do, as well as not" : "do not");
}

static void print_sum(FILE *out, const char *macro, const char *field, unsigned int count,
                      const char *operator)
{
    fprintf(out, "#define %s (", macro);
    for (unsigned int i = 0; i < count; i++) {
        fputs(i > 0 ? operator: "", out);
        fprintf(out, field, i, i);
    }
    fputs(")\n", out);
}

/* Whoever spins on a lock inside an object is in its queue. */
static void print_spinners(const struct vs_promela_writer *writer, FILE *out, enum vs_object object,
                           const char *macro)
{
    char name[PROMELA_TEXT];

    fprintf(out, "#define %s (false", macro);
    for (size_t i = 0; i < writer->policy->lock_count; i++)
        if (((writer->locks_used >> i) & 1u) && writer->policy->locks[i].inside == object)
            fprintf(out, " || len(%s[p].queue) > 0",
                    vs_promela_lock_name(&writer->policy->locks[i], name));
    fputs(")\n", out);
}

/* Is there a lock of this type? */
static bool uses(const struct vs_promela_writer *writer, const char *type)
{
    for (size_t i = 0; i < writer->policy->lock_count; i++)
        if (((writer->locks_used >> i) & 1u) &&
            strcmp(vs_promela_lock_type(writer->policy->locks[i].kind), type) == 0)
            return true;
    return false;
}

static void print_sizes(const struct vs_promela_writer *writer, FILE *out, unsigned int pdev_lives,
                        unsigned int vpci_lives)
{
    const struct vs_check_setup *setup = writer->setup;
    char name[PROMELA_TEXT];
    unsigned int actors = setup->actor_count, callbacks = at_most(writer->callbacks, 4);

    fputs("\n/* Numbers of the verdicts. */\n#define NOTHING_WRONG 0\n", out);
    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if (i != VS_VIOLATION_DEADLOCK && i != VS_VIOLATION_ORDER_INVERSION &&
            i != VS_VIOLATION_STARVATION)
            fprintf(out, "#define %s %d\n", vs_promela_kind_name((enum vs_violation)i, name),
                    i + 1);
    fputs("#define OUT_OF_BOUNDS 100 /* the model is too small: no verdict */\n", out);
    fprintf(out,
            "\n#define ACTORS %u\n#define DEVICES %u\n#define DOMAINS %u\n"
            "#define PDEV_LIVES %u\n#define VPCI_LIVES %u\n"
            "#define PDEVS (DEVICES * PDEV_LIVES)\n#define VPCIS (DEVICES * VPCI_LIVES)\n"
            "#define CALLBACKS %u\n#define HAS_BARRIER %u\n"
            "#define me (_pid - 1) /* init is 0, then the vCPUs */\n",
            actors, setup->device_count, setup->domain_count, pdev_lives, vpci_lives, callbacks,
            writer->has_barrier);
    fprintf(out,
            "#define USES_SPINLOCKS %d\n#define USES_RWLOCKS %d\n"
            "#define USES_PERCPU_RWLOCKS %d\n",
            uses(writer, "spinlock_t"), uses(writer, "rwlock_t"), uses(writer, "percpu_rwlock_t"));
    print_sum(out, "READERS_OF(l)", "l.reads[%u]", actors, " + ");
    print_sum(out, "SLOTS_OF(l)", "l.slots[%u]", actors, " + ");
    print_sum(out, "SECTIONS", "((rcu[%u] > 0) << %u)", actors, " | ");
    print_sum(out, "INSIDE", "(inside[%u] << %u)", actors, " | ");
    if (callbacks > 0)
        print_sum(out, "CALLBACKS_QUEUED", "callbacks[%u].queued", callbacks, " || ");
    else
        fputs("#define CALLBACKS_QUEUED false\n", out);
    fputs("#define HAS_MSIX(device) (false", out);
    for (unsigned int i = 0; i < setup->device_count; i++)
        if (setup->devices[i].has_msix)
            fprintf(out, " || (device) == %u", i);
    fputs(")\n", out);
    print_spinners(writer, out, VS_OBJECT_PDEV, "SPUN_ON_IN_PDEV(p)");
    print_spinners(writer, out, VS_OBJECT_VPCI, "SPUN_ON_IN_VPCI(p)");
}

/* What only some scenarios ask for. */
static void print_opt_ins(const struct vs_promela_writer *writer, FILE *out)
{
    const struct vs_check_setup *setup = writer->setup;

    if (setup->opt_in & 1u << VS_VIOLATION_UNMEDIATED)
        fputs("byte changes_hands[DEVICES]; /* bit per vCPU that assigns or resets it */\n", out);
    if (setup->opt_in & 1u << VS_VIOLATION_PENDING_TWICE) {
        fputs("byte map_pending[ACTORS] = NONE; /* of the device whose rangesets it has filled */\n"
              "bool map_lost[ACTORS];            /* and another has filled them since */\n"
              "#define MAP_PENDING_ELSEWHERE(device) (false",
              out);
        for (unsigned int i = 0; i < setup->actor_count; i++)
            fprintf(out, " || (me != %u && map_pending[%u] == device)", i, i);
        fputs(")\ninline fill_rangesets(device)\n{\n", out);
        for (unsigned int i = 0; i < setup->actor_count; i++)
            fprintf(out, "    map_lost[%u] = map_lost[%u] || map_pending[%u] == device;\n", i, i,
                    i);
        fputs("    map_pending[me] = device; map_lost[me] = false;\n}\n", out);
    }
    if (!(setup->opt_in & 1u << VS_VIOLATION_UNMAPPED)) {
        fputs("inline finish() { skip }\n", out);
        return;
    }
    fputs("bool decoding[DEVICES];\nbyte mapped; /* bit per page */\nbyte finished;\n"
          "#define PAGE(device) (0",
          out);
    for (unsigned int i = 0; i < setup->device_count; i++)
        fprintf(out, " + ((device) == %u) * %u", i, setup->devices[i].page);
    fputs(")\n#define UNMAPPED (false", out);
    for (unsigned int i = 0; i < setup->device_count; i++)
        fprintf(out, " || (decoding[%u] && !((mapped >> %u) & 1))", i, setup->devices[i].page);
    fputs(")\n"
          "/* All is done: is there a device that decodes memory with its page unmapped? */\n"
          "inline finish()\n{\n    d_step {\n        finished++;\n        if\n"
          "        :: finished == ACTORS && UNMAPPED -> broken(UNMAPPED_BAR)\n"
          "        :: else\n        fi\n    }\n}\n",
          out);
}

static void print_locks(const struct vs_promela_writer *writer, FILE *out)
{
    bool hidden = false;
    char name[PROMELA_TEXT];

    for (uint8_t i = 0; i < writer->setup->device_count; i++)
        hidden |= writer->setup->devices[i].hidden;
    const char *domains = hidden ? "[GROUPS]" : "[DOMAINS]"; /* one for each owner */

    fputs("\n/* The locks that these programs take. */\n", out);
    for (size_t i = 0; i < writer->policy->lock_count; i++) {
        const struct vs_lock_decl *decl = &writer->policy->locks[i];

        if (!((writer->locks_used >> i) & 1u))
            continue;
        const char *size = decl->scope == VS_SCOPE_DOMAIN   ? domains
                           : decl->scope == VS_SCOPE_GLOBAL ? ""
                           : decl->inside == VS_OBJECT_VPCI ? "[VPCIS]"
                           : decl->inside == VS_OBJECT_PDEV ? "[PDEVS]"
                                                            : "[DEVICES]";

        fprintf(out, "%s %s%s;\n", vs_promela_lock_type(decl->kind),
                vs_promela_lock_name(decl, name), size);
    }
}

/* Each variable that remembers which instance of a lock was taken, with what goes around. */
static void print_indices(const struct vs_promela_writer *writer, FILE *out, const char *before,
                          const char *after)
{
    static const char *const indices[] = {"_taken", "_taken_other"};
    char name[PROMELA_TEXT];

    for (size_t i = 0; i < writer->policy->lock_count; i++)
        for (int other = 0; other < 2; other++)
            if ((writer->indices[other] >> i) & 1u)
                fprintf(out, "%s%s%s%s", before,
                        vs_promela_lock_name(&writer->policy->locks[i], name), indices[other],
                        after);
}

/* Variables of a vCPU, and what puts them back between two programs. */
static void print_locals(const struct vs_promela_writer *writer, FILE *out)
{
    bool pages = writer->setup->opt_in & 1u << VS_VIOLATION_UNMAPPED;

    fputs("\n#define LOCALS bool missing; byte found = NONE, whose_list, cursor = NONE; \\\n"
          "    byte pdev = NONE, vpci = NONE, made = NONE, cleared = NONE, slot = NONE, "
          "slot_ref = NONE",
          out);
    for (int i = 0; i < PROMELA_LOOPS_MAX; i++)
        fprintf(out, "; \\\n    byte at%d = NONE, vpci_at%d = NONE", i, i);
    for (unsigned int i = 0; i < writer->references; i++)
        fprintf(out, "; byte ref%u = NONE", i);
    print_indices(writer, out, "; \\\n    byte ", "");
    if (writer->has_unraised)
        fputs("; bool slot_unraised", out);
    if (pages)
        fputs("; bool slot_decode, slot_on, slot_page, excluded", out);
    fputs("\ninline end_of_program()\n{\n    d_step {\n"
          "        missing = false; pdev = NONE; vpci = NONE; made = NONE; cleared = NONE;\n",
          out);
    for (int i = 0; i < PROMELA_LOOPS_MAX; i++)
        fprintf(out, "        at%d = NONE; vpci_at%d = NONE;\n", i, i);
    print_indices(writer, out, "        ", " = 0;\n");
    if (pages)
        fputs("        excluded = false;\n", out);
    fputs("        cursor = NONE\n    }\n}\n", out);
}

/* ------------------------------------------------------------------ beginning */

/* A hidden device is dom_xen's, but for its table, which the hardware domain has linked. */
static unsigned int first_owner(const struct vs_check_setup *setup, unsigned int device,
                                enum vs_list list)
{
    bool hidden = setup->devices[device].hidden && list != VS_LIST_MSIX_TABLES;

    return hidden ? setup->domain_count : setup->devices[device].owner;
}

static void print_list(FILE *out, const struct vs_check_setup *setup, enum vs_list list,
                       unsigned int domain)
{
    unsigned int last = VS_CHECK_NONE;

    for (unsigned int i = 0; i < setup->device_count; i++) {
        const struct vs_check_device *device = &setup->devices[i];

        if (device->absent ||
            (list != VS_LIST_ALL_DEVICES && first_owner(setup, i, list) != domain) ||
            (list == VS_LIST_MSIX_TABLES && !device->has_msix))
            continue;
        if (last == VS_CHECK_NONE)
            fprintf(out, "        head[LIST(%s, %u)] = %u * PDEV_LIVES;\n",
                    vs_promela_list((uint8_t)list), domain, i);
        else
            fprintf(out, "        pdevs[%u * PDEV_LIVES].next[%s] = %u * PDEV_LIVES;\n", last,
                    vs_promela_list((uint8_t)list), i);
        fprintf(out, "        pdevs[%u * PDEV_LIVES].on[%s] = %u;\n", i,
                vs_promela_list((uint8_t)list), domain);
        last = i;
    }
}

static void print_init(const struct vs_promela_writer *writer, FILE *out)
{
    const struct vs_check_setup *setup = writer->setup;
    unsigned int callbacks = at_most(writer->callbacks, 4);
    bool pages = setup->opt_in & 1u << VS_VIOLATION_UNMAPPED;

    fputs("\ninit\n{\n    d_step {\n", out);
    for (unsigned int i = 0; i < setup->device_count; i++) {
        const struct vs_check_device *device = &setup->devices[i];

        fprintf(out, "        owner[%u] = %u;\n", i, first_owner(setup, i, VS_LIST_DOMAIN_DEVICES));
        if (device->absent)
            continue;
        fprintf(out,
                "        pdevs[%u * PDEV_LIVES].alive = true; pdevs[%u * PDEV_LIVES].refs = 1;\n"
                "        pdevs[%u * PDEV_LIVES].vpci = %u * VPCI_LIVES;\n"
                "        vpcis[%u * VPCI_LIVES].alive = true;\n"
                "        vpcis[%u * VPCI_LIVES].parent = %u * PDEV_LIVES;\n",
                i, i, i, i, i, i, i);
        if (pages && device->decoding)
            fprintf(out, "        decoding[%u] = true; mapped = mapped | %u;\n", i,
                    1u << device->page);
    }
    print_list(out, setup, VS_LIST_ALL_DEVICES, 0);
    for (unsigned int domain = 0; domain <= setup->domain_count; domain++) {
        print_list(out, setup, VS_LIST_DOMAIN_DEVICES, domain);
        print_list(out, setup, VS_LIST_MSIX_TABLES, domain);
    }
    fputs("        skip\n    };\n    atomic {\n", out);
    for (unsigned int i = 0; i < setup->actor_count; i++)
        fprintf(out, "        run vcpu%u();\n", i);
    for (unsigned int i = 0; i < callbacks; i++)
        fprintf(out, "        run rcu_callback(%u);\n", i);
    fputs("        skip\n    }\n}\n", out);
}

/* --------------------------------------------------------------------- all of it */

static void print_model(const struct vs_promela_writer *writer, const char *processes, FILE *out)
{
    bool pages = writer->setup->opt_in & 1u << VS_VIOLATION_UNMAPPED;

    print_head(writer, out);
    print_sizes(writer, out, at_most(1 + writer->made_pdevs, PROMELA_LIVES_MAX),
                at_most(1 + writer->made_vpcis, PROMELA_LIVES_MAX));
    fprintf(out, "#define PDEV_IS_GONE(p) %s\n\n",
            pages ? "decoding[DEVICE_OF(p)] = (p == PDEV_OF(DEVICE_OF(p)) -> false : "
                    "decoding[DEVICE_OF(p)])"
                  : "skip");
    fputs(vs_promela_objects_text, out);
    fputs(vs_promela_locks_text, out);
    print_locks(writer, out);
    print_opt_ins(writer, out);
    print_locals(writer, out);
    fputs(processes, out);
    if (writer->callbacks > 0)
        fputs(vs_promela_callbacks_text, out);
    print_init(writer, out);
}

int vs_promela_write(const struct vs_promela_subject *subject, FILE *stream, struct vs_error *error)
{
    struct vs_promela_writer writer = {
        .subject = subject, .policy = subject->policy, .setup = subject->setup, .error = error};
    char *processes = NULL;
    size_t size = 0;
    int ret = vs_check_setup_validate(subject->setup, error);

    if (ret < 0)
        return ret;
    writer.has_barrier = any_has_step(subject->policy, subject->setup, is_rcu_barrier);
    writer.has_unraised = any_has_step(subject->policy, subject->setup, is_unraised);
    writer.stream = open_memstream(&processes, &size);
    if (!writer.stream)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (uint8_t i = 0; i < subject->setup->actor_count; i++)
        vs_promela_vcpu(&writer, i);
    if (fclose(writer.stream) != 0)
        writer.ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (writer.ret == 0)
        print_model(&writer, processes, stream);
    if (writer.ret == 0 && ferror(stream))
        writer.ret = vs_error_set(error, VS_ERR_HOST, "cannot write: %s", strerror(errno));
    free(processes);
    return writer.ret;
}
