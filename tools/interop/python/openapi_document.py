"""Judges an OpenAPI document: as such, and each example of it by its schema. Reads it from stdin, writes the faults."""

import json
import sys

import jsonschema_rs
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing.exceptions import Unresolvable

document = json.load(sys.stdin)
examples = 0
try:
    faults = [str(fault)[:500] for fault in OpenAPIV31SpecValidator(document).iter_errors()]
except Unresolvable as nowhere:
    faults = [str(nowhere)[:500]]


def judge(value, where):
    """Every example beside a schema, wherever it stands."""
    global examples
    if isinstance(value, list):
        for number, inner in enumerate(value):
            judge(inner, f"{where}/{number}")
    if not isinstance(value, dict):
        return
    if "schema" in value and "example" in value:
        examples += 1
        schema = {**value["schema"], "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        faults.extend(f"{where}: {fault}"[:500] for fault in validator.iter_errors(value["example"]))
    for name, inner in value.items():
        judge(inner, f"{where}/{name}")


if not faults:
    judge(document, "")
json.dump({"faults": faults, "examples": examples}, sys.stdout)
