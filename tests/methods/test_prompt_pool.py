"""The prompt pool: padding on either side changes nothing, and the question alone picks the prompts."""

import pytest
import torch
from transformers import GenerationConfig
from trl.trainer.utils import add_fused_lm_head

from lifealign_bench.benchmark.bases import open_base, shipped_base
from lifealign_bench.data.errors import InputError
from lifealign_bench.methods.l2p import L2P
from lifealign_bench.methods.losses import token_logps
from lifealign_bench.methods.prompt_pool import PromptPool

PAD = 0


@pytest.fixture(params=["mini", "mini-neox"])
def pool(request):
    model, _ = open_base(shipped_base(request.param), dtype="float32", device="cpu")
    add_fused_lm_head(model)
    return PromptPool(model, 10, 5, 3, torch.Generator().manual_seed(0)).eval()


def padded(rows, left):
    width = max(len(row) for row in rows)
    fill = [[PAD] * (width - len(row)) for row in rows]
    ids = [blank + row if left else row + blank for row, blank in zip(rows, fill, strict=True)]
    ones = [[1] * len(row) for row in rows]
    mask = [[0] * len(b) + m if left else m + [0] * len(b) for m, b in zip(ones, fill, strict=True)]
    return torch.tensor(ids), torch.tensor(mask)


ROWS = [[20, 21, 22, 23, 24, 25], [30, 31, 32], [40, 41, 42, 43, 44, 45, 46, 47, 48]]


def test_answers_are_the_same_one_by_one_and_in_a_padded_batch(pool):
    config = GenerationConfig(max_new_tokens=8, do_sample=False, pad_token_id=PAD, eos_token_id=1)
    ids, mask = padded(ROWS, left=True)
    together = pool.generate(input_ids=ids, attention_mask=mask, generation_config=config)[:, ids.shape[1] :]
    for row, answer in zip(ROWS, together, strict=True):
        single, ones = padded([row], left=True)
        alone = pool.generate(input_ids=single, attention_mask=ones, generation_config=config)[0, len(row) :]
        assert answer[: len(alone)].tolist() == alone.tolist()


def test_log_probabilities_keep_their_places_and_do_not_depend_on_padding(pool):
    ids, mask = padded(ROWS, left=False)
    labels = ids.masked_fill(mask == 0, -100)
    labels[:, :2] = -100
    together = token_logps(pool, ids, mask, labels)
    assert together.shape == (3, ids.shape[1] - 1)
    for place, row in enumerate(ROWS):
        single, ones = padded([row], left=False)
        alone = token_logps(pool, single, ones, labels[place : place + 1, : len(row)])
        torch.testing.assert_close(together[place, : len(row) - 1], alone[0], atol=1e-4, rtol=0)


def test_the_answer_plays_no_part_in_what_is_picked(pool):
    question = [20, 21, 22]
    found = []
    for answer in ([50, 51], [90, 91]):
        ids, mask = padded([question + answer], left=False)
        labels = ids.clone()
        labels[:, :3] = -100
        token_logps(pool, ids, mask, labels)
        found.append(pool.distance.item())
    assert found[0] == found[1]


def test_only_pool_and_keys_learn(pool):
    assert {name for name, value in pool.named_parameters() if value.requires_grad} == {"prompts", "keys"}


@pytest.mark.parametrize(("values", "field"), [({"top": 11}, "top"), ({"pool": 0}, "pool"), ({"length": 0}, "length")])
def test_a_wrong_setting_is_named(values, field):
    with pytest.raises(InputError) as caught:
        L2P.from_mapping(values)
    assert caught.value.field == field
