"""Data that decide: instruments, policies, targets, rates. Files with a version and a source.

They are YAML (so JSON too), read once when a service starts. A file that does not validate keeps
the service from starting and is named with its line. An organization's own files lie in the folder
that `STEPWELL_DATA` names, below the same kind: one of the same name takes the place of ours.
"""

import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
FOLDER = "STEPWELL_DATA"
SUFFIXES = (".yaml", ".yml", ".json")


class DataFileInvalid(ValueError):
    """A data file cannot be used; the message is one line: file, line, and the reason."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


def read_all(model: type[M], package: str, kind: str) -> dict[str, M]:
    """Our files of a package and the organization's files of `kind`, by name without its ending.

    Raises:
        DataFileInvalid: one of them cannot be used, or the organization's folder is not there.
    """
    return {name: parse(model, text, file) for name, file, text in _texts(package, kind)}


def parse(model: type[M], text: str, file: str) -> M:
    """The data of one file.

    Raises:
        DataFileInvalid: it is no YAML, says something twice, or is not what `model` describes.
    """
    try:
        loader = yaml.CSafeLoader(text)
        root = loader.get_single_node()
        again = next(_repeated(root), None)  # before merge keys (<<) repeat keys on purpose
        data = None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "cannot be read"
        raise DataFileInvalid(file, 1 if mark is None else mark.line + 1, str(reason)) from None
    if again is not None:
        raise DataFileInvalid(file, _line(again), f"{again.value} is there twice")
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise DataFileInvalid(file, _line(_at(root, first["loc"])), f"{where}: {reason}") from None


def _texts(package: str, kind: str) -> Iterator[tuple[str, str, str]]:
    found = {
        file.name.rpartition(".")[0]: (file.name, file.read_text(encoding="utf-8"))
        for file in resources.files(package).iterdir()
        if file.name.endswith(SUFFIXES)
    }
    if own := os.environ.get(FOLDER):
        if not Path(own).is_dir():
            raise DataFileInvalid(own, 1, f"is no folder: let {FOLDER} name one, or unset it")
        for path in sorted((Path(own) / kind).glob("*")):
            if path.name.endswith(SUFFIXES):
                found[path.stem] = (str(path), path.read_text(encoding="utf-8"))
    for name in sorted(found):
        yield name, *found[name]


def _repeated(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(key.value)
            yield from _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated(value)


def _at(node: yaml.Node | None, place: tuple[Any, ...]) -> yaml.Node | None:
    """The deepest node of the file on the way to `place`."""
    for part in place:
        below = None
        if isinstance(node, yaml.MappingNode):
            below = next((value for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            below = node.value[part] if part < len(node.value) else None
        if below is None:
            continue
        node = below
    return node


def _line(node: yaml.Node | None) -> int:
    return 1 if node is None else int(node.start_mark.line) + 1
