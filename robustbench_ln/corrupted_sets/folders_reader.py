"""NAME/SEVERITY/CLASS/PICTURE, as ImageNet-C is published: each picture named as the clean one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_ln.corrupted_sets.folders_writer import picture_names
from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.data.file_images import FileImages, open_files
from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.data.picture_tree import list_pictures
from robustbench_ln.errors import DataError, SpecError, setting, settings
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.pictures import Framing

__all__ = ["PictureFolders", "find_folders"]

_LEVELS = tuple(map(str, SEVERITIES))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureFolders:
    """The corruptions of a folder.

    Attributes:
        folder: Theirs.
        places: Corruption -> its folder, which holds one for each severity.
    """

    folder: Path
    places: Mapping[str, Path]

    @property
    def names(self) -> tuple[str, ...]:
        """The corruptions."""
        return tuple(self.places)

    def digest(self, name: str) -> str:
        """Return the SHA-256 of names and sizes: to read 75 x 50,000 pictures twice takes hours."""
        place = self.places[name]
        digest = hashlib.sha256()
        for _, file in list_pictures(place, ".").files:
            digest.update(os.fsencode(file) + f"\0{(place / file).stat().st_size}\0".encode())
        return digest.hexdigest()

    def open(
        self, name: str, clean: ImageSet | None, severities: Sequence[int] | None
    ) -> Iterator[tuple[int, FileImages]]:
        """Yield the severities of a corruption, and the pictures of each in the clean order.

        Args:
            name: Name of the corruption.
            clean: The same images without corruption.
            severities: That must be there, where a manifest says so; else those that are.

        Raises:
            DataError: Other pictures than the clean ones, or of another size.
            SpecError: No clean images.
        """
        if clean is None:
            raise SpecError(
                f"{self.folder} holds folders of pictures: give {setting('clean', 'KIND:PATH')}, "
                "whose names and classes are theirs"
            )
        place = self.places[name]
        for level in severities or _levels(place):
            yield level, _open_level(place / str(level), clean)


def _levels(place: Path) -> list[int]:
    return sorted(int(path.name) for path in place.iterdir() if path.name in _LEVELS)


def _open_level(place: Path, clean: ImageSet) -> FileImages:
    files = {str(Path(file).with_suffix("")): file for _, file in list_pictures(place, ".").files}
    names = picture_names(clean)
    absent = [name for name in names if name not in files]
    if absent:
        raise DataError(
            f"{place}: no picture '{absent[0]}' of the clean images ({len(absent)} of {len(names)} "
            f"are missing); {clean.source} and it do not belong together"
        )
    if len(files) != len(names):
        surplus = sorted(set(files) - set(names))
        raise DataError(
            f"{place}: {len(files)} pictures for {len(names)} clean images, '{surplus[0]}' has no "
            f"clean one in {clean.source}; give the clean images of the whole set"
        )
    stored = open_files(
        place,
        zip((files[name] for name in names), clean.labels.tolist(), strict=True),
        source=str(place),
        class_names=clean.class_names,
        framing=Framing(),
    )
    if stored.shape != clean.shape:
        sizes = ["x".join(map(str, shape)) for shape in (stored.shape, clean.shape)]
        raise DataError(
            f"{stored.image_id(0)} is {sizes[0]}, the clean images {sizes[1]}; bring the clean "
            f"ones to that size, as in {settings(resize=256, crop=224)}"
        )
    return stored


def find_folders(folder: Path, known: Sequence[str]) -> PictureFolders | None:
    """Return the corruptions of a folder, or of the archives' folders (noise/, blur/) in it.

    Raises:
        DataError: A folder that cannot be listed, or a corruption in two folders.
    """
    places: dict[str, Path] = {}
    try:
        children = sorted(path for path in folder.iterdir() if path.is_dir())
        inner = [path for child in children for path in sorted(child.iterdir()) if path.is_dir()]
        # Of names that nobody knows, a class "1" below a severity would look like a severity.
        looked_at = [*children, *inner] if known else children
        for path in looked_at:
            if (not known or path.name in known) and _has_levels(path):
                if path.name in places:
                    raise DataError(f"{path} and {places[path.name]}: give one of the two")
                places[path.name] = path
    except OSError as error:
        raise explain_bad_file(folder, "a folder of corrupted pictures", error) from error
    return PictureFolders(folder=folder, places=places) if places else None


def _has_levels(path: Path) -> bool:
    return any((path / level).is_dir() for level in _LEVELS)
