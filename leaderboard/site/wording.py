"""Sentences that stand on every page outside the app."""

SYNTHETIC = (
    "A small grammar made these tasks and an exact oracle judges the answers: numbers compare methods here, and say "
    "nothing about any real model."
)
