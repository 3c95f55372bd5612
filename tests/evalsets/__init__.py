"""Tests of harness.evalsets."""
