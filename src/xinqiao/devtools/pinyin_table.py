"""Makes ``lake/firms/pinyin.txt``: ``python -m xinqiao.devtools.pinyin_table FOLDER``.

``FOLDER`` holds ``pinyin_dict.json`` and ``phrases_dict.json`` of the package pypinyin (MIT), unpacked from its wheel.
The result has one line per toneless syllable with the characters read so. A character keeps its first reading, and of
its others those that words of the phrase dictionary really use: a dictionary's rare readings would only find the wrong
firms.
"""

import json
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

TABLE = Path(__file__).parents[1] / "lake" / "firms" / "pinyin.txt"
MOST = 3
#: A further reading counts when so many words use it, or such a share of the words of the character.
WORDS, SHARE = 5, 0.08
#: Readings of places that few words show.
PLACES = {
    "厦": "xia",
    "单": "shan",
    "蚌": "beng",
    "重": "chong",
    "铅": "yan",
    "六": "lu",
    "乐": "le",
    "番": "pan",
    "栎": "yue",
}


def plain(reading: str) -> str:
    """A reading without its tone; ``ü`` is typed ``v``."""
    parts = unicodedata.normalize("NFD", reading.replace("ê", "e"))
    marked = parts.replace("u\u0308", "v")
    return "".join(c for c in marked if c.isascii() and c.isalpha())


def used(phrases: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Counter[str]]:
    """How many words use each reading of each character."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for word, readings in phrases.items():
        if len(word) == len(readings):
            for char, options in zip(word, readings, strict=True):
                counts[char][plain(options[0])] += 1
    return counts


def readings(char: str, options: Sequence[str], counts: Mapping[str, Counter[str]]) -> list[str]:
    """The readings kept of one character, the first one first."""
    seen = counts.get(char, Counter())
    kept = list(options[:1])
    total = seen.total()
    for option, times in seen.most_common():
        if times >= WORDS or (times > 1 and times / total >= SHARE):
            kept.append(option)
    if char in PLACES:
        kept.insert(1, PLACES[char])
    return [one for one in dict.fromkeys(kept) if one][:MOST]


def main() -> int:
    """Write the table and say how large it is."""
    folder = Path(sys.argv[1])
    single = json.loads((folder / "pinyin_dict.json").read_text(encoding="utf-8"))
    counts = used(json.loads((folder / "phrases_dict.json").read_text(encoding="utf-8")))
    table: dict[str, list[str]] = defaultdict(list)
    for number, text in sorted((int(n), t) for n, t in single.items()):
        options = [plain(one) for one in text.split(",")]
        for reading in readings(chr(number), options, counts):
            table[reading].append(chr(number))
    lines = [f"{syllable} {''.join(chars)}" for syllable, chars in sorted(table.items())]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(lines)} syllables, {sum(map(len, table.values()))} readings\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
