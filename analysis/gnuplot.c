/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts gnuplot, reads what it says, and turns its failure into an error. */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plots.h"
#include "words.h"

extern char **environ;

/* Everything that the child says, until it closes the pipe. */
static void read_all(int fd, struct vs_text *said)
{
    char part[1024];

    for (;;) {
        ssize_t got = read(fd, part, sizeof(part) - 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        part[got] = '\0';
        vs_text_add(said, part);
    }
}

static int start(const char *directory, char *const *arguments, int output, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);

    if (code != 0)
        return code;
    code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&actions, output, 2);
    if (code == 0 && directory)
        code = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (code == 0)
        code = posix_spawnp(child, "gnuplot", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static int cannot_start(int code, struct vs_error *error)
{
    if (code == ENOENT)
        return vs_error_set(error, VS_ERR_HOST,
                            "gnuplot is not installed, or not in PATH; the plots need it "
                            "(Debian and Ubuntu: apt-get install gnuplot-nox)");
    return vs_error_set(error, VS_ERR_HOST, "gnuplot cannot be started: %s", strerror(code));
}

static int run(const char *directory, char *const *arguments, struct vs_text *said, int *status,
               struct vs_error *error)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return vs_error_set(error, VS_ERR_HOST, "no pipe for gnuplot: %s", strerror(errno));
    int code = start(directory, arguments, ends[1], &child);

    close(ends[1]);
    if (code == 0)
        read_all(ends[0], said);
    close(ends[0]);
    if (code != 0)
        return cannot_start(code, error);
    while (waitpid(child, status, 0) < 0) {
        if (errno != EINTR)
            return vs_error_set(error, VS_ERR_HOST, "gnuplot was lost: %s", strerror(errno));
    }
    return 0;
}

int vs_gnuplot_run(const char *directory, const char *script, char **warnings,
                   struct vs_error *error)
{
    char *const arguments[] = {(char *)"gnuplot", (char *)"-d", (char *)(uintptr_t)script, NULL};
    struct vs_text said = {0};
    int status = 0;

    *warnings = NULL;
    int ret = run(directory, arguments, &said, &status, error);

    if (ret == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        ret = vs_error_set_at(error, VS_ERR_HOST, script, VS_NOWHERE, VS_NOWHERE,
                              "gnuplot failed: %.500s", vs_text_or_empty(&said));
    if (ret == 0 && said.length > 0)
        *warnings = strdup(vs_text_or_empty(&said));
    vs_text_free(&said);
    return ret;
}

int vs_plots_check_gnuplot(struct vs_error *error)
{
    char *const arguments[] = {(char *)"gnuplot", (char *)"--version", NULL};
    struct vs_text said = {0};
    int status = 0, major = 0, minor = 0;
    int ret = run(NULL, arguments, &said, &status, error);

    if (ret == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        ret = vs_error_set(error, VS_ERR_HOST, "gnuplot --version failed: %.200s",
                           vs_text_or_empty(&said));
    /* Arrays with initial values came with 5.2. */
    if (ret == 0 && sscanf(vs_text_or_empty(&said), "gnuplot %d.%d", &major, &minor) == 2 &&
        (major < 5 || (major == 5 && minor < 2)))
        ret = vs_error_set(error, VS_ERR_HOST, "gnuplot 5.2 or later is needed, found %d.%d", major,
                           minor);
    vs_text_free(&said);
    return ret;
}
