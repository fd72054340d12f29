/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rename is the commit point: before it the final name holds what it held
 * before, after it the whole new file, also across a crash, since the data is
 * synced before and the directory after.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tries for a free temporary name; one process seldom needs a second. */
#define TEMP_TRIES 100

struct vs_output {
    int fd;
    bool keep_fd; /* standard output */
    bool force;
    uint64_t offset;
    char *path; /* the final name, or "-" */
    char *temp; /* NULL when written in place */
};

/* What a stopping signal removes.  A signal handler has nothing but globals to look at; a
 * process writes a file or two at a time, and one more is left behind as it would be by
 * SIGKILL. */
#define TEMPS_MAX 4
static _Atomic(const char *) temps[TEMPS_MAX];

static const int stopping_signals[] = {SIGINT, SIGTERM, SIGHUP};
#define STOPPING_SIGNALS (sizeof(stopping_signals) / sizeof(stopping_signals[0]))

/* Async-signal-safe: atomics, unlink and raise.  The handler is reset and the signal is
 * blocked by now, so that it ends the process by its default when this returns. */
static void remove_temps_and_stop(int number)
{
    for (size_t i = 0; i < TEMPS_MAX; i++) {
        const char *path = atomic_exchange(&temps[i], NULL);
        if (path)
            (void)unlink(path);
    }
    (void)raise(number);
}

void vs_output_clean_up_on_signals(void)
{
    struct sigaction action = {.sa_handler = remove_temps_and_stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < STOPPING_SIGNALS; i++)
        sigaddset(&action.sa_mask, stopping_signals[i]);
    for (size_t i = 0; i < STOPPING_SIGNALS; i++) {
        struct sigaction before;
        /* Under nohup and the like it stays ignored. */
        if (sigaction(stopping_signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            (void)sigaction(stopping_signals[i], &action, NULL);
    }
}

static void remember_temp(const char *path)
{
    for (size_t i = 0; i < TEMPS_MAX; i++) {
        const char *none = NULL;
        if (atomic_compare_exchange_strong(&temps[i], &none, path))
            return;
    }
}

static void forget_temp(const char *path)
{
    for (size_t i = 0; path && i < TEMPS_MAX; i++) {
        const char *known = path;
        if (atomic_compare_exchange_strong(&temps[i], &known, NULL))
            return;
    }
}

/* Create the file and remember it, with no signal between. */
static int create_temp(const char *path)
{
    sigset_t stopping, before;
    sigemptyset(&stopping);
    for (size_t i = 0; i < STOPPING_SIGNALS; i++)
        sigaddset(&stopping, stopping_signals[i]);
    (void)pthread_sigmask(SIG_BLOCK, &stopping, &before);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int reason = errno;
    if (fd >= 0)
        remember_temp(path);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return fd;
}

static int host_error(struct vs_error *error, const char *path, const char *doing)
{
    return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot %s: %s", doing,
                           strerror(errno));
}

static void output_free(struct vs_output *output)
{
    if (output->fd >= 0 && !output->keep_fd)
        close(output->fd);
    forget_temp(output->temp);
    free(output->path);
    free(output->temp);
    free(output);
}

static int open_temp(struct vs_output *output, struct vs_error *error)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        free(output->temp);
        if (asprintf(&output->temp, "%s.%ld-%d.part", output->path, (long)getpid(), i) < 0) {
            output->temp = NULL;
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        }
        output->fd = create_temp(output->temp);
        if (output->fd >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    int ret = host_error(error, output->temp, "create the file");
    free(output->temp);
    output->temp = NULL;
    return ret;
}

static int open_target(struct vs_output *output, bool in_place, struct vs_error *error)
{
    if (strcmp(output->path, "-") == 0) {
        output->fd = STDOUT_FILENO;
        output->keep_fd = true;
        return 0;
    }
    struct stat status;
    bool exists = stat(output->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return host_error(error, output->path, "write a file of that name");
    }
    if (exists && S_ISREG(status.st_mode) && !output->force)
        return vs_error_set_at(error, VS_ERR_HOST, output->path, VS_NOWHERE, VS_NOWHERE,
                               "the file exists (--force replaces it)");
    if (!in_place && !(exists && !S_ISREG(status.st_mode)))
        return open_temp(output, error);
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (output->force || exists ? O_TRUNC : O_EXCL);
    output->fd = open(output->path, flags, 0666);
    return output->fd < 0 ? host_error(error, output->path, "open the file for writing") : 0;
}

int vs_output_open(const char *path, bool in_place, bool force, struct vs_output **output,
                   struct vs_error *error)
{
    struct vs_output *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    opened->fd = -1;
    opened->force = force;
    opened->path = strdup(path);
    int ret = opened->path ? open_target(opened, in_place, error)
                           : (int)vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (ret < 0) {
        output_free(opened);
        return ret;
    }
    *output = opened;
    return 0;
}

int vs_output_write(struct vs_output *output, const uint8_t *bytes, size_t length,
                    struct vs_error *error)
{
    while (length > 0) {
        ssize_t written = write(output->fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return host_error(error, output->path, "write");
        bytes += written;
        length -= (size_t)written;
        output->offset += (uint64_t)written;
    }
    return 0;
}

uint64_t vs_output_offset(const struct vs_output *output)
{
    return output->offset;
}

const char *vs_output_path(const struct vs_output *output)
{
    return output->path;
}

/* Make the rename itself durable.  Best effort: not every file system lets a
 * directory be synced, and the file's content is safe already. */
static void sync_directory(const char *path)
{
    char *directory = strdup(path);
    if (!directory)
        return;
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory] = '\0';
    int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(directory);
}

static int give_name(struct vs_output *output, struct vs_error *error)
{
    if (output->force)
        return rename(output->temp, output->path) == 0
                   ? 0
                   : host_error(error, output->path, "rename the finished file");
    if (renameat2(AT_FDCWD, output->temp, AT_FDCWD, output->path, RENAME_NOREPLACE) == 0)
        return 0;
    /* A file system without RENAME_NOREPLACE: link refuses to replace, too. */
    if (errno == EINVAL || errno == ENOSYS) {
        if (link(output->temp, output->path) == 0) {
            (void)unlink(output->temp);
            return 0;
        }
    }
    return host_error(error, output->path, "give the finished file its name");
}

int vs_output_commit(struct vs_output *output, struct vs_error *error)
{
    /* Pipes and devices cannot be synced and say so with EINVAL or EROFS. */
    if (fsync(output->fd) < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) {
        int ret = host_error(error, output->path, "sync");
        vs_output_abort(output);
        return ret;
    }
    if (!output->keep_fd) {
        int closed = close(output->fd);
        output->fd = -1;
        if (closed < 0) {
            int ret = host_error(error, output->path, "close");
            vs_output_abort(output);
            return ret;
        }
    }
    if (output->temp) {
        int ret = give_name(output, error);
        if (ret < 0) {
            vs_output_abort(output);
            return ret;
        }
        sync_directory(output->path);
    }
    output_free(output);
    return 0;
}

void vs_output_abort(struct vs_output *output)
{
    if (!output)
        return;
    if (output->temp)
        (void)unlink(output->temp);
    output_free(output);
}
