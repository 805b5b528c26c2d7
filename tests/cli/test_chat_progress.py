"""The line that a person sees while questions are asked."""

import io

from rich.console import Console

from lifealign_bench.cli.chat_progress import describe, time_left, watching
from lifealign_bench.judges.client import Progress

MOMENT = Progress(
    done=40,
    total=100,
    cached=20,
    in_flight=12,
    limit=64,
    waiting=3,
    failed={"refusal": 1, "HTTP 503": 2},
    wasted=5,
    cost=0.03125,
)


def test_the_line_says_everything_that_is_counted():
    text = describe(MOMENT)
    assert text == (
        "12 in flight of 64, 20 cached, 3 waiting, 3 failed (2 HTTP 503, 1 refusal), 5 times 429, cost 0.0312"
    )
    assert describe(Progress()).endswith("cost unknown")


def test_cached_answers_do_not_count_for_the_time_that_is_left():
    assert time_left(MOMENT, 20.0) == "1 min 00 s"
    assert time_left(Progress(done=40, total=100, cached=40), 20.0) is None
    assert time_left(Progress(done=40), 20.0) is None


def test_a_terminal_gets_one_live_line_and_a_pipe_a_line_at_the_end():
    shown = {}
    for terminal in (True, False):
        output = io.StringIO()
        console = Console(file=output, force_terminal=terminal, width=200)
        with watching(console, "judging [order1]") as show:
            show(MOMENT)
            show(Progress(done=100, total=100, cost=0.1))
        shown[terminal] = output.getvalue()
    assert "100/100" in shown[True]
    assert shown[False] == "judging [order1]: 100/100, 0 in flight of 0, 0 cached, cost 0.1000\n"
