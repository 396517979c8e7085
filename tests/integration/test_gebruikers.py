"""Users in the database: passwords, the sealed second factor, and server keys that it needs."""

import hashlib
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from support.school_builder import BRIN6, MOMENT, SERVER_KEYS, quick_hash
from support.world import World

from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import passwords, second_factor
from uwlr_adapter.gebruikers.accounts import Gebruiker, NewGebruiker
from uwlr_adapter.gebruikers.errors import GebruikerError, InvalidLinkError, WeakPasswordError
from uwlr_adapter.gebruikers.second_factor import UnreadableSecretError
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker
from uwlr_adapter.keys import rotation
from uwlr_adapter.keys.server_keys import KeyPurpose, ServerKeyError, ServerKeys

RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The secret of the test values of RFC 6238, appendix B: `12345678901234567890`."""
NEW = NewGebruiker("school", "A. de Vries", GebruikerRol.SCHOOLBEHEERDER, (BRIN6,))


SCHOOLS = ("De Regenboog", "21QW", "21QW00")
RUNS = (
    "123456789012",
    "987654321098",
    "aaaaaaaaaaaaaaa",
    "abcdabcdabcd",
    "abcdeabcdeab",
    "qwertyuiop12",
    "1q2w3e4r5t6y",
    "123456789vries",
    "DeVries12345678",
    "zomerzomer2026",
)
COMMON = (
    *("wachtwoord1234", "Welkom2026!!", "W@chtw00rd12", "P@ssw0rd!2026", "w\u00e1chtwoord-99"),
    *("wachtwoord vries", "liverpool123", "christiaan1985", "mohammed2010!", "elizabeth123", "alexander123"),
    *("chocolate1234", "butterfly123", "basketball12", "spongebob123", "volkswagen2015", "kerstboom2025"),
    *("nieuwjaar2026!", "verandermij123", "ikbendebeste1", "Sneeuwwitje2024", "Zomer2024Winter25!", "unbelievable"),
)
OWN = ("vries-zanten-1", "Regenboog2026")
CONTAINED = (
    "mijn j.devries wachtwoordje",
    "j.devries@school.example",
    "21qw00 is onze school",
    "op De Regenboog is het fijn",
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a database with two vestigingen and two server keys."""
    return World.make(tmp_path)


def add(world: World) -> tuple[Gebruiker, str]:
    """Add a user, and give it with the token of its link."""
    with world.database.writing() as connection:
        return gebruikers.add(connection, NEW, MOMENT)


def test_a_password_is_argon2id(world: World) -> None:
    """The database stores a hash of RFC 9106; only the right password matches, in either spelling of an accent."""
    _, token = add(world)
    with world.database.writing() as connection:
        gebruikers.set_password(connection, token, passwords.make_hash("caf\u00e9 met een lang wachtwoord"), MOMENT)
    hash_ = world.rows(gebruiker)[0].password_hash
    assert hash_.startswith("$argon2id$v=19$")
    for typed, right in (
        ("caf\u00e9 met een lang wachtwoord", True),
        ("cafe\u0301 met een lang wachtwoord", True),
        ("cafe met een lang wachtwoord", False),
        ("caf\u00e9 met een lang wachtwoord ", False),
        ("", False),
    ):
        with world.database.reading() as connection:
            assert (gebruikers.authenticate(connection, " SCHOOL", typed) is not None) is right


def test_an_old_hash_is_made_anew(world: World) -> None:
    """A hash of less work is replaced at a login, and one that is good stays."""
    made, token = add(world)
    cheap = quick_hash("wachtwoord")
    with world.database.writing() as connection:
        gebruikers.set_password(connection, token, cheap, MOMENT)
    fresh = passwords.renewed(cheap, "wachtwoord")
    assert fresh is not None
    assert passwords.matches(fresh, "wachtwoord")
    assert passwords.renewed(fresh, "wachtwoord") is None
    with world.database.writing() as connection:
        gebruikers.replace_hash(connection, made.id, cheap, fresh)
    assert world.rows(gebruiker)[0].password_hash == fresh


def test_a_password_that_changed_meanwhile_stays(world: World) -> None:
    """A login that was under way with the earlier one does not bring it back."""
    made, token = add(world)
    earlier, new, renewed = (quick_hash(text) for text in ("eerder", "nieuw", "eerder"))
    with world.database.writing() as connection:
        gebruikers.set_password(connection, token, new, MOMENT)
        gebruikers.replace_hash(connection, made.id, earlier, renewed)
    assert world.rows(gebruiker)[0].password_hash == new


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("te-weinig", "minimaal 12 tekens"),
        ("elf tekens!", "minimaal 12 tekens"),
        ("x" * 129, "maximaal 128 tekens"),
        *((typed, "een rijtje, een herhaling of een jaartal") for typed in RUNS),
        *((typed, "uit veelgebruikte woorden") for typed in COMMON),
        *((typed, "uw eigen naam of die van uw school") for typed in OWN),
        *((typed, "niet uw gebruikersnaam, en niet de naam of het nummer van uw school") for typed in CONTAINED),
        ("--------!!!!", "te weinig letters en cijfers"),
    ],
)
def test_weak_passwords(typed: str, sentence: str) -> None:
    """Each rule has its sentence, which is true of the password and does not repeat it."""
    with pytest.raises(WeakPasswordError, match=sentence) as refused:
        passwords.require_good(typed, "j.devries@school.example", "A. de Vries van Zanten", SCHOOLS)
    assert typed not in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        "vier losse woorden hier",
        "hQ7!fk29Zs_pL",
        "correct horse battery staple",
        "school is leuk vandaag",
        "een goed wachtwoord voor de test",
        "083716495028",
        "#$%^&*()+={}[]~",
        "een regenboog boven zee bij Ameland",
        "kwbtxfhzjnlp",
        "Ik woon in Zwolle",
        "de zon schijnt",
        "groen blauw rood geel",
        "boerderijdieren",
        "paars fiets lamp soep",
        "correct paard batterij",
        "kwbtxfhzjnlpvgmd" * 8,
    ],
)
def test_good_passwords(typed: str) -> None:
    """A sentence is good, so is what a password manager or dice make, and so are the shortest and the longest one."""
    passwords.require_good(typed, "j.devries@school.example", "A. de Vries", SCHOOLS)


def test_the_longest_naam(world: World) -> None:
    """A name of 200 characters is taken, space around it not counted, and one of 201 is refused."""
    with world.database.writing() as connection:
        gebruikers.add(connection, replace(NEW, naam=f" {'n' * 200} "), MOMENT)
        with pytest.raises(GebruikerError, match="a naam has 1 to 200"):
            gebruikers.add(connection, replace(NEW, login="ander", naam="n" * 201), MOMENT)


def test_a_link_is_a_digest(world: World) -> None:
    """The database holds no token; the link is used up by its password."""
    _, token = add(world)
    row = world.rows(gebruiker)[0]
    assert row.link_digest == hashlib.sha256(token.encode()).hexdigest()
    with world.database.writing() as connection:
        gebruikers.set_password(connection, token, "een-hash", MOMENT)
        with pytest.raises(InvalidLinkError):
            gebruikers.set_password(connection, token, "een-andere", MOMENT)


@pytest.mark.parametrize(("seconds", "code"), [(1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")])
def test_codes_of_the_rfc(seconds: int, code: str) -> None:
    """The last six digits of the values of RFC 6238, appendix B (SHA-1)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    assert second_factor.find_step(RFC, code, moment, None) == seconds // 30
    for skew, good in ((-30, True), (30, True), (-90, False), (90, False)):
        found = second_factor.find_step(RFC, code, moment + timedelta(seconds=skew), None)
        assert (found is not None) is good
    assert second_factor.find_step(RFC, code, moment, seconds // 30) is None


def test_the_secret_is_sealed(world: World) -> None:
    """A copy of the database opens no second factor; another server key does not, the right one does."""
    server_keys = world.gate.server_keys
    sealed = second_factor.seal(server_keys, RFC)
    assert sealed.startswith("b:")
    assert RFC not in sealed
    assert second_factor.unseal(ServerKeys.parse(SERVER_KEYS[::-1]), sealed) == RFC
    for other in (("c=" + "0c" * 32,), ("b=" + "0c" * 32,)):
        with pytest.raises(UnreadableSecretError):
            second_factor.unseal(ServerKeys.parse(other), sealed)


def test_a_server_key_that_a_second_factor_needs_is_missed(world: World) -> None:
    """Without it the service does not start, as without the key of a code; sealed anew, the old key may go."""
    made, _ = add(world)
    server_keys = world.gate.server_keys
    newest, both = (ServerKeys.parse(("c=" + "0c" * 32, *more)) for more in ((), SERVER_KEYS[:1]))
    with world.database.writing() as connection:
        server_keys.register(connection, MOMENT)
        gebruikers.set_totp(connection, made.id, second_factor.seal(server_keys, RFC), 1)
        both.register(connection, MOMENT)
        rotation.use(connection, both, "c", MOMENT, actor="cli:proef")
        both.register(connection, MOMENT)
        with pytest.raises(ServerKeyError, match="'b' is missing"):
            newest.unknown(connection, MOMENT)
        old, _ = gebruikers.totp_of(connection, made.id)
        assert old is not None
        assert second_factor.renewed(server_keys, old, RFC) == old, "under the key in use already"
        sealed = second_factor.renewed(both, old, RFC)
        assert not gebruikers.use_step(connection, made.id, 2, "b:of somebody who was reset", sealed)
        assert gebruikers.use_step(connection, made.id, 2, old, sealed)
        assert not gebruikers.use_step(connection, made.id, 2, sealed, second_factor.seal(newest, RFC))
        newest.unknown(connection, MOMENT)


def test_derived_keys_differ() -> None:
    """Each purpose and each server key has a key of its own, which is in no digest that the database holds."""
    server_keys = ServerKeys.parse(SERVER_KEYS)
    keys = [key for purpose in KeyPurpose for key in server_keys.derive(purpose).values()]
    assert len(set(keys)) == len(keys) == 2 * len(KeyPurpose)
    assert all(len(key) == 32 for key in keys)
    assert list(server_keys.derive(KeyPurpose.SESSION)) == ["b", "a"]


def test_a_link_cannot_be_guessed(world: World) -> None:
    """A token has 256 random bits, and each link another one."""
    _, token = add(world)
    with world.database.writing() as connection:
        other = gebruikers.reset(connection, "school", MOMENT)
    assert len(urlsafe_b64decode(f"{token}=")) == 32
    assert token != other


def test_a_new_secret_is_long_enough() -> None:
    """At least the 160 bits that RFC 4226 advises, and the app is told whose it is."""
    secret = second_factor.make_secret()
    assert len(pyotp.TOTP(secret).byte_secret()) >= 20
    assert "school" in second_factor.uri(secret, "school")
