"""Access lists, tokens, mail, ids of clusters and the proof of completeness."""

from base64 import urlsafe_b64encode
from pathlib import Path
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from stepwell.completeness import prove
from stepwell.runtime import kafka
from stepwell.runtime.keys import Issuer
from stepwell.runtime.mail import MailFolder
from stepwell.runtime.topics import access


def may(operation: str, resource: str, name: str) -> set[str]:
    return {
        principal
        for principal, allowed, kind, known, _ in access("")
        if (allowed, kind, known) == (operation, resource, name)
    }


def test_only_notifications_may_read_contact_details() -> None:
    assert may("READ", "TOPIC", "stepwell.contacts") == {"notifications"}
    assert may("WRITE", "TOPIC", "stepwell.contacts") == {"intake"}


def test_a_topic_is_written_by_its_service_only() -> None:
    assert may("WRITE", "TOPIC", "stepwell.scheduling") == {"scheduling"}
    assert may("WRITE", "TOPIC", "stepwell.engagement") == {"outcomes"}


def test_a_service_uses_consumer_groups_of_its_own_name_only() -> None:
    groups = {(p, name, pattern) for p, _, kind, name, pattern in access("x.") if kind == "GROUP"}
    assert ("outcomes", "x.outcomes", "PREFIXED") in groups
    assert all(name == f"x.{principal}" for principal, name, _ in groups)


def test_a_token_carries_role_and_sites_and_is_signed(tmp_path: Path) -> None:
    issuer = Issuer("http://127.0.0.1:8090", tmp_path / "key.json")
    again = Issuer("http://127.0.0.1:8090", tmp_path / "key.json")
    token = issuer.token("counselor", ["a-site"], seconds=60)
    keys = KeySet.import_key_set(again.jwks())
    read = jwt.decode(token, keys, algorithms=["ES256"])
    assert read.claims["role"] == ["counselor"]
    assert read.claims["sites"] == ["a-site"]
    assert read.claims["aud"] == "stepwell"
    assert read.claims["exp"] - read.claims["iat"] == 60
    assert "d" not in issuer.jwks()["keys"][0]


async def test_mail_is_kept_as_files_in_order_and_readable(tmp_path: Path) -> None:
    class Arrived:
        original_content = b"Subject: Group tomorrow\r\n\r\nSee you at 17:30."
        content = original_content

    folder = MailFolder(tmp_path / "mail")
    await folder.handle_DATA(None, None, Arrived())
    await MailFolder(tmp_path / "mail").handle_DATA(None, None, Arrived())
    assert [path.name for path in sorted(folder.folder.iterdir())] == ["000001.eml", "000002.eml"]
    assert folder.messages()[0]["subject"] == "Group tomorrow"


def service(streams=(), applied=(), consumes=()):
    return {
        "streams": [{"stream": s, "keys": k, "events": e} for s, k, e in streams],
        "applied": [{"stream": s, "keys": k, "events": e} for s, k, e in applied],
        "consumes": list(consumes),
    }


def test_completeness_is_proved_when_every_event_was_applied() -> None:
    pending = {
        "intake": service(streams=[("intake", 12, 48), ("contacts", 12, 12)]),
        "scheduling": service(applied=[("intake", 12, 48)], consumes=["intake", "engagement"]),
    }
    (line,) = prove(pending)
    assert line.complete
    assert (line.stream, line.consumer, line.published) == ("intake", "scheduling", 48)


def test_a_consumer_that_never_read_a_stream_is_found_out() -> None:
    pending = {
        "intake": service(streams=[("intake", 12, 48)]),
        "scheduling": service(consumes=["intake"]),
    }
    (line,) = prove(pending)
    assert not line.complete
    assert line.applied == 0


def test_a_cluster_id_is_never_taken_for_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([UUID(bytes=b"\xf8" * 16), UUID(int=0)])
    monkeypatch.setattr(kafka.uuid, "uuid4", lambda: next(drawn))
    assert kafka.cluster_id() == "A" * 22


@pytest.mark.parametrize("header", ['{"alg":"ES256","crit":5}', '{"alg":7}', "[]", "null", "no"])
def test_what_only_looks_like_a_token_has_no_claims(tmp_path: Path, header: str) -> None:
    issuer = Issuer("http://127.0.0.1:8090", tmp_path / "key.json")
    parts = (
        urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header.encode(), b"{}", b"x")
    )
    assert issuer.read(".".join(parts)) == {}
