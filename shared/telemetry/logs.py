"""Logs as JSON lines with the trace they belong to; from our code and from libraries alike."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import orjson
import structlog
from opentelemetry import trace

from shared.settings import Settings

QUIET = ("aiokafka", "faust", "mode", "httpx", "httpcore", "uvicorn", "asyncio")


def _with_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    span_context = trace.get_current_span().get_span_context()
    if span_context.is_valid:
        event["trace_id"] = f"{span_context.trace_id:032x}"
        event["span_id"] = f"{span_context.span_id:016x}"
    return event


def _without_message(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception is logged as its type and its frames: messages may repeat personal data."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = []
        step = error.__traceback__
        while step is not None:
            frames.append(f"{step.tb_frame.f_code.co_qualname}:{step.tb_lineno}")
            step = step.tb_next
        event["error"] = type(error).__name__
        event["frames"] = frames[-12:]
        constraint = getattr(error, "constraint_name", None)
        if constraint is not None:
            event["constraint"] = constraint
    return event


def _uncaught(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("uncaught", exc_info=error)


class WithoutMessages(logging.Filter):
    """Keeps what libraries say about an exception to its type.

    Libraries format exceptions into their lines. Their messages may repeat personal data: that of
    a violated constraint holds the row's values.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_kind_of(argument) for argument in record.args)
        elif isinstance(record.args, Mapping):
            record.args = {name: _kind_of(value) for name, value in record.args.items()}
        if isinstance(record.msg, BaseException):
            record.msg = type(record.msg).__name__
        if record.name == "asyncio":
            # The loop formats by itself: below the first line the task or handle with its
            # exception, and behind a callback's name its arguments.
            first = record.getMessage().partition("\n")[0]
            if first.startswith("Exception in callback"):
                first = first.partition("(")[0]
            record.msg, record.args = first, ()
        return True


def _kind_of(argument: object) -> object:
    return type(argument).__name__ if isinstance(argument, BaseException) else argument


def setup(service: str, settings: Settings) -> None:
    """Write JSON lines to standard output, for structlog and the standard library alike."""
    level = logging.INFO
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        _without_message,
    ]

    def name_service(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*before, name_service],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(
                serializer=lambda value, **_: orjson.dumps(value, default=str).decode()
            ),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    handler.addFilter(WithoutMessages())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiokafka.conn").setLevel(logging.ERROR)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    structlog.configure(
        processors=[
            *before,
            name_service,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
