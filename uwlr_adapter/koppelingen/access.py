"""The gate: decide whether this caller may fetch this school now. Rows 5 and 7 of the table of checks.

Every refusal of one row is the same to the caller: one text, and the same work. The true reason goes to the journaal.
The work is one query and so many comparisons as the afnemer has entries in the catalogue, whatever is stored;
`benchmarks/equal_work.py` measures the difference that is left.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import school as schools
from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.clock import start_of
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.fault import AutorisatieOngeldig, OngeldigeKlantIdentificatie
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.contract.request import Call, SchoolReference
from uwlr_adapter.db.statements import Query, Row, SelectStatement
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen import afnemers, certificates, renewal, tables
from uwlr_adapter.koppelingen.afnemers import AfnemerRow
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.failures import Failures
from uwlr_adapter.koppelingen.renewal import Renewal
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus

_NOWHERE = ""
"""A brin6 that no vestiging has: an unknown school costs the same query as a known one."""

OWN = "~"
"""Stands between the digest of a profile and the id of the koppeling that has answers of its own (`Access.suffix`)."""


class AccessRefused(AutorisatieOngeldig):
    """Access is refused. For the journaal only: the true reason, the vestiging if it exists, the koppeling."""

    def __init__(self, reason: RefusalReason, brin6: str | None = None, koppeling_id: int | None = None) -> None:
        super().__init__()
        self.reason = reason
        self.brin6 = brin6
        self.koppeling_id = koppeling_id


class CertificateRefused(OngeldigeKlantIdentificatie):
    """A klantnaam and klantcode that belong together come without the certificate that must come with them.

    For the journaal only: the true reason, and the afnemer.
    """

    def __init__(self, reason: RefusalReason, afnemer_id: int) -> None:
        super().__init__()
        self.reason = reason
        self.afnemer_id = afnemer_id


class Access(NamedTuple):
    """Access to one vestiging under one profile. `opened_at`: since when this koppeling has been open."""

    koppeling_id: int
    brin6: str
    profiel: NamedProfiel
    opened_at: datetime
    fetched_under: tuple[str | None, datetime | None] = (None, None)
    """The digest of the profile under which it was last fetched, and since when."""
    school_version: int = 0
    """The version of the school's records when access was decided."""
    version: int = 0
    """The version of the koppeling when access was decided; each act raises it."""
    withheld: int | None = None
    """The version of who is withheld from this koppeling; None when everybody is shared."""
    suffix: str = ""
    """Follows the digest of a profile in whatever this koppeling has for itself because somebody is withheld."""
    newly_shown: str | None = None
    """The end of the digest of the code that was presented, when that is not the one of the last access."""


class _KoppelingRow(NamedTuple):
    """The columns of a koppeling that the gate reads."""

    id: int
    entry_id: str
    status: str
    startdatum: date
    code_digest: str | None
    opened_at: datetime
    profiel: str | None
    profiel_since: datetime | None
    version: int
    withheld: int | None
    akkoord_velden: str | None
    shown_code: str | None
    leerlinggegevens: str | None
    resultaten: str | None


@dataclass(frozen=True, slots=True)
class AccessRows:
    """The rows of the access query, about a caller and the school that it names; nothing is judged yet."""

    afnemer: afnemers.AfnemerRow | None
    brin6: str | None
    """Of the vestiging that is named, if it exists."""
    school_version: int
    koppelingen: list[_KoppelingRow] = field(repr=False)
    """The living ones of this afnemer at this vestiging, by id."""
    last_ended: int | None = None
    """The id of the one that ended last, which explains a refusal when none lives."""
    joined: Sequence[Row] = ()
    """The id of a koppeling, and the columns of each `JoinedRows` for it and the vestiging that is named."""


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """A table that the access query reads too, for what a request needs once it has access.

    The columns `on` equal a parameter of the same name; the columns in `same` equal a column of the access query.
    """

    table: sa.Table
    columns: tuple[str, ...]
    on: tuple[str, ...]
    same: Mapping[str, sa.ColumnElement[Any]]


class AccessStatements:
    """The access query, for a school by its brin6 and by its schoolkey."""

    def __init__(self, *joined: JoinedRows) -> None:
        self.by_brin6 = _statement(vestiging.c.brin6, joined)
        self.by_schoolkey = _statement(vestiging.c.schoolkey, joined)


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate: its catalogue, its server keys, and who failed of late. Safe to share between threads."""

    catalogue: Catalogue
    server_keys: ServerKeys
    failures: Failures = field(default_factory=Failures, repr=False)

    def query(
        self,
        autorisatie: Autorisatie,
        school: SchoolReference | None,
        statements: AccessStatements,
        asked: Mapping[str, object],
    ) -> Query:
        """Return the access query for a caller and the school that it names.

        `asked` are the parameters of the joined rows.
        """
        statement, named = statements.by_schoolkey, _NOWHERE
        if school is not None and school.brincode is not None:
            statement, named = statements.by_brin6, school.brincode + school.dependancecode
        elif school is not None:
            named = school.schoolkey or _NOWHERE
        return Query(statement, {"klantnaam": autorisatie.klantnaam, "school": named, **asked})

    def read(self, rows: Sequence[Row], query: Query) -> AccessRows:
        """Convert the rows of that query."""
        first, asked = rows[0], query.parameters
        # A database with a collation of its own may find another spelling; a klantnaam and a school are exact.
        known = None if first[1] != asked["klantnaam"] else afnemers.AfnemerRow(*first[:_AFNEMER])
        found, spelling, version, last_ended = first[_AFNEMER:_KOPPELING]
        if found is None or spelling != asked["school"]:
            return AccessRows(known, None, 0, [])
        koppelingen = {row[_KOPPELING]: _KoppelingRow(*row[_KOPPELING:_JOINED]) for row in rows}
        koppelingen.pop(None, None)
        joined = [(row[_KOPPELING], *row[_JOINED:]) for row in rows]
        living = [koppelingen[number] for number in sorted(koppelingen)]
        return AccessRows(known, found, version or 0, living, last_ended, joined)

    def identify(
        self, access_rows: AccessRows, autorisatie: Autorisatie, moment: datetime, certificate: str = ""
    ) -> AfnemerRow:
        """Return the afnemer that calls (row 5): unknown, wrong and disabled cost the same work.

        `certificate` is the fingerprint of the client certificate of the connection. Raises
        OngeldigeKlantIdentificatie, CertificateRefused when only the certificate is wrong.
        """
        presented = self.server_keys.probe(SecretPurpose.KLANTCODE, autorisatie.klantcode)
        known = access_rows.afnemer
        if known is None:
            presented.matches_either(None, None, None, moment)
            raise OngeldigeKlantIdentificatie
        is_valid = presented.matches_either(known.klantcode_digest, known.previous_digest, known.previous_until, moment)
        if known.disabled_at is not None or not is_valid:
            raise OngeldigeKlantIdentificatie
        bound = (
            known.certificates
        )  # not asked about where an afnemer has none: a call the fewer for nearly every request
        if bound is not None and not certificates.accepts(bound, certificate, moment):
            reason = RefusalReason.WRONG_CERTIFICATE if certificate else RefusalReason.NO_CERTIFICATE
            raise CertificateRefused(reason, known.id)
        return known

    def decide(self, access_rows: AccessRows, call: Call, day: date, toestemming: Toestemming) -> Access:
        """Return the access of a known afnemer to the school that it names, on a day in Amsterdam (row 7).

        `toestemming` is the one that the service needs. Raises AccessRefused.
        """
        presented = self.server_keys.probe(SecretPurpose.VERIFICATIECODE, call.autorisatie.autorisatiesleutel)
        living = access_rows.koppelingen
        good = [one for one in living if presented.matches(one.code_digest)]  # each one, always
        entries = self.catalogue.entries_by_afnemer.get(call.autorisatie.klantnaam, 1)
        for _ in range(entries - len(living)):  # as many comparisons as when all its entries are active here
            presented.matches(None)
        if access_rows.brin6 is None:
            raise AccessRefused(RefusalReason.UNKNOWN_SCHOOL)
        if not good or good[0].status != Status.ACTIEF:  # a paused one has no digest
            raise _refusal(access_rows, access_rows.brin6)
        access = self._open(access_rows, good[0], day, toestemming)
        digest, shown = good[0].code_digest or "", good[0].shown_code
        if shown is not None and digest.endswith(shown):
            return access
        return access._replace(newly_shown=tables.shown_code(digest))

    def renewals(self, access_rows: AccessRows, call: Call, access: Access) -> tuple[Renewal, ...]:
        """Return which digests of the codes of a call with access are to be made anew: those under an older key."""
        in_use, columns = f"{self.server_keys.in_use.name}:", tables.afnemer.c
        found: list[Renewal] = []
        if (known := access_rows.afnemer) is not None:
            codes = (
                (columns.klantcode_digest, known.klantcode_digest),
                (columns.previous_digest, known.previous_digest),
            )
            for column, old in codes:
                if old is not None and not old.startswith(in_use):
                    presented = self.server_keys.probe(SecretPurpose.KLANTCODE, call.autorisatie.klantcode)
                    if (new := presented.renewed(old)) is not None:
                        found.append(renewal.of_afnemer(known.id, column, old, new))
        for one in access_rows.koppelingen:
            old = one.code_digest
            if one.id == access.koppeling_id and old is not None and not old.startswith(in_use):
                presented = self.server_keys.probe(SecretPurpose.VERIFICATIECODE, call.autorisatie.autorisatiesleutel)
                if (new := presented.renewed(old)) is not None:
                    found.append(renewal.of_koppeling(one.id, access.version, old, new))
        return tuple(found)

    def decide_without_code(self, access_rows: AccessRows, entry: str, day: date) -> Access:
        """Return the access that the afnemer of a koppeling, named by its catalogue entry, has with the right code.

        For a caller that may see the records anyway. Raises AccessRefused.
        """
        found = [one for one in access_rows.koppelingen if one.entry_id == entry]
        if not found:
            raise AccessRefused(RefusalReason.NO_KOPPELING, access_rows.brin6)
        if found[0].status != Status.ACTIEF:
            raise AccessRefused(RefusalReason.PAUSED, access_rows.brin6, found[0].id)
        return self._open(access_rows, found[0], day, Toestemming.LEERLINGGEGEVENS)

    def _open(self, access_rows: AccessRows, koppeling: _KoppelingRow, day: date, toestemming: Toestemming) -> Access:
        """Return the access through a koppeling of a vestiging that exists. Raises AccessRefused."""
        brin6 = access_rows.brin6 or _NOWHERE
        if (reason := _closed(koppeling, toestemming)) is not None:
            raise AccessRefused(reason, brin6, koppeling.id)
        if koppeling.startdatum > day:
            raise AccessRefused(RefusalReason.NOT_STARTED, brin6, koppeling.id)
        profiel = (
            self.catalogue.agreed[koppeling.entry_id, koppeling.akkoord_velden]
            if toestemming is Toestemming.LEERLINGGEGEVENS
            else self.catalogue.profiel_of_results(koppeling.entry_id)
        )
        if profiel is None:  # taken out of the catalogue: there is no profile to go by
            raise AccessRefused(RefusalReason.NO_KOPPELING, brin6, koppeling.id)
        since = None if koppeling.profiel_since is None else koppeling.profiel_since.replace(tzinfo=UTC)
        return Access(
            koppeling_id=koppeling.id,
            brin6=brin6,
            profiel=profiel,
            # Since its last activation or resumption, or the start of its Startdatum.
            opened_at=max(koppeling.opened_at.replace(tzinfo=UTC), _begin(koppeling.startdatum)),
            fetched_under=(koppeling.profiel, since),
            school_version=access_rows.school_version,
            version=koppeling.version,
            withheld=koppeling.withheld,
            suffix="" if koppeling.withheld is None else f"{OWN}{koppeling.id}",
        )


def _statement(column: sa.ColumnElement[str], joined: Sequence[JoinedRows]) -> SelectStatement:
    """Return the access query, by a column that names the vestiging.

    It always finds a row: an unknown klantnaam or school costs the same work as a known one. The index of `koppeling`
    leads to the living ones and to the one that ended last; how many others ended costs nothing.
    """
    afnemer, koppeling, ended = tables.afnemer, tables.koppeling, tables.koppeling.alias("ended")
    own = [(one.c.afnemer_id == afnemer.c.id, one.c.brin6 == vestiging.c.brin6) for one in (koppeling, ended)]
    last_ended = (
        sa.select(ended.c.id)
        .where(*own[1], ended.c.status == Status.BEEINDIGD.value)
        .order_by(ended.c.ended_at.desc(), ended.c.id.desc())
        .limit(1)
        .correlate(afnemer, vestiging)
        .scalar_subquery()
    )
    is_living = koppeling.c.status.in_(
        [sa.literal_column(f"'{one.value}'") for one in (Status.ACTIEF, Status.GEPAUZEERD)]
    )
    one_row = sa.select(sa.literal_column("1").label("one")).subquery("one_row")
    found = (
        one_row.outerjoin(afnemer, afnemer.c.klantnaam == sa.bindparam("klantnaam", type_=sa.String))
        .outerjoin(vestiging, column == sa.bindparam("school", type_=sa.String))
        .outerjoin(schools, schools.c.brincode == vestiging.c.brincode)
        .outerjoin(koppeling, sa.and_(*own[0], is_living))
    )
    more: list[sa.ColumnElement[Any]] = []
    for one in joined:
        columns = one.table.c
        asked = (columns[name] == sa.bindparam(name, type_=columns[name].type) for name in one.on)
        same = (columns[name] == other for name, other in one.same.items())
        found = found.outerjoin(one.table, sa.and_(*same, *asked))
        more += [columns[name] for name in one.columns]
    return SelectStatement(
        sa.select(
            *(afnemer.c[name] for name in afnemers.AfnemerRow._fields),
            *(vestiging.c.brin6, column.label("named"), schools.c.version, last_ended.label("last_ended")),
            *(koppeling.c[name] for name in _KoppelingRow._fields),
            *more,
        ).select_from(found)
    )


_AFNEMER = len(afnemers.AfnemerRow._fields)
_KOPPELING = _AFNEMER + 4
_JOINED = _KOPPELING + len(_KoppelingRow._fields)


_ON = ToestemmingStatus.ON.value
_CLOSED = {
    (Toestemming.LEERLINGGEGEVENS, ToestemmingStatus.PAUSED.value): RefusalReason.LEERLINGGEGEVENS_PAUSED,
    (Toestemming.RESULTATEN, ToestemmingStatus.PAUSED.value): RefusalReason.RESULTS_PAUSED,
    (Toestemming.RESULTATEN, None): RefusalReason.RESULTS_NOT_AGREED,
    (Toestemming.RESULTATEN, ToestemmingStatus.NOT_GIVEN.value): RefusalReason.RESULTS_NOT_AGREED,
}
"""The reason of a refusal by a toestemming and what is stored of it; what is not known here is no agreement either."""


def _closed(koppeling: _KoppelingRow, toestemming: Toestemming) -> RefusalReason | None:
    """Return why a koppeling with the right code does not allow a service, or None when it does."""
    if toestemming is Toestemming.LEERLINGGEGEVENS:
        stored = koppeling.leerlinggegevens
        if stored is None or stored == _ON:
            return None
        return _CLOSED.get((toestemming, stored), RefusalReason.LEERLINGGEGEVENS_NOT_AGREED)
    stored = koppeling.resultaten
    return None if stored == _ON else _CLOSED.get((toestemming, stored), RefusalReason.RESULTS_NOT_AGREED)


_REASONS = {
    Status.ACTIEF: RefusalReason.WRONG_CODE,
    Status.GEPAUZEERD: RefusalReason.PAUSED,
}
"""The reason of a refusal by the status of a koppeling; an active one explains more than a paused one."""


def _refusal(access_rows: AccessRows, brin6: str) -> AccessRefused:
    """Return the refusal with its true reason, when no code matched: a paused or ended koppeling has none."""
    for status, reason in _REASONS.items():
        for koppeling in access_rows.koppelingen:
            if koppeling.status == status:
                return AccessRefused(reason, brin6, koppeling.id)
    if access_rows.last_ended is not None:
        return AccessRefused(RefusalReason.ENDED, brin6, access_rows.last_ended)
    return AccessRefused(RefusalReason.NO_KOPPELING, brin6)


_begin = functools.lru_cache(maxsize=1024)(start_of)
