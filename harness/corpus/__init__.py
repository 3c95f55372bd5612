"""Policies with versions and dates, past incidents, and the passages that retrieval indexes."""

from harness.core.types import Evidence as Evidence
from harness.corpus.incidents import Incident as Incident
from harness.corpus.incidents import load_incidents as load_incidents
from harness.corpus.policies import Clause as Clause
from harness.corpus.policies import Policy as Policy
from harness.corpus.policies import load_policies as load_policies
from harness.corpus.store import Corpus as Corpus
from harness.corpus.store import Passage as Passage
from harness.corpus.store import load_corpus as load_corpus
