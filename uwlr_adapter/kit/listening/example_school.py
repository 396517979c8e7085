"""The example school as answers, without a database: the whole of it, or a part that a situation asks for."""

import functools
from dataclasses import replace
from datetime import date
from enum import StrEnum

from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import peildatum_in, schooljaar_start
from uwlr_adapter.contract import answer, getrapt
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset, GroepSoort, School
from uwlr_adapter.contract.fields import SET_NAMES
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.demo import school
from uwlr_adapter.demo.setup import BRIN6

_SMALLE_SET = SET_NAMES[0]
_KINDS: tuple[GroepSoort, ...] = ("groep", "samengestelde_groep")


class SchoolPart(StrEnum):
    """How much of the school is answered."""

    WHOLE = "whole"
    ONE = "one"
    """One leerling with its groep and one leerkracht: some stacks make an object of what is usually a list."""
    ONE_LESS = "one less"
    """Without one leerling, who has left."""


@functools.lru_cache(maxsize=8)
def _school(schooljaar: str) -> Dataset:
    """Return the records of the example school in a schooljaar, each kind by key, as the service sends them."""
    delivery = edexml.read(school.edexml(BRIN6, schooljaar))
    groepen = [source.record for source in delivery.groepen]
    return Dataset(
        School(schooljaar, "", brincode_of(BRIN6), dependancecode_of(BRIN6), delivery.school.schoolkey, ""),
        locaties=(),
        groepen=tuple(sorted(groepen, key=lambda one: (_KINDS.index(one.soort), one.key))),
        leerlingen=tuple(sorted((one.record for one in delivery.leerlingen), key=lambda one: one.key)),
        leerkrachten=tuple(sorted((one.record for one in delivery.leerkrachten), key=lambda one: one.key)),
    )


@functools.lru_cache(maxsize=16)
def _part(schooljaar: str, part: SchoolPart) -> Dataset:
    """Return a part of the school that is one consistent whole."""
    whole = _school(schooljaar)
    if part is SchoolPart.WHOLE:
        return whole
    if part is SchoolPart.ONE_LESS:
        return replace(whole, leerlingen=whole.leerlingen[:-1])
    leerling = next(one for one in whole.leerlingen if one.groep and not one.samengestelde_groepen)
    leerkracht = next(one for one in whole.leerkrachten if leerling.groep in {groep.key for groep in one.groepen})
    return replace(
        whole,
        groepen=tuple(one for one in whole.groepen if one.key == leerling.groep),
        leerlingen=(leerling,),
        leerkrachten=(
            replace(leerkracht, groepen=tuple(one for one in leerkracht.groepen if one.key == leerling.groep)),
        ),
    )


def render(verzoek: Verzoek, part: SchoolPart, aanmaakdatum: str, day: date) -> bytes | None:
    """Return the answer with the data that a request asks for; None when there are none."""
    peildatum = peildatum_in(verzoek.schooljaar, day)
    if schooljaar_start(verzoek.schooljaar) is None or peildatum is None:
        return None
    dataset = _part(verzoek.schooljaar, part)
    if verzoek.operation.by_groep:
        dataset = getrapt.choose(dataset, verzoek.groepen)
        if not (dataset.leerlingen if "leerlingen" in verzoek.operation.parts else dataset.leerkrachten):
            return None
    own = replace(dataset.school, peildatum=peildatum.isoformat(), aanmaakdatum=aanmaakdatum)
    profiel = STANDARD[_SMALLE_SET].in_version(verzoek.xsdversie)
    answer_format = AnswerFormat(verzoek.operation, profiel, verzoek.xsdversie)
    return answer.render(answer_format, replace(dataset, school=own))


def leerlingen(schooljaar: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys and the ECK-iDs of the leerlingen of the example school in a schooljaar."""
    found = _school(schooljaar).leerlingen
    return frozenset(one.key for one in found), frozenset(one.eckid for one in found if one.eckid)


def schoolkey(schooljaar: str) -> str | None:
    """Return the schoolkey of the example school."""
    return _school(schooljaar).school.schoolkey
