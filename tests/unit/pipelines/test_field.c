/* field: what feeds really send, and what must come of it. A row is a kind of message that was met in the
 * field, written anew and small: the text that people and the model read, the companies found ("SYM",
 * unlisted ones in brackets), the event time. What a kind is refused for stands in the second table.
 *
 * Kinds that are no messages have their tests where they are read: model folders in tests/hostile/model and
 * tokenizer/test_added, files of records in files/test_json_records and examples/test_annotations, `check` in
 * tests/hostile/config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clean/clean.h"
#include "link/link.h"
#include "read/decode.h"
#include "read/json_memory.h"
#include "timestamps/time_text.h"
#include "timestamps/time_zone.h"

#define STAMP_US INT64_C(1717000000000000) /* 2024-05-29T16:26:40Z: later than all times below */
#define AT "2024-05-28T12:40:00Z"

static struct tw_arena arena;
static struct tw_automaton *entities;
static struct tw_decode_options options;

static const char file[] = "\uFEFF{\"symbol\":\"HLDN\",\"names\":[\"Halden Works\",\"Halden\"]}\r\n"
                           "{\"symbol\":\"HLDN.B\",\"aliases\":[\"Halden Class B\"]}\r\n"
                           "{\"symbol\":\"TRSK\",\"names\":[\"Tresk-Moll\",\"Tresk\"]}\n"
                           "{\"symbol\":\"LUNE\",\"names\":[\"L'Un\u00E9a\"]}\n"
                           "{\"symbol\":\"PQ\",\"names\":[\"P&Q Foods\",\"PQ\"]}\n"
                           "{\"symbol\":\"8801.T\",\"names\":[\"\u30DF\u30EC\u30AB\"]}\n"
                           "{\"symbol\":\"8802.KS\",\"names\":[\"\uB3D9\uD574\uC804\uAE30\"]}\n";

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    tw_json_memory_install();
    options = tw_decode_defaults();
    return tw_arena_begin(&arena, (size_t)64 << 20, &err) &&
                   tw_entities_parse("e.jsonl", tw_text_of(file), &entities, &err)
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    tw_entities_free(entities);
    tw_arena_end(&arena);
    return 0;
}

static struct tw_document decoded(const char *message, size_t length)
{
    struct tw_error err;
    struct tw_document document;
    struct tw_message *record = tw_arena_take(&arena, sizeof *record);
    assert_non_null(record);
    *record = (struct tw_message){
        .payload = {message, length}, .has_value = true, .stamp_us = STAMP_US, .offset = 1};
    if (!tw_decode(&options, record, &arena, &document, &err))
        fail_msg("%s: %s", err.where, err.what);
    return document;
}

static void list_entities(const struct tw_document *document, char *line, size_t size)
{
    size_t used = 0;
    line[0] = '\0';
    for (uint32_t at = 0; at < document->entity_count; at++) {
        const struct tw_linked_entity *entity = &document->entities[at];
        used += (size_t)snprintf(line + used, size - used, entity->listed ? "%s%.*s" : "%s[%.*s]",
            at ? " " : "", (int)entity->symbol.length, entity->symbol.bytes);
    }
}

struct usable {
    const char *kind, *message, *text, *entities, *time; /* time NULL: the record's stamp */
};

static const struct usable usable[] = {
    /* optional fields of another type */
    {"source is an object", "{\"source\":{\"id\":null,\"name\":\"W\"},\"title\":\"up\"}", "up", "", NULL},
    {"language is a list", "{\"lang\":[\"en\"],\"source\":7,\"text\":\"up\"}", "up", "", NULL},
    {"symbols hold null", "{\"symbols\":[\"HLDN\",null],\"text\":\"up\"}", "up", "HLDN", NULL},
    {"an empty body hides the text", "{\"body\":\"\",\"text\":\"up\"}", "up", "", NULL},
    {"a tweet's entities", "{\"text\":\"$HLDN up\",\"entities\":{\"symbols\":[{\"text\":\"HLDN\"}]}}",
        "$HLDN up", "HLDN", NULL},
    {"an id as an object", "{\"id\":{\"$oid\":\"65\"},\"text\":\"up\"}", "up", "", NULL},
    {"a headline in parts", "{\"headline\":{\"main\":\"up\",\"kicker\":null}}", "up", "", NULL},
    {"CDATA turned into JSON", "{\"title\":{\"#cdata-section\":\"up\"}}", "up", "", NULL},
    {"paragraphs as objects",
        "{\"body\":[{\"type\":\"p\",\"text\":\"up\"},{\"type\":\"p\",\"text\":\"down\"}]}", "up down", "",
        NULL},
    {"a text by language", "{\"text\":{\"en\":\"up\",\"de\":\"auf\"}}", "up", "", NULL},
    {"symbols in a list in a list", "{\"symbols\":[[\"HLDN\",\"TRSK\"]],\"text\":\"up\"}", "up", "HLDN TRSK",
        NULL},
    {"PostgreSQL's array", "{\"symbols\":\"{HLDN,TRSK}\",\"text\":\"up\"}", "up", "HLDN TRSK", NULL},
    {"NaN where nobody reads", "{\"score\":NaN,\"n\":Infinity,\"text\":\"up\"}", "up", "", NULL},
    {"a number too large", "{\"big\":123456789012345678901234567890,\"text\":\"up\"}", "up", "", NULL},
    {"the same key twice", "{\"x\":1,\"x\":2,\"text\":\"up\"}", "up", "", NULL},
    /* envelopes and framings */
    {"Connect", "{\"schema\":{\"type\":\"struct\"},\"payload\":{\"text\":\"up\"}}", "up", "", NULL},
    {"Debezium", "{\"op\":\"c\",\"before\":null,\"after\":{\"text\":\"up\"},\"source\":{\"db\":\"n\"}}", "up",
        "", NULL},
    {"CloudEvents",
        "{\"specversion\":\"1.0\",\"type\":\"n\",\"source\":\"/w\",\"id\":\"1\",\"data\":{\"text\":\"up\"}}",
        "up", "", NULL},
    {"Connect around a text", "{\"schema\":{\"type\":\"string\"},\"payload\":\"{\\\"text\\\":\\\"up\\\"}\"}",
        "up", "", NULL},
    {"Debezium's MongoDB",
        "{\"after\":\"{\\\"_id\\\":{\\\"$oid\\\":\\\"65\\\"},\\\"text\\\":\\\"up\\\"}\",\"op\":\"c\","
        "\"ts_ms\":1716900000001,\"source\":{\"connector\":\"mongodb\"}}",
        "up", "", NULL},
    {"a change event without envelope", "{\"text\":\"up\",\"__op\":\"c\",\"__deleted\":\"false\"}", "up", "",
        NULL},
    {"CloudEvents in base64",
        "{\"specversion\":\"1.0\",\"type\":\"n\",\"source\":\"/w\",\"id\":\"1\","
        "\"time\":\"2024-05-28T12:40:00Z\",\"data_base64\":\"eyJ0ZXh0IjoidXAifQ==\"}",
        "up", "", AT},
    {"JSON written twice", "\"{\\\"text\\\":\\\"up\\\",\\\"ts\\\":1716900000}\"", "up", "", AT},
    {"a byte order mark", "\uFEFF{\"text\":\"up\"}", "up", "", NULL},
    /* what queues, streams and feeds put around a message, and call its fields */
    {"DynamoDB's stream by Lambda",
        "{\"Records\":[{\"eventID\":\"1\",\"eventName\":\"INSERT\",\"eventSource\":\"aws:dynamodb\",\"dynamodb\":"
        "{\"Keys\":{\"id\":{\"S\":\"a\"}},\"NewImage\":{\"id\":{\"S\":\"a\"},\"text\":{\"S\":\"up\"},\"ts\":{\"N\":"
        "\"1716900000\"},\"symbols\":{\"SS\":[\"HLDN\",\"TRSK\"]}}}}]}",
        "up", "HLDN TRSK", AT},
    {"DynamoDB's stream by Kinesis",
        "{\"awsRegion\":\"e\",\"eventName\":\"MODIFY\",\"dynamodb\":{\"ApproximateCreationDateTime\":1716900000000,"
        "\"NewImage\":{\"title\":{\"S\":\"up\"},\"hot\":{\"BOOL\":false},\"body\":{\"NULL\":true},\"tickers\":{\"L\":"
        "[{\"S\":\"HLDN\"},{\"M\":{\"symbol\":{\"S\":\"TRSK\"}}}]}},\"OldImage\":{\"title\":{\"S\":\"old\"}}}}",
        "up", "HLDN TRSK", AT},
    {"DynamoDB's export",
        "{\"Item\":{\"id\":{\"S\":\"a\"},\"body\":{\"L\":[{\"S\":\"up\"},{\"S\":\"down\"}]}}}", "up down", "",
        NULL},
    {"a DynamoDB item alone", "{\"text\":{\"S\":\"up\"},\"ts\":{\"N\":\"1716900000\"}}", "up", "", AT},
    {"a frame of one message",
        "[{\"T\":\"n\",\"headline\":\"up\",\"created_at\":1716900000,\"symbols\":[\"HLDN\"]}]", "up", "HLDN",
        AT},
    {"Finnhub's frame",
        "{\"type\":\"news\",\"data\":[{\"headline\":\"up\",\"datetime\":1716900000,\"related\":\"HLDN\"}]}",
        "up", "HLDN", AT},
    {"a page with one article",
        "{\"status\":\"ok\",\"totalResults\":1,\"articles\":[{\"title\":\"up\",\"publishedAt\":"
        "\"2024-05-28T12:40:00Z\"}]}",
        "up", "", AT},
    {"NewsML in JSON", "{\"newsItem\":{\"headline\":\"up\",\"versionCreated\":\"2024-05-28T12:40:00Z\"}}",
        "up", "", AT},
    {"Java's instant", "{\"text\":\"up\",\"ts\":{\"epochSecond\":1716900000,\"nano\":0}}", "up", "", AT},
    {"PHP's DateTime",
        "{\"text\":\"up\",\"ts\":{\"date\":\"2024-05-28 12:40:00.000000\",\"timezone_type\":3,\"timezone\":\"UTC\"}}",
        "up", "", AT},
    {"a calendar's time",
        "{\"text\":\"up\",\"ts\":{\"dateTime\":\"2024-05-28T12:40:00.0000000\",\"timeZone\":\"UTC\"}}", "up",
        "", AT},
    {"a spreadsheet's number", "{\"text\":\"up\",\"ts\":\"1.7169E9\"}", "up", "", AT},
    {"a Python dict", "{'text': 'up', 'ts': 1716900000, 'hot': True, 'lang': None}", "up", "", AT},
    {"SNS",
        "{\"Type\":\"Notification\",\"MessageId\":\"2d\",\"Message\":\"{\\\"text\\\":\\\"up\\\",\\\"ts\\\":1716900000}\",\"Timestamp\":\"2024-05-28T12:41:00.000Z\"}",
        "up", "", AT},
    {"SNS with words",
        "{\"Type\":\"Notification\",\"Subject\":\"up\",\"Message\":\"and down\",\"Timestamp\":\"2024-05-28T12:40:00.000Z\"}",
        "up and down", "", AT},
    {"SQS",
        "{\"messageId\":\"05\",\"receiptHandle\":\"AQ\",\"body\":\"{\\\"text\\\":\\\"up\\\",\\\"ts\\\":1716900000}\",\"eventSource\":\"aws:sqs\"}",
        "up", "", AT},
    {"SNS through SQS, as its API writes it",
        "{\"MessageId\":\"05\",\"ReceiptHandle\":\"AQ\",\"Body\":\"{\\\"Type\\\":\\\"Notification\\\",\\\"Message\\\":\\\"{\\\\\\\"text\\\\\\\":\\\\\\\"up\\\\\\\",\\\\\\\"ts\\\\\\\":1716900000}\\\"}\"}",
        "up", "", AT},
    {"Lambda's record of SQS",
        "{\"Records\":[{\"messageId\":\"05\",\"body\":\"{\\\"text\\\":\\\"up\\\",\\\"ts\\\":1716900000}\",\"eventSource\":\"aws:sqs\"}]}",
        "up", "", AT},
    {"Lambda's record of Kinesis",
        "{\"Records\":[{\"kinesis\":{\"sequenceNumber\":\"1\",\"data\":\"eyJ0ZXh0IjoidXAiLCJ0cyI6MTcxNjkwMDAwMH0=\"},\"eventSource\":\"aws:kinesis\"}]}",
        "up", "", AT},
    {"Kinesis",
        "{\"SequenceNumber\":\"1\",\"Data\":\"eyJ0ZXh0IjoidXAiLCJ0cyI6MTcxNjkwMDAwMH0=\",\"PartitionKey\":\"p\"}",
        "up", "", AT},
    {"Firehose", "{\"recordId\":\"1\",\"data\":\"eyJ0ZXh0IjoidXAiLCJ0cyI6MTcxNjkwMDAwMH0=\"}", "up", "", AT},
    {"Pub/Sub's push",
        "{\"message\":{\"attributes\":{\"k\":\"v\"},\"data\":\"eyJ0ZXh0IjoidXAiLCJ0cyI6MTcxNjkwMDAwMH0=\",\"messageId\":\"1\"},\"subscription\":\"projects/p\"}",
        "up", "", AT},
    {"Pub/Sub with words",
        "{\"message\":{\"data\":\"dXAgYW5kIGRvd24=\",\"messageId\":\"1\",\"publishTime\":\"2024-05-28T12:40:00Z\"}}",
        "up and down", "", AT},
    {"EventBridge",
        "{\"version\":\"0\",\"id\":\"5\",\"detail-type\":\"N\",\"source\":\"w\",\"time\":\"2024-05-28T12:40:00Z\",\"detail\":{\"headline\":\"up\"}}",
        "up", "", AT},
    {"EventGrid",
        "{\"id\":\"1\",\"eventType\":\"n\",\"eventTime\":\"2024-05-28T12:40:00Z\",\"data\":{\"headline\":\"up\"}}",
        "up", "", AT},
    {"CloudEvents with words",
        "{\"specversion\":\"1.0\",\"type\":\"n\",\"source\":\"/w\",\"id\":\"1\",\"time\":\"2024-05-28T12:40:00Z\",\"data\":\"up and down\"}",
        "up and down", "", AT},
    {"CloudEvents 0.3",
        "{\"specversion\":\"0.3\",\"type\":\"n\",\"source\":\"/w\",\"id\":\"1\",\"datacontentencoding\":\"base64\",\"data\":\"eyJ0ZXh0IjoidXAiLCJ0cyI6MTcxNjkwMDAwMH0=\"}",
        "up", "", AT},
    {"a text deeper in a CloudEvent",
        "{\"specversion\":\"1.0\",\"type\":\"n\",\"source\":\"/w\",\"id\":\"1\",\"time\":\"2024-05-28T12:40:00Z\",\"data\":{\"article\":{\"title\":\"up\"}}}",
        "up", "", AT},
    {"Connect without schema", "{\"payload\":{\"text\":\"up\",\"ts\":1716900000}}", "up", "", AT},
    {"Kafka's REST proxy", "{\"key\":\"k\",\"value\":{\"text\":\"up\",\"ts\":1716900000}}", "up", "", AT},
    {"Maxwell",
        "{\"database\":\"n\",\"table\":\"a\",\"type\":\"insert\",\"ts\":1716900005,\"data\":{\"text\":\"up\",\"ts\":1716900000}}",
        "up", "", AT},
    {"Canal",
        "{\"data\":[{\"text\":\"up\",\"ts\":\"1716900000\"}],\"database\":\"n\",\"table\":\"a\",\"type\":\"INSERT\"}",
        "up", "", AT},
    {"GoldenGate", "{\"table\":\"N.A\",\"op_type\":\"I\",\"after\":{\"text\":\"up\",\"ts\":1716900000}}",
        "up", "", AT},
    {"MongoDB's change stream",
        "{\"operationType\":\"insert\",\"fullDocument\":{\"text\":\"up\",\"ts\":{\"$date\":1716900000000}}}",
        "up", "", AT},
    {"Elasticsearch",
        "{\"_index\":\"n\",\"_id\":\"1\",\"_source\":{\"title\":\"up\",\"@timestamp\":\"2024-05-28T12:40:00Z\"}}",
        "up", "", AT},
    {"Logstash",
        "{\"@timestamp\":\"2024-05-28T12:40:00.000Z\",\"@version\":\"1\",\"message\":\"up and down\"}",
        "up and down", "", AT},
    {"Twitter's second interface",
        "{\"data\":{\"id\":\"1\",\"text\":\"$HLDN up\",\"created_at\":\"2024-05-28T12:40:00.000Z\"},\"includes\":{\"users\":[{\"name\":\"Tresk\"}]}}",
        "$HLDN up", "HLDN", AT},
    {"Twitter's first, long",
        "{\"created_at\":\"Tue May 28 12:40:00 +0000 2024\",\"id\":1,\"full_text\":\"$HLDN up\"}", "$HLDN up",
        "HLDN", AT},
    {"Twitter's first, cut",
        "{\"created_at\":\"Tue May 28 12:40:00 +0000 2024\",\"id\":1,\"text\":\"$HLDN up…\",\"truncated\":true,\"lang\":\"en\",\"extended_tweet\":{\"full_text\":\"$HLDN up, $TRSK too\"}}",
        "$HLDN up, $TRSK too", "HLDN TRSK", AT},
    {"Telegram",
        "{\"update_id\":1,\"channel_post\":{\"chat\":{\"title\":\"Tresk fans\"},\"date\":1716900000,\"text\":\"up\"}}",
        "up", "", AT},
    {"Reddit",
        "{\"kind\":\"t3\",\"data\":{\"title\":\"up\",\"selftext\":\"down\",\"created_utc\":1716900000.0}}",
        "up down", "", AT},
    {"a quotes service's socket",
        "{\"kind\":\"News/v1\",\"data\":{\"action\":\"Created\",\"content\":{\"title\":\"up\",\"created_at\":\"2024-05-28T12:40:00Z\"}}}",
        "up", "", AT},
    {"a service's answer",
        "{\"data\":{\"article\":{\"title\":\"up\",\"publishedAt\":\"2024-05-28T12:40:00Z\"}}}", "up", "", AT},
    {"datetime and summary",
        "{\"datetime\":1716900000,\"headline\":\"up\",\"summary\":\"down\",\"related\":\"HLDN\"}", "up down",
        "HLDN", AT},
    {"published_utc and description",
        "{\"title\":\"up\",\"published_utc\":\"2024-05-28T12:40:00Z\",\"tickers\":[\"HLDN\"],\"description\":\"down\"}",
        "up down", "HLDN", AT},
    {"symbol and publishedDate",
        "{\"symbol\":\"HLDN\",\"publishedDate\":\"2024-05-28T12:40:00.000Z\",\"title\":\"up\"}", "up", "HLDN",
        AT},
    {"stocks and created",
        "{\"created\":\"Tue, 28 May 2024 08:40:00 -0400\",\"title\":\"up\",\"stocks\":[{\"name\":\"HLDN\"}]}",
        "up", "HLDN", AT},
    {"pubDate in lists", "{\"title\":[\"up\"],\"pubDate\":[\"Tue, 28 May 2024 12:40:00 GMT\"]}", "up", "",
        AT},
    {"a date without a clock", "{\"title\":\"up\",\"date\":\"2024-05-28\"}", "up", "", NULL},
    {"no time, in words", "{\"text\":\"up\",\"ts\":\"N/A\",\"time\":\"2024-05-28T12:40:00Z\"}", "up", "", AT},
    {"the day zero", "{\"text\":\"up\",\"ts\":\"0000-00-00 00:00:00\"}", "up", "", NULL},
    {"Avro's JSON", "{\"text\":{\"string\":\"up\"},\"ts\":{\"long\":1716900000000}}", "up", "", AT},
    {"a comma too many and a comment", "{\"text\":\"up\",/* y */\"x\":[1,2,],}", "up", "", NULL},
    /* times */
    {"an epoch as text", "{\"ts\":\"1716900000000\",\"text\":\"up\"}", "up", "", AT},
    {"an epoch with a fraction", "{\"ts\":1716900000.0,\"text\":\"up\"}", "up", "", AT},
    {"seconds", "{\"ts\":1716900000,\"text\":\"up\"}", "up", "", AT},
    {"nanoseconds", "{\"ts\":1716900000000000000,\"text\":\"up\"}", "up", "", AT},
    {"an RFC 822 date", "{\"ts\":\"Tue, 28 May 2024 12:40:00 GMT\",\"text\":\"up\"}", "up", "", AT},
    {"one without weekday and seconds", "{\"ts\":\"28 May 2024 12:40 +0000\",\"text\":\"up\"}", "up", "", AT},
    {"no seconds", "{\"ts\":\"2024-05-28T12:40Z\",\"text\":\"up\"}", "up", "", AT},
    {"an offset without colon", "{\"ts\":\"2024-05-28T14:40:00+0200\",\"text\":\"up\"}", "up", "", AT},
    {"a comma before the fraction", "{\"ts\":\"2024-05-28 12:40:00,000Z\",\"text\":\"up\"}", "up", "", AT},
    {"MongoDB's date", "{\"ts\":{\"$date\":\"2024-05-28T12:40:00Z\"},\"text\":\"up\"}", "up", "", AT},
    {"MongoDB's number", "{\"ts\":{\"$date\":{\"$numberLong\":\"1716900000000\"}},\"text\":\"up\"}", "up", "",
        AT},
    {".NET's date", "{\"ts\":\"/Date(1716900000000+0200)/\",\"text\":\"up\"}", "up", "", AT},
    {"a zone's name in a comment", "{\"ts\":\"28 May 2024 12:40:00 +0000 (UTC)\",\"text\":\"up\"}", "up", "",
        AT},
    {"Europe's summer time", "{\"ts\":\"Tue, 28 May 2024 14:40:00 CEST\",\"text\":\"up\"}", "up", "", AT},
    /* the same symbol in another spelling, and what is none */
    {"a cashtag cut off", "{\"text\":\"chart of $HLDN $TRS\u2026\"}", "chart of $HLDN $TRS\u2026", "HLDN",
        NULL},
    {"one cut off by dots", "{\"text\":\"chart of $TRSK $S...\"}", "chart of $TRSK $S...", "TRSK", NULL},
    {"small letters", "{\"text\":\"$hldn and $Trsk fall, $nobody too\"}", "$hldn and $Trsk fall, $nobody too",
        "HLDN TRSK", NULL},
    {"another dollar", "{\"text\":\"\uFF04HLDN and \uFE69TRSK\"}", "\uFF04HLDN and \uFE69TRSK", "HLDN TRSK",
        NULL},
    {"a class behind a mark", "{\"text\":\"$HLDN-B $HLDN/B $HLDN_B\"}", "$HLDN-B $HLDN/B $HLDN_B", "HLDN.B",
        NULL},
    {"a class of nobody's", "{\"text\":\"$HLDN-N $HLDN/L\"}", "$HLDN-N $HLDN/L", "[HLDN.L] [HLDN.N]", NULL},
    {"money", "{\"text\":\"$MM, $BN, $5, US$HLDN, C$5, HK$1.2bn\"}", "$MM, $BN, $5, US$HLDN, C$5, HK$1.2bn",
        "", NULL},
    {"a Reuters code beside the name", "{\"text\":\"Halden Works <HLDN.N> cuts\"}",
        "Halden Works <HLDN.N> cuts", "HLDN", NULL},
    {"a terminal's symbol", "{\"symbols\":[\"HLDN US Equity\",\"#TRSK\"],\"text\":\"up\"}", "up", "HLDN TRSK",
        NULL},
    {"symbols in one text", "{\"symbols\":\"HLDN;TRSK\",\"text\":\"up\"}", "up", "HLDN TRSK", NULL},
    {"an exchange before", "{\"symbols\":[\"NYSE:HLDN\"],\"text\":\"( NASDAQ:TRSK ) up\"}",
        "( NASDAQ:TRSK ) up", "HLDN TRSK", NULL},
    {"an exchange and a class", "{\"text\":\"(NYSE: HLDN-B) up\"}", "(NYSE: HLDN-B) up", "HLDN.B", NULL},
    {"part of another name", "{\"text\":\"PQ-B, M&PQ and ir@halden.com\"}", "PQ-B, M&PQ and ir@halden.com",
        "", NULL},
    /* names in another spelling */
    {"apostrophes", "{\"text\":\"L\u2019Un\u00E9a, L\u02BCUn\u00E9a\"}", "L\u2019Un\u00E9a, L\u02BCUn\u00E9a",
        "LUNE", NULL},
    {"hyphens and dashes", "{\"text\":\"Tresk\u2011Moll, Tresk\u2013Moll\"}",
        "Tresk\u2011Moll, Tresk\u2013Moll", "TRSK", NULL},
    {"full width", "{\"text\":\"\uFF28\uFF41\uFF4C\uFF44\uFF45\uFF4E\"}",
        "\uFF28\uFF41\uFF4C\uFF44\uFF45\uFF4E", "HLDN", NULL},
    {"a joiner inside", "{\"text\":\"Hal\u200Dden up\"}", "Hal\u200Dden up", "HLDN", NULL},
    {"accents apart", "{\"text\":\"L'Une\u0301a up\"}", "L'Une\u0301a up", "LUNE", NULL},
    {"a trade mark", "{\"text\":\"Halden\u2122 Works\u00AE up\"}", "Halden\u2122 Works\u00AE up", "HLDN",
        NULL},
    {"Korean particles", "{\"text\":\"\uB3D9\uD574\uC804\uAE30\uB294\"}", "\uB3D9\uD574\uC804\uAE30\uB294",
        "8802.KS", NULL},
    {"inside of Japanese", "{\"text\":\"\u65E5\u672C\u306E\u30DF\u30EC\u30AB\u306F\"}",
        "\u65E5\u672C\u306E\u30DF\u30EC\u30AB\u306F", "8801.T", NULL},
    /* markup */
    {"an attribute without value",
        "{\"text\":\"<table><tr><td nowrap>a</td><td nowrap>b</td></tr></table>\"}", "a b", "", NULL},
    {"CDATA", "{\"text\":\"<![CDATA[a b]]>\"}", "a b", "", NULL},
    {"markup escaped once too often", "{\"text\":\"&lt;p&gt;a&lt;/p&gt; b &amp;#x27;c\"}", "a b 'c", "",
        NULL},
    {"Office's tags", "{\"text\":\"<o:p>a</o:p> <media:content url='x'/>b\"}", "a b", "", NULL},
    {"a reference without semicolon", "{\"text\":\"a&nbsp b\"}", "a b", "", NULL},
    {"a script that is async", "{\"text\":\"a<script async>var x = 'b';</script> c\"}", "a c", "", NULL},
    {"a terminal's codes", "{\"text\":\"\\u001b[31ma\\u001b[0m b\"}", "a b", "", NULL},
    {"addresses without scheme", "{\"text\":\"a pic.twitter.com/AbCd b bit.ly/x1\"}", "a b", "", NULL},
    {"fillers", "{\"text\":\"a\u2800\u3164b\"}", "a b", "", NULL},
    /* encodings */
    {"a control that is windows-1252", "{\"text\":\"Halden\xC2\x92s a \xC2\x96 b\"}",
        "Halden\u2019s a \u2013 b", "HLDN", NULL},
    {"UTF-8 read as Latin-1", "{\"text\":\"Halden\u00E2\xC2\x80\xC2\x99s a\"}", "Halden\u2019s a", "HLDN",
        NULL},
    {"UTF-8 misread twice", "{\"text\":\"Halden\u00C3\u00A2\u00E2\u201A\u00AC\u00E2\u201E\u00A2s a\"}",
        "Halden\u2019s a", "HLDN", NULL},
};

/* Vendors, queues, logs and tables of characters that were tried later. */
static const struct usable usable_too[] = {
    {"symbols under numbers", "{\"symbols\":{\"0\":\"HLDN\",\"1\":\"TRSK\"},\"text\":\"up\"}", "up",
        "HLDN TRSK", NULL},
    {"symbols by their part", "{\"symbols\":{\"primary\":[\"HLDN\"],\"others\":[\"TRSK\"]},\"text\":\"up\"}",
        "up", "HLDN TRSK", NULL},
    {"symbols with weights", "{\"symbols\":{\"HLDN\":0.9,\"count\":2},\"text\":\"up\"}", "up", "HLDN", NULL},
    {"symbols of companies", "{\"symbols\":[{\"company\":{\"ticker\":\"HLDN\"}}],\"text\":\"up\"}", "up",
        "HLDN", NULL},
    {"related symbols", "{\"headline\":\"up\",\"summary\":\"\",\"related\":\"HLDN,TRSK\"}", "up", "HLDN TRSK",
        NULL},
    {"calls of a shell",
        "{\"_id\":ObjectId(\"65\"),\"ts\":ISODate(\"2024-05-28T12:40:00Z\"),\"n\":NumberLong(5),\"text\":\"up\"}",
        "up", "", AT},
    {"calls of Python", "{'text': 'up', 'price': Decimal('1.2'), 'seen': datetime.datetime(2024, 5, 28)}",
        "up", "", NULL},
    {"names without quotes", "{text:\"up\",lang:\"en\"}", "up", "", NULL},
    {"comments to a line's end", "{\"text\":\"up\", // words\012\"x\":1}", "up", "", NULL},
    {"escapes of bytes", "{\"text\":\"caf\\xe9\"}", "caf\303\251", "", NULL},
    {"Bluesky",
        "{\"did\":\"d\",\"time_us\":1,\"commit\":{\"operation\":\"create\",\"record\":{\"text\":\"up\"}}}",
        "up", "", NULL},
    {"Airbyte", "{\"_airbyte_ab_id\":\"x\",\"_airbyte_data\":{\"text\":\"up\"}}", "up", "", NULL},
    {"Segment", "{\"type\":\"track\",\"properties\":{\"text\":\"up\"}}", "up", "", NULL},
    {"JSON:API", "{\"data\":{\"type\":\"articles\",\"id\":\"1\",\"attributes\":{\"title\":\"up\"}}}", "up",
        "", NULL},
    {"Hasura",
        "{\"event\":{\"op\":\"INSERT\",\"data\":{\"old\":null,\"new\":{\"text\":\"up\"}}},\"table\":{\"name\":\"news\"}}",
        "up", "", NULL},
    {"Supabase", "{\"type\":\"INSERT\",\"table\":\"news\",\"record\":{\"text\":\"up\"},\"old_record\":null}",
        "up", "", NULL},
    {"Discord", "{\"t\":\"MESSAGE_CREATE\",\"op\":0,\"d\":{\"content\":\"up\"}}", "up", "", NULL},
    {"Slack", "{\"type\":\"event_callback\",\"event\":{\"type\":\"message\",\"text\":\"up\"}}", "up", "",
        NULL},
    {"a socket's subscription",
        "{\"jsonrpc\":\"2.0\",\"params\":{\"subscription\":1,\"result\":{\"text\":\"up\"}}}", "up", "", NULL},
    {"a log line of a container", "{\"log\":\"{\\\"text\\\":\\\"up\\\"}\\n\",\"stream\":\"stdout\"}", "up",
        "", NULL},
    {"CloudEvents with a list of one",
        "{\"specversion\":\"1.0\",\"type\":\"n\",\"source\":\"/w\",\"id\":\"1\",\"data\":[{\"text\":\"up\"}]}",
        "up", "", NULL},
    {"a region behind a hyphen", "{\"symbols\":[\"HLDN-US\",\"8801-JP\"],\"text\":\"up\"}", "up",
        "8801.T HLDN", NULL},
    {"a label in place of an exchange", "{\"text\":\"up (Ticker: HLDN), Symbol: TRSK\"}",
        "up (Ticker: HLDN), Symbol: TRSK", "HLDN TRSK", NULL},
    {"escapes of JSON made twice",
        "{\"text\":\"\\\\u003cp\\\\u003eit\\\\u2019s up\\\\u003c/p\\\\u003e\\\\nSo \\\\ud83d\\\\ude00\"}",
        "it\342\200\231s up So \360\237\230\200", "", NULL},
    {"a folder is no line's end", "{\"text\":\"C:\\\\new\\\\table up\"}", "C:\\new\\table up", "", NULL},
    {"halves of an emoji", "{\"text\":\"up &#55357;&#56521; &#xD83D;&#xDCC9; &#55357;x\"}",
        "up \360\237\223\211 \360\237\223\211 \357\277\275x", "", NULL},
    {"NITF", "{\"text\":\"<body.content><hl1>up</hl1></body.content> <hldn.n>\"}", "up <hldn.n>", "", NULL},
    {"codes of blogs",
        "{\"text\":\"[caption id=\\\"a\\\" width=\\\"3\\\"]A plant[/caption] [gallery ids=\\\"1,2\\\"] up [sic]\"}",
        "A plant up [sic]", "", NULL},
    {"bytes of windows-1252", "{\"text\":\"Halden\222s \223caf\351\224 \226 \2005, \2435m\"}",
        "Halden\342\200\231s \342\200\234caf\303\251\342\200\235 \342\200\223 \342\202\2545, \302\2435m",
        "HLDN", NULL},
    {"bytes that were cut", "{\"title\":\"\231s up caf\303\",\"body\":\"\342\200\"}",
        "\357\277\275s up caf\357\277\275 \357\277\275", "", NULL},
    {"CESU-8", "{\"text\":\"up \355\240\275\355\263\211\"}", "up \360\237\223\211", "", NULL},
    {"an overlong mark", "{\"text\":\"\300\274b up\"}", "\357\277\275\357\277\275b up", "", NULL},
    {"a mark of order within", "{\"text\":\"Hal\357\273\277den\315\217\330\234 up\"}", "Halden up", "HLDN",
        NULL},
    {"UTF-8 read as Mac Roman",
        "{\"text\":\"Halden\342\200\232\303\204\303\264s caf\342\210\232\302\251 \342\200\232\303\204\303\254 \302\254\302\2435 \342\200\232\303\207\302\2506, 2 \342\210\2324\"}",
        "Halden\342\200\231s caf\303\251 \342\200\223 \302\2435 \342\202\2546, 2 \342\210\2324", "HLDN",
        NULL},
    {"Cyrillic read as windows-1252",
        "{\"text\":\"\303\220\342\200\234\303\220\302\260\303\220\302\267 \303\220\302\270 \303\220\302\264\303\220\302\260\"}",
        "\320\223\320\260\320\267 \320\270 \320\264\320\260", "", NULL},
    {"Japanese read as windows-1252",
        "{\"text\":\"\303\243\306\222\305\270\303\243\306\222\302\254\303\243\342\200\232\302\253 up\"}",
        "\343\203\237\343\203\254\343\202\253 up", "8801.T", NULL},
    {"half a closing quote", "{\"text\":\"\303\242\342\202\254\305\223Halden\303\242\342\202\254 up\"}",
        "\u201CHalden\u201D up", "HLDN", NULL},
    {"schema.org",
        "{\"@type\":\"NewsArticle\",\"headline\":\"up\",\"articleBody\":\"down\",\"datePublished\":\"2024-05-28T12:40:00Z\"}",
        "up down", "", AT},
    /* the news services of brokers and vendors, as their pages show an answer */
    {"entities of companies",
        "{\"uuid\":\"a\",\"title\":\"up\",\"published_at\":\"2024-05-28T12:40:00.000000Z\",\"entities\":[{\"symbol\":"
        "\"HLDN\",\"name\":\"Halden Works\",\"exchange\":null,\"match_score\":15.9,\"highlights\":[]},"
        "{\"symbol\":\"TRSK\",\"name\":\"Tresk\"}]}",
        "up", "HLDN TRSK", AT},
    {"securities",
        "{\"kind\":\"News/v1\",\"data\":{\"action\":\"Created\",\"content\":{\"title\":\"up\",\"securities\":[{\"symbol\":"
        "\"HLDN\",\"exchange\":\"NYSE\",\"primary\":true}],\"created_at\":\"2024-05-28T12:40:00Z\"}}}",
        "up", "HLDN", AT},
    {"a teaser", "{\"title\":\"up\",\"teaser\":\"and down\",\"body\":\"\",\"stocks\":[{\"name\":\"HLDN\"}]}",
        "up and down", "HLDN", NULL},
    {"sentiments by symbol",
        "{\"title\":\"up\",\"ticker_sentiment\":[{\"ticker\":\"HLDN\",\"relevance_score\":\"0.1\"}]}", "up",
        "HLDN", NULL},
    {"symbols of a company", "{\"title\":\"up\",\"companies\":[{\"name\":\"X\",\"symbols\":[\"HLDN\"]}]}",
        "up", "HLDN", NULL},
    {"symbols further within", "{\"title\":\"up\",\"finance\":{\"stockTickers\":[{\"symbol\":\"HLDN\"}]}}",
        "up", "HLDN", NULL},
    {"names and labels of companies are no symbols",
        "{\"title\":\"up\",\"entities\":[{\"name\":\"Halden\",\"label\":\"negative\"}],\"companies\":[\"Tresk\"]}",
        "up", "", NULL},
    {"nor are labels under names", "{\"title\":\"up\",\"entities\":{\"Halden\":\"negative\",\"TRSK\":1}}",
        "up", "", NULL},
    {"an array of a search", "{\"title\":\"up\",\"seendate\":\"20240528T124000Z\",\"domain\":\"w.example\"}",
        "up", "", AT},
    /* times by other names, and in two fields */
    {"a name with underscores", "{\"title\":\"up\",\"publish_date\":\"2024-05-28T12:40:00Z\"}", "up", "", AT},
    {"a name with blanks", "{\"title\":\"up\",\"Publish Date\":\"2024-05-28T12:40:00Z\"}", "up", "", AT},
    {"a time about the message", "{\"meta\":{\"ts\":1716900000},\"news\":{\"title\":\"up\"}}", "up", "", AT},
    {"a filing", "{\"ticker\":\"HLDN\",\"title\":\"up\",\"filedAt\":\"2024-05-28T08:40:00-04:00\"}", "up",
        "HLDN", AT},
    {"a text in fields",
        "{\"id\":\"a\",\"webPublicationDate\":\"2024-05-28T12:40:00Z\",\"webTitle\":\"up\",\"fields\":{\"headline\":\"up\","
        "\"bodyText\":\"and down\"}}",
        "up and down", "", AT},
    {"an activity",
        "{\"type\":\"Create\",\"object\":{\"type\":\"Note\",\"content\":\"<p>up</p>\",\"published\":\"2024-05-28T12:40:00Z\"}}",
        "up", "", AT},
    {"a company's object", "{\"title\":\"up\",\"company\":{\"name\":\"Tresk\",\"ticker\":\"HLDN\"}}", "up",
        "HLDN", NULL},
    {"an epoch by its name", "{\"title\":\"up\",\"unix_timestamp\":1716900000}", "up", "", AT},
    {"a day and a clock", "{\"title\":\"up\",\"date\":\"2024-05-28\",\"time\":\"12:40:00Z\"}", "up", "", AT},
    {"an American's day and clock", "{\"title\":\"up\",\"Date\":\"05/28/2024\",\"Time\":\"8:40 AM ET\"}",
        "up", "", AT},
    {"a day, a clock, and both",
        "{\"title\":\"up\",\"date\":\"2024-05-28\",\"time\":\"12:40:00\",\"dateTime\":\"2024-05-28T12:40:00Z\"}",
        "up", "", AT},
    {"a directory's time", "{\"title\":\"up\",\"ts\":\"20240528124000.0Z\"}", "up", "", AT},
    {"no time, as a number with a point", "{\"title\":\"up\",\"ts\":0.0}", "up", "", NULL},
    {"misread, then escaped", "{\"text\":\"Halden&acirc;&#128;&#153;s Halden&acirc;&euro;&trade;s up\"}",
        "Halden\342\200\231s Halden\342\200\231s up", "HLDN", NULL},
};

static void assert_usable(const struct usable *rows, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const struct usable *row = &rows[at];
        size_t mark = tw_arena_mark(&arena);
        char found[200], time[TW_TIME_TEXT_BYTES];
        struct tw_error err;
        struct tw_document document = decoded(row->message, strlen(row->message));
        if (document.fate != TW_FATE_STORED)
            fail_msg("%s: refused: %s", row->kind, document.refusal->what);
        assert_true(tw_clean(&document, &arena, &err));
        assert_true(tw_link(entities, true, &document, &arena, &err));
        if (!tw_text_equal(document.text, tw_text_of(row->text)))
            fail_msg("%s: the text is \"%.*s\"", row->kind, (int)document.text.length, document.text.bytes);
        list_entities(&document, found, sizeof found);
        if (strcmp(found, row->entities) != 0)
            fail_msg("%s: the companies are %s", row->kind, found);
        tw_time_text(document.event_us, time);
        if (row->time ? strcmp(time, row->time) != 0 : document.event_us != STAMP_US)
            fail_msg("%s: the time is %s", row->kind, time);
        tw_arena_rewind(&arena, mark);
    }
}

static void what_feeds_send_is_read_for_what_it_is(void **state)
{
    (void)state;
    assert_usable(usable, sizeof usable / sizeof usable[0]);
    assert_usable(usable_too, sizeof usable_too / sizeof usable_too[0]);
}

static void what_cannot_be_used_says_what_was_seen(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *message;
        size_t length; /* 0: to its end */
        const char *what, *cure;
    } rows[] = {
        {"several messages in one", "{\"records\":[{\"text\":\"up\"},{\"text\":\"down\"}]}", 0,
            "several messages", "of its own"},
        {"a text within", "{\"inner\":{\"text\":\"up\"}}", 0, "but field inner does", "decode.root: inner"},
        {"a text three levels within", "{\"a\":{\"b\":{\"text\":\"up\"}}}", 0, "but field a.b does",
            "decode.root: a.b"},
        {"JSON in a text", "{\"kind\":\"n\",\"inner\":\"{\\\"text\\\":\\\"up\\\"}\"}", 0,
            "but field inner does", "decode.root: inner"},
        {"a text by another name", "{\"@version\":\"1\",\"words\":\"profits fell\"}", 0,
            "field words holds words", "decode.body: [words]"},
        {"an author's title", "{\"id\":1,\"author\":{\"title\":\"Senior editor\"}}", 0,
            "but field author does", "decode.root: author"},
        {"several messages in a frame", "[{\"text\":\"up\"},{\"text\":\"down\"}]", 0, "an array",
            "one JSON object"},
        {"Java's time without a zone", "{\"ts\":[2024,5,28,12,40],\"text\":\"up\"}", 0, "no offset",
            "decode.time_zone"},
        {"Java's day", "{\"ts\":[2024,5,28],\"text\":\"up\"}", 0, "no Thh:mm", "decode.time_zone"},
        {"a zone of Windows's",
            "{\"ts\":{\"dateTime\":\"2024-05-28T12:40\",\"timeZone\":\"Pacific Standard Time\"},\"text\":\"up\"}",
            0, "no offset", "decode.time_zone"},
        {"several of Lambda's records",
            "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"text\":\"up\"},{\"text\":\"up\"}]}", 0,
            "several messages", "of its own"},
        {"a day alone", "{\"ts\":\"2024-05-28\",\"text\":\"up\"}", 0, "no Thh:mm", "decode.time_zone"},
        {"JSON in a text that is no object", "{\"schema\":{},\"payload\":\"[1]\"}", 0,
            "a Connect envelope, and an array", "decode.envelope"},
        {"base64 that is no JSON",
            "{\"specversion\":\"1.0\",\"type\":\"n\",\"source\":\"/\",\"id\":\"1\",\"data_base64\":\"AAAA\"}",
            0, "binary data", "as JSON"},
        {"Avro with a registry's framing", "\0\0\0\0\7\2up", 8, "schema id 7", "JSON"},
        {"a time without an offset", "{\"ts\":\"2024-05-28T12:40:00\",\"text\":\"up\"}", 0, "offset",
            "decode.time_zone"},
        {"a feed whose items are the news",
            "{\"title\":\"The Wire\",\"items\":[{\"content_text\":\"up\"},{\"content_text\":\"down\"}]}", 0,
            "field items holds several messages", "jq -c '.items[]' FILE"},
        {"a table by columns", "{\"text\":{\"0\":\"up\",\"1\":\"down\"}}", 0, "a table by columns",
            "orient='records'"},
        {"columns as lists", "{\"text\":[\"up\",\"down\"],\"label\":[1,0]}", 0, "a table by columns",
            "orient='records'"},
        {"one column as a list", "{\"text\":[\"up\",\"down\"]}", 0, "a table by columns", "orient='records'"},
        {"a table by rows", "{\"0\":{\"text\":\"up\"},\"1\":{\"text\":\"down\"}}", 0,
            "a table by numbered rows", "jq -c '.[]'"},
        {"a day and a clock without an offset",
            "{\"date\":\"2024-05-28\",\"time\":\"12:40\",\"text\":\"up\"}", 0, "\"2024-05-28 12:40\"",
            "decode.time_zone"},
        {"a day with its midnight, and a clock",
            "{\"date\":\"2024-05-28T00:00:00Z\",\"time\":\"12:40\",\"text\":\"up\"}", 0,
            "\"2024-05-28 12:40\"", "decode.time_zone"},
        {"a day and a clock of digits", "{\"date\":20240528,\"time\":124000,\"text\":\"up\"}", 0,
            "\"20240528 12:40:00\"", "decode.time_zone"},
        {"a clock alone", "{\"time\":\"12:40Z\",\"text\":\"up\"}", 0, "is not a time", "RFC 3339"},
        {"a data frame's day", "{\"ts\":20240528.0,\"text\":\"up\"}", 0, "no Thh:mm", "decode.time_zone"},
        {"a time that is none", "{\"ts\":\"soon\",\"text\":\"up\"}", 0, "\"soon\" is not a time", "RFC 3339"},
        {"words that are an id and a source", "{\"id\":\"the first one\",\"source\":\"The Daily Wire\"}", 0,
            "nor body holds any", "name their fields"},
        {"nothing", "{\"body\":\"\"}", 0, "no text", "title or a body"},
        {"XML", " <rss><item/></rss>", 0, "begins as XML or HTML", "send JSON"},
        {"a day of a spreadsheet", "{\"ts\":45440.53,\"text\":\"up\"}", 0, "as spreadsheets count",
            "decode.time_unit: s"},
    };
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        size_t length = rows[at].length ? rows[at].length : strlen(rows[at].message);
        struct tw_document document = decoded(rows[at].message, length);
        if (document.fate != TW_FATE_DEAD_LETTER)
            fail_msg("%s: taken", rows[at].kind);
        if (!strstr(document.refusal->what, rows[at].what) || !strstr(document.refusal->cure, rows[at].cure))
            fail_msg("%s: %s; cure: %s", rows[at].kind, document.refusal->what, document.refusal->cure);
    }
}

static void a_registrys_framing_before_json_comes_off(void **state)
{
    (void)state;
    static const char framed[] = "\0\0\0\0\7{\"text\":\"up\"}";
    struct tw_document document = decoded(framed, sizeof framed - 1);
    assert_int_equal(document.fate, TW_FATE_STORED);
    assert_true(tw_text_equal(document.body, tw_text_of("up")));
}

/* A buffer of a fixed length ends with NULs. */
static void nuls_behind_a_message_are_nothing(void **state)
{
    (void)state;
    static const char padded[] = "{\"text\":\"up\"}\0\0";
    struct tw_document document = decoded(padded, sizeof padded - 1);
    assert_int_equal(document.fate, TW_FATE_STORED);
}

static void what_was_deleted_is_a_tombstone(void **state)
{
    (void)state;
    static const char message[] = "{\"id\":1,\"text\":\"up\",\"__op\":\"d\",\"__deleted\":\"true\"}";
    assert_int_equal(decoded(message, sizeof message - 1).fate, TW_FATE_TOMBSTONE);
    static const char maxwell[] =
        "{\"database\":\"n\",\"table\":\"a\",\"type\":\"delete\",\"data\":{\"text\":\"up\"}}";
    assert_int_equal(decoded(maxwell, sizeof maxwell - 1).fate, TW_FATE_TOMBSTONE);
    static const char dynamodb[] =
        "{\"eventName\":\"REMOVE\",\"dynamodb\":{\"OldImage\":{\"text\":{\"S\":\"up\"}}}}";
    assert_int_equal(decoded(dynamodb, sizeof dynamodb - 1).fate, TW_FATE_TOMBSTONE);
    static const char supabase[] =
        "{\"type\":\"DELETE\",\"table\":\"news\",\"record\":null,\"old_record\":{\"id\":1}}";
    assert_int_equal(decoded(supabase, sizeof supabase - 1).fate, TW_FATE_TOMBSTONE);
}

/* Numbers of 100 ns that do not count from 1970: .NET's ticks, Windows' file times. */
static void other_epochs_are_told_by_their_size(void **state)
{
    (void)state;
    static const char *const messages[] = {"{\"ts\":638524968000000000,\"text\":\"up\"}",
        "{\"ts\":\"638524968000000000\",\"text\":\"up\"}", "{\"ts\":133613736000000000,\"text\":\"up\"}",
        "{\"ts\":1716900000000000000,\"text\":\"up\"}"};
    for (size_t at = 0; at < sizeof messages / sizeof messages[0]; at++) {
        char time[TW_TIME_TEXT_BYTES];
        tw_time_text(decoded(messages[at], strlen(messages[at])).event_us, time);
        assert_string_equal(time, AT);
    }
}

/* Feeds call an id and a source by other names; the envelope's id stands in for one of its contents. */
static void ids_and_sources_have_other_names(void **state)
{
    (void)state;
    static const struct {
        const char *message, *id, *source;
    } cases[] = {
        {"{\"uuid\":\"a1\",\"text\":\"up\"}", "a1", ""},
        {"{\"guid\":{\"#text\":\"a1\",\"isPermaLink\":\"false\"},\"text\":\"up\"}", "a1", ""},
        {"{\"_id\":{\"$oid\":\"65a1\"},\"text\":\"up\"}", "65a1", ""},
        {"{\"id\":null,\"article_id\":7,\"source_name\":\"Wire\",\"text\":\"up\"}", "7", "Wire"},
        {"{\"id\":1,\"uuid\":\"a1\",\"publisher\":{\"name\":\"Wire\",\"url\":\"u\"},\"text\":\"up\"}", "1",
            "Wire"},
        {"{\"_index\":\"n\",\"_id\":\"a1\",\"_source\":{\"text\":\"up\",\"site\":\"Wire\"}}", "a1", "Wire"},
        {"{\"source\":\"Wire\",\"domain\":\"w.example\",\"text\":\"up\"}", "", "Wire"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_document document = decoded(cases[at].message, strlen(cases[at].message));
        if (!tw_text_equal(document.id, tw_text_of(cases[at].id)) ||
            !tw_text_equal(document.source, tw_text_of(cases[at].source)))
            fail_msg("%s: id %.*s, source %.*s", cases[at].message, (int)document.id.length,
                document.id.bytes, (int)document.source.length, document.source.bytes);
    }
}

/* The record's stamp is taken then, and somebody is told. */
static void a_time_that_is_left_out_is_counted(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        bool counted;
    } cases[] = {
        {"{\"text\":\"up\"}", false},
        {"{\"text\":\"up\",\"crawled_at\":\"2024-05-28T12:40:00Z\"}", true},
        {"{\"text\":\"up\",\"pubDate\":\"2024-05-28 12:40\"}", true},
        {"{\"text\":\"up\",\"ts\":1716900000,\"crawled_at\":\"2024-05-28T12:41:00Z\"}", false},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_document document = decoded(cases[at].message, strlen(cases[at].message));
        if ((document.repaired >> TW_REPAIR_TIME & 1) != cases[at].counted)
            fail_msg("%s", cases[at].message);
    }
}

/* A data frame's column of numbers with gaps is one of reals. */
static void digits_of_a_day_may_have_a_point(void **state)
{
    (void)state;
    static const char *const messages[] = {"{\"ts\":20240528124000.0,\"text\":\"up\"}",
        "{\"ts\":\"20240528124000.000\",\"text\":\"up\"}", "{\"ts\":1716900000000.0,\"text\":\"up\"}"};
    struct tw_decode_options before = options;
    const struct tw_time_zone utc = {0};
    options.clocks.naive = &utc;
    for (size_t at = 0; at < sizeof messages / sizeof messages[0]; at++) {
        char time[TW_TIME_TEXT_BYTES];
        tw_time_text(decoded(messages[at], strlen(messages[at])).event_us, time);
        assert_string_equal(time, AT);
    }
    options = before;
}

/* A JSON Pointer names the same object as the names with dots, and such as have a dot or slash in them. */
static void a_root_may_be_a_pointer(void **state)
{
    (void)state;
    static const struct {
        const char *root, *message;
    } cases[] = {
        {"payload.after", "{\"payload\":{\"after\":{\"text\":\"up\"}}}"},
        {"/payload/after", "{\"payload\":{\"after\":{\"text\":\"up\"}}}"},
        {"/a.b/c~1d~0e", "{\"a.b\":{\"c/d~e\":{\"text\":\"up\"}}}"},
    };
    struct tw_decode_options before = options;
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        options.root = cases[at].root;
        assert_int_equal(decoded(cases[at].message, strlen(cases[at].message)).fate, TW_FATE_STORED);
    }
    options = before;
}

/* CloudEvents in binary mode: the fields are the value, what they lack stands in headers. */
static void headers_of_a_cloudevent_stand_in(void **state)
{
    (void)state;
    struct tw_header headers[] = {{tw_text_of("ce_specversion"), tw_text_of("1.0")},
        {tw_text_of("ce_id"), tw_text_of("ce-1")}, {tw_text_of("ce_time"), tw_text_of(AT)},
        {tw_text_of("ce_source"), tw_text_of("/wire")}};
    struct tw_message record = {.payload = tw_text_of("{\"text\":\"up\"}"),
        .has_value = true,
        .stamp_us = STAMP_US,
        .offset = 1,
        .headers = headers,
        .header_count = 4};
    struct tw_document document;
    struct tw_error err;
    char time[TW_TIME_TEXT_BYTES];
    assert_true(tw_decode(&options, &record, &arena, &document, &err));
    assert_int_equal(document.fate, TW_FATE_STORED);
    tw_time_text(document.event_us, time);
    assert_string_equal(time, AT);
    assert_true(tw_text_equal(document.id, tw_text_of("ce-1")));
    assert_true(tw_text_equal(document.source, tw_text_of("/wire")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_feeds_send_is_read_for_what_it_is),
        cmocka_unit_test(what_cannot_be_used_says_what_was_seen),
        cmocka_unit_test(a_registrys_framing_before_json_comes_off),
        cmocka_unit_test(nuls_behind_a_message_are_nothing),
        cmocka_unit_test(what_was_deleted_is_a_tombstone),
        cmocka_unit_test(other_epochs_are_told_by_their_size),
        cmocka_unit_test(ids_and_sources_have_other_names),
        cmocka_unit_test(a_time_that_is_left_out_is_counted),
        cmocka_unit_test(digits_of_a_day_may_have_a_point),
        cmocka_unit_test(a_root_may_be_a_pointer),
        cmocka_unit_test(headers_of_a_cloudevent_stand_in),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
