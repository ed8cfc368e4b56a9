"""`rollway pipeline`: checks a pipeline file, or prints the JSON Schema of such files."""

import argparse

from rollway import pipeline
from rollway.settings import Settings


def run(parsed: argparse.Namespace, _: Settings) -> int:
    """Print the schema, or the verdict; 1 where the file cannot be run."""
    if parsed.action == "schema":
        print(pipeline.schema_text())
        return 0
    said, valid = pipeline.check(parsed.file, as_json=parsed.json)
    print(said)
    return 0 if valid else 1
