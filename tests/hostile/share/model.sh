# A whole, tiny, valid BERT folder with a head, made of zeros; cases spoil it in one place each. Sourced by commands.

# safetensors FILE HEADER BYTES: a file of that header and so many zero bytes.
safetensors() {
    local length=${#2} byte
    for byte in 0 1 2 3 4 5 6 7; do
        printf "\\x$(printf %02x $((length >> (8 * byte) & 255)))"
    done >"$1"
    printf '%s' "$2" >>"$1"
    head -c "$3" /dev/zero >>"$1"
}

# tiny_header: the tensors of one layer, hidden 8, 2 heads, intermediate 16, 12 words, 16 positions, 3 labels.
tiny_header() {
    local name shape count offset=0 out='{"__metadata__":{"format":"pt"}'
    while read -r name shape; do
        count=$(($(tr , '*' <<<"$shape") * 4))
        out+=",\"$name\":{\"dtype\":\"F32\",\"shape\":[$shape],\"data_offsets\":[$offset,$((offset + count))]}"
        offset=$((offset + count))
    done <<'TENSORS'
bert.embeddings.word_embeddings.weight 12,8
bert.embeddings.position_embeddings.weight 16,8
bert.embeddings.token_type_embeddings.weight 2,8
bert.embeddings.LayerNorm.weight 8
bert.embeddings.LayerNorm.bias 8
bert.encoder.layer.0.attention.self.query.weight 8,8
bert.encoder.layer.0.attention.self.query.bias 8
bert.encoder.layer.0.attention.self.key.weight 8,8
bert.encoder.layer.0.attention.self.key.bias 8
bert.encoder.layer.0.attention.self.value.weight 8,8
bert.encoder.layer.0.attention.self.value.bias 8
bert.encoder.layer.0.attention.output.dense.weight 8,8
bert.encoder.layer.0.attention.output.dense.bias 8
bert.encoder.layer.0.attention.output.LayerNorm.weight 8
bert.encoder.layer.0.attention.output.LayerNorm.bias 8
bert.encoder.layer.0.intermediate.dense.weight 16,8
bert.encoder.layer.0.intermediate.dense.bias 16
bert.encoder.layer.0.output.dense.weight 8,16
bert.encoder.layer.0.output.dense.bias 8
bert.encoder.layer.0.output.LayerNorm.weight 8
bert.encoder.layer.0.output.LayerNorm.bias 8
bert.pooler.dense.weight 8,8
bert.pooler.dense.bias 8
classifier.weight 3,8
classifier.bias 3
TENSORS
    printf '%s}' "$out"
}

tiny_bytes() { tiny_header | grep -o ',[0-9]*\]}' | tail -1 | tr -dc 0-9; }

tiny_model() { # FOLDER
    mkdir -p "$1"
    printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' profit loss rises falls the a . >"$1/vocab.txt"
    cat >"$1/config.json" <<'CONFIG'
{
  "architectures": ["BertForSequenceClassification"],
  "model_type": "bert",
  "hidden_act": "gelu",
  "hidden_size": 8,
  "intermediate_size": 16,
  "layer_norm_eps": 1e-12,
  "max_position_embeddings": 16,
  "num_attention_heads": 2,
  "num_hidden_layers": 1,
  "position_embedding_type": "absolute",
  "type_vocab_size": 2,
  "vocab_size": 12,
  "id2label": {"0": "negative", "1": "neutral", "2": "positive"},
  "label2id": {"negative": 0, "neutral": 1, "positive": 2}
}
CONFIG
    safetensors "$1/model.safetensors" "$(tiny_header)" "$(tiny_bytes)"
}

# weights_with OLD NEW: the tiny weights, OLD once replaced by NEW in their header; an OLD that is not there is an error.
weights_with() {
    local header
    header=$(tiny_header)
    [[ $header == *"$1"* ]] || { echo "the case spoils nothing: no $1" >&2; exit 99; }
    safetensors model/model.safetensors "${header/"$1"/$2}" "$(tiny_bytes)"
}

# classify_with FOLDER: one ordinary line through the model.
classify_with() { echo 'The profit rises.' | "$TW_BIN" classify -m "$1"; }
