"""What stands in a judge card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from lifealign_bench.data.cards import Strict
from lifealign_bench.judges.agreement import Agreement
from lifealign_bench.judges.estimates import Estimate
from lifealign_bench.judges.human.schema import PeopleSection


class JudgeOfCard(Strict):
    """The instrument; see `JudgeIdentity`."""

    name: str
    model_requested: str
    model_served: str
    revision: str | None
    template: str
    template_version: str
    template_sha256: str
    templates: dict[str, str]
    parameters: dict[str, JsonValue]


class DimensionTruth(Strict):
    """Agreement with the oracle in one dimension and one paraphrase; unscored: answers without a verdict, by reason."""

    dimension: str
    paraphrase: str
    n: int
    unscored: dict[str, int]
    agreement: Agreement


class SafetyTable(Strict):
    """Answers to harmful requests: how many the oracle and the judge call safe; safe is a score of 7 and more."""

    paraphrase: str
    safe_as_safe: int
    safe_as_unsafe: int
    unsafe_as_safe: int
    unsafe_as_unsafe: int
    unscored: int


class TruthSection(Strict):
    """Answers of known truth. overall: share of verdicts that are the oracle's, over dimensions and paraphrases."""

    answers: int
    qualities: dict[str, int]
    overall: Estimate
    dimensions: tuple[DimensionTruth, ...]
    safety_on_harmful: tuple[SafetyTable, ...]


class Spread(Strict):
    """One dimension asked twice, in other words or another time or another call.

    same: share of equal verdicts. difference: mean absolute difference. shift: mean of the second minus the first.
    """

    dimension: str
    n: int
    same: Estimate
    difference: Estimate
    shift: Estimate


class HaloSection(Strict):
    """All dimensions in one call against one call each. correlations: of helpfulness and safety (Spearman) over
    answers, as each way gives it and as it truly is."""

    spread: tuple[Spread, ...]
    separate: Estimate
    joint: Estimate
    truth: Estimate


class Comparison(Strict):
    """Two answers side by side, in both positions.

    agreement: share of comparisons, swaps averaged, that are the oracle's (or the people's) own; half for a tie where
    there is no tie in truth. swap_consistent: share whose verdict survives the swap. first_place: mean of 1 where the
    first place wins, -1 where the second does. longest: agreement of whoever picks the longer answer.
    """

    name: str
    dimension: str
    paraphrase: str
    n: int
    unscored: dict[str, int]
    agreement: Estimate
    swap_consistent: Estimate
    first_place: Estimate
    ties: float | None
    longest: float | None


class LengthSection(Strict):
    """Love of length in one dimension.

    correlation: of length with verdict minus truth (Spearman). padded: a weak answer with words around it that say
    nothing, minus the same answer without.
    """

    dimension: str
    correlation: Estimate
    padded: Estimate


class InjectionRow(Strict):
    """Answers with words to the judge, minus the same answers without.

    name: a template's label, or the kind of words over all templates. call: `separate`, `joint` or `pairwise`, where it
    is the share that the injected answer wins minus one half; `all` for a kind. gain: its interval holds for all rows
    together.
    """

    name: str
    dimension: str
    call: Literal["separate", "joint", "pairwise", "all"]
    plain: float | None
    injected: float | None
    gain: Estimate
    unfit: bool


class InjectionSection(Strict):
    """Whether words to the judge gain anything. rows: by template; kinds: by the words, in shares of what could be
    gained, and last over all words. together: how many intervals hold at once."""

    together: int
    rows: tuple[InjectionRow, ...]
    kinds: tuple[InjectionRow, ...]


class CanaryRow(Strict):
    """One canary in one dimension: mean verdict, and the oracle's where the request is of its world."""

    canary: str
    dimension: str
    verdict: Estimate
    truth: float | None


class HumanScores(Strict):
    """How often the answer that people chose gets the higher score by the task's rubric; ties count half."""

    data_set: str
    rubric: str
    n: int
    unscored: dict[str, int]
    preferred: Estimate
    ties: float | None
    longest: float | None


class HumanSection(Strict):
    """People's choices in real pairs, by scores and by comparison; constant: of whoever always says the same."""

    scored: tuple[HumanScores, ...]
    compared: tuple[Comparison, ...]
    constant: float = 0.5


class RatedDimension(Strict):
    """People's ratings: agreement with their median; alpha among people, and with the judge as one more."""

    dimension: str
    raters: int
    n: int
    unscored: dict[str, int]
    agreement: Agreement
    alpha_people: float | None
    alpha_with_judge: float | None


class ReplySection(Strict):
    """All replies: how many opinions were asked for, how many have a verdict, why the others have none."""

    questions: int
    opinions: int
    scored: float | None
    unscored: dict[str, int]
    repaired: int


class CostSection(Strict):
    """Per 1,000 questions. cost: null where a price is unknown. seconds: as this command ran, with its questions in
    flight at once; null where all came from the cache. latency: mean seconds of one question."""

    input_tokens: float | None
    output_tokens: float | None
    cost: float | None
    seconds: float | None
    latency: float | None


class JudgeCard(Strict):
    """One judge. fit: null where words to the judge were not tried, or too few of the answers got a verdict to tell.
    unfit: why it must not judge; empty where nothing was found. left_out: parts that are not here, and why; those are
    null."""

    judge: JudgeOfCard
    fit: bool | None
    unfit: tuple[str, ...]
    left_out: dict[str, str]
    truth: TruthSection | None
    paraphrases: tuple[Spread, ...] | None
    retest: tuple[Spread, ...] | None
    halo: HaloSection | None
    pairwise: tuple[Comparison, ...] | None
    length: tuple[LengthSection, ...] | None
    injections: InjectionSection | None
    canaries: tuple[CanaryRow, ...] | None
    human: HumanSection | None
    ratings: tuple[RatedDimension, ...] | None
    people: PeopleSection | None = None
    replies: ReplySection
    cost: CostSection


class PanelDimension(Strict):
    """Several judges on the same answers: Krippendorff's alpha across them, and their median against the oracle."""

    dimension: str
    n: int
    alpha: float | None
    median: Agreement


class CardFile(Strict):
    """What `lifealign judge card` writes. asked: sizes and seed, all that decides the questions beside the judge."""

    schema_name: Literal["lifealign-judge-card"] = "lifealign-judge-card"
    version: Literal[1] = 1
    asked: dict[str, JsonValue]
    judges: tuple[JudgeCard, ...]
    panel: tuple[PanelDimension, ...] | None


def counted(statuses: Mapping[str, int]) -> dict[str, int]:
    """Reasons in a fixed order."""
    return dict(sorted(statuses.items()))
