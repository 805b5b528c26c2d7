"""A server that speaks vLLM's protocol and answers with a real model of ours: the process that tests talk to.

    python -m vllm_double FOLDER_OF_BASE SERVED_NAME

It prints its port. POST /fault {"kind": ...} makes every later completion fail in that way; null ends it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import torch
import uvicorn
from peft import PeftModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from transformers import AutoModelForCausalLM, GenerationConfig


class Served:
    """The base, the adapters over it, and how to fail."""

    def __init__(self, base: Path, name: str) -> None:
        self.base = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
        self.name = name
        self.model: Any = self.base
        self.adapters: list[str] = []
        self.fault: str | None = None
        self.asked: dict[str, int] = {}
        self.lock = threading.Lock()

    def load(self, name: str, folder: str) -> None:
        with self.lock:
            if self.adapters:
                self.model.load_adapter(folder, name)
            else:
                self.model = PeftModel.from_pretrained(self.base, folder, adapter_name=name)
            self.adapters.append(name)

    def greedy(self, body: dict[str, Any]) -> list[int]:
        config = GenerationConfig(
            do_sample=False, max_new_tokens=body["max_tokens"], eos_token_id=body["stop_token_ids"], pad_token_id=0
        )
        ids = torch.tensor([body["prompt"]])
        with self.lock, torch.no_grad():
            if not self.adapters:
                output = self.model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
            elif body["model"] == self.name:
                with self.model.disable_adapter():
                    output = self.model.generate(
                        input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config
                    )
            else:
                self.model.set_adapter(body["model"])
                output = self.model.generate(
                    input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config
                )
        found: list[int] = output[0, ids.shape[1] :].tolist()
        return found


def error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": "Error", "code": status}}, status)


def application(served: Served) -> Starlette:
    async def models(_: Request) -> Response:
        names = [served.name, *served.adapters]
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    async def load(request: Request) -> Response:
        if served.fault == "no_adapters":
            return JSONResponse({"detail": "Not Found"}, 404)
        body = await request.json()
        if body["lora_name"] in served.adapters:
            return error(400, f"The lora adapter '{body['lora_name']}' has already been loaded.")
        if not (Path(body["lora_path"]) / "adapter_config.json").is_file():
            return error(404, f"Loading lora {body['lora_name']} failed: No adapter found for {body['lora_path']}")
        await asyncio.to_thread(served.load, body["lora_name"], body["lora_path"])
        return PlainTextResponse(f"Success: LoRA adapter '{body['lora_name']}' added successfully.")

    async def complete(request: Request) -> Response:
        body = await request.json()
        if body["model"] not in (served.name, *served.adapters):
            return error(404, f"The model `{body['model']}` does not exist.")
        if served.fault == "broken":
            return error(500, "EngineCore died")
        if served.fault == "slow":
            await asyncio.sleep(30)
        served.asked[body["model"]] = served.asked.get(body["model"], 0) + 1
        ids = await asyncio.to_thread(served.greedy, body)
        reason = "stop" if ids[-1] in body["stop_token_ids"] else "length"
        if served.fault == "short":
            ids, reason = ids[:1], "length"
        choice: dict[str, Any] = {"index": 0, "text": "", "finish_reason": reason, "token_ids": ids}
        if served.fault == "no_ids":
            del choice["token_ids"]
        text = json.dumps({"object": "text_completion", "model": body["model"], "choices": [choice]})
        if served.fault == "half":
            return Response(text[: len(text) // 2], headers={"Content-Type": "application/json"})
        return Response(text, headers={"Content-Type": "application/json"})

    async def fault(request: Request) -> Response:
        served.fault = (await request.json())["kind"]
        return JSONResponse({})

    async def asked(_: Request) -> Response:
        return JSONResponse(served.asked)

    return Starlette(
        routes=[
            Route("/v1/models", models),
            Route("/v1/load_lora_adapter", load, methods=["POST"]),
            Route("/v1/completions", complete, methods=["POST"]),
            Route("/fault", fault, methods=["POST"]),
            Route("/asked", asked),
        ]
    )


def main() -> None:
    torch.set_num_threads(1)
    served = Served(Path(sys.argv[1]), sys.argv[2])
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(application(served), log_level="error")).run([listening])


if __name__ == "__main__":
    main()
