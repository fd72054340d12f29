/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for people.  Indices come from a result of the engine, but a name is no
 * place to crash: an index that is out of range prints as a number.
 */
#include "label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "other" is what table lock calls the sum of the instances without a row. */
static bool name_is_shared(const struct vs_workload *workload, size_t domain)
{
    if (strcmp(workload->domains[domain].name, "other") == 0)
        return true;
    for (size_t i = 0; i < workload->domain_count; i++) {
        if (i != domain && strcmp(workload->domains[i].name, workload->domains[domain].name) == 0)
            return true;
    }
    return false;
}

char *vs_domain_label(const struct vs_workload *workload, size_t domain, char *buffer)
{
    if (domain >= workload->domain_count) {
        snprintf(buffer, VS_LABEL_TEXT, "domain #%zu", domain);
        return buffer;
    }
    const struct vs_workload_domain *at = &workload->domains[domain];

    if (at->name[0] == '\0')
        snprintf(buffer, VS_LABEL_TEXT, "d%u", (unsigned)at->id);
    else if (name_is_shared(workload, domain))
        snprintf(buffer, VS_LABEL_TEXT, "%s (d%u)", at->name, (unsigned)at->id);
    else
        snprintf(buffer, VS_LABEL_TEXT, "%s", at->name);
    return buffer;
}

char *vs_actor_label(const struct vs_workload *workload, size_t actor, char *buffer)
{
    if (actor >= workload->actor_count) {
        snprintf(buffer, VS_LABEL_TEXT, "vCPU #%zu", actor);
        return buffer;
    }
    const struct vs_actor *at = &workload->actors[actor];
    unsigned domain = at->domain;

    if (at->domain < workload->domain_count)
        domain = workload->domains[at->domain].id;
    if (at->vcpu == VS_VCPU_NONE)
        snprintf(buffer, VS_LABEL_TEXT, "d%uv?", domain);
    else
        snprintf(buffer, VS_LABEL_TEXT, "d%uv%u", domain, (unsigned)at->vcpu);
    return buffer;
}

char *vs_instance_label(const struct vs_workload *workload, const struct vs_lock_decl *lock,
                        size_t instance, char *buffer)
{
    buffer[0] = '\0';
    if (lock->scope == VS_SCOPE_DOMAIN)
        return vs_domain_label(workload, instance, buffer);
    if (lock->scope == VS_SCOPE_DEVICE) {
        if (instance < workload->device_count)
            return vs_sbdf_text(workload->devices[instance].sbdf, buffer);
        snprintf(buffer, VS_LABEL_TEXT, "device #%zu", instance);
    }
    return buffer;
}

const char *vs_op_label(unsigned int op)
{
    return op < VS_OP_COUNT ? vs_op_table[op].name : "unknown";
}

static void print_edge(FILE *stream, const struct vs_deadlock_edge *edge,
                       const struct vs_policy *policy, const struct vs_workload *workload)
{
    char waiter[VS_LABEL_TEXT], holder[VS_LABEL_TEXT], instance[VS_LABEL_TEXT] = "";
    const char *lock = "an unknown lock";

    if (edge->lock < policy->lock_count) {
        lock = policy->locks[edge->lock].name;
        vs_instance_label(workload, &policy->locks[edge->lock], edge->instance, instance);
    }
    fprintf(stream, "%s in %s waits for %s%s%s (%s), ",
            vs_actor_label(workload, edge->actor, waiter), vs_op_label(edge->op), lock,
            instance[0] ? " " : "", instance, vs_lock_mode_name((enum vs_lock_mode)edge->mode));
    if (edge->holder == UINT16_MAX)
        fprintf(stream, "which is never released\n");
    else if (edge->holder == edge->actor)
        fprintf(stream, "held by itself\n");
    else
        fprintf(stream, "held by %s in %s\n", vs_actor_label(workload, edge->holder, holder),
                vs_op_label(edge->holder_op));
}

char *vs_deadlock_text(const struct vs_result *result, const struct vs_policy *policy,
                       const struct vs_workload *workload)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    for (size_t i = 0; i < result->deadlock_count; i++)
        print_edge(stream, &result->deadlock[i], policy, workload);
    bool failed = ferror(stream) != 0;

    if (fclose(stream) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

char *vs_hazard_first_text(const struct vs_hazard_stat *hazard, const struct vs_workload *workload,
                           char *buffer)
{
    char actor[VS_LABEL_TEXT], device[VS_SBDF_TEXT] = "";
    bool known = hazard->other_op < VS_OP_COUNT;

    if (hazard->device < workload->device_count)
        vs_sbdf_text(workload->devices[hazard->device].sbdf, device);
    snprintf(buffer, VS_HAZARD_TEXT, "%s %s%s%s%s%s",
             vs_actor_label(workload, hazard->actor, actor), vs_op_label(hazard->op),
             device[0] ? " " : "", device, known ? " after " : "",
             known ? vs_op_table[hazard->other_op].name : "");
    return buffer;
}
