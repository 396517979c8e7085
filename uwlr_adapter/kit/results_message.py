"""A message with results of the kit: a valid one by construction, and each way to break it by one step.

It has three results of one leerling, for a toets that exists in the kit only: the total and two toetsonderdelen. Their
keys are the same in every run, so that what a run leaves behind does not grow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from uwlr_adapter.contract import names
from uwlr_adapter.contract.escape import escape_text
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, LEERRESULTATEN, OSO
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.kit.message import Children

TOETSCODE = "uwlr-kit"
"""The code of the toets, by which a school finds what a run left."""
KEYS = ("uwlr-kit-totaal", "uwlr-kit-a", "uwlr-kit-b")
SCORE = "<lr:score>12</lr:score>"
"""The score of the total."""
NORM = "<lr:norm><lr:term>onvoldoende</lr:term><lr:beginnormwaarde>0</lr:beginnormwaarde>"
"""The beginning of the first norm."""
OSO_RESULT = (
    f'<lr:osoresultaat xmlns:oso="{OSO}"><oso:toetsscore><oso:aantalopgaven>20</oso:aantalopgaven>'
    "<oso:aantalgoed>12</oso:aantalgoed></oso:toetsscore></lr:osoresultaat>"
)
_TOETS = (
    f"<lr:toets><lr:toetscode>{TOETSCODE}</lr:toetscode><lr:toetsnaam>Proef van de conformiteitskit</lr:toetsnaam>"
    f"<lr:toetsnormering>{NORM}<lr:eindnormwaarde>10</lr:eindnormwaarde></lr:norm>"
    "<lr:norm><lr:term>voldoende</lr:term><lr:beginnormwaarde>11</lr:beginnormwaarde>"
    "<lr:eindnormwaarde>20</lr:eindnormwaarde><lr:normkleur><lr:rood_code>46</lr:rood_code>"
    "<lr:groen_code>125</lr:groen_code><lr:blauw_code>50</lr:blauw_code><lr:transparantie>1</lr:transparantie>"
    "</lr:normkleur><lr:schoolcijfer_vanaf>5.50</lr:schoolcijfer_vanaf>"
    "<lr:schoolcijfer_totenmet>10.00</lr:schoolcijfer_totenmet></lr:norm></lr:toetsnormering>"
    '<lr:toetshierarchie><lr:ingang niveau="1">Conformiteit</lr:ingang></lr:toetshierarchie>'
    "<lr:toetsonderdelen>"
    "<lr:toetsonderdeel><lr:toetsonderdeelvolgnummer>1</lr:toetsonderdeelvolgnummer>"
    "<lr:toetsonderdeelcode>A</lr:toetsonderdeelcode></lr:toetsonderdeel>"
    "<lr:toetsonderdeel><lr:toetsonderdeelvolgnummer>2</lr:toetsonderdeelvolgnummer>"
    "<lr:toetsonderdeelcode>B</lr:toetsonderdeelcode></lr:toetsonderdeel>"
    "</lr:toetsonderdelen></lr:toets>"
)


@dataclass(frozen=True, slots=True)
class KitResults:
    """A request of BrengLeerresultaten. Each method returns a changed copy."""

    school: Children
    """The children of the school block in their order."""
    leerlingid: str = field(repr=False)
    afnamedatum: date
    autorisatie: Children = field(repr=False)
    edit: Callable[[str], str] | None = field(default=None, repr=False)
    """A last change of the whole text of the message."""

    @property
    def operation(self) -> Operation:
        """The operation, by which its SOAPAction is known."""
        return BRENG_LEERRESULTATEN

    def with_part(self, name: str, text: str) -> "KitResults":
        """Return the message with another value for one part of the autorisatie."""
        return replace(self, autorisatie=tuple((own, text if own == name else old) for own, old in self.autorisatie))

    def with_school(self, name: str, text: str) -> "KitResults":
        """Return the message with another value for one child of the school block."""
        return replace(self, school=tuple((own, text if own == name else old) for own, old in self.school))

    def edited(self, edit: Callable[[str], str]) -> "KitResults":
        """Return the message with a last change of its whole text, after those before it."""
        before = self.edit
        return replace(self, edit=edit if before is None else lambda text: edit(before(text)))

    def replaced(self, old: str, new: str) -> "KitResults":
        """Return the message with another text for the first one that is `old`. Raises ValueError without one."""

        def edit(text: str) -> str:
            if old not in text:
                raise ValueError(f"no {old} in the message")
            return text.replace(old, new, 1)

        return self.edited(edit)

    def header_xml(self) -> str:
        """Return the autorisatie element."""
        parts = "".join(f"<aut:{name}>{escape_text(text)}</aut:{name}>" for name, text in self.autorisatie)
        return f'<aut:autorisatie xmlns:aut="{names.AUTORISATIE}">{parts}</aut:autorisatie>'

    def resultaat_xml(self, place: int) -> str:
        """Return a result: of the total, of A or of B."""
        onderdeel = f"<lr:toetsonderdeelcode>{'AB'[place - 1]}</lr:toetsonderdeelcode>" if place else ""
        score = f"<lr:score>{6 + place}</lr:score>" if place else SCORE
        return (
            f'<lr:resultaat key="{KEYS[place]}"><lr:afnamedatum>{self.afnamedatum}</lr:afnamedatum>'
            f"<lr:toetscode>{TOETSCODE}</lr:toetscode>{onderdeel}{score}</lr:resultaat>"
        )

    def afnames_xml(self) -> str:
        """Return the toetsafnames."""
        results = "".join(map(self.resultaat_xml, range(len(KEYS))))
        return (
            f"<lr:toetsafnames><lr:toetsafname><lr:leerlingid>{escape_text(self.leerlingid)}</lr:leerlingid>"
            f"<lr:resultaten>{results}</lr:resultaten></lr:toetsafname></lr:toetsafnames>"
        )

    def toetsen_xml(self) -> str:
        """Return the definitions."""
        return f"<lr:toetsen>{_TOETS}</lr:toetsen>"

    def message(self) -> bytes:
        """Return the whole message in UTF-8."""
        school = "".join(f"<lr:{name}>{escape_text(text)}</lr:{name}>" for name, text in self.school)
        text = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<soap:Envelope xmlns:soap="{names.SOAP11}"><soap:Header>{self.header_xml()}</soap:Header><soap:Body>'
            f'<lr:leerresultaten_verzoek xmlns:lr="{LEERRESULTATEN}"><lr:school>{school}</lr:school>'
            f"{self.afnames_xml()}{self.toetsen_xml()}</lr:leerresultaten_verzoek></soap:Body></soap:Envelope>"
        )
        return (text if self.edit is None else self.edit(text)).encode()
