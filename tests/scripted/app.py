"""The server's routes: chat completions under a script, and the script and counters themselves."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from scripted.policies import load
from scripted.script import Counters, Fault, Limiter, Script

FOREVER_S = 3600.0


class Server:
    """One scripted model; `POST /script` gives it new orders and counters."""

    def __init__(self, script: Script) -> None:
        self.order(script)

    def order(self, script: Script) -> None:
        """Work under this script from now on."""
        self.script, self.limiter, self.counters = script, Limiter(script), Counters()
        self.room = asyncio.Semaphore(script.capacity)
        self.policy = load(script.policy, script.parameters)

    async def complete(self, request: Request) -> Response:
        """A chat completion, or whatever the script wants instead."""
        counters = self.counters
        counters.requests += 1
        counters.in_flight += 1
        counters.most_in_flight = max(counters.most_in_flight, counters.in_flight)
        try:
            asked = await request.json()
            counters.headers, counters.last = dict(request.headers), asked
            response = await self._respond(request, asked)
        finally:
            counters.in_flight -= 1
        counters.statuses[response.status_code] += 1
        if response.status_code == 200:
            counters.answered[name_of(asked)] += 1
        return response

    async def _respond(self, request: Request, asked: dict[str, Any]) -> Response:
        script = self.script
        given = request.headers.get("authorization", "")
        if script.key is not None and given != f"Bearer {script.key}":
            return problem(401, f"Incorrect API key provided: {given}", "invalid_api_key")
        if asked["model"] != script.model:
            return problem(404, f"The model `{asked['model']}` does not exist", "model_not_found")
        if not self.limiter.allows():
            return problem(429, "too many requests", "rate_limit_exceeded", script.retry_after)
        async with self.room:
            if script.latency_s:
                await asyncio.sleep(script.latency_s)
            fault = self._fault(asked)
            return await self._misbehave(fault, asked) if fault else self._answer(asked)

    def _fault(self, asked: dict[str, Any]) -> Fault | None:
        text = "\n".join(str(turn["content"]) for turn in asked["messages"])
        for fault in self.script.faults:
            if fault.when not in text or not applies(fault, asked):
                continue
            name = name_of(asked)
            if fault.times is None or fault.done[name] < fault.times:
                fault.done[name] += 1
                return fault
        return None

    async def _misbehave(self, fault: Fault, asked: dict[str, Any]) -> Response:
        if fault.do == "status":
            return problem(fault.status, "as the script wants", None, fault.retry_after, fault.body)
        if fault.do == "no_format":
            return problem(400, f"response_format {asked['response_format']['type']} is not known", "unsupported")
        if fault.do in ("slow", "hang"):
            await asyncio.sleep(fault.seconds if fault.do == "slow" else FOREVER_S)
            return self._answer(asked)
        if fault.do == "drop":
            return StreamingResponse(broken(), headers={"Content-Length": "1000"})
        if fault.do == "no_chat":
            return HTMLResponse("<html><body>Welcome!</body></html>")
        return self._answer(asked, **CHANGES[fault.do])

    def _answer(self, asked: dict[str, Any], **changes: Any) -> Response:
        text = changes.get("text") or self.policy(asked)
        message = {"role": "assistant", "content": text[: changes.get("length")], "refusal": changes.get("refusal")}
        prompt = sum(len(str(turn["content"])) for turn in asked["messages"])
        return as_json(
            {
                "id": "chatcmpl-0",
                "object": "chat.completion",
                "created": int(time.time()),
                "model": changes.get("model", self.script.model),
                "choices": [{"index": 0, "message": message, "finish_reason": changes.get("finish", "stop")}],
                "usage": usage(prompt // 4, len(text) // 4),
            }
        )


CHANGES: dict[str, dict[str, Any]] = {
    "cut": {"finish": "length", "length": 10},
    "wrong_model": {"model": "another-model"},
    "invalid_json": {"text": '{"rationale": "it breaks off, "verdict": '},
    "wrong_enum": {"text": '{"rationale": "off the scale", "verdict": 11}'},
    "refusal": {"text": " ", "refusal": "I cannot judge this."},
    "filter": {"text": " ", "finish": "content_filter"},
    "unfinished": {"finish": "abort"},
}


def as_json(values: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Escaped, so that texts travel that UTF-8 cannot hold."""
    return Response(json.dumps(values), status, headers, "application/json")


def applies(fault: Fault, asked: dict[str, Any]) -> bool:
    """Whether a fault is for a request like this one."""
    if fault.do == "no_format":
        return (asked.get("response_format") or {}).get("type") in fault.formats
    if fault.do == "cut" and fault.tokens is not None:
        return (asked.get("max_tokens") or asked.get("max_completion_tokens") or 0) < fault.tokens
    return True


def name_of(asked: dict[str, Any]) -> str:
    """A name for a question: its messages and seed."""
    text = repr([(turn["role"], turn["content"]) for turn in asked["messages"]]) + repr(asked.get("seed"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def usage(prompt: int, completion: int) -> dict[str, int]:
    """Four characters a token."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def problem(status: int, message: str, code: str | None, retry: str | None = None, body: Any = None) -> Response:
    """An error as OpenAI's endpoint words it; retry: seconds, or `date:` and seconds from now."""
    headers = {}
    if retry is not None:
        kind, _, seconds = retry.rpartition(":")
        headers["Retry-After"] = formatdate(time.time() + float(seconds), usegmt=True) if kind else seconds
    error = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    return as_json(body if body is not None else error, status, headers)


async def broken() -> AsyncIterator[bytes]:
    """The start of an answer, then nothing: the connection is dropped."""
    yield b'{"id": "chatcmpl-0", '
    raise ConnectionResetError("as the script wants")


def application(script: Script) -> Starlette:
    """The server as an ASGI application."""
    server = Server(script)

    async def order(request: Request) -> Response:
        values = await request.json()
        faults = [Fault(**fault) for fault in values.pop("faults", [])]
        server.order(Script(**values, faults=faults))
        return Response(status_code=204)

    async def counters(request: Request) -> Response:
        return JSONResponse(server.counters.report())

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": server.script.model, "object": "model"}]})

    return Starlette(
        routes=[
            Route("/v1/chat/completions", server.complete, methods=["POST"]),
            Route("/v1/models", models),
            Route("/script", order, methods=["POST"]),
            Route("/counters", counters),
        ]
    )
