"""An Engine of this package's own behind the gateway: answers in process."""

import asyncio

from harness.core.errors import HarnessError, InfrastructureError, ProviderRefused
from harness.models.calls import Call, Engine, Reply
from harness.models.failures import OF_THE_MODEL, ModelFailed
from harness.models.faults import Fault


class Offline:
    """Waits as long as the engine says it takes, and turns its faults into what a real service's come to."""

    in_process = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def complete(self, call: Call) -> Reply:
        """The engine's reply."""
        try:
            reply = self._engine.answer(call)
        except Fault as fault:
            if fault.kind.kind == "timeout":
                await asyncio.Event().wait()  # no answer ever comes: the caller's deadline ends it
            raise _as_failure(fault, call) from None
        if reply.delay_ms:
            await asyncio.sleep(reply.delay_ms / 1000)
        return reply

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def _as_failure(fault: Fault, call: Call) -> HarnessError:
    kind, text = fault.kind.kind, fault.kind.message or fault.kind.about
    if kind in OF_THE_MODEL:
        return ModelFailed(kind, text)
    if kind in {"authentication", "unknown_model"}:
        return ProviderRefused(f"{call.model}: {text}", where="--model", fix="this persona is made to say so")
    return InfrastructureError(kind or "server_error", text, retry_after=fault.retry_after)
