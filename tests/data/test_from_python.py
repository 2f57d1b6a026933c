from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
from torchvision.transforms import functional as transforms

from robustbench_ln.data.from_python import collect_images
from robustbench_ln.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (7, 5, 6, 3)).astype(np.uint8)
LABELS = np.arange(7) % 3
CHW = torch.from_numpy(PIXELS).permute(0, 3, 1, 2)


class Pictures(Dataset):
    """As torchvision's data sets: one image and one label at a time."""

    def __init__(self, convert) -> None:
        self.convert = convert

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int):
        return self.convert(Image.fromarray(PIXELS[index])), int(LABELS[index])


class Stream(IterableDataset):
    def __iter__(self):
        yield from ((CHW[i], int(LABELS[i])) for i in range(7))


TO_TENSOR = TensorDataset(CHW / 255, torch.from_numpy(LABELS))


@pytest.mark.parametrize(
    "given",
    [
        (PIXELS, LABELS),
        (PIXELS, LABELS.tolist()),
        (torch.from_numpy(PIXELS), torch.from_numpy(LABELS)),
        (CHW, LABELS.astype(np.uint8)),
        (CHW / 255, LABELS),
        (PIXELS / 255, LABELS),
        (CHW.double() / 255, LABELS),
        (np.nextafter((PIXELS / 255).astype(np.float32), np.float32(0)), LABELS),
        (TO_TENSOR,),
        (DataLoader(TO_TENSOR, batch_size=3),),
        (DataLoader(Pictures(transforms.to_tensor), batch_size=4),),
        (Pictures(lambda image: image),),
        (Pictures(np.asarray),),
        (Pictures(transforms.pil_to_tensor),),
        (Stream(),),
        (DataLoader(Stream(), batch_size=2),),
    ],
)
def test_every_way_to_give_images_gives_the_same(given):
    images = collect_images(*given)
    assert np.array_equal(images.pixels, PIXELS)
    assert images.labels.tolist() == LABELS.tolist()
    assert (images.pixels.dtype, images.labels.dtype) == (np.uint8, np.int64)
    assert images.sha256() == collect_images(PIXELS, LABELS).sha256()


@pytest.mark.parametrize(
    "given",
    [
        (PIXELS[..., 0], LABELS),
        (PIXELS[..., :1], LABELS),
        (CHW[:, :1], LABELS),
        (Pictures(lambda image: Image.fromarray(np.asarray(image)[..., 0])),),
    ],
)
def test_grey_images_have_one_channel(given):
    assert np.array_equal(collect_images(*given).pixels, PIXELS[..., :1])


def test_an_undecided_channel_axis_is_the_usual_one():
    square = np.random.default_rng(1).integers(0, 256, (2, 3, 4, 3)).astype(np.uint8)
    assert np.array_equal(collect_images(square, [0, 1]).pixels, square)
    turned = collect_images(torch.from_numpy(square), [0, 1]).pixels
    assert np.array_equal(turned, square.transpose(0, 2, 3, 1))


def test_no_grey_level_is_moved():
    levels = torch.arange(256).view(1, 16, 16, 1)
    for dtype in (torch.float32, torch.float64):
        images = collect_images(levels.to(dtype) / 255, [0])
        assert images.pixels.ravel().tolist() == list(range(256))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((PIXELS,), "labels are missing"),
        ((TO_TENSOR, LABELS), "a TensorDataset has its own labels; leave labels out"),
        ((PIXELS, LABELS[:3]), r"labels have shape \[3\]; expected \[7\]"),
        ((PIXELS, LABELS / 2), "labels are float64; expected integer class indices"),
        ((PIXELS, np.eye(7, 3, dtype=int)), r"labels have shape \[7, 3\]"),
        ((PIXELS, LABELS - 1), "label -1 is below 0"),
        ((PIXELS[:0], LABELS[:0]), "no images"),
        ((CHW[:0] / 255, LABELS[:0]), "no images"),
        ((PIXELS.astype(np.int64), LABELS), "images are int64; expected uint8"),
        ((PIXELS.astype(np.float32), LABELS), r"from 0 to 255: save them as images.round\(\)"),
        ((CHW / 127.5 - 1, LABELS), r"\(\(images \+ 1\) \* 127.5\)"),
        ((CHW / 255 * float("nan"), LABELS), "values range from nan to nan"),
        ((CHW.half() / 255, LABELS), "not multiples of 1/255"),
        ((CHW / 300, LABELS), r"not multiples of 1/255 \(off by up to 0\.\d+ grey levels\)"),
        ((PIXELS[..., :2], LABELS), r"images have shape \[7, 5, 6, 2\]"),
        (("photos", LABELS), "a str is not an array of images"),
        ((DataLoader(TO_TENSOR, shuffle=True),), "the DataLoader shuffles"),
        ((TensorDataset(CHW),), "yields tuple; expected pairs of images and labels"),
        ((DataLoader(TensorDataset(CHW)),), "expected pairs of images and labels"),
        ((Pictures(lambda image: image.convert("RGBA")),), "an image has mode RGBA"),
        ((TensorDataset(CHW[:0], CHW[:0]),), "no images"),
        (
            (Pictures(lambda image: image.crop((0, 0, 4, image.getpixel((0, 0))[0] % 2 + 3))),),
            r"images have shapes \[3, 4, 3\] and \[4, 4, 3\]; make all images the same size",
        ),
    ],
)
def test_what_is_no_labelled_image_is_refused(given, message):
    with pytest.raises(DataError, match=message):
        collect_images(*given)
