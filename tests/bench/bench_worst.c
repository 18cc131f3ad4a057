/* bench_worst: the worst texts and messages of each kind, at 10 and at 100 MB: is time linear, is memory
 * bounded?
 *
 *     bench_worst [-s MB] [KIND...]      (default 10: that size, and ten times as much)
 *
 * Each kind is tried in a process of its own, so that its peak of memory is seen. A text is cleaned and
 * linked (raw as well), a message is decoded. Prints seconds and peak MB at both sizes, input included.
 * Ends with 1 when ten times the bytes take more than 16 times as long, or more than 32 bytes of memory a
 * byte of text (96 of JSON, whose values are a library's), or a process dies. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "clean/clean.h"
#include "link/link.h"
#include "names/entities.h"
#include "read/decode.h"

enum { MEGABYTE = 1 << 20, MOST_RATIO = 16, TEXT_BYTES = 32, JSON_BYTES = 96 };

/* Names that texts nearly say. */
static const char entities_file[] =
    "{\"symbol\":\"A1\",\"names\":[\"a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a b\"]}\n"
    "{\"symbol\":\"GE\",\"names\":[\"General Electric Credit\",\"General Motors\"]}\n"
    "{\"symbol\":\"GM\",\"names\":[\"GM\",\"Gm\"]}\n{\"symbol\":\"DAL\",\"names\":[\"Delta\"]}\n"
    "{\"symbol\":\"DLTA\",\"names\":[\"Delta\"]}\n{\"symbol\":\"A.B\",\"names\":[\"R&D\"]}\n"
    "{\"symbol\":\"KR\",\"names\":[\"가나\",\"a가\"]}\n{\"symbol\":\"JP\",\"names\":[\"アイ\",\"日ア\"]}\n"
    "{\"symbol\":\"TH\",\"names\":[\"กข\"]}\n{\"symbol\":\"CN\",\"names\":[\"中国石油\"]}\n";

/* A kind: `before`, then `unit` again and again, then `after`. */
struct kind {
    const char *name, *before, *unit, *after;
    bool message; /* decoded; else a text, cleaned and linked */
};

static const struct kind kinds[] = {
    {"unclosed-tags", "", "<a href=\"x ", "", false},
    {"less-than", "", "<", "", false},
    {"less-than-letter", "", "<a", "", false},
    {"newswire-unclosed", "", "<AB", "", false},
    {"newswire-long", "<", "A", "", false},
    {"quotes-in-tag", "<a b=\"", "'", "", false},
    {"attributes", "<a ", "b=c ", "", false},
    {"end-tags", "", "</x", "", false},
    {"scripts", "", "<script>", "", false},
    {"styles-and-scripts", "", "<style><script>", "", false},
    {"comments", "", "<!--", "", false},
    {"comments-closed", "", "<!---->", "", false},
    {"instructions", "", "<?x", "", false},
    {"cdata", "", "<![CDATA[", "", false},
    {"cdata-ends", "", "]]>", "", false},
    {"brackets", "", "]", "", false},
    {"ampersands", "", "&", "", false},
    {"ampersands-apart", "", "& ", "", false},
    {"references-longest", "", "&CounterClockwiseContourIntegra", "", false},
    {"references-number", "", "&#", "", false},
    {"references-digits", "&#", "1", "", false},
    {"references-growing", "", "&nGt;", "", false},
    {"escaped-markup", "", "&lt;p&gt;", "", false},
    {"escaped-twice", "", "&amp;lt;p&amp;gt;", "", false},
    {"escaped-comments", "", "&lt;!--", "", false},
    {"addresses", "", "http://", "", false},
    {"address-dots", "http://a", ".", "", false},
    {"hosts", "", "a.", "", false},
    {"host-labels", "", "aaaaaaaa.", "", false},
    {"www", "", "www.", "", false},
    {"terminal", "", "\x1b[", "", false},
    {"terminal-titles", "", "\x1b]aaaaaaa", "", false},
    {"misread", "", "\xC3\x83", "", false},
    {"misread-emoji", "", "\xC3\xB0\xC5\xB8", "", false},
    {"misread-letters", "", "\xC3\x90\xC2\xBF", "", false},
    {"misread-mac", "", "\xE2\x80\x9A\xC3\x84", "", false},
    {"misread-references", "", "&acirc;", "", false},
    {"json-escapes", "", "\\ud83d", "", false},
    {"json-line-ends", "", "\\n", "", false},
    {"blog-codes", "", "[aaa ", "", false},
    {"blog-code-long", "[aaa ", "b=", "", false},
    {"halves", "", "&#55357;", "", false},
    {"cashtags", "", "$A", "", false},
    {"cashtags-apart", "", "$A ", "", false},
    {"cashtags-class", "", "$A-", "", false},
    {"cashtags-dots", "", "$A..", "", false},
    {"dollars", "", "$", "", false},
    {"cashtags-cut", "", "$A\xE2\x80\xA6 ", "", false},
    {"hashes", "", "#", "", false},
    {"hashtags", "", "#GM ", "", false},
    {"hashtag-long", "#", "A", "", false},
    {"hashtag-classes", "#GEX", "-A", "", false},
    {"hyphens", "", "-", "", false},
    {"hyphens-in-names", "", "General-Electric-", "", false},
    {"markdown-stars", "", "**a", "", false},
    {"markdown-links", "", "[a](", "", false},
    {"markdown-brackets", "", "[", "", false},
    {"markdown-underscores", "", "_a", "", false},
    {"bulletin-marks", "", "[b]", "", false},
    {"exchanges", "", "NYSE:", "", false},
    {"exchange-words", "", "NYSE American Global: X ", "", false},
    {"exchange-lists", "(NYSE: A", ", B", ")", false},
    {"exchange-lists-open", "", "(NYSE: A, B, ", "", false},
    {"exchange-lists-slash", "(NYSE: A", "/AB", ")", false},
    {"exchange-lists-spaces", "(NYSE: A,", "     ", "B)", false},
    {"exchange-numbers", "", "HKG:700", "", false},
    {"colons", "", ":", "", false},
    {"mail", "", "GM@", "", false},
    {"mail-long", "", "GM.", "", false},
    {"near-aliases", "", "a ", "", false},
    {"near-alias-words", "", "General Electric ", "", false},
    {"ambiguous", "", "Delta ", "", false},
    {"short-names", "", "gM ", "", false},
    {"accents", "e", "\xCC\x81", "", false},
    {"joiners", "G", "\xE2\x80\x8D", "M", false},
    {"word", "", "a", "", false},
    {"white-space", "$A", " ", "$A", false},
    {"cashtags-before-space", "", "$A ", "                ", false},
    {"hangul", "a", "\xEA\xB0\x80", "", false},
    {"hangul-names", "", "a\xEA\xB0\x80\xEB\x82\x98", "", false},
    {"hangul-letters", "", "\xE1\x84\x80\xE1\x85\xA1", "", false},
    {"katakana", "\xE6\x97\xA5", "\xE3\x82\xA2", "", false},
    {"katakana-voiced", "", "\xEF\xBD\xB6\xEF\xBE\x9E", "", false},
    {"thai", "", "\xE0\xB8\x81\xE0\xB8\x82", "", false},
    {"thai-marks", "\xE0\xB8\x81", "\xE0\xB8\xB1", "", false},
    {"han", "", "\xE4\xB8\xAD\xE5\x9B\xBD", "", false},
    {"ligatures", "", "\xEF\xB7\xBA", "", false},
    {"nested-arrays", "", "[", "", true},
    {"nested-objects", "", "{\"a\":", "", true},
    {"nested-closed", "{\"text\":\"x\",\"a\":[", "[[]],", "0]}", true},
    {"envelopes", "", "{\"schema\":{},\"payload\":", "", true},
    {"empty-values", "{\"text\":\"x\",\"a\":[", "{},", "0]}", true},
    {"numbers", "{\"text\":\"x\",\"a\":[", "1,", "0]}", true},
    {"numbers-huge", "{\"text\":\"x\",\"a\":", "9", "}", true},
    {"not-numbers", "{\"text\":\"x\",\"a\":[", "NaN,", "0]}", true},
    {"same-keys", "{\"text\":\"x\",", "\"a\":1,", "\"b\":1}", true},
    {"escapes", "{\"text\":\"", "\\u0000", "\"}", true},
    {"escapes-unknown", "{\"text\":\"", "\\x", "\"}", true},
    {"backslashes", "{\"text\":\"", "\\\\", "\"}", true},
    {"broken-utf8", "{\"text\":\"", "\xE2\x82", "\"}", true},
    {"windows-1252", "{\"text\":\"", "a\xE9", "\"}", true},
    {"windows-1252-marks", "{\"text\":\"", "a\xE9\x92", "\"}", true},
    {"cesu", "{\"text\":\"", "\xED\xA0\xBD\xED\xB3\x89", "\"}", true},
    {"calls", "{\"text\":\"x\",\"a\":[", "a(", "", true},
    {"calls-closed", "{\"text\":\"x\",\"a\":[", "f('a'),", "1]}", true},
    {"calls-open", "{\"text\":\"x\",\"a\":", "(", "}", true},
    {"bare-names", "{text:\"x\",", "a:1,", "b:1}", true},
    {"bare-names-blanks", "{text:\"x\",", "a ", ":1}", true},
    {"line-comments", "{\"text\":\"x\",", "//", "\n\"b\":1}", true},
    {"line-comments-many", "{\"text\":\"x\",", "//\n", "\"b\":1}", true},
    {"symbols-object", "{\"text\":\"x\",\"symbols\":{\"a\":[", "\"A\",", "\"B\"]}}", true},
    {"events-nested", "", "{\"event\":{\"data\":", "", true},
    {"quotes-open", "{\"text\":", "\"", "", true},
    {"text", "{\"text\":\"", "Velquin falls. ", "\"}", true},
    {"texts", "{\"text\":[", "\"a\",", "\"b\"]}", true},
    {"symbols", "{\"text\":\"x\",\"symbols\":\"", "A ", "\"}", true},
    {"symbols-array", "{\"text\":\"x\",\"symbols\":[", "\"A\",", "\"B\"]}", true},
    {"python-quotes", "{'text':'", "\"", "'}", true},
    {"python-escapes", "{'text':'", "\\xe9", "'}", true},
    {"python-texts", "{'text':'x','a':[", "'',", "'']}", true},
    {"dynamodb-list", "{\"text\":{\"S\":\"x\"},\"a\":{\"L\":[", "{\"S\":\"a\"},", "{\"S\":\"b\"}]}}", true},
    {"dynamodb-maps", "{\"text\":{\"S\":\"x\"},\"a\":{\"L\":[", "{\"M\":{\"a\":{\"S\":\"b\"}}},",
        "{\"S\":\"b\"}]}}", true},
    {"dynamodb-nested", "", "{\"a\":{\"M\":", "", true},
    {"items-nested", "", "{\"Item\":", "", true},
    {"one-in-one", "", "[{\"data\":", "", true},
    {"time-words", "{\"text\":\"x\",\"ts\":\"", "Monday ", "\"}", true},
    {"time-places", "{\"text\":\"x\",\"ts\":\"", "America/New_York ", "\"}", true},
    {"time-array", "{\"text\":\"x\",\"ts\":[", "1,", "1]}", true},
    {"time-digits", "{\"text\":\"x\",\"ts\":\"", "1", "\"}", true},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void must_say(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "bench_worst: %s\n", what);
    exit(1);
}

/* So many bytes of a kind, whole units. */
static struct tw_text made(const struct kind *kind, size_t bytes)
{
    size_t before = strlen(kind->before), unit = strlen(kind->unit), after = strlen(kind->after);
    char *text = malloc(bytes + before + unit + after);
    size_t used = before;
    must_say(text != NULL, "no memory");
    memcpy(text, kind->before, before);
    for (; used < bytes; used += unit)
        memcpy(text + used, kind->unit, unit);
    memcpy(text + used, kind->after, after);
    return (struct tw_text){text, used + after};
}

static double run_text(struct tw_text text, const struct tw_automaton *entities, struct tw_arena *arena)
{
    struct tw_error err;
    struct tw_document cleaned = {.body = text, .title = {"", 0}}, raw = {.text = text};
    double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must_say(tw_clean(&cleaned, arena, &err) && tw_link(entities, true, &cleaned, arena, &err) &&
                 tw_link(entities, false, &raw, arena, &err),
        "the arena is full");
    return seconds_of(CLOCK_THREAD_CPUTIME_ID) - began;
}

static double run_message(struct tw_text payload, struct tw_arena *arena)
{
    struct tw_error err;
    struct tw_document document;
    struct tw_decode_options options = tw_decode_defaults();
    struct tw_message message = {
        .payload = payload, .stamp_us = INT64_C(1700000000000000), .has_value = true};
    options.max_payload_bytes = payload.length + 1;
    double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must_say(tw_decode(&options, &message, arena, &document, &err), "the arena is full");
    return seconds_of(CLOCK_THREAD_CPUTIME_ID) - began;
}

/* In a process of its own: seconds and peak bytes. */
static bool measure(const struct kind *kind, size_t bytes, double *seconds, double *peak)
{
    int ends[2];
    must_say(pipe(ends) == 0, "no pipe");
    pid_t child = fork();
    must_say(child >= 0, "no process");
    if (child == 0) {
        struct tw_arena arena;
        struct tw_automaton *entities = NULL;
        struct tw_error err;
        must_say(tw_arena_begin(&arena, bytes * JSON_BYTES, &err) &&
                     tw_entities_parse("e", tw_text_of(entities_file), &entities, &err),
            "no memory");
        struct tw_text text = made(kind, bytes);
        double took = kind->message ? run_message(text, &arena) : run_text(text, entities, &arena);
        _exit(write(ends[1], &took, sizeof took) == (ssize_t)sizeof took ? 0 : 1);
    }
    struct rusage usage;
    int status;
    close(ends[1]);
    bool done = read(ends[0], seconds, sizeof *seconds) == (ssize_t)sizeof *seconds;
    close(ends[0]);
    done = wait4(child, &status, 0, &usage) == child && done && status == 0;
    *peak = (double)usage.ru_maxrss * 1024;
    return done;
}

/* A gzip of zeros: it must end at the limit, whatever it would open to. */
static bool open_bomb(void)
{
    size_t opened = (size_t)100 * MEGABYTE, room = opened / 100;
    char *zeros = calloc(1, opened), *packed = malloc(room);
    must_say(zeros && packed, "no memory");
    z_stream stream = {.next_in = (Bytef *)zeros,
        .avail_in = (uInt)opened,
        .next_out = (Bytef *)packed,
        .avail_out = (uInt)room};
    must_say(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
                 deflate(&stream, Z_FINISH) == Z_STREAM_END,
        "zlib does not compress");
    struct tw_text payload = {packed, room - stream.avail_out};
    deflateEnd(&stream);
    free(zeros);
    struct tw_arena arena;
    struct tw_error err;
    struct tw_document document;
    const struct tw_decode_options options = tw_decode_defaults();
    struct tw_message message = {
        .payload = payload, .stamp_us = INT64_C(1700000000000000), .has_value = true};
    must_say(tw_arena_begin(&arena, (size_t)64 * MEGABYTE, &err), "no memory");
    double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    bool decoded = tw_decode(&options, &message, &arena, &document, &err);
    double took = seconds_of(CLOCK_THREAD_CPUTIME_ID) - began;
    bool bounded =
        decoded && document.fate == TW_FATE_DEAD_LETTER && arena.highest <= 2 * options.max_payload_bytes;
    printf("%-22s %9.3f s, %.1f MB of arena, %zu bytes that open to %zu  %s\n", "gzip-bomb", took,
        (double)arena.highest / MEGABYTE, payload.length, opened, bounded ? "" : "NOT BOUNDED");
    tw_arena_end(&arena);
    free(packed);
    return bounded;
}

static bool try_kind(const struct kind *kind, size_t bytes)
{
    double seconds[2] = {0}, peak[2] = {0};
    for (int size = 0; size < 2; size++)
        if (!measure(kind, size ? bytes * 10 : bytes, &seconds[size], &peak[size])) {
            printf("%-22s died\n", kind->name);
            return false;
        }
    double each = (peak[1] - peak[0]) / (double)(9 * bytes);
    /* Short times are noise. */
    bool linear = seconds[1] <= MOST_RATIO * seconds[0] || seconds[1] < 0.2;
    bool bounded = each <= (kind->message ? JSON_BYTES : TEXT_BYTES);
    printf("%-22s %9.3f %9.3f %8.1f %9.1f %9.1f %7.1f  %s%s\n", kind->name, seconds[0], seconds[1],
        seconds[1] > 0 ? (double)bytes * 10 / MEGABYTE / seconds[1] : 0.0, peak[0] / MEGABYTE,
        peak[1] / MEGABYTE, each, linear ? "" : "NOT LINEAR ", bounded ? "" : "NOT BOUNDED");
    fflush(stdout);
    return linear && bounded;
}

static bool is_wanted(const char *name, int count, char **names)
{
    for (int at = 0; at < count; at++)
        if (strcmp(names[at], name) == 0)
            return true;
    return count == 0;
}

int main(int argc, char **argv)
{
    size_t megabytes = 10;
    int option;
    while ((option = getopt(argc, argv, "s:")) != -1) {
        if (option != 's')
            return 2;
        megabytes = strtoul(optarg, NULL, 10);
    }
    must_say(megabytes >= 1 && megabytes <= 100, "1 to 100 MB");
    printf("%-22s %6zu MB %6zu MB %8s %6zu MB %6zu MB %7s\n", "kind", megabytes, 10 * megabytes, "MB/s",
        megabytes, 10 * megabytes, "B/byte");
    bool all = true;
    for (size_t kind = 0; kind < KINDS; kind++)
        if (is_wanted(kinds[kind].name, argc - optind, argv + optind))
            all = try_kind(&kinds[kind], megabytes * MEGABYTE) && all;
    if (is_wanted("gzip-bomb", argc - optind, argv + optind))
        all = open_bomb() && all;
    printf("%s\n", all ? "all linear and bounded" : "not all are linear and bounded");
    return all ? 0 : 1;
}
