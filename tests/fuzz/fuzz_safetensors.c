/* fuzz_safetensors: any bytes as model.safetensors. What opens must be usable to its last byte.
 *
 * The header's length is set right in seven inputs of eight, so that the fuzzer's effort goes into the
 * JSON. */
#include "promise.h"

#include <sys/mman.h>
#include <unistd.h>

#include "format/safetensors.h"

static void read_all(const struct tw_safetensors *file)
{
    unsigned sum = 0;
    for (size_t at = 0; at < file->count; at++) {
        const struct tw_tensor *tensor = &file->tensors[at];
        promise(tw_safetensors_find(file, tensor->name) == tensor, "a tensor is found by its name");
        size_t elements = 1;
        for (size_t axis = 0; axis < tensor->dimensions; axis++)
            elements *= tensor->shape[axis];
        promise(elements == tensor->elements && tensor->bytes == elements * tw_dtype_bytes(tensor->dtype),
            "a tensor's sizes agree");
        for (size_t byte = 0; byte < tensor->bytes; byte++)
            sum += ((const unsigned char *)tensor->data)[byte];
    }
    /* Used, so that the reads stay. */
    if (sum == UINT32_MAX)
        putchar(' ');
}

/* The first byte says how much of the rest is header; its lowest bits, whether the length tells the truth. */
static size_t header_length(const uint8_t *bytes, size_t length)
{
    size_t rest = length - 1;
    return (bytes[0] & 7) == 0 ? rest * 3 + 1 : rest - rest * (size_t)(bytes[0] >> 3) / 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return 0;
    int descriptor = memfd_create("model.safetensors", 0);
    if (descriptor < 0)
        return 0;
    uint64_t declared = header_length(bytes, length);
    bool written = write(descriptor, &declared, sizeof declared) == (ssize_t)sizeof declared &&
                   write(descriptor, bytes + 1, length - 1) == (ssize_t)(length - 1);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    struct tw_safetensors file;
    struct tw_error err;
    if (written && tw_safetensors_open(path, &file, &err)) {
        read_all(&file);
        tw_safetensors_close(&file);
    }
    close(descriptor);
    return 0;
}
