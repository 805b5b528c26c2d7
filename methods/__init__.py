"""Method adapters: how a model goes from task to task."""

from lifealign_bench.methods.base import API_VERSION, Method, MethodConfig, MethodSpec
from lifealign_bench.methods.context import Batch, RunContext, StageContext
from lifealign_bench.methods.registry import Registration, find_method, method_names, register
from lifealign_bench.methods.search import Choices, FloatRange, IntRange, SearchSpace, search_space

__all__ = [
    "API_VERSION",
    "Batch",
    "Choices",
    "FloatRange",
    "IntRange",
    "Method",
    "MethodConfig",
    "MethodSpec",
    "Registration",
    "RunContext",
    "SearchSpace",
    "StageContext",
    "find_method",
    "method_names",
    "register",
    "search_space",
]
