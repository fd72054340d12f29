/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs this program again under callgrind and reads what that says on stderr. */
#include "instructions.h"

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24

static const char *const callgrind[] = {"valgrind", "--tool=callgrind",
                                        "--callgrind-out-file=/dev/null"};

/* Starts it with stderr into a pipe; 0 when there is no such program. */
static pid_t start(char **arguments, int *from)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t child = 0;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    if (posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ) != 0)
        child = 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *from = ends[0];
    return child;
}

/* "==1== Collected : 123456" */
static int read_count(int from, uint64_t *count)
{
    static const char wanted[] = "Collected : ";
    FILE *stream = fdopen(from, "r");
    char line[512];
    int found = VS_ERR_HOST;

    if (!stream) {
        close(from);
        return found;
    }
    while (fgets(line, sizeof(line), stream)) {
        const char *at = strstr(line, wanted);
        if (at && sscanf(at + sizeof(wanted) - 1, "%" SCNu64, count) == 1)
            found = 1;
    }
    fclose(stream);
    return found;
}

int vs_count_instructions(const char *function, const char *const *arguments, uint64_t *count,
                          struct vs_error *error)
{
    char self[4096], toggle[64];
    char *all[ARGUMENTS_MAX + 1];
    size_t filled = 0;
    int from = -1, status = 0;
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length < 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot find this program's own file");
    self[length] = '\0';
    for (size_t i = 0; i < sizeof(callgrind) / sizeof(callgrind[0]); i++)
        all[filled++] = (char *)callgrind[i];
    snprintf(toggle, sizeof(toggle), "--toggle-collect=%s", function);
    all[filled++] = toggle;
    all[filled++] = self;
    for (size_t i = 0; arguments[i] && filled < ARGUMENTS_MAX; i++)
        all[filled++] = (char *)arguments[i];
    all[filled] = NULL;
    pid_t child = start(all, &from);
    if (child == 0) {
        close(from);
        return 0;
    }
    if (child < 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot start valgrind");
    int ret = read_count(from, count);
    if (waitpid(child, &status, 0) < 0 || status != 0 || ret < 0)
        return vs_error_set(error, VS_ERR_HOST, "callgrind did not count (status %d)", status);
    return 1;
}
