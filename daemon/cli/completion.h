/* completion: what a shell needs to complete a command line of ours, from the tables of command.h.
 *
 *     tapewatch completion bash >/etc/bash_completion.d/tapewatch
 *
 * Commands, second words of families, options of the command that is typed, and the words that an option may
 * choose from; everything else is completed as a file, as bash does by itself. */
#ifndef TW_COMPLETION_H
#define TW_COMPLETION_H

#include <stdio.h>

/* Writes the script for bash. */
void tw_completion_print(FILE *to);

#endif
