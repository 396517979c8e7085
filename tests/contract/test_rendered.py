"""Stored fragments give what rendering the chosen part gives; and gzip is the same bytes."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.oracle import amount
from support.strategies import datasets

from uwlr_adapter.contract import answer, getrapt, gzip_stream, names, rendered
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset, Leerling
from uwlr_adapter.contract.fields import SET_NAMES
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.contract.rendered import PersonIndex
from uwlr_adapter.contract.versions import VERSIONS

BY_GROEP = [operation for operation in names.OPERATIONS.values() if operation.by_groep]
KINDS = st.sampled_from(["groep", "samengestelde_groep"])


@st.composite
def cases(draw: st.DrawFn) -> tuple[AnswerFormat, Dataset, list[GroepReference]]:
    """Return a school, a form of answer by group, and references: known, keyless, unknown and doubled."""
    dataset = draw(datasets())
    known = [GroepReference(groep.soort, groep.key) for groep in dataset.groepen]
    strange = st.builds(GroepReference, KINDS, st.sampled_from([None, "vreemd"]))
    questions = draw(st.lists(st.one_of(*([st.sampled_from(known)] if known else []), strange), max_size=6))
    naam, version = draw(st.sampled_from(SET_NAMES)), draw(st.sampled_from(VERSIONS))
    answer_format = AnswerFormat(
        draw(st.sampled_from(BY_GROEP)), STANDARD[naam].in_version(version), version, draw(st.booleans())
    )
    return answer_format, dataset, questions


@given(cases())
@settings(deadline=None, max_examples=amount(80, 200))
def test_the_chosen_fragments_are_the_rendered_part(case: tuple[AnswerFormat, Dataset, list[GroepReference]]) -> None:
    """Byte by byte, with the same counts, also after the index was stored."""
    answer_format, dataset, questions = case
    made = rendered.make(answer_format, dataset)
    assert made.index is not None
    assert PersonIndex.from_json(made.index.to_json()) == made.index
    found = made.choose(questions)
    part = getrapt.choose(dataset, questions)
    assert found.records.decode() == answer.render_records(answer_format, part)
    assert found.persons == len(part.leerlingen if "leerlingen" in answer_format.operation.parts else part.leerkrachten)
    assert found.incomplete == answer_format.profiel.count_incomplete(part, answer_format.operation.parts)
    known_groups = getrapt.known(dataset)
    assert found.unknown == sum(one.key is not None and one not in known_groups for one in questions)
    assert made.records.decode() == answer.render_records(answer_format, dataset)


@given(datasets(), st.sampled_from(SET_NAMES), st.sampled_from(VERSIONS))
@settings(deadline=None, max_examples=amount(30, 60))
def test_the_whole_is_what_render_gives(dataset: Dataset, naam: str, version: str) -> None:
    """The stored records in their envelope are the answer, and whatever goes by group is a part of it."""
    answer_format = AnswerFormat(names.HAAL_LEERLINGGEGEVENS, STANDARD[naam].in_version(version), version)
    made = rendered.make(answer_format, dataset)
    assert answer.wrap(answer_format, dataset.school, made.records) == answer.render(answer_format, dataset)
    assert made.leerlingen == len(dataset.leerlingen)
    with pytest.raises(ValueError, match="groups"):
        made.choose([])


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1)
    | st.text("&<>\"'\r\n\t]", min_size=1)
)
@settings(deadline=None, max_examples=200)
def test_a_value_is_written_as_lxml_writes_it(value: str) -> None:
    """Whatever stands in a field or a key, the record is what lxml would have made of a tree."""
    answer_format = AnswerFormat(names.HAAL_LEERLINGEN, STANDARD["volledig"].in_version("2.2"), "2.2")
    (found,) = answer.fragments(answer_format, _school_of(Leerling(value, roepnaam=value, groep=value)))
    leerling = etree.Element("leerling", key=value)
    etree.SubElement(leerling, "roepnaam").text = value
    etree.SubElement(leerling, "groep", key=value)
    assert found == etree.tostring(leerling, encoding="unicode")


def _school_of(leerling: Leerling) -> Dataset:
    return Dataset(school=None, locaties=(), groepen=(), leerlingen=(leerling,), leerkrachten=())  # type: ignore[arg-type]


@given(st.binary(max_size=50), st.binary(max_size=3000), st.binary(max_size=50))
@settings(deadline=None)
def test_parts_make_one_stream(header: bytes, middle: bytes, tail: bytes) -> None:
    """The middle is compressed once; the stream is one member that every reader takes whole."""
    part = gzip_stream.compress(middle)
    assert gzip_stream.decompress(part) == middle
    stream = gzip_stream.join(header, middle, tail, part)
    assert gzip.decompress(stream) == header + middle + tail
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(stream) == header + middle + tail
    assert (reader.eof, reader.unused_data) == (True, b"")
