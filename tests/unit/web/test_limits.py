"""How often one address may call; nothing about the address is kept that says who it is."""

import time

import httpx
import pytest
from fastapi import APIRouter, Request
from hypothesis import given
from hypothesis import strategies as st

from shared.access.allowed import Open
from shared.service import Service
from shared.web.limits import (
    BURST,
    SECONDS_A_CALL,
    LimitedRoute,
    Limiter,
    address_of,
    network_of,
)
from tests.support.apis import app_of

router = APIRouter(route_class=LimitedRoute)


@router.post("/ask", dependencies=[Open("Anybody may ask.")])
async def ask(body: dict[str, int]) -> None: ...


@router.post("/other", dependencies=[Open("Anybody may ask.")])
async def ask_other(body: dict[str, int]) -> None: ...


def client(address: str = "192.0.2.7", **settings: object) -> httpx.AsyncClient:
    app = app_of(Service("intake", "Asking", "", routers=[router]), **settings)
    transport = httpx.ASGITransport(app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_too_many_calls_are_refused_and_told_when_to_come_again():
    async with client() as http:
        answers = [await http.post("/ask", json={}) for _ in range(BURST + 1)]
        assert [a.status_code for a in answers] == [200] * BURST + [429]
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert 0 < int(refused.headers["retry-after"]) <= 6
        assert "192.0.2.7" not in refused.text
        assert (await http.post("/other", json={})).status_code == 200, "counted by itself"


async def test_a_clock_that_is_set_back_makes_nobody_wait_for_it(monkeypatch):
    started, back = time.monotonic(), time.time() - 3_600
    monkeypatch.setattr(time, "time", lambda: back)
    monkeypatch.setattr(time, "monotonic", lambda: started)
    async with client() as http:
        codes = [(await http.post("/ask", json={})).status_code for _ in range(BURST + 1)]
        monkeypatch.setattr(time, "monotonic", lambda: started + SECONDS_A_CALL)
        codes.append((await http.post("/ask", json={})).status_code)
    assert codes == [200] * BURST + [429, 200]


async def test_what_cannot_be_read_counts_too():
    async with client() as http:
        answers = [await http.post("/ask", content=b"{") for _ in range(BURST + 1)]
    assert answers[-1].status_code == 429
    assert 429 not in {a.status_code for a in answers[:-1]}


async def test_a_header_is_not_believed_without_a_proxy_that_is_trusted():
    async with client() as http:
        codes = [
            (await http.post("/ask", json={}, headers={"X-Forwarded-For": f"198.51.100.{n}"}))
            for n in range(BURST + 1)
        ]
    assert codes[-1].status_code == 429


async def test_behind_a_trusted_proxy_what_it_appended_counts_and_not_what_it_was_told():
    async with client(trusted_proxies=1) as http:
        forged = [
            await http.post("/ask", json={}, headers={"X-Forwarded-For": f"10.0.0.{n}, 192.0.2.9"})
            for n in range(BURST + 1)
        ]
        assert forged[-1].status_code == 429
        other = await http.post("/ask", json={}, headers={"X-Forwarded-For": "192.0.2.10"})
        assert other.status_code == 200


@pytest.mark.parametrize(
    ("told", "proxies", "address"),
    [
        ([], 1, "192.0.2.7"),
        (["a, 192.0.2.1"], 0, "192.0.2.7"),
        (["203.0.113.1, 192.0.2.1"], 2, "203.0.113.1"),
        (["203.0.113.1", "192.0.2.1"], 2, "203.0.113.1"),
        (["192.0.2.1"], 2, "192.0.2.7"),
        (["203.0.113.1,"], 1, "192.0.2.7"),
    ],
)
def test_the_address_is_the_one_that_the_outermost_trusted_proxy_heard(told, proxies, address):
    headers = [(b"x-forwarded-for", value.encode()) for value in told]
    scope = {"type": "http", "headers": headers, "client": ("192.0.2.7", 5)}
    assert address_of(Request(scope), proxies) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:ffff::1]:443", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_subscriber_is_one_network_however_many_addresses_they_use(address, network):
    assert network_of(address) == network


def test_calls_come_back_one_by_one_and_never_more_than_the_burst():
    limiter = Limiter(burst=2, seconds_a_call=6)
    assert [limiter.wait("r", "a", 0) for _ in range(3)] == [0, 0, 6]
    assert limiter.wait("r", "a", 3) == 3
    assert limiter.wait("r", "a", 6) == 0
    assert limiter.wait("r", "a", 6) > 0
    assert [limiter.wait("r", "a", 1_000) for _ in range(3)][:2] == [0, 0]
    assert limiter.wait("r", "a", 1_000) > 0


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_address_gets_more_than_the_burst_and_what_time_gives_back(pauses: list[float]):
    limiter = Limiter(burst=3, seconds_a_call=2)
    now, allowed = 0.0, 0
    for pause in pauses:
        now += pause
        allowed += limiter.wait("r", "a", now) == 0
    assert allowed <= 3 + now / 2 + 1e-6


def test_memory_is_bounded_and_full_buckets_are_forgotten():
    limiter = Limiter(burst=2, seconds_a_call=6, most=10)
    for number in range(100):
        limiter.wait("r", str(number), number / 1_000)
        assert len(limiter) <= 10
    limiter.wait("r", "new", 1_000)
    assert len(limiter) == 1


def test_no_address_can_be_read_from_what_is_remembered():
    one, other = Limiter(), Limiter()
    for limiter in (one, other):
        limiter.wait("r", "192.0.2.7", 0)
    (kept,), (kept_by_other,) = one._buckets, other._buckets
    assert b"192" not in kept
    assert kept != kept_by_other, "each process has a key of its own"
