"""Method adapters: how a model goes from task to task."""

from lifealign_bench.methods.base import API_VERSION, Method, MethodConfig, MethodSpec
from lifealign_bench.methods.context import Batch, RunContext, StageContext
from lifealign_bench.methods.registry import Registration, find_method, method_names, register

__all__ = [
    "API_VERSION",
    "Batch",
    "Method",
    "MethodConfig",
    "MethodSpec",
    "Registration",
    "RunContext",
    "StageContext",
    "find_method",
    "method_names",
    "register",
]
