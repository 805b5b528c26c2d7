"""The page on which people rate answers: one question at a time, blind, by keys."""
