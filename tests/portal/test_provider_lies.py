"""A provider that lies, is away, or changes its keys: nothing opens that should not, and the own login stays."""

import hmac
import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import OctKey
from support.lying_provider import (
    CLIENT_ID,
    SECRET,
    SUBJECT,
    Answer,
    LyingProvider,
    ec_key,
    rsa_key,
)
from support.portal_browser import Browser
from support.provider_portal import EXTERN, LOGIN, VESTIGINGEN, ProviderPortal, is_in, told

from uwlr_adapter.oidc import calls
from uwlr_adapter.oidc.errors import ProviderFault
from uwlr_adapter.portal.paths import PREFIX

CANARY = "kanarie-in-de-mijn"
DISCOVERY = "/.well-known/openid-configuration"
NONE, HS256 = b'{"alg":"none"}', b'{"alg":"HS256","kid":"rsa"}'
NOT_RIGHT, NO_ANSWER, NOT_IN = (
    "klopt niet en is niet gebruikt",
    "er komt geen antwoord",
    "U bent bij Entree niet ingelogd",
)


def reasons(caplog: pytest.LogCaptureFixture) -> list[object]:
    """Return why logins at the provider failed, as the log has it."""
    found = (getattr(record, "facts", {}) for record in caplog.records if record.name == "uwlr_adapter.event")
    return [facts["reason"] for facts in found if "reason" in facts]


def refused(entree: ProviderPortal, caplog: pytest.LogCaptureFixture, sentence: str = NOT_RIGHT) -> object:
    """Log in, which must fail with a sentence beside the own login; return the logged reason."""
    caplog.set_level(logging.INFO)
    entree.bind("school")
    browser = entree.browser()
    left = browser.get(EXTERN)
    page = left
    if (left.location or "").startswith(entree.provider.issuer):
        page = browser.get(entree.provider.way_back(left))
    text = told(browser, page)
    assert sentence in text
    assert "Gebruikersnaam" in text, "the own login is there"
    assert not is_in(browser)
    assert CANARY not in text + caplog.text + json.dumps([getattr(record, "facts", {}) for record in caplog.records])
    assert browser.login("school").location == "/koppelingen/"
    (reason,) = reasons(caplog)
    return reason


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": f"https://{CANARY}.example"}, ProviderFault.TOKEN),
        ({"iss": None}, ProviderFault.TOKEN),
        ({"aud": CANARY}, ProviderFault.TOKEN),
        ({"aud": None}, ProviderFault.TOKEN),
        ({"aud": [CLIENT_ID, CANARY]}, ProviderFault.TOKEN),
        ({"aud": [CLIENT_ID, CANARY], "azp": CANARY}, ProviderFault.TOKEN),
        ({"aud": CANARY, "azp": CLIENT_ID}, ProviderFault.TOKEN),
        ({"azp": CANARY}, ProviderFault.TOKEN),
        ({"nonce": CANARY}, ProviderFault.NONCE),
        ({"nonce": None}, ProviderFault.TOKEN),
        ({"sub": None}, ProviderFault.TOKEN),
        ({"sub": ""}, ProviderFault.TOKEN),
        ({"sub": 7}, ProviderFault.TOKEN),
        ({"sub": "x" * 256}, ProviderFault.TOKEN),
        ({"sub": f"{SUBJECT}\n"}, ProviderFault.TOKEN),
        ({"exp": None}, ProviderFault.TOKEN),
        ({"iat": None}, ProviderFault.TOKEN),
        ({"exp": "9999999999"}, ProviderFault.TOKEN),
        ({"exp": float("nan")}, ProviderFault.TOKEN),
        ({"amr": "mfa"}, ProviderFault.TOKEN),
        ({"at_hash": CANARY}, ProviderFault.TOKEN),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, ProviderFault.TOKEN),
    ],
    ids=str,
)
def test_a_wrong_claim(
    entree: ProviderPortal, caplog: pytest.LogCaptureFixture, claims: dict[str, Any], reason: ProviderFault
) -> None:
    """It opens nothing, and neither page nor log shows what it says."""
    entree.provider.claims = claims
    assert refused(entree, caplog) == reason


@pytest.mark.parametrize(
    ("skew", "is_right"), [(-419, True), (-421, False), (119, True), (121, False), (-86_400, False), (86_400, False)]
)
def test_the_clocks_may_differ(
    entree: ProviderPortal, caplog: pytest.LogCaptureFixture, skew: int, is_right: object
) -> None:
    """By two minutes: a token of five minutes counts until two minutes after its end, and two before its beginning."""
    moment = int(entree.portal.clock().timestamp()) + skew
    entree.provider.claims = {"iat": moment, "nbf": moment, "exp": moment + 300}
    if is_right:
        assert is_in(entree.browser_of("school"))
    else:
        assert refused(entree, caplog) == ProviderFault.EXPIRED


def test_a_token_that_is_not_yet_valid(entree: ProviderPortal, caplog: pytest.LogCaptureFixture) -> None:
    """It is as wrong as one that is expired."""
    entree.provider.claims = {"nbf": int(entree.portal.clock().timestamp()) + 121}
    assert refused(entree, caplog) == ProviderFault.EXPIRED


def without_signature(provider: LyingProvider) -> str:
    """Return an ID token of which nobody says that it is right."""
    return f"{_octets(NONE)}.{provider.id_token().split('.')[1]}."


def by_public_key(provider: LyingProvider) -> str:
    """Return one that is signed with what everybody can read: the public key, as if it were a shared secret."""
    provider.keys = [rsa_key("rsa")]
    _, claims, _ = provider.id_token().split(".")
    signed = f"{_octets(HS256)}.{claims}"
    digest = hmac.digest(rsa_key("rsa").as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{_octets(digest)}"


def _octets(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def by_client_secret(provider: LyingProvider) -> str:
    """Return one that is signed with the secret of the client."""
    provider.signer, provider.algorithm = OctKey.import_key(SECRET, {"kid": "eerste"}), "HS256"
    return provider.id_token()


def by_a_key_inside(provider: LyingProvider) -> str:
    """Return one that brings its own key along."""
    provider.signer = ec_key("van-een-ander")
    provider.head = {"kid": "eerste", "jwk": provider.signer.as_dict(private=False)}
    return provider.id_token()


def of_one_letter_more(provider: LyingProvider) -> str:
    """Return one that was changed after it was signed."""
    head, claims, signature = provider.id_token().split(".")
    return f"{head}.{claims[:-4]}{claims[-3:]}x.{signature}"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "forge",
    [
        without_signature,
        by_public_key,
        by_client_secret,
        by_a_key_inside,
        of_one_letter_more,
        lambda _: CANARY,
        lambda _: "",
        lambda _: None,
        lambda _: 7,
        lambda _: "a.b.c.d.e",
        lambda _: "é.é.é",
    ],
)
def test_a_forged_token(
    entree: ProviderPortal, caplog: pytest.LogCaptureFixture, forge: Callable[[LyingProvider], object]
) -> None:
    """A token that the published keys did not sign, in a way that we allow, opens nothing."""
    entree.provider.answers["/token"] = lambda: json_answer({"access_token": "x", "id_token": forge(entree.provider)})
    assert refused(entree, caplog) == ProviderFault.TOKEN


def json_answer(value: object, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "RS512"])
def test_signatures_of_rsa(entree: ProviderPortal, algorithm: str) -> None:
    """The usual algorithms with a public key are right."""
    entree.provider.keys, entree.provider.signer = [ec_key("eerste"), rsa_key("rsa")], rsa_key("rsa")
    entree.provider.algorithm = algorithm
    assert is_in(entree.browser_of("school"))


def test_an_algorithm_that_the_provider_does_not_use(entree: ProviderPortal, caplog: pytest.LogCaptureFixture) -> None:
    """A token by another algorithm than those that it names is not of this provider."""
    entree.provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256"]}
    assert refused(entree, caplog) == ProviderFault.TOKEN


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "oct", "k": "AAAA", "kid": "eerste"}],
        [{"kty": "EC", "kid": "eerste"}],
        [{"kty": "RSA", "kid": "eerste", "n": "AQAB", "e": "AQAB"}],
        [7, None, {"kty": CANARY}],
        [{**ec_key("eerste").as_dict(private=False), "use": "enc"}],
    ],
    ids=["none", "symmetric", "without a point", "small", "no keys", "to encrypt"],
)
def test_keys_that_sign_nothing(entree: ProviderPortal, caplog: pytest.LogCaptureFixture, keys: object) -> None:
    """No symmetric key, no broken one, no short one, and none for encryption counts."""
    entree.provider.answers["/jwks"] = lambda: json_answer({"keys": keys})
    assert refused(entree, caplog) == ProviderFault.NO_KEY


def test_a_provider_changes_its_keys(entree: ProviderPortal, caplog: pytest.LogCaptureFixture) -> None:
    """A login with a new key asks for the keys anew, once; a key that was withdrawn counts an hour at most."""
    caplog.set_level(logging.INFO)
    provider = entree.provider
    assert is_in(entree.browser_of("school"))
    assert provider.asked.count("/jwks") == 1
    entree.portal.clock.advance(minutes=2)
    provider.keys, provider.signer = [ec_key("eerste"), ec_key("tweede")], ec_key("tweede")
    assert is_in(entree.log_in()[0])
    assert provider.asked.count("/jwks") == 2
    provider.signer = ec_key("derde")
    for _ in range(3):
        assert not is_in(entree.log_in()[0]), "it is not published, and nobody asks again within a minute"
    assert provider.asked.count("/jwks") == 2
    assert set(reasons(caplog)) == {ProviderFault.NO_KEY}
    entree.portal.clock.advance(minutes=1, seconds=1)
    assert not is_in(entree.log_in()[0])
    assert provider.asked.count("/jwks") == 3
    provider.signer, provider.keys = ec_key("eerste"), [ec_key("tweede")]
    assert is_in(entree.log_in()[0])
    entree.portal.clock.advance(hours=1, seconds=1)
    assert not is_in(entree.log_in()[0])


def test_unknown_keys_from_anybody(entree: ProviderPortal) -> None:
    """Somebody who sends logout tokens of keys that nobody has makes us ask the provider once a minute."""
    entree.provider.signer = ec_key("van-een-ander")
    token = entree.provider.logout_token()
    for _ in range(5):
        assert entree.browser().post(f"{EXTERN}/afmelden", {"logout_token": token}).status == 400
    assert entree.provider.asked.count("/jwks") == 1


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"issuer": f"https://{CANARY}.example"}, ProviderFault.ISSUER),
        ({"issuer": None}, ProviderFault.ISSUER),
        ({"authorization_endpoint": f"http://{CANARY}.example/"}, ProviderFault.ADDRESS),
        ({"authorization_endpoint": f"javascript:{CANARY}"}, ProviderFault.ADDRESS),
        ({"authorization_endpoint": f"https://a:b@{CANARY}.example/"}, ProviderFault.ADDRESS),
        ({"authorization_endpoint": f"https://{CANARY}.example/\r\nX: y"}, ProviderFault.ADDRESS),
        ({"authorization_endpoint": None}, ProviderFault.ANSWER),
        ({"authorization_endpoint": [CANARY]}, ProviderFault.ANSWER),
        ({"end_session_endpoint": f"data:text/html,{CANARY}"}, ProviderFault.ADDRESS),
        ({"token_endpoint": f"http://{CANARY}.example/token"}, ProviderFault.ADDRESS),
        ({"token_endpoint": "file:///etc/passwd"}, ProviderFault.ADDRESS),
        ({"jwks_uri": None}, ProviderFault.ANSWER),
        ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, ProviderFault.ANSWER),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, ProviderFault.ANSWER),
        ({"token_endpoint_auth_methods_supported": CANARY}, ProviderFault.ANSWER),
    ],
    ids=str,
)
def test_metadata_that_cannot_be_used(
    entree: ProviderPortal, caplog: pytest.LogCaptureFixture, metadata: dict[str, Any], reason: ProviderFault
) -> None:
    """A provider that names another issuer, or an address that no browser and no secret should go to, is not used."""
    entree.provider.metadata = metadata
    assert refused(entree, caplog) == reason


def test_an_endpoint_on_this_network(entree: ProviderPortal, caplog: pytest.LogCaptureFixture) -> None:
    """A provider cannot make us call another machine of a private network than its own."""
    entree.provider.metadata = {"token_endpoint": f"{entree.provider.issuer.replace('127.0.0.1', 'localhost')}/token"}
    assert refused(entree, caplog, NO_ANSWER) == ProviderFault.AWAY
    assert not entree.provider.sent, "it would have answered"


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token"])
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((500, {}, CANARY.encode()), NO_ANSWER),
        ((503, {"Retry-After": CANARY}, b""), NO_ANSWER),
        ((404, {}, CANARY.encode()), NOT_RIGHT),
        ((302, {"Location": f"https://{CANARY}.example/"}, b""), NOT_RIGHT),
        ((200, {}, CANARY.encode()), NOT_RIGHT),
        ((200, {}, b""), NOT_RIGHT),
        ((200, {}, b"[1, 2]"), NOT_RIGHT),
        ((200, {}, b"[" * 100_000), NOT_RIGHT),
        ((200, {}, b'{"a": "' + b"x" * calls.MAX_OCTETS + b'"}'), NO_ANSWER),
        ((200, {"Content-Length": "70"}, b'{"issuer": '), NO_ANSWER),
        ((200, {"Content-Encoding": "gzip"}, b"geen gzip"), NO_ANSWER),
    ],
    ids=lambda value: str(value)[:40],
)
def test_odd_answers(
    entree: ProviderPortal,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    answer: Answer,
    sentence: str,
) -> None:
    """Errors, redirects, huge and broken answers: nothing is followed, and nothing of it is shown."""
    monkeypatch.setattr(calls, "SECONDS", 0.3 if "Content-Length" in answer[1] else 5.0)
    entree.provider.answers[path] = lambda: answer
    assert refused(entree, caplog, sentence) in {ProviderFault.AWAY, ProviderFault.ANSWER}
    assert not [one for one in entree.provider.asked if CANARY in one]


@pytest.mark.parametrize(
    ("error", "reason"), [("invalid_grant", ProviderFault.REFUSED), ("invalid_client", ProviderFault.CLIENT)]
)
def test_an_error_of_the_token_endpoint(
    entree: ProviderPortal, caplog: pytest.LogCaptureFixture, error: str, reason: ProviderFault
) -> None:
    """Its words go nowhere; that our secret is wrong stands in the log in ours."""
    said = {"error": error, "error_description": f'<script>"{CANARY}'}
    entree.provider.answers["/token"] = lambda: json_answer(said, 400)
    assert refused(entree, caplog) in {reason, ProviderFault.ANSWER}
    entree.provider.answers["/token"] = lambda: json_answer({"error": error}, 400)
    caplog.clear()
    entree.log_in()
    assert reasons(caplog) == [reason]


@pytest.mark.parametrize("error", ["access_denied", f"<script>{CANARY}", ""])
def test_an_error_in_the_browser(entree: ProviderPortal, error: str) -> None:
    """Somebody who did not log in there reads so; the words of the provider are not on the page."""
    browser = entree.browser()
    back = entree.provider.way_back(browser.get(EXTERN), error=error, error_description=CANARY)
    text = told(browser, browser.get(back))
    assert NOT_IN in text
    assert CANARY not in text
    assert not entree.provider.sent


def test_the_issuer_in_the_answer(entree: ProviderPortal, caplog: pytest.LogCaptureFixture) -> None:
    """An answer of another issuer is refused before its code goes anywhere, and so is one that names none."""
    caplog.set_level(logging.INFO)
    entree.provider.metadata = {"authorization_response_iss_parameter_supported": True}
    entree.bind("school")
    for query in ({}, {"iss": f"https://{CANARY}.example"}, {"iss": ""}):
        assert not is_in(entree.log_in(**query)[0])
    assert not entree.provider.sent
    assert set(reasons(caplog)) == {ProviderFault.ISSUER}
    assert is_in(entree.log_in(iss=entree.provider.issuer)[0])


def test_another_state(entree: ProviderPortal) -> None:
    """An answer with another state is not of this browser; the walk is over with it."""
    entree.bind("school")
    browser = entree.browser()
    back = entree.provider.way_back(browser.get(EXTERN))
    assert "duurde te lang" in told(browser, browser.get(back.replace("state=", "state=x")))
    assert "duurde te lang" in told(browser, browser.get(back))
    assert "duurde te lang" in told(browser, browser.get(f"{EXTERN}/terug"))
    assert not entree.provider.sent


def test_few_calls_at_once(
    entree: ProviderPortal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all places are taken, the next one is sent back at once and not kept waiting in its thread."""
    provider = entree.portal.app.mounts[PREFIX].extensions["uwlr"].provider  # type: ignore[attr-defined] # a Flask
    places = provider._calls._places  # noqa: SLF001 - as above
    for _ in range(calls.AT_ONCE):
        assert places.acquire(blocking=False)
    assert refused(entree, caplog, NO_ANSWER) == ProviderFault.BUSY


def test_a_provider_is_away(
    entree: ProviderPortal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never answers is given up in time, and one that comes back is used at once."""
    monkeypatch.setattr(calls, "SECONDS", 0.2)
    entree.provider.answers[DISCOVERY] = lambda: (200, {"Content-Length": "9"}, b"{")
    assert refused(entree, caplog, NO_ANSWER) == ProviderFault.AWAY
    del entree.provider.answers[DISCOVERY]
    monkeypatch.setattr(calls, "SECONDS", 5.0)
    assert is_in(entree.log_in()[0])


def test_schools_that_are_not_here(narrowing: ProviderPortal, caplog: pytest.LogCaptureFixture) -> None:
    """They are counted in the log, without their names."""
    caplog.set_level(logging.INFO)
    narrowing.provider.claims = {VESTIGINGEN: ["21QW00", "99XX99", "88YY", CANARY]}
    assert is_in(narrowing.browser_of("school"))
    facts = [getattr(record, "facts", {}) for record in caplog.records if "not here" in record.getMessage()]
    assert facts == [{"count": 2}]
    assert "99XX" not in caplog.text


def test_a_secret_in_the_body(entree: ProviderPortal) -> None:
    """A provider that takes the secret in the form only gets it there."""
    entree.provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert is_in(entree.browser_of("school"))
    assert entree.provider.sent[0]["client_secret"] == SECRET


def test_two_users_of_one_account(entree: ProviderPortal) -> None:
    """A `sub` of another letter case is another account."""
    entree.bind("school")
    entree.provider.subject = SUBJECT.upper()
    assert entree.log_in()[1].status == 403


def test_the_own_login_needs_no_provider(entree: ProviderPortal) -> None:
    """The page of the own login asks the provider nothing."""
    browser = Browser(entree.portal.app)
    browser.get(LOGIN)
    assert browser.login("school").status == 303
    browser.get("/koppelingen/account")
    assert entree.provider.asked == []
