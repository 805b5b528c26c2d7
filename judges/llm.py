"""A language model as a judge: templates ask, a client answers, verdicts are read, one repair and no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from lifealign_bench.data.errors import InputError
from lifealign_bench.judges.chat import ChatCall, ChatReply
from lifealign_bench.judges.client.client import ChatClient
from lifealign_bench.judges.client.identity import Served
from lifealign_bench.judges.client.planning import DryRun
from lifealign_bench.judges.client.progress import Progress
from lifealign_bench.judges.interface import (
    DIMENSIONS,
    Comparison,
    Dimension,
    JudgedItem,
    JudgeIdentity,
    JudgeProgress,
    Judgment,
    asked_of,
    compared_in,
)
from lifealign_bench.judges.judge_file import JudgeSettings
from lifealign_bench.judges.purse import Purse
from lifealign_bench.judges.questions import Answered, Question
from lifealign_bench.judges.rendering import repair_messages
from lifealign_bench.judges.templates import load_templates

Watch = Callable[[Progress], None]


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
        self._served = Served()
        self._client()

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
            model_served=self._served.first,
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
        return self._judged(lambda: self._questions(items), len(items), progress)

    def compare(self, comparisons: Sequence[Comparison], progress: JudgeProgress | None = None) -> list[Judgment]:
        """Two judgments for every dimension that has a pairwise template, one in each position, for every comparison,
        in order; raises as `judge`."""
        return self._judged(lambda: self._comparing(comparisons), len(comparisons), progress)

    def _judged(
        self, questions: Callable[[], Iterator[Question]], places: int, progress: JudgeProgress | None
    ) -> list[Judgment]:
        total = sum(1 for _ in questions())
        found: list[list[Judgment]] = [[] for _ in range(places)]
        for done, answered in enumerate(self.ask(questions(), total), 1):
            found[answered.question.place] += answered.judgments()
            if progress is not None:
                progress(done, total)
        return [judgment for own in found for judgment in sorted(own, key=_in_order)]

    def plan(self, items: Sequence[JudgedItem], comparisons: Sequence[Comparison] = ()) -> DryRun:
        """What judging and comparing would take, without repairs; nothing is sent."""
        questions = chain(self._questions(items), self._comparing(comparisons))
        return self.plan_of(questions)

    def ask(self, questions: Iterable[Question], total: int) -> Iterator[Answered]:
        """Every question with what was said, those that needed a repair after all others; raises as `judge` does."""
        unread: list[Answered] = []
        for answered in self._first(questions, total):
            if answered.unread:
                unread.append(answered)
            else:
                yield answered
        if unread:
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

    def _comparing(self, comparisons: Sequence[Comparison]) -> Iterator[Question]:
        for place, pair in enumerate(comparisons):
            for name in compared_in(self.dimensions):
                template = self.templates.pairwise(name)
                for position in (0, 1):
                    yield Question(place, pair.item, (name,), template, pair.other, pair.against, position)

    def _call(self, question: Question, after: str | None = None) -> ChatCall:
        messages = question.messages()
        room = self.settings.endpoint.max_tokens * len(question.dimensions)
        said = messages if after is None else repair_messages(messages, after)
        return ChatCall(said, question.template.schema(), room, question.repeat)

    def _first(self, questions: Iterable[Question], total: int) -> Iterator[Answered]:
        under_way: deque[Question] = deque()

        def calls() -> Iterator[ChatCall]:
            for question in questions:
                under_way.append(question)
                yield self._call(question)

        for reply in self._complete(_Counted(calls, total)):
            yield Answered.by(under_way.popleft(), self._one_model(reply))

    def _repaired(self, unread: Sequence[Answered]) -> Iterator[Answered]:
        """Each question once more, with the reply that could not be read; a reply that is no better changes nothing."""
        calls = [self._call(answered.question, answered.reply.text) for answered in unread]
        for answered, reply in zip(unread, self._complete(calls), strict=True):
            yield answered.repaired(self._one_model(reply))

    def _client(self) -> ChatClient:
        return ChatClient(self.settings.endpoint, self._cache, self._purse.left(), served=self._served)

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
        if reply.status == "complete" and not self._served.takes(reply.model_served):
            found = f"answers of {self._served.first} and {reply.model_served}"
            expected = "one model; name an exact version of it"
            raise InputError(f"judge {self.settings.name}", "model served", found, expected)
        return reply


@dataclass(frozen=True, slots=True)
class _Counted:
    """Calls that are made when they are needed, and how many there will be."""

    calls: Callable[[], Iterator[ChatCall]]
    total: int

    def __iter__(self) -> Iterator[ChatCall]:
        return self.calls()

    def __len__(self) -> int:
        return self.total


def _in_order(judgment: Judgment) -> tuple[int, int]:
    return DIMENSIONS.index(judgment.dimension), judgment.position
