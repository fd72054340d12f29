/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models for SPIN: files and names. */
#include "check_promela.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "check/promela/promela.h"
#include "table.h"

/* There and empty, made if need be. */
static int open_directory(const char *path, struct vs_error *error)
{
    const struct dirent *entry;
    bool empty = true;

    if (mkdir(path, 0777) == 0)
        return 0;
    if (errno != EEXIST)
        return vs_error_set(error, VS_ERR_HOST, "cannot make %s: %s", path, strerror(errno));
    DIR *directory = opendir(path);

    if (!directory)
        return vs_error_set(error, VS_ERR_HOST, "cannot read %s: %s", path, strerror(errno));
    while ((entry = readdir(directory)))
        empty &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(directory);
    if (!empty)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--promela: %s is not empty; models are written to a new directory",
                            path);
    return 0;
}

static int write_model(const struct vs_check_run *run, size_t job, size_t index,
                       const char *directory, struct vs_error *error)
{
    const struct vs_scenario *scenario = run->scenarios[index];
    const struct vs_promela_subject subject = {.policy = run->jobs[job].policy,
                                               .setup = &scenario->setup,
                                               .rounds = run->rounds,
                                               .name = scenario->name,
                                               .title = scenario->title};
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/%s.%s.pml", directory, subject.policy->name,
                          scenario->name);

    if (length < 0 || (size_t)length >= sizeof(path) || strchr(scenario->name, '/'))
        return vs_error_set(error, VS_ERR_USAGE, "%s: no name for a file", scenario->name);
    FILE *stream = fopen(path, "wx");

    if (!stream)
        return errno == EEXIST
                   ? vs_error_set(error, VS_ERR_USAGE,
                                  "%s: two policies or scenarios have the same name", path)
                   : vs_error_set(error, VS_ERR_HOST, "cannot write %s: %s", path, strerror(errno));
    int ret = vs_promela_write(&subject, stream, error);

    if (fclose(stream) != 0 && ret == 0)
        ret = vs_error_set(error, VS_ERR_HOST, "cannot write %s: %s", path, strerror(errno));
    return ret;
}

/* Why there is no model of a scenario, or NULL. */
static const char *no_model(const struct vs_scenario *scenario)
{
    if (scenario->not_modelled)
        return scenario->not_modelled;
    return scenario->setup.loops ? "its vCPUs go on for ever, and whether each gets through is not "
                                   "asked of SPIN (--liveness asks)"
                                 : NULL;
}

int vs_check_write_models(const struct vs_check_run *run, const char *directory, FILE *stream,
                          struct vs_error *error)
{
    int ret = open_directory(directory, error);
    size_t written = 0;

    for (size_t s = 0; ret == 0 && s < run->scenario_count; s++)
        for (size_t i = 0; ret == 0 && !no_model(run->scenarios[s]) && i < run->job_count; i++) {
            ret = write_model(run, i, s, directory, error);
            written += ret == 0;
        }
    if (ret < 0)
        return ret;
    fprintf(stream, "%zu model%s in %s, as POLICY.SCENARIO.pml.\n", written, vs_plural(written),
            directory);
    for (size_t s = 0; s < run->scenario_count; s++)
        if (no_model(run->scenarios[s]))
            fprintf(stream, "%s has none: %s\n", run->scenarios[s]->name,
                    no_model(run->scenarios[s]));
    fprintf(stream, "To judge one (its head says more):\n"
                    "  spin -a FILE && cc -O1 -DSAFETY -DNOREDUCE -DVECTORSZ=4096 -o pan pan.c\n"
                    "  ./pan -c0 -m1000000\n");
    return 0;
}
