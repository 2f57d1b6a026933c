from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.data.class_order import is_class_ordered
from robustbench_ln.errors import DataError


def picture(height: int = 6, width: int = 8, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def make_folder(root, sizes=((6, 8), (6, 8), (6, 8))):
    for seed, (height, width) in enumerate(sizes):
        folder = root / f"class {'ba'[seed % 2]}"
        folder.mkdir(parents=True, exist_ok=True)
        picture(height, width, seed).save(folder / f"bild_ü{seed}.png")
    return f"folder:{root}"


def load(source: str, **options):
    return load_images(source, DataOptions(**options))


def test_classes_and_files_are_sorted_and_read_as_they_are(tmp_path):
    images = load(make_folder(tmp_path / "x"))
    assert images.class_names == ("class a", "class b")
    assert images.labels.tolist() == [0, 1, 1]
    assert images.shape == (6, 8, 3)
    for index, seed in enumerate((1, 0, 2)):
        assert np.array_equal(images.read([index])[0], np.asarray(picture(seed=seed)))
    assert images.image_id(0).endswith("class a/bild_ü1.png")


def test_the_order_is_that_of_torchvision(tmp_path):
    from torchvision.datasets import ImageFolder

    source = make_folder(tmp_path, [(6, 8)] * 7)
    (tmp_path / "class a" / "Deep").mkdir()
    picture(seed=9).save(tmp_path / "class a" / "Deep" / "z.PNG")
    (tmp_path / "class a" / "notes.txt").write_text("x")
    theirs = ImageFolder(str(tmp_path))
    images = load(source)
    names = [images.image_id(i) for i in range(len(images))]
    assert sorted(names) == sorted(path for path, _ in theirs.samples)
    by_name = dict(theirs.samples)
    assert [by_name[name] for name in names] == images.labels.tolist()


@pytest.mark.parametrize(("resize", "crop"), [(None, 4), (5, None), (5, 4), (12, 9)])
def test_resize_and_crop_are_torchvisions(tmp_path, resize, crop):
    from torchvision import transforms

    images = load(make_folder(tmp_path), resize=resize, crop=crop)
    steps = [transforms.Resize(resize)] if resize else []
    steps += [transforms.CenterCrop(crop)] if crop else []
    expected = np.asarray(transforms.Compose(steps)(picture(seed=1)))
    assert np.array_equal(images.read([0])[0], expected)


def test_other_modes_become_rgb_and_exif_turns(tmp_path):
    folder = tmp_path / "c"
    folder.mkdir()
    base = picture(8, 8)
    base.convert("L").save(folder / "1.png")
    base.convert("P").save(folder / "2.png")
    base.convert("RGBA").save(folder / "3.png")
    base.convert("CMYK").save(folder / "4.jpg", quality=100)
    base.convert("1").save(folder / "5.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees, clockwise
    base.save(folder / "6.png", exif=exif)
    images = load(f"folder:{tmp_path}")
    pixels = images.read(range(6))
    assert np.array_equal(pixels[0], np.asarray(base.convert("L").convert("RGB")))
    assert np.array_equal(pixels[2], np.asarray(base))
    assert np.array_equal(pixels[5], np.rot90(np.asarray(base), k=-1))


def test_sixteen_bits_are_refused_by_name(tmp_path):
    (tmp_path / "c").mkdir()
    Image.fromarray(np.arange(16, dtype=np.uint16).reshape(4, 4)).save(tmp_path / "c" / "deep.png")
    with pytest.raises(DataError, match=r"deep.png: has mode I;16; expected 8 bits"):
        load(f"folder:{tmp_path}")


def test_mixed_shapes_name_two_files_and_the_fix(tmp_path):
    images = load(make_folder(tmp_path, [(6, 8), (6, 8), (7, 8)]))
    with pytest.raises(DataError, match=r"ü2.png is 7x8, .*ü1.png is 6x8; .*--resize 256 --crop"):
        images.read([0, 1, 2])
    assert load(f"folder:{tmp_path}", resize=6, crop=6).read([0, 1, 2]).shape == (3, 6, 6, 3)
    with pytest.raises(DataError, match="is 6x8, smaller than --crop 7; add --resize"):
        load(f"folder:{tmp_path}", crop=7)


def test_unreadable_images_are_named(tmp_path):
    source = make_folder(tmp_path)
    whole = (tmp_path / "class b" / "bild_ü2.png").read_bytes()
    for content, message in (
        (whole[: len(whole) // 2], "ü2.png: not an image, or damaged"),
        (b"<html></html>", "ü2.png: a web page"),
        (b"", "ü2.png: empty"),
        (b"version https://git-lfs.github.com/spec/v1", "ü2.png: a Git LFS pointer"),
    ):
        (tmp_path / "class b" / "bild_ü2.png").write_bytes(content)
        with pytest.raises(DataError, match=message):
            load(source).read([2])
    (tmp_path / "class b" / "bild_ü2.png").write_bytes(whole)
    images = load(source)
    (tmp_path / "class b" / "bild_ü2.png").unlink()
    with pytest.raises(DataError, match="ü2.png: cannot be read"):
        images.read([2])
    with pytest.raises(DataError, match="ü2.png: cannot be read"):
        images.sha256()


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load(f"folder:{tmp_path / 'x'}")
    with pytest.raises(DataError, match="no class folders"):
        load(f"folder:{tmp_path}")
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "readme.txt").write_text("x")
    with pytest.raises(DataError, match="no images in its 1 class folders"):
        load(f"folder:{tmp_path}")


def test_the_digest_changes_with_bytes_names_and_sizes_and_reports_progress(tmp_path):
    source = make_folder(tmp_path)
    ticks = []
    first = load(source).sha256(lambda done, total: ticks.append((done, total)))
    assert ticks == [(1, 3), (2, 3), (3, 3)]
    assert load(source).sha256() == first
    digests = {first, load(source, resize=6).sha256(), load(source, crop=4).sha256()}
    (tmp_path / "class b" / "bild_ü2.png").rename(tmp_path / "class b" / "other.png")
    digests.add(load(source).sha256())
    picture(seed=77).save(tmp_path / "class b" / "other.png")
    digests.add(load(source).sha256())
    assert len(digests) == 5


def test_class_order_is_seen_and_random_order_is_not():
    ordered = np.repeat(np.arange(10), 100)
    shuffled = np.random.default_rng(0).permutation(ordered)
    assert is_class_ordered(ordered, 128)
    assert is_class_ordered(ordered, 16)
    for size in (2, 16, 128, 500):
        assert not is_class_ordered(shuffled, size)
    assert not is_class_ordered(ordered, 1)
    assert not is_class_ordered(np.zeros(100, dtype=np.int64), 10)
    assert not is_class_ordered(np.arange(1000), 100)  # as many classes as a set can hold
