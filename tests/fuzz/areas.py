"""The areas of the campaign: for each kind of file, what a stranger makes of it, and who reads it.

An area plants hostile files in an empty folder and returns the command that is given there. What
it plants depends on nothing but the good files and the draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from numpy.random import Generator

from tests.fuzz import file_areas, folder_areas, sequence_areas, weight_areas
from tests.fuzz.watch import Case

__all__ = ["AREAS", "Plant"]

Plant = Callable[[Path, Path, Generator], Case]
"""Function of (folder of good files, empty folder, draws)."""

AREAS: Mapping[str, Plant] = MappingProxyType(
    {
        "checkpoints": weight_areas.plant_checkpoint,
        "safetensors": weight_areas.plant_safetensors,
        "rows": folder_areas.plant_rows,
        "descriptions": folder_areas.plant_description,
        "predictions": folder_areas.plant_predictions,
        "sets": folder_areas.plant_set,
        "sequences": sequence_areas.plant_sequences,
        "shards": folder_areas.plant_shards,
        "arrays": file_areas.plant_arrays,
        "pictures": file_areas.plant_picture,
        "folders": file_areas.plant_folder,
        "suites": file_areas.plant_suite,
        "tables": file_areas.plant_table,
        "class lists": file_areas.plant_class_list,
        "frost": file_areas.plant_frost,
        "trainings": folder_areas.plant_training,
        "words": file_areas.plant_words,
    }
)
