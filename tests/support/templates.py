"""Templates and addresses of the portal, compiled once for all applications of a process: each test opens one."""

from collections.abc import Callable
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from uwlr_adapter.portal.app import Portal


class CompiledTemplates(BytecodeCache):
    """Bytecode of templates in memory; a template with another source is compiled anew, as jinja2 sees to."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what was kept for its template."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a template was compiled to."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


class SharedRule(Rule):
    """A rule of addresses; the function that writes an address of it is compiled once for each text of a rule."""

    _made: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}  # noqa: RUF012 - shared on purpose

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 - as werkzeug has it
        kinds = tuple((name, type(converter)) for name, converter in self._converters.items())
        key = (self.rule, self.host, self.subdomain, repr(self.defaults), kinds, append_unknown)
        if key not in self._made:
            self._made[key] = super()._compile_builder(append_unknown)
        return self._made[key]


def share_templates() -> None:
    """Let every portal that this process opens share what it compiles."""
    Portal.jinja_options = {**Portal.jinja_options, "bytecode_cache": CompiledTemplates()}
    Portal.url_rule_class = SharedRule
