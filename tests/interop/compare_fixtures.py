"""Compares two folders of encoder fixtures: same ids, and numbers within 1e-5 (another processor rounds otherwise).

    python compare_fixtures.py FRESH STORED
"""
import json
import os
import sys


def numbers(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)


def load(folder, name):
    with open(os.path.join(folder, name)) as file:
        return json.load(file)


def worst(fresh, stored):
    away = 0.0
    for left, right in zip(fresh["sequences"], stored["sequences"], strict=True):
        if left["ids"] != right["ids"] or left["types"] != right["types"]:
            return float("inf")
        for key in ("logits", "states"):
            for a, b in zip(numbers(left[key]), numbers(right[key]), strict=True):
                away = max(away, abs(a - b))
    return away


def main():
    fresh, stored = sys.argv[1:]
    failed = False
    for name in sorted(os.listdir(fresh)):
        away = worst(load(fresh, name), load(stored, name))
        failed |= not away < 1e-5
        print("%-36s %s" % (name, "within %.2g" % away if away < 1e-5 else "DIFFERS (%.2g)" % away))
    sys.exit(1 if failed else 0)


main()
