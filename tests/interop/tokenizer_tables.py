#!/usr/bin/env python3
"""Writes nn/tokenizer/unicode_tables.c: what the peer does with each code point.

    python3 tests/interop/tokenizer_tables.py nn/tokenizer/unicode_tables.c

The peer is the `tokenizers` package (the Rust code behind BertTokenizerFast). Its tables come from several crates
of different Unicode versions, so no one version of Unicode gives its ids. Nothing is looked up here in a table of
ours or of Python's: every fact is asked of the peer itself, code point by code point, 0 to 10FFFF without surrogates:

    dropped, space     BertNormalizer(clean_text)              on a<cp>b
    CJK                BertNormalizer(handle_chinese_chars)    on a<cp>b
    lower case         BertNormalizer(lowercase)               on <cp>
    decomposition      NFD                                     on <cp>
    mark               BertNormalizer(strip_accents)           on a<cp>b
    punctuation, space BertPreTokenizer                        on a<cp>b
    combining class    NFD                                     on <cp> and a mark of a known class, which goes first?

Only the package `tokenizers` is needed.
"""
import sys

import tokenizers
from tokenizers import normalizers, pre_tokenizers

DROPPED, SPACE, PUNCTUATION, CJK, MARK, DECOMPOSES, LOWERS_TO_TWO = (1 << bit for bit in range(7))
HANGUL = range(0xAC00, 0xD7A4)


def bert(**on):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    options.update(on)
    return normalizers.BertNormalizer(**options).normalize_str


clean, cjk, strip, lower = (bert(**{name: True})
                            for name in ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"))
nfd = normalizers.NFD().normalize_str
words = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

# One mark of each canonical combining class that the peer orders apart, found by asking; classes are named by their
# rank among all classes, which is all that ordering needs. (0 = starter.)


def ranks_of_marks(code_points):
    first, last = "\u0334", "\u0345"  # class 1 and class 240, the lowest and the highest
    marks = [c for c in code_points if nfd(c + first) == first + c != c + first or nfd(last + c) == c + last != last + c
             or c in (first, last)]
    # Marks of the lowest class move before `last`, of the highest behind `first`; both end up here.
    representatives = []
    for mark in marks:  # insertion into the ordered representatives, by binary search on the peer's own ordering
        low, high, same = 0, len(representatives), None
        while low < high:
            middle = (low + high) // 2
            other = representatives[middle]
            if nfd(other + mark) == mark + other and other != mark:
                high = middle
            elif nfd(mark + other) == other + mark and other != mark:
                low = middle + 1
            else:
                same = middle
                break
        if same is None:
            representatives.insert(low, mark)
    ranks = {}
    for mark in marks:
        low, high = 0, len(representatives)
        while low < high:
            middle = (low + high) // 2
            other = representatives[middle]
            if other == mark:
                low = middle
                break
            if nfd(other + mark) == mark + other:
                high = middle
            elif nfd(mark + other) == other + mark:
                low = middle + 1
            else:
                low = middle
                break
        ranks[ord(mark)] = low + 1
    return ranks


def facts(cp):
    """flags, what it is lowered to, what it decomposes to"""
    c = chr(cp)
    flags = 0
    cleaned = clean("a" + c + "b")
    if cleaned == "ab":
        flags |= DROPPED
    elif cleaned == "a b":
        flags |= SPACE
    else:
        assert cleaned == "a" + c + "b", hex(cp)
    spaced = cjk("a" + c + "b")
    if spaced == "a " + c + " b":
        flags |= CJK
    else:
        assert spaced == "a" + c + "b", hex(cp)
    pieces = [piece for piece, _ in words("a" + c + "b")]
    if pieces == ["a", c, "b"]:
        flags |= PUNCTUATION
    elif pieces == ["a", "b"]:
        # White space is the same to both; dropped characters never come so far.
        assert flags & (SPACE | DROPPED), hex(cp)
    else:
        assert pieces == ["a" + c + "b"] and not flags & SPACE, hex(cp)
    decomposed = nfd(c)
    stripped = strip("a" + c + "b")
    if decomposed == c:
        if stripped == "ab":
            flags |= MARK
        else:
            assert stripped == "a" + c + "b", hex(cp)
    else:
        flags |= DECOMPOSES
    lowered = lower(c)
    assert lower("a" + c + "b") == "a" + lowered + "b", hex(cp)
    return flags, lowered, decomposed


def main(path):
    code_points = [cp for cp in range(0x110000) if not 0xD800 <= cp <= 0xDFFF]
    known = {cp: facts(cp) for cp in code_points}
    ranks = ranks_of_marks([chr(cp) for cp in code_points])
    assert len(set(ranks.values())) < 64

    decompositions, two, records, index_of = [], [], [], {}
    kinds = []
    for cp in range(0x110000):
        if cp not in known:
            kinds.append(kinds_index(records, index_of, (DROPPED, 0, 0)))
            continue
        flags, lowered, decomposed = known[cp]
        if flags & DECOMPOSES and cp not in HANGUL:
            decompositions.append((cp, [ord(c) for c in decomposed]))
        # A mark that decomposes into marks only, and so on: the parts must be final and classes theirs.
        for part in decomposed:
            assert not known[ord(part)][0] & DECOMPOSES
        kept = "".join(c for c in decomposed if not known[ord(c)][0] & MARK)
        assert strip("a" + chr(cp) + "b") == "a" + kept + "b", hex(cp)
        for whole in (kept, lowered, lower(kept)):  # tokens never outnumber the bytes of the source
            assert len(whole) <= len(chr(cp).encode()), hex(cp)
        # normalize.c: a code point gives word characters, or one character that stands alone, never a mixture.
        apart = SPACE | PUNCTUATION | CJK
        assert len(kept) <= 1 or not any(known[ord(c)][0] & apart for c in kept), hex(cp)
        assert not flags & apart or flags & DROPPED or len(kept) == 1, hex(cp)
        delta = 0
        if len(lowered) == 1:
            delta = ord(lowered) - cp
        else:
            assert len(lowered) == 2, hex(cp)
            flags |= LOWERS_TO_TWO
            two.append((cp, [ord(c) for c in lowered]))
        rank = ranks.get(cp, 0)
        if rank:  # normalize.c holds marks back and need not look for word ends among them
            assert not flags & (SPACE | PUNCTUATION | CJK | DROPPED) or flags & DROPPED, hex(cp)
        if delta or flags & LOWERS_TO_TWO:
            assert all(not known[ord(c)][0] & (SPACE | PUNCTUATION | CJK) for c in lowered), hex(cp)
            assert not flags & (SPACE | PUNCTUATION), hex(cp)
        kinds.append(kinds_index(records, index_of, (flags, rank, delta)))
    for cp in HANGUL:  # arithmetic in unicode.c
        index = cp - 0xAC00
        expected = [0x1100 + index // 588, 0x1161 + index % 588 // 28] + ([0x11A7 + index % 28] if index % 28 else [])
        assert [ord(c) for c in known[cp][2]] == expected
    assert len(records) <= 256, len(records)
    assert max(len(to) for _, to in decompositions) <= 4

    blocks, block_of = [], []
    seen = {}
    for start in range(0, 0x110000, 128):
        block = tuple(kinds[start:start + 128])
        if block not in seen:
            seen[block] = len(blocks)
            blocks.append(block)
        block_of.append(seen[block])
    assert len(blocks) <= 65535
    write(path, records, block_of, blocks, decompositions, two)
    print(f"{len(records)} kinds, {len(blocks)} blocks, {len(decompositions)} decompositions, {len(two)} lower to two, "
          f"{len(set(ranks.values()))} combining classes, {len(ranks)} marks with a class")


def kinds_index(records, index_of, record):
    if record not in index_of:
        index_of[record] = len(records)
        records.append(record)
    return index_of[record]


def rows(values, width=110, indent="    "):
    line, lines = indent, []
    for value in values:
        text = f"{value}, "
        if len(line) + len(text) > width:
            lines.append(line.rstrip())
            line = indent
        line += text
    lines.append(line.rstrip())
    return "\n".join(lines)


def write(path, records, block_of, blocks, decompositions, two):
    with open(path, "w", encoding="ascii") as out:
        out.write(f"""/* Made by tests/interop/tokenizer_tables.py; do not edit. What the `tokenizers` package (version
 * {tokenizers.__version__}) does with each code point, as it answered when it was asked about each. unicode.h explains the columns. */
#include "tokenizer/unicode.h"

/* clang-format off */
const struct tw_code_point_kind tw_unicode_kinds[{len(records)}] = {{
""")
        out.write(rows(f"{{{flags}, {rank}, {delta}}}" for flags, rank, delta in records))
        out.write(f"\n}};\n\nconst uint16_t tw_unicode_block_of[{len(block_of)}] = {{\n{rows(block_of)}\n}};\n")
        out.write(f"\nconst uint8_t tw_unicode_blocks[{len(blocks)}][128] = {{\n")
        for block in blocks:
            out.write("    {\n" + rows(block, indent="        ") + "\n    },\n")
        out.write("};\n")
        for name, table in (("decompositions", decompositions), ("lowers_to_two", two)):
            out.write(f"\nconst struct tw_code_point_mapping tw_unicode_{name}[{len(table)}] = {{\n")
            out.write(rows("{0x%X, {%s}}" % (cp, ", ".join("0x%X" % part for part in to)) for cp, to in table))
            out.write(f"\n}};\nconst uint32_t tw_unicode_{name}_count = {len(table)};\n")
        out.write("/* clang-format on */\n")


if __name__ == "__main__":
    main(sys.argv[1])
