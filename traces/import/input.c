/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One stream of bytes from a plain or compressed file.  The first bytes choose
 * the decoder; a pull loop fills the caller's buffer from it.
 */
#include "import/input.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "compress.h"

enum { RAW_BYTES = 128 * 1024, MAGIC_BYTES = 6 };

struct vs_input;

/*
 * A decoder takes from raw[raw_at..raw_end) and makes bytes.  *open tells
 * whether the compressed stream is unfinished, so that an end of file there is
 * truncation.  Returns 0 or VS_ERR_INPUT with *why.
 */
struct codec {
    const char *name;
    uint8_t magic[MAGIC_BYTES];
    size_t magic_bytes;
    int (*start)(struct vs_input *input);
    int (*decode)(struct vs_input *input, bool at_end, uint8_t *to, size_t to_bytes,
                  size_t *made_bytes, bool *open, const char **why);
    void (*stop)(struct vs_input *input);
};

struct vs_input {
    char *path;
    int fd;
    bool owns_fd;
    const struct codec *codec;
    uint8_t *raw; /* RAW_BYTES of the file as it lies on disk */
    size_t raw_at, raw_end;
    uint64_t raw_offset; /* file offset of raw[raw_at] */
    bool raw_eof;
    struct vs_zstd_stream *zstd;
    lzma_stream lzma;
    z_stream gzip;
    bool gzip_open; /* inside a gzip member */
    uint64_t offset;
    /* for vs_input_line */
    char *line;
    size_t line_at, line_end;
    uint64_t line_number;
    bool line_eof;
    bool line_cut; /* the last one had no newline */
};

/* ----------------------------------------------------------------- decoders */

static void take_raw(struct vs_input *input, size_t bytes)
{
    input->raw_at += bytes;
    input->raw_offset += bytes;
}

static int plain_decode(struct vs_input *input, bool at_end, uint8_t *to, size_t to_bytes,
                        size_t *made_bytes, bool *open, const char **why)
{
    size_t bytes = input->raw_end - input->raw_at;

    (void)at_end;
    (void)why;
    if (bytes > to_bytes)
        bytes = to_bytes;
    memcpy(to, input->raw + input->raw_at, bytes);
    take_raw(input, bytes);
    *made_bytes = bytes;
    *open = false;
    return 0;
}

static int zstd_start(struct vs_input *input)
{
    input->zstd = vs_zstd_stream_new();
    return input->zstd ? 0 : VS_ERR_MEMORY;
}

static int zstd_decode(struct vs_input *input, bool at_end, uint8_t *to, size_t to_bytes,
                       size_t *made_bytes, bool *open, const char **why)
{
    size_t used = 0;
    int ret = vs_zstd_stream_decode(input->zstd, input->raw + input->raw_at,
                                    input->raw_end - input->raw_at, &used, to, to_bytes, made_bytes,
                                    open, why);

    (void)at_end;
    take_raw(input, used);
    return ret < 0 ? VS_ERR_INPUT : 0;
}

static void zstd_stop(struct vs_input *input)
{
    vs_zstd_stream_free(input->zstd);
}

static int xz_start(struct vs_input *input)
{
    input->lzma = (lzma_stream)LZMA_STREAM_INIT;
    /* No memory limit of our own: the largest .xz preset needs 65 MiB to decode. */
    return lzma_stream_decoder(&input->lzma, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK
               ? 0
               : VS_ERR_MEMORY;
}

static int xz_decode(struct vs_input *input, bool at_end, uint8_t *to, size_t to_bytes,
                     size_t *made_bytes, bool *open, const char **why)
{
    size_t have = input->raw_end - input->raw_at;
    lzma_ret code;

    input->lzma.next_in = input->raw + input->raw_at;
    input->lzma.avail_in = have;
    input->lzma.next_out = to;
    input->lzma.avail_out = to_bytes;
    code = lzma_code(&input->lzma, at_end ? LZMA_FINISH : LZMA_RUN);
    take_raw(input, have - input->lzma.avail_in);
    *made_bytes = to_bytes - input->lzma.avail_out;
    *open = code != LZMA_STREAM_END;
    if (code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR)
        return 0;
    *why = code == LZMA_DATA_ERROR ? "data does not match its checksum or coding"
                                   : "header, index or filter is damaged or unsupported";
    return VS_ERR_INPUT;
}

static void xz_stop(struct vs_input *input)
{
    lzma_end(&input->lzma);
}

static int gzip_start(struct vs_input *input)
{
    /* 15 is the largest window, 16 asks for a gzip header (zlib.h, inflateInit2). */
    input->gzip_open = true;
    return inflateInit2(&input->gzip, 15 + 16) == Z_OK ? 0 : VS_ERR_MEMORY;
}

static int gzip_decode(struct vs_input *input, bool at_end, uint8_t *to, size_t to_bytes,
                       size_t *made_bytes, bool *open, const char **why)
{
    size_t have = input->raw_end - input->raw_at;
    int code;

    (void)at_end;
    *made_bytes = 0;
    *open = input->gzip_open;
    if (!input->gzip_open) { /* between members: another one, or the end */
        if (have == 0)
            return 0;
        if (inflateReset(&input->gzip) != Z_OK) {
            *why = "cannot start another member";
            return VS_ERR_INPUT;
        }
        input->gzip_open = true;
    }
    input->gzip.next_in = input->raw + input->raw_at;
    input->gzip.avail_in = (uInt)have;
    input->gzip.next_out = to;
    input->gzip.avail_out = (uInt)to_bytes;
    code = inflate(&input->gzip, Z_NO_FLUSH);
    take_raw(input, have - input->gzip.avail_in);
    *made_bytes = to_bytes - input->gzip.avail_out;
    if (code == Z_STREAM_END)
        input->gzip_open = false;
    *open = input->gzip_open;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR)
        return 0;
    *why = input->gzip.msg ? input->gzip.msg : "damaged";
    return VS_ERR_INPUT;
}

static void gzip_stop(struct vs_input *input)
{
    inflateEnd(&input->gzip);
}

/* Magic numbers: RFC 8878 3.1.1 (zstd), xz file format 1.2.1 2.1.1.1, RFC 1952 2.3.1 (gzip). */
static const struct codec codecs[] = {
    {"zstd", {0x28, 0xB5, 0x2F, 0xFD}, 4, zstd_start, zstd_decode, zstd_stop},
    {"xz", {0xFD, '7', 'z', 'X', 'Z', 0x00}, 6, xz_start, xz_decode, xz_stop},
    {"gzip", {0x1F, 0x8B}, 2, gzip_start, gzip_decode, gzip_stop},
};
static const struct codec plain_codec = {.name = "plain", .decode = plain_decode};

/* --------------------------------------------------------------- open, read */

/* Read until raw holds at least min_bytes or the file ends. */
static int fill_raw(struct vs_input *input, size_t min_bytes, struct vs_error *error)
{
    if (input->raw_at == input->raw_end)
        input->raw_at = input->raw_end = 0;
    while (!input->raw_eof && input->raw_end - input->raw_at < min_bytes) {
        ssize_t got = read(input->fd, input->raw + input->raw_end, RAW_BYTES - input->raw_end);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return vs_error_set_at(error, VS_ERR_HOST, input->path, VS_NOWHERE, VS_NOWHERE,
                                   "cannot read: %s", strerror(errno));
        if (got == 0)
            input->raw_eof = true;
        input->raw_end += (size_t)got;
    }
    return 0;
}

static int choose_codec(struct vs_input *input, struct vs_error *error)
{
    size_t have = input->raw_end - input->raw_at;

    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        if (have < codecs[i].magic_bytes ||
            memcmp(input->raw + input->raw_at, codecs[i].magic, codecs[i].magic_bytes) != 0)
            continue;
        if (codecs[i].start(input) < 0)
            return vs_error_set(error, VS_ERR_MEMORY, "no memory for a %s decoder", codecs[i].name);
        input->codec = &codecs[i];
    }
    return 0;
}

int vs_input_open(const char *path, struct vs_input **input, struct vs_error *error)
{
    struct vs_input *in = calloc(1, sizeof(*in));
    int ret = VS_ERR_MEMORY;

    *input = NULL;
    if (!in) {
        vs_error_set(error, VS_ERR_MEMORY, "no memory to open an input");
        return VS_ERR_MEMORY;
    }
    in->fd = -1;
    in->codec = &plain_codec;
    in->path = strdup(path);
    in->raw = malloc(RAW_BYTES);
    if (!in->path || !in->raw) {
        vs_error_set(error, VS_ERR_MEMORY, "no memory to open an input");
        goto out;
    }
    if (strcmp(path, "-") == 0) {
        in->fd = STDIN_FILENO;
    } else {
        in->fd = open(path, O_RDONLY | O_CLOEXEC);
        in->owns_fd = true;
    }
    if (in->fd < 0) {
        ret = vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot open: %s",
                              strerror(errno));
        goto out;
    }
    ret = fill_raw(in, MAGIC_BYTES, error);
    if (ret == 0)
        ret = choose_codec(in, error);
out:
    if (ret < 0) {
        vs_input_close(in);
        in = NULL;
    }
    *input = in;
    return ret;
}

void vs_input_close(struct vs_input *input)
{
    if (!input)
        return;
    if (input->codec && input->codec->stop)
        input->codec->stop(input);
    if (input->owns_fd && input->fd >= 0)
        close(input->fd);
    free(input->path);
    free(input->raw);
    free(input->line);
    free(input);
}

/* As vs_input_read, without counting the bytes as handed out. */
static int pull(struct vs_input *input, uint8_t *to, size_t to_bytes, size_t *got_bytes,
                struct vs_error *error)
{
    size_t got = 0;
    int ret = 0;

    while (got < to_bytes) {
        size_t made = 0, before;
        bool unfinished = false;
        const char *why = NULL;

        ret = fill_raw(input, 1, error);
        if (ret < 0)
            break;
        before = input->raw_end - input->raw_at;
        ret = input->codec->decode(input, input->raw_eof, to + got, to_bytes - got, &made,
                                   &unfinished, &why);
        got += made;
        if (ret < 0) {
            vs_error_set_at(error, VS_ERR_INPUT, input->path, input->raw_offset, VS_NOWHERE,
                            "damaged %s data: %s", input->codec->name, why);
            break;
        }
        if (made > 0 || before > input->raw_end - input->raw_at || !input->raw_eof)
            continue;
        if (unfinished)
            ret = vs_error_set_at(error, VS_ERR_INPUT, input->path, input->raw_offset, VS_NOWHERE,
                                  "the %s data ends in the middle: the file is truncated",
                                  input->codec->name);
        break;
    }
    *got_bytes = got;
    return ret;
}

int vs_input_read(struct vs_input *input, void *buffer, size_t size_bytes, size_t *got_bytes,
                  struct vs_error *error)
{
    int ret = pull(input, buffer, size_bytes, got_bytes, error);

    input->offset += *got_bytes;
    return ret;
}

/* -------------------------------------------------------------------- lines */

/* Hand out line[line_at..end), of which newline_bytes more are consumed. */
static int hand_out(struct vs_input *input, size_t end, size_t newline_bytes, const char **line,
                    size_t *length)
{
    size_t bytes = end - input->line_at;

    *line = input->line + input->line_at;
    input->offset += bytes + newline_bytes;
    input->line_at = end + newline_bytes;
    input->line_number++;
    input->line_cut = newline_bytes == 0;
    if (bytes > 0 && input->line[end - 1] == '\r')
        bytes--;
    *length = bytes;
    input->line[*line - input->line + (ptrdiff_t)bytes] = '\0';
    return 1;
}

int vs_input_line(struct vs_input *input, const char **line, size_t *length, struct vs_error *error)
{
    const size_t room = 2 * VS_INPUT_LINE_MAX;
    size_t scanned = 0;

    if (!input->line) {
        input->line = malloc(room + 1);
        if (!input->line)
            return vs_error_set(error, VS_ERR_MEMORY, "no memory for a line buffer");
    }
    for (;;) {
        char *from = input->line + input->line_at + scanned;
        char *newline = memchr(from, '\n', input->line_end - input->line_at - scanned);
        size_t got = 0, have = input->line_end - input->line_at;
        int ret;

        if ((newline ? (size_t)(newline - input->line) - input->line_at : have) > VS_INPUT_LINE_MAX)
            return vs_error_set_at(
                error, VS_ERR_INPUT, input->path, VS_NOWHERE, input->line_number + 1,
                "expected a line of at most %d bytes, found a longer one", VS_INPUT_LINE_MAX);
        if (newline)
            return hand_out(input, (size_t)(newline - input->line), 1, line, length);
        if (input->line_eof)
            return have > 0 ? hand_out(input, input->line_end, 0, line, length) : 0;
        memmove(input->line, input->line + input->line_at, have);
        input->line_at = 0;
        input->line_end = scanned = have;
        ret = pull(input, (uint8_t *)input->line + have, room - have, &got, error);
        if (ret < 0)
            return ret;
        input->line_end += got;
        input->line_eof = got == 0;
    }
}

bool vs_input_line_cut(const struct vs_input *input)
{
    return input->line_cut;
}

int vs_input_plain_fd(const struct vs_input *input)
{
    struct stat status;

    if (input->codec != &plain_codec || !input->owns_fd || fstat(input->fd, &status) != 0)
        return -1;
    return S_ISREG(status.st_mode) ? input->fd : -1;
}

const char *vs_input_path(const struct vs_input *input)
{
    return input->path;
}

uint64_t vs_input_offset(const struct vs_input *input)
{
    return input->offset;
}

uint64_t vs_input_line_number(const struct vs_input *input)
{
    return input->line_number;
}

int vs_input_read_all(const char *path, size_t limit_bytes, char **content, size_t *size_bytes,
                      struct vs_error *error)
{
    size_t used = 0, room = 65536, got = 1;
    struct vs_input *input = NULL;
    char *buffer = malloc(room), *grown;
    int ret = buffer ? vs_input_open(path, &input, error) : VS_ERR_MEMORY;

    while (ret == 0 && got > 0) {
        ret = vs_input_read(input, buffer + used, room - used - 1, &got, error);
        used += got;
        if (ret == 0 && used > limit_bytes)
            ret = vs_error_set_at(error, VS_ERR_INPUT, path, limit_bytes, VS_NOWHERE,
                                  "expected at most %zu bytes, found more", limit_bytes);
        if (ret < 0 || room - used > 1)
            continue;
        grown = realloc(buffer, room * 2);
        if (grown) {
            buffer = grown;
            room *= 2;
        } else {
            ret = VS_ERR_MEMORY;
        }
    }
    vs_input_close(input);
    if (ret == VS_ERR_MEMORY)
        vs_error_set(error, VS_ERR_MEMORY, "no memory to read %s", path);
    if (ret < 0) {
        free(buffer);
        return ret;
    }
    buffer[used] = '\0';
    *content = buffer;
    *size_bytes = used;
    return 0;
}
