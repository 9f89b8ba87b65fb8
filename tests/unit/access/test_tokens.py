"""Which access tokens are taken, against an issuer that answers over real HTTP."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from shared.access import Role, tokens
from shared.access.tokens import InvalidToken, IssuerUnavailable, Verifier
from shared.database import ALL_SITES
from tests.support.apis import settings

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
SITE = "0197b0a6-0000-7000-8000-000000000001"
KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "okp"}),
}
ANY = [*KEYS, "Ed25519", "HS256", "none"]


class Issuer:
    """A small OIDC issuer in a thread; `keys` is what it publishes."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [key.as_dict(private=False) for key in KEYS.values()]
        self.asked = 0
        self.named: str | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/keys":
                    outer.asked += 1
                    found: object = {"keys": outer.keys}
                else:
                    found = {"issuer": outer.named or outer.url, "jwks_uri": f"{outer.url}/keys"}
                body = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def claims(self, **changed: object) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": "stepwell",
            "sub": "someone",
            "iat": now,
            "exp": now + 60,
            "role": "counselor",
            "sites": [SITE],
        }
        return {k: v for k, v in (claims | changed).items() if v is not ...}

    def token(self, algorithm: str = "ES256", key: Any = None, **changed: object) -> str:
        signing = key or KEYS["EdDSA" if algorithm == "Ed25519" else algorithm]
        header = {"alg": algorithm, "kid": signing.kid}
        return jwt.encode(header, self.claims(**changed), signing, algorithms=ANY)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    started = Issuer()
    yield started
    started.stop()


@pytest.fixture
async def verifier(issuer: Issuer):
    made = Verifier(settings(oidc_issuer=issuer.url))
    yield made
    await made.close()


def part(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def signed_with_text(header: dict[str, object], claims: object, secret: bytes) -> str:
    signed = f"{part(header)}.{part(claims)}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA", "Ed25519"])
async def test_signatures_of_asymmetric_keys_are_accepted(verifier, issuer, algorithm):
    caller = await verifier.verify(issuer.token(algorithm))
    assert (caller.subject, caller.role) == ("someone", Role.COUNSELOR)
    assert caller.sites == frozenset({UUID(SITE)})


async def test_a_role_may_come_as_a_list_of_one(verifier, issuer):
    assert (await verifier.verify(issuer.token(role=["auditor"]))).role == Role.AUDITOR


async def test_of_several_roles_none_is_guessed(verifier, issuer):
    with pytest.raises(InvalidToken, match="several roles"):
        await verifier.verify(issuer.token(role=["counselor", "operator"]))


async def test_a_token_for_all_sites_sees_all(verifier, issuer):
    assert (await verifier.verify(issuer.token(sites=["*"]))).sites == ALL_SITES


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another"},
        {"aud": ...},
        {"iss": "https://issuer.example.test"},
        {"iss": ...},
        {"exp": 1_000},
        {"exp": lambda now: now - tokens.LEEWAY_SECONDS - 5},
        {"exp": "tomorrow"},
        {"exp": ...},
        {"nbf": lambda now: now + 3_600},
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"role": ...},
        {"role": "owner"},
        {"role": []},
        {"role": ["owner"]},
        {"role": ["counselor", "auditor"]},
        {"sites": ...},
        {"sites": None},
        {"sites": "*"},
        {"sites": SITE},
        {"sites": ["*", SITE]},
        {"sites": ["north"]},
        {"sites": [7]},
        {"sites": {SITE: True}},
    ],
    ids=lambda changed: "-".join(changed),
)
async def test_claims_that_are_not_for_us_are_refused(verifier, issuer, changed):
    now = int(time.time())
    claims = {name: value(now) if callable(value) else value for name, value in changed.items()}
    with pytest.raises(InvalidToken):
        await verifier.verify(issuer.token(**claims))


async def test_one_of_several_audiences_is_enough(verifier, issuer):
    assert await verifier.verify(issuer.token(aud=["another", "stepwell"]))


async def test_clocks_may_differ_by_the_leeway(verifier, issuer):
    now = int(time.time())
    for changed in ({"exp": now - 5}, {"nbf": now + 5}, {"iat": now + 2}, {"iat": now + 2.5}):
        assert await verifier.verify(issuer.token(**changed))
    for changed in ({"exp": now - 30}, {"nbf": now + 30}, {"iat": now + 30}):
        with pytest.raises(InvalidToken):
            await verifier.verify(issuer.token(**changed))


IMPOSSIBLE = [
    *(10**400, 1e308, 2**63, 253_402_300_800, float("inf"), float("nan"), -1, -(10**30), -0.5),
    *("4102444800", "", None, True, [], {}, [4_102_444_800], {"at": 1}),
]


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("at", IMPOSSIBLE, ids=lambda at: str(at)[:12])
async def test_a_time_that_no_clock_shows_is_no_defect_of_ours(verifier, issuer, claim, at):
    with pytest.raises(InvalidToken, match=claim):
        await verifier.verify(issuer.token(**{claim: at}))


async def test_a_token_for_more_than_a_year_is_not_taken(verifier, issuer):
    now = int(time.time())
    assert await verifier.verify(issuer.token(exp=now + 365 * 86_400))
    with pytest.raises(InvalidToken, match="exp"):
        await verifier.verify(issuer.token(exp=now + 367 * 86_400))


@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "kid", "crit", "typ", "cty", "b64", "zip", "jwk", "jku"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner),
            max_leaves=4,
        )
        | st.sampled_from(["ES256", "EdDSA", "ec", "okp", "none"]),
    )
)
@example({"alg": "ES256", "kid": "ec", "crit": None})
@example({"alg": "ES256", "kid": "ec", "crit": 7})
@settings_of(max_examples=150)
def test_whatever_a_header_that_anybody_can_write_holds_is_no_defect(header):
    verifier = Verifier(settings())
    verifier._keys = KeySet(list(KEYS.values()))
    verifier._keys_at = verifier._asked_at = time.monotonic()

    async def verify() -> None:
        for signature in ("", "AAAA", "é"):
            with pytest.raises(InvalidToken):
                await verifier.verify(f"{part(header)}.{part({})}.{signature}")
        await verifier.close()

    asyncio.run(verify())


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "role", "sites", "jti"])
@pytest.mark.parametrize(
    "value", [None, 7, True, [], {}, [[]], [None], {"a": []}, "é", "a\0", "a\n"]
)
async def test_a_claim_of_another_kind_is_no_defect(verifier, issuer, claim, value):
    try:
        taken = await verifier.verify(issuer.token(**{claim: value}))
    except InvalidToken:
        return
    assert claim == "jti" or (claim, value) in (("sub", "é"), ("sites", []))
    assert taken.role == Role.COUNSELOR


async def test_an_issuer_is_the_same_with_and_without_a_slash_at_the_end(issuer):
    slashed = Verifier(settings(oidc_issuer=f"{issuer.url}/"))
    issuer.named = f"{issuer.url}/"
    assert await slashed.verify(issuer.token(iss=issuer.url))
    assert await slashed.verify(issuer.token(iss=f"{issuer.url}/"))
    await slashed.close()


async def test_symmetric_and_missing_signatures_are_refused(verifier, issuer):
    claims = issuer.claims()
    public = KEYS["RS256"].as_pem(private=False)
    for forged in (
        signed_with_text({"alg": "HS256", "kid": "rsa"}, claims, public),
        signed_with_text({"alg": "HS256", "kid": "rsa"}, claims, public.strip()),
        signed_with_text({"alg": "HS256"}, claims, b"secret"),
        f"{part({'alg': 'none', 'kid': 'rsa'})}.{part(claims)}.",
        f"{part({'alg': 'None'})}.{part(claims)}.",
    ):
        with pytest.raises(InvalidToken):
            await verifier.verify(forged)


async def test_a_key_of_one_kind_does_not_check_signatures_of_another(verifier, issuer):
    signature = issuer.token("ES256").split(".")
    signature[0] = part({"alg": "RS256", "kid": "rsa"})
    crossed = part({"alg": "RS256", "kid": "ec"})
    for forged in (".".join(signature), ".".join([crossed, *signature[1:]])):
        with pytest.raises(InvalidToken):
            await verifier.verify(forged)


@pytest.mark.parametrize("text", ["x", "a.b.c", "...", "é.é.é", "e30.e30.e30", "a" * 9_000])
async def test_what_is_no_token_is_refused(verifier, text):
    with pytest.raises(InvalidToken):
        await verifier.verify(text)


async def test_a_changed_claim_breaks_the_signature(verifier, issuer):
    head, _, signature = issuer.token().split(".")
    with pytest.raises(InvalidToken):
        await verifier.verify(f"{head}.{part(issuer.claims(role='service'))}.{signature}")


async def test_no_refusal_repeats_what_the_token_says(verifier, issuer):
    for changed in (
        {"aud": "SECRET"},
        {"iss": "SECRET"},
        {"role": "SECRET"},
        {"sites": ["SECRET"]},
    ):
        with pytest.raises(InvalidToken) as refused:
            await verifier.verify(issuer.token(**changed))
        assert "SECRET" not in str(refused.value)


async def test_new_keys_are_fetched_once_when_a_token_names_one(verifier, issuer):
    await verifier.verify(issuer.token())
    new = ECKey.generate_key("P-256", {"kid": "new"})
    issuer.keys = [new.as_dict(private=False)]
    assert await verifier.verify(issuer.token("ES256", new))
    assert issuer.asked == 2


async def test_a_token_of_a_withdrawn_key_is_no_longer_remembered(verifier, issuer):
    old = issuer.token()
    await verifier.verify(old)
    new = ECKey.generate_key("P-256", {"kid": "new"})
    issuer.keys = [new.as_dict(private=False)]
    await verifier.verify(issuer.token("ES256", new))
    with pytest.raises(InvalidToken):
        await verifier.verify(old)


async def test_an_unknown_key_is_looked_for_once_a_second(verifier, issuer, monkeypatch):
    later = 0.0
    monkeypatch.setattr(tokens, "KEYS_PAUSE_SECONDS", 0.0)
    now = time.monotonic
    monkeypatch.setattr(
        tokens, "time", SimpleNamespace(time=time.time, monotonic=lambda: now() + later)
    )
    stranger = ECKey.generate_key("P-256", {"kid": "stranger"})

    async def refused(number: int) -> None:
        with pytest.raises(InvalidToken):
            await verifier.verify(issuer.token("ES256", stranger, jti=str(number)))

    for number in range(20):
        await refused(number)
    assert issuer.asked == 2, "at the start, and for the key"
    later = tokens.KEY_ID_RETRY_SECONDS
    for number in range(20):
        await refused(number)
    assert issuer.asked == 3


async def test_a_new_key_is_taken_although_another_was_looked_for_just_now(verifier, issuer):
    stranger = ECKey.generate_key("P-256", {"kid": "stranger"})
    with pytest.raises(InvalidToken):
        await verifier.verify(issuer.token("ES256", stranger))
    new = ECKey.generate_key("P-256", {"kid": "new"})
    issuer.keys = [new.as_dict(private=False)]
    assert await verifier.verify(issuer.token("ES256", new))


async def test_all_who_come_at_once_with_a_new_key_are_let_in_after_one_reading(verifier, issuer):
    await verifier.verify(issuer.token())
    new = ECKey.generate_key("P-256", {"kid": "new"})
    issuer.keys = [new.as_dict(private=False)]
    given = [issuer.token("ES256", new, jti=str(number)) for number in range(10)]
    assert len(await asyncio.gather(*map(verifier.verify, given))) == 10
    assert issuer.asked == 2


async def test_many_unknown_keys_share_a_reading(verifier, issuer):
    await verifier.verify(issuer.token())
    stranger = [ECKey.generate_key("P-256", {"kid": f"stranger {n}"}) for n in range(50)]
    given = [issuer.token("ES256", key) for key in stranger]
    for done in await asyncio.gather(*map(verifier.verify, given), return_exceptions=True):
        assert isinstance(done, InvalidToken)
    assert issuer.asked == 2


async def test_many_first_callers_ask_for_the_keys_once(verifier, issuer):
    given = [issuer.token(jti=str(number)) for number in range(10)]
    assert len(await asyncio.gather(*map(verifier.verify, given))) == 10
    assert issuer.asked == 1


async def test_keys_of_other_kinds_do_no_harm(verifier, issuer):
    issuer.keys += [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "LWE", "kid": "future"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "odd"},
        RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"}).as_dict(private=False),
    ]
    assert await verifier.verify(issuer.token())
    with pytest.raises(InvalidToken):
        await verifier.verify(
            signed_with_text({"alg": "HS256", "kid": "shared"}, issuer.claims(), b"secret")
        )


async def test_without_the_issuer_cached_keys_go_on(verifier, issuer, monkeypatch):
    await verifier.verify(issuer.token())
    issuer.stop()
    monkeypatch.setattr(tokens, "KEYS_MAX_AGE_SECONDS", 0.0)
    assert await verifier.verify(issuer.token(jti="another"))


async def test_without_the_issuer_and_without_keys_nobody_is_known(issuer):
    verifier = Verifier(settings(oidc_issuer=issuer.url))
    issuer.stop()
    with pytest.raises(IssuerUnavailable):
        await verifier.verify(issuer.token())
    await verifier.close()


async def test_the_discovery_document_may_be_read_at_another_address(issuer):
    issuer.named = "https://issuer.example.test"
    here = f"{issuer.url}/.well-known/openid-configuration"
    verifier = Verifier(settings(oidc_issuer=issuer.named, oidc_discovery_url=here))
    assert await verifier.verify(issuer.token(iss=issuer.named))
    with pytest.raises(InvalidToken):
        await verifier.verify(issuer.token(iss=issuer.url))
    await verifier.close()


async def test_keys_of_another_issuer_are_not_taken(verifier, issuer):
    issuer.named = "https://issuer.example.test"
    with pytest.raises(IssuerUnavailable):
        await verifier.verify(issuer.token())


async def test_a_verified_token_is_remembered_until_it_expires(verifier, issuer, monkeypatch):
    token = issuer.token()
    caller = await verifier.verify(token)
    assert verifier.remembered(token) is caller
    later = time.time() + 60 + tokens.LEEWAY_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert verifier.remembered(token) is None
    with pytest.raises(InvalidToken):
        await verifier.verify(token)
