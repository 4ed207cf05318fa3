"""A transcript as DOCX (Office Open XML), for Word, LibreOffice and Google Docs."""

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.formats.about import STALE_SUMMARY, About, facts_of, is_right_to_left, language_of
from app.formats.paragraphs import paragraphs_of

if TYPE_CHECKING:
    from docx.document import Document

HEAD_STYLE = "Speaker and time"
"""The style of the line above each paragraph: who wants it to look otherwise changes it once, in Word."""

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""The first moment that a ZIP file, which a DOCX is, can tell."""

_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 does not have: a foreign worker may have written any."""


def to_docx(result: Mapping[str, Any], about: About) -> bytes:
    """The document; the same transcript always gives the same bytes, so that its ETag holds."""
    document = _blank(result, about)
    head = _head_style(document)
    is_mirrored = is_right_to_left(result)
    _add(document, about.title, "Title")
    _add(document, facts_of(result, about), "Subtitle")
    if about.summary:
        _add_summary(document, about, is_mirrored=is_mirrored)
    for paragraph in paragraphs_of(result):
        _add(document, paragraph.head, head, is_mirrored=is_mirrored)
        _add(document, paragraph.text, is_mirrored=is_mirrored)
    packed = io.BytesIO()
    document.save(packed)
    return _without_times(packed)


def _blank(result: Mapping[str, Any], about: About) -> "Document":
    from docx import Document  # 0.1 s, which the start of an API does not wait for
    from docx.shared import Mm

    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    facts = document.core_properties
    facts.title, facts.language = _possible(about.title)[:255], language_of(result) or ""
    facts.author = facts.last_modified_by = facts.comments = ""  # the template's, which nobody here wrote
    facts.created = facts.modified = _moment(about)
    return document


def _moment(about: About) -> datetime:
    """When the recording came."""
    return EARLIEST if about.created_at is None else datetime.fromtimestamp(about.created_at, UTC)


def _head_style(document: "Document") -> str:
    """Small, bold, grey, and never alone at the foot of a page; the id of the style."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    style = document.styles.add_style(HEAD_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    style.font.size, style.font.bold, style.font.color.rgb = Pt(9), True, RGBColor(0x5A, 0x61, 0x68)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.keep_with_next = True
    return str(style.style_id)


def _add(
    document: "Document",
    text: str,
    style: str | None = None,
    *,
    is_mirrored: bool = False,
    is_italic: bool = False,
) -> None:
    """A line at the end; `style` is an id.

    python-docx's own way looks through all lines for the last one, and through all styles for a name,
    time: 12 s for ten hours of speech, not 2.
    """
    from docx.oxml import OxmlElement
    from docx.text.paragraph import Paragraph

    if not text:
        return
    element: Any = OxmlElement("w:p")
    document.element.body[-1].addprevious(element)  # the last are the settings of the page
    run = Paragraph(element, document._body).add_run(_possible(text))
    run.italic = is_italic or None
    if style is not None:
        element.style = style
    if is_mirrored:
        element.get_or_add_pPr().append(OxmlElement("w:bidi"))
        run.font.rtl = True


def _add_summary(document: "Document", about: About, *, is_mirrored: bool) -> None:
    """Between two headings, so that nobody takes it for what was said."""
    heading, item = (str(document.styles[name].style_id) for name in ("Heading 1", "List Bullet"))
    _add(document, "Summary", heading)
    for line in filter(None, map(str.strip, about.summary.splitlines())):
        is_item = line.startswith(("- ", "* "))
        _add(document, line[2:] if is_item else line, item if is_item else None, is_mirrored=is_mirrored)
    if about.summary_stale:
        _add(document, STALE_SUMMARY, is_italic=True)
    _add(document, "Transcript", heading)


def _possible(text: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", text)


def _without_times(packed: io.BytesIO) -> bytes:
    """The same ZIP file without the moment at which it was made."""
    timeless = io.BytesIO()
    with zipfile.ZipFile(packed) as read, zipfile.ZipFile(timeless, "w", zipfile.ZIP_DEFLATED) as written:
        for name in read.namelist():
            entry = zipfile.ZipInfo(name, EARLIEST.timetuple()[:6])
            written.writestr(entry, read.read(name), zipfile.ZIP_DEFLATED)
    return timeless.getvalue()
