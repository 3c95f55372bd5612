"""Policies and incidents found by meaning and by words, as of a date."""

from harness.retrieval.check import check_index as check_index
from harness.retrieval.folder import INDEX_FORMAT as INDEX_FORMAT
from harness.retrieval.fusion import fuse as fuse
from harness.retrieval.index import Index as Index
from harness.retrieval.index import open_index as open_index
from harness.retrieval.retriever import Match as Match
from harness.retrieval.retriever import Mode as Mode
from harness.retrieval.retriever import Retriever as Retriever
