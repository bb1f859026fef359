"""Pages on paper (PDF, A4): text, facts, lines, pictures and drawings, with a head, a foot and page numbers on each.

reportlab writes the file; where things stand is decided here. The fonts are ours (fonts/), and only what is used of them is in the file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sentinel_site.lib import paper_text

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 595.28, 841.89
LEFT, RIGHT, TOP, BOTTOM = 48.0, 547.0, 772.0, 62.0
PLAIN, BOLD = "SentinelSans", "SentinelSans-Bold"
LEADING: Final = 1.32
FILES: Final = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
FOLDER: Final = Path(__file__).parent / "fonts"
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Margins:
    """What stands on every page: left and right in the head, and the lines of the foot, beside the page's number.

    ``page`` is ``Page %(page)d of %(pages)d`` in the reader's language.
    """

    left: str
    right: str
    foot: Sequence[str]
    page: str


class Paper:
    """A document that grows downwards. ``y`` is where the next thing begins, from the bottom of the page."""

    def __init__(self, margins: Margins) -> None:
        self.margins = margins
        self.y = TOP
        self._faces = _faces()
        self._pages: list[list[tuple[Any, ...]]] = [[]]

    def text(
        self, text: str, *, size: float = 9.0, bold: bool = False, left: float = LEFT, right: float = RIGHT, grey: float = 0.0,
        most: int = 10_000, space: float = 0.0,
    ) -> None:  # fmt: skip
        """Put ``text`` between ``left`` and ``right``, over as many pages as it takes, and leave ``space`` below."""
        for line in self.lines(text, size=size, bold=bold, width=right - left, most=most):
            self.need(size * LEADING)
            self.y -= size * LEADING
            self.put(line, left, self.y, size=size, bold=bold, grey=grey)
        self.y -= space

    def pair(self, label: str, text: str, *, size: float = 9.0, left: float = LEFT, middle: float = 190.0, grey: float = 0.35) -> None:
        """A name on the left and what it is beside it. A long value goes on on the next page."""
        names = self.lines(label, size=size, bold=False, width=middle - left - 8)
        values = self.lines(text, size=size, bold=False, width=RIGHT - middle)
        for place in range(max(len(names), len(values))):
            self.need(size * LEADING)
            self.y -= size * LEADING
            for lines, x, shade in ((names, left, grey), (values, middle, 0.0)):
                if place < len(lines):
                    self.put(lines[place], x, self.y, size=size, grey=shade)
        self.y -= 1.0

    def heading(self, text: str, *, size: float = 11.0, need: float = 60.0) -> None:
        """A heading with a line below it, never alone at the foot of a page."""
        self.need(size + need)
        self.y -= 10.0
        self.text(text, size=size, bold=True)
        self.y -= 3.0
        self.line([(LEFT, self.y), (RIGHT, self.y)], width=0.6)
        self.y -= 4.0

    def need(self, height: float) -> bool:
        """Begin a page where ``height`` has no room on this one. Returns whether one was begun."""
        if self.y - height >= BOTTOM:
            return False
        self._pages.append([])
        self.y = TOP
        return True

    def lines(self, text: str, *, size: float, bold: bool, width: float, most: int = 10_000) -> list[str]:
        """``text`` as it can be shown, in lines."""
        face = self._faces[BOLD if bold else PLAIN]
        shown = paper_text.printable(text, face.charToGlyph)
        return paper_text.lines(shown, face.charWidths, size=size, width=width, default=face.defaultWidth, most=most)

    def put(self, line: str, x: float, y: float, *, size: float, bold: bool = False, grey: float = 0.0, align: str = "left") -> None:
        """One line at a place of this page; nothing moves. ``align``: left, right or middle of ``x``."""
        if line:
            self._pages[-1].append(("text", x, y, size, bold, grey, paper_text.visual(line), align))

    def line(self, points: Points, *, width: float = 0.5, grey: float = 0.0, dash: Sequence[float] = ()) -> None:
        """A line through ``points`` of this page."""
        self._pages[-1].append(("line", tuple(points), width, grey, tuple(dash)))

    def area(self, points: Points, *, grey: float) -> None:
        """A filled area of this page."""
        self._pages[-1].append(("area", tuple(points), grey))

    def picture(self, jpeg: bytes, *, highest: float = 300.0) -> None:
        """A picture as wide as the page or as high as ``highest``. Raises OSError for one that cannot be read to its end."""
        from PIL import Image  # noqa: PLC0415 (heavy, and hardly ever needed)
        from reportlab.lib.utils import ImageReader  # noqa: PLC0415 (heavy, and hardly ever needed)

        Image.open(BytesIO(jpeg)).load()  # else a file that breaks off fails later, and with it the whole document
        image = ImageReader(BytesIO(jpeg))
        across, down = image.getSize()
        scale = min((RIGHT - LEFT) / across, highest / down, 1.0)
        self.need(down * scale + 6)
        self.y -= down * scale
        self._pages[-1].append(("image", image, LEFT, self.y, across * scale, down * scale))
        self.y -= 6.0

    def pdf(self, *, title: str, author: str, language: str) -> bytes:
        """The whole document as a file."""
        from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 (heavy, and hardly ever needed)

        file = BytesIO()
        canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), pageCompression=1, lang=language, initialFontName=PLAIN)
        canvas.setTitle(title)
        canvas.setAuthor(author)
        canvas.setCreator("Sentinel")
        for number, page in enumerate(self._pages, 1):
            for what, *values in [*page, *self._margins(number)]:
                _DRAWN[what](canvas, *values)
            canvas.showPage()
        canvas.save()
        return file.getvalue()

    def _margins(self, number: int) -> list[tuple[Any, ...]]:
        """Head and foot of page ``number``, each on one line, cut where it is too long."""
        given, page = self.margins, self.margins.page % {"page": number, "pages": len(self._pages)}
        half = (RIGHT - LEFT) * 0.68
        found: list[tuple[Any, ...]] = [
            ("text", LEFT, TOP + 22, 8.0, True, 0.0, self._short(given.left, half, 8.0, bold=True), "left"),
            ("text", RIGHT, TOP + 22, 8.0, True, 0.0, self._short(given.right, RIGHT - LEFT - half - 10, 8.0, bold=True), "right"),
            ("line", ((LEFT, TOP + 15), (RIGHT, TOP + 15)), 0.8, 0.0, ()),
            ("line", ((LEFT, BOTTOM - 10), (RIGHT, BOTTOM - 10)), 0.5, 0.4, ()),
            ("text", RIGHT, BOTTOM - 22, 7.5, False, 0.0, page, "right"),
        ]
        foot = [("text", LEFT, BOTTOM - 22 - 10 * place, 7.0, False, 0.25, self._short(text, 420.0, 7.0), "left")
                for place, text in enumerate(given.foot)]  # fmt: skip
        return found + foot

    def _short(self, text: str, width: float, size: float, *, bold: bool = False) -> str:
        return paper_text.visual(self.lines(" ".join(text.split()), size=size, bold=bold, width=width, most=1)[0])


def _faces() -> dict[str, Any]:
    """The fonts' widths and glyphs; they are read once in a process."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 (heavy, and hardly ever needed)
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415 (heavy, and hardly ever needed)

    known = set(pdfmetrics.getRegisteredFontNames())
    for name, file in FILES.items():
        if name not in known:
            pdfmetrics.registerFont(TTFont(name, str(FOLDER / file)))
    return {name: pdfmetrics.getFont(name).face for name in FILES}


def _text(canvas: "Canvas", x: float, y: float, size: float, bold: bool, grey: float, text: str, align: str) -> None:
    canvas.setFont(BOLD if bold else PLAIN, size)
    canvas.setFillGray(grey)
    draw = {"left": canvas.drawString, "right": canvas.drawRightString, "middle": canvas.drawCentredString}[align]
    draw(x, y, text)


def _line(canvas: "Canvas", points: Points, width: float, grey: float, dash: Sequence[float]) -> None:
    canvas.setLineWidth(width)
    canvas.setStrokeGray(grey)
    canvas.setDash(list(dash))
    canvas.drawPath(_path(canvas, points), stroke=1, fill=0)


def _area(canvas: "Canvas", points: Points, grey: float) -> None:
    canvas.setFillGray(grey)
    canvas.drawPath(_path(canvas, points), stroke=0, fill=1)


def _image(canvas: "Canvas", image: Any, x: float, y: float, width: float, height: float) -> None:
    canvas.drawImage(image, x, y, width, height)


def _path(canvas: "Canvas", points: Points) -> Any:
    path = canvas.beginPath()
    for place, (x, y) in enumerate(points):
        (path.lineTo if place else path.moveTo)(x, y)
    return path


_DRAWN: Final[Mapping[str, Callable[..., None]]] = {"text": _text, "line": _line, "area": _area, "image": _image}
