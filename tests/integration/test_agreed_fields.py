"""Fields that a profile adds wait for the school: over real bytes, on both databases, and for agreements of before."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from support.edexml_files import make_dataset
from support.school_builder import BRIN6
from support.trial_school import SCHOOLJAAR, FetchedAnswer
from support.two_koppelingen import Ask, TwoKoppelingen, groups

from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.contract.names import HAAL_LEERLINGEN, HAAL_STRUCTUUR
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.db.schema_version import read_schema
from uwlr_adapter.koppelingen import agreements, store, tables
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueError
from uwlr_adapter.koppelingen.errors import OtherTermsError, TermsChangedError
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.server.application import require_startable

RECORDS = make_dataset(
    [Leerling("101", roepnaam="Zoë", geboortedatum="2019-03-14", geslacht="2", postcodenl="1234AB", groep="g1")],
    groepen=[Groep("groep", "g1", "1a", "1", omschrijving="de eerste")],
    schooljaar=SCHOOLJAAR,
)
WIDER = (b"<geslacht>", b"<postcodenl>", b"<omschrijving>")
"""What is in the records, and in no answer under the smalle set."""
HELD_BACK, LATER = ("leerling/geslacht", "leerling/postcodenl", "groep/omschrijving"), "leerling/fotourl"
"""The fields of WIDER, and one that nobody has."""
OLD = {"akkoord_tekst": None, "akkoord_velden": None}
"""What an agreement of before this version has."""


@pytest.fixture
def school(backend: str, tmp_path: Path) -> Iterator[TwoKoppelingen]:
    """Yield a school with two koppelingen under the smalle set, and records that have more."""
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        made = TwoKoppelingen(Path(folder), "smalle set")
        made.import_data(RECORDS)
        yield made
        made.close()


def widen(school: TwoKoppelingen, profiel: str = "volledig") -> None:
    """Change the profile of one koppeling; nobody agrees."""
    school.wait(60)
    school.change_profiel("proef", profiel)


def own_profile(school: TwoKoppelingen, *zonder: str) -> None:
    """Give one koppeling an own profile, `volledig` without some fields, and start the service anew."""
    catalogue = school.settings.catalogus
    assert catalogue is not None
    school.change_profiel("proef", "volledig")
    text = catalogue.read_text(encoding="utf-8").replace('profiel = "volledig"', 'profiel = "eigen"')
    own = f'\n[[profiel]]\nnaam = "eigen"\nbasis = "volledig"\nzonder = {json.dumps(zonder)}\n'
    catalogue.write_text(text + own, encoding="utf-8")
    school.wait(60)
    school.restart()


def wider(found: FetchedAnswer) -> list[bytes]:
    """Return which of WIDER an answer has."""
    return [one for one in WIDER if one in found.content]


def koppeling_of(school: TwoKoppelingen, entry: str = "proef") -> Koppeling:
    """Return a koppeling as it is stored."""
    with school.database.reading() as connection:
        found = store.find_living(connection, BRIN6, entry)
    assert found is not None
    return found


def as_of_before(school: TwoKoppelingen, **values: Any) -> None:
    """Make the agreements of the school those of older code."""
    with school.database.writing() as connection:
        connection.execute(tables.koppeling.update().values({**OLD, **values}))
        connection.execute(tables.voorwaarden.delete())


def readable_from(school: TwoKoppelingen) -> int:
    """Return the number of the oldest code that may use the database."""
    with school.database.reading() as connection:
        return read_schema(connection).readable_from


def test_a_wider_profile_waits_for_the_school(school: TwoKoppelingen) -> None:
    """Nothing leaks before the agreement, in any operation; the platform has it all; then it comes, as a change."""
    own_profile(school, *HELD_BACK, LATER)
    school.activate_anew("proef")
    asks = [Ask(), Ask(HAAL_STRUCTUUR), Ask(HAAL_LEERLINGEN, groepen=groups("g1")), Ask(xsdversie="2.3")]
    before = [school.ask("proef", ask) for ask in asks]
    own_profile(school, LATER)
    for ask, found in zip(asks, before, strict=True):
        assert school.ask("proef", ask, found.aanmaakdatum).outcome == "geenwijzigingen"
        again = school.ask("proef", ask)
        assert (again.content, wider(again), wider(school.preview("proef", ask))) == (found.content, [], [])
        assert wider(school.ask("proef", replace(ask, gegevenssetid="LVS-set"))) == []
    school.wait(60)
    school.agree("proef")
    for ask, found in zip(asks, before, strict=True):
        came = school.ask("proef", ask, found.aanmaakdatum)
        assert came.outcome == ask.operation.payload
        assert wider(came) == wider(school.preview("proef", ask)) != []
        assert came.aanmaakdatum > found.aanmaakdatum
    assert wider(school.ask("tweede", Ask())) == []


def test_a_narrower_profile_is_in_force_at_once(school: TwoKoppelingen) -> None:
    """What a profile loses stays away from the next request on, and comes back when it was agreed to."""
    widen(school)
    school.agree("proef")
    assert wider(school.ask("proef", Ask())) == list(WIDER)
    widen(school, "smalle set")
    assert wider(school.ask("proef", Ask())) == []
    widen(school, "LVS-set")
    assert wider(school.ask("proef", Ask())) == [b"<geslacht>"]


def test_a_profile_that_is_no_part_of_the_agreement(school: TwoKoppelingen) -> None:
    """Of a profile that has fewer and more fields, what both have goes: no more than either allows."""
    own_profile(school, "leerling/geboortedatum")
    found = school.ask("proef", Ask())
    assert (b"<geboortedatum>" in found.content, wider(found)) == (False, [])
    school.agree("proef")
    found = school.ask("proef", Ask())
    assert (b"<geboortedatum>" in found.content, wider(found)) == (False, list(WIDER))


def test_an_agreement_of_before_is_with_the_profile_of_the_first_start(school: TwoKoppelingen) -> None:
    """Without recorded fields the whole profile goes; the first start records it, and what comes later waits."""
    widen(school)
    as_of_before(school)
    assert wider(school.ask("proef", Ask())) == list(WIDER)
    school.change_profiel("proef", "LVS-set")
    assert koppeling_of(school).akkoord.velden == STANDARD["LVS-set"].paths
    assert koppeling_of(school, "tweede").akkoord.velden == STANDARD["smalle set"].paths
    school.change_profiel("proef", "volledig")
    assert wider(school.ask("proef", Ask())) == [b"<geslacht>"]
    with school.database.reading() as connection:
        kept = agreements.text_of(connection, koppeling_of(school).akkoord)
    assert kept is not None
    assert kept.since > koppeling_of(school).akkoord.moment


def test_an_agreement_with_another_version_has_no_text(school: TwoKoppelingen) -> None:
    """The text of a version that the catalogue does not have is not known, and is not made up."""
    as_of_before(school, akkoord_voorwaarden="uwlr-0")
    school.restart()
    assert koppeling_of(school).akkoord.tekst is None
    assert koppeling_of(school).akkoord.velden == STANDARD["smalle set"].paths


def test_code_of_before_renews_an_agreement(school: TwoKoppelingen) -> None:
    """It leaves the text and the fields of the earlier one: the text is of another version then, the fields hold."""
    with school.database.writing() as connection:
        connection.execute(tables.koppeling.update().values(akkoord_voorwaarden="uwlr-2"))
    widen(school)
    assert wider(school.ask("proef", Ask())) == []
    with school.database.reading() as connection:
        assert agreements.text_of(connection, koppeling_of(school).akkoord) is None


def test_older_code_is_refused_while_fields_wait(school: TwoKoppelingen) -> None:
    """It would answer them; as long as nothing waits it may go on."""
    before = readable_from(school)
    school.restart()
    assert readable_from(school) == before < agreements.KNOWS_AGREED_FIELDS
    widen(school)
    assert readable_from(school) == agreements.KNOWS_AGREED_FIELDS


def test_many_koppelingen_are_recorded_in_parts(school: TwoKoppelingen, monkeypatch: pytest.MonkeyPatch) -> None:
    """No fetch waits for all koppelingen of a country: a transaction records some of them."""
    monkeypatch.setattr(agreements, "BATCH", 1)
    school.activate_anew("proef")
    as_of_before(school)
    school.restart()
    with school.database.reading() as connection:
        rows = connection.execute(sa.select(tables.koppeling.c.akkoord_tekst, tables.koppeling.c.akkoord_velden)).all()
    assert sorted(row.akkoord_velden is None for row in rows) == [False, False, True]  # not of the one that ended
    assert {row.akkoord_tekst is None for row in rows} == {False}


def test_a_start_without_a_disk_to_write_on(school: TwoKoppelingen, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be recorded waits for the next start; the service answers as before."""

    def fail(*_arguments: object, **_more: object) -> str:
        raise OperationalError("", {}, Exception())

    as_of_before(school)
    with monkeypatch.context() as broken:
        broken.setattr(agreements, "keep", fail)
        school.restart()
        assert school.ask("proef", Ask()).outcome == "leerlinggegevens"
    school.restart()
    assert koppeling_of(school).akkoord.tekst is not None


def test_a_changed_text_needs_a_new_version(school: TwoKoppelingen) -> None:
    """A version that schools agreed to has one text: a start refuses another one, however its lines are wrapped."""
    path = school.settings.catalogus
    assert path is not None
    text = path.read_text(encoding="utf-8")
    (words,) = {one.voorwaarden.tekst for one in Catalogue.load(path)}
    path.write_text(text.replace(words, words.replace(" ", "\\n   ")), encoding="utf-8")
    school.restart()
    path.write_text(text.replace(words, f"{words} Iets anders."), encoding="utf-8")
    with pytest.raises(CatalogueError, match="give the changed text a new versie"):
        require_startable(school.settings)
    with pytest.raises(CatalogueError, match="give the changed text a new versie"):
        school.restart()
    with school.database.writing() as connection, pytest.raises(TermsChangedError):
        agreements.keep(connection, next(iter(Catalogue.load(path))).voorwaarden, school.moment)
    path.write_text(text, encoding="utf-8")
    school.restart()


def test_what_is_agreed_to_is_what_was_shown(school: TwoKoppelingen) -> None:
    """A page of a process with another catalogue is no agreement with this one's."""
    path = school.settings.catalogus
    assert path is not None
    before, entry = Catalogue.load(path), "proef"
    shown = agreements.offer_of(before, before.entries[entry])
    agreements.require_shown(before, before.entries[entry], shown)
    widen(school)
    after = Catalogue.load(path)
    with pytest.raises(OtherTermsError):
        agreements.require_shown(after, after.entries[entry], shown)
    agreements.require_shown(after, after.entries[entry], None)
