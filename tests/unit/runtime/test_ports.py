"""PortBlock that tests are given belong to one process at a time, and to no outgoing connection."""

import socket

import pytest

from stepwell.runtime.disposable import PortBlock


def test_two_holders_never_have_a_port_in_common():
    one, other = PortBlock(), PortBlock()
    assert not set(one.take(200)) & set(other.take(200))


def test_a_port_is_not_given_again_before_all_others_were():
    ports = PortBlock()
    first, *others = (port for _ in range(200) for port in ports.take(1))
    assert first not in others
    assert ports.take(1) == [first]


def test_a_port_that_somebody_listens_on_is_left_out():
    ports = PortBlock()
    all_of_them = ports.take(200)
    with socket.create_server(("127.0.0.1", all_of_them[0])):
        assert ports.take(1) == [all_of_them[1]]
        with pytest.raises(RuntimeError, match="too few free ports"):
            ports.take(200)
