"""Where a verified backup is stored: a template such as ``{company}/{city}/{year}/{database}/{filename}``, filled in. Pure.

Only the fields below may stand in it. What they are filled with comes from people and agents, so each value becomes a part of one name:
no separator, no leading dot, nothing that a shell or a terminal would mind. Two values that differ stay different.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

FIELDS: Final = ("company", "city", "neighborhood", "agent", "database", "year", "month", "day", "filename")
MAX_PARTS: Final = 12
MAX_NAME_BYTES: Final = 200
"""Of one part; file systems take 255, and the name of a copy in the making is a little longer."""
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_PLAIN: Final = re.compile(r"[\w .()@+,=~-]*")
EXAMPLE: Final = gettext_noop("for example {company}/{city}/{year}/{database}/{filename}")


def check_template(template: str) -> None:
    """Validator of a model's field: ``template`` leads to one file below the store, whatever it is filled with. Raises ValidationError.

    An empty one is fine: verified backups stay where they are.
    """
    if fault := template and _fault(template):
        raise ValidationError(f"{fault}; {_(EXAMPLE)}.")


def fill(template: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The names from the store down to the file. Raises ValidationError for a template that `check_template` refuses."""
    check_template(template)
    parts = [_FIELD.sub(lambda found: safe(values.get(found[1], "")), part) for part in template.split("/")]
    return tuple(short(part.lstrip(".") or "_") for part in parts)


def safe(value: str) -> str:
    """``value`` as a part of a file's name; “_” for nothing. One that had to be changed carries a digest of what it was."""
    text = unicodedata.normalize("NFC", value)
    clean = re.sub(r"[^\w .()@+,=-]", "_", text).strip().lstrip(".")
    if not clean:
        clean = "_"
    return clean if clean in (value, text) or not value else f"{clean}~{_digest(value)}"


def with_mark(parts: tuple[str, ...], mark: str) -> tuple[str, ...]:
    """The same place under another name: ``mark`` before the ending, for a name that belongs to somebody else."""
    stem, dot, ending = parts[-1].partition(".")
    return (*parts[:-1], short(f"{stem}~{mark}{dot}{ending}"))


def _fault(template: str) -> str:
    """Why a template cannot be used."""
    parts = template.split("/")
    unknown = sorted(set(_FIELD.findall(template)) - set(FIELDS))
    literal = _FIELD.sub("", template).replace("/", "")
    if unknown:
        return _("There is no field %(unknown)s; there are %(known)s") % {
            "unknown": ", ".join("{" + name + "}" for name in unknown)[:80],
            "known": ", ".join(FIELDS),
        }
    if template.startswith("/"):
        return _("It must begin with a name, not with a slash")
    if "" in parts or any(not part.strip(". ") for part in parts):
        return _("Each part between slashes needs a name; “..” and “.” are none")
    if not _PLAIN.fullmatch(literal) or any(part.startswith((".", " ")) or part.endswith(" ") for part in parts):
        return _("Use letters, digits, blanks and . _ - ( ) between the fields, and let no part begin with a dot")
    if len(parts) > MAX_PARTS:
        return _("It has more than %(n)s parts") % {"n": MAX_PARTS}
    if not {"filename", "database"} & set(_FIELD.findall(parts[-1])):
        return _("Its last part is the file's name and needs {filename} or {database}")
    return ""


def short(name: str) -> str:
    """``name`` in as many bytes as a file system takes; the middle of a longer one becomes a digest, its ending stays."""
    raw = name.encode()
    if len(raw) <= MAX_NAME_BYTES:
        return name
    head, tail = raw[: MAX_NAME_BYTES - 60].decode(errors="ignore"), raw[-40:].decode(errors="ignore")
    return f"{head}~{_digest(name)}~{tail}"


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:8]
