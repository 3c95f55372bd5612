"""Figures that the README promises, measured; `make bench` prints them."""
