"""Intervals and paired comparisons on numpy and scipy; imports nothing else of this package."""

from harness.stats.bootstrap import cluster_bootstrap as cluster_bootstrap
from harness.stats.bootstrap import cluster_sums as cluster_sums
from harness.stats.calibration import ece_from_bins as ece_from_bins
from harness.stats.calibration import equal_width_bins as equal_width_bins
from harness.stats.classification import macro_f1 as macro_f1
from harness.stats.classification import per_label as per_label
from harness.stats.estimate import Estimate as Estimate
from harness.stats.estimate import Estimator as Estimator
from harness.stats.intervals import wilson as wilson
