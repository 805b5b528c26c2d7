"""Whether a method's policies can be asked by lm-eval, found out on a model of a few hundred numbers."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from lifealign_bench.benchmark.suite import Budget
from lifealign_bench.benchmark.training.context import Attachment
from lifealign_bench.methods.base import Method


def why_not_asked(method: Method, budget: Budget) -> str | None:
    """Why lm-eval cannot ask this method's policies, None where it can.

    lm-eval takes a transformers model that finds its next token by itself: neither a module that must be told where
    the question ends (a prompt pool), nor one that must be told the task.
    """
    # Each task learned alone gives a policy a task, each of which answers by itself.
    if method.spec.needs_task_identity and method.spec.schedule != "isolated":
        return "its policies answer only where the task is known"
    try:
        with warnings.catch_warnings(action="ignore"), torch.random.fork_rng(devices=[]):
            attached = method.attach(_smallest_model(), Attachment(budget, 0, ("task",)))
        with method.serve(attached, None) as answering:
            plain = _is_model(answering)
    # A method's code may raise anything on a model this small, which says nothing of the real one.
    except Exception:  # noqa: BLE001
        return None
    return None if plain else "its policies answer only through the method's own module (`serve`)"


def why_not_adapter(method: Method, budget: Budget) -> str | None:
    """Why a server of the base with LoRA adapters cannot answer for this method's policies, None where it can."""
    from peft import PeftModel

    if type(method).serve is not Method.serve:
        return "its policies answer only through the method's own code (`serve`)"
    with warnings.catch_warnings(action="ignore"), torch.random.fork_rng(devices=[]):
        attached = method.attach(_smallest_model(), Attachment(budget, 0, ("task",)))
    learned = [name for name, value in attached.named_parameters() if value.requires_grad]
    if not isinstance(attached, PeftModel) or not all("lora_" in name for name in learned):
        return "its policies are no LoRA over the base"
    return None


def _is_model(answering: Any) -> bool:
    from peft import PeftModel
    from transformers import PreTrainedModel

    return isinstance(answering, PreTrainedModel | PeftModel)


def _smallest_model() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=8,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config)
