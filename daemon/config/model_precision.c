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
enum beside { NOT_THERE, UNREADABLE, OF_OTHER_WEIGHTS, NOT_MEASURED, AGREES_TOO_LITTLE, FIT };

static const char *const because[] = {
    [NOT_THERE] = "there is no folder with 8-bit weights",
    [UNREADABLE] = "the config.json of the folder with 8-bit weights cannot be read",
    [OF_OTHER_WEIGHTS] = "the 8-bit weights were made from others than the model has",
    [NOT_MEASURED] = "nobody has measured what the 8-bit weights cost",
    [AGREES_TOO_LITTLE] = "the 8-bit weights keep too few labels of fp32",
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

/* What is found in a folder, and the share of labels it keeps, where that was measured. A config.json that
 * cannot be read is told in full to whoever asks for the folder by name, when it is opened. */
static enum beside look_beside(const char *folder, const char *beside, double *agreement)
{
    struct tw_arena arena;
    struct tw_model_config config;
    struct tw_error ignored;
    *agreement = 0.0;
    if (!has_file(beside, TW_FILE_INT8_WEIGHTS) || !tw_arena_begin(&arena, FACTS_BYTES, &ignored))
        return NOT_THERE;
    const bool read = tw_config_read(beside, NULL, &arena, &config, &ignored);
    const struct tw_quantisation facts = config.quantisation;
    tw_arena_end(&arena);
    if (!read)
        return UNREADABLE;
    if (!made_from(&facts, folder))
        return OF_OTHER_WEIGHTS;
    if (!facts.measured)
        return NOT_MEASURED;
    *agreement = facts.agreement;
    return facts.agreement >= TW_QUANTISE_AGREEMENT ? FIT : AGREES_TOO_LITTLE;
}

static bool refuse(const char *folder, const char *path, enum beside what, struct tw_error *err)
{
    char cure[PATH_MAX + 256];
    snprintf(cure, sizeof cure, "tapewatch quantize -m %.200s -o %.200s --calibrate FILE, or ask for auto",
        folder, path);
    return tw_fail(err, TW_CONFIG, path, cure, "%s", because[what]);
}

/* What is taken, and the line that says why. */
static bool take(const struct tw_model_choice *choice, struct tw_arena *arena, struct tw_model_choice *out,
    struct tw_error *err)
{
    out->folder = tw_arena_copy(arena, tw_text_of(choice->folder)).bytes;
    out->why = tw_arena_copy(arena, tw_text_of(choice->why)).bytes;
    return (out->folder && out->why) || tw_arena_fail(arena, err);
}

static bool choose_auto(const char *folder, const char *path, struct tw_arena *arena,
    struct tw_model_choice *out, struct tw_error *err)
{
    char why[PATH_MAX + 256];
    double agreement;
    const enum beside what = look_beside(folder, path, &agreement);
    if (what == FIT)
        snprintf(why, sizeof why, "auto: %.2f%% of its labels of calibration text are those of fp32",
            100.0 * agreement);
    else if (what == AGREES_TOO_LITTLE)
        snprintf(why, sizeof why, "auto: %s, %.2f%% of %.2f%%: %s", because[what], 100.0 * agreement,
            100.0 * TW_QUANTISE_AGREEMENT, path);
    else
        snprintf(why, sizeof why, "auto: %s: %s", because[what], path);
    return take(&(struct tw_model_choice){what == FIT ? path : folder, why}, arena, out, err);
}

static bool choose_int8(const char *folder, const char *path, struct tw_arena *arena,
    struct tw_model_choice *out, struct tw_error *err)
{
    double agreement;
    const enum beside what = look_beside(folder, path, &agreement);
    if (what == NOT_THERE || what == OF_OTHER_WEIGHTS)
        return refuse(folder, path, what, err);
    return take(&(struct tw_model_choice){path, "int8 is asked for"}, arena, out, err);
}

bool tw_model_precision_choose(enum tw_model_precision precision, const char *folder, const char *beside,
    struct tw_arena *arena, struct tw_model_choice *out, struct tw_error *err)
{
    char path[PATH_MAX];
    *out = (struct tw_model_choice){folder, "fp32 is asked for"};
    if (has_file(folder, TW_FILE_INT8_WEIGHTS)) {
        out->why = "the folder itself has 8-bit weights";
        return precision != TW_PRECISION_FP32 ||
               tw_fail(err, TW_CONFIG, folder, "name the folder that it was made from, or ask for auto",
                   "weights in fp32 are asked for, and its own are in 8 bits");
    }
    if (precision == TW_PRECISION_FP32)
        return true;
    if (!beside && !name_beside(folder, path, sizeof path))
        return tw_fail(err, TW_CONFIG, folder, "give a shorter path", "path too long");
    beside = beside ? beside : path;
    return precision == TW_PRECISION_INT8 ? choose_int8(folder, beside, arena, out, err)
                                          : choose_auto(folder, beside, arena, out, err);
}
