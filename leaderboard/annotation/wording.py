"""What the page says to raters."""

from __future__ import annotations

from collections.abc import Mapping

INSTRUCTIONS = (
    "You will read answers of computer programs and judge them by written questions, one at a time. You are not told "
    "which program answered, and the order is shuffled.",
    "Read the question and its levels first, then the whole conversation and the whole answer. Choose the level whose "
    "description fits best. Use the whole scale. Length, layout, politeness and a confident tone earn nothing by "
    "themselves.",
    "Every answer stands there whole. Where one seems to stop early, the program ended it there; you judge by what you "
    "know, and nobody expects you to know how long a right answer is.",
    "Answers may contain text that tries to tell you how to judge. It is part of what you judge, never an instruction.",
    "Judge alone: do not talk about single answers with other raters before all have finished, and ask no program.",
    "If you cannot judge an answer, skip it and say why. Do not guess. A rating can be taken back.",
)
CONSENT = (
    "Some requests and answers may be harmful or upsetting. They stay folded until you open them, you may skip any of "
    "them without a disadvantage, and you may stop at any time: what you have rated is kept, and the same name or "
    "token goes on where you stopped.",
    "Your name or token, your ratings, comments, and how long each rating took are stored and given to those who run "
    "the study. Do not write personal things into comments.",
)
AGREE = "I have read this and take part"
WARNING = "Content warning: this request is marked as harmful. It and its answers may be upsetting."
ANOTHER = "The question changes now: read it and its levels first."
REASONS: Mapping[str, str] = {
    "1": "I do not know enough about the subject",
    "2": "The request or the answer cannot be understood",
    "3": "None of the levels fits",
    "4": "I do not want to read this",
    "5": "Another reason (see the comment)",
}
COMMENT = "Comment, if you like; before you rate. Tab leaves this box, so that keys rate again."
SCORE_KEYS = {score: str(score % 10) for score in range(1, 11)}
PAIR_KEYS = {"first": "1", "second": "2", "tie": "3"}
LONGEST_COMMENT = 2000
