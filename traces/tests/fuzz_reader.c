/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: any bytes as a trace file, as they are and with mended checksums. */
#include <sys/mman.h>

#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    uint8_t *bytes = malloc(size + 1);
    int fd = memfd_create("trace", 0);
    if (bytes && fd >= 0) {
        memcpy(bytes, data, size);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        for (int mended = 0; mended < 2; mended++) {
            if (mended)
                mend_checksums(bytes, size);
            if (ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size)
                (void)read_file_every_way(path, size);
        }
    }
    if (fd >= 0)
        close(fd);
    free(bytes);
    return 0;
}
