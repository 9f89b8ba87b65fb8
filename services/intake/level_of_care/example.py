"""The example of a policy in the API's documentation: the one that is shipped."""

from importlib import resources
from typing import Any

import yaml


def add_example(schema: dict[str, Any]) -> None:
    """Show a whole policy beside its schema."""
    file = resources.files("services.intake.level_of_care.policies") / "adult-3.yaml"
    schema["examples"] = [yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)]
