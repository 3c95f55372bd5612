"""Data of other people, made into suites."""

from harness.workflows.importers.routing import Imported as Imported
from harness.workflows.importers.routing import import_routing as import_routing
