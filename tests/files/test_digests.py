"""Digests are the SHA-256 that everybody computes."""

from __future__ import annotations

import pytest

from robustbench_ln.files.digests import file_sha256


@pytest.mark.parametrize(
    ("content", "digest"),
    [  # FIPS 180-4, examples of NIST
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"a" * 10**6, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ],
)
def test_the_published_examples(tmp_path, content, digest):
    (tmp_path / "a").write_bytes(content)
    assert file_sha256(tmp_path / "a") == digest
