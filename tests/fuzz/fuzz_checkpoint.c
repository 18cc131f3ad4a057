/* fuzz_checkpoint: any bytes as training.json beside the tensors of a true checkpoint, whole, cut short or
 * with a byte turned: refused, or a run that stands where it was told.
 *
 * First byte: which file of tensors is damaged and how; the next two: where. The rest is training.json, in
 * which "@model@" and "@optimizer@" stand for the digests of the files as they were written. */
#include "promise.h"

#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "train/checkpoint.h"
#include "train/state.h"

enum { FILES = 2, PATH_ROOM = 512 };
static const char *const names[FILES] = {"model.safetensors", "optimizer.safetensors"};
static const char *const marks[FILES] = {"@model@", "@optimizer@"};

static struct tw_arena arena;
static struct tw_state *state;
static char folder[64], run_folder[PATH_ROOM];
static struct tw_text whole[FILES];
static char digests[FILES][65];
static bool damaged[FILES];

static void path_of(char path[PATH_ROOM], const char *name)
{
    struct tw_error err;
    promise(tw_path_join(path, PATH_ROOM, run_folder, name, &err), "a path fits");
}

static void put(const char *name, struct tw_text bytes)
{
    char path[PATH_ROOM];
    path_of(path, name);
    FILE *file = fopen(path, "wb");
    promise(
        file && (bytes.length == 0 || fwrite(bytes.bytes, bytes.length, 1, file) == 1) && fclose(file) == 0,
        "a file can be written");
}

static void remove_folder(void)
{
    static const char *const others[] = {"training.json", "config.json"};
    char path[PATH_ROOM];
    for (size_t file = 0; file < FILES; file++) {
        path_of(path, names[file]);
        unlink(path);
        path_of(path, others[file]);
        unlink(path);
    }
    rmdir(run_folder);
    rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static struct tw_arena kept;
    struct tw_error err;
    struct stat there;
    struct tw_model_config config = tw_config_shape(8, 8, 1, 2, 8, 8);
    const struct tw_state_options options = {.config = &config, .parts = TW_PART_DOCUMENT, .seed = 1};
    const struct tw_progress progress = {.step = 7, .threads = 1, .backend = "own", .kernels = "portable"};
    const struct tw_save_options save = {.dtype = TW_F32, .run_json = "{\"settings\":{\"epochs\":\"3\"}}"};
    bool found = false;
    snprintf(folder, sizeof folder, "%s/fuzz_checkpoint_XXXXXX",
        stat("/dev/shm", &there) == 0 ? "/dev/shm" : "/tmp");
    promise(mkdtemp(folder) != NULL, "a folder can be made");
    promise(tw_arena_begin(&arena, (size_t)16 << 20, &err) && tw_arena_begin(&kept, (size_t)16 << 20, &err) &&
                tw_state_open(&options, &state, &err) &&
                tw_checkpoint_save(folder, state, &progress, &save, &err) &&
                tw_checkpoint_find(folder, run_folder, sizeof run_folder, &found, &err) && found,
        "a checkpoint can be made");
    for (size_t file = 0; file < FILES; file++) {
        char path[PATH_ROOM];
        path_of(path, names[file]);
        uint64_t bytes;
        promise(tw_file_read(path, (size_t)1 << 20, &kept, &whole[file], &err) &&
                    tw_file_sha256_hex(path, digests[file], &bytes, &err),
            "a file can be read");
    }
    atexit(remove_folder);
    return 0;
}

/* A file of tensors as the input wants it: whole, cut at a place, or with a byte turned there. */
static bool damage(size_t file, unsigned how, size_t at)
{
    struct tw_text bytes = own_copy(whole[file]);
    char *place = (char *)(uintptr_t)bytes.bytes + at % bytes.length;
    if (how == 1)
        bytes.length = at % bytes.length;
    else if (how >= 2)
        *place = (char)(*place ^ (how == 2 ? 1 : 0x80));
    if (how || damaged[file])
        put(names[file], bytes);
    damaged[file] = how != 0;
    free((void *)(uintptr_t)bytes.bytes);
    return how != 0;
}

/* training.json with the digests put in. */
static void put_record(struct tw_text text)
{
    char *out = malloc(text.length * 10 + 1);
    size_t used = 0;
    promise(out != NULL, "there is memory");
    for (size_t at = 0; at < text.length;) {
        size_t mark = 0;
        while (mark < FILES && (text.length - at < strlen(marks[mark]) ||
                                   memcmp(text.bytes + at, marks[mark], strlen(marks[mark])) != 0))
            mark++;
        memcpy(out + used, mark < FILES ? digests[mark] : text.bytes + at, mark < FILES ? 64 : 1);
        used += mark < FILES ? 64 : 1;
        at += mark < FILES ? strlen(marks[mark]) : 1;
    }
    put("training.json", (struct tw_text){out, used});
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned choice = take_byte(&input), high = take_byte(&input);
    size_t at = (size_t)high << 8 | take_byte(&input);
    bool hurt = damage(0, choice & 3, at);
    hurt = damage(1, choice >> 2 & 3, at) || hurt;
    put_record((struct tw_text){(const char *)input.bytes, input.length});
    struct tw_progress progress;
    struct tw_error err = {0};
    const char *run = NULL;
    tw_arena_reset(&arena, (size_t)1 << 20);
    if (tw_checkpoint_load(run_folder, state, &progress, &arena, &run, &err)) {
        json_t *root = run ? json_loads(run, 0, NULL) : NULL;
        promise(!run || root, "the caller's object is JSON");
        json_decref(root);
        promise(!hurt, "a file that changed is refused");
        promise(memchr(progress.backend, 0, sizeof progress.backend) != NULL, "a name ends");
    } else {
        promise((err.code == TW_CONFIG || err.code == TW_IO) && err.what[0] &&
                    is_utf8_without_nul(tw_text_of(err.what)),
            "a refusal says what, in UTF-8");
    }
    return 0;
}
