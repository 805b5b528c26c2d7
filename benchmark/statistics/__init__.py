"""How sure the numbers of a board are: intervals, comparisons, ranks. Free of torch; see docs/statistics.md.

A `Board` (one metric of every method, run, step and prompt) is read by `read_board`; `measured` makes Last, AP, BWT or
FWT of it, prompt by prompt; the rest are functions of that.
"""

from lifealign_bench.benchmark.statistics.board import Block, Board, Measured, measured
from lifealign_bench.benchmark.statistics.comparison import Comparison, compare_methods, method_intervals
from lifealign_bench.benchmark.statistics.crossed import Interval, crossed_interval
from lifealign_bench.benchmark.statistics.measures import LINEAR_MEASURES, LinearMeasure
from lifealign_bench.benchmark.statistics.pairwise import BradleyTerry, Strength, Verdicts, bradley_terry
from lifealign_bench.benchmark.statistics.prompts import Draws, Prompts, draw_items
from lifealign_bench.benchmark.statistics.ranking import Rank, Ranking, rank_methods
from lifealign_bench.benchmark.statistics.reading import PROMPT_METRICS, PromptMetric, read_board
from lifealign_bench.benchmark.statistics.run_part import Runs
from lifealign_bench.benchmark.statistics.sign_flip import blocks_needed, holm, sign_flip_p, smallest_p
from lifealign_bench.benchmark.statistics.variance import VarianceSplit, variance_split

__all__ = [
    "LINEAR_MEASURES",
    "PROMPT_METRICS",
    "Block",
    "Board",
    "BradleyTerry",
    "Comparison",
    "Draws",
    "Interval",
    "LinearMeasure",
    "Measured",
    "PromptMetric",
    "Prompts",
    "Rank",
    "Ranking",
    "Runs",
    "Strength",
    "VarianceSplit",
    "Verdicts",
    "blocks_needed",
    "bradley_terry",
    "compare_methods",
    "crossed_interval",
    "draw_items",
    "holm",
    "measured",
    "method_intervals",
    "rank_methods",
    "read_board",
    "sign_flip_p",
    "smallest_p",
    "variance_split",
]
