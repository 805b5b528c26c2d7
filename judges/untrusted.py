"""Text of unknown origin made into data: encoded so that no chat format and no marker can be spelled, and bounded."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lifealign_bench.data.rows import Message

MOST_BYTES = {"conversation": 16_000, "answer": 16_000, "first": 16_000, "second": 16_000, "reference": 8_000}
"""How long the encoded form of each variable may be, in UTF-8; what is longer is cut in its middle.

No token of a byte-level vocabulary is shorter than a byte, so these bound a request's tokens in any language.
"""

HEAD_SHARE = 3 / 4
"""Of a cut text, this share of the room goes to its beginning, the rest to its end."""

MOST_OF_A_TURN = 8_000
SHORTEST_TURN = 200
"""In bytes. A conversation is kept from its last turn back; a turn with less room is left out, and all before it."""

# `<` opens the control tokens of most chat formats and our own markers, `[NAME]` those of the others.
_RISKY = re.compile(r"<|\[(?=/?[A-Za-z_]{2,24}\])|[^\w\x20-\x7e]")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SELECTORS = range(0xE0100, 0xE01F0)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value's JSON, and how many characters of it were left out."""

    json: str
    left_out: int = 0


def encode(text: str) -> str:
    """A JSON string on one line that decodes to exactly this text.

    Every `<`, every `[` that opens a bracketed name, and every control, format (zero width, direction), private or
    unassigned character stands as its `\\u` code, so that the result holds no chat format's control token.
    """
    return _RISKY.sub(lambda found: _code(found[0]), json.dumps(text, ensure_ascii=False))


def _code(sign: str) -> str:
    point = ord(sign)
    if sign not in "<[" and unicodedata.category(sign) not in _HIDDEN and point not in _SELECTORS:
        return sign
    if point < 0x10000:
        return f"\\u{point:04x}"
    return f"\\u{0xD800 + ((point - 0x10000) >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}"


def encode_bounded(text: str, most: int) -> Encoded:
    """The text as a JSON string, or, where that has over `most` bytes, an object of head, what is missing, and tail.

    The cut stands outside every string, so no text can pretend to have been cut.
    """
    if len(text) <= most and _bytes(whole := encode(text)) <= most:
        return Encoded(whole)
    head = _fitting(text[:most], int(most * HEAD_SHARE))
    tail = _fitting(text[: -most - 1 : -1], most - int(most * HEAD_SHARE))
    missing = len(text) - head - tail
    shown = (
        f'"head": {encode(text[:head])}, "left_out_characters": {missing}, "tail": {encode(text[len(text) - tail :])}'
    )
    return Encoded(f"{{{shown}}}", missing)


def _fitting(signs: Iterable[str], room: int) -> int:
    """How many characters fit when each is counted as long as its code can be."""
    for count, sign in enumerate(signs):
        room -= 1 if sign.isascii() and sign.isalnum() else 6 if sign == "[" else _bytes(encode(sign)) - 2
        if room < 0:
            return count
    return count + 1


def _bytes(encoded: str) -> int:
    return len(encoded.encode("utf-8"))


def encode_turns(turns: Sequence[Message], most: int) -> Encoded:
    """A conversation as a JSON array of its turns, the last ones first kept where not all have room."""
    shown: list[str] = []
    missing = 0
    for place in range(len(turns) - 1, -1, -1):
        if most < SHORTEST_TURN:
            shown.append(f'{{"left_out_turns": {place + 1}}}')
            missing += sum(len(turn.content) for turn in turns[: place + 1])
            break
        content = encode_bounded(turns[place].content, min(most, MOST_OF_A_TURN))
        shown.append(f'{{"role": {encode(turns[place].role)}, "content": {content.json}}}')
        missing += content.left_out
        most -= _bytes(content.json)
    return Encoded("[" + ",\n ".join(reversed(shown)) + "]", missing)


def nonce_of(seed: int, sample: Sequence[str], values: Iterable[str]) -> str:
    """16 hex digits that stand in none of the values: an HMAC of the seed and the sample's id, the same every time."""
    texts = tuple(values)
    attempt = 0
    while True:
        message = json.dumps([*sample, attempt]).encode()
        nonce = hmac.new(f"lifealign judge {seed}".encode(), message, hashlib.sha256).hexdigest()[:16]
        if not any(nonce in text for text in texts):
            return nonce
        attempt += 1


def block(name: str, nonce: str, value: Encoded) -> str:
    """An encoded value between its markers; the encoding holds no `<`, so none of them can be spelled inside."""
    return f"<<BEGIN {name} {nonce}>>\n{value.json}\n<<END {name} {nonce}>>"
