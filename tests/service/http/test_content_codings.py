"""The codings themselves: bounded steps, many members, and what is no gzip or zstd at all."""

import gzip
import zlib

import pytest
from backports import zstd

from spanwise.service.http.content_codings import STEP_BYTES, BrokenCoding, Coding, Decoder, Encoder

CODINGS: tuple[Coding, ...] = ("gzip", "zstd")
TEXT = b'{"text": "Ada Lovelace lived in London."}\n' * 20_000

each_coding = pytest.mark.parametrize("coding", CODINGS)


def pack(coding: Coding, data: bytes) -> bytes:
    """Compress as a caller's own library does."""
    return gzip.compress(data) if coding == "gzip" else zstd.compress(data)


def unpack(coding: Coding, *parts: bytes) -> bytes:
    """Unpack a whole body that comes in parts."""
    decoder = Decoder(coding)
    found = b"".join(piece for part in parts for piece in decoder.feed(part))
    decoder.end()
    return found


@each_coding
@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_it_does_not_matter_how_a_body_is_cut(coding: Coding, size: int) -> None:
    """Parts of any size give the same bytes."""
    text = TEXT[:50_000]
    packed = pack(coding, text)
    assert unpack(coding, *(packed[start : start + size] for start in range(0, len(packed), size))) == text


@each_coding
@pytest.mark.parametrize(
    "data", [b"\0" * 30_000_000, TEXT, TEXT[: STEP_BYTES * 2], b"a"], ids=["zeros", "text", "two steps", "a"]
)
def test_no_step_is_larger_than_64_kib(coding: Coding, data: bytes) -> None:
    """What unpacks to a thousand times its size comes out in steps, too, and whole."""
    decoder = Decoder(coding)
    found = b""
    for piece in decoder.feed(pack(coding, data)):
        assert 0 < len(piece) <= STEP_BYTES
        found += piece if len(data) < STEP_BYTES * 4 else b""
    decoder.end()
    assert decoder.unpacked == len(data)
    assert found in (data, b"")


@each_coding
def test_members_one_behind_the_other_are_one_body(coding: Coding) -> None:
    """`cat a.gz b.gz` is a body; so is one with an empty member in it."""
    packed = pack(coding, b"a\n") + pack(coding, b"") + pack(coding, TEXT)
    assert unpack(coding, packed) == b"a\n" + TEXT
    assert unpack(coding, *(packed[at : at + 1] for at in range(len(packed)))) == b"a\n" + TEXT


@each_coding
def test_a_flood_of_empty_members_is_refused(coding: Coding) -> None:
    """Each costs more than it brings, so a body may not consist of them."""
    with pytest.raises(BrokenCoding):
        unpack(coding, pack(coding, b"") * 2_000)
    whole = pack(coding, TEXT[:2_048]) * 2_000
    assert len(unpack(coding, whole)) == 2_048 * 2_000


@each_coding
def test_what_is_broken_is_told(coding: Coding) -> None:
    """Plain text, the other coding, a body cut off anywhere, one with something behind, one with a wrong byte."""
    packed = pack(coding, TEXT)
    other = pack("zstd" if coding == "gzip" else "gzip", TEXT)
    for broken in (b"", TEXT, other, packed[:-1], packed[:5], packed + b"x" * 20, packed[:-6] + b"\0\0" + packed[-4:]):
        with pytest.raises(BrokenCoding):
            unpack(coding, broken)


def test_a_frame_that_needs_a_large_window_is_refused() -> None:
    """More than 8 MiB need not be taken (RFC 9659), and would be a caller's way to take memory."""

    def framed(log: int) -> bytes:
        packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
        return packer.compress(TEXT) + packer.flush()

    assert unpack("zstd", framed(23)) == TEXT
    with pytest.raises(BrokenCoding):
        unpack("zstd", framed(27))


def test_a_frame_with_a_dictionary_is_refused() -> None:
    """There is no way to know which one."""
    dictionary = zstd.train_dict([TEXT[at : at + 200] + b"%d" % at for at in range(0, 40_000, 100)], 2_000)
    with pytest.raises(BrokenCoding):
        unpack("zstd", zstd.compress(TEXT, zstd_dict=dictionary))


@each_coding
def test_answers_can_be_read_by_any_library(coding: Coding) -> None:
    """What the encoder makes of parts is one body."""
    encoder = Encoder(coding)
    packed = (
        encoder.add(TEXT[:1000]) + encoder.add(b"") + encoder.add(TEXT[1000:90_000]) + encoder.add_last(TEXT[90_000:])
    )
    plain = zlib.decompress(packed, 16 + zlib.MAX_WBITS) if coding == "gzip" else zstd.decompress(packed)
    assert plain == TEXT
    assert len(packed) < len(TEXT) / 10
