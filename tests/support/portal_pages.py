"""Every page of the portal, in every state that looks different: who opens it, where, and what is done there."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, Response

from support.portal_school import LEEG, VOL, WACHTWOORD, Portaalhuis

BEGIN = "/koppelingen"
SCHOOL = f"{BEGIN}/{VOL}"
GEEN_KOPPELINGEN = f"{BEGIN}/21QW01"
SCHOOLBEHEERDER, BESTUUR, OPERATOR = "a.devries", "bestuur", "operator"
Stap = Callable[[Page], object]


@dataclass(frozen=True)
class Pagina:
    """One page: its name, its path (`{actief}` and so on are ids of koppelingen), who looks, and how it comes about."""

    naam: str
    pad: str
    login: str | None = SCHOOLBEHEERDER
    stap: Stap | None = None
    status: int = 200
    h1: str | None = None

    def path(self, context: Portaalhuis) -> str:
        """Give where it stands."""
        ids = {naam.replace(" ", "_"): str(id_) for naam, id_ in context.koppelingen.items()}
        return self.pad.format(link=context.link, **ids)


def _press(button: str, **fields: str) -> Stap:
    """Fill in fields by their name, and press a button."""

    def step(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"main [name={name}]").fill(value)
        with page.expect_navigation():
            page.locator("main").get_by_role("button", name=button, exact=True).click()

    return step


def _make_code(page: Page) -> None:
    """Let the page make a code; with script that is no round trip."""
    page.get_by_role("button", name="Maak een code").click()


def _second_step(*codes: str) -> Stap:
    """Log in as who has a second factor, and fill in these codes."""

    def step(page: Page) -> None:
        _press("Inloggen", login="streng", wachtwoord=WACHTWOORD)(page)
        for code in codes:
            _press("Inloggen", code=code)(page)

    return step


def _too_often(page: Page) -> None:
    """Guess until there is a wait."""
    for _ in range(12):  # each wait is twice the one before, so a slow machine gets there too
        _press("Inloggen", login="raden", wachtwoord="mis")(page)
        if page.get_by_text("te vaak").count():
            break


def _with_stale_token(page: Page) -> None:
    """Send a form whose token is of no session."""
    page.locator("main [name=csrf_token]").evaluate("field => { field.value = 'verouderd'; }")
    _press("Code wijzigen", verificatiecode="x")(page)


def _after_somebody_else(page: Page) -> None:
    """Confirm what somebody else has changed in the meantime."""
    page.locator("main [name=versie]").evaluate("field => { field.value = '0'; }")
    with page.expect_navigation():
        page.locator("main button").click()


def _expired(page: Page) -> None:
    """Send a form after the session has ended."""
    _press("Inloggen", login=SCHOOLBEHEERDER, wachtwoord=WACHTWOORD)(page)
    page.goto(f"{SCHOOL}/activeren/toetsplein")
    page.context.clear_cookies()
    _press("Gereed")(page)


PAGINAS = (
    Pagina("inloggen", f"{BEGIN}/inloggen", None),
    Pagina("inloggen-leeg", f"{BEGIN}/inloggen", None, _press("Inloggen"), 422),
    Pagina("inloggen-onjuist", f"{BEGIN}/inloggen", None, _press("Inloggen", login="wie", wachtwoord="mis"), 403),
    Pagina("inloggen-te-vaak", f"{BEGIN}/inloggen", None, _too_often, 429),
    Pagina("sessie-verlopen", f"{BEGIN}/inloggen", None, _expired, h1="Inloggen"),
    Pagina("tweede-stap", f"{BEGIN}/inloggen", None, _second_step(), h1="Inloggen, tweede stap"),
    Pagina("tweede-stap-onjuist", f"{BEGIN}/inloggen", None, _second_step("000"), 403, h1="Inloggen, tweede stap"),
    Pagina("tweede-factor", f"{BEGIN}/tweede-factor", "instellen", h1="Tweede stap instellen"),
    Pagina(
        "tweede-factor-onjuist", f"{BEGIN}/tweede-factor", "instellen", _press("Tweede stap instellen", code="000"), 422
    ),
    Pagina("wachtwoord", f"{BEGIN}/wachtwoord/{{link}}", None, h1="Wachtwoord kiezen"),
    Pagina(
        "wachtwoord-te-kort",
        f"{BEGIN}/wachtwoord/{{link}}",
        None,
        _press("Wachtwoord instellen", wachtwoord="kort", nogmaals="korter"),
        422,
    ),
    Pagina("link-ongeldig", f"{BEGIN}/wachtwoord/bestaat-niet", None, status=404),
    Pagina("vestigingen", f"{BEGIN}/", BESTUUR, h1="Kies een vestiging"),
    Pagina("overzicht", SCHOOL, h1="Koppelingenoverzicht"),
    Pagina("overzicht-zonder-koppelingen", GEEN_KOPPELINGEN, BESTUUR, h1="Koppelingenoverzicht"),
    Pagina("overzicht-nog-niet-begonnen", f"{BEGIN}/{LEEG}", "leeg", h1="Koppelingenoverzicht"),
    Pagina("activeren", f"{SCHOOL}/activeren/uwlr-4d", h1="Koppeling activeren"),
    Pagina("activeren-zonder-code", f"{SCHOOL}/activeren/toetsplein", h1="Koppeling activeren"),
    Pagina("activeren-gemaakt", f"{SCHOOL}/activeren/uwlr-4d", stap=_make_code),
    Pagina(
        "activeren-fouten",
        f"{SCHOOL}/activeren/uwlr-4d",
        SCHOOLBEHEERDER,
        _press("Gereed", naam="", startdatum="2001-01-01", verificatiecode="21QW01 kort"),
        422,
    ),
    Pagina("koppeling-actief", f"{SCHOOL}/koppeling/{{actief}}", h1="Snappet Actief"),
    Pagina("koppeling-gepauzeerd", f"{SCHOOL}/koppeling/{{gepauzeerd}}", h1="Basispoort Gepauzeerd"),
    Pagina("koppeling-beeindigd", f"{SCHOOL}/koppeling/{{beeindigd}}", h1="UWLR-4D Beëindigd"),
    Pagina("koppeling-zonder-code", f"{SCHOOL}/koppeling/{{nieuwe_voorwaarden}}", h1="Ouderportaal Basis Actief"),
    Pagina(
        "koppeling-foute-code",
        f"{SCHOOL}/koppeling/{{gepauzeerd}}",
        SCHOOLBEHEERDER,
        _press("Hervatten", verificatiecode="te kort"),
        422,
    ),
    Pagina("pauzeren", f"{SCHOOL}/koppeling/{{actief}}/pauzeren"),
    Pagina(
        "pauzeren-intussen-gewijzigd", f"{SCHOOL}/koppeling/{{actief}}/pauzeren", stap=_after_somebody_else, status=409
    ),
    Pagina("beeindigen", f"{SCHOOL}/koppeling/{{actief}}/beeindigen"),
    Pagina("akkoord", f"{SCHOOL}/koppeling/{{nieuwe_voorwaarden}}/akkoord"),
    Pagina(
        "akkoord-fouten",
        f"{SCHOOL}/koppeling/{{nieuwe_voorwaarden}}/akkoord",
        SCHOOLBEHEERDER,
        _press("Akkoord vastleggen", naam=""),
        422,
    ),
    Pagina("bevestiging", f"{SCHOOL}/koppeling/{{actief}}/bevestiging"),
    Pagina("delen", f"{SCHOOL}/koppeling/{{actief}}/delen"),
    Pagina("delen-zonder-leerlingen", f"{BEGIN}/{LEEG}/koppeling/{{zonder_leerlingen}}/delen", "leeg"),
    Pagina("journaal", f"{SCHOOL}/journaal"),
    Pagina("journaal-gefilterd", f"{SCHOOL}/journaal?koppeling=snappet&uitkomst=geweigerd"),
    Pagina("journaal-niets-gevonden", f"{SCHOOL}/journaal?van=2001-01-01&tot=2001-01-02"),
    Pagina("journaal-nog-leeg", f"{GEEN_KOPPELINGEN}/journaal", BESTUUR),
    Pagina("journaal-fout", f"{SCHOOL}/journaal?van=morgen"),
    Pagina("bestaat-niet", f"{SCHOOL}/bestaat-niet", status=404),
    Pagina("bestaat-niet-onbekend", f"{BEGIN}/bestaat/niet", None, status=404),
    Pagina("kan-hier-niet", f"{BEGIN}/uitloggen", status=405),
    Pagina("verouderd", f"{SCHOOL}/koppeling/{{actief}}", stap=_with_stale_token, status=400),
    Pagina("afnemers", f"{BEGIN}/beheer/afnemers", OPERATOR),
    Pagina("afnemers-fout", f"{BEGIN}/beheer/afnemers", OPERATOR, _press("Toevoegen", klantnaam="Snappet"), 422),
    Pagina("afnemer", f"{BEGIN}/beheer/afnemers/1", OPERATOR, h1="Snappet Ingeschakeld"),
    Pagina("afnemer-uitgeschakeld", f"{BEGIN}/beheer/afnemers/4", OPERATOR, h1="Gestopt Uitgeschakeld"),
    Pagina(
        "afnemer-fout", f"{BEGIN}/beheer/afnemers/2", OPERATOR, _press("Maak een nieuwe klantcode", overlap="999"), 422
    ),
    Pagina(
        "klantcode",
        f"{BEGIN}/beheer/afnemers/3",
        OPERATOR,
        _press("Maak een nieuwe klantcode", overlap="14"),
        200,
        "Klantcode van UWLR-4D",
    ),
)


def show(page: Page, pagina: Pagina, context: Portaalhuis) -> str:
    """Bring a page on the screen, check that it is the one that is meant, and give its HTML as it was sent."""
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        if answer.request.is_navigation_request():
            answers.append(answer)

    if pagina.login is None:
        page.context.clear_cookies()
    page.on("response", keep)
    page.goto(pagina.path(context))
    if pagina.stap is not None:
        pagina.stap(page)
    page.remove_listener("response", keep)
    assert answers[-1].status == pagina.status, pagina.naam
    if pagina.h1 is not None:
        assert page.locator("h1").inner_text() == pagina.h1
    return answers[-1].text()
