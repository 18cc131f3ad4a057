#include "config/config_rows.h"

#include "read/decode.h"

#include <string.h>

const char *const tw_out_of_range_names[] = {"stop", "earliest", "latest", NULL};
const char *const tw_model_kind_names[] = {"folder", "constant", NULL};
const char *const tw_model_precision_names[] = {"auto", "fp32", "int8", NULL};
const char *const tw_gemm_choice_names[] = {"auto", "onednn", "openblas", "portable", NULL};

/* A choice is stored through a pointer to unsigned: that is what gcc and clang make of an enum without
 * negative values. */
_Static_assert(
    sizeof(enum tw_out_of_range) == sizeof(unsigned) && sizeof(enum tw_model_kind) == sizeof(unsigned) &&
        sizeof(enum tw_model_precision) == sizeof(unsigned) &&
        sizeof(enum tw_gemm_choice) == sizeof(unsigned) && sizeof(enum tw_level) == sizeof(unsigned) &&
        sizeof(enum tw_log_format) == sizeof(unsigned) && sizeof(enum tw_time_unit) == sizeof(unsigned) &&
        sizeof(enum tw_envelope) == sizeof(unsigned),
    "a choice is an unsigned");

#define AT(member) TW_OWNER_CONFIG, offsetof(struct tw_config, member)
#define DECODE_AT(member) TW_OWNER_DECODE, offsetof(struct tw_decode_options, member)
#define SECONDS(number) ((int64_t)(number)*1000000)
#define MIB(number) ((int64_t)(number) << 20)
#define ANY_TEXT 0, 65536

/* clang-format off */
const struct tw_config_row tw_config_rows[] = {
    {"", {"dev", TW_YAML_BOOL, 0, 1, NULL, "",
        "Allows what must never run in production, such as model.kind: constant."},
        "false", TW_FIELD_BOOL, AT(dev), 1, false, ""},

    {"kafka", {"topics", TW_YAML_TEXTS, 1, 1000, NULL, "", "Topics to read."},
        "[news]", TW_FIELD_STRINGS, AT(kafka.topics), 1, false, ""},
    {"kafka", {"group", TW_YAML_TEXT, 1, 249, NULL, "", "Consumer group; daemons of one group share the partitions."},
        "tapewatch", TW_FIELD_STRING, AT(kafka.group), 1, false, ""},
    {"kafka", {"properties", TW_YAML_NODE, 0, 0, NULL, "",
        "Properties of librdkafka by its own names, passed on untouched: bootstrap.servers, TLS, SASL. Those that the daemon's promises rest on are refused by name."},
        "{bootstrap.servers: \"localhost:9092\"}", TW_FIELD_PROPERTIES, AT(kafka.properties), 1, false, ""},
    {"kafka", {"secrets", TW_YAML_NODE, 0, 0, NULL, "",
        "Properties whose value stands in a file, such as sasl.password: its path, or the name of a systemd credential."},
        "{}", TW_FIELD_SECRETS, AT(kafka.secrets), 1, false, ""},
    {"kafka", {"out_of_range", TW_YAML_CHOICE, 0, 2, tw_out_of_range_names, "",
        "What to do when the stored offset is no longer in the topic: stop that partition and say so, or go on at the earliest or latest record there is (records between are lost, and counted)."},
        "stop", TW_FIELD_CHOICE, AT(kafka.out_of_range), 1, false, ""},

    {"store", {"conninfo", TW_YAML_TEXT, 1, 4096, NULL, "", "How to reach PostgreSQL: libpq's connection string or URI, untouched. Without a password."},
        "dbname=tapewatch", TW_FIELD_STRING, AT(store.conninfo), 1, false, ""},
    {"store", {"password_file", TW_YAML_TEXT, ANY_TEXT, NULL, "", "File that holds the password on its first line, or the name of a systemd credential."},
        "", TW_FIELD_PATH, AT(store.password_file), 1, false, "/etc/tapewatch/postgres-password"},
    {"store", {"new_days_per_minute", TW_YAML_COUNT, 1, 100000, NULL, "", "Most days of tables made in a minute; beyond that commits wait, loudly."},
        "100", TW_FIELD_INT, AT(store.new_days_per_minute), 1, false, ""},
    {"store", {"rows_per_statement", TW_YAML_COUNT, 1, 100000, NULL, "", "Rows sent in one statement."},
        "1000", TW_FIELD_INT, AT(store.rows_per_statement), 1, false, ""},
    {"store", {"sessions", TW_YAML_COUNT, 1, TW_STORE_SESSIONS_MOST, NULL, "", "Sessions with PostgreSQL that store, side by side; each partition is always one session's. One more for each processor that PostgreSQL may use, up to the number of partitions."},
        "2", TW_FIELD_INT, AT(store.sessions), 1, false, ""},
    {"store", {"lock_timeout", TW_YAML_DURATION, 1000, SECONDS(3600), NULL, "", "How long a takeover waits for a lock before it ends the backend that holds it."},
        "2s", TW_FIELD_INT, AT(store.lock_timeout_ms), 1000, false, ""},
    {"store", {"retry_most", TW_YAML_DURATION, 1000, SECONDS(3600), NULL, "", "Longest pause between two tries of a commit; to connect is tried once a second at least."},
        "2s", TW_FIELD_INT, AT(store.retry_most_ms), 1000, false, ""},
    {"store", {"answer_most", TW_YAML_DURATION, SECONDS(3), SECONDS(3600), NULL, "", "How long PostgreSQL may take for an answer; then the statement is cancelled, and five seconds later the connection is dropped and made anew."},
        "30s", TW_FIELD_INT, AT(store.answer_most_ms), 1000, false, ""},

    {"model", {"path", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Folder of the model (config.json, vocab.txt, model.safetensors). None: the model that came with the program."},
        "", TW_FIELD_PATH, AT(model.path), 1, false, "/usr/share/tapewatch/model"},
    {"model", {"kind", TW_YAML_CHOICE, 0, 1, tw_model_kind_names, "", "constant replaces the encoder by a hash of the token ids, to measure everything else; needs dev: true."},
        "folder", TW_FIELD_CHOICE, AT(model.kind), 1, false, ""},
    {"model", {"precision", TW_YAML_CHOICE, 0, 2, tw_model_precision_names, "", "Which weights score: fp32 those of the folder, int8 those of 8 bits that `tapewatch quantize` put into the folder of its name with -int8 behind it; auto takes these where they are made from the folder's own and keep its labels on 99.5% of the calibration text."},
        "auto", TW_FIELD_CHOICE, AT(model.precision), 1, false, ""},
    {"model", {"max_tokens", TW_YAML_COUNT, 3, 100000, NULL, "", "Most tokens of a text that the model reads, in all of its windows together; of a single window its own limits hold too."},
        "512", TW_FIELD_INT, AT(model.max_tokens), 1, false, ""},
    {"model", {"max_windows", TW_YAML_COUNT, 1, 1000, NULL, "", "Most windows of 64 tokens that a long text is read in: the title, then whole sentences. 1: the first tokens of each text are read, all at once."},
        "16", TW_FIELD_INT, AT(model.max_windows), 1, false, ""},
    {"model", {"cache", TW_YAML_SIZE, 0, MIB(16384), NULL, "", "Most memory for scores of texts that have come before (copies, posts that are passed on): such a text has the same scores without being read by the model. 0: none are kept."},
        "64MiB", TW_FIELD_INT, AT(model.cache_bytes), 1, false, ""},
    {"model", {"labels", TW_YAML_TEXTS, 0, 16, NULL, "", "Labels in the model's order, for a checkpoint that does not name them."},
        "", TW_FIELD_STRINGS, AT(model.labels), 1, false, "[negative, neutral, positive]"},

    {"gemm", {"backend", TW_YAML_CHOICE, 0, 3, tw_gemm_choice_names, "", "Which library multiplies matrices; auto takes the faster one that keeps rows bit-stable, by a short probe."},
        "auto", TW_FIELD_CHOICE, AT(gemm.backend), 1, false, ""},

    {"decode", {"id", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the message's id; where none holds any, others that feeds use (uuid, guid, _id) are tried."},
        "[id]", TW_FIELD_NAMES, DECODE_AT(id), 1, false, ""},
    {"decode", {"time", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the event time; where none holds any, others that feeds use (datetime, pubDate, published_utc) are tried."},
        "[ts, time, timestamp, published_at, publishedAt, created_at]", TW_FIELD_NAMES, DECODE_AT(time), 1, false, ""},
    {"decode", {"title", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the title."},
        "[title, headline]", TW_FIELD_NAMES, DECODE_AT(title), 1, false, ""},
    {"decode", {"body", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the body; where none holds any, others that feeds use (full_text, description, summary) are tried."},
        "[body, text, content]", TW_FIELD_NAMES, DECODE_AT(body), 1, false, ""},
    {"decode", {"source", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the source; where none holds any, others that feeds use (source_name, publisher, site) are tried."},
        "[source]", TW_FIELD_NAMES, DECODE_AT(source), 1, false, ""},
    {"decode", {"language", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the language."},
        "[language, lang]", TW_FIELD_NAMES, DECODE_AT(language), 1, false, ""},
    {"decode", {"symbols", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the list of symbols; where none holds any, others that feeds use (stocks, securities, entities with symbols) are tried."},
        "[symbols, tickers]", TW_FIELD_NAMES, DECODE_AT(symbols), 1, false, ""},
    {"decode", {"envelope", TW_YAML_CHOICE, 0, 4, tw_envelope_names, "", "What the fields are wrapped in; auto tells it by the message, queues and feeds (SNS, SQS, Pub/Sub, Kinesis) included."},
        "auto", TW_FIELD_CHOICE, DECODE_AT(envelope), 1, false, ""},
    {"decode", {"root", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Path to the object that holds the fields, in place of an envelope's: payload.after or /payload/after."},
        "", TW_FIELD_STRING, DECODE_AT(root), 1, false, "payload.after"},
    {"decode", {"time_zone", TW_YAML_TEXT, ANY_TEXT, NULL, "", "What an event time without an offset means, by a name of the IANA database. None: it is refused."},
        "", TW_FIELD_STRING, DECODE_AT(time_zone_name), 1, false, "America/New_York"},
    {"decode", {"time_unit", TW_YAML_CHOICE, 0, 4, tw_time_unit_names, "", "Unit of an event time written as a number; auto tells it by the size."},
        "auto", TW_FIELD_CHOICE, DECODE_AT(time_unit), 1, false, ""},
    {"decode", {"most_bytes", TW_YAML_SIZE, 1024, MIB(256), NULL, "", "Longest payload that is decoded; a longer one becomes a dead letter."},
        "4MiB", TW_FIELD_SIZE, DECODE_AT(max_payload_bytes), 1, false, ""},

    {"time", {"max_ahead", TW_YAML_DURATION, 0, SECONDS(366 * 86400LL), NULL, "", "How far an event time may lie beyond the record's Kafka stamp; later ones become dead letters and do not move the watermark."},
        "1d", TW_FIELD_INT, DECODE_AT(max_ahead_us), 1, false, ""},

    {"link", {"entities", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Entities file, JSON Lines. None: symbols alone are linked."},
        "", TW_FIELD_PATH, AT(link.entities), 1, true, "/etc/tapewatch/entities.jsonl"},
    {"link", {"unlisted", TW_YAML_BOOL, 0, 1, NULL, "", "Symbols that the entities file does not list become entities of their own."},
        "true", TW_FIELD_BOOL, AT(link.unlisted), 1, true, ""},

    {"events", {"path", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Events file: which words say what has happened. None: no events."},
        "", TW_FIELD_PATH, AT(events.path), 1, true, "/etc/tapewatch/events.yaml"},

    {"sources", {"weights", TW_YAML_NODE, 0, 0, NULL, "",
        "How much sources count, from 0.0 to 1.0, by their names as messages give them; case does not matter, and a name that ends in * stands for all that begin so. The weight of a document's source is a factor of its relevance, and is stored with it; documents that are read later have the new one."},
        "", TW_FIELD_WEIGHTS, AT(sources.weights), 1, true, "{Reuters: 1.0, \"stocktwits*\": 0.25}"},
    {"sources", {"default_weight", TW_YAML_FIXED, 0, TW_SOURCE_WHOLE, NULL, "", "How much all other sources count, and documents that name none."},
        "1.0", TW_FIELD_INT, AT(sources.weights.others), 1, true, ""},

    {"stories", {"enabled", TW_YAML_BOOL, 0, 1, NULL, "", "File each document with its story, so that rules count stories, not copies. The same for all daemons of a database."},
        "false", TW_FIELD_BOOL, AT(stories.enabled), 1, false, ""},
    {"stories", {"most_documents", TW_YAML_COUNT, 1000, 100000000, NULL, "", "Most documents of the last 24 hours that a new one is compared with; beyond that the oldest are forgotten, and counted. Each takes 0.5 to 1.2 kB."},
        "500000", TW_FIELD_INT, AT(stories.most_documents), 1, false, ""},

    {"rules", {"path", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Rules file. None: no alerts."},
        "", TW_FIELD_PATH, AT(rules.path), 1, true, "/etc/tapewatch/rules.yaml"},

    {"watermark", {"lateness", TW_YAML_DURATION, 0, SECONDS(7 * 86400LL), NULL, "", "How long a document may be overtaken by others in event time and still be in time."},
        "60s", TW_FIELD_INT, AT(watermark.lateness_us), 1, false, ""},
    {"watermark", {"idle_after", TW_YAML_DURATION, SECONDS(1), SECONDS(86400), NULL, "", "A partition that is read to its end and silent for this long does not hold the watermark back."},
        "30s", TW_FIELD_INT, AT(watermark.idle_after_us), 1, false, ""},
    {"watermark", {"max_ahead", TW_YAML_DURATION, 0, SECONDS(7 * 86400LL), NULL, "", "How far an event time may lie beyond the record's Kafka stamp and still move the watermark; later ones are stored, and counted as ahead. None: as far as watermark.lateness."},
        "", TW_FIELD_INT, DECODE_AT(watermark_ahead_us), 1, false, "60s"},

    {"batch", {"most_bytes", TW_YAML_SIZE, 1024, MIB(64), NULL, "", "A batch is cut when its records (payloads, keys, headers) weigh this much, whatever its age."},
        "1MiB", TW_FIELD_INT, AT(batch.most_bytes), 1, false, ""},
    {"batch", {"most_documents", TW_YAML_COUNT, 1, 100000, NULL, "", "A batch is cut at this many messages."},
        "2000", TW_FIELD_INT, AT(batch.most_documents), 1, false, ""},
    {"batch", {"age", TW_YAML_DURATION, 1000, SECONDS(60), NULL, "", "A batch is cut when its first message has waited this long and a worker can take it next; at once when one has nothing to do."},
        "50ms", TW_FIELD_INT, AT(batch.age_ms), 1000, false, ""},
    {"batch", {"memory", TW_YAML_SIZE, MIB(1), MIB(4096), NULL, "", "Most memory of one batch: its documents, rows and parameters."},
        "256MiB", TW_FIELD_INT, AT(batch.memory_bytes), 1, false, ""},
    {"batch", {"micro_tokens", TW_YAML_COUNT, 16, 1000000, NULL, "", "Tokens of one pass through the encoder."},
        "2048", TW_FIELD_INT, AT(batch.micro_tokens), 1, false, ""},

    {"flow", {"high", TW_YAML_SIZE, MIB(1), MIB(65536), NULL, "", "Reading pauses when what is read and not yet committed weighs this much: payloads, keys, headers, and what workers made of them."},
        "64MiB", TW_FIELD_INT, AT(flow.high_bytes), 1, false, ""},
    {"flow", {"low", TW_YAML_SIZE, 1024, MIB(65536), NULL, "", "Reading goes on below this many."},
        "16MiB", TW_FIELD_INT, AT(flow.low_bytes), 1, false, ""},

    {"workers", {"count", TW_YAML_COUNT, 0, 1024, NULL, "", "Worker threads; 0: as many as the processors that affinity and CPU quota allow."},
        "0", TW_FIELD_INT, AT(workers.count), 1, false, ""},

    {"evaluate", {"interval", TW_YAML_DURATION, 10000, SECONDS(60), NULL, "", "How often closed bars are looked for."},
        "500ms", TW_FIELD_INT, AT(evaluate.interval_ms), 1000, false, ""},
    {"evaluate", {"idle_session", TW_YAML_DURATION, SECONDS(1), SECONDS(3600), NULL, "", "A stopped evaluator loses its shards after this long."},
        "15s", TW_FIELD_INT, AT(evaluate.idle_session_ms), 1000, false, ""},
    {"evaluate", {"memory", TW_YAML_SIZE, MIB(16), MIB(1048576), NULL, "", "Most memory of the bars that rules look back on: 40 to 50 bytes for each company and 10s in which it is spoken of, within the longest window."},
        "1GiB", TW_FIELD_INT, AT(evaluate.memory_bytes), 1, false, ""},

    {"evidence", {"enabled", TW_YAML_BOOL, 0, 1, NULL, "", "Keep for each alert the documents that weigh most in it, with the words that made the model decide. Made beside the stream, by a thread that yields to it."},
        "true", TW_FIELD_BOOL, AT(evidence.enabled), 1, false, ""},
    {"evidence", {"stories", TW_YAML_COUNT, 1, 10, NULL, "", "Documents of a step that are explained."},
        "3", TW_FIELD_INT, AT(evidence.stories), 1, false, ""},
    {"evidence", {"per_minute", TW_YAML_COUNT, 1, 10000, NULL, "", "Most steps of alerts, headlines and events that are explained a minute, the newest first; what waits for ten minutes is left without."},
        "30", TW_FIELD_INT, AT(evidence.per_minute), 1, false, ""},

    {"tell", {"kafka_topic", TW_YAML_TEXT, 0, 249, NULL, "", "Topic that alerts are told to, each step a record, by the cluster of kafka.properties. None: no topic."},
        "", TW_FIELD_STRING, AT(tell.kafka_topic), 1, false, "tapewatch-alerts"},
    {"tell", {"alertmanager", TW_YAML_TEXT, 0, 2048, NULL, "", "Prometheus Alertmanager that alerts are told to, by its URL. None: none."},
        "", TW_FIELD_STRING, AT(tell.alertmanager), 1, false, "http://localhost:9093"},
    {"tell", {"repeat", TW_YAML_DURATION, SECONDS(1), SECONDS(3600), NULL, "", "How often an Alertmanager is told again of the alerts that are open; it takes one for resolved of which it has not heard for four times as long."},
        "1m", TW_FIELD_INT, AT(tell.repeat_ms), 1000, false, ""},
    {"tell", {"keep", TW_YAML_DURATION, SECONDS(60), SECONDS(366 * 86400LL), NULL, "", "How long an alert waits to be told to who is away, before it is given up, loudly; and how long it stays in the outbox after it was told."},
        "1d", TW_FIELD_INT, AT(tell.keep_ms), 1000, false, ""},

    {"http", {"address", TW_YAML_TEXT, 1, 64, NULL, "", "Address of /metrics, /healthz and /readyz."},
        "127.0.0.1", TW_FIELD_STRING, AT(http.address), 1, false, ""},
    {"http", {"port", TW_YAML_COUNT, 0, 65535, NULL, "", "Their port; 0: none. No exporter on Prometheus' list of default ports has 11987."},
        "11987", TW_FIELD_INT, AT(http.port), 1, false, ""},

    {"control", {"socket", TW_YAML_TEXT, 0, 107, NULL, "", "Unix socket for reload and status. None: SIGHUP alone reloads."},
        "/run/tapewatch/control", TW_FIELD_PATH, AT(control.socket), 1, false, ""},

    {"log", {"level", TW_YAML_CHOICE, 0, 4, tw_level_names, "", "Quieter events are not logged."},
        "info", TW_FIELD_CHOICE, AT(log.level), 1, false, ""},
    {"log", {"format", TW_YAML_CHOICE, 0, 2, tw_log_format_names, "", "logfmt on stderr, native journal fields, or whichever fits where stderr goes."},
        "auto", TW_FIELD_CHOICE, AT(log.format), 1, false, ""},

    {"shutdown", {"drain", TW_YAML_DURATION, SECONDS(1), SECONDS(3600), NULL, "", "How long SIGTERM waits for batches in flight; what is not stored by then is read again at the next start."},
        "5s", TW_FIELD_INT, AT(shutdown.drain_ms), 1000, false, ""},
};
/* clang-format on */

_Static_assert(
    sizeof tw_config_rows / sizeof tw_config_rows[0] == TW_CONFIG_ROWS, "config_rows.h counts the rows");

bool tw_config_starts_section(size_t row)
{
    return row == 0 || strcmp(tw_config_rows[row].section, tw_config_rows[row - 1].section) != 0;
}

size_t tw_config_section_end(size_t first)
{
    size_t end = first + 1;
    while (end < TW_CONFIG_ROWS && strcmp(tw_config_rows[end].section, tw_config_rows[first].section) == 0)
        end++;
    return end;
}

void *tw_config_field(struct tw_config *config, const struct tw_config_row *row)
{
    char *owner = row->owner == TW_OWNER_CONFIG ? (char *)config : (char *)config->decode;
    return owner + row->offset;
}
