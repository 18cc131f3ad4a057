/* tiny_model: a whole model folder, tokenizer included, of two random layers. */
#ifndef TW_TESTS_TINY_MODEL_H
#define TW_TESTS_TINY_MODEL_H

/* A new folder, its path into `folder` of 64 bytes; remove_folder (random_model.h) removes it. */
void given_tiny_model(char *folder);

#endif
