"""A base in 4 bits (bitsandbytes): what transformers is told, and what a node's key says of it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lifealign_bench.data.errors import InputError

LIBRARY = "bitsandbytes"


def require_quantization(quantization: str) -> str:
    """The version of the library that quantises.

    Raises:
        InputError: it is not installed.
    """
    try:
        return version(LIBRARY)
    except PackageNotFoundError:
        install = f"{LIBRARY}: pip install 'lifealign-bench[quantised]'"
        raise InputError("base", "quantization", f"{quantization} without {LIBRARY}", install) from None


def quantized(quantization: str | None, dtype: str, device: str) -> dict[str, Any]:
    """What `from_pretrained` is given for a base of `dtype` on `device`; empty without quantisation.

    NF4 with its constants quantised once more, as in QLoRA (Dettmers et al., 2023, arXiv 2305.14314). The head stays
    whole: the fused loss reads its weights.
    """
    if quantization is None:
        return {}
    import torch
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=quantization,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
        llm_int8_skip_modules=["lm_head", "embed_out"],
    )
    return {"quantization_config": config, "device_map": {"": device}}


def deciding(quantization: str | None) -> dict[str, object]:
    """The part of every node's key that quantisation adds; empty without it."""
    return {} if quantization is None else {"quantization": quantization, LIBRARY: require_quantization(quantization)}
