"""Drawn pictures of what a camera might have seen: rooms, by day and by night, and somebody in them. Nobody was ever photographed."""

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 640, 400
NIGHT: Final = 0.45
"""How bright a room is without light."""
WALL, FLOOR, WOOD, LINEN, GLASS = (226, 232, 240), (171, 160, 146), (134, 98, 66), (248, 250, 252), (191, 219, 254)
TILES, WATER, CLOTHES, SKIN, RUBBER = (209, 224, 228), (125, 190, 214), (51, 78, 120), (222, 184, 152), (71, 85, 105)
Draw = ImageDraw.ImageDraw
Colour = tuple[int, int, int]


def make(scene: str, *, camera: str, at: datetime, night: bool = False) -> bytes:
    """A JPEG of ``scene``, one of SCENES, as if ``camera`` had taken it at ``at``."""
    image = Image.new("RGB", (WIDTH, HEIGHT), WALL)
    SCENES[scene](ImageDraw.Draw(image))
    if night:
        image = Image.eval(image, lambda value: int(value * NIGHT))
    _caption(ImageDraw.Draw(image), f"{camera}   {at:%Y-%m-%d %H:%M}   SAMPLE, DRAWN")
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()


def keep(folder: Path, *, at: datetime) -> Path:
    """Draw those to report with into ``folder``: fall.jpg, and others to try. Returns the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in {"fall": "bed", "corridor": "corridor", "bathroom": "bathroom", "false-alarm": "dog"}.items():
        (folder / f"{name}.jpg").write_bytes(make(scene, camera="cam-12", at=at))
    return folder / "fall.jpg"


def _bed(draw: Draw) -> None:
    """A bed, a lamp, a window, and somebody on the floor beside the bed."""
    _room(draw, FLOOR)
    draw.rectangle((440, 40, 580, 150), fill=GLASS, outline=LINEN, width=6)
    draw.rectangle((30, 170, 48, 290), fill=WOOD)
    draw.rounded_rectangle((40, 215, 280, 285), radius=8, fill=WOOD)
    draw.rounded_rectangle((50, 195, 280, 245), radius=14, fill=LINEN)
    draw.rounded_rectangle((54, 182, 114, 214), radius=12, fill=(203, 213, 225))
    draw.polygon(((300, 190), (340, 190), (352, 150), (288, 150)), fill=(253, 230, 138))
    draw.rectangle((316, 190, 324, 270), fill=WOOD)
    _lying(draw, 360, 325)


def _corridor(draw: Draw) -> None:
    """A corridor with doors and a handrail; somebody lies in the middle, a walking frame beside."""
    draw.polygon(((0, 400), (640, 400), (400, 180), (240, 180)), fill=FLOOR)
    draw.polygon(((0, 0), (640, 0), (400, 80), (240, 80)), fill=(241, 245, 249))
    draw.rectangle((240, 80, 400, 180), fill=(203, 213, 225))
    draw.rectangle((300, 100, 340, 180), fill=WOOD)
    for left, right in ((40, 110), (150, 200)):
        door = ((left, 60 + left // 5), (right, 60 + right // 5), (right, 330 - right // 2), (left, 380 - left // 2))
        draw.polygon(door, fill=WOOD)
        draw.polygon([(WIDTH - x, y) for x, y in door], fill=WOOD)
    draw.line((0, 250, 240, 140), fill=LINEN, width=6)
    draw.line((640, 250, 400, 140), fill=LINEN, width=6)
    _lying(draw, 270, 300)
    for x in (430, 462):
        draw.line((x, 250, x - 6, 330), fill=RUBBER, width=5)
    draw.line((430, 252, 464, 252), fill=RUBBER, width=5)


def _bathroom(draw: Draw) -> None:
    """Tiles, a basin and a tub; somebody sits on the floor against it."""
    _room(draw, (186, 201, 205), wall=TILES)
    for x in range(0, WIDTH, 40):
        draw.line((x, 0, x, 250), fill=LINEN, width=1)
    for y in range(0, 250, 40):
        draw.line((0, y, WIDTH, y), fill=LINEN, width=1)
    draw.rounded_rectangle((60, 40, 170, 140), radius=8, fill=GLASS, outline=RUBBER, width=4)
    draw.rounded_rectangle((70, 175, 160, 205), radius=12, fill=LINEN, outline=(203, 213, 225), width=3)
    draw.rectangle((106, 205, 124, 290), fill=LINEN)
    draw.rounded_rectangle((330, 215, 620, 330), radius=24, fill=LINEN, outline=(203, 213, 225), width=4)
    draw.rounded_rectangle((350, 228, 600, 258), radius=12, fill=WATER)
    draw.ellipse((268, 228, 308, 268), fill=SKIN)
    for line, width in ((((288, 266), (296, 335)), 26), (((296, 335), (222, 350)), 18), (((290, 285), (240, 318)), 12)):
        draw.line(line, fill=CLOTHES, width=width)


def _lounge(draw: Draw) -> None:
    """A sofa, a table and a rug; somebody does exercises on it. A false alarm."""
    _room(draw, FLOOR)
    draw.rounded_rectangle((40, 150, 330, 250), radius=20, fill=(120, 113, 160))
    draw.rounded_rectangle((30, 190, 340, 265), radius=16, fill=(139, 132, 180))
    draw.rectangle((470, 60, 610, 150), fill=RUBBER)
    draw.ellipse((250, 290, 620, 385), fill=(196, 120, 110))
    _lying(draw, 330, 330)
    draw.line(((395, 322), (372, 268)), fill=CLOTHES, width=14)


def _dog(draw: Draw) -> None:
    """A sleeping dog on a rug. A false alarm."""
    _room(draw, FLOOR)
    draw.rectangle((90, 40, 230, 150), fill=GLASS, outline=LINEN, width=6)
    draw.rounded_rectangle((420, 140, 590, 270), radius=18, fill=(139, 132, 180))
    draw.ellipse((190, 285, 520, 385), fill=(196, 120, 110))
    fur, dark = (160, 116, 72), (92, 64, 40)
    draw.ellipse((270, 290, 430, 355), fill=fur)
    draw.ellipse((235, 300, 300, 350), fill=fur)
    draw.polygon(((248, 306), (262, 290), (274, 308)), fill=dark)
    draw.ellipse((236, 322, 248, 332), fill=dark)
    draw.line(((425, 325), (470, 345)), fill=fur, width=12)


def _empty(draw: Draw) -> None:
    """The room with the bed, and nobody in it."""
    _room(draw, FLOOR)
    draw.rounded_rectangle((40, 215, 280, 285), radius=8, fill=WOOD)
    draw.rounded_rectangle((50, 195, 280, 245), radius=14, fill=LINEN)
    draw.rectangle((440, 40, 580, 150), fill=GLASS, outline=LINEN, width=6)
    draw.polygon(((360, 330), (470, 322), (520, 352), (400, 362)), fill=(203, 213, 225))


SCENES: Final[dict[str, Callable[[Draw], None]]] = {
    "bed": _bed, "corridor": _corridor, "bathroom": _bathroom, "lounge": _lounge, "dog": _dog, "empty": _empty,
}  # fmt: skip


def _room(draw: Draw, floor: Colour, *, wall: Colour = WALL) -> None:
    draw.rectangle((0, 0, WIDTH, 250), fill=wall)
    draw.rectangle((0, 250, WIDTH, HEIGHT), fill=floor)
    draw.rectangle((0, 246, WIDTH, 252), fill=LINEN)


def _lying(draw: Draw, x: int, y: int) -> None:
    """Somebody who lies on the floor, the head at (x, y)."""
    limbs = (((30, 6), (130, 14), 28), ((128, 14), (214, -4), 17), ((128, 18), (218, 34), 17), ((52, 8), (92, -34), 13))
    for (left, top), (right, bottom), width in limbs:
        draw.line((x + left, y + top, x + right, y + bottom), fill=CLOTHES, width=width)
    draw.ellipse((x - 20, y - 20, x + 22, y + 22), fill=SKIN)


def _caption(draw: Draw, text: str) -> None:
    draw.rectangle((0, HEIGHT - 24, WIDTH, HEIGHT), fill=(15, 23, 42))
    draw.text((10, HEIGHT - 18), text, fill=(248, 250, 252))
