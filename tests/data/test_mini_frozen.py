"""World 0 is frozen: whoever changes a text, an item, the corpus or the base changes everyone's numbers.

A change here belongs under **Numbers** in the changelog, and needs a new base and `lifealign data check mini`.
"""

import hashlib

from lifealign_bench.benchmark.bases import shipped_base
from lifealign_bench.data.mini.corpus import corpus
from lifealign_bench.data.mini.tasks import CONTRASTS, task_rows
from lifealign_bench.data.mini.world import make_world

ITEMS = "ITEMS_HASH"
ROWS = "ROWS_HASH"
CORPUS = "CORPUS_HASH"
BASES = {
    "mini": "MINI_HASH",
    "mini-neox": "NEOX_HASH",
}


def digest(values):
    return hashlib.sha256("\n".join(map(repr, values)).encode()).hexdigest()


def test_the_items_of_the_shipped_world_are_frozen():
    assert digest(make_world(0).items) == ITEMS


def test_the_rows_of_all_tasks_are_frozen():
    rows = (
        row for task in CONTRASTS for split in ("train", "evaluation", "tuning") for row in task_rows(task, split, 0)
    )
    assert digest((row.prompt, row.chosen, row.rejected, row.item.id) for row in rows) == ROWS


def test_the_corpus_is_frozen():
    assert digest(corpus(0, 2000)) == CORPUS


def test_the_shipped_bases_are_frozen():
    found = {
        name: hashlib.sha256((shipped_base(name) / "model.safetensors").read_bytes()).hexdigest() for name in BASES
    }
    assert found == BASES
