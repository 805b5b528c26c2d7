import json
from pathlib import Path

REAL_FOLDERS = {
    "hh-harmless": "hh-rlhf-harmless-base",
    "hh-helpful": "hh-rlhf-helpful-base",
    "safe-rlhf": "safe-rlhf",
    "truthfulqa": "TruthfulQA",
    "hc3": "HC3",
    "general-dpo": "general-dpo",
}


def write_rows(path: Path, rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def row(query="Human: why?", chosen="Assistant: because", rejected="Assistant: no idea", **more):
    return {"query": query, "chosen": chosen, "rejected": rejected, **more}


def rows(count: int, start: int = 0, **more):
    return [
        row(f"Human: question {n}?", f"Assistant: good {n}", f"Assistant: bad {n}", **more)
        for n in range(start, start + count)
    ]


def card_values(**changes):
    return {"name": "mine", "title": "Mine", "source": {"kind": "local", "path": "mine"}, "licence": "MIT", **changes}
