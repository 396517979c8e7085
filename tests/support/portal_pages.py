"""Every page of the portal, in every state that looks different: its login, its path, and the step to it."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from playwright.sync_api import Page, Response

from support.portal_school import BEHIND, DAILY, EMPTY, FULL, PASSWORD, RECOVERY, SILENT, PortalSchool

BEGIN = "/koppelingen"
SCHOOL = f"{BEGIN}/{FULL}"
WITHOUT_KOPPELINGEN = f"{BEGIN}/21QW01"
SCHOOLBEHEERDER, LEZER, BESTUUR, OPERATOR, HORIZON = "a.devries", "lezer", "bestuur", "operator", "horizon"
VENDOR = "vendor"
TOGETHER = f"{BEGIN}/vestigingen"
ALL_THREE = f"v{FULL}=1&v21QW01=1&v{EMPTY}=1"
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
        ids |= {f"gebruiker_{login.replace('.', '_')}": str(id_) for login, id_ in context.gebruikers.items()}
        return self.pattern.format(
            link=context.link,
            uitnodiging=context.invitation,
            onderwijs=context.taught,
            leerkracht=context.leerkracht,
            **ids,
        )


def _verdict(naam: str, brin6: str, h1: str) -> "PageCase":
    """Return the page of a koppeling with a verdict of its own, by what it is an example of."""
    return PageCase(
        f"koppeling-{naam.replace(' ', '-')}", f"{BEGIN}/{brin6}/koppeling/{{{naam.replace(' ', '_')}}}", HORIZON, h1=h1
    )


def _press(button: str, **fields: str) -> Step:
    """Fill in fields by their name, and press a button."""

    def step(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"main [name={name}]").fill(value)
        with page.expect_navigation():
            page.locator("main").get_by_role("button", name=button, exact=True).click()

    return step


def _once(button: str) -> Step:
    """Press a button, unless that was done at another width."""

    def step(page: Page) -> None:
        if page.locator("main").get_by_role("button", name=button, exact=True).count():
            _press(button)(page)

    return step


def _activate_together(page: Page) -> None:
    """Agree and activate, unless that was done at another width."""
    if page.locator("main [name=akkoord]").count():
        page.locator("main [name=akkoord]").check()
    _once("Gereed")(page)


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


def _lost_phone(*codes: str, then: str | None = None, step: Step | None = None) -> Step:
    """Log in as the gebruiker with a second factor, by recovery codes; go on to a page, and take a step there."""

    def walk(page: Page) -> None:
        _second_step()(page)
        _follow("Telefoon kwijt?")(page)
        for code in codes:
            _press("Inloggen", code=code)(page)
        if then is not None:
            page.goto(then)
        if step is not None:
            step(page)

    return walk


def _invite(page: Page) -> None:
    """Invite a colleague, unless that was done at another width."""
    _press("Maak een uitnodiging", naam="K. Nieuw", login="k.nieuw")(page)


def _press_in(form: str, button: str, **fields: str) -> Step:
    """Fill in fields of one of several forms by their name, and press a button there."""

    def step(page: Page) -> None:
        there = page.locator(f"main form[aria-labelledby={form}]")
        for name, value in fields.items():
            there.locator(f"[name={name}]").fill(value)
        with page.expect_navigation():
            there.get_by_role("button", name=button, exact=True).click()

    return step


def _reset(page: Page) -> None:
    """Make a new link for a user of the operator."""
    page.locator("main [name=bevestigd]").check()
    _press("Maak de link")(page)


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


def _after_another_message(page: Page) -> None:
    """Confirm what another message has changed in the meantime."""
    page.locator("main [name=gezien]").evaluate("field => { field.value = '0'; }")
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


def _first_in_table(*links: str) -> Step:
    """Follow the first link of the table, then links by the begin of their name."""

    def step(page: Page) -> None:
        with page.expect_navigation():
            page.locator("main tbody a").first.click()
        _follow(*links)(page)

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
    PageCase("vestigingen", f"{BEGIN}/", BESTUUR, h1="Uw vestigingen"),
    PageCase("vestigingen-gezocht", f"{BEGIN}/?zoek=2&aandacht=ja&sorteer=aandacht", BESTUUR, h1="Uw vestigingen"),
    PageCase("vestigingen-niets-gevonden", f"{BEGIN}/?zoek=bestaat+niet", BESTUUR, h1="Uw vestigingen"),
    PageCase("vestigingen-fout", f"{BEGIN}/?zoek=%01", BESTUUR, h1="Uw vestigingen"),
    PageCase("samen-activeren", f"{TOGETHER}/activeren?koppeling=uwlr-4d&{ALL_THREE}", BESTUUR),
    PageCase(
        "samen-activeren-fouten",
        f"{TOGETHER}/activeren?koppeling=uwlr-4d&{ALL_THREE}",
        BESTUUR,
        _press("Gereed", naam="", startdatum="2001-01-01"),
        422,
    ),
    PageCase("samen-geactiveerd", f"{TOGETHER}/activeren?koppeling=basispoort&v{EMPTY}=1", BESTUUR, _activate_together),
    PageCase(
        "samen-gepauzeerd",
        f"{TOGETHER}/pauzeren?koppeling=basispoort&v{EMPTY}=1",
        BESTUUR,
        _once("Ja, pauzeer bij 1 vestiging"),
    ),
    PageCase("samen-activeren-keuze", f"{TOGETHER}/activeren?koppeling=snappet&{ALL_THREE}", BESTUUR),
    PageCase("samen-pauzeren", f"{TOGETHER}/pauzeren?koppeling=snappet&{ALL_THREE}", BESTUUR),
    PageCase("samen-beeindigen", f"{TOGETHER}/beeindigen?koppeling=snappet&{ALL_THREE}", BESTUUR),
    PageCase(
        "samen-beeindigen-fout",
        f"{TOGETHER}/beeindigen?koppeling=snappet&{ALL_THREE}",
        BESTUUR,
        _press("Ja, beëindig bij 2 vestigingen", bevestiging="Snap"),
        422,
    ),
    PageCase("samen-akkoord", f"{TOGETHER}/akkoord?koppeling=ouderportaal-basis", BESTUUR),
    PageCase(
        "samen-akkoord-fout",
        f"{TOGETHER}/akkoord?koppeling=ouderportaal-basis",
        BESTUUR,
        _press("Akkoord vastleggen", naam=""),
        422,
    ),
    PageCase("telefoon-kwijt", f"{BEGIN}/inloggen", None, _lost_phone(), h1="Telefoon kwijt?"),
    PageCase("telefoon-kwijt-onjuist", f"{BEGIN}/inloggen", None, _lost_phone("aaaaa-aaaaa"), 403, "Telefoon kwijt?"),
    PageCase(
        "account-met-tweede-stap", f"{BEGIN}/inloggen", None, _lost_phone(RECOVERY[0], then=f"{BEGIN}/account"), 200
    ),
    PageCase(
        "tweede-stap-vernieuwen",
        f"{BEGIN}/inloggen",
        None,
        _lost_phone(RECOVERY[1], then=f"{BEGIN}/account/tweede-stap"),
        h1="Tweede stap vernieuwen",
    ),
    PageCase(
        "tweede-stap-vernieuwen-fout",
        f"{BEGIN}/inloggen",
        None,
        _lost_phone(
            RECOVERY[2], then=f"{BEGIN}/account/tweede-stap", step=_press("Verder", huidig=PASSWORD, code="000000")
        ),
        422,
    ),
    PageCase(
        "tweede-stap-nieuw",
        f"{BEGIN}/inloggen",
        None,
        _lost_phone(
            RECOVERY[3], then=f"{BEGIN}/account/tweede-stap", step=_press("Verder", huidig=PASSWORD, code=RECOVERY[4])
        ),
        h1="Tweede stap instellen",
    ),
    PageCase(
        "herstelcodes",
        f"{BEGIN}/inloggen",
        None,
        _lost_phone(RECOVERY[5], then=f"{BEGIN}/account/herstelcodes"),
        h1="Herstelcodes",
    ),
    PageCase(
        "herstelcodes-gemaakt",
        f"{BEGIN}/inloggen",
        None,
        _lost_phone(
            RECOVERY[6],
            then=f"{BEGIN}/account/herstelcodes",
            step=_press("Maak nieuwe herstelcodes", huidig=PASSWORD),
        ),
        h1="Uw herstelcodes",
    ),
    PageCase("uitnodiging", f"{BEGIN}/uitnodiging/{{uitnodiging}}", None, h1="Uitnodiging van *"),
    PageCase(
        "uitnodiging-te-kort",
        f"{BEGIN}/uitnodiging/{{uitnodiging}}",
        None,
        _press("Account maken", wachtwoord="kort", nogmaals="korter"),
        422,
    ),
    PageCase("account-uitgenodigd", f"{BEGIN}/account", "leeg", h1="Uw account"),
    PageCase("account-wachtwoord", f"{BEGIN}/account/wachtwoord", h1="Wachtwoord wijzigen"),
    PageCase(
        "account-wachtwoord-fout",
        f"{BEGIN}/account/wachtwoord",
        SCHOOLBEHEERDER,
        _press("Wachtwoord wijzigen", huidig=PASSWORD, wachtwoord="kort", nogmaals="korter"),
        422,
    ),
    PageCase("collegas", f"{SCHOOL}/collegas", h1="Collega's"),
    PageCase(
        "collegas-fout",
        f"{SCHOOL}/collegas",
        SCHOOLBEHEERDER,
        _press("Maak een uitnodiging", naam="", login="b.bakker"),
        422,
    ),
    PageCase("collegas-link", f"{SCHOOL}/collegas", SCHOOLBEHEERDER, _invite, h1="Link voor K. Nieuw"),
    PageCase("collega", f"{SCHOOL}/collegas/{{gebruiker_b_bakker}}", h1="B. Bakker Kan inloggen"),
    PageCase("collega-lezer", f"{SCHOOL}/collegas/{{gebruiker_lezer}}", h1="L. de Lezer Kan inloggen"),
    PageCase("collega-zelf", f"{SCHOOL}/collegas/{{gebruiker_a_devries}}", h1="A. de Vries Kan inloggen"),
    PageCase(
        "collega-niet-vastgesteld",
        f"{SCHOOL}/collegas/{{gebruiker_b_bakker}}",
        SCHOOLBEHEERDER,
        _press_in("herstel", "Nieuwe link maken"),
        422,
    ),
    PageCase("leerkrachten", f"{SCHOOL}/leerkrachten", h1="Leerkrachten in *"),
    PageCase("leerkrachten-leeg", f"{BEGIN}/{EMPTY}/leerkrachten", "leeg", h1="Leerkrachten in *"),
    PageCase("leerkracht-geven", f"{SCHOOL}/leerkrachten/{{leerkracht}}"),
    PageCase("leerkracht-nieuw", f"{SCHOOL}/leerkrachten/nieuw", h1="Iemand anders toegang geven"),
    PageCase(
        "leerkracht-fout",
        f"{SCHOOL}/leerkrachten/nieuw",
        SCHOOLBEHEERDER,
        _press("Toegang geven", naam="", login="b.bakker"),
        422,
    ),
    PageCase("leerkracht", f"{SCHOOL}/leerkrachten/toegang/{{gebruiker_k_leraar}}", h1="K. de Leraar Kan inloggen"),
    PageCase(
        "leerkracht-vorig-jaar",
        f"{SCHOOL}/leerkrachten/toegang/{{gebruiker_o_leraar}}",
        SCHOOLBEHEERDER,
        _press_in("herstel", "Nieuwe link maken"),
        422,
    ),
    PageCase("uitnodiging-leerkracht", f"{BEGIN}/uitnodiging/{{onderwijs}}", None, h1="Uitnodiging van *"),
    PageCase("mijn-groepen", f"{BEGIN}/", "k.leraar", h1="Mijn groepen"),
    PageCase("groep-leerkracht", f"{BEGIN}/groepen/", "k.leraar", _follow("Resultaten")),
    PageCase("toets-leerkracht", f"{BEGIN}/groepen/", "k.leraar", _follow("Resultaten", "Bekijk")),
    PageCase("mijn-groepen-voorbij", f"{BEGIN}/", "o.leraar", h1="Mijn groepen"),
    PageCase("account-leerkracht", f"{BEGIN}/account", "k.leraar", h1="Uw account"),
    PageCase("overzicht-lezer", SCHOOL, LEZER, h1="Koppelingenoverzicht"),
    PageCase("koppeling-lezer", f"{SCHOOL}/koppeling/{{actief}}", LEZER),
    PageCase("meldingen-lezer", f"{SCHOOL}/meldingen", LEZER, h1="Meldingen"),
    PageCase("alleen-lezen", f"{SCHOOL}/collegas", LEZER, status=403, h1="U kunt hier alleen lezen"),
    PageCase("gebruikers", f"{BEGIN}/beheer/gebruikers", OPERATOR, h1="Gebruikers"),
    PageCase("gebruikers-niemand", f"{BEGIN}/beheer/gebruikers?zoek=xyzzy", OPERATOR, h1="Gebruikers"),
    PageCase("gebruiker-toevoegen", f"{BEGIN}/beheer/gebruikers/toevoegen", OPERATOR, h1="Gebruiker toevoegen"),
    PageCase(
        "gebruiker-toevoegen-fout",
        f"{BEGIN}/beheer/gebruikers/toevoegen",
        OPERATOR,
        _press("Toevoegen", naam="", login="a", vestigingen="nergens"),
        422,
    ),
    PageCase("gebruiker", f"{BEGIN}/beheer/gebruikers/{{gebruiker_b_bakker}}", OPERATOR, h1="B. Bakker Kan inloggen"),
    PageCase("gebruiker-bestuur", f"{BEGIN}/beheer/gebruikers/{{gebruiker_bestuur}}", OPERATOR),
    PageCase(
        "gebruiker-fout",
        f"{BEGIN}/beheer/gebruikers/{{gebruiker_b_bakker}}",
        OPERATOR,
        _press("Vestigingen wijzigen", erbij="nergens", eraf="ook niet"),
        422,
    ),
    PageCase("gebruiker-blokkeren", f"{BEGIN}/beheer/gebruikers/{{gebruiker_b_bakker}}/blokkeren", OPERATOR),
    PageCase("gebruiker-nieuwe-link", f"{BEGIN}/beheer/gebruikers/{{gebruiker_instellen}}/nieuwe-link", OPERATOR),
    PageCase(
        "gebruiker-link",
        f"{BEGIN}/beheer/gebruikers/{{gebruiker_instellen}}/nieuwe-link",
        OPERATOR,
        _reset,
        h1="Link voor G. Nieuw",
    ),
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
        "toestemming-akkoord",
        f"{BEGIN}/{EMPTY}/koppeling/{{zonder_leerlingen}}/toestemming/resultaten/akkoord",
        "leeg",
        h1="Resultaten van Snappet",
    ),
    PageCase(
        "toestemming-akkoord-fout",
        f"{BEGIN}/{EMPTY}/koppeling/{{zonder_leerlingen}}/toestemming/resultaten/akkoord",
        "leeg",
        step=_press("Akkoord vastleggen", naam=""),
        status=422,
        h1="Resultaten van Snappet",
    ),
    PageCase(
        "toestemming-leerlinggegevens-pauzeren",
        f"{BEGIN}/{DAILY}/koppeling/{{elke_nacht}}/toestemming/leerlinggegevens/pauzeren",
        HORIZON,
        h1="Leerlinggegevens naar Snappet pauzeren?",
    ),
    PageCase(
        "toestemming-resultaten-pauzeren",
        f"{BEGIN}/{DAILY}/koppeling/{{elke_nacht}}/toestemming/resultaten/pauzeren",
        HORIZON,
        h1="Resultaten van Snappet pauzeren?",
    ),
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
    PageCase("resultaten", f"{SCHOOL}/resultaten", h1="Resultaten"),
    PageCase("resultaten-gefilterd", f"{SCHOOL}/resultaten?tot=2001-01-01", h1="Resultaten"),
    PageCase("resultaten-fout", f"{SCHOOL}/resultaten?van=morgen", h1="Resultaten"),
    PageCase("resultaten-geen", f"{BEGIN}/{EMPTY}/resultaten", "leeg", h1="Resultaten"),
    PageCase("resultaten-bericht", f"{SCHOOL}/resultaten/bericht/1", h1="Bericht 1 van Snappet"),
    PageCase("resultaten-bericht-oso", f"{SCHOOL}/resultaten/bericht/2", h1="Bericht 2 van Snappet"),
    PageCase("resultaten-bericht-gewijzigd", f"{SCHOOL}/resultaten/bericht/3", h1="Bericht 3 van Snappet"),
    PageCase("resultaten-teruggenomen", f"{SCHOOL}/resultaten/bericht/4", h1="Bericht 4 van Snappet Teruggenomen"),
    PageCase("resultaten-terugnemen", f"{SCHOOL}/resultaten/bericht/3/terugnemen", h1="Bericht 3 terugnemen?"),
    PageCase("resultaten-terugzetten", f"{SCHOOL}/resultaten/bericht/4/terugzetten", h1="Bericht 4 terugzetten?"),
    PageCase(
        "resultaten-intussen-gewijzigd",
        f"{SCHOOL}/resultaten/bericht/3/terugnemen",
        step=_after_another_message,
        status=409,
    ),
    PageCase("resultaten-niet-verwerkt", f"{SCHOOL}/resultaten/niet-verwerkt", h1="Niet verwerkte resultaten"),
    PageCase("resultaten-niets-blijven-liggen", f"{BEGIN}/{EMPTY}/resultaten/niet-verwerkt", "leeg"),
    PageCase("resultaten-leerlingen", f"{SCHOOL}/resultaten/leerlingen", h1="Resultaten van een leerling"),
    PageCase(
        "resultaten-leerlingen-fout",
        f"{SCHOOL}/resultaten/leerlingen",
        step=_press("Zoeken", naam=""),
        status=422,
    ),
    PageCase("resultaten-gevonden", f"{SCHOOL}/resultaten/leerlingen", step=_press("Zoeken", naam="a")),
    PageCase("resultaten-leerling", f"{SCHOOL}/resultaten/bericht/2", step=_first_in_table(), h1="Resultaten: *"),
    PageCase("resultaten-toets", f"{SCHOOL}/resultaten/bericht/2", step=_first_in_table("Rekenen")),
    PageCase(
        "resultaten-geschiedenis",
        f"{SCHOOL}/resultaten/bericht/2",
        step=_first_in_table("Rekenen", "Geschiedenis"),
    ),
    PageCase("resultaten-groepen", f"{SCHOOL}/resultaten/groepen", h1="Resultaten van een groep"),
    PageCase("resultaten-groep", f"{SCHOOL}/resultaten/groepen", step=_follow("1 Bevers"), h1="Resultaten van groep *"),
    PageCase("resultaten-groep-toets", f"{SCHOOL}/resultaten/groepen", step=_follow("1 Bevers", "Rekenen")),
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
    PageCase("koppeling-begint-later", f"{BEGIN}/{EMPTY}/koppeling/{{later}}", "leeg"),
    PageCase("koppeling-zonder-leerlingen", f"{BEGIN}/{EMPTY}/koppeling/{{zonder_leerlingen}}", "leeg"),
    _verdict("elke nacht", DAILY, "Snappet Actief"),
    _verdict("geweigerd", DAILY, "Basispoort Geweigerd"),
    _verdict("geblokkeerd", DAILY, "UWLR-4D Leverancier geblokkeerd"),
    _verdict("niet meer aangeboden", DAILY, "leesplein Niet meer aangeboden"),
    _verdict("niet meer opgehaald", SILENT, "Snappet Niet meer opgehaald"),
    _verdict("geen leerlingen", SILENT, "Basispoort Opgehaald, geen leerlingen"),
    _verdict("storing", SILENT, "UWLR-4D Storing bij UWLR-4D"),
    _verdict("verouderd", BEHIND, "Snappet Gegevens verouderd"),
    PageCase("overzicht-elke-nacht", f"{BEGIN}/{DAILY}", HORIZON, h1="Koppelingenoverzicht"),
    PageCase("overzicht-stil", f"{BEGIN}/{SILENT}", HORIZON, h1="Koppelingenoverzicht"),
    PageCase("delen-geblokkeerd", f"{BEGIN}/{DAILY}/koppeling/{{geblokkeerd}}/delen", HORIZON),
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
    PageCase("onderhoud", f"{BEGIN}/beheer/onderhoud", OPERATOR, h1="Onderhoud"),
    PageCase("onderhoud-fout", f"{BEGIN}/beheer/onderhoud", OPERATOR, _press("Kondig aan", tekst=""), 422),
    PageCase("gebruiker-van-afnemer", f"{BEGIN}/beheer/gebruikers/{{gebruiker_vendor}}", OPERATOR),
    PageCase("eigen-koppelingen", f"{BEGIN}/afnemer", VENDOR, h1="Koppelingen van Snappet"),
    PageCase("eigen-koppelingen-geen", f"{BEGIN}/afnemer?zoek=99XX", VENDOR, h1="Koppelingen van Snappet"),
    PageCase("eigen-koppelingen-fout", f"{BEGIN}/afnemer?zoek=%01", VENDOR, h1="Koppelingen van Snappet"),
    PageCase("eigen-verzoeken", f"{BEGIN}/afnemer/verzoeken", VENDOR, h1="Verzoeken van Snappet"),
    PageCase("eigen-klantcode", f"{BEGIN}/afnemer/klantcode", VENDOR, h1="Klantcode van Snappet"),
    PageCase(
        "eigen-klantcode-fout",
        f"{BEGIN}/afnemer/klantcode",
        VENDOR,
        _press("Maak een nieuwe klantcode", overlap="0", huidig="mis"),
        422,
    ),
    PageCase("account-van-afnemer", f"{BEGIN}/account", VENDOR, h1="Uw account"),
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
