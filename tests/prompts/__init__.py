"""Tests of harness.prompts."""
