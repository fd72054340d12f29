/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: what an input file holds, decompressed, on standard output. */
#include <stdio.h>

#include "base/error.h"
#include "import/input.h"

int main(int argc, char **argv)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_input *input = NULL;
    static char buffer[65536];
    char text[1100];
    size_t got = 0;
    int ret = argc == 2 ? vs_input_open(argv[1], &input, &error) : VS_ERR_USAGE;

    do {
        if (ret == 0)
            ret = vs_input_read(input, buffer, sizeof(buffer), &got, &error);
        if (fwrite(buffer, 1, got, stdout) != got)
            ret = VS_ERR_HOST;
    } while (ret == 0 && got > 0);
    vs_input_close(input);
    if (ret < 0)
        fprintf(stderr, "unpack: %s\n", vs_error_describe(&error, text, sizeof(text)));
    return vs_exit_status(ret);
}
