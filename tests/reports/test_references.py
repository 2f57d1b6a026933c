"""BibTeX of what is cited: each entry whole, each key there."""

from __future__ import annotations

import re

from robustbench_ln.reports.references import DATA_SETS, REFERENCES, bibtex, cite

REQUIRED = {
    "article": {"author", "title", "journal", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "techreport": {"author", "title", "institution", "year"},
    "misc": {"author", "title", "howpublished", "year"},
}


def test_every_entry_has_what_its_kind_needs_and_balanced_braces() -> None:
    for key, entry in REFERENCES.items():
        assert REQUIRED[entry.kind] <= set(entry.fields), key
        text = entry.entry
        assert text.count("{") == text.count("}"), key
        assert entry.fields["year"] in entry.short
        assert entry.short.split()[0] == entry.fields["author"].split(",")[0], key


def test_a_file_has_each_entry_once_in_one_order() -> None:
    text = bibtex(["wilson1927probable", "yin2021localnorm", "wilson1927probable"])
    assert re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE) == [
        "yin2021localnorm", "wilson1927probable",
    ]  # fmt: skip
    assert bibtex([]) == ""
    assert cite() == ""


def test_every_data_set_has_its_reference() -> None:
    assert {data.key for data in DATA_SETS.values()} <= set(REFERENCES)
