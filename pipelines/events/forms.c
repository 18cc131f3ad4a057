#include "events/forms.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_ENDING = 4 };

/* Past tense and participle where they are not the word with -ed; "" where there is no other. */
struct irregular {
    const char *base, *past, *participle;
};

static const struct irregular irregulars[] = {{"arise", "arose", "arisen"}, {"awake", "awoke", "awoken"},
    {"bear", "bore", "borne"}, {"beat", "beat", "beaten"}, {"become", "became", ""},
    {"begin", "began", "begun"}, {"bet", "bet", ""}, {"bid", "bid", ""}, {"bind", "bound", ""},
    {"bleed", "bled", ""}, {"blow", "blew", "blown"}, {"break", "broke", "broken"}, {"bring", "brought", ""},
    {"build", "built", ""}, {"burn", "burnt", "burned"}, {"burst", "burst", ""}, {"buy", "bought", ""},
    {"cast", "cast", ""}, {"catch", "caught", ""}, {"choose", "chose", "chosen"}, {"come", "came", ""},
    {"cost", "cost", ""}, {"cut", "cut", ""}, {"deal", "dealt", ""}, {"do", "did", "done"},
    {"draw", "drew", "drawn"}, {"drive", "drove", "driven"}, {"drown", "drowned", ""},
    {"fall", "fell", "fallen"}, {"feed", "fed", ""}, {"fight", "fought", ""}, {"find", "found", ""},
    {"flee", "fled", ""}, {"fly", "flew", "flown"}, {"forbid", "forbade", "forbidden"},
    {"freeze", "froze", "frozen"}, {"get", "got", "gotten"}, {"give", "gave", "given"},
    {"go", "went", "gone"}, {"grow", "grew", "grown"}, {"hide", "hid", "hidden"}, {"hit", "hit", ""},
    {"hold", "held", ""}, {"hurt", "hurt", ""}, {"keep", "kept", ""}, {"lay", "laid", ""},
    {"lead", "led", ""}, {"leap", "leapt", "leaped"}, {"leave", "left", ""}, {"lend", "lent", ""},
    {"let", "let", ""}, {"lose", "lost", ""}, {"make", "made", ""}, {"meet", "met", ""}, {"pay", "paid", ""},
    {"put", "put", ""}, {"quit", "quit", ""}, {"ride", "rode", "ridden"}, {"rise", "rose", "risen"},
    {"run", "ran", ""}, {"say", "said", ""}, {"see", "saw", "seen"}, {"seek", "sought", ""},
    {"sell", "sold", ""}, {"send", "sent", ""}, {"set", "set", ""}, {"shake", "shook", "shaken"},
    {"shed", "shed", ""}, {"shoot", "shot", ""}, {"show", "showed", "shown"}, {"shrink", "shrank", "shrunk"},
    {"shut", "shut", ""}, {"sink", "sank", "sunk"}, {"slide", "slid", ""}, {"spend", "spent", ""},
    {"spill", "spilt", "spilled"}, {"spin", "spun", ""}, {"split", "split", ""}, {"spread", "spread", ""},
    {"spring", "sprang", "sprung"}, {"stand", "stood", ""}, {"steal", "stole", "stolen"},
    {"stick", "stuck", ""}, {"strike", "struck", "stricken"}, {"string", "strung", ""},
    {"sweep", "swept", ""}, {"swell", "swelled", "swollen"}, {"swing", "swung", ""},
    {"take", "took", "taken"}, {"teach", "taught", ""}, {"tear", "tore", "torn"}, {"tell", "told", ""},
    {"think", "thought", ""}, {"throw", "threw", "thrown"}, {"wear", "wore", "worn"}, {"win", "won", ""},
    {"wind", "wound", ""}, {"write", "wrote", "written"}};

/* What may stand before a verb of the table without changing its forms: withdraw, overthrow, repay. */
static const char *const prefixes[] = {
    "", "with", "over", "under", "mis", "re", "out", "up", "for", "fore", "off"};

struct list {
    struct tw_word_form *forms;
    uint32_t count;
};

static void add(struct list *list, struct tw_text stem, const char *ending)
{
    size_t letters = strlen(ending);
    if (list->count == TW_FORMS_MOST || stem.length + letters > TW_FORM_LETTERS)
        return;
    struct tw_word_form *form = &list->forms[list->count];
    memcpy(form->letters, stem.bytes, stem.length);
    memcpy(form->letters + stem.length, ending, letters);
    form->length = (uint8_t)(stem.length + letters);
    for (uint32_t at = 0; at < list->count; at++)
        if (list->forms[at].length == form->length &&
            memcmp(list->forms[at].letters, form->letters, form->length) == 0)
            return;
    list->count++;
}

static bool is_vowel(char letter)
{
    return letter == 'a' || letter == 'e' || letter == 'i' || letter == 'o' || letter == 'u';
}

static bool ends_with(struct tw_text word, const char *ending)
{
    size_t length = strlen(ending);
    return word.length > length && memcmp(word.bytes + word.length - length, ending, length) == 0;
}

static struct tw_text without(struct tw_text word, size_t letters)
{
    return (struct tw_text){word.bytes, word.length - letters};
}

static bool ends_in_consonant_and_y(struct tw_text word)
{
    return ends_with(word, "y") && !is_vowel(word.bytes[word.length - 2]);
}

/* halt: halts; axe: axes; miss: misses; deny: denies. */
static void add_s(struct list *list, struct tw_text word)
{
    if (ends_in_consonant_and_y(word))
        add(list, without(word, 1), "ies");
    else if (ends_with(word, "s") || ends_with(word, "x") || ends_with(word, "z") || ends_with(word, "ch") ||
             ends_with(word, "sh") || ends_with(word, "o"))
        add(list, word, "es");
    else
        add(list, word, "s");
}

/* Runs of vowels; u behind q is none. */
static uint32_t syllables(struct tw_text word)
{
    uint32_t count = 0;
    bool before = false;
    for (size_t at = 0; at < word.length; at++) {
        bool vowel = is_vowel(word.bytes[at]) && !(word.bytes[at] == 'u' && at && word.bytes[at - 1] == 'q');
        count += vowel && !before;
        before = vowel;
    }
    return count;
}

/* Is its last letter a consonant behind one vowel, as in cut, cancel, quit? */
static bool may_double(struct tw_text word)
{
    if (word.length < 3)
        return false;
    const char *end = word.bytes + word.length;
    bool one_vowel =
        is_vowel(end[-2]) && (!is_vowel(end[-3]) || (end[-3] == 'u' && word.length > 3 && end[-4] == 'q'));
    return one_vowel && !is_vowel(end[-1]) && end[-1] != 'w' && end[-1] != 'x' && end[-1] != 'y' &&
           !tw_text_is_digit(end[-1]);
}

/* The word with an ending that begins with a vowel: -ed or -ing. */
static void add_ending(struct list *list, struct tw_text word, const char *ending)
{
    bool is_ing = ending[0] == 'i';
    if (may_double(word)) {
        char doubled[1 + LONGEST_ENDING];
        snprintf(doubled, sizeof doubled, "%c%s", word.bytes[word.length - 1], ending);
        add(list, word, doubled);
        if (syllables(word) < 2) /* "canceled" is written, "cuted" is not, and "taped" is another word */
            return;
    }
    if (ends_with(word, "ie") && is_ing) /* die: dying */
        add(list, without(word, 2), "ying");
    else if (ends_with(word, "e") && !(ends_with(word, "ee") && is_ing)) /* flee: fleeing */
        add(list, without(word, 1), ending);
    else if (ends_in_consonant_and_y(word) && !is_ing)
        add(list, without(word, 1), "ied");
    else
        add(list, word, ending);
    if (ends_with(word, "c")) /* panic: panicked */
        add(list, word, is_ing ? "king" : "ked");
}

static const struct irregular *find_irregular(struct tw_text word, struct tw_text *prefix)
{
    for (size_t at = 0; at < sizeof irregulars / sizeof irregulars[0]; at++)
        for (size_t which = 0; which < sizeof prefixes / sizeof prefixes[0]; which++) {
            size_t length = strlen(prefixes[which]), base = strlen(irregulars[at].base);
            if (word.length == length + base && memcmp(word.bytes, prefixes[which], length) == 0 &&
                memcmp(word.bytes + length, irregulars[at].base, base) == 0) {
                *prefix = (struct tw_text){word.bytes, length};
                return &irregulars[at];
            }
        }
    return NULL;
}

static void add_forms(struct list *list, struct tw_text word)
{
    struct tw_text prefix;
    const struct irregular *irregular = find_irregular(word, &prefix);
    add(list, word, "");
    add_s(list, word);
    add_ending(list, word, "ing");
    if (!irregular) {
        add_ending(list, word, "ed");
        return;
    }
    add(list, prefix, irregular->past);
    if (irregular->participle[0])
        add(list, prefix, irregular->participle);
}

/* reorganise and reorganize; nothing of five letters or fewer, which raise and prize are. */
static void add_other_spelling(struct list *list, struct tw_text word)
{
    bool british = ends_with(word, "ise") || ends_with(word, "yse");
    if (word.length <= 5 || (!british && !ends_with(word, "ize") && !ends_with(word, "yze")))
        return;
    char letters[TW_FORM_LETTERS];
    memcpy(letters, word.bytes, word.length);
    letters[word.length - 2] = british ? 'z' : 's';
    add_forms(list, (struct tw_text){letters, word.length});
}

uint32_t tw_word_forms(struct tw_text word, struct tw_word_form forms[TW_FORMS_MOST])
{
    struct list list = {forms, 0};
    if (word.length == 0 || word.length > TW_FORM_LETTERS - LONGEST_ENDING)
        return 0;
    add_forms(&list, word);
    add_other_spelling(&list, word);
    return list.count;
}
