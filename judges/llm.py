"""A language model as a judge: templates ask, a client answers, verdicts are read, one repair and no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.data.rows import Message
from lifealign_bench.judges.chat import ChatCall, ChatReply, ReplyStatus
from lifealign_bench.judges.client.client import ChatClient
from lifealign_bench.judges.client.config import Budget
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
    """One call: the item's place, the dimensions that it asks for, and with which template."""

    place: int
    item: JudgedItem
    dimensions: tuple[Dimension, ...]
    template: Template | JointTemplate

    def messages(self) -> tuple[Message, ...]:
        """The rendered question."""
        if isinstance(self.template, JointTemplate):
            return render_joint(self.template, self.item, NONCE_SEED)
        return render(self.template, self.item, NONCE_SEED)

    def read(self, text: str) -> Verdicts:
        """A verdict, or why there is none, for every dimension."""
        if isinstance(self.template, JointTemplate):
            return {name: found for name, found in parse_joint(self.template, text).items() if name in self.dimensions}
        return {self.dimensions[0]: parse_verdict(self.template, text)}


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, the reply that decides, and the tokens of all replies."""

    question: Question
    reply: ChatReply
    usage: Mapping[str, int] = field(default_factory=dict)

    @property
    def verdicts(self) -> Verdicts:
        """What the reply says; nothing where it is not whole."""
        return self.question.read(self.reply.text) if self.reply.status == "complete" else {}

    @property
    def unread(self) -> bool:
        """Whether a repair may help: there are words, and no verdict in them."""
        return any(isinstance(found, Unscored) for found in self.verdicts.values())


class LlmJudge:
    """Judges through one endpoint; the same items give the same questions, so that cached replies cost nothing.

    cache: the file of paid replies. watch: called with what the client does.
    """

    def __init__(
        self,
        settings: JudgeSettings,
        cache: Path,
        dimensions: tuple[Dimension, ...] = DIMENSIONS,
        budget: Budget | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.settings, self.dimensions, self._watch = settings, dimensions, watch
        self.templates = load_templates(settings.paraphrase, settings.templates)
        self.client = ChatClient(settings.endpoint, cache, budget)
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
        unread: list[Answered] = []
        for done, answered in enumerate(self._ask(self._questions(items)), 1):
            if answered.unread:
                unread.append(answered)
            else:
                found[answered.question.place] += self._judgments(answered)
            if progress is not None:
                progress(done - len(unread), total)
        for done, answered in enumerate(self._repaired(unread), 1):
            found[answered.question.place] += self._judgments(answered)
            if progress is not None:
                progress(total - len(unread) + done, total)
        return [judgment for own in found for judgment in sorted(own, key=lambda one: DIMENSIONS.index(one.dimension))]

    def plan(self, items: Sequence[JudgedItem]) -> DryRun:
        """What judging would take, without repairs; nothing is sent."""
        return self.client.plan(self._call(question) for question in self._questions(items))

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
        return ChatCall(said, question.template.schema(), room)

    def _ask(self, questions: Iterable[Question]) -> Iterator[Answered]:
        under_way: deque[Question] = deque()

        def calls() -> Iterator[ChatCall]:
            for question in questions:
                under_way.append(question)
                yield self._call(question)

        for reply in self.client.complete(calls(), self._watch):
            yield Answered(under_way.popleft(), self._one_model(reply), _counted(reply))

    def _repaired(self, unread: Sequence[Answered]) -> Iterator[Answered]:
        """Each question once more, with the reply that could not be read; a reply that is no better changes nothing."""
        calls = (self._call(answered.question, answered.reply.text) for answered in unread)
        for answered, reply in zip(unread, self.client.complete(calls, self._watch), strict=True):
            usage = _sum(answered.usage, _counted(self._one_model(reply)))
            better = reply.status == "complete"
            yield replace(answered, reply=reply if better else answered.reply, usage=usage)

    def _one_model(self, reply: ChatReply) -> ChatReply:
        if reply.status == "complete" and reply.model_served:
            self._served.setdefault(reply.model_served)
        if len(self._served) > 1:
            found = f"answers of {' and '.join(self._served)}"
            expected = "one model; name an exact version of it"
            raise InputError(f"judge {self.settings.name}", "model served", found, expected)
        return reply

    def _judgments(self, answered: Answered) -> Iterator[Judgment]:
        question, reply = answered.question, answered.reply
        verdicts = answered.verdicts
        for place, name in enumerate(question.dimensions):
            # A call for several dimensions is paid for once.
            usage = answered.usage if place == 0 else {}
            verdict, rationale, status = _outcome(verdicts.get(name), reply)
            yield Judgment(
                question.item.pair_id,
                name,
                verdict,
                rationale,
                template=question.template.label,
                status=status,
                raw=reply.text,
                usage=usage,
            )


def _outcome(found: Verdict | Unscored | None, reply: ChatReply) -> tuple[int | None, str, Status]:
    if reply.status != "complete":
        return None, reply.reason, WITHOUT[reply.status]
    if isinstance(found, Verdict) and isinstance(found.verdict, int):
        return found.verdict, found.rationale, "scored"
    return None, found.detail if isinstance(found, Unscored) else "no verdict of this dimension", "parse"


def _counted(reply: ChatReply) -> dict[str, int]:
    return {"calls": 1, **reply.usage} if reply.status != "unreachable" else {}


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
