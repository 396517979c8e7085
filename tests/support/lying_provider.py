"""A provider of OpenID Connect that says and signs what a test wants: in a thread, on loopback.

Left alone it is an honest one. What a test changes: `claims` and `head` of the next ID token, `signer`, `keys`, the
`metadata`, or the whole answer at a path.
"""

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from support.portal_browser import Browser, Page
from uwlr_adapter.clock import Clock

CLIENT_ID, SECRET = "koppelingen & meer", "geheim:+van %de koppelingen"
SUBJECT = "b7f2c3d4-entree"
CALLBACK = "/koppelingen/inloggen/extern/terug"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
Answer = tuple[int, Mapping[str, str], bytes]


@cache
def ec_key(kid: str) -> ECKey:
    """Return a key pair on a curve, one for each name."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}, private=True)


@cache
def rsa_key(kid: str, bits: int = 2048) -> RSAKey:
    """Return an RSA key pair, one for each name."""
    return RSAKey.generate_key(bits, {"kid": kid, "use": "sig"}, private=True)


@dataclass
class LyingProvider:
    """The provider; `asked` are the paths that were asked for, `sent` the forms that the token endpoint got."""

    issuer: str
    clock: Clock
    subject: str = SUBJECT
    nonce: str = ""
    code: str = "een-code"
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims beside, or instead of, the honest ones; None leaves one out."""
    head: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signer: Key = field(default_factory=lambda: ec_key("eerste"))
    algorithm: str = "ES256"
    keys: list[Key] = field(default_factory=lambda: [ec_key("eerste")])
    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    """An answer of a test's own, by path."""
    token_answer: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)

    def id_token(self) -> str:
        """Return the next ID token."""
        now = int(self.clock().timestamp())
        honest = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        return self.sign({**honest, "nonce": self.nonce, **self.claims})

    def logout_token(self, **claims: object) -> str:
        """Return a logout token."""
        now = int(self.clock().timestamp())
        honest = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": "1"}
        return self.sign({**honest, "events": {LOGOUT_EVENT: {}}, **claims}, typ="logout+jwt")

    def sign(self, claims: Mapping[str, object], typ: str = "JWT") -> str:
        """Sign claims; those that are None are left out."""
        head = {"alg": self.algorithm, "kid": self.signer.kid, "typ": typ, **self.head}
        stated = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(
            {name: value for name, value in head.items() if value is not None},
            stated,
            self.signer,
            algorithms=[self.algorithm],
        )

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return what is answered at a path."""
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]()
        if path == "/.well-known/openid-configuration":
            return _json(self._metadata())
        if path == "/jwks":
            return _json({"keys": [key.as_dict(private=False) for key in self.keys]})
        if path == "/userinfo":
            is_ours = headers.get("Authorization") == "Bearer een-toegangssleutel"
            return _json({"sub": self.subject, **self.userinfo}) if is_ours else (401, {}, b"")
        if path == "/token":
            return self._token(headers, body)
        return 404, {}, b""

    def _metadata(self) -> dict[str, Any]:
        paths = ("authorization", "token", "userinfo", "end_session")
        honest = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in paths}
        whole = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **honest, **self.metadata}
        return {name: value for name, value in whole.items() if value is not None}

    def _token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        basic = headers.get("Authorization", "").removeprefix("Basic ")
        shown = [unquote_plus(part) for part in b64decode(basic).decode().split(":")]
        shown = shown if basic else [form.get("client_id", ""), form.get("client_secret", "")]
        self.sent.append(form)
        if shown != [CLIENT_ID, SECRET]:
            return _json({"error": "invalid_client"}, 401)
        if form.get("code") != self.code:
            return _json({"error": "invalid_grant"}, 400)
        tokens = {"access_token": "een-toegangssleutel", "token_type": "Bearer", "id_token": self.id_token()}
        return _json({**tokens, **self.token_answer})

    def walk(self, browser: Browser, start: str = "/koppelingen/inloggen/extern", **query: str) -> Page:
        """Go to the provider and come back with a code; return the page at which the browser comes back."""
        left = browser.get(start)
        assert left.status == 303, left.body
        return browser.get(self.way_back(left, **query))

    def way_back(self, left: Page, **query: str) -> str:
        """Return the path by which a browser comes back that was sent here; remember the nonce that it brought."""
        assert (left.location or "").startswith(f"{self.issuer}/authorization?"), left.location
        asked = {name: values[0] for name, values in parse_qs(urlsplit(left.location or "").query).items()}
        self.nonce = asked["nonce"]
        return f"{CALLBACK}?{urlencode({'code': self.code, 'state': asked['state'], **query})}"


def symmetric(key: bytes) -> OctKey:
    """Return a key for HS256, made of whatever is published."""
    return OctKey.import_key(key)


def _json(value: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def lying(clock: Clock) -> Iterator[LyingProvider]:
    """Serve a provider until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = provider.answer(urlsplit(self.path).path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - the names of http.server

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = LyingProvider(f"http://127.0.0.1:{server.server_port}", clock)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
