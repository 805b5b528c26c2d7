"""One question to a judge, from its messages to the judgments that its replies come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lifealign_bench.data.rows import Message
from lifealign_bench.judges.chat import ChatReply, ReplyStatus
from lifealign_bench.judges.interface import Dimension, JudgedItem, Judgment, Status
from lifealign_bench.judges.joint import JointTemplate, parse_joint, render_joint
from lifealign_bench.judges.rendering import render
from lifealign_bench.judges.template import Template
from lifealign_bench.judges.verdict import Unscored, Verdict, parse_verdict

NONCE_SEED = 0
"""Markers depend on it and on the pair alone, so that the same question is always the same bytes and is paid once."""

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

    other: the answer that the item's is compared with, named by `against`, where two are compared; position: whether
    the item's own answer stands first (0) or second (1).
    """

    place: int
    item: JudgedItem
    dimensions: tuple[Dimension, ...]
    template: Template | JointTemplate
    other: str | None = None
    against: str | None = None
    position: int = 0

    def messages(self) -> tuple[Message, ...]:
        """The rendered question."""
        if isinstance(self.template, JointTemplate):
            return render_joint(self.template, self.item, NONCE_SEED)
        if self.position == 1 and self.other is not None:
            return render(self.template, replace(self.item, answer=self.other), NONCE_SEED, self.item.answer)
        return render(self.template, self.item, NONCE_SEED, self.other)

    def read(self, text: str) -> Verdicts:
        """A verdict, or why there is none, for every dimension."""
        if isinstance(self.template, JointTemplate):
            return {name: found for name, found in parse_joint(self.template, text).items() if name in self.dimensions}
        return {self.dimensions[0]: parse_verdict(self.template, text)}

    def value(self, verdict: Verdict) -> float:
        """The verdict on the dimension's scale; of a comparison 1 where the item's answer is better, 0 where it is
        worse, 0.5 for a tie."""
        if isinstance(verdict.verdict, int):
            return verdict.verdict
        own = ("first", "second")[self.position]
        return 0.5 if verdict.verdict == "tie" else float(verdict.verdict == own)


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

    def judgments(self) -> Iterator[Judgment]:
        """A judgment for every dimension that was asked for."""
        question = self.question
        for place, name in enumerate(question.dimensions):
            verdict, rationale, status = self._outcome(name)
            yield Judgment(
                question.item.pair_id,
                name,
                verdict,
                rationale,
                template=question.template.label,
                status=status,
                against=question.against,
                position=question.position,
                raw=self.said[name].raw if name in self.said else self.reply.text,
                # A call for several dimensions is paid for once.
                usage=self.usage if place == 0 else {},
            )

    def _outcome(self, name: Dimension) -> tuple[float | None, str, Status]:
        if self.reply.status != "complete":
            return None, self.reply.reason, WITHOUT[self.reply.status]
        found = self.said[name].found if name in self.said else Unscored("parse", "no verdict of this dimension")
        if isinstance(found, Verdict):
            return self.question.value(found), found.rationale, "scored"
        return None, found.detail, "parse"


def _counted(reply: ChatReply) -> dict[str, int]:
    return {"calls": 1, **reply.usage} if reply.status != "unreachable" else {}


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
