"""Every way in which a file can hide a pickle, and files that only look like one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import example, given, strategies

from sluss.gates.pickles import is_pickle, unsafe_files, unsafe_in


class Harmful:
    def __reduce__(self):
        return os.system, ("true",)


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner", content)
    return file.getvalue()


def tarred(content, mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        member = tarfile.TarInfo("inner")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def legacy(content):
    return lzma.compress(content, format=lzma.FORMAT_ALONE)


WRAPPINGS = {
    "as it is": bytes,
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda content: tarred(content, "w:gz"),
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": legacy,
    "zlib": zlib.compress,
    "a gz in a tar in a zip": lambda content: zipped(tarred(gzip.compress(content))),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_a_pickle_is_found_in_every_protocol_and_wrapping(wrap, protocol):
    for content in (Harmful(), {"a": [1, 2]}, np.arange(3)):
        assert unsafe_in(io.BytesIO(wrap(pickle.dumps(content, protocol=protocol))), "weights.bin")


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_data_are_not_taken_for_a_pickle(wrap):
    array = io.BytesIO()
    np.save(array, np.arange(10.0))
    for content in (b"a,b\n1,2\n", b'{"a": 1.}', b"cloudpickle==3.1.2\njoblib==1.6.0\n", array.getvalue(), b""):
        assert unsafe_in(io.BytesIO(wrap(content)), "weights.bin") == []


@given(strategies.text())
@example("N.\nI1")
@example("(dp0\nrest")
def test_a_text_is_not_taken_for_a_pickle_unless_it_is_one(text):
    content = text.encode("utf-8", errors="replace")
    if is_pickle(io.BytesIO(content)):
        assert content.rstrip().endswith(b".")


def test_an_array_of_objects_and_an_unknown_compression_are_refused():
    array = io.BytesIO()
    np.save(array, np.array([Harmful()], dtype=object))
    assert unsafe_in(io.BytesIO(array.getvalue()), "a.npy") == ["a.npy"]
    assert unsafe_in(io.BytesIO(b"\x28\xb5\x2f\xfd" + bytes(40)), "a.zst")
    assert unsafe_in(io.BytesIO(gzip.compress(b"cut off")[:-6]), "a.gz") != []


def test_links_are_named(tmp_path):
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "data.csv").write_text("a,b\n")
    assert unsafe_files(tmp_path) == ["link (a link)"]
