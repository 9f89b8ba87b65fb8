"""A result as it is kept, shown and told: three shapes of what the scorer says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, get_args

from services.intake.risk.rules import Finding
from services.intake.screening.policy import Instrument
from services.intake.screening.rules import SCORING_VERSION, Answer, Sex, score
from services.intake.screening.schemas import InstrumentResult, ResultAlert, SubscaleResult
from shared.contracts.intake import Instrument as ToldInstrument
from shared.contracts.intake import InstrumentScore, Score, Subscore

TOLD: Final = frozenset(get_args(ToldInstrument))
"""The instruments of `scores` in ScreeningCompleted, as they were before `results` came."""


def result_of(instrument: Instrument, answers: Sequence[Answer], sex: Sex) -> InstrumentResult:
    """What an instrument says about answers that can be scored, as it is kept and shown."""
    scored = score(instrument, answers, sex)._asdict()
    return InstrumentResult(
        instrument=instrument.id,
        instrument_version=instrument.version,
        scoring_version=SCORING_VERSION,
        **scored
        | {
            "notes": list(scored["notes"]),
            "subscores": [SubscaleResult(**part._asdict()) for part in scored["subscores"]],
            "alerts": [ResultAlert(kind=kind, severity=by) for kind, by in scored["alerts"]],
        },
    )


def findings_of(result: InstrumentResult) -> list[Finding]:
    """What a clinician has to see, for the risk flags."""
    return [Finding(alert.kind, alert.severity, result.instrument) for alert in result.alerts]


def score_of(result: InstrumentResult, answered_at: datetime) -> InstrumentScore:
    """A result as every reader of events gets it."""
    return InstrumentScore(
        instrument=result.instrument,
        instrument_version=result.instrument_version,
        status=result.status,
        total=result.total,
        band=result.band or result.level,
        positive=result.positive,
        subscores=[Subscore(subscale=part.key, total=part.total) for part in result.subscores],
        answered_at=answered_at,
    )


def told_score(
    instrument: Instrument, result: InstrumentResult, answered_at: datetime
) -> Score | None:
    """A result as readers of `scores` know it, bands by their label; None for other instruments."""
    if result.instrument not in TOLD:
        return None
    return Score(
        instrument=result.instrument,
        instrument_version=result.instrument_version,
        status=result.status,
        total=result.total,
        band=instrument.label_of(result.band),
        positive=result.positive,
        safety_item=result.safety_item,
        answered_at=answered_at,
    )
