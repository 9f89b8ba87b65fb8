"""A batch of records is read to its end, whatever one of them holds."""

import pytest
from aiokafka.record.memory_records import MemoryRecords

from shared.messaging.records import UNREADABLE, Records
from tests.support.raw import PACKED, Raw, as_batch

GOOD: Raw = (b"k", b"good", [(b"ce_id", b"1"), (b"none", None)])
NAMES = [b"\xff\xfe", b"ce_\xe9", b"\x00", b"", b"\xed\xa0\x80", "é".encode()]


def read(data: bytes) -> list[tuple[int, bytes | None, list[str]]]:
    """Offset, value and header names of what is read."""
    records, found = Records(data), []
    while records.has_next():
        batch = records.next_batch()
        assert batch.validate_crc()
        found += [(r.offset, r.value, [name for name, _ in r.headers]) for r in batch]
    return found


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("name", NAMES)
def test_a_header_name_of_any_bytes_costs_no_record_of_its_batch(name: bytes, packed: str):
    strange: Raw = (b"k" * 500, b"strange", [(b"ce_id", b"2"), (name, b"v")])
    found = read(as_batch([GOOD, strange, GOOD], packed))
    assert [(offset, value) for offset, value, _ in found] == [
        (0, b"good"),
        (1, b"strange"),
        (2, b"good"),
    ]
    assert found[1][2] == ["ce_id", name.decode("utf-8", "backslashreplace")]


def test_aiokafka_alone_still_gives_up_at_such_a_name():
    batch = MemoryRecords(as_batch([(b"k", b"v", [(b"\xff", b"v")])])).next_batch()
    with pytest.raises(UnicodeDecodeError):
        list(batch)


def test_what_cannot_be_read_at_all_becomes_one_record_without_content():
    broken = bytearray(as_batch([GOOD, GOOD, GOOD]))
    broken[-1] = 0x7E  # a header's value that goes on behind the end of the batch
    found = read_without_check(bytes(broken) + as_batch([GOOD]))
    assert found[:2] == [(0, b"good"), (1, b"good")]
    assert found[2:] == [(2, None), (0, b"good")]


def test_a_batch_packed_in_an_unknown_way_becomes_one_record_that_names_the_error():
    unknown = bytearray(as_batch([GOOD, GOOD]))
    unknown[22] = 0x07
    batch = Records(bytes(unknown)).next_batch()
    assert [(r.offset, r.key, r.value, r.headers) for r in batch] == [
        (0, None, None, [(UNREADABLE, b"UnsupportedCodecError")])
    ]
    assert batch.next_offset == 2


def read_without_check(data: bytes) -> list[tuple[int, bytes | None]]:
    records, found = Records(data), []
    while records.has_next():
        found += [(r.offset, r.value) for r in records.next_batch()]
    return found
