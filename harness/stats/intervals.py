"""Closed-form intervals."""

import math
from statistics import NormalDist


def wilson(successes: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion of `n` independent trials (Wilson 1927; Newcombe 1998, method 3).

    Raises ValueError where n < 1, successes lie outside [0, n], or level outside (0, 1).
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"need 0 <= successes <= n and n >= 1, got {successes!r} of {n!r}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level!r}")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return low, high
