"""What a suite's nodes stand on: the rows of its tasks and its base model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from lifealign_bench.benchmark.base_recipe import BaseRecipe, recipe_for
from lifealign_bench.benchmark.bases import base_identity, open_base, resolve_base, shipped_base
from lifealign_bench.benchmark.conditioned import Loader, read_stream
from lifealign_bench.benchmark.environment import device_class, environment
from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.safety.planning import SafetyAsked, safety_asked
from lifealign_bench.benchmark.store import Store
from lifealign_bench.benchmark.suite import SHIPPED_WORLD, Suite
from lifealign_bench.benchmark.training.encode import Encoder
from lifealign_bench.data.cards import TaskCard, WorldSource
from lifealign_bench.data.catalogue import find_card
from lifealign_bench.data.conditioning import Applied
from lifealign_bench.data.mini.corpus import corpus
from lifealign_bench.data.rows import Message, Pair, digest
from lifealign_bench.data.stream import TaskData, load_stream
from lifealign_bench.methods.base import Method

BUILD, OF_WORLD = "build:", "world:"


class World(Protocol):
    """What planning asks of a world."""

    @property
    def base_node(self) -> Node | None:
        """The node that builds the base, None where it lies ready."""

    @property
    def environment(self) -> Mapping[str, object]:
        """What decides bytes beside the suite."""

    def train_fingerprint(self, task: str) -> str:
        """Hash of a task's training rows."""

    def evaluation_fingerprint(self, task: str, prompts: int | None = None) -> str:
        """Hash of a task's evaluation rows, or of the first `prompts` of them."""

    def rubric(self, task: str) -> str:
        """The name of a task's own rubric."""

    @property
    def safety(self) -> SafetyAsked:
        """What is asked of refusals."""


@dataclass(frozen=True)
class OutlineWorld:
    """A world whose rows and base are not here: good for counting and estimating, its keys mean nothing."""

    suite: Suite
    environment: Mapping[str, object]
    base_node: Node | None = None
    safety: SafetyAsked = field(default_factory=SafetyAsked)

    def train_fingerprint(self, task: str) -> str:
        """The task's name in place of its rows."""
        return f"train rows of {task}"

    def evaluation_fingerprint(self, task: str, prompts: int | None = None) -> str:
        """The task's name in place of its rows."""
        return f"evaluation rows of {task}, {prompts}"

    def rubric(self, task: str) -> str:
        """The task's name in place of its rubric's."""
        return f"rubric of {task}"


@dataclass(frozen=True, slots=True)
class OpenedPolicy:
    """A policy in memory, ready to be evaluated; of: what tells it from every other one."""

    of: object
    model: nn.Module
    encoder: Encoder
    method: Method


@dataclass
class LoadedWorld:
    """A suite's rows in memory, its base on disk or to be built.

    safety: what is asked of refusals. applied: what the data condition changed about each task, empty without one.
    opened: the policy that was evaluated last in this process, None where its room is needed.
    """

    suite: Suite
    stream: Mapping[str, TaskData]
    environment: Mapping[str, object]
    base_node: Node | None
    base_folder: Path | None
    recipe: BaseRecipe | None
    applied: Mapping[str, Applied] = field(default_factory=dict)
    safety: SafetyAsked = field(default_factory=SafetyAsked)
    opened: OpenedPolicy | None = None
    _encoder: Encoder | None = None

    def train_fingerprint(self, task: str) -> str:
        """Hash of a task's training rows."""
        return rows_hash(self.stream[task].train)

    def evaluation_fingerprint(self, task: str, prompts: int | None = None) -> str:
        """Hash of a task's evaluation rows, or of the first `prompts` of them."""
        return rows_hash(self.evaluation_rows(task, prompts))

    def rubric(self, task: str) -> str:
        """The name of a task's own rubric."""
        return self.stream[task].card.rubric

    def evaluation_rows(self, task: str, prompts: int | None = None) -> tuple[Pair, ...]:
        """A task's evaluation rows, or the first `prompts` of them."""
        return self.stream[task].evaluation[:prompts]

    def base_text(self) -> Sequence[tuple[Message, ...]]:
        """What the recipe's base is trained on: the miniature world's corpus, or the suite's own training text.

        Of the latter every training prompt with each of its answers, tasks by name, so that neither is favoured.
        """
        if self.recipe is not None and self.recipe.chats is not None:
            return tuple(corpus(self.suite.world, self.recipe.chats))
        return [
            (*pair.prompt, Message("assistant", answer))
            for task in sorted(self.stream)
            for pair in self.stream[task].train
            for answer in (pair.chosen, pair.rejected)
        ]

    def folder_of_base(self, store: Store) -> Path:
        """Where the base lies once its node, if it has one, is finished."""
        if self.base_node is not None:
            return store.path(self.base_node.key) / "model"
        if self.base_folder is None:
            raise ValueError("a world has a base folder or a base node")
        return self.base_folder

    def open_base(self, store: Store) -> tuple[nn.Module, Encoder]:
        """A fresh copy of the base with TRL's fused head, and the encoder that all its copies share."""
        from transformers import GenerationConfig
        from trl.trainer.utils import add_fused_lm_head

        model, tokenizer = open_base(
            str(self.folder_of_base(store)),
            dtype=self.suite.base.dtype,
            device=device_class(),
            quantization=self.suite.base.quantization,
        )
        untyped: Any = model
        # The base's own generation settings must not leak into greedy decoding.
        untyped.generation_config = GenerationConfig(
            pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id
        )
        add_fused_lm_head(untyped)
        if self._encoder is None:
            self._encoder = Encoder(tokenizer, self.suite.budget.max_length)
        return model, self._encoder


def rows_hash(rows: tuple[Pair, ...]) -> str:
    """Hash of pair ids in order; an id is a hash of its texts."""
    return digest([pair.pair_id for pair in rows])


def cards_of(suite: Suite) -> dict[str, TaskCard]:
    """The card of every task, by the name that the suite gives it."""
    cards = {task.name: find_card(task.card or task.name, Path.cwd()) for task in suite.tasks}
    return {name: _in_world(card, suite.world_seed) for name, card in cards.items()}


def _in_world(card: TaskCard, seed: int | None) -> TaskCard:
    if seed is None or not isinstance(card.source, WorldSource):
        return card
    return card.model_copy(update={"source": card.source.model_copy(update={"seed": seed})})


def load_world(
    suite: Suite,
    cache: Path,
    notice: Callable[[str], None],
    load: Loader = load_stream,
    around: Mapping[str, object] | None = None,
) -> LoadedWorld:
    """Read a suite's rows, or others of its tasks where `load` says so, and find its base.

    around: what the machines that compute bring into the keys; None: this one is the one that computes.

    Raises:
        InputError: rows that cannot be read, or a base that cannot be found.
    """
    cards = cards_of(suite)
    notice("reading preference pairs")
    read = read_stream(suite, cards, load)
    safety = safety_asked(suite, (pair for task in read.tasks.values() for pair in task.train))
    around = environment(suite) if around is None else around
    recipe = _recipe(suite)
    if recipe is not None:
        world = LoadedWorld(suite, read.tasks, around, None, None, recipe, read.applied, safety)
        inputs = {
            "environment": around,
            "recipe": recipe.model_dump(mode="json"),
            "text": digest([[[turn.role, turn.content] for turn in chat] for chat in world.base_text()]),
        }
        world.base_node = Node("base", inputs, label=f"base {suite.base.source}")
        return world
    notice(f"finding base {suite.base.source}")
    if suite.base.source.startswith(OF_WORLD):
        folder = shipped_base(suite.base.source.removeprefix(OF_WORLD))
    else:
        folder = resolve_base(suite.base.source, suite.base.revision)
    identity = base_identity(folder, cache)
    around = {**around, "base": identity.digest}
    return LoadedWorld(suite, read.tasks, around, None, folder, None, read.applied, safety)


def _recipe(suite: Suite) -> BaseRecipe | None:
    """The recipe of a base that has to be built, None where it lies ready."""
    source = suite.base.source
    if source.startswith(BUILD):
        return recipe_for(source.removeprefix(BUILD))
    if source.startswith(OF_WORLD) and suite.world != SHIPPED_WORLD:
        return recipe_for(source.removeprefix(OF_WORLD))
    return None


def outline_world(suite: Suite) -> OutlineWorld:
    """A world for planning where rows or base are out of reach."""
    return OutlineWorld(suite, {"outline": True, "protocol": suite.protocol}, safety=safety_asked(suite))
