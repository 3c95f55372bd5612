"""The engine that a request's model names."""

from collections.abc import Callable, Sequence
from threading import Lock

from harness.core.types import Json
from harness.models.calls import Engine
from harness.models.stub.errors import ApiError

PERSONA = "persona:"


class Engines:
    """Engines by name, each made at its first use and kept.

    A request gets the engine that it names where that is one of `names`, and the `default` for any other model: a
    client's own list of models needs no change. Nothing that a request names is looked for beyond `names`.
    """

    def __init__(self, engine_of: Callable[[str], Engine], *, default: str, names: Sequence[str]) -> None:
        self._engine_of, self._default = engine_of, default
        self.names = tuple(dict.fromkeys([*names, default]))
        self._made: dict[str, Engine] = {}
        self._making = Lock()

    def get(self, model: str) -> Engine:
        """The engine for a model; ApiError (404) for a persona that isn't known."""
        name = model if model in self.names else self._default
        if name != model and model.startswith(PERSONA):
            message = f"The model `{model}` does not exist or you do not have access to it."
            raise ApiError(404, message, code="model_not_found")
        with self._making:
            if name not in self._made:
                self._made[name] = self._engine_of(name)
            return self._made[name]

    def list_json(self) -> dict[str, Json]:
        """The body of /v1/models."""
        return {"object": "list", "data": [_model(name) for name in self.names]}

    def one_json(self, name: str) -> dict[str, Json]:
        """The body of /v1/models/{id}; ApiError (404) for a model that isn't listed."""
        if name not in self.names:
            raise ApiError(404, f"The model '{name}' does not exist", code="model_not_found", param="model")
        return _model(name)


def _model(name: str) -> dict[str, Json]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "harness"}
