#include "format/foreign_files.h"

#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct tw_error ignored;
    return tw_path_join(path, sizeof path, folder, name, &ignored) && access(path, F_OK) == 0;
}

/* ---- the path ---- */

static bool is_address(const char *path)
{
    return strncmp(path, "https://", 8) == 0 || strncmp(path, "http://", 7) == 0 ||
           strncmp(path, "hf://", 5) == 0;
}

/* What the Hub calls a model: OWNER/NAME, the last two words of its address. NULL when `path` is no such
 * name. */
static const char *hub_name(const char *path)
{
    const char *name = path;
    if (is_address(path)) {
        name = strstr(path, "://") + 3;
        const char *slash = strchr(name, '/');
        name = strncmp(path, "hf://", 5) == 0 ? name : slash ? slash + 1 : name;
    }
    size_t length = strcspn(name, "/");
    bool two_words = length > 0 && name[length] == '/' && name[length + 1] && name[length + 1] != '/';
    bool plain =
        two_words &&
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == strlen(name);
    return plain && name[0] != '.' && !strchr(name + length + 1, '/') ? name : NULL;
}

static bool refuse_hub_name(const char *path, struct tw_error *err)
{
    char cure[300];
    const char *name = hub_name(path);
    if (!name)
        return tw_fail(err, TW_CONFIG, path, "download the model and give its folder",
            "an address, not a folder of this machine");
    snprintf(cure, sizeof cure, "huggingface-cli download %.80s --local-dir %.80s, then -m %.60s", name,
        strchr(name, '/') + 1, strchr(name, '/') + 1);
    return tw_fail(err, TW_CONFIG, path, cure,
        "no such folder: a name of the Hugging Face Hub, which Tapewatch does not fetch from");
}

/* The Hub's cache keeps a model as models--OWNER--NAME/snapshots/COMMIT. */
static bool refuse_cache(const char *folder, struct tw_error *err)
{
    char snapshots[PATH_MAX], cure[300] = "give the folder of one commit, FOLDER/snapshots/COMMIT";
    if (!tw_path_join(snapshots, sizeof snapshots, folder, "snapshots", err))
        return false;
    DIR *listed = opendir(snapshots);
    for (struct dirent *entry; listed && (entry = readdir(listed));)
        if (entry->d_name[0] != '.') {
            snprintf(cure, sizeof cure, "-m %.120s/%.80s", snapshots, entry->d_name);
            break;
        }
    if (listed)
        closedir(listed);
    return tw_fail(
        err, TW_CONFIG, folder, cure, "the Hugging Face cache of a model: the model is in a folder below");
}

bool tw_foreign_files_path(const char *folder, struct tw_error *err)
{
    struct stat facts;
    if (stat(folder, &facts) != 0)
        return (!is_address(folder) && !(hub_name(folder) && folder[0] != '/')) ||
               refuse_hub_name(folder, err);
    if (S_ISREG(facts.st_mode))
        return tw_fail(err, TW_CONFIG, folder,
            "give the folder that holds it, with config.json and vocabulary",
            "a file, not the folder of a model");
    if (!is_there(folder, "config.json") && is_there(folder, "snapshots") && is_there(folder, "refs"))
        return refuse_cache(folder, err);
    return true;
}

/* ---- first bytes ---- */

enum { SNIFFED = 64 };

static const struct {
    const char *begins;
    size_t length;
    const char *what, *cure;
} strangers[] = {
    {"version https://git-lfs", 23, "a Git LFS pointer, not the file", "run git lfs pull in the folder"},
    {"<!doctype html", 14, "a page of HTML, not the file, as a download without permission leaves it",
        "log in where it is kept, accept its terms, download it again"},
    {"<html", 5, "a page of HTML, not the file, as a download without permission leaves it",
        "log in where it is kept, accept its terms, download it again"},
    {"Entry not found", 15, "a server's answer that it has no such file, not the file",
        "download it again by its right name"},
    {"Access to model", 15, "a server's answer that it gives no access, not the file",
        "log in where it is kept, accept its terms, download it again"},
    {"\xff\xfe", 2, "in UTF-16, not in UTF-8",
        "iconv -f UTF-16 -t UTF-8 FILE >OTHER, then put it in the file's place"},
    {"\xfe\xff", 2, "in UTF-16, not in UTF-8",
        "iconv -f UTF-16 -t UTF-8 FILE >OTHER, then put it in the file's place"},
};

static bool begins_with(const char *bytes, size_t length, size_t stranger)
{
    return length >= strangers[stranger].length &&
           strncasecmp(bytes, strangers[stranger].begins, strangers[stranger].length) == 0;
}

/* Whoever reads weights tells a pointer in their place by its offset, as all that is wrong with them. */
static bool is_told_elsewhere(const char *name, size_t stranger)
{
    const char *ending = strrchr(name, '.');
    return stranger == 0 && ending && strcmp(ending, ".safetensors") == 0;
}

static bool check_bytes(const struct tw_snapshot *files, size_t file, struct tw_error *err)
{
    char bytes[SNIFFED], where[PATH_MAX];
    ssize_t length =
        files->descriptors[file] >= 0 ? pread(files->descriptors[file], bytes, sizeof bytes, 0) : 0;
    for (size_t at = 0; length > 0 && at < sizeof strangers / sizeof strangers[0]; at++)
        if (begins_with(bytes, (size_t)length, at) && !is_told_elsewhere(files->names[file], at)) {
            snprintf(where, sizeof where, "%s/%s", files->folder, files->names[file]);
            return tw_fail(err, TW_CONFIG, where, strangers[at].cure, "%s", strangers[at].what);
        }
    return true;
}

bool tw_foreign_files_bytes(const struct tw_snapshot *files, struct tw_error *err)
{
    for (size_t at = 0; at < files->count; at++)
        if (!check_bytes(files, at, err))
            return false;
    return true;
}

/* ---- other files ---- */

/* Either `cure` is what to do, or a line of Python loads the folder and saves it as Tapewatch reads it. */
struct other_file {
    const char *name, *what, *cure;
    const char *options; /* of from_pretrained */
};

#define WRITE_ANEW NULL
#define FAMILIES "choose a checkpoint of the family of BERT, DistilBERT or MPNet"
#define ORIGINAL "take the safetensors of the checkpoint that it was made from"

/* clang-format off */
static const struct other_file weights[] = {
    {"model.safetensors.index.json", "the weights stand in several files: write them as one", WRITE_ANEW, ""},
    {"pytorch_model.bin", "pytorch_model.bin, and no model.safetensors: write it anew", WRITE_ANEW, ""},
    {"pytorch_model.bin.index.json", "the weights stand in several files: write them as one", WRITE_ANEW, ""},
    {"tf_model.h5", "weights of TensorFlow, and no model.safetensors: write them anew", WRITE_ANEW, ", from_tf=True"},
    {"flax_model.msgpack", "weights of Flax, and no model.safetensors: write them anew", WRITE_ANEW, ", from_flax=True"},
    {"model.onnx", "a graph of ONNX, and no model.safetensors", ORIGINAL, NULL},
    {"onnx/model.onnx", "a graph of ONNX, and no model.safetensors", ORIGINAL, NULL},
};
static const struct other_file vocabularies[] = {
    {"sentencepiece.bpe.model", "a vocabulary of SentencePiece, and Tapewatch reads WordPiece alone", FAMILIES, NULL},
    {"spiece.model", "a vocabulary of SentencePiece, and Tapewatch reads WordPiece alone", FAMILIES, NULL},
    {"spm.model", "a vocabulary of SentencePiece, and Tapewatch reads WordPiece alone", FAMILIES, NULL},
    {"tokenizer.model", "a vocabulary of SentencePiece, and Tapewatch reads WordPiece alone", FAMILIES, NULL},
    {"merges.txt", "a vocabulary of byte pairs, as RoBERTa's, and Tapewatch reads WordPiece alone", FAMILIES, NULL},
};
/* clang-format on */

static bool refuse_other(const char *folder, const struct other_file *other, struct tw_error *err)
{
    char cure[300];
    if (other->cure)
        return tw_fail(err, TW_CONFIG, folder, other->cure, "%s", other->what);
    snprintf(cure, sizeof cure,
        "python3 -c \"from transformers import AutoModelForSequenceClassification as M; "
        "M.from_pretrained('%.60s'%s).save_pretrained('OUT', max_shard_size='99GB')\"",
        folder, other->options);
    return tw_fail(err, TW_CONFIG, folder, cure, "%s", other->what);
}

static bool find_other(
    const char *folder, const struct other_file *others, size_t count, struct tw_error *err)
{
    for (size_t at = 0; at < count; at++)
        if (is_there(folder, others[at].name))
            return refuse_other(folder, &others[at], err);
    return true;
}

/* A name that ends so; "" when there is none. */
static void find_ending(const char *folder, const char *ending, char *name, size_t size)
{
    DIR *listed = opendir(folder);
    name[0] = '\0';
    for (struct dirent *entry; listed && name[0] == '\0' && (entry = readdir(listed));) {
        size_t length = strlen(entry->d_name);
        if (length > strlen(ending) && strcmp(entry->d_name + length - strlen(ending), ending) == 0)
            snprintf(name, size, "%s", entry->d_name);
    }
    if (listed)
        closedir(listed);
}

static bool refuse_gguf(const char *folder, struct tw_error *err)
{
    char name[NAME_MAX + 1];
    find_ending(folder, ".gguf", name, sizeof name);
    return name[0] == '\0' ||
           tw_fail(err, TW_CONFIG, folder, ORIGINAL, "%s, of llama.cpp, and no model.safetensors", name);
}

bool tw_foreign_files_vocabulary(const char *folder, struct tw_error *err)
{
    return find_other(folder, vocabularies, sizeof vocabularies / sizeof vocabularies[0], err) &&
           (is_there(folder, "config.json") || refuse_gguf(folder, err));
}

/* A cache of the Hub holds links to its blobs: copied without them, the links lead nowhere. */
static bool refuse_link(const char *folder, struct tw_error *err)
{
    char path[PATH_MAX], target[80];
    if (!tw_path_join(path, sizeof path, folder, "model.safetensors", err))
        return false;
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return true;
    target[length] = '\0';
    return tw_fail(err, TW_CONFIG, path, "copy the folder with what its links lead to: cp -rL FOLDER OUT",
        "a link to %s, which is not there", target);
}

/* "model.fp16.safetensors", a variant under its own name. */
static bool refuse_variant(const char *folder, struct tw_error *err)
{
    char name[NAME_MAX + 1], cure[300];
    find_ending(folder, ".safetensors", name, sizeof name);
    if (name[0] == '\0')
        return true;
    snprintf(cure, sizeof cure, "if these are the weights: mv %.100s/%.80s %.60s/model.safetensors", folder,
        name, folder);
    return tw_fail(err, TW_CONFIG, folder, cure, "%.100s, and no model.safetensors", name);
}

bool tw_foreign_files_weights(const char *folder, struct tw_error *err)
{
    return refuse_link(folder, err) && find_other(folder, weights, sizeof weights / sizeof weights[0], err) &&
           refuse_gguf(folder, err) && refuse_variant(folder, err);
}

bool tw_foreign_files_adapter(const char *folder, struct tw_error *err)
{
    char cure[300];
    if (!is_there(folder, "adapter_config.json"))
        return true;
    snprintf(cure, sizeof cure,
        "python3 -c \"from peft import AutoPeftModelForSequenceClassification as M; "
        "M.from_pretrained('%.60s').merge_and_unload().save_pretrained('OUT', max_shard_size='99GB')\"",
        folder);
    return tw_fail(err, TW_CONFIG, folder, cure, "an adapter, not a model: merge it into its base");
}
