"""A page layout for documents of the portal: headings, paragraphs, pairs of a word and its value, numbered lists.

The font (Roboto, of a package) has the letters of every language that is written in Latin, Greek or Cyrillic. A
character that it does not have is written as its code (`[U+5F20]`), so that none is lost in silence; the document says
so then.
"""

from collections.abc import Iterable
from datetime import datetime
from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.prefs import ViewerPreferences

FONT = "Roboto"
_PAGES = "{nb}"
"""What stands for the number of pages until it is known: at the foot alone, so that it can be a text elsewhere."""
_FONT_FILES = {"": "Roboto-Regular.ttf", "B": "Roboto-Bold.ttf"}
_MARGIN, _LINE, _WORD_WIDTH = 20.0, 5.2, 62.0
"""In millimetres: of the page, of a line of text, and of the words before values."""
_INK, _SOFT = (28, 39, 51), (80, 96, 111)
_CODES = (
    "Een teken dat het lettertype van dit document niet heeft, staat er als zijn nummer: [U+...]. In de administratie "
    "is het bewaard zoals het is ingevuld."
)


class Document(FPDF):
    """One document on A4, in Dutch, with its title and a page number at the foot of each page."""

    def __init__(self, title: str, foot: str, moment: datetime) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self._lacks = False
        for style, name in _FONT_FILES.items():
            with as_file(files("font_roboto") / "files" / name) as path:
                self.add_font(FONT, style, path)
        self._letters = frozenset(self.fonts[FONT.lower()].cmap)  # type: ignore[union-attr] # a font of a file has one
        self.set_lang("nl-NL")
        self.set_title(self.shown(title))
        self.set_creator("Koppelingenoverzicht")
        self.set_creation_date(moment)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN + 5)
        self.add_page()
        self.set_text_color(*_INK)
        self._write(title, size=20, style="B", line=9)
        self.ln(2)

    def header(self) -> None:
        """Begin a page: what stands for the number of pages is a text like any other, until its foot."""
        self.alias_nb_pages("")

    def footer(self) -> None:
        """Write the foot of a page: what the document is, and the number of the page."""
        self.set_y(-_MARGIN)
        self.set_font(FONT, size=8.5)
        self.set_text_color(*_SOFT)
        self.cell(text=self.shown(self._foot))
        self.set_x(_MARGIN)
        self.alias_nb_pages(_PAGES)
        self.cell(w=0, text=f"pagina {self.page_no()} van {_PAGES}", align="R")
        self.set_text_color(*_INK)

    def shown(self, text: str) -> str:
        """Return a text with its code for each character that the font does not have."""
        if self._letters.issuperset(map(ord, text)):
            return text
        self._lacks = True
        return "".join(one if ord(one) in self._letters else f"[U+{ord(one):04X}]" for one in text)

    def heading(self, text: str) -> None:
        """Write the heading of a part; it stands on the page of what follows, and in the list of parts of a reader."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(3)
        self.start_section(self.shown(text))
        self._write(text, size=13, style="B", line=7)
        self.ln(0.5)

    def paragraph(self, text: str) -> None:
        """Write a paragraph."""
        self._write(text)
        self.ln(1.5)

    def numbered(self, number: str, text: str) -> None:
        """Write a paragraph with its number before it."""
        self.set_font(FONT, size=10.5)
        if self.will_page_break(_LINE * 2):
            self.add_page()
        self.cell(w=9, h=_LINE, text=f"{self.shown(number)}.")
        self._write(text, indent=9)
        self.ln(1.5)

    def bullets(self, lines: Iterable[str]) -> None:
        """Write a list."""
        for line in lines:
            self.set_font(FONT, size=10.5)
            if self.will_page_break(_LINE):
                self.add_page()
            self.cell(w=5, h=_LINE, text="•")
            self._write(line, indent=5)
        self.ln(1.5)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write words with their values, each pair under the last one."""
        for word, value in pairs:
            self.set_font(FONT, size=10.5)
            if self.will_page_break(_LINE * 2):
                self.add_page()
            self.set_text_color(*_SOFT)
            top, page = self.get_y(), self.page
            self.multi_cell(w=_WORD_WIDTH - 2, h=_LINE, text=self.shown(word), align="L", new_x=XPos.LMARGIN)
            below = self.get_y() if self.page == page else top
            self.set_text_color(*_INK)
            self.set_y(top)
            self._write(value, indent=_WORD_WIDTH)
            if self.page == page:
                self.set_y(max(self.get_y(), below))
            self.ln(0.8)
        self.ln(1.5)

    def finish(self) -> bytes:
        """Return the bytes of the file; the same content and moment give the same bytes."""
        if self._lacks:
            self.ln(2)
            self.paragraph(_CODES)
        return bytes(self.output())

    def _write(self, text: str, *, size: float = 10.5, style: str = "", line: float = _LINE, indent: float = 0) -> None:
        self.set_font(FONT, style, size)
        self.set_x(_MARGIN + indent)
        self.multi_cell(w=0, h=line, text=self.shown(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
