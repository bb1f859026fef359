"""Pictures are made harmless, and kept where only we can read them."""

import io
import stat

import pytest
from PIL import Image

from alerts import images, sanitising
from alerts.errors import ImageRefused
from tests.conftest import NOON
from tests.pictures import huge_png, jpeg


def encoded(format, *, size=(64, 48), mode="RGB", **options):
    written = io.BytesIO()
    Image.new(mode, size, 200).save(written, format, **options)
    return written.getvalue()


def reopened(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_each_format_becomes_a_jpeg(format):
    picture = reopened(sanitising.sanitise(encoded(format)))

    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (64, 48))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_can_be_read(mode):
    assert reopened(sanitising.sanitise(encoded("PNG", mode=mode))).mode == "RGB"


def test_a_large_picture_is_made_small():
    assert reopened(sanitising.sanitise(encoded("JPEG", size=(4000, 1000)))).size == (1280, 320)


def test_a_picture_is_turned_upright_and_loses_what_it_says_about_the_place():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010E] = "Ward 3, Robin Vale"
    exif.get_ifd(0x8825)[1] = "N"

    clean = sanitising.sanitise(encoded("JPEG", exif=exif, comment=b"Ward 3"))

    assert reopened(clean).size == (48, 64)
    assert (dict(reopened(clean).getexif()), b"Ward 3" in clean, b"Exif" in clean) == ({}, False, False)


def test_what_hides_behind_the_picture_is_dropped():
    assert b"<script>" not in sanitising.sanitise(jpeg() + b"<script>alert(1)</script>")


def test_the_second_still_of_a_phone_is_dropped():
    written = io.BytesIO()
    Image.new("RGB", (64, 48)).save(written, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])

    assert reopened(sanitising.sanitise(written.getvalue())).format == "JPEG"


def moving(format):
    return encoded(format, save_all=True, append_images=[Image.new("RGB", (64, 48), color) for color in ("red", "blue")])


REFUSED = {
    "nothing": ("not_an_image", lambda: b""),
    "text": ("not_an_image", lambda: b"hello"),
    "page": ("not_an_image", lambda: b"<html><script>alert(1)</script></html>"),
    "svg": ("not_an_image", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "gif": ("not_an_image", lambda: encoded("GIF")),
    "tiff": ("not_an_image", lambda: encoded("TIFF")),
    "too large": ("too_large", lambda: jpeg() + b"\0" * 10 * 1024 * 1024),
    "truncated jpeg": ("damaged", lambda: encoded("JPEG", size=(640, 480), quality=95)[:-600]),
    "truncated png": ("damaged", lambda: encoded("PNG")[:-30]),
    "truncated webp": ("damaged", lambda: encoded("WEBP", size=(640, 480), lossless=True)[:-20]),
    "only magic": ("damaged", lambda: b"\xff\xd8\xff\xe0 and then a story"),
    "bomb": ("too_many_pixels", lambda: huge_png(50_000, 50_000)),
    "just too many": ("too_many_pixels", lambda: huge_png(50_001, 1_000)),
    "between the limits": ("too_many_pixels", lambda: huge_png(10_000, 10_000)),
    "moving png": ("animated", lambda: moving("PNG")),
    "moving webp": ("animated", lambda: moving("WEBP")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused_with_the_reason(case):
    code, make = REFUSED[case]

    with pytest.raises(ImageRefused, match=r"Send .*\.$") as refused:
        sanitising.sanitise(make())

    assert refused.value.code == code


def test_a_stored_picture_is_ours_alone(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    name = images.store(b"picture", at=NOON)

    path = tmp_path / name
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"picture", 0o600)
    assert name.startswith("alerts/2026/03/")
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_removing_twice_is_quiet(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    name = images.store(b"picture", at=NOON)

    images.remove(name)
    images.remove(name)

    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["../secret_key", "alerts/../../x", "/etc/passwd", "alerts"])
def test_a_name_never_leads_out_of_the_directory(name):
    with pytest.raises(ValueError, match="does not lie in"):
        images.path_of(name)
