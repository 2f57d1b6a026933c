"""Named columns of values, as a CSV file has them: pandas takes 0.3 s to import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns"]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A table of numbers and texts.

    Attributes:
        values: Name of a column -> its values, one for each row; None where there is none.
    """

    values: Mapping[str, Sequence[Any]]

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, object]]) -> Columns:
        """Return rows that all have the same columns."""
        return cls({name: [row[name] for row in rows] for name in (rows[0] if rows else ())})

    @classmethod
    def of_tuples(cls, names: Sequence[str], rows: Sequence[Sequence[object]]) -> Columns:
        """Return rows with the values in the order of the columns."""
        return cls({name: [row[k] for row in rows] for k, name in enumerate(names)})

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> Columns:
        """Return what a frame has."""
        missing = frame.isna()
        return cls(
            {
                str(name): [
                    None if is_missing else value
                    for value, is_missing in zip(frame[name], missing[name], strict=True)
                ]
                for name in frame
            }
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the values of each row."""
        yield from zip(*self.values.values(), strict=True)

    def frame(self) -> pd.DataFrame:
        """Return them for pandas."""
        import pandas as pd

        return pd.DataFrame(dict(self.values))
