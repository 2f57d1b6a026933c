"""The checks are quiet on right networks: what the record says, and a small part of it anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reproduction.false_alarm_networks import library_networks, networks_of
from reproduction.false_alarms import RECORD, alarms_of, main


def rows_of(record: Path) -> list[dict]:
    return json.loads(record.read_text())["rows"]


def test_the_record_has_every_network_and_no_alarm() -> None:
    names = [network.name for network in networks_of(Path(), Path())]
    names += [network.name for network in library_networks()]
    rows = rows_of(RECORD)
    assert [row["network"] for row in rows] == names
    assert [alarm for row in rows for alarm in alarms_of(row)] == []


def test_an_alarm_is_a_warning_or_a_note_of_any_part() -> None:
    check = {"name": "outputs", "status": "note", "message": "said", "numbers": {}}
    quiet = check | {"status": "passed"}
    row = {"run": [quiet], "bf16": [check], "inspect": [check | {"status": "warning"}]}
    assert alarms_of(row) == ["bf16: outputs: said", "inspect: outputs: said"]


@pytest.mark.slow
@pytest.mark.parametrize("network", ["resnet20, public", "demo:batchnorm", "mnist-dnn, 5 epochs"])
def test_a_part_of_the_record_comes_out_again(shared_data: Path, tmp_path: Path, network: str):
    record = tmp_path / "record.json"
    code = main(["--data", str(shared_data), "--only", network, "--record", str(record)])
    assert code == 0
    (row,) = rows_of(record)
    (expected,) = [row for row in rows_of(RECORD) if row["network"] == network]
    assert row["accuracy"] == pytest.approx(expected["accuracy"], abs=0.02)
