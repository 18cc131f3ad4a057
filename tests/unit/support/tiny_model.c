#include "tiny_model.h"

#include <stdio.h>
#include <string.h>

#include "random_model.h"

/* 101 tokens, as many as tiny_bert has rows: specials, letters and digits alone and continued, marks,
 * words. */
static size_t write_vocabulary(char *file, size_t size)
{
    static const char *const words[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "$", "<", ">", ".", ",",
        "&", "'", "-", "profit", "loss", "shares", "fell", "rose", "the", "of", "to", "marine", "outboard",
        "general", "motors"};
    size_t used = 0, count = 0;
    for (; count < sizeof words / sizeof words[0]; count++)
        used += (size_t)snprintf(file + used, size - used, "%s\n", words[count]);
    for (int letter = 'a'; letter <= 'z'; letter++, count += 2)
        used += (size_t)snprintf(file + used, size - used, "%c\n##%c\n", letter, letter);
    for (int digit = '0'; digit <= '9'; digit++, count += 2)
        used += (size_t)snprintf(file + used, size - used, "%c\n##%c\n", digit, digit);
    for (; count < 101; count++)
        used += (size_t)snprintf(file + used, size - used, "[unused%zu]\n", count);
    return used;
}

void given_tiny_model(char *folder)
{
    static const char tokenizer[] = "{\"do_lower_case\": true, \"model_max_length\": 48}";
    char vocabulary[2048];
    given_folder(folder);
    given_random_model(folder, &tiny_bert);
    given_file(folder, "vocab.txt", vocabulary, write_vocabulary(vocabulary, sizeof vocabulary));
    given_file(folder, "tokenizer_config.json", tokenizer, strlen(tokenizer));
}
