from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from robustbench_ln.corrupted_sets.sequences import open_sequences
from robustbench_ln.errors import DataError

LEVELS = (20, 90, 160, 230)


def write_video(path: Path, levels, *, size: int = 64) -> None:
    """A video of plain frames; red differs from blue, so that a swapped order shows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (size, size))
    assert writer.isOpened()
    for level in levels:
        frame = np.empty((size, size, 3), dtype=np.uint8)
        frame[...] = (40, level, 200)  # blue, green, red
        writer.write(frame)
    writer.release()


def test_frames_are_decoded_in_order_as_red_green_blue(tmp_path):
    write_video(tmp_path / "tilt" / "n02" / "b.mp4", LEVELS[::-1])
    write_video(tmp_path / "tilt" / "n01" / "a.mp4", LEVELS)
    (tilt,) = open_sequences(f"imagenet-p:{tmp_path}")
    assert (tilt.num_frames, len(tilt.images), tilt.images.shape) == (4, 8, (64, 64, 3))
    frames = tilt.images.read([0, 1, 3, 4, 7]).astype(int)
    middle = frames[:, 32, 32]
    expected = [[200, level, 40] for level in (20, 90, 230, 230, 20)]
    assert np.abs(middle - expected).max() < 12  # the codec loses a little
    assert tilt.images.image_id(5).endswith("n02/b.mp4, frame 1")
    assert np.array_equal(tilt.images.read([4])[0], frames[3])


def test_sequences_of_unequal_length_or_size_are_refused(tmp_path):
    write_video(tmp_path / "tilt" / "n01" / "a.mp4", LEVELS)
    write_video(tmp_path / "tilt" / "n01" / "b.mp4", LEVELS[:3])
    write_video(tmp_path / "tilt" / "n01" / "c.mp4", LEVELS, size=32)
    (tilt,) = open_sequences(f"imagenet-p:{tmp_path}")
    with pytest.raises(
        DataError, match=r"b\.mp4: 3 frames, .*a\.mp4 has 4; the sequences of a per"
    ):
        tilt.images.read([5])
    with pytest.raises(DataError, match=r"c\.mp4: frames are 32x32, those of .*a\.mp4 64x64"):
        tilt.images.read([9])


def test_heads_of_videos_say_it_before_any_is_decoded(tmp_path):
    seen = []
    write_video(tmp_path / "tilt" / "n01" / "a.mp4", LEVELS)
    write_video(tmp_path / "tilt" / "n02" / "b.mp4", LEVELS)
    (tilt,) = open_sequences(f"imagenet-p:{tmp_path}")
    tilt.check(lambda *numbers: seen.append(numbers))
    assert seen == [(1, 2), (2, 2)]
    digest = tilt.images.sha256()
    write_video(tmp_path / "tilt" / "n02" / "c.mp4", LEVELS[:3])
    (tilt,) = open_sequences(f"imagenet-p:{tmp_path}")
    assert tilt.images.sha256() != digest
    with pytest.raises(DataError, match=r"c\.mp4: 3 frames, .*a\.mp4 has 4"):
        tilt.check(lambda *_: None)
    (tmp_path / "tilt" / "n02" / "c.mp4").write_bytes(b"not a video")
    with pytest.raises(DataError, match=r"c\.mp4: cannot be decoded as a video"):
        tilt.check(lambda *_: None)
    (tilt,) = open_sequences(f"imagenet-p:{tmp_path}", limit=2)
    assert tilt.num_sequences == 2
    tilt.check(lambda *_: None)


def test_a_file_that_is_no_video_is_refused(tmp_path):
    path = tmp_path / "tilt" / "n01" / "a.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a video")
    with pytest.raises(DataError, match=r"a\.mp4: cannot be decoded as a video; fetch it again"):
        open_sequences(f"imagenet-p:{tmp_path}")


def test_a_name_that_is_not_utf_8_is_read_like_any_other(tmp_path):
    path = tmp_path / "tilt" / "n01" / "a.mp4"
    write_video(path, LEVELS)
    path.rename(path.with_name("\udcff.mp4"))
    (tilt,) = open_sequences(f"imagenet-p:{tmp_path}")
    assert tilt.num_frames == 4


@pytest.mark.parametrize("playlist", ["ffconcat version 1.0\nfile b.mp4\n", "#EXTM3U\nb.mp4\n"])
def test_a_list_of_other_files_is_no_video_whatever_it_is_called(tmp_path, playlist):
    path = tmp_path / "tilt" / "n01" / "a.mp4"
    write_video(path.with_name("b.mp4"), LEVELS)
    path.write_text(playlist)
    with pytest.raises(DataError, match=r"a\.mp4: cannot be decoded as a video"):
        open_sequences(f"imagenet-p:{tmp_path}")


def test_a_pipe_among_the_videos_is_refused_at_once(tmp_path):
    path = tmp_path / "tilt" / "n01" / "a.mp4"
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"a\.mp4: cannot be read \("):
        open_sequences(f"imagenet-p:{tmp_path}")


def test_a_damaged_video_writes_nothing_to_the_terminal(tmp_path):
    """A process of its own: FFmpeg asks once how much it may say."""
    path = tmp_path / "tilt" / "n01" / "a.mp4"
    write_video(path, LEVELS * 8, size=128)
    content = bytearray(path.read_bytes())
    content[300:340] = bytes(range(40))
    path.write_bytes(content)
    code = "from robustbench_ln.corrupted_sets.sequences import open_sequences as read; "
    code += f"read('imagenet-p:{tmp_path}')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
