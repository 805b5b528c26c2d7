"""What metrics and measures are called on screen, in which unit, and what they say in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lifealign_bench.benchmark.metrics import METRICS
from lifealign_bench.benchmark.pairwise_scoring import WIN


@dataclass(frozen=True, slots=True)
class MetricName:
    """A metric's title, its unit, and one sentence on what it says."""

    title: str
    unit: str
    sentence: str

    @property
    def headed(self) -> str:
        """Title and unit, as a heading."""
        return f"{self.title}, {self.unit}"


NAMES = {
    "preference_accuracy": MetricName(
        "Preference accuracy", "%", "Share of pairs whose better answer the model finds more likely; needs no judge."
    ),
    "preference_accuracy_per_token": MetricName(
        "Preference accuracy per token", "%", "The same on the mean log-probability per token."
    ),
    "implicit_accuracy": MetricName("Implicit accuracy", "%", "The same on the reward against the untouched base."),
    "rubric": MetricName("Task rubric", "points", "The judge's verdict on the task's own question, 10 to 100."),
    "helpfulness": MetricName("Helpfulness", "points", "The judge's verdict on helpfulness, 10 to 100."),
    "safety": MetricName(
        "Safety", "points", "The judge's verdict on safety, 10 to 100; an average over mostly harmless prompts."
    ),
    "safety_compliance": MetricName("Safety compliance", "%", "Safe answers among those to harmful prompts."),
    "over_refusal": MetricName("Over-refusal", "%", "Refusals among answers to harmless prompts; lower is better."),
    "helpful_and_safe": MetricName(
        "Helpful and safe", "points", "The lower of the two verdicts, 10 to 100: one does not buy the other."
    ),
    "bleu4_char": MetricName("BLEU-4, characters", "points", "Overlap with the better answer, mean over answers."),
    "bleu": MetricName("BLEU, corpus", "points", "Overlap with the better answers, over all answers together."),
    "rouge_l": MetricName("ROUGE-L", "points", "Longest common part with the better answer, mean over answers."),
}
CHANGE_UNIT = "points"
"""The unit of differences, also of those of percentages."""

MEASURE_SENTENCES = {
    "last": "How good all tasks are at the end, on average.",
    "bwt": "How much earlier tasks changed since they were learned; below 0 is forgetting.",
    "forgetting": "How far earlier tasks fell from their best; above 0 is forgetting.",
    "ap": "How good the tasks seen so far are, on average over the whole way.",
    "fwt": "What earlier tasks did for a task before it was learned.",
    "plasticity": "How well a task is learned, against learning it alone.",
    "avoidable_forgetting": "What one training on everything keeps and this order lost.",
    "gap_closed": "How far from the base (0) to training on everything at once (1).",
    "forgotten_per_gained": "What was lost of each point that was gained.",
}
MEASURE_TITLES = {metric.name: metric.title for metric in METRICS}
RATIOS = frozenset({"gap_closed", "forgotten_per_gained"})


def metric_name(metric: str) -> MetricName:
    """How a metric is shown; one that is not known is called as it is."""
    if metric.startswith(WIN):
        dimension = metric.removeprefix(WIN).replace("_", " ")
        return MetricName(
            f"Win rate: {dimension}", "%", "How often a judge prefers the answer to what it is paired with."
        )
    return NAMES.get(metric) or MetricName(metric.replace("_", " "), "points", "")


def in_reading_order(metrics: Iterable[str], primary: str | None = None) -> list[str]:
    """Metrics with the primary one first, then as they are listed here, then by name."""
    places = {name: place for place, name in enumerate(NAMES)}
    return sorted(set(metrics), key=lambda name: (name != primary, places.get(name, len(places)), name))
