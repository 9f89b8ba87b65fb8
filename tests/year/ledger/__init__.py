"""An independent computation of every figure from the raw journals.

Pure Python over JSON: it shares no code with the services, not even their contracts. What it knows
are the rules as docs/ states them, with the numbers of the services' data files; what no event
carries (payers' grants, reports of use, policies) comes in as it was answered over HTTP.
"""

from pathlib import Path
from typing import Any

import yaml


def data_file(path: str) -> Any:
    """A data file of a service, as its maker wrote it: JSON is read as the YAML that it is."""
    return yaml.safe_load((Path(__file__).parents[3] / "services" / path).read_text())
