"""Tests of harness.retrieval; a package, so that they share `corpora`."""
