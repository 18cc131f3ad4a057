/* promise: what the fuzz targets share: promises that end the process when they are broken, and inputs
 * taken apart.
 *
 * An input's first bytes choose (an envelope, a packing, a flag), the rest is what an outsider would send.
 * A target copies what it hands on into a piece of its own, so that AddressSanitizer sees a read past its
 * end. */
#ifndef TW_PROMISE_H
#define TW_PROMISE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/text.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process with what was promised, unless it holds: libFuzzer keeps the input then. */
static inline void promise(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

/* An input taken apart from its front. */
struct input {
    const uint8_t *bytes;
    size_t length;
};

/* The next byte; 0 when there is none. */
static inline unsigned take_byte(struct input *input)
{
    if (input->length == 0)
        return 0;
    input->length--;
    return *input->bytes++;
}

/* What stands before the next `end`, which is dropped; all that is left when there is none. */
static inline struct tw_text take_until(struct input *input, char end)
{
    const uint8_t *found = input->length ? memchr(input->bytes, end, input->length) : NULL;
    struct tw_text taken = {
        (const char *)input->bytes, found ? (size_t)(found - input->bytes) : input->length};
    size_t gone = taken.length + (found != NULL);
    input->bytes = gone ? input->bytes + gone : input->bytes;
    input->length -= gone;
    return taken;
}

/* A copy of its own, to be freed by the caller as (void *)copy.bytes. */
static inline struct tw_text own_copy(struct tw_text text)
{
    char *bytes = malloc(text.length ? text.length : 1);
    promise(bytes != NULL, "there is memory");
    if (text.length)
        memcpy(bytes, text.bytes, text.length);
    return (struct tw_text){bytes, text.length};
}

/* Is the text well-formed UTF-8 without a NUL, by the library that is not ours? */
static inline bool is_utf8_without_nul(struct tw_text text)
{
    for (size_t at = 0; at < text.length;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t length = utf8proc_iterate(
            (const utf8proc_uint8_t *)text.bytes + at, (utf8proc_ssize_t)(text.length - at), &point);
        if (length <= 0 || point == 0)
            return false;
        at += (size_t)length;
    }
    return true;
}

#endif
