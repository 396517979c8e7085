"""The refusals of an act on or by a user."""

from typing import ClassVar

from uwlr_adapter.errors import RefusedError, SchoolRefusedError


class GebruikerError(RefusedError):
    """An act on a user is refused; `str()` is for the operator, in English, and holds no password or link."""


class InvalidLinkError(RefusedError):
    """The link to set a password is unknown, used or expired."""


class WeakPasswordError(RefusedError):
    """A new password breaks a rule; `str()` is the Dutch sentence for its owner."""


class ColleagueError(SchoolRefusedError):
    """An act on the access of a user is refused; nothing has changed."""

    text: ClassVar[str]
    """The Dutch sentence of the class."""

    def __init__(self) -> None:
        super().__init__(self.text, self.english)


class NoLongerAllowedError(ColleagueError):
    """Whoever acts lost the access or the role for it since the page was opened."""

    text = "U mag dit hier niet (meer): uw eigen toegang is zojuist gewijzigd. Er is niets gedaan."
    english = "the user who acts may not do so any more"


class NoColleagueError(ColleagueError):
    """The user has no access to this vestiging, or is none that a school manages."""

    text = "Deze collega heeft geen toegang (meer) tot deze school."
    english = "this user has no access to that vestiging"


class ColleagueChangedError(ColleagueError):
    """Somebody else acted on the user since the page was opened."""

    text = "Iemand anders heeft dit account zojuist gewijzigd. Er is nu niets gedaan; kijk eerst hoe het nu is."
    english = "somebody else changed this user meanwhile"


class LastSchoolbeheerderError(ColleagueError):
    """The vestiging would have no schoolbeheerder left."""

    text = (
        "Dit is de enige schoolbeheerder van deze school. Maak eerst een collega schoolbeheerder; daarna kan dit wel. "
        "Uw bestuur of de beheerder van de koppelingen kan het ook."
    )
    english = "the vestiging would have no schoolbeheerder left: make somebody else schoolbeheerder first"


class OwnAccountError(ColleagueError):
    """A user cannot do this to the own account."""

    text = "Voor uw eigen account kan dit niet: vraag het een ander."
    english = "nobody can do this to the own account"


class AlsoElsewhereError(ColleagueError):
    """The user has access to vestigingen for which whoever acts does not."""

    text = "Dit account kan alleen de beheerder van de koppelingen opnieuw instellen. Er is niets gewijzigd."
    english = "this user has access to other vestigingen as well: only an operator can reset it"


class DisabledAccountError(ColleagueError):
    """The account of the user is disabled."""

    text = "Dit account is door de beheerder van de koppelingen geblokkeerd. Er is niets gewijzigd."
    english = "this user is disabled: enable it first"


class AlreadyColleagueError(ColleagueError):
    """The login has access to the vestiging already."""

    text = "Deze gebruikersnaam heeft al toegang tot deze school."
    english = "this user has access to that vestiging already"


class AlreadyInvitedError(ColleagueError):
    """There is an open invitation for the login."""

    text = "Er loopt al een uitnodiging voor deze gebruikersnaam. Maak er hierboven een nieuwe link voor."
    english = "there is an open invitation for this login already"


class TooManyInvitationsError(ColleagueError):
    """There are as many open invitations as a vestiging may have."""

    text = "Er lopen al heel veel uitnodigingen. Trek eerst een uitnodiging in."
    english = "the vestiging has as many open invitations as it may have"


class NoInvitationError(ColleagueError):
    """The invitation was accepted, declined or withdrawn, or has ended."""

    text = "Deze uitnodiging is er niet meer: aangenomen, ingetrokken of verlopen."
    english = "the invitation was accepted, declined or withdrawn, or has ended"


class LoginTakenError(ColleagueError):
    """There is an account with the login of an invitation, whose owner has to log in to accept it."""

    text = "Er is al een account met deze gebruikersnaam. Log daarmee in; daarna neemt u de uitnodiging hier aan."
    english = "there is an account with this login: its owner accepts the invitation after logging in"


class ProviderTakenError(ColleagueError):
    """The account at the provider is bound to another user."""

    text = "Dat account bij de inlogdienst hoort al bij een andere gebruiker. Er is niets gewijzigd."
    english = "the account at the provider is bound to another user"


class OtherKindOfAccountError(ColleagueError):
    """The account is one of a bestuur, an operator or an afnemer, which a school gives no access to."""

    text = "Met dit account kunt u geen uitnodiging van een school aannemen. Vraag de beheerder van de koppelingen."
    english = "an account of a bestuur or an operator accepts no invitation of a school"


class OfAfnemerError(ColleagueError):
    """The account is one of an afnemer, which has no vestiging."""

    text = "Dit account is van een leverancier en krijgt geen toegang tot een school. Er is niets gewijzigd."
    english = "this user is of an afnemer, and has no vestiging"


class NoVestigingError(ColleagueError):
    """There is no such vestiging."""

    text = "Een van deze vestigingen bestaat niet. Er is niets gewijzigd."
    english = "one of these vestigingen does not exist"


class SeesAllError(ColleagueError):
    """The user is a schoolbeheerder of the vestiging, who sees every groep."""

    text = "Dit is een schoolbeheerder van deze school, die de resultaten van elke groep al ziet."
    english = "this user is a schoolbeheerder there, and sees every groep"


class AlreadyLeerkrachtError(ColleagueError):
    """The login has access to groepen of the vestiging in that schooljaar already."""

    text = "Deze gebruikersnaam heeft voor dit schooljaar al toegang tot groepen. Wijzig die bij Leerkrachten."
    english = "this user has access to groepen of that schooljaar already"


class NoGroepError(ColleagueError):
    """A groep is none of the schooljaar, or no longer."""

    text = "Een van deze groepen is er niet (meer). Er is niets gewijzigd; kies opnieuw."
    english = "one of these groepen does not exist in that schooljaar"
