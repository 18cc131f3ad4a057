#include "events/events.h"

#include <string.h>

#include "events/naming.h"

enum { HITS_MOST = 64 };

/* The word of each step of a pattern, in order. */
struct path {
    uint8_t words[TW_PATTERN_STEPS];
};

/* A pattern that matched: words [first, last] of the sentence, and where its @ looks for the company. */
struct hit {
    const struct tw_event_pattern *pattern;
    uint32_t type;   /* of an event, after exceptions; TW_EVENT_ANY_TYPE: taken away */
    uint32_t entity; /* of an event that stands */
    uint8_t first, last;
    uint8_t place; /* the word before which the company is looked for, or behind which; NONE: as usual */
    bool behind;   /* of `place`: the company stands behind it */
    struct path path;
};

/* What the capitals of a text say of names in it. */
struct naming {
    bool looked;   /* what follows is filled */
    bool capitals; /* there is one */
    bool somebody; /* one that may be of a name and that no pattern knows */
    uint32_t first,
        last; /* where the first and the last word begin that may be of a name; UINT32_MAX: none */
};

struct search {
    const struct tw_taxonomy *taxonomy;
    struct tw_document *document;
    struct tw_event_word words[TW_EVENT_SENTENCE];
    bool named[TW_EVENT_SENTENCE];      /* by word: it is part of a name, which no exception speaks of */
    uint8_t clauses[TW_EVENT_SENTENCE]; /* by word: the commas and the like before it in its sentence */
    uint8_t word_count;
    uint32_t begin, end;                   /* bytes of the sentence */
    uint32_t mention;                      /* the first that ends behind the word that is looked at */
    uint32_t first_mention;                /* of the sentence */
    uint64_t present[TW_EVENT_TERM_WORDS]; /* terms that some word of the sentence is */
    struct hit hits[HITS_MOST];
    uint32_t hit_count;
    struct tw_event events[TW_EVENTS_MOST];
    uint32_t event_count;
    struct naming naming;
    uint32_t reporter, reporter_end; /* bytes of the headline's last words, which say who reports it */
};

/* ---- sentences ---- */

/* Is the word one of these, in any case? */
static bool is_one_of(
    struct tw_text text, const struct tw_event_word *word, const char *const *words, size_t count)
{
    uint32_t length = word->end - word->begin;
    for (size_t at = 0; at < count; at++)
        if (strlen(words[at]) == length && strncasecmp(words[at], text.bytes + word->begin, length) == 0)
            return true;
    return false;
}

/* Short words before a point that ends no sentence. */
static bool is_abbreviation(struct tw_text text, const struct tw_event_word *word)
{
    static const char *const words[] = {"inc", "corp", "co", "ltd", "bros", "mr", "mrs", "ms", "dr", "st",
        "no", "jr", "sr", "sen", "gov", "rep", "vs", "cos", "adj", "est", "rev", "calif"};
    uint32_t length = word->end - word->begin;
    if (length == 1 || text.bytes[word->end - 2] == '.') /* U.S. */
        return true;
    return is_one_of(text, word, words, sizeof words / sizeof words[0]);
}

/* Between most words stands one blank, which ends nothing. */
static bool is_blank_between(struct tw_text text, const struct tw_event_word *word, uint32_t next)
{
    return next - word->end == 1 && text.bytes[word->end] == ' ';
}

/* Does a sentence end in the bytes between two words? */
static bool ends_between(struct tw_text text, const struct tw_event_word *word, uint32_t next)
{
    for (uint32_t at = word->end; at < next; at++) {
        char byte = text.bytes[at];
        bool blank_behind = at + 1 < next && (text.bytes[at + 1] == ' ' || text.bytes[at + 1] == '\n');
        if (byte == '\n' || ((byte == ';' || byte == '!' || byte == '?') && blank_behind))
            return true;
        if (byte == '.' && blank_behind && !(at == word->end && is_abbreviation(text, word)))
            return true;
    }
    return false;
}

/* Does a clause end in the bytes between two words: "cuts outlook, shares sink"? */
static bool pauses_between(struct tw_text text, const struct tw_event_word *word, uint32_t next)
{
    for (uint32_t at = word->end; at < next; at++)
        if (text.bytes[at] == ',' || text.bytes[at] == ';')
            return true;
    return false;
}

/* Words that stand inside of a company's name are nothing else. */
static void silence_names(struct search *search, struct tw_event_word *word)
{
    const struct tw_document *document = search->document;
    while (
        search->mention < document->mention_count && document->mentions[search->mention].end <= word->begin)
        search->mention++;
    if (search->mention < document->mention_count && document->mentions[search->mention].begin < word->end)
        word->set = NULL;
}

/* ---- patterns ---- */

/* May the word stand where the step asks for a term? */
static bool fits(const struct search *search, const struct tw_event_pattern *of, uint32_t step, uint32_t word)
{
    return tw_lexicon_has(search->words[word].set, of->pattern.steps[step].term) &&
           (of->use == TW_PATTERN_EVENT || !search->named[word]);
}

static bool match_forward(
    const struct search *search, const struct tw_event_pattern *of, uint32_t step, struct path *path)
{
    const struct tw_pattern *pattern = &of->pattern;
    if (step == pattern->count)
        return true;
    uint32_t before = path->words[step - 1];
    for (uint32_t at = before + 1; at <= before + 1u + pattern->steps[step].gap && at < search->word_count;
         at++) {
        if (!fits(search, of, step, at))
            continue;
        path->words[step] = (uint8_t)at;
        if (match_forward(search, of, step + 1, path))
            return true;
    }
    return false;
}

static bool match_backward(
    const struct search *search, const struct tw_event_pattern *of, uint32_t step, struct path *path)
{
    if (step == 0)
        return true;
    uint32_t behind = path->words[step], gap = of->pattern.steps[step].gap;
    for (uint32_t back = 1; back <= gap + 1u && back <= behind; back++) {
        uint32_t at = behind - back;
        if (!fits(search, of, step - 1, at))
            continue;
        path->words[step - 1] = (uint8_t)at;
        if (match_backward(search, of, step - 1, path))
            return true;
    }
    return false;
}

static bool is_of_company(const struct search *search, const struct tw_event_word *word)
{
    const struct tw_document *document = search->document;
    for (uint32_t at = search->first_mention;
         at < document->mention_count && document->mentions[at].begin < word->end; at++)
        if (document->mentions[at].end > word->begin)
            return true;
    return false;
}

/* Does nothing stand in the sentence but the pattern's words and names of companies, one at least? */
static bool is_alone(const struct search *search, const struct tw_pattern *pattern, const struct path *path)
{
    enum { MOST_OF_NAMES = 8 };
    if (search->word_count == pattern->count || search->word_count > pattern->count + MOST_OF_NAMES)
        return false;
    for (uint8_t word = 0, step = 0; word < search->word_count; word++)
        if (step < pattern->count && path->words[step] == word)
            step++;
        else if (!is_of_company(search, &search->words[word]))
            return false;
    return true;
}

static void add_hit(struct search *search, const struct tw_event_pattern *pattern, const struct path *path)
{
    const struct tw_pattern *steps = &pattern->pattern;
    if (steps->alone && !is_alone(search, steps, path))
        return;
    if (pattern->use != TW_PATTERN_EVENT && steps->event == TW_PATTERN_PLACE_NONE &&
        search->clauses[path->words[0]] != search->clauses[path->words[steps->count - 1]])
        return; /* what takes an event away says so within a clause */
    struct hit hit = {.pattern = pattern,
        .type = pattern->type,
        .entity = TW_EVENT_OF_NOBODY,
        .first = path->words[0],
        .last = path->words[steps->count - 1],
        .place = TW_PATTERN_PLACE_NONE,
        .path = *path};
    if (steps->company != TW_PATTERN_PLACE_NONE) {
        hit.behind = steps->company > 0;
        hit.place = path->words[hit.behind ? steps->company - 1 : 0];
    }
    for (uint32_t at = 0; at < search->hit_count; at++) /* two anchors of one match */
        if (search->hits[at].pattern == pattern && search->hits[at].first == hit.first &&
            search->hits[at].last == hit.last)
            return;
    if (search->hit_count == HITS_MOST)
        search->document->events_dropped++;
    else
        search->hits[search->hit_count++] = hit;
}

static bool is_present(const struct search *search, uint32_t term)
{
    return search->present[term / 64] >> term % 64 & 1;
}

/* Most patterns that share a word with the sentence want another that it lacks: they are told here, before
 * any gap is looked into. */
static bool has_all_terms(const struct search *search, const struct tw_pattern *pattern)
{
    for (uint32_t step = 0; step < pattern->count; step++)
        if (!is_present(search, pattern->steps[step].term))
            return false;
    return true;
}

static void match_anchored(struct search *search, uint32_t term, uint8_t word)
{
    const struct tw_taxonomy *taxonomy = search->taxonomy;
    for (uint32_t at = taxonomy->first[term]; at; at = taxonomy->patterns[at - 1].next) {
        const struct tw_event_pattern *pattern = &taxonomy->patterns[at - 1];
        if (!is_present(search, pattern->second))
            continue;
        struct path path;
        path.words[pattern->anchor] = word;
        if (has_all_terms(search, &pattern->pattern) && fits(search, pattern, pattern->anchor, word) &&
            match_backward(search, pattern, pattern->anchor, &path) &&
            match_forward(search, pattern, pattern->anchor + 1u, &path))
            add_hit(search, pattern, &path);
    }
}

static void note_terms(struct search *search)
{
    uint32_t term_words = search->taxonomy->lexicon.term_words;
    memset(search->present, 0, term_words * sizeof *search->present);
    for (uint8_t word = 0; word < search->word_count; word++) {
        const struct tw_term_set *set = search->words[word].set;
        if (!set)
            continue;
        for (const uint32_t *term = set->listed, *end = term + set->count; term < end; term++)
            search->present[*term / 64] |= UINT64_C(1) << *term % 64;
    }
}

static void match_all(struct search *search)
{
    search->hit_count = 0;
    note_terms(search);
    for (uint8_t word = 0; word < search->word_count; word++) {
        const struct tw_term_set *set = search->words[word].set;
        for (uint32_t at = 0; set && at < set->anchor_count; at++)
            match_anchored(search, set->anchors[at], word);
    }
}

/* ---- exceptions ---- */

static bool speaks_of(const struct hit *exception, const struct hit *event)
{
    return exception->pattern->use != TW_PATTERN_EVENT &&
           (exception->pattern->type == TW_EVENT_ANY_TYPE ||
               exception->pattern->type == event->pattern->type);
}

static bool is_own_word(const struct hit *hit, uint32_t word)
{
    for (uint8_t step = 0; step < hit->pattern->pattern.count; step++)
        if (hit->path.words[step] == word)
            return true;
    return false;
}

/* The event's first word of its own behind an exception that stands before it, or in one of its gaps when it
 * is one to all types and need not stand right before ("prosecutors not probing"); 0: there is none. */
static uint32_t own_word_behind(const struct hit *exception, const struct hit *event)
{
    if (exception->last < event->first)
        return event->first;
    if (exception->pattern->type != TW_EVENT_ANY_TYPE || exception->pattern->pattern.event_gap_before == 0)
        return 0;
    for (uint32_t word = exception->first; word <= exception->last; word++)
        if (is_own_word(event, word))
            return 0;
    for (uint32_t word = exception->last + 1u; word <= event->last && exception->first > event->first; word++)
        if (is_own_word(event, word))
            return word;
    return 0;
}

/* Does the event stand where the exception's ^ is? One that has words on both sides of ^ lies around the
 * event. */
static bool stands_at(const struct hit *exception, const struct hit *event)
{
    const struct tw_pattern *pattern = &exception->pattern->pattern;
    if (pattern->event == TW_PATTERN_PLACE_NONE)
        return true;
    bool before = pattern->event > 0, behind = pattern->event < pattern->count;
    if (before && behind)
        return exception->first < event->first && exception->last > event->last;
    if (before) {
        uint32_t own = own_word_behind(exception, event);
        return own > 0 && own - exception->last - 1 <= pattern->event_gap_before;
    }
    return exception->first > event->last && exception->first - event->last - 1 <= pattern->event_gap_behind;
}

/* The type that the event has after the exceptions; TW_EVENT_ANY_TYPE: there is none. */
static uint32_t type_after_exceptions(const struct search *search, const struct hit *event)
{
    uint32_t type = event->pattern->type;
    for (uint32_t at = 0; at < search->hit_count; at++) {
        const struct hit *exception = &search->hits[at];
        if (!speaks_of(exception, event) || !stands_at(exception, event))
            continue;
        if (exception->pattern->use == TW_PATTERN_OFF)
            return TW_EVENT_ANY_TYPE;
        type = exception->pattern->into;
    }
    return type;
}

static int clauses_crossed(const struct search *search, const struct hit *hit)
{
    return search->clauses[hit->last] - search->clauses[hit->first];
}

/* Does one say more than the other? It crosses fewer commas; else it has more words of its own, gaps not
 * counted; else it is the longer one; else the file names it first; else it is told first. */
static bool says_more(const struct search *search, const struct hit *one, const struct hit *other)
{
    int crossed = clauses_crossed(search, other) - clauses_crossed(search, one);
    if (crossed != 0)
        return crossed > 0;
    int words = one->pattern->pattern.count - other->pattern->pattern.count;
    int length = (one->last - one->first) - (other->last - other->first);
    if (words != 0)
        return words > 0;
    if (length != 0)
        return length > 0;
    return one->pattern != other->pattern ? one->pattern < other->pattern : one->first < other->first;
}

/* Is there another event in these words that says more? Two fates of two companies may share a word: "A wins
 * the contract that B lost". */
static bool is_outdone(const struct search *search, const struct hit *event)
{
    for (uint32_t at = 0; at < search->hit_count; at++) {
        const struct hit *other = &search->hits[at];
        if (other == event || other->pattern->use != TW_PATTERN_EVENT || other->type == TW_EVENT_ANY_TYPE ||
            other->first > event->last || other->last < event->first ||
            (other->entity != event->entity && other->type != event->type))
            continue;
        if (says_more(search, other, event))
            return true;
    }
    return false;
}

/* ---- whose event ---- */

/* May the mention be of the company to which something happened, and not to its supplier? */
static bool may_be_meant(const struct search *search, const struct tw_mention *mention)
{
    return mention->begin == mention->end ||
           !tw_name_is_of_others(search->taxonomy, search->document->text, mention->end);
}

/* Mentions are looked at from the sentence's first one on, so that a long text costs no more for having
 * many. */
static const struct tw_mention *first_behind(const struct search *search, uint32_t begin, uint32_t end)
{
    const struct tw_document *document = search->document;
    for (uint32_t at = search->first_mention;
         at < document->mention_count && document->mentions[at].begin < end; at++)
        if (document->mentions[at].begin >= begin && document->mentions[at].end <= end &&
            may_be_meant(search, &document->mentions[at]))
            return &document->mentions[at];
    return NULL;
}

static const struct tw_mention *last_before(const struct search *search, uint32_t end)
{
    const struct tw_document *document = search->document;
    const struct tw_mention *last = NULL;
    for (uint32_t at = search->first_mention;
         at < document->mention_count && document->mentions[at].end <= end; at++)
        if (document->mentions[at].begin >= search->begin && may_be_meant(search, &document->mentions[at]))
            last = &document->mentions[at];
    return last;
}

/* The document's only company, unless every mention says only of what kind somebody else is. */
static uint32_t only_company(const struct search *search)
{
    const struct tw_document *document = search->document;
    bool meant = document->entity_count == 1 && document->mention_count == 0;
    for (uint32_t at = 0; document->entity_count == 1 && at < document->mention_count && !meant; at++)
        meant = may_be_meant(search, &document->mentions[at]);
    return meant ? 0 : TW_EVENT_OF_NOBODY;
}

/* Does who reports the title stand at the byte, and no part of the event? */
static bool is_reporter(const struct search *search, uint32_t begin, uint32_t event_end)
{
    return event_end <= search->reporter && begin >= search->reporter && begin < search->reporter_end;
}

/* Behind a colon may stand who tells it of himself: "Notice of a data breach: Velquin". */
static bool reporter_may_be_meant(const struct search *search)
{
    return search->reporter > 0 && search->document->text.bytes[search->reporter - 1] == ':';
}

/* Looks through the text once for all of its events. */
static void note_names(struct search *search)
{
    struct tw_text text = search->document->text;
    struct tw_event_word word;
    struct tw_name_walk walk = {.taxonomy = search->taxonomy, .text = text};
    struct naming *naming = &search->naming;
    *naming = (struct naming){.looked = true, .first = UINT32_MAX};
    for (uint32_t at = 0; tw_lexicon_next(&search->taxonomy->lexicon, text, &at, &word);) {
        naming->capitals = naming->capitals || tw_name_has_capital(text, &word);
        if (!tw_name_walk_next(&walk, &word) ||
            (!reporter_may_be_meant(search) && is_reporter(search, word.begin, 0)))
            continue;
        naming->somebody = naming->somebody || !word.set;
        naming->first = naming->first == UINT32_MAX ? word.begin : naming->first;
        naming->last = word.begin;
    }
}

/* Where the event's sentence ends, without who reports it. */
static uint32_t end_of_told(const struct search *search, const struct hit *hit)
{
    bool reported = is_reporter(search, search->reporter, search->words[hit->last].end);
    return reported && search->reporter < search->end ? search->reporter : search->end;
}

/* Does the event's sentence bear a name from its word `first` on and before the byte `end`, but in the words
 * that tell the event itself? */
static bool sentence_names_somebody(
    const struct search *search, const struct hit *hit, uint8_t first, uint32_t end)
{
    const struct tw_event_word *words = search->words;
    struct tw_name_walk walk = {.taxonomy = search->taxonomy, .text = search->document->text};
    for (uint8_t word = 0; word < search->word_count && words[word].begin < end; word++)
        if (tw_name_walk_next(&walk, &words[word]) && word >= first &&
            !(words[word].set && is_own_word(hit, word)))
            return true;
    return false;
}

/* The company that stands right behind the event and one of a few short words: "data breach at Velquin". */
static const struct tw_mention *joined_behind(const struct search *search, const struct hit *event)
{
    static const char *const joints[] = {"at", "of", "against"};
    enum { BLANK_AND_MARK = 2 }; /* " $VELQ" */
    if (event->last + 1u >= search->word_count)
        return NULL;
    const struct tw_event_word *word = &search->words[event->last + 1];
    const struct tw_mention *mention = first_behind(search, word->end, search->end);
    bool joined = is_one_of(search->document->text, word, joints, sizeof joints / sizeof joints[0]);
    return joined && mention && mention->begin <= word->end + BLANK_AND_MARK ? mention : NULL;
}

/* The word behind the last one of [first, end) that looks like a name that neither the entities nor any
 * pattern knows; 0: there is none. `places`: one right behind "in" and the like is a place's and does not
 * count. */
static uint32_t behind_unknown_name(const struct search *search, uint32_t first, uint32_t end, bool places)
{
    static const char *const before_places[] = {"at", "in", "near", "of", "off", "on", "outside"};
    const struct tw_event_word *words = search->words;
    struct tw_text text = search->document->text;
    struct tw_name_walk walk = {.taxonomy = search->taxonomy, .text = text};
    uint32_t behind = 0;
    bool place = false;
    for (uint32_t word = 0; word < end; word++) {
        bool named = tw_name_walk_next(&walk, &words[word]) && !words[word].set;
        place = places && ((named && place) || is_one_of(text, &words[word], before_places,
                                                   sizeof before_places / sizeof before_places[0]));
        if (named && !place && word >= first)
            behind = word + 1;
    }
    return behind;
}

/* Is the company behind the event there as its cause or as another party, for one whom no entities know:
 * "Quorlan recalls cars over Velquin airbags", "bankrupt Quorlan sues Velquin"? "SEC probes Quorlan, Velquin"
 * is about both. */
static bool is_another_party(
    const struct search *search, const struct hit *event, const struct tw_mention *mention)
{
    static const char *const joints[] = {
        "after", "amid", "as", "due", "following", "if", "join", "over", "with"};
    static const char *const and[] = {"and"};
    const struct tw_event_word *words = search->words;
    struct tw_text text = search->document->text;
    uint32_t end = event->last;
    bool joined = false;
    for (; end < search->word_count && words[end].end <= mention->begin; end++)
        joined = joined || is_one_of(text, &words[end], joints, sizeof joints / sizeof joints[0]);
    if (joined && behind_unknown_name(search, 0, event->first, false))
        return true;
    uint32_t behind = behind_unknown_name(search, event->last + 1u, end, true);
    bool listed = behind == end || (behind + 1 == end && is_one_of(text, &words[behind], and, 1));
    return behind > 0 && !listed && tw_name_is_written_small(text, search->begin, search->end);
}

/* Behind the event, and before who reports it. */
static uint32_t company_behind(const struct search *search, const struct hit *event)
{
    uint32_t end = search->words[event->last].end, until = end_of_told(search, event);
    const struct tw_mention *mention = first_behind(search, end, until);
    if (mention)
        return is_another_party(search, event, mention) ? TW_EVENT_OF_NOBODY : mention->entity;
    if (until < search->end) {
        /* Who reports tells of another who is named, or of himself. The first word has a capital anyway. */
        if (sentence_names_somebody(search, event, 1, until))
            return TW_EVENT_OF_NOBODY;
        mention = first_behind(search, until, search->end);
    }
    return mention ? mention->entity : only_company(search);
}

static uint32_t company_of(const struct search *search, const struct hit *event)
{
    uint32_t begin = search->words[event->first].begin, end = search->words[event->last].end;
    const struct tw_mention *mention = NULL;
    if (event->place != TW_PATTERN_PLACE_NONE)
        mention = event->behind
                      ? first_behind(search, search->words[event->place].end, end_of_told(search, event))
                      : last_before(search, search->words[event->place].begin);
    if (!mention)
        mention = first_behind(search, begin, end);
    if (!mention)
        mention = joined_behind(search, event);
    if (!mention)
        mention = last_before(search, begin);
    return mention ? mention->entity : company_behind(search, event);
}

/* Does the text name somebody to whom the event may have happened? A company of the entities is somebody, and
 * so is a name that they do not know (naming.h). A text without capitals says nothing about that. The event's
 * own sentence, which is at hand, mostly decides. */
static bool names_somebody(struct search *search, const struct hit *hit)
{
    const struct naming *naming = &search->naming;
    const struct tw_event_word *words = search->words;
    uint32_t end = reporter_may_be_meant(search) ? search->end : end_of_told(search, hit);
    if (search->document->entity_count > 0 || sentence_names_somebody(search, hit, 0, end))
        return true;
    if (!naming->looked)
        note_names(search);
    if (naming->somebody || !naming->capitals)
        return true;
    return naming->first != UINT32_MAX &&
           (naming->first < words[0].begin || naming->last > words[search->word_count - 1].begin);
}

static void tell(struct search *search, const struct hit *hit)
{
    struct tw_event event = {.type = hit->type,
        .entity = hit->entity,
        .begin = search->words[hit->first].begin,
        .end = search->words[hit->last].end};
    uint32_t place = search->event_count;
    if (search->taxonomy->types[hit->type].named && !names_somebody(search, hit))
        return;
    for (uint32_t at = 0; at < search->event_count; at++) {
        if (search->events[at].type == event.type && search->events[at].entity == event.entity)
            return;
        if (search->events[at].begin > event.begin && place == search->event_count)
            place = at;
    }
    if (search->event_count == TW_EVENTS_MOST) {
        search->document->events_dropped++;
        return;
    }
    memmove(search->events + place + 1, search->events + place,
        (search->event_count - place) * sizeof *search->events);
    search->events[place] = event;
    search->event_count++;
}

static void end_sentence(struct search *search)
{
    match_all(search);
    for (uint32_t at = 0; at < search->hit_count; at++)
        if (search->hits[at].pattern->use == TW_PATTERN_EVENT) {
            search->hits[at].type = type_after_exceptions(search, &search->hits[at]);
            search->hits[at].entity = company_of(search, &search->hits[at]);
        }
    for (uint32_t at = 0; at < search->hit_count; at++) {
        const struct hit *hit = &search->hits[at];
        if (hit->pattern->use == TW_PATTERN_EVENT && hit->type != TW_EVENT_ANY_TYPE &&
            !is_outdone(search, hit))
            tell(search, hit);
    }
    search->word_count = 0;
}

static bool is_capital(struct tw_text text, const struct tw_event_word *word)
{
    return tw_text_is_capital(text.bytes[word->begin]);
}

/* Is a word of the set's `names` part of one that no entities file knows, as in "Quorlan Oil"? It is where
 * both it and the word before it are written with a capital, and no pattern knows the one before. */
static bool ends_name(const struct search *search, struct tw_text text, const struct tw_event_word *word)
{
    if (search->word_count == 0 || search->taxonomy->names == TW_TAXONOMY_NO_WORDS)
        return false;
    const struct tw_event_word *before = &search->words[search->word_count - 1];
    return tw_lexicon_has(word->set, search->taxonomy->names) && is_capital(text, word) &&
           is_capital(text, before) && !before->set && word->begin - before->end == 1;
}

/* Do both words look like names? A comma between them makes a list of them and ends no clause: "probe into
 * Velquin, Ordanelle merger". */
static bool are_names(
    struct tw_text text, const struct tw_event_word *before, const struct tw_event_word *word)
{
    return !before->set && !word->set && is_capital(text, before) && is_capital(text, word);
}

/* The next word of the sentence, and where it stands in it. */
static void take_word(
    struct search *search, struct tw_text text, struct tw_event_word word, bool blank_before)
{
    uint8_t count = search->word_count, clause = count ? search->clauses[count - 1] : 0;
    bool pause = count && !blank_before && pauses_between(text, &search->words[count - 1], word.begin);
    silence_names(search, &word);
    pause = pause && !are_names(text, &search->words[count - 1], &word);
    if (count == 0)
        search->first_mention = search->mention;
    search->named[count] = word.set && ends_name(search, text, &word);
    search->clauses[count] = (uint8_t)(clause + pause);
    search->words[count] = word;
    search->word_count++;
}

/* One stretch of the text that shares no sentence with another: the title, the body. */
static void search_stretch(struct search *search, uint32_t begin, uint32_t end)
{
    struct tw_text text = {search->document->text.bytes, end};
    struct tw_event_word word;
    bool any = false; /* a sentence in which no word is a term needs no look */
    search->begin = search->end = begin;
    for (uint32_t at = begin; tw_lexicon_next(&search->taxonomy->lexicon, text, &at, &word);) {
        const struct tw_event_word *before =
            search->words + (search->word_count ? search->word_count - 1 : 0);
        bool blank = search->word_count && is_blank_between(text, before, word.begin);
        bool full = search->word_count == TW_EVENT_SENTENCE;
        if (search->word_count && (full || (!blank && ends_between(text, before, word.begin)))) {
            search->end = word.begin;
            uint32_t behind = before->end;
            if (any)
                end_sentence(search);
            search->word_count = 0;
            search->begin = behind; /* a mention may begin before its first word: $ABC */
            any = false;
        }
        take_word(search, text, word, blank);
        any = any || search->words[search->word_count - 1].set;
    }
    search->end = end;
    if (any)
        end_sentence(search);
    search->word_count = 0;
}

bool tw_events_find(const struct tw_taxonomy *taxonomy, struct tw_document *document, struct tw_arena *arena,
    struct tw_error *err)
{
    struct search search; /* its arrays are written as they are needed */
    document->events = NULL;
    document->event_count = 0;
    document->events_dropped = 0;
    if (!taxonomy || document->text.length == 0)
        return true;
    search.taxonomy = taxonomy;
    search.document = document;
    search.word_count = 0;
    search.mention = search.event_count = 0;
    search.naming.looked = false;
    uint32_t title = document->title_length, length = (uint32_t)document->text.length;
    search.reporter_end = title ? title : length;
    search.reporter = tw_name_reporter((struct tw_text){document->text.bytes, search.reporter_end});
    search_stretch(&search, 0, title);
    search_stretch(&search, title, length);
    if (search.event_count == 0)
        return true;
    struct tw_event *events = tw_arena_take(arena, search.event_count * sizeof *events);
    if (!events)
        return tw_arena_fail(arena, err);
    memcpy(events, search.events, search.event_count * sizeof *events);
    document->events = events;
    document->event_count = search.event_count;
    return true;
}
