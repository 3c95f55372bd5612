"""A server on loopback that speaks the OpenAI protocol and answers with this package's own models."""

from harness.models.stub.answers import AnswerBook as AnswerBook
from harness.models.stub.script import FaultPlan as FaultPlan
from harness.models.stub.script import load_faults as load_faults
from harness.models.stub.server import StubServer as StubServer
