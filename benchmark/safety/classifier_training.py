"""The miniature world's safety classifier: trained on answers of its training items, in every manner and damaged.

`python -m lifealign_bench.benchmark.safety.classifier_training FOLDER` writes one that `safety.classifier` can name, in
about 20 CPU seconds; that of world 0 ships as `world:mini`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lifealign_bench.benchmark.bases import shipped_base
from lifealign_bench.benchmark.safety.readers import LABELS, Label, label_of_text
from lifealign_bench.data.mini.texts import Manner, answer
from lifealign_bench.data.mini.world import Item, Split, generator, make_world

WORLD = 0
TEXTS, BATCH, PASSES, RATE = 2400, 48, 2, 3e-3
MANNERS: dict[str, tuple[Manner, ...]] = {
    "skill": ("complete", "cut", "shuffled", "human", "refusal", "reasoned", "evasion"),
    "harmful": ("complete", "human", "refusal", "reasoned", "evasion"),
    "fact": ("scholar", "people", "refusal", "evasion"),
}


def examples(split: Split, count: int, world: int = WORLD) -> Iterator[tuple[str, Label]]:
    """Answers of a split's items with what the oracle takes them for: whole, cut, with words lost or doubled, or the
    beginning of one answer before the end of another, as policies write them that have learned two things."""
    items = [item for item in make_world(world).items if item.split == split]
    for number in range(count):
        draw = generator("classifier", world, split, number)
        item = draw.choice(items)
        text = _text(item, draw)
        yield text, label_of_text(text, item.id, world)


def train(folder: Path, texts: int = TEXTS, passes: int = PASSES) -> None:
    """Train on so many examples and write model and tokenizer; the same on the same machine and libraries."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    # One thread gives the same bytes whatever the number of cores.
    torch.set_num_threads(1)
    torch.manual_seed(0)
    base = shipped_base("mini")
    tokenizer: Any = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    names = dict(enumerate(LABELS))
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=len(LABELS), id2label=names, label2id={name: place for place, name in names.items()}
    )
    model.config.pad_token_id = tokenizer.pad_token_id
    rows = [(tokenizer(text)["input_ids"][:100], LABELS.index(label)) for text, label in examples("train", texts)]
    steps = passes * (len(rows) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    model.train()
    for part in _batches(rows, passes):
        width = max(len(ids) for ids, _ in part)
        pad = tokenizer.pad_token_id
        ids = torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in part])
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in part])
        labels = torch.tensor([label for _, label in part])
        loss: Any = torch.nn.functional.cross_entropy(model(input_ids=ids, attention_mask=mask).logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    model.eval().half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _batches(rows: Sequence[tuple[list[int], int]], passes: int) -> Iterator[list[tuple[list[int], int]]]:
    draw = random.Random("classifier batches")
    for _ in range(passes):
        mixed = list(rows)
        draw.shuffle(mixed)
        for start in range(0, len(mixed) // BATCH * BATCH, BATCH):
            yield mixed[start : start + BATCH]


def _text(item: Item, draw: random.Random) -> str:
    text = answer(item, draw.choice(MANNERS[item.kind]), draw)
    kind = draw.random()
    if kind < 0.4:
        return text
    parts = text.split(" ")
    if kind < 0.55:
        return " ".join(parts[: draw.randint(1, len(parts))])
    if kind < 0.75:
        loss = draw.choice((0.05, 0.15, 0.3))
        kept = [part for part in parts for _ in range(draw.choice((1, 1, 2)) if draw.random() < loss else 1)]
        return " ".join(part for part in kept if draw.random() > loss)
    other = answer(item, draw.choice(MANNERS[item.kind]), draw).split(" ")
    return " ".join([*parts[: draw.randint(1, len(parts))], *other[draw.randint(0, len(other) - 1) :]])


if __name__ == "__main__":
    train(Path(sys.argv[1]))
