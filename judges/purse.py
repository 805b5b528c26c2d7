"""What several passes over an endpoint may cost together, and what they have cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from lifealign_bench.judges.client.config import Budget
from lifealign_bench.judges.client.progress import Progress


@dataclass
class Purse:
    """Shared by all questions of a command: first ones, repairs, every judge of a panel.

    calls, cached, cost: so far; cost None once a price is unknown. input_tokens, output_tokens: of paid calls.
    """

    budget: Budget = field(default_factory=Budget)
    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0

    def left(self) -> Budget:
        """What a next pass may take."""
        most, dear = self.budget.max_calls, self.budget.max_cost
        return Budget(
            None if most is None else max(0, most - self.calls),
            None if dear is None else max(0.0, dear - (self.cost or 0.0)),
        )

    def spend(self, passed: Progress) -> None:
        """Count a pass that has ended."""
        self.calls += passed.calls
        self.cached += passed.cached
        self.input_tokens += passed.input_tokens
        self.output_tokens += passed.output_tokens
        self.cost = None if self.cost is None or passed.cost is None else self.cost + passed.cost
