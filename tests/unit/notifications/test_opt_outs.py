"""What clients write back, and what it is taken to mean."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.notifications.opt_outs.policy import ReplyWords, reply_words

STOPS = [
    *("STOP", "Stop.", " sToP ", "stop!!", "STOP please", "Stop, thank you", "Unsubscribe", "END"),
    *("quit", "Revoke", "OPT OUT", "opt-out", "OptOut", "CANCEL", "stopall", "remove"),
    *("please don't text me", "Do not contact me again", "stop texting me!", "wrong number"),
    *("take me off your list", "I no longer want these messages", "Leave me alone"),
    *("ALTO", "no más", "No mas mensajes", "Baja", "cancelar", "basta", "PARAR por favor"),
    *("no me manden mensajes", "Dejen de escribirme", "ya no quiero recibir mensajes"),
    *("número equivocado", "no me escriban más"),
]
OTHERS = ["hello", "stop by the office at 5?", "Can I stop by?", "Quiero cancelar la cita", "1", ""]
URGENT = [
    "I can't stop thinking about using",
    "I cant stop thinking about using, stop texting me",
    "quiero morirme",
    "no puedo dejar de pensar en consumir",
    "I want to kill myself",
]


@pytest.mark.parametrize("text", STOPS)
def test_a_wish_to_hear_nothing_more_is_understood(text: str) -> None:
    assert reply_words().understood(text)[0] == "stop"


@pytest.mark.parametrize("text", OTHERS)
def test_other_replies_end_nothing(text: str) -> None:
    assert reply_words().understood(text)[0] == "other"


@pytest.mark.parametrize("text", URGENT)
def test_despair_is_never_taken_for_an_opt_out(text: str) -> None:
    assert reply_words().understood(text)[0] == "urgent"


@pytest.mark.parametrize(
    ("text", "meaning", "language"),
    [
        ("START", "start", "en"),
        ("unstop", "start", "en"),
        ("EMPEZAR", "start", "es"),
        ("Help", "help", "en"),
        ("Ayuda", "help", "es"),
        ("alto", "stop", "es"),
    ],
)
def test_a_reply_is_answered_in_its_language(text: str, meaning: str, language: str) -> None:
    understood = reply_words().understood(text)
    assert (understood[0], understood[2]) == (meaning, language)


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_any_text_has_one_meaning(text: str) -> None:
    assert reply_words().understood(text)[0] in ("stop", "start", "help", "urgent", "other")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("answer", ["stopped", "started", "helped", "unread", "urgent"])
def test_an_answer_is_one_message_of_plain_letters(language: str, answer: str) -> None:
    text = getattr(reply_words().languages[language], answer)
    assert text.isascii()
    assert len(text) <= 160


def changed(**of_english: object) -> dict[str, object]:
    data = reply_words().model_dump()
    data["languages"]["en"] |= of_english
    return data


def test_a_word_that_ends_and_begins_messages_is_refused() -> None:
    with pytest.raises(ValidationError, match="quit ends messages and asks for them"):
        ReplyWords.model_validate(changed(start=["quit"]))


def test_a_word_that_is_never_found_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"Opt-Out is never found: write it as opt out"):
        ReplyWords.model_validate(changed(polite=["Opt-Out"]))


def test_a_word_that_ends_messages_may_not_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="never_asked_for lacks genug"):
        ReplyWords.model_validate(changed(stop=["stop", "genug"]))


def test_a_phrase_that_is_no_pattern_is_refused() -> None:
    with pytest.raises(ValidationError, match="is no pattern"):
        ReplyWords.model_validate(changed(stop_phrases=["("]))


@pytest.mark.parametrize(
    "text", ["Reply YES to confirm.", "Responda con SÍ.", "Text CANCEL to stop"]
)
def test_a_message_that_asks_for_a_word_that_ends_or_begins_messages_is_found(text: str) -> None:
    assert len(reply_words().asked_for(text)) == 1


@pytest.mark.parametrize("text", ["Reply 1 to confirm, 2 to change.", "Reply STOP to opt out."])
def test_a_message_may_ask_for_figures_and_name_how_to_end_it(text: str) -> None:
    assert reply_words().asked_for(text) == []


def test_a_message_that_is_no_text_message_asks_for_no_answer_of_stop() -> None:
    assert reply_words().asked_for("Reply STOP to opt out.", offering=False) == ["stop"]
