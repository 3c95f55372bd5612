"""Tests of harness.guard."""
