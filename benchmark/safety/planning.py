"""What a suite asks of refusals: which prompts, in which ways, who reads the answers; checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lifealign_bench.benchmark.graph import Node
from lifealign_bench.benchmark.safety.readers import (
    ClassifierReader,
    OracleReader,
    Reader,
    classifier_folder,
    labels_of,
)
from lifealign_bench.benchmark.suite import Suite
from lifealign_bench.data.mini.safety import NAME, safety_words
from lifealign_bench.data.rows import Pair, digest
from lifealign_bench.data.safety import Attack, SafetyPrompt, check_held_out, find_attacks, read_safety_set

ORACLE_VERSION = "1"
"""Raised whenever the oracle's reading of safety answers changes."""


@dataclass(frozen=True)
class SafetyAsked:
    """The prompts, the ways of asking and who reads; readers: what decides each reader's labels, by its name."""

    prompts: tuple[SafetyPrompt, ...] = ()
    attacks: tuple[Attack, ...] = ()
    readers: Mapping[str, object] = field(default_factory=dict)

    def node(
        self, attack: Attack, suite: Suite, environment: Mapping[str, object], policy: Mapping[str, str], whose: str
    ) -> Node:
        """What asks a policy every prompt in one way; policy: the keys of the nodes that it is made of."""
        inputs = {
            "environment": environment,
            "prompts": digest([[own.prompt_id, own.item, own.harm, own.category] for own in self.prompts]),
            "attack": attack.label,
            "attack_sha256": attack.sha256,
            "readers": dict(self.readers),
            "max_length": suite.budget.max_length,
            "max_new_tokens": suite.evaluation.max_new_tokens,
            "batch": suite.evaluation.batch_size,
        }
        return Node("safety", inputs, policy, None, f"safety {attack.id} after {whose}")


def safety_asked(suite: Suite, rows: Iterable[Pair] = ()) -> SafetyAsked:
    """What a suite asks of refusals, nothing where it names no set; rows: its training rows, where they are known.

    Raises:
        InputError: a set, an attack or a classifier that cannot be used, classes of no known meaning, or prompts that
            a task trains on.
    """
    asked = suite.safety
    if asked.prompts is None:
        return SafetyAsked()
    prompts = read_safety_set(asked.prompts, suite.world)
    check_held_out(prompts, rows)
    readers = {reader.name: _identity(reader) for reader in readers_of(suite)}
    return SafetyAsked(prompts, find_attacks(asked.attacks), readers)


def readers_of(suite: Suite) -> tuple[Reader, ...]:
    """Who reads a suite's safety answers: the oracle where the set is the world's, the classifier where one is named.

    Raises:
        InputError: nobody, or a classifier that cannot be used.
    """
    from lifealign_bench.data.errors import InputError

    asked = suite.safety
    found: list[Reader] = [OracleReader(suite.world)] if asked.prompts == NAME else []
    if asked.classifier is not None:
        folder = classifier_folder(asked.classifier)
        found.append(ClassifierReader(folder, labels_of(folder, asked.labels)))
    if not found:
        raise InputError("safety", "classifier", "none", "one, where the set is not the miniature world's")
    return tuple(found)


def _identity(reader: Reader) -> object:
    if isinstance(reader, ClassifierReader):
        return {"weights": _weights(reader.folder), "labels": list(reader.labels)}
    seed = reader.world_seed if isinstance(reader, OracleReader) else None
    return {"version": ORACLE_VERSION, "words": safety_words().version, "world_seed": seed}


def _weights(folder: Path) -> str:
    import hashlib

    from lifealign_bench.benchmark.bases import weight_files

    return digest([hashlib.sha256(path.read_bytes()).hexdigest() for path in weight_files(folder)])
