"""Data that decide: instruments, policies, targets, texts. Files with a version and a source.

A capability keeps them in its folder `data/` and declares them in its `policy.py`, with
`data_file` or `data_folder`. They are YAML 1.2 (so JSON too), read when a service starts, or at the
first use. A file that does not validate keeps the service from starting and is named with its line.

An organization's own files lie in the folder that `STEPWELL_DATA` names: one of the same place and
name (`intake/access_times/targets.yaml`) takes the place of ours. Where the data may differ between
sites, a file below `sites/<id of the site>/` holds for that site alone.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from shared.literal import Literally

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
FOLDER = "STEPWELL_DATA"
SITES = "sites"
SUFFIXES = (".yaml", ".yml", ".json")
Texts = dict[str, tuple[str, str]]
"""Name of a file without its ending → the file as messages name it, and its text."""


class Part(Literally):
    """A part of a data file; unknown names are refused, so that a typing error is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataFile(Part):
    """A whole data file: which one it is, its version, and where what it says comes from."""

    id: str
    version: str
    source: str


class DataFileInvalid(ValueError):
    """A data file cannot be used; the message is one line: file, line, and the reason."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


class Misplaced(ValueError):
    """What a validator of a whole file finds wrong at one place in it: raise it there, so that the
    line of that place is named."""

    def __init__(self, place: tuple[str | int, ...], reason: str) -> None:
        super().__init__(reason)
        self.place = place


def refuse(title: str, flaws: Iterable[tuple[tuple[str | int, ...], str]]) -> None:
    """As many `Misplaced` at once: for a validator of a whole file that finds all that is wrong.

    Raises:
        ValidationError: naming each flaw's place and reason, if there is one.
    """
    found = [
        InitErrorDetails(
            type=PydanticCustomError("unsound", "{reason}", {"reason": reason}),
            loc=place,
            input=None,
        )
        for place, reason in flaws
    ]
    if found:
        raise ValidationError.from_exception_data(title, found)


class Data(Generic[T]):
    """Data of a capability. Calling it gives what is in force, everywhere or at a site."""

    def __init__(
        self, module: str, place: str, read: Callable[[Texts], T], *, single: bool, by_site: bool
    ) -> None:
        _, self.service, self.capability, *_ = module.split(".")
        self.place = place
        self.by_site = by_site
        self._read = read
        self._single = single
        _DECLARED.append(self)

    def __call__(self, site_id: UUID | None = None) -> T:
        """What is in force; at a site that has files of its own, with these.

        Raises:
            DataFileInvalid: a file cannot be used.
        """
        return self.of_sites.get(site_id, self._everywhere) if site_id else self._everywhere

    def each(self) -> list[T]:
        """What is in force, everywhere and at each site with files of its own."""
        return [self._everywhere, *self.of_sites.values()]

    def load(self) -> None:
        """Read everything now.

        Raises:
            DataFileInvalid: a file cannot be used.
        """
        self.each()

    def covers(self, below: Path) -> bool:
        """Whether a file of this place, below the folder of an organization or a site, is one of
        these."""
        place = Path(self.service, self.capability, self.place)
        mine = below.with_suffix("") if self._single else below.parent
        return mine == place and below.suffix in SUFFIXES

    @cached_property
    def _everywhere(self) -> T:
        return self._read(self._shipped | self._own(organization()))

    @cached_property
    def of_sites(self) -> dict[UUID, T]:
        """What is in force at each site that has files of its own."""
        found = {}
        for site_id, folder in sites_with_data().items():
            if own := self._own(folder):
                if not self.by_site:
                    file = next(iter(own.values()))[0]
                    raise DataFileInvalid(file, 1, "these data are the same at every site")
                found[site_id] = self._read(self._shipped | self._own(organization()) | own)
        return found

    @cached_property
    def _shipped(self) -> Texts:
        return _texts(resources.files(f"services.{self.service}.{self.capability}") / "data", self)

    def _own(self, folder: Path | None) -> Texts:
        return {} if folder is None else _texts(folder / self.service / self.capability, self)

    def _files(self, root: Any) -> Iterator[Any]:
        """The files of this place below `root`."""
        head, _, name = self.place.rpartition("/")
        folder = root / (head if self._single else self.place) if head or not self._single else root
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda file: str(file.name)):
                stem = file.name.rpartition(".")[0]
                if file.name.endswith(SUFFIXES) and (not self._single or stem == name):
                    yield file


_DECLARED: list[Data[Any]] = []


def data_file(model: type[M], module: str, name: str, *, by_site: bool = False) -> Data[M]:
    """The file `data/<name>.yaml` of the capability of `module` (give `__name__`)."""

    def read(texts: Texts) -> M:
        file, text = texts[name]
        return parse(model, text, file)

    return Data(module, name, read, single=True, by_site=by_site)


def data_folder(
    model: type[M],
    module: str,
    folder: str,
    arrange: Callable[[dict[str, M]], T],
    *,
    by_site: bool = False,
) -> Data[T]:
    """All files of `data/<folder>/` of the capability of `module` (give `__name__`).

    `arrange` gets them by name, without ending and in order, and makes of them what callers need;
    it raises ValueError where they do not fit together.
    """

    def read(texts: Texts) -> T:
        found = {name: parse(model, texts[name][1], texts[name][0]) for name in sorted(texts)}
        try:
            return arrange(found)
        except DataFileInvalid:
            raise
        except ValueError as error:
            raise DataFileInvalid(f"{module.rpartition('.')[0]}/{folder}", 1, str(error)) from None

    return Data(module, folder, read, single=False, by_site=by_site)


def declared(service: str) -> list[Data[Any]]:
    """The data that the imported modules of a service declare."""
    return [data for data in _DECLARED if data.service == service]


def load_all(service: str) -> None:
    """Read all data that the imported modules of a service declare.

    Raises:
        DataFileInvalid: one cannot be used, or an organization's file is none that we know.
    """
    mine = declared(service)
    for data in mine:
        data.load()
    roots = [root for root in (organization(), *sites_with_data().values()) if root is not None]
    for root in roots:
        for path in sorted((root / service).rglob("*")):
            if path.is_file() and not any(data.covers(path.relative_to(root)) for data in mine):
                raise DataFileInvalid(str(path), 1, "no data of this service have this name")


def organization() -> Path | None:
    """The folder of the organization's own files.

    Raises:
        DataFileInvalid: it is not there.
    """
    own = os.environ.get(FOLDER)
    if not own:
        return None
    if not Path(own).is_dir():
        raise DataFileInvalid(own, 1, f"is no folder: let {FOLDER} name one, or unset it")
    return Path(own)


def sites_with_data() -> dict[UUID, Path]:
    """The folders of sites that have files of their own.

    Raises:
        DataFileInvalid: one does not have the id of a site as its name.
    """
    root = organization()
    found = {}
    if root is not None and (root / SITES).is_dir():
        for folder in sorted((root / SITES).iterdir()):
            try:
                found[UUID(folder.name)] = folder
            except ValueError:
                raise DataFileInvalid(str(folder), 1, "is not named by the id of a site") from None
    return found


def check_file(model: type[BaseModel], file: str) -> int:
    """Print the data of one file as JSON, or one line `FILE:line: reason` on stderr; 0 or 1, for
    the exit of a command."""
    try:
        print(parse(model, Path(file).read_text("utf-8"), file).model_dump_json())
    except DataFileInvalid as invalid:
        print(invalid, file=sys.stderr)
        return 1
    except UnicodeDecodeError:
        print(f"{file}:1: is no UTF-8 text", file=sys.stderr)
        return 1
    return 0


def parse(model: type[M], text: str, file: str) -> M:
    """The data of one file.

    Raises:
        DataFileInvalid: it is no YAML, says something twice, or is not what `model` describes.
    """
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        twice = str(error.problem).partition('"')[2].partition('"')[0]
        raise DataFileInvalid(file, _marked(error), f"{twice} is there twice") from None
    except MarkedYAMLError as error:
        raise DataFileInvalid(file, _marked(error), error.problem or "cannot be read") from None
    except YAMLError:
        raise DataFileInvalid(file, 1, "cannot be read") from None
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        told = first.get("ctx", {}).get("error")
        place = (*first["loc"], *(told.place if isinstance(told, Misplaced) else ()))
        where = ".".join(str(part) for part in place) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise DataFileInvalid(file, _line(text, place), f"{where}: {reason}") from None


def _texts(root: Any, data: "Data[Any]") -> Texts:
    found = {}
    for file in data._files(root):
        name = file.name.rpartition(".")[0]
        found[name] = (str(file) if isinstance(file, Path) else file.name, _text(file))
    return found


def _text(file: Any) -> str:
    try:
        return str(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise DataFileInvalid(str(file), 1, "is no UTF-8 text") from None


def _marked(error: MarkedYAMLError) -> int:
    return 1 if error.problem_mark is None else int(error.problem_mark.line) + 1


def _line(text: str, place: tuple[Any, ...]) -> int:
    """The line of the deepest node on the way to `place`."""
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    for part in place:
        below = None
        if isinstance(node, MappingNode):
            below = next((value for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, SequenceNode) and isinstance(part, int):
            below = node.value[part] if part < len(node.value) else None
        if below is None:
            continue
        node = below
    return 1 if node is None else int(node.start_mark.line) + 1
