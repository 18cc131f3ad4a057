#include "cli/completion.h"

#include "cli/command.h"

#include <string.h>

/* The words are of our own tables, letters, digits and hyphens: they need no quoting in the script. */

static const char begin[] =
    "# bash completion for tapewatch, made by `tapewatch completion bash`.\n"
    "_tapewatch()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=\n"
    "    local families=' %s '\n"
    "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
    "        words='%s help --help --version'\n"
    "    elif [ \"$COMP_CWORD\" = 2 ] && [[ $families == *\" $command \"* ]]; then\n"
    "        case $command in\n"
    "%s"
    "        esac\n"
    "    else\n"
    "        [[ $families != *\" $command \"* ]] || command=\"$command ${COMP_WORDS[2]}\"\n"
    "        case \"$command $before\" in\n";

static const char middle[] = "        esac\n"
                             "        if [ -z \"$words\" ] && [[ $word == -* ]]; then\n"
                             "            case $command in\n";

static const char end[] = "            esac\n"
                          "        fi\n"
                          "    fi\n"
                          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                          "}\n"
                          "complete -o bashdefault -o default -F _tapewatch tapewatch\n";

enum { WORDS_BYTES = 4096, CASES_BYTES = 3 * WORDS_BYTES, NAME_BYTES = 32 };

static void add_word(char words[WORDS_BYTES], const char *word)
{
    size_t used = strlen(words);
    snprintf(words + used, WORDS_BYTES - used, "%s%s", used ? " " : "", word);
}

static void first_word(const struct tw_command *command, char word[NAME_BYTES])
{
    snprintf(word, NAME_BYTES, "%.*s", (int)strcspn(command->name, " "), command->name);
}

/* "            dev) words='broker topic' ;;" */
static void add_members(const char *family, char cases[CASES_BYTES])
{
    size_t count, used = strlen(cases);
    const struct tw_command *const *commands = tw_commands(&count);
    char words[WORDS_BYTES] = "";
    for (size_t at = 0; at < count; at++)
        if (tw_command_in_family(commands[at], family))
            add_word(words, commands[at]->name + strlen(family) + 1);
    snprintf(cases + used, CASES_BYTES - used, "        %s) words='%s' ;;\n", family, words);
}

static void print_names(FILE *to)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    char families[WORDS_BYTES] = "", names[WORDS_BYTES] = "", cases[CASES_BYTES] = "", last[NAME_BYTES] = "";
    for (size_t at = 0; at < count; at++) {
        char word[NAME_BYTES];
        first_word(commands[at], word);
        if (strcmp(word, last) == 0)
            continue;
        memcpy(last, word, sizeof last);
        add_word(names, word);
        if (tw_command_is_family(word)) {
            add_word(families, word);
            add_members(word, cases);
        }
    }
    fprintf(to, begin, families, names, cases);
}

/* "        'serve --format') words='table json csv' ;;", one pattern for each name of the option. */
static void print_choice(const struct tw_command *command, const struct tw_option *row, FILE *to)
{
    const char *const *choices = row->setting ? row->setting->choices : row->choices;
    char words[WORDS_BYTES] = "";
    if (!choices || !row->name)
        return;
    for (size_t at = 0; choices[at]; at++)
        add_word(words, choices[at]);
    fprintf(to, "        '%s --%s'", command->name, row->name);
    if (row->letter)
        fprintf(to, " | '%s -%c'", command->name, row->letter);
    fprintf(to, ") words='%s' ;;\n", words);
}

static void print_options(const struct tw_command *command, FILE *to)
{
    struct tw_option rows[TW_OPTIONS_MOST];
    char words[WORDS_BYTES] = "--help";
    size_t count = tw_command_options(command, rows);
    for (size_t at = 0; at < count; at++) {
        char spelt[TW_OPTION_SPELT];
        tw_option_spell(&rows[at], spelt);
        if (!tw_option_is_operand(&rows[at]))
            add_word(words, spelt);
    }
    fprintf(to, "            '%s') words='%s' ;;\n", command->name, words);
}

void tw_completion_print(FILE *to)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    print_names(to);
    for (size_t at = 0; at < count; at++) {
        struct tw_option rows[TW_OPTIONS_MOST];
        size_t options = tw_command_options(commands[at], rows);
        for (size_t row = 0; row < options; row++)
            print_choice(commands[at], &rows[row], to);
    }
    fputs(middle, to);
    for (size_t at = 0; at < count; at++)
        print_options(commands[at], to);
    fputs(end, to);
}
