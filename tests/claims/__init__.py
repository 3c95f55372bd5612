"""Tests of harness.claims."""
