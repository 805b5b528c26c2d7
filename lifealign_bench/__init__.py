"""LifeAlign Bench: the benchmark for lifelong preference alignment."""

__version__ = "0.1.0"
