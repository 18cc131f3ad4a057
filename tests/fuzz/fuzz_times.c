/* fuzz_times: any text as a time: what is read can be written and is read as the same again; numbers keep
 * their order and their unit; clocks of time zones go there and back.
 *
 * The first byte chooses unit and zone, the rest is the text; a text of eight bytes is a moment besides. */
#include "promise.h"

#include <jansson.h>

#include "base/arena.h"
#include "read/event_time.h"
#include "timestamps/time_text.h"
#include "timestamps/time_zone.h"
#include "timestamps/time_zones.h"

static const char *const zone_names[] = {
    "UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"};
enum { ZONES = sizeof zone_names / sizeof zone_names[0] };

#define YEAR_10000_US INT64_C(253402300800000000)
#define YEAR_0_US INT64_C(-62167219200000000)

static struct tw_arena arena;
static struct tw_time_zone zones[ZONES];
static struct tw_time_zones named;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct tw_error err;
    promise(tw_arena_begin(&arena, (size_t)16 << 20, &err), "address space is there");
    for (size_t zone = 0; zone < ZONES; zone++)
        promise(tw_time_zone_load(zone_names[zone], &arena, &zones[zone], &err), "tzdata is installed");
    promise(tw_time_zones_load(&arena, &named, &err) && named.count > 400, "all of its zones are read");
    return 0;
}

/* Years outside of 0000 to 9999 are written as numbers, which nobody reads. */
static void go_round(int64_t time_us)
{
    char text[TW_TIME_TEXT_BYTES];
    int64_t again_us;
    struct tw_error err;
    size_t length = tw_time_text(time_us, text);
    promise(length < sizeof text && strlen(text) == length, "a time's text fits");
    if (time_us < YEAR_0_US || time_us >= YEAR_10000_US)
        return;
    promise(tw_time_parse((struct tw_text){text, length}, NULL, &again_us, &err) && again_us == time_us,
        "a time that was written is read as itself");
}

static void check_refusal(const struct tw_error *err)
{
    promise(err->code == TW_REFUSED && err->what[0] && err->where[0] == '\0' &&
                is_utf8_without_nul(tw_text_of(err->what)),
        "a refusal says what, in UTF-8");
}

/* A clock that shows a time twice or not at all moves by the difference of its offsets, at most a day. */
static void check_zone(const struct tw_time_zone *zone, int64_t moment)
{
    int32_t offset = tw_time_zone_offset(zone, moment);
    promise(offset > -86400 && offset < 86400, "an offset is less than a day");
    int64_t back = tw_time_zone_to_utc(zone, moment + offset);
    promise(back == moment || (back < moment && moment - back <= 86400), "a clock is read as it is shown");
    promise(back == moment || tw_time_zone_offset(zone, back) != offset,
        "only a clock that was put back shows a time twice");
}

static void check_text(struct tw_text text, const struct tw_event_time_options *options)
{
    struct tw_error err;
    int64_t time_us, number_us;
    bool doubtful;
    if (tw_time_parse(text, options->clocks, &time_us, &err))
        go_round(time_us);
    else
        check_refusal(&err);
    if (!tw_event_time_of_text(text, options, &number_us, &doubtful, &err)) {
        check_refusal(&err);
        return;
    }
    promise(!doubtful || number_us < INT64_C(631152000000000), "a doubtful time lies before 1990");
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)number_us);
    const struct tw_event_time_options plain = {TW_UNIT_MICROSECONDS, NULL};
    int64_t again_us;
    promise(
        tw_event_time_of_text((struct tw_text){digits, (size_t)length}, &plain, &again_us, &doubtful, &err) &&
            again_us == number_us,
        "microseconds are read as themselves");
    go_round(number_us);
}

static void check_json(struct tw_text text, const struct tw_event_time_options *options)
{
    json_t *value = json_loadb(text.bytes, text.length, JSON_DECODE_ANY, NULL);
    int64_t time_us;
    bool doubtful;
    struct tw_error err;
    if (value && tw_event_time_of(value, options, &time_us, &doubtful, &err) == TW_EVENT_TIME_READ)
        go_round(time_us);
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned choice = take_byte(&input);
    const struct tw_time_zone *zone =
        choice / 5 % (ZONES + 1) == ZONES ? NULL : &zones[choice / 5 % (ZONES + 1)];
    const struct tw_time_clocks clocks = {zone, &named};
    const struct tw_event_time_options options = {(enum tw_time_unit)(choice % 5), &clocks};
    struct tw_text text = own_copy((struct tw_text){(const char *)input.bytes, input.length});
    check_text(text, &options);
    check_json(text, &options);
    int64_t moment;
    if (text.length == sizeof moment) {
        memcpy(&moment, text.bytes, sizeof moment);
        go_round(moment);
        if (zone)
            check_zone(zone, moment % INT64_C(300000000000));
    }
    free((void *)(uintptr_t)text.bytes);
    return 0;
}
