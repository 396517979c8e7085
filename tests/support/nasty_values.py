"""Text that a caller may send where a path, a number, a date or a name is expected."""

SPELLINGS = (
    "/metrics",
    "//metrics",
    "/./metrics",
    "/x/../metrics",
    "/%6detrics",
    "/%6Detrics",
    "/%256detrics",
    "/%25256detrics",
    "/%2fmetrics",
    "/%2e/metrics",
    "/x%2f..%2fmetrics",
    "/%2e%2e/metrics",
    "/metrics%00",
    "/metrics%ff",
    "/%ffmetrics",
    "/metrics%20",
    "/metrics%3f",
    "/metrics%23",
    "/metrics/",
    "/METRICS",
    "/metrics;x",
    "/metrics%0a",
    "/%5cmetrics",
    "/%u006detrics",
    "/%",
    "/%zz",
    "/%c0%afmetrics",
    "/koppelingen/..%2fmetrics",
    "/koppelingen/%2e%2e/metrics",
    "/koppelingen/%ff",
    "/koppelingen/%00",
    "/koppelingen/%e2%80%ae",
    "http://localhost/metrics",
    "/metrics#x",
)
"""Ways to write a path that a front door and a service could read differently."""


VALUES = (
    *(b"", b" ", b"0", b"-1", b"+1", b"1.5", b"1e400", b"NaN", b"-Infinity", b"0x10", b"1_000", b"1 OR 1=1"),
    *(b"2147483648", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"9" * 5_000),
    *("\u0661\u0662\u0663".encode(), "\uff11".encode(), "\u00b2".encode(), "\U0001d7d8".encode()),
    *(b"0001-01-01", b"9999-12-31", b"0000-00-00", b"10000-01-01", b"2026-02-30", b"2026-1-1", b"-001-01-01"),
    *(b"0000-0001", b"0001-0002", b"9998-9999", b"9999-10000", b"9999-0000", b"1899-1900"),
    *(b"01-01-0001", b"31-12-9999", b"2026-07-31T25:00:00", b"9999-12-31T23:59:59-14:00", b"0001-01-01T00:00:00+14:00"),
    *(b"\0", b"a\0b", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\x1b[2J", b"\x9b", b"\x7f"),
    *("\u202e".encode(), "\u200b".encode(), "\ufeff".encode(), "\u2028".encode(), "\U0001f600".encode(), b"\r\nX: y"),
    *(b"<script>", b"'", b'"', b"%", b"%00", b"%%", b"{{7*7}}", b"{0}", b"%s", b"../..", b"//x", b"\\", b"=1+1", b"\t"),
    *(b"a" * 60_000, b"a" * 100_000, "\u00e9".encode() * 10_000),
)
"""Values for a field, a part of a path or of a query, as bytes: numbers, dates and texts at and over every bound."""
