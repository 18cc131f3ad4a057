# For cases about commands that train: a tiny base with random weights, records, and runs that are killed. Sourced by commands.

. "$SHARE/model.sh"

# given_base FOLDER [HIDDEN]: one layer, the words of the tiny model, weights made of the seed.
given_base() {
    [ -e model ] || tiny_model model
    echo '{"text": "the profit rises"}' >base.jsonl
    "$TW_BIN" pretrain --vocab model/vocab.txt --hidden "${2:-8}" --heads 2 --layers 1 --max-positions 16 --steps 1 --validation-share 0 \
        --threads 1 -o "$1" base.jsonl 2>/dev/null
}

# given_labelled FILE: 80 records of two labels, and texts without labels beside them: FILE.texts.
given_labelled() {
    local line
    for line in $(seq 40); do
        echo "{\"text\": \"the profit rises $(head -c $((line % 7 * 2)) <<<'a a a a a a a') .\", \"label\": \"positive\"}"
        echo "{\"text\": \"a loss falls $(head -c $((line % 5 * 4)) <<<'the the the the the') .\", \"label\": \"negative\"}"
    done >"$1"
    sed 's/, "label".*/}/' "$1" >"$1.texts"
}

# What a run says besides its progress, which no two runs share.
said_of_run() { grep -vE '^step |^ +step |^ +[0-9]+ ' "$1"; }

weights_of() { sha256sum <"$1/model.safetensors"; }
# Rows of a run's log without the time they took.
rows_of() { sed -E 's/"(seconds|eval_runtime)":[^,}]*//g' "$1/metrics.jsonl"; }
newest_of() { ls -d "$1"/checkpoint-* 2>/dev/null | grep -v partial; }

# unbroken COMMAND OPTION...: a run from its beginning to its end, into whole/.
unbroken() { "$TW_BIN" "$@" -o whole 2>whole.log || cat whole.log >&2; }

# killed_again_and_again OUTPUT COMMAND OPTION...: a run that is killed whenever it has saved a new checkpoint, and resumed, until it is
# through; between kills whatever model stands in its folder must be usable. Says how often it was killed.
killed_again_and_again() {
    local output=$1 command=$2 kills=0 before run
    shift 2
    "$TW_BIN" "$command" "$@" -o "$output" 2>killed.log &
    run=$!
    while :; do
        before=$(newest_of "$output")
        while kill -0 $run 2>/dev/null && [ "$(newest_of "$output")" = "$before" ]; do sleep 0.003; done
        [ $kills -ge 5 ] || kill -KILL $run 2>/dev/null
        { wait $run; } 2>/dev/null && break
        kills=$((kills + 1))
        if [ -e "$output/model.safetensors" ] && [ "$command" != pretrain ]; then
            echo 'The profit rises.' | "$TW_BIN" classify -m "$output" >/dev/null || echo "killed, and its model is broken" >&2
        fi
        "$TW_BIN" "$command" --resume -o "$output" 2>killed.log &
        run=$!
    done
    [ $kills -ge 3 ] || echo "only killed $kills times: nothing is proved" >&2
}

# ends_as_if_unbroken COMMAND OPTION...: the same run whole and killed again and again.
ends_as_if_unbroken() {
    unbroken "$@"
    killed_again_and_again broken "$@"
    ended_alike broken
}

# ended_alike OUTPUT: is it what whole/ is?
ended_alike() {
    [ "$(weights_of whole)" = "$(weights_of "$1")" ] && echo "the same weights" >&2
    [ "$(rows_of whole)" = "$(rows_of "$1")" ] && echo "the same rows" >&2
    cmp whole/eval_results.json "$1/eval_results.json" && echo "the same results" >&2
    cmp <(ls -A whole) <(ls -A "$1") && echo "the same files" >&2
}

# stopped_run OUTPUT COMMAND OPTION...: a run that was told to stop after its first checkpoint.
stopped_run() {
    local output=$1
    shift
    "$TW_BIN" "$@" -o "$output" 2>stopped.log &
    until [ -n "$(newest_of "$output")" ]; do sleep 0.003; kill -0 $! || break; done
    kill -TERM $!
    wait $!
    [ $? = 130 ] || cat stopped.log >&2
}

# resume_on_a_full_disk COMMAND OUTPUT KIB: no file may grow past so many KiB, as on a disk that is full. Says what was said and what is
# still there. Then with room again: it must end as the run in whole/ did.
resume_on_a_full_disk() {
    local kept
    kept=$(newest_of "$2")
    (ulimit -f "$3"; trap '' XFSZ; "$TW_BIN" "$1" --resume -o "$2" 2>full.log)
    echo "status $?" >&2
    said_of_run full.log | sed -E 's/checkpoint-[0-9]+/checkpoint-N/g; s/step [0-9]+ of/step N of/; s/partial-[A-Za-z0-9]+/partial-X/g' >&2
    [ "$(newest_of "$2")" = "$kept" ] && echo "the checkpoint before is still there, alone" >&2
    "$TW_BIN" "$1" --resume -o "$2" 2>again.log || cat again.log >&2
    ended_alike "$2"
}
