"""`uwlr-adapter gebruiker oidc-check`: whether the provider at which people log in can be reached, and agrees."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.oidc.errors import ProviderError, ProviderSettingsError
from uwlr_adapter.oidc.provider_settings import ProviderSettings
from uwlr_adapter.portal.paths import BACK_CHANNEL, CALLBACK, SIGNED_OUT

if TYPE_CHECKING:
    from uwlr_adapter.oidc.provider import Provider


@click.command("oidc-check")
@click.pass_obj
def oidc_check(context: Context) -> None:
    """Ask the provider of OpenID Connect whether people can log in there, and print the addresses to register.

    It asks for the metadata and the keys, and shows the provider our secret with a code that never was. Nobody logs in,
    and nothing is stored.

    Example:  uwlr-adapter gebruiker oidc-check
    """
    from uwlr_adapter.oidc.provider import Provider  # noqa: PLC0415 - authlib, for this command only

    try:
        settings = ProviderSettings.of(context.settings)
    except ProviderSettingsError as error:
        raise click.ClickException(str(error)) from None
    if settings is None:
        raise click.ClickException("there is no provider: set UWLR_OIDC_ISSUER and what goes with it")
    base_url = context.settings.base_url
    context.console.print("Addresses to register at the provider:")
    registered = {"redirect URI": CALLBACK, "post-logout redirect URI": SIGNED_OUT, "back-channel logout": BACK_CHANNEL}
    for what, path in registered.items():
        context.console.print(f"  {what}: {escape(base_url)}{path}")
    try:
        for line in _findings(Provider(settings, context.clock), f"{base_url}{CALLBACK}"):
            context.console.print(line)
    except ProviderError as error:
        raise click.ClickException(f"{error}.") from None


def _findings(provider: "Provider", redirect_uri: str) -> Iterator[str]:
    """Yield a line for each thing that is right, or worth knowing. Raises ProviderError or ClickException."""
    metadata = provider.metadata()
    yield "Right: the provider answers, and is the issuer of the setting"
    yield f"Right: {len(list(provider.keys()))} key(s) for signatures, by {', '.join(metadata.algorithms)}"
    if not provider.knows_us(redirect_uri):
        raise click.ClickException("the provider does not know this client or its secret")
    yield "Right: the provider takes the client and its secret"
    if not metadata.has_pkce:
        yield "Note: the provider does not say that it checks PKCE (S256); it is sent nevertheless"
    if metadata.end_session_endpoint is None:
        yield "Note: the provider has no address to log out at; people log out here alone"
    if not metadata.has_back_channel:
        yield "Note: the provider does not say that it ends sessions here (back-channel logout)"
