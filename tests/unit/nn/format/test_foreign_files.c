/* foreign_files: what people hand over in the place of a model's folder, each told with a way to a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/foreign_files.h"
#include "format/model_files.h"
#include "random_model.h"

static char folder[64];

static int begin(void **state)
{
    (void)state;
    given_folder(folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static void given_text(const char *name, const char *text)
{
    given_file(folder, name, text, strlen(text));
}

static void take_away(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(unlink(path), 0);
}

static void assert_says(const struct tw_error *err, const char *what, const char *cure)
{
    assert_int_equal(err->code, TW_CONFIG);
    if (!strstr(err->what, what) || !strstr(err->cure, cure))
        fail_msg("said \"%s; cure: %s\", not \"%s; cure: %s\"", err->what, err->cure, what, cure);
}

static void a_name_of_the_hub_is_told_how_to_be_fetched(void **state)
{
    (void)state;
    static const char *const names[] = {
        "ProsusAI/finbert", "https://huggingface.co/ProsusAI/finbert", "hf://ProsusAI/finbert"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        struct tw_error err;
        assert_false(tw_foreign_files_path(names[at], &err));
        assert_says(
            &err, "Hugging Face Hub", "huggingface-cli download ProsusAI/finbert --local-dir finbert");
    }
}

static void an_address_of_elsewhere_is_no_folder(void **state)
{
    (void)state;
    struct tw_error err;
    assert_false(tw_foreign_files_path("https://models.example/a/b/c?download=1", &err));
    assert_says(&err, "an address", "download the model");
}

static void a_path_that_is_not_there_is_somebody_elses_to_tell(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "nowhere", "/nowhere/finbert", "./models/finbert", "../finbert", "a/b/c"};
    for (size_t at = 0; at < sizeof paths / sizeof paths[0]; at++) {
        struct tw_error err;
        assert_true(tw_foreign_files_path(paths[at], &err));
    }
}

static void a_file_is_told_to_be_one(void **state)
{
    (void)state;
    struct tw_error err;
    char path[128];
    given_text("model.safetensors", "x");
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    assert_false(tw_foreign_files_path(path, &err));
    assert_says(&err, "a file, not the folder", "the folder that holds it");
}

static void the_hubs_cache_names_the_commit_in_it(void **state)
{
    (void)state;
    struct tw_error err;
    char path[128];
    static const char *const inside[] = {"refs", "snapshots", "snapshots/4921590d"};
    for (size_t at = 0; at < sizeof inside / sizeof inside[0]; at++) {
        snprintf(path, sizeof path, "%s/%s", folder, inside[at]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    assert_false(tw_foreign_files_path(folder, &err));
    assert_says(&err, "cache", "snapshots/4921590d");
}

/* Any file of a folder may be what was left of a download that went wrong. */
static void a_file_that_is_something_else_is_told_by_its_first_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes, *what, *cure;
    } cases[] = {
        {"vocab.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer",
            "git lfs pull"},
        {"config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer",
            "git lfs pull"},
        {"model.safetensors", "<!DOCTYPE html><html>", "a page of HTML", "log in"},
        {"tokenizer.json", "<html><head>", "a page of HTML", "log in"},
        {"config.json", "Entry not found", "a server's answer", "right name"},
        {"config.json", "\xff\xfe{", "in UTF-16", "iconv"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_snapshot files = {0};
        struct tw_error err;
        char where[128];
        given_text(cases[at].name, cases[at].bytes);
        assert_false(tw_model_files_take(folder, &files, &err));
        assert_says(&err, cases[at].what, cases[at].cure);
        snprintf(where, sizeof where, "%s/%s", folder, cases[at].name);
        assert_string_equal(err.where, where);
        take_away(cases[at].name);
    }
}

static void weights_of_other_libraries_name_the_way_to_ours(void **state)
{
    (void)state;
    static const struct {
        const char *name, *what, *cure;
    } cases[] = {
        {"pytorch_model.bin", "pytorch_model.bin", "save_pretrained('OUT'"},
        {"tf_model.h5", "TensorFlow", "from_tf=True"},
        {"flax_model.msgpack", "Flax", "from_flax=True"},
        {"model.onnx", "ONNX", "the checkpoint that it was made from"},
        {"finbert-q4.gguf", "finbert-q4.gguf, of llama.cpp", "the checkpoint that it was made from"},
        {"model.safetensors.index.json", "several files", "save_pretrained('OUT'"},
        {"model.fp16.safetensors", "model.fp16.safetensors, and no model.safetensors", "mv "},
    };
    struct tw_error err;
    assert_true(tw_foreign_files_weights(folder, &err));
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        given_text(cases[at].name, "x");
        assert_false(tw_foreign_files_weights(folder, &err));
        assert_says(&err, cases[at].what, cases[at].cure);
        take_away(cases[at].name);
    }
}

static void a_link_that_leads_nowhere_is_told_with_its_end(void **state)
{
    (void)state;
    char path[128];
    struct tw_error err;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    assert_int_equal(symlink("../../blobs/8d4f", path), 0);
    assert_false(tw_foreign_files_weights(folder, &err));
    assert_says(&err, "a link to ../../blobs/8d4f, which is not there", "cp -rL");
    assert_int_equal(unlink(path), 0);
}

static void a_model_of_llama_alone_has_no_vocabulary(void **state)
{
    (void)state;
    struct tw_error err;
    given_text("finbert-q4.gguf", "GGUF");
    assert_false(tw_foreign_files_vocabulary(folder, &err));
    assert_says(&err, "finbert-q4.gguf, of llama.cpp", "the checkpoint that it was made from");
    given_text("config.json", "{}");
    assert_true(tw_foreign_files_vocabulary(folder, &err));
    take_away("config.json");
    take_away("finbert-q4.gguf");
}

static void other_vocabularies_name_the_families_that_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {
        "sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model", "merges.txt"};
    struct tw_error err;
    assert_true(tw_foreign_files_vocabulary(folder, &err));
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        given_text(names[at], "x");
        assert_false(tw_foreign_files_vocabulary(folder, &err));
        assert_says(&err, "WordPiece alone", "BERT, DistilBERT or MPNet");
        take_away(names[at]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_of_the_hub_is_told_how_to_be_fetched),
        cmocka_unit_test(an_address_of_elsewhere_is_no_folder),
        cmocka_unit_test(a_path_that_is_not_there_is_somebody_elses_to_tell),
        cmocka_unit_test_setup_teardown(a_file_is_told_to_be_one, begin, end),
        cmocka_unit_test_setup_teardown(the_hubs_cache_names_the_commit_in_it, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_is_something_else_is_told_by_its_first_bytes, begin, end),
        cmocka_unit_test_setup_teardown(weights_of_other_libraries_name_the_way_to_ours, begin, end),
        cmocka_unit_test_setup_teardown(a_link_that_leads_nowhere_is_told_with_its_end, begin, end),
        cmocka_unit_test_setup_teardown(a_model_of_llama_alone_has_no_vocabulary, begin, end),
        cmocka_unit_test_setup_teardown(other_vocabularies_name_the_families_that_are_read, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
