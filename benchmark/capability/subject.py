"""A policy in memory as a model of lm-eval: without its progress bars, with a word on how far it is."""

from __future__ import annotations

from typing import Any

from lm_eval.models.huggingface import HFLM

from lifealign_bench.benchmark.evaluation.logps import Progress


class Subject(HFLM):  # type: ignore[misc]
    """lm-eval's own model; `progress` hears of every group of requests as it begins and ends."""

    def __init__(self, *, progress: Progress | None, **settings: Any) -> None:
        super().__init__(**settings)
        self.progress = progress

    def _loglikelihood_tokens(self, requests: Any, disable_tqdm: bool = True, override_bs: int | None = None) -> Any:
        self._say(0, len(requests))
        answers = super()._loglikelihood_tokens(requests, disable_tqdm=True, override_bs=override_bs)
        self._say(len(requests), len(requests))
        return answers

    def loglikelihood(self, requests: Any, disable_tqdm: bool = True) -> Any:
        """As lm-eval says."""
        return super().loglikelihood(requests, disable_tqdm=True)

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = True) -> Any:
        """As lm-eval says."""
        return super().loglikelihood_rolling(requests, disable_tqdm=True)

    def generate_until(self, requests: Any, disable_tqdm: bool = True) -> Any:
        """As lm-eval says."""
        return super().generate_until(requests, disable_tqdm=True)

    def _say(self, done: int, whole: int) -> None:
        if self.progress is not None:
            self.progress(done, whole)
