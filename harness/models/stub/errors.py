"""Errors as the real service words them: a status and `{"error": {message, type, param, code}}`."""

from harness.core.types import Json


class ApiError(Exception):
    """What a request is refused with; `param` names the part of the request that is wrong."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        self.status, self.message, self.type, self.code, self.param = status, message, type, code, param
        super().__init__(f"{status}: {message}")

    def body(self) -> dict[str, Json]:
        """The response's JSON."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


def wrong_type(param: str, *, expected: str, got: Json) -> ApiError:
    """The error for a value of another JSON type than `expected` ("an object", "one of …")."""
    return ApiError(
        400,
        f"Invalid type for '{param}': expected {expected}, but got {kind_of(got)} instead.",
        code="invalid_type",
        param=param,
    )


def missing(param: str) -> ApiError:
    """The error for a parameter that has to be there."""
    return ApiError(400, f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)


def wrong_value(param: str, given: Json, *, supported: tuple[str, ...]) -> ApiError:
    """The error for a string that is none of `supported`."""
    names = [f"'{name}'" for name in supported]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])}, and {names[-1]}"
    return ApiError(
        400,
        f"Invalid value: '{given}'. Supported values are: {listed}.",
        code="invalid_value",
        param=param,
    )


def kind_of(value: Json) -> str:
    """The JSON type of `value`, with its article, as the service names it."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case list() | tuple():
            return "an array"
    return "an object"
