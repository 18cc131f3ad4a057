#include "config/model_precision.h"

#include "base/file.h"
#include "compress/quantise.h"
#include "format/config_json.h"
#include "format/model_files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FACTS_BYTES ((size_t)8 << 20)

/* What stands beside a folder. */
enum beside { NOT_THERE, OF_OTHER_WEIGHTS, NOT_MEASURED, AGREES_TOO_LITTLE, FIT };

static const char *const because[] = {
    [NOT_THERE] = "there is no folder with 8-bit weights",
    [OF_OTHER_WEIGHTS] = "the 8-bit weights were made from others than model.path holds",
};

static bool has_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct tw_error ignored;
    return tw_path_join(path, sizeof path, folder, name, &ignored) && access(path, F_OK) == 0;
}

/* FOLDER-int8, whatever slashes stand at its end. */
static bool name_beside(const char *folder, char *path, size_t size)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    return (size_t)snprintf(path, size, "%.*s-int8", (int)length, folder) < size;
}

static bool made_from(const struct tw_quantisation *facts, const char *folder)
{
    char path[PATH_MAX], sha256[65];
    uint64_t bytes;
    struct tw_error ignored;
    return tw_path_join(path, sizeof path, folder, TW_FILE_WEIGHTS, &ignored) &&
           tw_file_sha256_hex(path, sha256, &bytes, &ignored) && strcmp(sha256, facts->source) == 0;
}

/* A folder that cannot be read is none: whoever asks for it by name is told why when it is opened. */
static enum beside look_beside(const char *folder, const char *beside)
{
    struct tw_arena arena;
    struct tw_model_config config;
    struct tw_error ignored;
    if (!has_file(beside, TW_FILE_INT8_WEIGHTS) || !tw_arena_begin(&arena, FACTS_BYTES, &ignored))
        return NOT_THERE;
    const bool read = tw_config_read(beside, NULL, &arena, &config, &ignored);
    const struct tw_quantisation facts = config.quantisation;
    tw_arena_end(&arena);
    if (!read)
        return NOT_THERE;
    if (!made_from(&facts, folder))
        return OF_OTHER_WEIGHTS;
    if (!facts.measured)
        return NOT_MEASURED;
    return facts.agreement >= TW_QUANTISE_AGREEMENT ? FIT : AGREES_TOO_LITTLE;
}

static bool refuse(const char *folder, const char *path, enum beside what, struct tw_error *err)
{
    char cure[PATH_MAX + 256];
    snprintf(cure, sizeof cure,
        "tapewatch quantize -m %.200s -o %.200s --calibrate FILE, or model.precision: auto", folder, path);
    return tw_fail(err, TW_CONFIG, path, cure, "%s", because[what]);
}

bool tw_model_precision_choose(enum tw_model_precision precision, const char *folder, struct tw_arena *arena,
    const char **out, struct tw_error *err)
{
    char path[PATH_MAX];
    const bool own = has_file(folder, TW_FILE_INT8_WEIGHTS);
    *out = folder;
    if (own && precision == TW_PRECISION_FP32)
        return tw_fail(err, TW_CONFIG, folder,
            "name the folder that it was made from, or model.precision: auto",
            "model.precision is fp32, and its weights are in 8 bits");
    if (own || precision == TW_PRECISION_FP32 || !name_beside(folder, path, sizeof path))
        return true;
    const enum beside what = look_beside(folder, path);
    if (precision == TW_PRECISION_INT8 && (what == NOT_THERE || what == OF_OTHER_WEIGHTS))
        return refuse(folder, path, what, err);
    if (precision == TW_PRECISION_AUTO && what != FIT)
        return true;
    *out = tw_arena_copy(arena, tw_text_of(path)).bytes;
    return *out || tw_arena_fail(arena, err);
}
