#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool tw_file_fail_open(const char *path, struct tw_error *err)
{
    return tw_fail_errno(err, TW_IO, path, "check the path and its permissions", "cannot open the file");
}

static bool length_of_regular(int descriptor, const char *path, size_t *length, struct tw_error *err)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return tw_fail(err, TW_IO, path, "give the path of a file", "not a regular file");
    *length = (size_t)status.st_size;
    return true;
}

/* The descriptor, -1 with the error filled. */
static int open_to_read(const char *path, struct tw_error *err)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        tw_file_fail_open(path, err);
    return descriptor;
}

/* From the file's beginning; *have receives how many bytes there were of those wanted. */
static bool read_all(
    int descriptor, const char *path, char *bytes, size_t wanted, size_t *have, struct tw_error *err)
{
    for (*have = 0; *have < wanted;) {
        ssize_t got = pread(descriptor, bytes + *have, wanted - *have, (off_t)*have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tw_fail_errno(err, TW_IO, path, NULL, "cannot read at offset %zu", *have);
        if (got == 0)
            break;
        *have += (size_t)got;
    }
    return true;
}

bool tw_file_load_open(int descriptor, const char *path, struct tw_loaded_file *out, struct tw_error *err)
{
    size_t length, have;
    *out = (struct tw_loaded_file){0};
    if (!length_of_regular(descriptor, path, &length, err))
        return false;
    if (length == 0)
        return true;
    void *bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return tw_fail_errno(err, TW_IO, path, NULL, "no memory for its %zu bytes", length);
    *out = (struct tw_loaded_file){bytes, length};
    bool whole = read_all(descriptor, path, bytes, length, &have, err);
    if (whole && have < length)
        whole = tw_fail(err, TW_IO, path, "put files there by renaming them",
            "it became shorter while it was read: %zu bytes of %zu", have, length);
    if (!whole)
        tw_file_unload(out);
    else
        mprotect(bytes, length, PROT_READ); /* whoever writes there is found */
    return whole;
}

bool tw_file_load(const char *path, struct tw_loaded_file *out, struct tw_error *err)
{
    *out = (struct tw_loaded_file){0};
    int descriptor = open_to_read(path, err);
    if (descriptor < 0)
        return false;
    bool loaded = tw_file_load_open(descriptor, path, out, err);
    close(descriptor);
    return loaded;
}

void tw_file_unload(struct tw_loaded_file *file)
{
    if (file->bytes)
        munmap((void *)(uintptr_t)file->bytes, file->length);
    *file = (struct tw_loaded_file){0};
}

bool tw_file_read_open(int descriptor, const char *path, size_t most_bytes, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    size_t length, have;
    if (!length_of_regular(descriptor, path, &length, err))
        return false;
    if (length > most_bytes)
        return tw_fail(err, TW_CONFIG, path, "give a smaller file", "%zu bytes, more than the %zu allowed",
            length, most_bytes);
    char *bytes = tw_arena_take(arena, length + 1);
    if (!bytes)
        return tw_arena_fail(arena, err);
    if (!read_all(descriptor, path, bytes, length, &have, err))
        return false;
    bytes[have] = '\0';
    *out = (struct tw_text){bytes, have};
    return true;
}

bool tw_file_read(
    const char *path, size_t most_bytes, struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    int descriptor = open_to_read(path, err);
    if (descriptor < 0)
        return false;
    bool done = tw_file_read_open(descriptor, path, most_bytes, arena, out, err);
    close(descriptor);
    return done;
}

static bool write_all(int descriptor, struct tw_text contents)
{
    while (contents.length > 0) {
        ssize_t wrote = write(descriptor, contents.bytes, contents.length);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        contents.bytes += wrote;
        contents.length -= (size_t)wrote;
    }
    return true;
}

/* A rename is durable only when the folder that names the file is synced too. */
static bool sync_folder_of(const char *path)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool synced = fsync(descriptor) == 0;
    close(descriptor);
    return synced;
}

bool tw_file_write(const char *path, struct tw_text contents, struct tw_error *err)
{
    char temporary[4096];
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return tw_fail(err, TW_OUTPUT, path, "name a file", "stands there already and is no regular file");
    int length = snprintf(temporary, sizeof temporary, "%s.partial-XXXXXX", path);
    if (length < 0 || length >= (int)sizeof temporary)
        return tw_fail(err, TW_OUTPUT, path, "give a shorter path", "path too long");
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0)
        return tw_fail_errno(
            err, TW_OUTPUT, path, "check the folder and its permissions", "cannot create a file beside it");
    bool written = fchmod(descriptor, 0644) == 0 && write_all(descriptor, contents) && fsync(descriptor) == 0;
    int number = errno;
    written = close(descriptor) == 0 && written;
    if (written && rename(temporary, path) == 0 && sync_folder_of(path))
        return true;
    errno = written ? errno : number;
    tw_fail_errno(err, TW_IO, path, "free space on the disk and run again", "cannot write the file");
    unlink(temporary);
    return false;
}

bool tw_path_join(char *path, size_t size, const char *folder, const char *name, struct tw_error *err)
{
    size_t length = strlen(folder);
    const char *separator = length > 0 && folder[length - 1] == '/' ? "" : "/";
    int written = snprintf(path, size, "%s%s%s", folder, separator, name);
    if (written < 0 || (size_t)written >= size)
        return tw_fail(err, TW_USAGE, folder, "give a shorter path", "path too long");
    return true;
}

static bool no_digest(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "libcrypto cannot compute SHA-256");
}

static void write_hex(char hex[65], const unsigned char digest[32])
{
    for (size_t at = 0; at < 32; at++)
        snprintf(hex + 2 * at, 3, "%02x", digest[at]);
}

bool tw_sha256_hex(struct tw_text bytes, char hex[65], struct tw_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(bytes.bytes, bytes.length, digest, &length, EVP_sha256(), NULL) != 1 || length != 32)
        return no_digest(err);
    write_hex(hex, digest);
    return true;
}

static bool digest_file(
    int descriptor, const char *path, EVP_MD_CTX *digest, uint64_t *bytes, struct tw_error *err)
{
    unsigned char piece[1 << 16];
    *bytes = 0;
    for (;;) {
        ssize_t got = read(descriptor, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tw_fail_errno(
                err, TW_IO, path, NULL, "cannot read at offset %llu", (unsigned long long)*bytes);
        if (got == 0)
            return true;
        if (EVP_DigestUpdate(digest, piece, (size_t)got) != 1)
            return no_digest(err);
        *bytes += (uint64_t)got;
    }
}

bool tw_file_sha256_hex(const char *path, char hex[65], uint64_t *bytes, struct tw_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length;
    int descriptor = open_to_read(path, err);
    if (descriptor < 0)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool begun = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    bool done = length_of_regular(descriptor, path, &length, err) && (begun || no_digest(err)) &&
                digest_file(descriptor, path, context, bytes, err) &&
                (EVP_DigestFinal_ex(context, digest, NULL) == 1 || no_digest(err));
    if (done)
        write_hex(hex, digest);
    EVP_MD_CTX_free(context);
    close(descriptor);
    return done;
}
