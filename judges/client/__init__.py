"""Many questions to one model on any OpenAI-compatible endpoint: `ChatClient`, and what it is told and tells."""

from lifealign_bench.judges.client.cache import CacheError, ReplyCache
from lifealign_bench.judges.client.client import ChatClient
from lifealign_bench.judges.client.config import Budget, EndpointConfig
from lifealign_bench.judges.client.failures import BudgetReachedError, RunStoppedError, TooManyFailuresError
from lifealign_bench.judges.client.planning import DryRun
from lifealign_bench.judges.client.progress import Progress

__all__ = [
    "Budget",
    "BudgetReachedError",
    "CacheError",
    "ChatClient",
    "DryRun",
    "EndpointConfig",
    "Progress",
    "ReplyCache",
    "RunStoppedError",
    "TooManyFailuresError",
]
