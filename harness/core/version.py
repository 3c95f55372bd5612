"""The versions that files and `--version` carry."""

__version__ = "0.1.0"
SCHEMA_VERSION = 1
"""Of every file this package writes; raised when a reader of the old form would misread the new one."""
