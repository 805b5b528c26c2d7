"""People as judges: which answers they are shown, what they said, and how far they agree."""
