"""Why a login at the provider fails, in words of ours: no text of the provider reaches a log or a page."""

from enum import StrEnum

from uwlr_adapter.errors import UnusableError, UwlrAdapterError


class ProviderFault(StrEnum):
    """The cause of a failed login at the provider, as the log has it."""

    AWAY = "the provider does not answer"
    BUSY = "too many calls of the provider at once"
    ANSWER = "the provider answers with something else than JSON of the right form"
    ISSUER = "the provider says that it is another issuer"
    ADDRESS = "the provider names an address that is not https"
    NO_KEY = "the provider has no key that fits"
    REFUSED = "the provider answers with an error"
    CLIENT = "the provider does not know this client or its secret"
    TOKEN = "the token is not valid"  # noqa: S105 - a sentence
    EXPIRED = "the token is expired, or of a later moment: compare the clocks"
    NONCE = "the token is of another login"
    CLAIMS = "the claims of the provider have another form"


_NOT_THERE = frozenset({ProviderFault.AWAY, ProviderFault.BUSY})


class ProviderError(UwlrAdapterError):
    """A login at the provider, or its end, came to nothing; `fault` says why."""

    def __init__(self, fault: ProviderFault) -> None:
        super().__init__(str(fault))
        self.fault = fault

    @property
    def is_away(self) -> bool:
        """Whether another try may go well without a change."""
        return self.fault in _NOT_THERE


class ProviderSettingsError(UnusableError):
    """The settings of the provider cannot be used; the text says why, and holds no secret."""
