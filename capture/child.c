/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fork and exec by hand, for the request to be told of the parent's death. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child; writes errno to failure_fd, which a successful exec closes. */
static void become(const char *const argv[], int out_fd, int err_fd, int failure_fd, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);
    int reason;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* execvp takes the strings as they are: POSIX keeps the pointer type for old callers. */
    if (getppid() == parent && null >= 0 && dup2(null, 0) >= 0 && dup2(out_fd, 1) >= 0 &&
        dup2(err_fd, 2) >= 0)
        execvp(argv[0], (char *const *)(const void *)argv);
    reason = errno;
    while (write(failure_fd, &reason, sizeof(reason)) < 0 && errno == EINTR)
        ;
    raise(SIGKILL); /* not exit: the parent's handlers and buffers are not ours to run */
}

int vs_child_start(const char *const argv[], int out_fd, int err_fd, pid_t *child,
                   int *error_number, struct vs_error *error)
{
    int failure[2];
    int reason = 0;
    pid_t parent = getpid();

    if (pipe2(failure, O_CLOEXEC) < 0) {
        *error_number = errno;
        return vs_error_set(error, VS_ERR_HOST, "cannot run %s: %s", argv[0], strerror(errno));
    }
    *child = fork();
    if (*child == 0)
        become(argv, out_fd, err_fd, failure[1], parent);
    reason = *child < 0 ? errno : 0;
    close(failure[1]);
    if (*child > 0 && read(failure[0], &reason, sizeof(reason)) > 0)
        waitpid(*child, NULL, 0);
    close(failure[0]);
    *error_number = reason;
    if (reason != 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot run %s: %s", argv[0], strerror(reason));
    return 0;
}

void vs_child_wait(pid_t child, int accepted_signal, char *text, size_t size)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    text[0] = '\0';
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status) && WTERMSIG(status) != accepted_signal)
        snprintf(text, size, "signal %d", WTERMSIG(status));
}
