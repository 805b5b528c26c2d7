"""The limit and the rate that a client learns, against endpoints that limit in different ways; time is simulated."""

import heapq
import random

import pytest

from lifealign_bench.judges.client.pace import Pace


class Bucket:
    """So many requests a second, and a burst of so many."""

    def __init__(self, rate, burst):
        self.rate, self.burst, self.tokens, self.at = rate, burst, burst, 0.0

    def takes(self, now, in_flight):
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        free = self.tokens >= 1
        self.tokens -= free
        return free


class Window:
    """So many requests within any so many seconds."""

    def __init__(self, count, seconds):
        self.count, self.seconds, self.taken = count, seconds, []

    def takes(self, now, in_flight):
        self.taken = [at for at in self.taken if at > now - self.seconds]
        free = len(self.taken) < self.count
        self.taken += [now] if free else []
        return free


class Period:
    """So many requests in every second of the clock."""

    def __init__(self, count):
        self.count, self.period, self.used = count, -1, 0

    def takes(self, now, in_flight):
        if int(now) != self.period:
            self.period, self.used = int(now), 0
        self.used += 1
        return self.used <= self.count


class Places:
    """So many requests at once."""

    def __init__(self, count):
        self.count = count

    def takes(self, now, in_flight):
        return in_flight < self.count


def simulate(limiter, *, seconds=90.0, latency=0.2, refusal=0.005, retry_after=1.0):
    """Answers a second, and the share of requests that were refused."""
    pace, draw = Pace(64, 0.0), random.Random(0)
    now, events, in_flight, working, answered, refused = 0.0, [], 0, 0, 0, 0
    while now < seconds:
        wait = pace.delay(now) if in_flight < int(pace.limit) else None
        if wait == 0:
            taken = limiter.takes(now, working)
            pace.started(now)
            in_flight, working = in_flight + 1, working + taken
            took = latency * draw.uniform(0.9, 1.1) if taken else refusal
            heapq.heappush(events, (now + took, now, taken))
        elif wait is not None and (not events or now + wait < events[0][0]):
            now += wait + draw.uniform(0, 0.002)  # nobody wakes up on time
        else:
            at, started, taken = heapq.heappop(events)
            now = max(now, at)
            if taken:
                answered, working = answered + 1, working - 1
                pace.accepted(now, in_flight)
            else:
                refused += 1
                pace.refused(now, started, in_flight, retry_after)
            in_flight -= 1
    return answered / seconds, refused / (answered + refused)


@pytest.mark.parametrize("refusal", [0.005, 0.2])
@pytest.mark.parametrize("retry_after", [None, 0.05, 1.0])
@pytest.mark.parametrize(
    "limiter", [lambda: Bucket(20, 20), lambda: Bucket(20, 4), lambda: Window(20, 1.0), lambda: Period(20)]
)
def test_nine_tenths_of_a_rate_are_held_with_few_refusals_however_it_is_limited(limiter, retry_after, refusal):
    rate, wasted = simulate(limiter(), retry_after=retry_after, refusal=refusal)
    assert rate >= 0.9 * 20
    assert wasted < 0.015


@pytest.mark.parametrize("latency", [0.1, 0.5])
def test_another_latency_changes_nothing(latency):
    rate, wasted = simulate(Bucket(20, 20), latency=latency)
    assert rate >= 0.9 * 20
    assert wasted < 0.015


def test_an_endpoint_without_a_burst_is_learned_more_slowly():
    rate, wasted = simulate(Bucket(20, 1))
    assert rate >= 0.8 * 20
    assert wasted < 0.015


@pytest.mark.parametrize("places", [4, 8, 30])
def test_an_endpoint_that_limits_what_is_at_once_is_not_pestered(places):
    rate, wasted = simulate(Places(places))
    assert rate >= 0.7 * places / 0.2
    assert wasted < 0.015


def test_without_refusals_the_limit_opens_to_all_places():
    pace = Pace(64, 0.0)
    for answer in range(1000):
        pace.started(answer * 0.01)
        pace.accepted(answer * 0.01 + 0.005, int(pace.limit))
    assert pace.limit == 64
    assert pace.rate is None


def test_a_limit_that_is_not_used_does_not_open():
    pace = Pace(64, 0.0)
    for answer in range(1000):
        pace.started(answer * 0.1)
        pace.accepted(answer * 0.1 + 0.05, 1)
    assert pace.limit == 8


def test_429_cuts_the_limit_by_a_fifth_once_for_all_that_were_in_flight():
    pace = Pace(64, 0.0)
    for _ in range(8):
        pace.started(1.0)
    for late in range(8):
        pace.refused(1.2 + late / 100, 1.0, 8 - late, None)
    assert pace.limit == pytest.approx(6.4)


def test_a_pause_is_at_least_what_the_endpoint_asks_for():
    pace = Pace(64, 0.0)
    pace.started(1.0)
    pace.refused(1.1, 1.0, 1, 17.0)
    assert pace.delay(1.1) == pytest.approx(17.0)
