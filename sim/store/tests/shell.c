/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool scratch_make(char *directory)
{
    const char *parent = getenv("TMPDIR");

    snprintf(directory, 64, "%s/vs-store-XXXXXX", parent && strlen(parent) < 40 ? parent : "/tmp");
    return mkdtemp(directory) != NULL;
}

static pid_t spawn(const char *const *argv, int output)
{
    pid_t child = fork();

    if (child == 0) {
        if (output >= 0) {
            dup2(output, STDOUT_FILENO);
            dup2(output, STDERR_FILENO);
        }
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    return child;
}

void scratch_remove(const char *directory)
{
    const char *argv[] = {"rm", "-rf", "--", directory, NULL};
    pid_t child = spawn(argv, -1);

    if (child > 0)
        waitpid(child, NULL, 0);
}

void shell_query(const char *path, const char *sql, char *answer, size_t size)
{
    const char *argv[] = {"sqlite3", "-batch", "-noheader", path, sql, NULL};
    size_t length = 0;
    int ends[2];

    answer[0] = '\0';
    if (pipe(ends) != 0)
        return;
    pid_t child = spawn(argv, ends[1]);

    close(ends[1]);
    while (length + 1 < size) {
        ssize_t got = read(ends[0], answer + length, size - 1 - length);

        if (got <= 0)
            break;
        length += (size_t)got;
    }
    answer[length] = '\0';
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
}

bool shell_available(void)
{
    char answer[16];

    shell_query(":memory:", "SELECT 41 + 1", answer, sizeof(answer));
    return strcmp(answer, "42\n") == 0;
}
