#include "examples/fold.h"

#include "base/file.h"

#include <limits.h>
#include <stdlib.h>

bool tw_fold_read(const char *name, const char *text, struct tw_fold *out, struct tw_error *err)
{
    char *end = NULL, *last = NULL;
    *out = (struct tw_fold){0};
    if (!text[0])
        return true;
    unsigned long number = strtoul(text, &end, 10);
    unsigned long of = *end == '/' ? strtoul(end + 1, &last, 10) : 0;
    if (!last || last == end + 1 || *last || of < 2 || of > TW_FOLDS_MOST || number < 1 || number > of)
        return tw_fail(err, TW_USAGE, NULL, "NUMBER/OF, such as 1/2, OF from 2 to 16",
            "%s: \"%s\" is not understood", name, text);
    *out = (struct tw_fold){(uint32_t)number, (uint32_t)of};
    return true;
}

bool tw_fold_holds(struct tw_fold fold, uint64_t hash)
{
    return fold.of && hash % fold.of + 1 == fold.number;
}

json_t *tw_fold_json(struct tw_fold fold)
{
    return json_pack("{s:I, s:I}", "fold", (json_int_t)fold.number, "of", (json_int_t)fold.of);
}

bool tw_fold_of_model(const char *folder, struct tw_fold *out, struct tw_error *err)
{
    char path[PATH_MAX];
    json_error_t why;
    *out = (struct tw_fold){0};
    if (!tw_path_join(path, sizeof path, folder, "config.json", err))
        return false;
    json_t *config = json_load_file(path, 0, &why);
    if (!config)
        return tw_fail(err, TW_CONFIG, path, "name a model folder", "cannot be read: %s", why.text);
    const json_t *lineage = json_object_get(json_object_get(config, "tapewatch"), "lineage");
    const json_t *left_out = json_object_get(lineage, "left_out");
    json_int_t number = json_integer_value(json_object_get(left_out, "fold"));
    json_int_t of = json_integer_value(json_object_get(left_out, "of"));
    if (of >= 2 && of <= TW_FOLDS_MOST && number >= 1 && number <= of)
        *out = (struct tw_fold){(uint32_t)number, (uint32_t)of};
    json_decref(config);
    return true;
}
