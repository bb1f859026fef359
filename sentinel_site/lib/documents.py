"""How API edges describe, for the OpenAPI document, what ninja cannot see: bodies they read themselves."""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def json_body(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """``openapi_extra`` for an operation that reads its JSON body itself, in the shape of ``model``."""
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": inlined(model.model_json_schema())}}}}


def inlined(schema: Schema) -> Schema:
    """``schema`` with its ``$defs`` put in place of their references; the models of this API do not recurse."""
    known = schema.get("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            target = known[part["$ref"].rpartition("/")[2]]
            return resolve({**target, **{name: value for name, value in part.items() if name != "$ref"}})
        return {name: resolve(value) for name, value in part.items() if name != "$defs"}

    resolved: Schema = resolve(schema)
    return resolved
