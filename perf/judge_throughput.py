"""What it costs to ask a judge over HTTP, against a scripted server on the same machine, all in one run.

- Server with 200 ms latency and room for 64 in flight: how many times faster 2,000 judgments are than one after the
  other (a sample of 40 is measured one after the other and scaled up), processor time of the judging process a
  judgment, and its growth in memory over 20,000 judgments.
- Server that takes 20 requests a second, 429 above, limited in three ways: the share of that rate that is held over
  60 seconds, and the share of calls that were answered with 429.
- The same run again: calls made, and milliseconds a judgment that is in the cache.
- A judging process killed in the middle and started again: judgments that were paid for twice, beside those that
  were in flight when it died.

    python perf/judge_throughput.py
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from scripted.process import Scripted, scripted_server

LATENCY_S, PLACES, FEW_PLACES = 0.2, 64, 16
JUDGMENTS, SAMPLE, MANY = 2000, 40, 20_000
RATE, RATE_S = 20, 60
LIMITERS = {
    "token bucket, burst of 20": {"burst": 20, "retry_after": "1"},
    "token bucket, burst of 4, no Retry-After": {"burst": 4},
    "sliding window of 1 s": {"window_s": 1.0, "retry_after": "1"},
}
SCHEMA = {
    "type": "object",
    "properties": {"rationale": {"type": "string"}, "verdict": {"type": "integer", "enum": list(range(1, 11))}},
    "required": ["rationale", "verdict"],
    "additionalProperties": False,
}
RATIONALE = "The answer names three of the four steps, in order, and leaves out the last one. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(judge(**options.child)))
        return
    answer = json.dumps({"rationale": RATIONALE * 3, "verdict": 7})
    with scripted_server(parameters={"text": answer}) as server, tempfile.TemporaryDirectory() as folder:
        for part in (speed, memory, rate, killed):
            part(server, Path(folder), {"parameters": {"text": answer}})


def speed(server: Scripted, folder: Path, script: dict[str, Any]) -> None:
    server.order(**script, latency_s=LATENCY_S, capacity=PLACES)
    alone = child(server, folder / "alone.sqlite", SAMPLE, max_in_flight=1)
    found = child(server, folder / "speed.sqlite", JUDGMENTS)
    one_by_one = alone["wall_s"] / SAMPLE * JUDGMENTS
    times = one_by_one / found["wall_s"]
    report(
        f"{JUDGMENTS} judgments", f"{found['wall_s']:.1f} s, {times:.1f} times faster than one by one", "at least 25"
    )
    report("one by one", f"{one_by_one:.0f} s, from {SAMPLE} in {alone['wall_s']:.1f} s")
    report("processor time a judgment", f"{1e3 * found['cpu_s'] / JUDGMENTS:.2f} ms", "under 5 ms")
    server.order(**script, latency_s=LATENCY_S, capacity=PLACES)
    again = child(server, folder / "speed.sqlite", JUDGMENTS)
    report("the same run again", f"{server.counters['requests']} calls", "0")
    report("a judgment in the cache", f"{1e3 * again['wall_s'] / JUDGMENTS:.3f} ms", "under 3 ms")


def memory(server: Scripted, folder: Path, script: dict[str, Any]) -> None:
    server.order(**script, capacity=PLACES)
    found = child(server, folder / "memory.sqlite", MANY)
    marks = " ".join(f"{mark:.0f}" for mark in found["resident_mib"])
    grown = found["resident_mib"][-1] - found["resident_mib"][1]
    report(f"resident MiB, each tenth of {MANY} judgments", f"{marks}; {grown:+.1f} after the second tenth", "flat")


def rate(server: Scripted, folder: Path, script: dict[str, Any]) -> None:
    for name, limiter in LIMITERS.items():
        server.order(**script, latency_s=LATENCY_S, rate=RATE, **limiter)
        found = child(server, folder / f"rate {name}.sqlite", None, seconds=RATE_S)
        counted = server.counters
        refused = counted["statuses"].get("429", 0) / counted["requests"]
        held = found["judgments"] / found["wall_s"] / RATE
        report(
            f"{RATE} a second, {name}", f"{held:.1%} held, {refused:.2%} of calls wasted", "at least 90 %, under 3 %"
        )


def killed(server: Scripted, folder: Path, script: dict[str, Any]) -> None:
    server.order(**script, latency_s=LATENCY_S, capacity=PLACES)
    process = start(server, folder / "killed.sqlite", JUDGMENTS // 4, max_in_flight=FEW_PLACES)
    while server.counters["answers"] < JUDGMENTS // 8:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    child(server, folder / "killed.sqlite", JUDGMENTS // 4)
    counted = server.counters
    twice = counted["answers"] - counted["questions"]
    report("killed and started again", f"{twice} paid twice, {FEW_PLACES} places", "at most those in flight")


def judge(base_url: str, cache: str, count: int | None, seconds: float | None, places: int) -> dict[str, Any]:
    """The judging process: so many judgments, or as many as there are in so many seconds."""
    import psutil

    import lifealign_bench.judges.client.engine  # noqa: F401 - libraries are loaded before the clock starts
    from lifealign_bench.judges.client import ChatClient, EndpointConfig

    config = EndpointConfig(model="scripted", base_url=base_url, max_in_flight=places)
    client = ChatClient(config, Path(cache))
    resident, done = [], 0
    wall, cpu = time.perf_counter(), time.process_time()
    for reply in client.complete(islice(questions(), count)):
        if reply.status != "complete":
            raise SystemExit(f"{reply.status}: {reply.reason}")
        done += 1
        if count and done % max(1, count // 10) == 0:
            resident.append(psutil.Process().memory_info().rss / 2**20)
        if seconds and time.perf_counter() - wall > seconds:
            break
    took = time.perf_counter() - wall
    return {"judgments": done, "wall_s": took, "cpu_s": time.process_time() - cpu, "resident_mib": resident}


def questions() -> Iterator[Any]:
    """Prompts as long as a judge's, about 3 kB, without end."""
    from lifealign_bench.data.rows import Message
    from lifealign_bench.judges.chat import ChatCall

    number = 0
    while True:
        system = Message("system", "You judge answers. " * 60)
        user = Message("user", f"Answer {number}. " + "How helpful is the answer to the question? " * 45)
        yield ChatCall((system, user), SCHEMA, 256)
        number += 1


def start(
    server: Scripted, cache: Path, count: int | None, seconds: float | None = None, max_in_flight: int = PLACES
) -> subprocess.Popen[str]:
    what = {
        "base_url": server.base_url,
        "cache": str(cache),
        "count": count,
        "seconds": seconds,
        "places": max_in_flight,
    }
    command = [sys.executable, __file__, "--child", json.dumps(what)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def child(*arguments: Any, **options: Any) -> dict[str, Any]:
    process = start(*arguments, **options)
    output, errors = process.communicate()
    if process.returncode:
        raise SystemExit(errors)
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def report(what: str, found: str, wanted: str = "") -> None:
    print(f"{what}: {found}{f' ({wanted})' if wanted else ''}", flush=True)


if __name__ == "__main__":
    main()
