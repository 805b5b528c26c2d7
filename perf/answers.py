"""What batching does for answers: CPU seconds of one by one, of batches as they come, by length, and by tokens.

The miniature base answers questions of two tasks; all four ways give the same answers, which is checked. Lengths of the
world's prompts differ little, so every third one is made longer by an earlier exchange.

    python perf/answers.py [--questions 60] [--repeat 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lifealign_bench.benchmark.evaluation.answers import Answer
    from lifealign_bench.data.rows import Pair

NEW, ROWS = 32, 8


def main() -> None:
    from lifealign_bench.benchmark.bases import open_base, shipped_base
    from lifealign_bench.benchmark.environment import settle_process
    from lifealign_bench.benchmark.evaluation.answers import greedy_answers
    from lifealign_bench.benchmark.training.encode import Encoder

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    settle_process(1)
    model, tokenizer = open_base(shipped_base("mini"), dtype="float32", device="cpu")
    encoder, pairs = Encoder(tokenizer, 512), questions(asked.questions)
    tokens = ROWS * (max(len(encoder.prompt(pair.prompt, 480)[0]) for pair in pairs) + NEW)

    def as_they_come() -> list[Answer]:
        found: list[Answer] = []
        for start in range(0, len(pairs), ROWS):
            found += greedy_answers(model, encoder, pairs[start : start + ROWS], NEW, ROWS)
        return found

    ways = {
        "one by one": lambda: greedy_answers(model, encoder, pairs, NEW, 1),
        f"{ROWS} as they come": as_they_come,
        f"{ROWS} by length": lambda: greedy_answers(model, encoder, pairs, NEW, ROWS),
        f"{tokens} tokens, by length": lambda: greedy_answers(model, encoder, pairs, NEW, ROWS, None, tokens),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    answers = {}
    for _ in range(asked.repeat):
        for name, way in ways.items():
            began = time.process_time()
            answers[name] = way()
            seconds[name].append(time.process_time() - began)
    first, *others = answers.values()
    same = all(other == first for other in others)
    alone = statistics.median(seconds["one by one"])
    for name, taken in seconds.items():
        print(
            f"{name:>24}: {statistics.median(taken):6.2f} CPU s, {alone / statistics.median(taken):5.2f} times as fast"
        )
    print(f"all answers the same: {same}")


def questions(count: int) -> Sequence[Pair]:
    from lifealign_bench.data.catalogue import load_card
    from lifealign_bench.data.rows import Message
    from lifealign_bench.data.stream import TaskRequest, load_stream

    requests = [TaskRequest(load_card(name), 8, count // 2) for name in ("mini-general", "mini-human")]
    rows = [pair for data in load_stream(requests, None, 0) for pair in data.evaluation]
    # As they come, tasks and lengths are mixed.
    mixed = [rows[index] for half in range(count // 2) for index in (half, half + count // 2) if index < len(rows)]
    earlier = (*rows[0].prompt, Message("assistant", rows[0].chosen))
    return [replace(pair, prompt=(*earlier, *pair.prompt)) if at % 3 == 0 else pair for at, pair in enumerate(mixed)]


if __name__ == "__main__":
    main()
