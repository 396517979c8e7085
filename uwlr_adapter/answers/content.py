"""The rendered records of an answer, and the whole answer around them."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from uwlr_adapter.answers.freshness import AnswerKey
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import AMSTERDAM, peildatum_in
from uwlr_adapter.contract import answer, gzip_stream
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import School
from uwlr_adapter.contract.rendered import PersonIndex, RenderedRecords
from uwlr_adapter.db.statements import Row


@dataclass(frozen=True, slots=True)
class AnswerContent:
    """The rendered records of an answer, plain and compressed (`part`), and their school, without its days."""

    school: School
    rendered: RenderedRecords
    part: bytes

    @property
    def octets(self) -> int:
        """Its approximate size in memory, in bytes: an index entry takes more than its text."""
        index = self.rendered.index
        return len(self.rendered.records) + len(self.part) + (0 if index is None else 100 * len(index.bounds))


def from_row(answer_key: AnswerKey, row: Row, leerlingen: int, incomplete: int) -> AnswerContent:
    """Read the stored content of an answer: its schoolkey, compressed records, and compressed index if it has one."""
    schoolkey, part, index = row
    return AnswerContent(
        school=school_of(answer_key, schoolkey),
        rendered=RenderedRecords(
            records=gzip_stream.decompress(part),
            leerlingen=leerlingen,
            incomplete=incomplete,
            index=None if index is None else PersonIndex.from_json(gzip_stream.decompress(index)),
        ),
        part=bytes(part),
    )


def school_of(answer_key: AnswerKey, schoolkey: str | None) -> School:
    """Return the school of an answer, without its days."""
    return School(
        schooljaar=answer_key.schooljaar,
        peildatum="",
        brincode=brincode_of(answer_key.brin6),
        dependancecode=dependancecode_of(answer_key.brin6),
        schoolkey=schoolkey,
        aanmaakdatum="",
    )


def assemble(
    answer_format: AnswerFormat,
    school: School,
    records: bytes,
    gewijzigd: datetime,
    day: date,
    *,
    gzip: bool = False,
    part: bytes | None = None,
) -> bytes:
    """Return the answer around some records, as of a moment and for a day; `part` are these records compressed."""
    peildatum = (peildatum_in(school.schooljaar, day) or day).isoformat()
    whole = replace(school, peildatum=peildatum, aanmaakdatum=format_moment(gewijzigd))
    head, tail = answer.around(answer_format, whole)
    return gzip_stream.join(head, records, tail, part) if gzip else b"".join([head, records, tail])


def format_moment(moment: datetime) -> str:
    """Format a moment in Amsterdam time with its offset: toolkits send one without an offset back as UTC."""
    return moment.astimezone(AMSTERDAM).isoformat(timespec="seconds")
