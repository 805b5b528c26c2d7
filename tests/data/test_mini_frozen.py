"""World 0 is frozen: whoever changes a text, an item, the corpus or the base changes everyone's numbers.

A change here belongs under **Numbers** in the changelog, and needs a new base and `lifealign data check mini`.
"""

import hashlib

from lifealign_bench.benchmark.bases import shipped_base
from lifealign_bench.data.mini.corpus import corpus
from lifealign_bench.data.mini.tasks import CONTRASTS, task_rows
from lifealign_bench.data.mini.world import make_world

ITEMS = "dd83331411d6b9c929164e97106cc76bd9f3f8bc8947edafc5f3ffd6bd2c0e30"
ROWS = "8ec8ec055e42a33f95b64d9c01954293c2f6ab4e596d54f0c2ca4beccf27c9e7"
CORPUS = "2cf758ea729f3d19a419f670499b6a705216403222280c4c639817292948925c"
BASES = {
    "mini": "4fb6413ba8d3dfa32839bbc80c3458689efdb62daa9644772b49b75b6b400552",
    "mini-neox": "d0c78a26debff75f4cc7147c40bde3b4601da130d867644612601fdf938b8174",
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
