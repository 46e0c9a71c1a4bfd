"""The JSON Schema of a use case, by which editors complete its keys: config/use_case.schema.json."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from sluss.config.source_section import SourceSection, source_sections
from sluss.config.use_case import UseCase
from sluss.problems import KINDS


def schema_text() -> str:
    """The schema as it should be: a use case of one of the kinds of problem, with a source of one of the kinds."""
    problems, sources = [kind.sections for kind in KINDS], list(source_sections().values())
    models: list[Any] = [(model, "validation") for model in [*problems, *sources, SourceSection, UseCase]]
    names, schema = models_json_schema(models, by_alias=True)
    definitions = schema["$defs"]
    places = {model: reference["$ref"].removeprefix("#/$defs/") for (model, _), reference in names.items()}
    definitions[places[SourceSection]] = _one_of([places[source] for source in sources])
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A use case of Sluss",
        "anyOf": [{"$ref": f"#/$defs/{places[problem]}"} for problem in problems],
        "$defs": definitions,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _one_of(names: list[str]) -> dict[str, Any]:
    return {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in names]}
