"""A language model as a judge: templates ask, a client answers, verdicts are read, one repair and no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.chat import ChatCall, ChatReply, ReplyStatus
from lifealign_bench.judges.client.client import ChatClient
from lifealign_bench.judges.client.planning import DryRun
from lifealign_bench.judges.client.progress import Progress
from lifealign_bench.judges.interface import (
    DIMENSIONS,
    Dimension,
    JudgedItem,
    JudgeIdentity,
    JudgeProgress,
    Judgment,
    Status,
    asked_of,
)
from lifealign_bench.judges.joint import JointTemplate, parse_joint, render_joint
from lifealign_bench.judges.judge_file import JudgeSettings
from lifealign_bench.judges.purse import Purse
from lifealign_bench.judges.rendering import render, repair_messages
from lifealign_bench.judges.template import Template
from lifealign_bench.judges.templates import load_templates
from lifealign_bench.judges.verdict import Unscored, Verdict, parse_verdict

NONCE_SEED = 0
"""Markers depend on it and on the pair alone, so that the same question is always the same bytes and is paid once."""

Watch = Callable[[Progress], None]
Verdicts = Mapping[Dimension, Verdict | Unscored]

WITHOUT: Mapping[ReplyStatus, Status] = {
    "length": "length",
    "refusal": "refusal",
    "rejected": "rejected",
    "unreachable": "endpoint",
}
"""Why an answer without a whole reply has no verdict."""


@dataclass(frozen=True, slots=True)
class Question:
    """One call: the item's place, the dimensions that it asks for, and with which template.

    other: the second answer, where two are compared. repeat: which of several replies to the same question is meant.
    """

    place: int
    item: JudgedItem
    dimensions: tuple[Dimension, ...]
    template: Template | JointTemplate
    other: str | None = None
    repeat: int = 0

    def messages(self) -> tuple[Message, ...]:
        """The rendered question."""
        if isinstance(self.template, JointTemplate):
            return render_joint(self.template, self.item, NONCE_SEED)
        return render(self.template, self.item, NONCE_SEED, self.other)

    def read(self, text: str) -> Verdicts:
        """A verdict, or why there is none, for every dimension."""
        if isinstance(self.template, JointTemplate):
            return {name: found for name, found in parse_joint(self.template, text).items() if name in self.dimensions}
        return {self.dimensions[0]: parse_verdict(self.template, text)}


@dataclass(frozen=True, slots=True)
class Said:
    """What one reply says of one dimension: a verdict or why there is none, and the words it was read from."""

    found: Verdict | Unscored
    raw: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, what was said by dimension (nothing where no whole reply came), and the tokens of all replies."""

    question: Question
    reply: ChatReply
    said: Mapping[Dimension, Said]
    usage: Mapping[str, int]

    @classmethod
    def by(cls, question: Question, reply: ChatReply) -> Answered:
        """The question with its first reply."""
        read = question.read(reply.text) if reply.status == "complete" else {}
        return cls(question, reply, {name: Said(found, reply.text) for name, found in read.items()}, _counted(reply))

    @property
    def unread(self) -> bool:
        """Whether a repair may help: there are words, and no verdict in them."""
        return any(isinstance(said.found, Unscored) for said in self.said.values())

    def repaired(self, reply: ChatReply) -> Answered:
        """With a second reply: it counts where the first could not be read, and it can."""
        again = Answered.by(self.question, reply)
        better = {name: said for name, said in again.said.items() if isinstance(said.found, Verdict)}
        kept = {name: said for name, said in self.said.items() if isinstance(said.found, Verdict)}
        return replace(self, said={**self.said, **better, **kept}, usage=_sum(self.usage, again.usage))


class LlmJudge:
    """Judges through one endpoint; the same items give the same questions, so that cached replies cost nothing.

    cache: the file of paid replies. purse: what may be spent. watch: called with what the client does.
    """

    def __init__(
        self,
        settings: JudgeSettings,
        cache: Path,
        dimensions: tuple[Dimension, ...] = DIMENSIONS,
        purse: Purse | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.settings, self.dimensions = settings, dimensions
        self.templates = load_templates(settings.paraphrase, settings.templates)
        self._cache, self._purse, self._watch = cache, purse or Purse(), watch
        self._client()
        self._served: dict[str, None] = {}

    @property
    def identity(self) -> JudgeIdentity:
        """Model, templates and sampling; the served model once it has answered."""
        settings, known = self.settings, self.templates.identity
        endpoint = settings.endpoint
        hashes = {template.label: template.sha256 for template in self.templates.templates}
        if self.templates.frame is not None:
            hashes[self.templates.frame.label] = self.templates.frame.sha256
        return JudgeIdentity(
            name=settings.name,
            model_requested=endpoint.model,
            model_served=next(iter(self._served), ""),
            revision=settings.revision,
            template=known.name,
            template_version=known.version,
            template_sha256=known.sha256,
            templates=hashes,
            parameters={
                "calls": "+".join(self.dimensions) if settings.joint else "separate",
                "temperature": endpoint.temperature,
                "seed": endpoint.seed,
                "max_tokens": endpoint.max_tokens,
                "response_format": endpoint.response_format,
                **{f"extra.{name}": value for name, value in endpoint.extra.items()},
            },
        )

    def judge(self, items: Sequence[JudgedItem], progress: JudgeProgress | None = None) -> list[Judgment]:
        """A judgment for every dimension asked of every item, items in order.

        Raises:
            InputError: the endpoint cannot be used, or answered as more than one model.
            LifeAlignError: a budget is reached or too much fails; what was answered is kept.
        """
        total = sum(1 for _ in self._questions(items))
        found: list[list[Judgment]] = [[] for _ in items]
        for done, answered in enumerate(self.ask(self._questions(items)), 1):
            found[answered.question.place] += self._judgments(answered)
            if progress is not None:
                progress(done, total)
        return [judgment for own in found for judgment in sorted(own, key=lambda one: DIMENSIONS.index(one.dimension))]

    def plan(self, items: Sequence[JudgedItem]) -> DryRun:
        """What judging would take, without repairs; nothing is sent."""
        return self.plan_of(self._questions(items))

    def ask(self, questions: Iterable[Question]) -> Iterator[Answered]:
        """Every question with what was said, those that needed a repair after all others; raises as `judge` does."""
        unread: list[Answered] = []
        for answered in self._first(questions):
            if answered.unread:
                unread.append(answered)
            else:
                yield answered
        yield from self._repaired(unread)

    def plan_of(self, questions: Iterable[Question]) -> DryRun:
        """What asking these would take, without repairs; nothing is sent."""
        return self._client().plan(self._call(question) for question in questions)

    def _questions(self, items: Sequence[JudgedItem]) -> Iterator[Question]:
        for place, item in enumerate(items):
            asked = asked_of(item, self.dimensions)
            if self.settings.joint and len(asked) > 1:
                yield Question(place, item, asked, self.templates.joint(asked, item.rubric))
            else:
                for name in asked:
                    yield Question(place, item, (name,), self.templates.for_dimension(name, item.rubric))

    def _call(self, question: Question, after: str | None = None) -> ChatCall:
        messages = question.messages()
        room = self.settings.endpoint.max_tokens * len(question.dimensions)
        said = messages if after is None else repair_messages(messages, after)
        return ChatCall(said, question.template.schema(), room, question.repeat)

    def _first(self, questions: Iterable[Question]) -> Iterator[Answered]:
        under_way: deque[Question] = deque()

        def calls() -> Iterator[ChatCall]:
            for question in questions:
                under_way.append(question)
                yield self._call(question)

        for reply in self._complete(calls()):
            yield Answered.by(under_way.popleft(), self._one_model(reply))

    def _repaired(self, unread: Sequence[Answered]) -> Iterator[Answered]:
        """Each question once more, with the reply that could not be read; a reply that is no better changes nothing."""
        calls = (self._call(answered.question, answered.reply.text) for answered in unread)
        for answered, reply in zip(unread, self._complete(calls), strict=True):
            yield answered.repaired(self._one_model(reply))

    def _client(self) -> ChatClient:
        return ChatClient(self.settings.endpoint, self._cache, self._purse.left())

    def _complete(self, calls: Iterable[ChatCall]) -> Iterator[ChatReply]:
        last = Progress()

        def watch(now: Progress) -> None:
            nonlocal last
            last = now
            if self._watch is not None:
                self._watch(now)

        try:
            yield from self._client().complete(calls, watch)
        finally:
            self._purse.spend(last)

    def _one_model(self, reply: ChatReply) -> ChatReply:
        if reply.status == "complete" and reply.model_served:
            self._served.setdefault(reply.model_served)
        if len(self._served) > 1:
            found = f"answers of {' and '.join(self._served)}"
            expected = "one model; name an exact version of it"
            raise InputError(f"judge {self.settings.name}", "model served", found, expected)
        return reply

    def _judgments(self, answered: Answered) -> Iterator[Judgment]:
        question = answered.question
        for place, name in enumerate(question.dimensions):
            verdict, rationale, status = _outcome(answered, name)
            yield Judgment(
                question.item.pair_id,
                name,
                verdict,
                rationale,
                template=question.template.label,
                status=status,
                raw=answered.said[name].raw if name in answered.said else answered.reply.text,
                # A call for several dimensions is paid for once.
                usage=answered.usage if place == 0 else {},
            )


def _outcome(answered: Answered, name: Dimension) -> tuple[int | None, str, Status]:
    reply, said = answered.reply, answered.said.get(name)
    if reply.status != "complete":
        return None, reply.reason, WITHOUT[reply.status]
    if said is not None and isinstance(said.found, Verdict) and isinstance(said.found.verdict, int):
        return said.found.verdict, said.found.rationale, "scored"
    return None, said.found.detail if said is not None and isinstance(said.found, Unscored) else "no verdict", "parse"


def _counted(reply: ChatReply) -> dict[str, int]:
    return {"calls": 1, **reply.usage} if reply.status != "unreachable" else {}


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
