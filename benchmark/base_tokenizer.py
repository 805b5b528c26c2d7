"""The tokenizer of a built base: byte-level, with a chat template whose markers no text can forge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifealign_bench.data.rows import Message

PAD, END = "<|pad|>", "<|end|>"
ROLES = ("system", "user", "assistant")
SPECIAL = (PAD, END, *(f"<|{role}|>" for role in ROLES))

# Text may hold the markers' own spelling; broken up, it stays text. A prompt is a prefix of prompt and answer.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|>' + (message['content'] | replace('<|', '< |')) + '<|end|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)


def train_tokenizer(chats: Sequence[Sequence[Message]], vocabulary: int) -> Any:
    """A byte-level BPE with a chat template, trained on the messages' texts in their order."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator((turn.content for chat in chats for turn in chat), trainer)
    return _with_template(backend)


def word_tokenizer(chats: Sequence[Sequence[Message]]) -> Any:
    """One token for every word of the messages, with the space before it; other text falls apart into bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False)
    texts = {turn.content for chat in chats for turn in chat}
    found = {piece for text in texts for piece, _ in splitter.pre_tokenize_str(text)}
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    entries = [*SPECIAL, *alphabet, *sorted(found - set(alphabet))]
    vocabulary = {entry: index for index, entry in enumerate(entries)}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    backend.pre_tokenizer = splitter
    backend.decoder = decoders.ByteLevel()
    return _with_template(backend)


def _with_template(backend: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[f"<|{role}|>" for role in ROLES],
        chat_template=CHAT_TEMPLATE,
    )


def render(tokenizer: Any, chats: Sequence[Sequence[Message]]) -> list[str]:
    """Every chat as one text with its markers."""
    dicts = [[{"role": turn.role, "content": turn.content} for turn in chat] for chat in chats]
    return [tokenizer.apply_chat_template(chat, tokenize=False) for chat in dicts]
