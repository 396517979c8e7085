"""The fields of the settings, looked into once: pydantic-settings does it anew for each `Settings`."""

from functools import wraps
from typing import Any

from pydantic_settings.sources import EnvSettingsSource


def share_fields() -> None:
    """Let every `Settings` that this process makes share what is said of its fields, which is a third of its making."""
    for name in ("_extract_field_info", "_field_is_complex"):
        setattr(EnvSettingsSource, name, _keeping(getattr(EnvSettingsSource, name)))


def _keeping(ask: Any) -> Any:
    """Return a method of a source that is called once for each field; fields live as long as the classes do."""
    found: dict[tuple[Any, ...], Any] = {}

    @wraps(ask)
    def kept(self: Any, field: Any, *name: str) -> Any:
        key = (self.settings_cls, type(self), id(field), *name)
        if key not in found:
            found[key] = field, ask(self, field, *name)  # with the field, whose id no other one gets then
        return found[key][1]

    return kept
