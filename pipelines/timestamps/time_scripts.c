#include "timestamps/time_scripts.h"

#include <stdbool.h>
#include <string.h>

enum { MOST_BYTES = 96, WIDE_SPACE_BYTES = 3 };

/* What a piece of text is read as. */
enum meaning { WRITE, DATE_MARK, DAY_MARK, HOUR_MARK, MINUTE_MARK, FORENOON, AFTERNOON };

struct piece {
    const char *text;
    enum meaning meaning;
    const char *written; /* by WRITE */
};

/* Longer pieces stand before those that they begin with. */
static const struct piece pieces[] = {
    {"年", DATE_MARK, NULL},
    {"년", DATE_MARK, NULL},
    {"月曜日", WRITE, " "},
    {"火曜日", WRITE, " "},
    {"水曜日", WRITE, " "},
    {"木曜日", WRITE, " "},
    {"金曜日", WRITE, " "},
    {"土曜日", WRITE, " "},
    {"日曜日", WRITE, " "},
    {"월요일", WRITE, " "},
    {"화요일", WRITE, " "},
    {"수요일", WRITE, " "},
    {"목요일", WRITE, " "},
    {"금요일", WRITE, " "},
    {"토요일", WRITE, " "},
    {"일요일", WRITE, " "},
    {"月", DATE_MARK, NULL},
    {"월", DATE_MARK, NULL},
    {"日", DAY_MARK, NULL},
    {"일", DAY_MARK, NULL},
    {"号", DAY_MARK, NULL},
    {"時", HOUR_MARK, NULL},
    {"时", HOUR_MARK, NULL},
    {"点", HOUR_MARK, NULL},
    {"點", HOUR_MARK, NULL},
    {"시", HOUR_MARK, NULL},
    {"分", MINUTE_MARK, NULL},
    {"분", MINUTE_MARK, NULL},
    {"秒", MINUTE_MARK, NULL},
    {"초", MINUTE_MARK, NULL},
    {"上午", FORENOON, NULL},
    {"午前", FORENOON, NULL},
    {"오전", FORENOON, NULL},
    {"下午", AFTERNOON, NULL},
    {"午後", AFTERNOON, NULL},
    {"오후", AFTERNOON, NULL},
    {"января", WRITE, "JANUARY"},
    {"февраля", WRITE, "FEBRUARY"},
    {"марта", WRITE, "MARCH"},
    {"апреля", WRITE, "APRIL"},
    {"мая", WRITE, "MAY"},
    {"июня", WRITE, "JUNE"},
    {"июля", WRITE, "JULY"},
    {"августа", WRITE, "AUGUST"},
    {"сентября", WRITE, "SEPTEMBER"},
    {"октября", WRITE, "OCTOBER"},
    {"ноября", WRITE, "NOVEMBER"},
    {"декабря", WRITE, "DECEMBER"},
    {"года", WRITE, " "},
    {"г.", WRITE, " "},
    {"понедельник", WRITE, "MONDAY"},
    {"вторник", WRITE, "TUESDAY"},
    {"среда", WRITE, "WEDNESDAY"},
    {"четверг", WRITE, "THURSDAY"},
    {"пятница", WRITE, "FRIDAY"},
    {"суббота", WRITE, "SATURDAY"},
    {"воскресенье", WRITE, "SUNDAY"},
    {"\u3000", WRITE, " "},
    {"º", WRITE, ""},
    {"°", WRITE, ""},
    {"ł", WRITE, "l"},
    {"ś", WRITE, "s"},
    {"ź", WRITE, "z"},
};

/* "星期一", "周一", "週一", "礼拜一", and "(月)", "（月）", "(월)". */
static const char *const week_words[] = {"星期", "周", "週", "礼拜", "禮拜"};
static const char week_days[] = "一二三四五六日天月火水木金土월화수목금토일";

struct writing {
    struct tw_text in;
    size_t at;
    char *out;
    size_t used;
    const char *half; /* am or pm, to be written behind the clock */
};

static bool stands_here(const struct writing *writing, const char *piece)
{
    return tw_text_goes_on(writing->in, writing->at, piece);
}

static void put(struct writing *writing, const char *text)
{
    size_t length = strlen(text);
    memcpy(writing->out + writing->used, text, length);
    writing->used += length;
}

static void skip_spaces(struct writing *writing)
{
    while (stands_here(writing, " ") || stands_here(writing, "\u3000"))
        writing->at += stands_here(writing, " ") ? 1 : WIDE_SPACE_BYTES;
}

static bool digit_is_next(const struct writing *writing)
{
    const char *here = writing->in.bytes + writing->at;
    size_t left = writing->in.length - writing->at;
    return (left > 0 && tw_text_is_digit(here[0])) ||
           (left >= 3 && memcmp(here, "\xEF\xBC", 2) == 0 && (unsigned char)here[2] >= 0x90 &&
               (unsigned char)here[2] <= 0x99);
}

static bool digit_is_before(const struct writing *writing)
{
    return writing->used > 0 && tw_text_is_digit(writing->out[writing->used - 1]);
}

/* A mark behind an hour or a minute: a colon where more follows; am or pm is to follow the digits at once. */
static void close_part(struct writing *writing, const char *alone)
{
    skip_spaces(writing);
    put(writing, digit_is_next(writing) ? ":" : alone);
    if (!digit_is_next(writing) && !writing->half)
        put(writing, " ");
}

static void write_piece(struct writing *writing, const struct piece *piece)
{
    switch (piece->meaning) {
    case WRITE:
        put(writing, piece->written);
        break;
    case DATE_MARK:
        skip_spaces(writing);
        put(writing, "-");
        break;
    case DAY_MARK:
        put(writing, " ");
        break;
    case HOUR_MARK:
        close_part(writing, ":00");
        break;
    case MINUTE_MARK:
        close_part(writing, "");
        break;
    case FORENOON:
    case AFTERNOON:
        skip_spaces(writing);
        writing->half = piece->meaning == FORENOON ? " am " : " pm ";
    }
}

/* The units stand behind digits only. */
static bool take_piece(struct writing *writing)
{
    for (size_t at = 0; at < sizeof pieces / sizeof pieces[0]; at++) {
        const struct piece *piece = &pieces[at];
        bool unit = piece->meaning >= DATE_MARK && piece->meaning <= MINUTE_MARK;
        if (!stands_here(writing, piece->text) || (unit && !digit_is_before(writing)))
            continue;
        writing->at += strlen(piece->text);
        write_piece(writing, piece);
        return true;
    }
    return false;
}

/* Bytes of the day of the week's letter at a place; 0: none stands there. */
static size_t week_day_at(const struct writing *writing, size_t at)
{
    enum { LETTER = 3 };
    for (size_t day = 0; day + LETTER < sizeof week_days; day += LETTER)
        if (writing->in.length >= at + LETTER && memcmp(writing->in.bytes + at, week_days + day, LETTER) == 0)
            return LETTER;
    return 0;
}

static bool take_week_day(struct writing *writing)
{
    static const struct {
        const char *open, *close;
    } brackets[] = {{"(", ")"}, {"（", "）"}};
    size_t day = 0, head = 0;
    for (size_t word = 0; word < sizeof week_words / sizeof week_words[0] && !day; word++) {
        head = strlen(week_words[word]);
        day = stands_here(writing, week_words[word]) ? week_day_at(writing, writing->at + head) : 0;
    }
    for (size_t pair = 0; pair < sizeof brackets / sizeof brackets[0] && !day; pair++) {
        head = strlen(brackets[pair].open);
        day = stands_here(writing, brackets[pair].open) ? week_day_at(writing, writing->at + head) : 0;
        struct writing behind = *writing;
        behind.at += head + day;
        day = day && stands_here(&behind, brackets[pair].close) ? day + strlen(brackets[pair].close) : 0;
    }
    if (!day)
        return false;
    writing->at += head + day;
    put(writing, " ");
    return true;
}

/* U+FF01 to U+FF5E are ASCII made wide; U+0300 to U+036F are accents by themselves; of Latin-1's letters the
 * accent goes. False: none of these. */
static bool take_letter(struct writing *writing)
{
    static const char bare[] = "AAAAAA?CEEEEIIII?NOOOOO?OUUUUY??aaaaaa?ceeeeiiii?nooooo?ouuuuy?y";
    const unsigned char *here = (const unsigned char *)writing->in.bytes + writing->at;
    size_t left = writing->in.length - writing->at;
    if (left >= 3 && here[0] == 0xEF && (here[1] == 0xBC || here[1] == 0xBD)) {
        unsigned point = 0xF000u + (here[1] & 0x3Fu) * 64 + (here[2] & 0x3Fu);
        if (point < 0xFF01 || point > 0xFF5E)
            return false;
        writing->out[writing->used++] = (char)(point - 0xFEE0);
        writing->at += 3;
        return true;
    }
    if (left >= 2 && (here[0] == 0xCC || (here[0] == 0xCD && here[1] < 0xB0))) {
        writing->at += 2;
        return true;
    }
    char letter = left >= 2 && here[0] == 0xC3 ? bare[here[1] & 0x3F] : '?';
    if (letter == '?')
        return false;
    writing->out[writing->used++] = letter;
    writing->at += 2;
    return true;
}

/* The clock is over: am or pm stands behind it. */
static void close_half(struct writing *writing)
{
    bool clock = digit_is_before(writing) || (writing->used && writing->out[writing->used - 1] == ':');
    bool goes_on = digit_is_next(writing) || stands_here(writing, ":") || stands_here(writing, "：");
    if (!writing->half || !clock || goes_on)
        return;
    for (size_t at = 0; at < sizeof pieces / sizeof pieces[0]; at++)
        if ((pieces[at].meaning == HOUR_MARK || pieces[at].meaning == MINUTE_MARK) &&
            stands_here(writing, pieces[at].text))
            return;
    put(writing, writing->half);
    writing->half = NULL;
}

size_t tw_time_scripts(struct tw_text text, char out[TW_TIME_SCRIPTS_BYTES])
{
    struct writing writing = {.in = text, .out = out};
    bool ascii = true;
    for (size_t at = 0; at < text.length; at++)
        ascii = ascii && (unsigned char)text.bytes[at] < 0x80;
    if (ascii || text.length > MOST_BYTES)
        return 0;
    while (writing.at < text.length) {
        close_half(&writing);
        if (take_week_day(&writing) || take_piece(&writing) || take_letter(&writing))
            continue;
        out[writing.used++] = text.bytes[writing.at++];
    }
    close_half(&writing);
    return writing.used;
}
