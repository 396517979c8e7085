"""Every page of the portal, in every state that looks different: its login, its path, and the step to it."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from playwright.sync_api import Page, Response

from support.portal_school import EMPTY, FULL, PASSWORD, PortalSchool

BEGIN = "/koppelingen"
SCHOOL = f"{BEGIN}/{FULL}"
WITHOUT_KOPPELINGEN = f"{BEGIN}/21QW01"
SCHOOLBEHEERDER, BESTUUR, OPERATOR = "a.devries", "bestuur", "operator"
Step = Callable[[Page], object]


@dataclass(frozen=True)
class PageCase:
    """One page: its name, its path (`{actief}` and so on are ids of koppelingen), the login, and the step to it."""

    name: str
    pattern: str
    login: str | None = SCHOOLBEHEERDER
    step: Step | None = None
    status: int = 200
    h1: str | None = None
    """Its heading; ? stands for a figure that depends on the day."""

    def path(self, context: PortalSchool) -> str:
        """Return where it stands."""
        ids = {naam.replace(" ", "_"): str(id_) for naam, id_ in context.koppelingen.items()}
        return self.pattern.format(link=context.link, **ids)


def _press(button: str, **fields: str) -> Step:
    """Fill in fields by their name, and press a button."""

    def step(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"main [name={name}]").fill(value)
        with page.expect_navigation():
            page.locator("main").get_by_role("button", name=button, exact=True).click()

    return step


def _make_code(page: Page) -> None:
    """Press the button that makes a code; with script that is no round trip."""
    page.get_by_role("button", name="Maak een code").click()


def _second_step(*codes: str) -> Step:
    """Log in as the gebruiker with a second factor, and fill in these codes."""

    def step(page: Page) -> None:
        _press("Inloggen", login="streng", wachtwoord=PASSWORD)(page)
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
    _press("Gereed", verificatiecode="x")(page)


def _after_somebody_else(page: Page) -> None:
    """Confirm what somebody else has changed in the meantime."""
    page.locator("main [name=versie]").evaluate("field => { field.value = '0'; }")
    with page.expect_navigation():
        page.locator("main button").click()


def _choose(link: str) -> Step:
    """Search for many leerlingen, and follow the first link of a kind, past the field."""

    def step(page: Page) -> None:
        _press("Zoeken", naam="a")(page)
        with page.expect_navigation():
            page.locator("main").get_by_role("link", name=link).first.click()

    return step


def _look(*, is_checked: bool) -> Step:
    """Search for many leerlingen, choose one, and say whether it was checked who asks."""

    def step(page: Page) -> None:
        _choose("Inzage")(page)
        if is_checked:
            page.locator("main [name=bevestigd]").check()
        _press("Toon de gegevens")(page)

    return step


def _follow(*links: str) -> Step:
    """Follow links by the begin of their name."""

    def step(page: Page) -> None:
        for link in links:
            with page.expect_navigation():
                page.locator("main").get_by_role("link", name=link).first.click()

    return step


def _answer_after_somebody_else(page: Page) -> None:
    """Answer a question about records that changed in the meantime."""
    _follow("Het is een nieuwe leerling")(page)
    _after_somebody_else(page)


def _answer(page: Page) -> None:
    """Answer a question, unless that was done at another width."""
    if page.get_by_role("link", name="Het is een nieuwe leerkracht").count():
        _follow("Het is een nieuwe leerkracht")(page)
        _press("Ja, dit klopt")(page)


def _expired(page: Page) -> None:
    """Send a form after the session has ended."""
    _press("Inloggen", login=SCHOOLBEHEERDER, wachtwoord=PASSWORD)(page)
    page.goto(f"{SCHOOL}/activeren/toetsplein")
    page.context.clear_cookies()
    _press("Gereed")(page)


PAGES = (
    PageCase("inloggen", f"{BEGIN}/inloggen", None),
    PageCase("inloggen-leeg", f"{BEGIN}/inloggen", None, _press("Inloggen"), 422),
    PageCase("inloggen-onjuist", f"{BEGIN}/inloggen", None, _press("Inloggen", login="wie", wachtwoord="mis"), 403),
    PageCase("inloggen-te-vaak", f"{BEGIN}/inloggen", None, _too_often, 429),
    PageCase("sessie-verlopen", f"{BEGIN}/inloggen", None, _expired, h1="Inloggen"),
    PageCase("tweede-stap", f"{BEGIN}/inloggen", None, _second_step(), h1="Inloggen, tweede stap"),
    PageCase("tweede-stap-onjuist", f"{BEGIN}/inloggen", None, _second_step("000"), 403, h1="Inloggen, tweede stap"),
    PageCase("tweede-factor", f"{BEGIN}/tweede-factor", "instellen", h1="Tweede stap instellen"),
    PageCase(
        "tweede-factor-onjuist", f"{BEGIN}/tweede-factor", "instellen", _press("Tweede stap instellen", code="000"), 422
    ),
    PageCase("wachtwoord", f"{BEGIN}/wachtwoord/{{link}}", None, h1="Wachtwoord kiezen"),
    PageCase(
        "wachtwoord-te-kort",
        f"{BEGIN}/wachtwoord/{{link}}",
        None,
        _press("Wachtwoord instellen", wachtwoord="kort", nogmaals="korter"),
        422,
    ),
    PageCase("link-ongeldig", f"{BEGIN}/wachtwoord/bestaat-niet", None, status=404),
    PageCase("vestigingen", f"{BEGIN}/", BESTUUR, h1="Kies een vestiging"),
    PageCase("overzicht", SCHOOL, h1="Koppelingenoverzicht"),
    PageCase("overzicht-zonder-koppelingen", WITHOUT_KOPPELINGEN, BESTUUR, h1="Koppelingenoverzicht"),
    PageCase("overzicht-nog-niet-begonnen", f"{BEGIN}/{EMPTY}", "leeg", h1="Koppelingenoverzicht"),
    PageCase("activeren", f"{SCHOOL}/activeren/uwlr-4d", h1="Koppeling activeren"),
    PageCase("activeren-zonder-code", f"{SCHOOL}/activeren/toetsplein", h1="Koppeling activeren"),
    PageCase("activeren-gemaakt", f"{SCHOOL}/activeren/uwlr-4d", step=_make_code),
    PageCase(
        "activeren-fouten",
        f"{SCHOOL}/activeren/uwlr-4d",
        SCHOOLBEHEERDER,
        _press("Gereed", naam="", startdatum="2001-01-01", verificatiecode="21QW01 kort"),
        422,
    ),
    PageCase(
        "koppeling-actief", f"{SCHOOL}/koppeling/{{actief}}", h1="Snappet ? leerlingen en 1 leerkracht vastgehouden"
    ),
    PageCase("koppeling-gepauzeerd", f"{SCHOOL}/koppeling/{{gepauzeerd}}", h1="Basispoort Gepauzeerd"),
    PageCase("koppeling-beeindigd", f"{SCHOOL}/koppeling/{{beeindigd}}", h1="UWLR-4D Beëindigd"),
    PageCase(
        "koppeling-zonder-code",
        f"{SCHOOL}/koppeling/{{nieuwe_voorwaarden}}",
        h1="Ouderportaal Basis Actief, zonder gegevens",
    ),
    PageCase(
        "koppeling-foute-code",
        f"{SCHOOL}/koppeling/{{gepauzeerd}}",
        SCHOOLBEHEERDER,
        _press("Gereed", verificatiecode="te kort"),
        422,
    ),
    PageCase("pauzeren", f"{SCHOOL}/koppeling/{{actief}}/pauzeren"),
    PageCase(
        "pauzeren-intussen-gewijzigd", f"{SCHOOL}/koppeling/{{actief}}/pauzeren", step=_after_somebody_else, status=409
    ),
    PageCase("beeindigen", f"{SCHOOL}/koppeling/{{actief}}/beeindigen"),
    PageCase("akkoord", f"{SCHOOL}/koppeling/{{nieuwe_voorwaarden}}/akkoord"),
    PageCase(
        "akkoord-fouten",
        f"{SCHOOL}/koppeling/{{nieuwe_voorwaarden}}/akkoord",
        SCHOOLBEHEERDER,
        _press("Akkoord vastleggen", naam=""),
        422,
    ),
    PageCase("bevestiging", f"{SCHOOL}/koppeling/{{actief}}/bevestiging"),
    PageCase("delen", f"{SCHOOL}/koppeling/{{actief}}/delen"),
    PageCase("delen-zonder-leerlingen", f"{BEGIN}/{EMPTY}/koppeling/{{zonder_leerlingen}}/delen", "leeg"),
    PageCase("schooljaar-leeg", f"{BEGIN}/{EMPTY}/schooljaar", "leeg"),
    PageCase("schooljaar-vrijgegeven", f"{SCHOOL}/schooljaar"),
    PageCase("schooljaar-terugnemen", f"{SCHOOL}/schooljaar/terugnemen"),
    PageCase("schooljaar", f"{SCHOOL}/schooljaar/terugnemen", step=_press("Ja, neem terug")),
    PageCase("schooljaar-vrijgeven", f"{SCHOOL}/schooljaar/vrijgeven"),
    PageCase("schooljaar-weer-vrij", f"{SCHOOL}/schooljaar/vrijgeven", step=_press("Ja, geef vrij")),
    PageCase("delen-niet-iedereen", f"{SCHOOL}/koppeling/{{gepauzeerd}}/delen"),
    PageCase("niet-delen", f"{SCHOOL}/koppeling/{{actief}}/niet-delen", h1="Niet delen met Snappet"),
    PageCase("niet-delen-een", f"{SCHOOL}/koppeling/{{gepauzeerd}}/niet-delen", h1="Niet delen met Basispoort"),
    PageCase(
        "niet-delen-zonder-naam",
        f"{SCHOOL}/koppeling/{{actief}}/niet-delen",
        SCHOOLBEHEERDER,
        _press("Zoeken", naam=""),
        422,
    ),
    PageCase("niet-delen-gevonden", f"{SCHOOL}/koppeling/{{actief}}/niet-delen", step=_press("Zoeken", naam="a")),
    PageCase("niet-delen-niemand", f"{SCHOOL}/koppeling/{{actief}}/niet-delen", step=_press("Zoeken", naam="xyzzy")),
    PageCase(
        "niet-delen-vraag",
        f"{SCHOOL}/koppeling/{{gepauzeerd}}/niet-delen",
        step=_choose("Niet delen"),
        h1="Leerling niet meer delen met Basispoort?",
    ),
    PageCase(
        "weer-delen-vraag",
        f"{SCHOOL}/koppeling/{{gepauzeerd}}/niet-delen",
        step=_choose("Weer delen"),
        h1="Leerling weer delen met Basispoort?",
    ),
    PageCase("inzage", f"{SCHOOL}/inzage", h1="Inzage in de gegevens van een leerling"),
    PageCase("inzage-zonder-naam", f"{SCHOOL}/inzage", step=_press("Zoeken", naam=""), status=422),
    PageCase("inzage-gevonden", f"{SCHOOL}/inzage", step=_press("Zoeken", naam="a")),
    PageCase("inzage-niemand", f"{SCHOOL}/inzage", step=_press("Zoeken", naam="xyzzy")),
    PageCase("inzage-wie-vraagt", f"{SCHOOL}/inzage", step=_choose("Inzage"), h1="Wie vraagt het?"),
    PageCase("inzage-niet-vastgesteld", f"{SCHOOL}/inzage", step=_look(is_checked=False), status=422),
    PageCase("inzage-leerling", f"{SCHOOL}/inzage", step=_look(is_checked=True)),
    PageCase("ontbrekend", f"{SCHOOL}/ontbrekend", h1="Ontbrekende gegevens"),
    PageCase("ontbrekend-leeg", f"{BEGIN}/{EMPTY}/ontbrekend", "leeg", h1="Ontbrekende gegevens"),
    PageCase("vragen", f"{SCHOOL}/vragen", h1="Vragen over leerlingen en leerkrachten"),
    PageCase("vragen-geen", f"{BEGIN}/{EMPTY}/vragen", "leeg", h1="Vragen over leerlingen"),
    PageCase(
        "vraag-dezelfde",
        f"{SCHOOL}/vragen",
        step=_follow("Het is dezelfde leerling"),
        h1="Is het dezelfde leerling?",
    ),
    PageCase(
        "vraag-nieuw", f"{SCHOOL}/vragen", step=_follow("Het is een nieuwe leerling"), h1="Is het een nieuwe leerling?"
    ),
    PageCase(
        "vraag-sleutel",
        f"{SCHOOL}/vragen",
        step=_follow("Het is de leerling met dezelfde sleutel"),
        h1="Is het de leerling met dezelfde sleutel?",
    ),
    PageCase("vraag-kan-niet", f"{SCHOOL}/vragen", step=_follow("Het is de leerling met hetzelfde ECK-iD")),
    PageCase("vraag-intussen-gewijzigd", f"{SCHOOL}/vragen", step=_answer_after_somebody_else, status=409),
    PageCase("vraag-weg", f"{SCHOOL}/vragen/1/nieuw", status=404, h1="Deze vraag is er niet"),
    PageCase("vraag-beantwoord", f"{SCHOOL}/vragen", step=_answer, h1="Vragen over leerlingen"),
    PageCase("meldingen", f"{SCHOOL}/meldingen", h1="Meldingen"),
    PageCase("account", f"{BEGIN}/account", h1="Uw account"),
    PageCase("journaal", f"{SCHOOL}/journaal"),
    PageCase("journaal-gefilterd", f"{SCHOOL}/journaal?koppeling=snappet&uitkomst=geweigerd"),
    PageCase("journaal-niets-gevonden", f"{SCHOOL}/journaal?van=2001-01-01&tot=2001-01-02"),
    PageCase("journaal-nog-leeg", f"{WITHOUT_KOPPELINGEN}/journaal", BESTUUR),
    PageCase("journaal-fout", f"{SCHOOL}/journaal?van=morgen"),
    PageCase("meldingen", f"{SCHOOL}/meldingen", h1="Meldingen"),
    PageCase("account", f"{BEGIN}/account", h1="Uw account"),
    PageCase("koppeling-begint-later", f"{BEGIN}/{EMPTY}/koppeling/{{later}}", "leeg"),
    PageCase("koppeling-zonder-leerlingen", f"{BEGIN}/{EMPTY}/koppeling/{{zonder_leerlingen}}", "leeg"),
    PageCase("bestaat-niet", f"{SCHOOL}/bestaat-niet", status=404),
    PageCase("bestaat-niet-onbekend", f"{BEGIN}/bestaat/niet", None, status=404),
    PageCase("kan-hier-niet", f"{BEGIN}/uitloggen", status=405),
    PageCase("verouderd", f"{SCHOOL}/koppeling/{{actief}}", step=_with_stale_token, status=400),
    PageCase("beheer", f"{BEGIN}/beheer", OPERATOR, h1="Beheer van de koppelingen"),
    PageCase("beheer-gevonden", f"{BEGIN}/beheer?zoek=e", OPERATOR),
    PageCase("beheer-niets-gevonden", f"{BEGIN}/beheer?zoek=bestaat+niet", OPERATOR),
    PageCase("beheer-fout", f"{BEGIN}/beheer?zoek={'x' * 101}", OPERATOR),
    PageCase("scholen", f"{BEGIN}/beheer/scholen", OPERATOR, h1="Scholen"),
    PageCase("scholen-gefilterd", f"{BEGIN}/beheer/scholen?toon=aandacht&volgorde=aandacht", OPERATOR),
    PageCase("scholen-geen", f"{BEGIN}/beheer/scholen?oordeel=storing", OPERATOR),
    PageCase("school", f"{BEGIN}/beheer/scholen/{FULL}", OPERATOR),
    PageCase("school-verouderd", f"{BEGIN}/beheer/scholen/21QW01", OPERATOR),
    PageCase("school-leeg", f"{BEGIN}/beheer/scholen/{EMPTY}", OPERATOR),
    PageCase("imports", f"{BEGIN}/beheer/imports", OPERATOR, h1="Imports"),
    PageCase("imports-niet-ingelezen", f"{BEGIN}/beheer/imports?toon=niet-ingelezen", OPERATOR),
    PageCase("imports-fout", f"{BEGIN}/beheer/imports?school=eik", OPERATOR),
    PageCase("import", f"{BEGIN}/beheer/imports", OPERATOR, _follow("Import"), h1="Import ?"),
    PageCase("taken", f"{BEGIN}/beheer/taken", OPERATOR, h1="Taken"),
    PageCase("taak", f"{BEGIN}/beheer/taken/purge", OPERATOR, h1="Opruimen nu uitvoeren?"),
    PageCase("mail-beheer", f"{BEGIN}/beheer/mail", OPERATOR, h1="Mails die niet aankomen"),
    PageCase("afnemers", f"{BEGIN}/beheer/afnemers", OPERATOR),
    PageCase("afnemers-storing", f"{BEGIN}/beheer/afnemers?toon=storing", OPERATOR),
    PageCase("afnemers-fout", f"{BEGIN}/beheer/afnemers", OPERATOR, _press("Toevoegen", klantnaam="Snappet"), 422),
    PageCase("afnemer", f"{BEGIN}/beheer/afnemers/1", OPERATOR, h1="Snappet Ingeschakeld"),
    PageCase("afnemer-uitgeschakeld", f"{BEGIN}/beheer/afnemers/4", OPERATOR, h1="Gestopt Uitgeschakeld"),
    PageCase(
        "afnemer-fout", f"{BEGIN}/beheer/afnemers/2", OPERATOR, _press("Maak een nieuwe klantcode", overlap="999"), 422
    ),
    PageCase(
        "afnemer-zonder-overlap",
        f"{BEGIN}/beheer/afnemers/2",
        OPERATOR,
        _press("Maak een nieuwe klantcode", overlap="0"),
        422,
    ),
    PageCase("uitschakelen", f"{BEGIN}/beheer/afnemers/1/uitschakelen", OPERATOR),
    PageCase(
        "uitschakelen-andere-naam",
        f"{BEGIN}/beheer/afnemers/1/uitschakelen",
        OPERATOR,
        _press("Ja, schakel uit voor alle scholen", klantnaam="snappet"),
        422,
    ),
    PageCase(
        "klantcode",
        f"{BEGIN}/beheer/afnemers/3",
        OPERATOR,
        _press("Maak een nieuwe klantcode", overlap="14"),
        200,
        "Klantcode van UWLR-4D",
    ),
)


def show(page: Page, page_case: PageCase, context: PortalSchool) -> str:
    """Open a page, check that it is the one that is meant, and return its HTML as it was sent."""
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        if answer.request.is_navigation_request():
            answers.append(answer)

    if page_case.login is None:
        page.context.clear_cookies()
    page.on("response", keep)
    page.goto(page_case.path(context))
    if page_case.step is not None:
        page_case.step(page)
    page.remove_listener("response", keep)
    assert answers[-1].status == page_case.status, page_case.name
    if page_case.h1 is not None:
        assert fnmatchcase(page.locator("h1").inner_text(), page_case.h1), page_case.name
    return answers[-1].text()
