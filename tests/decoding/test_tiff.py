"""TIFF files of numbers, written by tifffile, by Pillow, and by hand."""

import io
import itertools
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from cnnlab import images
from cnnlab.errors import DataError
from tests.decoding.opening import opens

COLOURS = {"minisblack": 1, "miniswhite": 1, "rgb": 3, "separated": 4}
LAYOUTS = [
    *itertools.product(["minisblack", "miniswhite"], [None, "unassalpha"]),
    ("minisblack", "assocalpha"), ("minisblack", "unspecified"),
    ("rgb", None), ("rgb", "unassalpha"), ("rgb", "assocalpha"), ("rgb", "unspecified"),
    ("separated", None),
]  # fmt: skip


def shown(numbers):
    """Bring numbers into [0, 1] as the documentation of `images.load` says."""
    if numbers.dtype in (np.uint8, np.uint16):
        return numbers / np.iinfo(numbers.dtype).max
    low, high = float(numbers.min()), float(numbers.max())
    return (numbers.astype(float) - low) / (high - low)


def seen(numbers, photometric, extra):
    colours = COLOURS[photometric]
    image = shown(numbers[..., :colours])
    if photometric == "miniswhite":
        image = 1 - image
    if photometric == "separated":
        image = (1 - image[..., :3]) * (1 - image[..., 3:])
    if extra in {"unassalpha", "assocalpha"}:
        alpha = numbers[..., colours:] / np.iinfo(numbers.dtype).max
        image = (image if extra == "assocalpha" else image * alpha) + 1 - alpha
    return image.clip(0, 1)[..., 0] if image.shape[2] == 1 else image.clip(0, 1)


def random_numbers(kind, shape, rng):
    if kind[0] == "f":
        return rng.uniform(-3, 9, shape).astype(kind)
    limits = np.iinfo(kind)
    numbers = rng.integers(limits.min, limits.max, shape, kind, endpoint=True)
    numbers.flat[[0, -1]] = limits.min, limits.max
    return numbers


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"])
def test_every_sort_of_numbers_that_tifffile_writes_is_seen_as_it_is_meant(kind):
    rng = np.random.default_rng(0)
    opened = 0
    for (photometric, extra), planes, order, tile, compression, predictor in itertools.product(
        LAYOUTS, ["contig", "separate"], "<>", [None, (16, 16)], [None, "zlib"], [False, True]
    ):
        channels = COLOURS[photometric] + bool(extra)
        if (predictor and (not compression or kind[0] == "f" or kind[1] == "8")) or (
            channels == 1 and planes == "separate"
        ):
            continue
        if extra in {"unassalpha", "assocalpha"} and kind[0] != "u":
            continue
        numbers = random_numbers(kind, (20, 17, channels), rng)
        if extra == "assocalpha":
            share = numbers[..., -1:] / np.iinfo(kind).max
            numbers[..., :-1] = (numbers[..., :-1] * share).astype(kind)
        written = numbers if planes == "contig" else np.moveaxis(numbers, -1, 0)
        file = io.BytesIO()
        tifffile.imwrite(
            file, written[..., 0] if channels == 1 else written, photometric=photometric,
            planarconfig=planes if channels > 1 else None, extrasamples=[extra] if extra else None,
            compression=compression, predictor=predictor, byteorder=order, tile=tile,
            rowsperstrip=None if tile else 7, metadata=None,
        )  # fmt: skip
        expected = seen(numbers, photometric, extra)
        image = images.load(file.getvalue())
        assert image.shape == expected.shape
        # Of 8 bits, Pillow rounds alpha and ink to 8 bits again.
        np.testing.assert_allclose(image, expected, atol=2 / 255 if kind == "u1" else 2e-5)
        opened += 1
    assert opened > 70


def by_hand(shape, bits, pieces, order="<", **tags):
    """Write a file from (height, width), bits of a number, its pieces, and tags by number."""
    height, width = shape
    starts = np.cumsum([8, *map(len, pieces)]).tolist()
    values = {256: [width], 257: [height], 258: [bits], 259: [1], 262: [1], 277: [1], 278: [height]}
    values |= {273: starts[:-1], 279: [len(piece) for piece in pieces], 339: [1]}
    values |= {int(name[1:]): list(value) for name, value in tags.items()}
    after = starts[-1]
    directory, outside = struct.pack(order + "H", len(values)), b""
    free = after + 2 + 12 * len(values) + 4
    for tag, numbers in sorted(values.items()):
        content = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            outside, content = outside + content, struct.pack(order + "I", free + len(outside))
        directory += struct.pack(order + "HHI", tag, 4, len(numbers)) + content
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, after)
    return head + b"".join(pieces) + directory + bytes(4) + outside


def bit_rows(numbers, bits):
    digits = (numbers[..., None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)
    return np.packbits(digits.reshape(len(numbers), -1), axis=1).tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [2, 4, 6, 9, 10, 12, 14, 16])
def test_numbers_that_share_bytes_are_shares_of_the_largest_that_fits(bits, order):
    top = 2**bits - 1
    numbers = np.array([[0, 1, top // 3], [top // 2, top - 1, top]])
    content = bit_rows(numbers, bits)
    if bits == 16 and order == "<":
        content = numbers.astype("<u2").tobytes()
    for white_is_zero in (0, 1):
        file = by_hand((2, 3), bits, [content], order, _262=[1 - white_is_zero])
        expected = 1 - numbers / top if white_is_zero else numbers / top
        np.testing.assert_allclose(images.load(file), expected, atol=1e-6)


def test_twelve_bits_are_not_sixteen():
    file = by_hand((1, 2), 12, [bytes([0x08, 0x0F, 0xFF])])
    np.testing.assert_allclose(images.load(file), [[128 / 4095, 1]], atol=1e-7)


@pytest.mark.parametrize("bits", [1, 4, 12])
def test_unusual_depths_may_have_alpha_and_planes(bits):
    top = 2**bits - 1
    grey, alpha = np.array([[0, top // 5], [top, 0]]), np.array([[top, top], [0, top // 3]])
    expected = grey / top * alpha / top + 1 - alpha / top
    pairs = bit_rows(np.stack([grey, alpha], axis=-1).reshape(2, -1), bits)
    planes = [bit_rows(grey, bits), bit_rows(alpha, bits)]
    for pieces, layout in (([pairs], 1), (planes, 2)):
        file = by_hand((2, 2), bits, pieces, _258=[bits] * 2, _277=[2], _284=[layout], _338=[2])
        np.testing.assert_allclose(images.load(file), expected, atol=1e-6)


def test_a_fourth_number_beside_a_colour_is_alpha_if_nothing_else_is_said():
    content = np.array([65535, 0, 0, 13107], "<u2").tobytes()
    file = by_hand((1, 1), 16, [content], _258=[16] * 4, _262=[2], _277=[4])
    np.testing.assert_allclose(images.load(file), [[[1, 0.8, 0.8]]], atol=1e-6)


def packed_by_pillow(content, compression):
    """Pack bytes as libtiff does: as the strip of a grey picture."""
    file = io.BytesIO()
    Image.frombytes("L", (len(content), 1), content).save(file, "TIFF", compression=compression)
    file.seek(0)
    page = tifffile.TiffFile(file).pages.first
    (start,), (length,) = page.dataoffsets, page.databytecounts
    return int(page.compression), file.getvalue()[start : start + length]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "lzma"])
def test_what_tifffile_alone_cannot_unpack_is_unpacked(compression, order):
    rng = np.random.default_rng(3)
    numbers = random_numbers("u2", (3, 8, 5), rng)  # three planes of eight rows
    strips = numbers.astype(f"{order}u2").reshape(6, -1)  # of four rows
    packed = [packed_by_pillow(strip.tobytes(), compression) for strip in strips]
    file = by_hand(
        (8, 5), 16, [strip for _, strip in packed], order,
        _258=[16] * 3, _259=[packed[0][0]], _262=[2], _277=[3], _278=[4], _284=[2],
    )  # fmt: skip
    np.testing.assert_allclose(images.load(file), np.moveaxis(numbers, 0, -1) / 65535, atol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_numbers_are_turned_upright_as_pictures_are(orientation):
    tones = np.arange(6, dtype=np.uint8).reshape(2, 3) * 50
    exif = Image.Exif()
    exif[274] = orientation
    file = io.BytesIO()
    Image.fromarray(tones).save(file, "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(file))) / 255
    deep = by_hand((2, 3), 16, [(tones * np.uint16(257)).tobytes()], _274=[orientation])
    np.testing.assert_allclose(images.load(deep), expected, atol=1e-6)


def test_the_first_page_counts_and_large_ones_are_made_smaller():
    file = io.BytesIO()
    first = np.full((40, 3000, 3), 0.25, np.float64)
    tifffile.imwrite(file, np.stack([first, 1 - first]), photometric="rgb")
    image = images.load(file.getvalue())
    assert image.shape == (14, 1024, 3)
    np.testing.assert_allclose(image, 0.25, atol=1e-6)


LARGE_TILE = {"_322": [2048], "_323": [2048], "_324": [8], "_325": [9000]}


def four_by_four(**tags):
    return by_hand((4, 4), 16, [bytes(32)], **tags)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (four_by_four(_262=[8], _258=[16] * 3, _277=[3]), "its colours are CIELAB"),
        (four_by_four(_259=[7]), "its compression is JPEG"),
        (four_by_four(_259=[5], _266=[2]), "its compression is LZW"),
        (four_by_four(_258=[24]), "its numbers have 24 bits"),
        (four_by_four(_258=[64], _339=[6]), "its numbers are complex64"),
        (four_by_four(_262=[2]), "a pixel has 1 of 3 numbers"),
        (four_by_four(_32997=[3]), "it is 3 pictures deep"),
    ],
)
def test_what_is_left_out_is_said(file, reason):
    with pytest.raises(DataError, match=f"TIFF picture is of an unsupported sort .{reason}.*PNG"):
        images.load(file)


@pytest.mark.parametrize(
    "file",
    [
        four_by_four()[:20],
        by_hand((4, 4), 16, [bytes(31)]),
        by_hand((4, 4), 16, [bytes(16)], _278=[2]),  # the second strip is not there
        by_hand((4, 4), 16, [b"\x80\0"], _259=[5]),
        by_hand((4, 4), 16, [bytes(32)], _322=[1 << 20], _323=[1 << 20], _324=[8], _325=[32]),
        by_hand((4, 4), 16, [zlib.compress(bytes(1 << 23))], _259=[8], **LARGE_TILE),
        by_hand((9, 4), 16, [bytes(999)], _278=[1], _273=[8] * 9, _279=[999] * 9),
        by_hand((1 << 17, 1), 16, [bytes(8)], _278=[1], _273=[8] * (1 << 17), _279=[2] * (1 << 17)),
        four_by_four().replace(struct.pack("<HHI", 256, 4, 1), struct.pack("<HHI", 256, 2, 4)),
    ],
    ids=[
        "half", "short strip", "too few strips", "bad LZW", "endless tile", "large tile",
        "strips over strips", "endless strips", "text for a width",
    ],
)  # fmt: skip
def test_damaged_numbers_are_refused(file, capfd):
    with pytest.raises(DataError, match="TIFF picture is damaged or incomplete"):
        images.load(file)
    assert capfd.readouterr() == ("", "")  # neither libtiff nor tifffile has a word of its own


def test_tifffile_keeps_its_remarks_to_itself(tmp_path):
    path = tmp_path / "odd.tif"
    path.write_bytes(four_by_four(_273=[8], _305=[7]).replace(b"\x31\1\4", b"\x31\1\x63"))
    code = (  # a notebook, too, has a stream of its own
        "import io, sys; from cnnlab import images; sys.stderr = io.StringIO();"
        "print(images.load(sys.argv[1]).shape, sys.stderr.getvalue())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == ("(4, 4) \n", "")


def test_a_few_bytes_cannot_unfold_into_gigabytes():
    packed = zlib.compress(bytes(20_000_000))
    whole = by_hand((4, 4), 16, [packed], _259=[8])
    tracemalloc.start()
    try:
        assert images.load(whole).max() == 0
        with pytest.raises(DataError, match=r"claims to have 8000x6000 pixels, and up to 40,000,0"):
            images.load(by_hand((6000, 8000), 16, [packed], _259=[8]))
        with pytest.raises(DataError, match=r"claims to hold 320,000,000 bytes of numbers, and up"):
            images.load(by_hand((4000, 5000), 64, [packed], _258=[64] * 2, _277=[2], _259=[8]))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_stderr_is_given_back_however_many_threads_open_pictures():
    before = os.fstat(2)
    damaged = by_hand((4, 4), 16, [b"\x80\0"], _259=[5])

    def open_some():
        for _ in range(20):
            with pytest.raises(DataError):
                images.load(damaged)

    threads = [threading.Thread(target=open_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (os.fstat(2).st_dev, os.fstat(2).st_ino) == (before.st_dev, before.st_ino)


def test_damaged_numbers_give_a_picture_or_a_reason_and_nothing_else(capfd):
    rng = np.random.default_rng(7)
    seen = [0, 0]
    for case in range(600):
        kind = ["u2", "i4", "f4"][case % 3]
        file = io.BytesIO()
        tifffile.imwrite(
            file, random_numbers(kind, (20, 17, 3), rng), photometric="rgb", metadata=None,
            compression=["zlib", None][case % 2], tile=[(16, 16), None][case % 5 > 0],
            byteorder="<>"[case % 7 > 3],
        )  # fmt: skip
        data = bytearray(file.getvalue())
        directory = struct.unpack("<>"[data[0] == ord("M")] + "I", data[4:8])[0]
        for _ in range(rng.integers(1, 4)):
            place = directory + rng.integers(min(250, len(data) - directory))
            data[place] = rng.choice([0, 1, 2, 16, 127, 128, 255, rng.integers(256)])
        seen[opens(bytes(data))] += 1
    assert min(seen) > 100  # some are refused, some are opened
    assert capfd.readouterr() == ("", "")
