"""What decides bytes beside the suite: versions, threads, kind of device."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import warnings
from importlib.metadata import version

from lifealign_bench.benchmark.quantization import deciding
from lifealign_bench.benchmark.suite import Suite

HARNESS_VERSION = 2
"""Raised whenever a change of training or evaluation changes numbers, so that old nodes are not taken for new."""

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers")


def device_class() -> str:
    """`cuda` where a GPU is usable, else `cpu`; LIFEALIGN_DEVICE=cpu keeps off a GPU that is there."""
    import torch

    asked = os.environ.get("LIFEALIGN_DEVICE", "auto")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def environment(suite: Suite) -> dict[str, object]:
    """The part of every node's key that a machine brings along."""
    return {
        "protocol": suite.protocol,
        "harness": HARNESS_VERSION,
        "threads": suite.threads,
        "dtype": suite.base.dtype,
        "device": device_class(),
        "libraries": {name: version(name) for name in LIBRARIES},
        **deciding(suite.base.quantization),
    }


def usual_workers(threads: int) -> int:
    """How many nodes this machine computes at once: one on a GPU, else as many as its free cores have threads for."""
    if device_class() == "cuda":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // threads)


def settle_process(threads: int) -> None:
    """Make this process compute reproducibly: fixed threads, deterministic kernels, no telemetry."""
    import torch

    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    from transformers.utils import logging

    # What these libraries will rename one day is no news for somebody who runs a benchmark.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers|trl|peft")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    _keep_freed_memory()
    # The trainers collect garbage at every end; what is imported by now will never be any.
    gc.freeze()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # By default this mode also writes over every fresh tensor, a quarter of the time of a small model's training.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _keep_freed_memory() -> None:
    """Let glibc reuse blocks of up to 32 MB instead of returning each to the system and faulting it in again.

    The activations of a small model are such blocks; on two cores this was a quarter of the time of its training. Kept
    blocks of any size would fragment the heap to twice what is needed.
    """
    if not sys.platform.startswith("linux"):
        return
    trim_threshold, mmap_threshold = -1, -3
    # musl and others have no mallopt, and need none.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(mmap_threshold, 32 << 20)
        mallopt(trim_threshold, 1 << 30)
