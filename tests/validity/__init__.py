"""Simulations: do the intervals of `harness.stats` cover what they promise, and do its tests err as rarely."""
