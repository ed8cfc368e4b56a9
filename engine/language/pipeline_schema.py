"""The JSON Schema of pipeline files, for editors: made from the table of keys."""

from collections.abc import Iterable, Mapping

from engine.language.keys import PIPELINE, PIPELINE_FOREIGN, STEP, STEP_FOREIGN, STEPS_MAX, Key


def pipeline_schema() -> dict[str, object]:
    """Return the schema (draft 2020-12); what only the whole file shows is left to the checker."""
    step = {"$ref": "#/$defs/step"}
    steps = {
        "description": next(key.meaning for key in PIPELINE if key.name == "steps"),
        "anyOf": [
            {"type": "array", "items": step, "minItems": 1, "maxItems": STEPS_MAX},
            {
                "type": "object",
                "additionalProperties": step,
                "minProperties": 1,
                "maxProperties": STEPS_MAX,
            },
        ],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rollway pipeline",
        "type": "object",
        "required": ["steps"],
        "properties": {**_properties(PIPELINE, PIPELINE_FOREIGN), "steps": steps},
        "additionalProperties": False,
        "$defs": {
            "step": {
                "type": "object",
                "anyOf": [{"required": ["run"]}, {"required": ["plugin"]}],
                "properties": _properties(STEP, STEP_FOREIGN),
                "additionalProperties": False,
            }
        },
    }


def _values(key: Key) -> Mapping[str, object]:
    empty = {"type": ["string", "null"], "pattern": "^\\s*$"}
    return {"anyOf": [key.schema, empty]} if key.may_be_empty else key.schema


def _properties(keys: Iterable[Key], foreign: Mapping[str, str]) -> dict[str, object]:
    ours = {key.name: {"description": key.meaning, **_values(key)} for key in keys}
    theirs = {
        name: {"description": f"Does nothing here; {advice}.", "deprecated": True}
        if advice
        else {"description": "What the pipeline is called; shown nowhere."}
        for name, advice in foreign.items()
    }
    return {**ours, **theirs}
