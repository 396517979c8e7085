"""The one client for HTTP: whatever this package calls, it calls through `send`.

What the other side sends is not trusted. No redirect is followed, no proxy, password or cookie is taken from the
environment, and the certificate is verified. An address is looked up once and judged before it is connected to, so that
a name cannot lead elsewhere afterwards. The bytes are bounded on the wire and after decompression, and the whole call
is bounded in time, the look-up included.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from uwlr_adapter.errors import UwlrAdapterError

MAX_OCTETS = 16 * 1024 * 1024
"""Bytes of a body, on the wire and after decompression (inclusive): five times the largest school in the country."""
SECONDS = 60.0
"""Seconds for a whole call: twice the shortest timeout seen in clients."""
_PIECE = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}
_IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutboundError(UwlrAdapterError):
    """No whole response came. The text is one sentence with the cause; it names the host and nothing that was sent."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a caller asks for beside a public address over TLS."""

    private: bool = False
    """Call this machine and addresses that are not public; else they are refused, since a URL may lead anywhere."""
    plain: bool = False
    """Send without TLS to another machine; else http:// is for this machine only, since a key goes along."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, whatever its status; `content` is decompressed, `headers` are as they were sent."""

    status: int
    content: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False, compare=False)

    def header(self, name: str) -> str:
        """Return the value of a header, whatever the case of its name; empty when there is none."""
        return next((value for own, value in self.headers if own.lower() == name.lower()), "")


def send(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    permissions: Permissions = Permissions(),
    seconds: float = SECONDS,
    max_octets: int = MAX_OCTETS,
) -> Reply:
    """Send a request and return the response, within so many seconds and bytes of body. Raises OutboundError."""
    every = {"Accept-Encoding": "gzip", **(headers or {})}
    call = _Call(method, parse_url(url), body, every, permissions, seconds, max_octets)
    worker = threading.Thread(target=call.run, daemon=True)  # a look-up cannot be broken off, only left behind
    worker.start()
    worker.join(seconds)
    if call.found is None:
        call.abort()
        raise OutboundError(f"{call.place} gave no whole answer within {seconds:g} s")
    if isinstance(call.found, OutboundError):
        raise call.found
    return call.found


class _Call:
    """One call in a thread of its own; `found` is its result, None as long as there is none."""

    def __init__(
        self,
        method: str,
        url: SplitResult,
        body: bytes | None,
        headers: Mapping[str, str],
        permissions: Permissions,
        seconds: float,
        max_octets: int,
    ) -> None:
        self.found: Reply | OutboundError | None = None
        host = url.hostname or ""
        self.place = f"{f'[{host}]' if ':' in host else host}:{_port_of(url)}"
        self._method, self._url, self._body, self._headers = method, url, body, headers
        self._permissions, self._seconds, self._max_octets = permissions, seconds, max_octets
        self._socket: socket.socket | None = None
        self._is_aborted = False
        self._lock = threading.Lock()

    def run(self) -> None:
        """Make the call."""
        try:
            self.found = self._exchange()
        except OutboundError as error:
            self.found = error
        except Exception as error:  # noqa: BLE001 - OSError, HTTPException, ValueError: whatever the answer brings about
            self.found = OutboundError(_sentence(error, self.place))
        finally:
            self.abort()

    def abort(self) -> None:
        """Close the connection, so that whatever waits for it ends; after this no byte is sent."""
        with self._lock:
            self._is_aborted = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it may not be connected
                    # That of SSLSocket takes the encryption off first, and another thread may be sending.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
                self._socket.close()

    def _use(self, opened: socket.socket) -> None:
        """Make a socket the one that `abort` closes. Raises OutboundError, and closes it, after an abort."""
        with self._lock:
            self._socket = opened
            if self._is_aborted:
                opened.close()
                raise OutboundError(f"the call of {self.place} was given up")

    def _exchange(self) -> Reply:
        url = self._url
        connection = http.client.HTTPConnection(url.hostname or "", _port_of(url))
        connection.default_port = _PORTS[url.scheme]  # else the Host of an https URL gets `:443`
        connection.sock = self._secured(self._connected())
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        with contextlib.closing(connection):
            connection.request(self._method, target, self._body, dict(self._headers))
            with connection.getresponse() as response:
                content = b"".join(self._pieces(response))
                if response.length:  # http.client does not say so of a read in pieces
                    raise OutboundError(f"the answer of {self.place} breaks off")
                return Reply(response.status, content, tuple(response.getheaders()))

    def _connected(self) -> socket.socket:
        """Return a socket to the first allowed address that answers. Raises OutboundError or OSError."""
        try:
            found = socket.getaddrinfo(self._url.hostname, _port_of(self._url), type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError):
            raise OutboundError(f"no address is found for the name {self._url.hostname}") from None
        allowed = [one for one in found if self._is_allowed(str(one[4][0]))]
        if not allowed:
            self._refuse(str(found[0][4][0]))
        for number, (family, kind, protocol, _, address) in enumerate(allowed, start=1):
            connected = socket.socket(family, kind, protocol)
            self._use(connected)
            connected.settimeout(self._seconds)
            try:
                connected.connect(address)
            except OSError:
                connected.close()
                if self._is_aborted or number == len(allowed):
                    raise
            else:
                return connected
        raise OutboundError(f"{self.place} has no address")

    def _secured(self, connected: socket.socket) -> socket.socket:
        """Return the socket with TLS over it, for https. Raises OSError."""
        if self._url.scheme == "http":
            return connected
        context = ssl.create_default_context()
        # The handshake comes when `abort` can find the socket.
        secured = context.wrap_socket(connected, server_hostname=self._url.hostname, do_handshake_on_connect=False)
        self._use(secured)
        try:
            secured.do_handshake()
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            reason = error.reason or type(error).__name__
            raise OutboundError(
                f"{self.place} makes no TLS connection ({reason}): its port may be one for http"
            ) from None
        return secured

    def _is_allowed(self, text: str) -> bool:
        address = _address(text)
        is_plain = self._url.scheme == "http" and not _is_loopback(text)
        return (self._permissions.private or not _is_private(address)) and (self._permissions.plain or not is_plain)

    def _refuse(self, text: str) -> None:
        """Raise OutboundError for a host without an allowed address."""
        if not self._permissions.private and _is_private(_address(text)):
            raise OutboundError(
                f"{self.place} is on this machine or a private network: allow that with --allow-private "
                "(in Python allow_private=True)"
            )
        raise OutboundError(
            f"{self.place} would get the key without encryption: use https://, or allow http:// with --allow-http "
            "(in Python allow_http=True)"
        )

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """Yield the body, decompressed. Raises OutboundError over a limit, for another coding, or when it is cut."""
        coding = response.getheader("Content-Encoding", "identity").strip().lower()
        if coding not in {"identity", "gzip"}:
            raise OutboundError(f"{self.place} sends a Content-Encoding that was not asked for")
        unpacker = _Gunzip() if coding == "gzip" else None
        received = unpacked = 0
        while piece := response.read1(_PIECE):
            received += len(piece)
            if unpacker is not None:
                piece = unpacker.decompress(piece, self._max_octets + 1 - unpacked)
            unpacked += len(piece)
            if max(received, unpacked) > self._max_octets:
                raise OutboundError(f"the answer of {self.place} is larger than {_size(self._max_octets)}")
            yield piece
        if unpacker is not None and not unpacker.is_whole:
            raise OutboundError(f"the answer of {self.place} breaks off")


class _Gunzip:
    """Decompresses a stream of one or more gzip members (RFC 1952, 2.2) piece by piece."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    @property
    def is_whole(self) -> bool:
        """Whether the last member has ended."""
        return self._member.eof

    def decompress(self, piece: bytes, limit: int) -> bytes:
        """Return what a piece holds, at most so many bytes (1 or more); the rest of it is lost. Raises zlib.error."""
        parts: list[bytes] = []
        while piece and limit:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            parts.append(self._member.decompress(piece, limit))
            limit -= len(parts[-1])
            piece = self._member.unused_data
        return b"".join(parts)


def _size(octets: int) -> str:
    """Return a number of bytes in the largest unit of which it is a whole number."""
    mebi, rest = divmod(octets, 1024**2)
    return f"{octets // 1024} KiB" if rest else f"{mebi} MiB"


def _sentence(error: Exception, place: str) -> str:
    """Return what an error of a call means; no text of the server is in it."""
    name = type(error).__name__
    match error:
        case ssl.SSLCertVerificationError():
            return f"the certificate of {place} is not valid ({error.verify_message})"
        case zlib.error():
            return f"the answer of {place} is not gzip, as it says"
        case http.client.RemoteDisconnected():
            return f"{place} closed the connection without an answer"
        case http.client.IncompleteRead():
            return f"the answer of {place} breaks off, or its chunks are not HTTP"
        case http.client.HTTPException():
            return f"the answer of {place} is not HTTP ({name})"
        case _:
            return f"{place} does not answer ({name})"


def parse_url(url: str) -> SplitResult:
    """Return the parts of a URL. Raises OutboundError, without the URL: a password may stand in it."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in _PORTS and bool(parts.hostname) and _port_of(parts) > 0
    except ValueError:
        is_usable = False
    if not is_usable or not url.isascii() or not url.isprintable() or " " in url:
        raise OutboundError("the endpoint is no http:// or https:// URL")
    if parts.username is not None or parts.password is not None:
        raise OutboundError("the endpoint holds a user name or a password: leave it out")
    return parts


def _port_of(url: SplitResult) -> int:
    return _PORTS[url.scheme] if url.port is None else url.port


def _is_loopback(text: str) -> bool:
    """Whether what is sent to an address stays on this machine: a gateway of 6to4 or NAT64 is another one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _is_private(address: _IPAddress) -> bool:
    return not address.is_global or address.is_multicast


def _address(text: str) -> _IPAddress:
    """Return the address that an address of a socket leads to: IPv6 may have one of IPv4 inside."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
