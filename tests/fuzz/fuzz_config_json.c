/* fuzz_config_json: any bytes as config.json: refused by name, or a shape whose every number is within its
 * limits.
 *
 * The first byte chooses whether labels are given by position besides. */
#include "promise.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/config_json.h"
#include "format/model_files.h"

static struct tw_arena arena;
static struct tw_snapshot files;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static const char *const names[] = {TW_FILE_CONFIG};
    struct tw_error err;
    promise(tw_arena_begin(&arena, (size_t)64 << 20, &err), "address space is there");
    files = (struct tw_snapshot){.folder = "model", .names = names, .count = 1};
    files.descriptors[0] = memfd_create("config.json", MFD_CLOEXEC);
    promise(files.descriptors[0] >= 0, "a file in memory can be made");
    return 0;
}

static void check_temperature(struct tw_temperature temperature)
{
    promise(temperature.base >= 0.001F && temperature.base <= 1000 && temperature.exponent >= 0 &&
                temperature.exponent <= 1,
        "temperatures are within their limits");
}

static void check(const struct tw_model_config *config)
{
    promise(config->family < TW_FAMILIES, "the family is known");
    promise(config->hidden > 0 && config->heads > 0 && config->hidden % config->heads == 0,
        "heads part the hidden states");
    promise(
        config->layers > 0 && config->intermediate > 0 && config->vocabulary > 0 && config->max_positions > 0,
        "nothing has no size");
    /* What is multiplied later without a check: each pair of sizes fits in 63 bits by far. */
    promise(config->hidden < 1 << 20 && config->intermediate < 1 << 24 && config->vocabulary < 1 << 28 &&
                config->layers < 1 << 16 && config->max_positions < 1 << 24,
        "sizes are sane");
    promise(isfinite(config->norm_epsilon) && config->norm_epsilon > 0, "epsilon is a number");
    check_temperature(config->temperature);
    check_temperature(config->entity_temperature);
    promise(
        config->labels <= TW_LABELS_MOST && config->ignored_count <= TW_IGNORED_MOST, "lists are bounded");
    for (size_t label = 0; !config->labels_fault && label < TW_CLASSES; label++) {
        promise(config->class_at[label] < config->labels, "a class is one of the outputs");
        for (size_t other = 0; other < label; other++)
            promise(config->class_at[label] != config->class_at[other], "an output is one class");
    }
    promise(strlen(config->weights) == 0 || strlen(config->weights) == 64, "a digest is whole");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned choice = take_byte(&input);
    static const char *const labels[] = {
        NULL, NULL, NULL, "negative,neutral,positive", "bullish,bearish,neutral"};
    if (ftruncate(files.descriptors[0], 0) != 0 ||
        pwrite(files.descriptors[0], input.bytes, input.length, 0) != (ssize_t)input.length)
        return 0;
    struct tw_model_config config;
    struct tw_error err = {0};
    tw_arena_reset(&arena, (size_t)1 << 20);
    if (tw_config_read_from(&files, labels[choice % 5], &arena, &config, &err))
        check(&config);
    else
        promise(err.code == TW_CONFIG && err.what[0] && is_utf8_without_nul(tw_text_of(err.what)) &&
                    is_utf8_without_nul(tw_text_of(err.where)),
            "a refusal says what, in UTF-8");
    return 0;
}
