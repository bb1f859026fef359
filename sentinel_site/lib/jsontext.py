"""JSON from outside, made safe to keep: what PostgreSQL cannot store is found before it gets there.

PostgreSQL refuses NUL in text and jsonb, lone surrogates and NaN; Python's json reads all of them.
"""

import json
import re
from typing import Any, Final

from pydantic_core import to_json

MAX_DEPTH: Final = 20
_NUL_ESCAPE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_UNSAFE: Final = re.compile("[\x00\ud800-\udfff]")


class JsonError(ValueError):
    """JSON that cannot be read or kept. ``loc`` is the place inside the document; the text says what to do."""

    def __init__(self, text: str, loc: tuple[str | int, ...] = ()) -> None:
        super().__init__(text)
        self.loc = loc


def read(body: bytes) -> Any:
    """The document in ``body``. Raises JsonError. Of duplicate names the last one counts.

    NaN, NUL and lone surrogates pass: ``dump`` refuses them where they stand, so that one bad item spoils no other.
    """
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise JsonError(f"The body is not UTF-8 (byte {error.start}). Send JSON in UTF-8.") from None
    except json.JSONDecodeError as error:
        raise JsonError(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}. Send a JSON document.") from None
    except RecursionError:
        raise JsonError("The body is nested too deeply. Send flatter JSON.") from None
    except ValueError:
        raise JsonError("The body holds a number with too many digits. Send it as text.") from None


def dump(value: Any, *, depth: int = MAX_DEPTH) -> str:
    """``value`` as JSON text that PostgreSQL can store. Raises JsonError, with the place of what cannot be stored."""
    try:
        text = to_json(value).decode()  # an eighth of what json.dumps costs
    except (ValueError, RecursionError):  # half of a surrogate pair, or nested beyond every limit
        _complain(value, depth)
        raise JsonError("This cannot be kept as JSON.") from None
    suspicious = "NaN" in text or "Infinity" in text or ("\\u0000" in text and _NUL_ESCAPE.search(text))
    if suspicious or (text.count("[") + text.count("{")) > depth:
        _complain(value, depth)
    return text


def check(value: Any, *, depth: int = MAX_DEPTH) -> None:
    """Raise JsonError when ``value`` holds something that cannot be stored."""
    dump(value, depth=depth)


def cleaned(value: Any, *, depth: int = MAX_DEPTH) -> Any:
    """``value`` with what cannot be stored replaced: the refused report that is kept as evidence."""
    if depth <= 0 and isinstance(value, dict | list):
        return "(nested too deeply)"
    if isinstance(value, dict):
        return {_UNSAFE.sub("\ufffd", name): cleaned(item, depth=depth - 1) for name, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item, depth=depth - 1) for item in value]
    if isinstance(value, str):
        return _UNSAFE.sub("\ufffd", value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


def _complain(value: Any, depth: int, loc: tuple[str | int, ...] = ()) -> None:
    """Find what is wrong with ``value`` and raise it."""
    if isinstance(value, dict | list) and depth <= 0:
        raise JsonError("is nested too deeply; send it flatter", loc[:8])
    if isinstance(value, dict):
        for name, item in value.items():
            _complain_of_text(name, loc)
            _complain(item, depth - 1, (*loc, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _complain(item, depth - 1, (*loc, place))
    elif isinstance(value, str):
        _complain_of_text(value, loc)
    elif isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise JsonError("is not a finite number; leave it out or send it as text", loc)


def _complain_of_text(text: str, loc: tuple[str | int, ...]) -> None:
    found = _UNSAFE.search(text)
    if found:
        what = "a NUL character" if found.group() == "\x00" else "half of a surrogate pair"
        raise JsonError(f"holds {what}, which cannot be stored; remove it", loc)
