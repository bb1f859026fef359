"""An address as a picture that a camera reads."""

from base64 import b64encode

QUIET = 4
"""Light modules around it, as cameras need."""


def picture(text: str) -> str:
    """A QR code of ``text`` as the address of an SVG picture (data:), black on white."""
    from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel  # noqa: PLC0415 (heavy, and seldom asked for)

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(QR8bitByte(text))
    code.make()
    size = code.getModuleCount()
    dark = "".join(f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y in range(size) for x in range(size) if code.isDark(y, x))
    whole = size + 2 * QUIET
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" shape-rendering="crispEdges">'
        f'<rect width="{whole}" height="{whole}" fill="#fff"/><path d="{dark}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
