"""The verdict on a message with results: the samples, the order of the faults, and the rules that no schema sees."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree
from support.result_messages import Verdict, afname, class_of, enveloped, full, manifest, message, resultaat, sample

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten.agreement import check
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.places import leerling_finding
from uwlr_adapter.contract.leerresultaten.request import read
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "leerresultaten.md"
RESULTAAT = "leerresultaten_verzoek/toetsafnames/toetsafname[{}]/resultaten/resultaat[{}]"
NORM = "<norm><term>{}</term><beginnormwaarde>{}</beginnormwaarde><eindnormwaarde>{}</eindnormwaarde></norm>"
OSO = 'xmlns="http://www.edustandaard.nl/oso_gegevensset/1.2/dossier"'


def refused(data: bytes, *, strict: bool = True) -> fault.Fault | None:
    """Return the fault that a message gets, None when it is taken."""
    try:
        check(judge(read(data, strict=strict)).leerresultaten)
    except fault.Fault as error:
        return error
    return None


def told(data: bytes, *, strict: bool = True) -> tuple[str, str, str]:
    """Return the code, the path and the word that a message gets."""
    error = refused(data, strict=strict)
    if error is None:
        return "goed", "-", "-"
    assert error.finding is not None
    return error.code, error.finding.path, str(error.finding.rule)


@pytest.mark.parametrize("one", manifest(), ids=lambda one: one.file)
def test_the_verdict_on_a_sample(one: Verdict) -> None:
    """A strict caller gets the fault, the path and the word of the manifest."""
    assert told(sample(one.file)) == (one.strict, one.pad, one.regel)


@pytest.mark.parametrize("one", manifest(), ids=lambda one: one.file)
def test_the_tolerant_verdict_on_a_sample(one: Verdict) -> None:
    """Any other caller gets the same, or is repaired in the way of the manifest."""
    if one.repairs:
        assert judge(read(sample(one.file))).repairs == one.repairs
    else:
        assert told(sample(one.file), strict=False) == (one.strict, one.pad, one.regel)


def test_threads_do_not_mix_up_verdicts() -> None:
    """Messages that are judged at the same time each get their own verdict."""
    several = [one for one in manifest() if one.file.startswith("invalid/")] * 10
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: told(sample(one.file)), several))
    assert found == [(one.strict, one.pad, one.regel) for one in several]


def test_the_samples_are_all_in_the_manifest() -> None:
    """Each file has its line, and the reason of each stands there; so do those of the page."""
    folder = Path(__file__).parents[2] / "data" / "leerresultaten"
    others = {"valid/bevestiging.xml", "valid/toetsdefinities.xml"}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.xml")}
    assert files == {one.file for one in manifest()} | others
    assert all(one.reason for one in manifest())


def test_the_page_has_each_verdict() -> None:
    """docs/reference/leerresultaten.md has a row for each sample that no schema sees, with the fault that it gets."""
    rows = re.findall(r"^\| (\d\d) \| .+? \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    unseen = {one.file.partition("/")[2][:2]: one for one in manifest() if one.file.startswith("onzichtbaar/")}
    assert [number for number, _, _ in rows] == sorted(unseen)
    for number, verdict, _ in rows:
        code = unseen[number].strict
        assert verdict.startswith(("taken", "for the records") if code == "goed" else f"`{code}`"), number


# What the schema says.


def test_scores_that_are_none_have_a_fault_of_their_own() -> None:
    """Where only scores are wrong, however many, the fault is ScoreOngeldig with the place of the first."""
    assert told(class_of(30, 40, "6.5")) == ("Client.ScoreOngeldig", f"{RESULTAAT.format(1, 1)}/score", "waarde")
    second = afname(resultaat("a")) + afname(resultaat("b") + resultaat("c", "X"), "10002")
    assert told(message(second)) == ("Client.ScoreOngeldig", f"{RESULTAAT.format(2, 2)}/score", "waarde")


@pytest.mark.parametrize("text", ["6.5", "6.0", "X", "-1", "", "1e3", "٥", "5 6", "0x10", "NaN"])
def test_a_score_is_a_whole_number(text: str) -> None:
    """A score that is no whole number is refused as such, and never made one, for who is not strict either."""
    for strict in (True, False):
        code, path, _ = told(message(afname(resultaat(score=text))), strict=strict)
        assert (code, path) == ("Client.ScoreOngeldig", f"{RESULTAAT.format(1, 1)}/score")


def test_a_score_without_bound_is_refused() -> None:
    """A score of more digits than we read is too long, of a million digits as well."""
    for digits in (19, 1_000_000):
        assert told(message(afname(resultaat(score="9" * digits))))[::2] == ("Client.ScoreOngeldig", "te-lang")
    assert refused(message(afname(resultaat(score="0" * 1000 + "7")))) is None


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ("<aantalgoed>2147483647</aantalgoed>", None),
        ("<aantalgoed>2147483648</aantalgoed>", "waarde"),
        ("<aantalgoed>-2147483649</aantalgoed>", "waarde"),
        (f"<tijd>0.{'1' * 38}</tijd>", None),
        (f"<tijd>0.{'1' * 39}</tijd>", "te-lang"),
        (f"<codevaardigheidsschaal>{'x' * 256}</codevaardigheidsschaal>", None),
        (f"<codevaardigheidsschaal>{'x' * 257}</codevaardigheidsschaal>", "te-lang"),
    ],
)
def test_the_bounds_of_oso(parts: str, word: str | None) -> None:
    """Numbers and texts of OSO are read up to their bounds, and are told by their place beyond."""
    oso = f"<osoresultaat><toetsscore {OSO}>{parts}</toetsscore></osoresultaat>"
    code, path, found = told(message(afname(resultaat().replace("<score>7</score>", oso))))
    name = parts[1 : parts.index(">")]
    wanted = ("Client.OngeldigBericht", f"{RESULTAAT.format(1, 1)}/osoresultaat/toetsscore/{name}", word)
    assert (code, path, found) == (("goed", "-", "-") if word is None else wanted)


def test_norms_go_before_scores() -> None:
    """Where scores and norms are wrong, and nothing else, the fault is that of the norms."""
    toets = f"<toets><toetscode>T1</toetscode><toetsnormering>{NORM.format('t', 'a', 5)}</toetsnormering></toets>"
    assert told(message(afname(resultaat()), toets)) == (
        "Client.ToetsNormeringOngeldig",
        "leerresultaten_verzoek/toetsen/toets[1]/toetsnormering/norm[1]/beginnormwaarde",
        "waarde",
    )
    assert told(message(afname(resultaat(score="X")), toets)) == told(message(afname(resultaat()), toets))


def test_any_other_error_makes_it_a_message_that_is_not_valid() -> None:
    """A wrong score beside another error is OngeldigBericht, with the place of the first."""
    data = message(afname(resultaat("a", "X") + resultaat("b").replace("2026-11-10", "10-11-2026")))
    assert told(data)[0] == "Client.OngeldigBericht"


def test_a_version_goes_before_a_score() -> None:
    """A message of an unknown version is told so, also where a score is wrong."""
    data = message(afname(resultaat(score="X"))).replace(b"<xsdversie>2.2", b"<xsdversie>9.9")
    for score in (b"X", b"1" * 19):
        found = told(data.replace(b"<score>X", b"<score>" + score))
        assert found == ("Client.XsdVersieOngeldig", "leerresultaten_verzoek/school/xsdversie", "versie")


def test_a_score_beside_what_is_larger_than_we_read_is_not_blamed() -> None:
    """The fault and its place are of one thing."""
    long = f"<osoresultaat><referentiescore {OSO}><codereferentiescore>{'x' * 257}</codereferentiescore>"
    long += "<codevergelijkingsgroep>b</codevergelijkingsgroep><waarde>1</waarde></referentiescore></osoresultaat>"
    data = message(afname(resultaat("a").replace("<score>7</score>", long) + resultaat("b", "X")))
    code, path, rule = told(data)
    assert (code, rule) == ("Client.OngeldigBericht", "te-lang")
    assert path.endswith("codereferentiescore")
    text = etree.tostring(full(), encoding="unicode").replace("volgnummer>1<", f"volgnummer>{'1' * 19}<")
    second = text.rindex("<beginnormwaarde>6")
    code, path, rule = told(enveloped(text[:second] + "<beginnormwaarde>x" + text[second + 18 :]))
    assert (code, rule) == ("Client.OngeldigBericht", "te-lang")
    assert path.endswith("toetsonderdeelvolgnummer")


@pytest.mark.parametrize("versie", ["2.1", "2.2", "2.3"])
def test_every_served_version_is_taken(versie: str) -> None:
    """One schema judges them all."""
    assert refused(message(afname(resultaat())).replace(b"<xsdversie>2.2", f"<xsdversie>{versie}".encode())) is None


@pytest.mark.parametrize(
    ("old", "new", "path", "rule"),
    [
        ("<score>7</score>", "", "/score", "ontbreekt"),
        ("<score>7</score>", "<score>7</score><score>7</score>", "/score", "dubbel"),
        ("<score>7</score>", "<cijfer>7</cijfer>", "/*", "onbekend"),
        ("<score>7</score>", '<score xmlns="">7</score>', "/score", "namespace"),
        ("<score>7</score>", "<score><x/></score>", "/score", "inhoud"),
        ("<score>7</score>", '<score eenheid="punten">7</score>', "/score", "attribuut"),
        ("<score>7</score>", "los<score>7</score>", "", "inhoud"),
        ("<score>7</score>", "<score>7</score>los", "", "inhoud"),
        ("<score>7</score>", "<peildatum/><score>7</score>", "/peildatum", "plaats"),
        (
            "<toetscode>T1</toetscode><score>7</score>",
            "<score>7</score><toetscode>T1</toetscode>",
            "/toetscode",
            "plaats",
        ),
        (' key="r1"', "", "/@key", "ontbreekt"),
        (' key="r1"', ' key=""', "/@key", "leeg"),
        (' key="r1"', f' key="{"k" * 257}"', "/@key", "te-lang"),
        (' key="r1"', ' key="r1" id="r1"', "", "attribuut"),
        ("2026-11-10", "2026-02-30", "/afnamedatum", "waarde"),
        ("2026-11-10", "", "/afnamedatum", "leeg"),
        ("2026-11-10", "12026-11-10", "/afnamedatum", "waarde"),
        ("<toetscode>T1</toetscode><score>", "<toetscode/><score>", "/toetscode", "sleutel"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(old: str, new: str, path: str, rule: str) -> None:
    """The path names the element, its place among its like, and the word says what is wrong; never a value."""
    whole = afname(resultaat("r0")) + afname(resultaat("r00") + resultaat().replace(old, new), "10002")
    code, found, word = told(message(whole))
    assert (found, word) == (f"{RESULTAAT.format(2, 2)}{path}", rule)
    assert code == (
        "Client.ScoreOngeldig" if path == "/score" and rule in {"inhoud", "attribuut"} else "Client.OngeldigBericht"
    )


@pytest.mark.parametrize(
    ("old", "new", "path", "rule"),
    [
        ("<transparantie>0.5", "<transparantie>1.01", "/norm[1]/normkleur/transparantie", "waarde"),
        ("<transparantie>0.5", "<transparantie>-0.01", "/norm[1]/normkleur/transparantie", "waarde"),
        ("<blauw_code>255", "<blauw_code>256", "/norm[1]/normkleur/blauw_code", "waarde"),
        ("<schoolcijfer_totenmet>5.5", "<schoolcijfer_totenmet>10.01", "/norm[1]/schoolcijfer_totenmet", "waarde"),
        ("<wegingsfactor>1.50", "<wegingsfactor>1,50", "/wegingsfactor", "waarde"),
        ("<toetsniveau>n", "<toetsniveau>", "/toetsniveau", "leeg"),
        ("<term>u", "<term>" + "u" * 65, "/norm[2]/term", "te-lang"),
        ("<beginnormwaarde>6", "<beginnormwaarde>-6", "/norm[2]/beginnormwaarde", "waarde"),
        ("<beginnormwaarde>6", "<beginnormwaarde>6" + "0" * 18, "/norm[2]/beginnormwaarde", "te-lang"),
    ],
)
def test_what_is_wrong_with_a_normering_is_told_by_its_place(old: str, new: str, path: str, rule: str) -> None:
    """So it is in a definition; what binds a score to a term has the fault of norms, and the rest has not."""
    text = etree.tostring(full(), encoding="unicode")
    code, found, word = told(enveloped(text.replace(old, new, 1)))
    assert (found, word) == (f"leerresultaten_verzoek/toetsen/toets[1]/toetsnormering{path}", rule)
    of_norm = path.endswith(("/term", "normwaarde"))
    assert code == ("Client.ToetsNormeringOngeldig" if of_norm else "Client.OngeldigBericht")


@pytest.mark.parametrize("volgnummer", ["1", "01", "+1", " 1 "])
def test_volgnummers_are_compared_by_value(volgnummer: str) -> None:
    """1 and 01 are one volgnummer."""
    text = etree.tostring(full(), encoding="unicode")
    name = "toetsonderdeelvolgnummer"
    assert told(enveloped(text.replace(f"<{name}>2", f"<{name}>{volgnummer}"))) == (
        "Client.OngeldigBericht",
        f"leerresultaten_verzoek/toetsen/toets[1]/toetsonderdelen/toetsonderdeel[2]/{name}",
        "sleutel",
    )


def test_an_element_of_norms_elsewhere_is_no_norm() -> None:
    """A term or a score where none belongs makes the message invalid, and no norm or score."""
    for wrong in ("<term>x</term>", "<norm/>", "<eindnormwaarde>1</eindnormwaarde>"):
        assert told(message(afname(resultaat(more=wrong))))[0] == "Client.OngeldigBericht", wrong
    assert told(message(afname(resultaat()), "<toets><toetscode>T1</toetscode><score>1</score></toets>"))[0] == (
        "Client.OngeldigBericht"
    )


def test_the_header_is_judged_by_its_schema() -> None:
    """A part of the autorisatie that is longer than any is told as such, after the gate."""
    data = message(afname(resultaat())).replace(b"<klantcode>", b"<klantcode>" + b"x" * 64)
    assert told(data) == ("Client.OngeldigBericht", "autorisatie/klantcode", "te-lang")


def test_a_finding_holds_nothing_that_was_sent() -> None:
    """Neither a value nor a name of a caller's own making leaves in a fault."""
    for place in ("<geheim>", '<score geheim="geheim">', "<geheim xmlns='urn:geheim'>"):
        data = message(afname(resultaat("geheim", "geheim").replace("<score>", place)))
        name = re.sub(r"[<> ].*", "", place[1:])
        data = data.replace(b"</score>", f"</{name}>".encode(), 1)
        error = refused(data)
        assert error is not None
        assert "geheim" not in fault.render(error).decode() + str(error)


# Rules that no schema sees.


def norms(*bounds: tuple[int, int]) -> str:
    """Return a toets with these norms for its total."""
    inner = "".join(NORM.format(f"t{number}", *one) for number, one in enumerate(bounds))
    return f"<toets><toetscode>T1</toetscode><toetsnormering>{inner}</toetsnormering></toets>"


@pytest.mark.parametrize(
    ("bounds", "word"),
    [
        (((0, 5), (6, 8)), None),
        (((6, 8), (0, 5)), None),
        (((0, 5), (7, 8)), None),
        (((3, 3), (4, 8)), None),
        (((0, 5), (5, 8)), "dubbel"),
        (((5, 8), (0, 5)), "dubbel"),
        (((0, 9), (2, 3)), "dubbel"),
        (((0, 5), (0, 5)), "dubbel"),
        (((5, 4),), "waarde"),
    ],
)
def test_norms_share_no_score(bounds: tuple[tuple[int, int], ...], word: str | None) -> None:
    """Norms in any order, with gaps, are right; two that share a score are not, nor one from high to low."""
    code, _, rule = told(message(afname(resultaat(score="4")), norms(*bounds)))
    assert (code, rule) == (("goed", "-") if word is None else ("Client.ToetsNormeringOngeldig", word))


@pytest.mark.parametrize(
    ("score", "code"), [("8", "goed"), ("9", "Client.ScoreOngeldig"), ("6", "goed"), ("0", "goed")]
)
def test_a_score_above_the_highest_norm(score: str, code: str) -> None:
    """A score up to the highest is taken, in a gap and below the lowest norm too; one above it is not."""
    assert told(message(afname(resultaat(score=score)), norms((1, 5), (7, 8))))[0] == code


def test_a_part_has_norms_of_its_own() -> None:
    """The norms of the total say nothing of a toetsonderdeel, nor the other way round."""
    part = NORM.format("t", 0, 2)
    toets = norms((0, 5)).replace(
        "</toets>",
        "<toetsonderdelen><toetsonderdeel><toetsonderdeelvolgnummer>1</toetsonderdeelvolgnummer><toetsonderdeelcode>A"
        f"</toetsonderdeelcode><toetsonderdeelnormering>{part}</toetsonderdeelnormering></toetsonderdeel><toetsonderdeel>"
        "<toetsonderdeelvolgnummer>2</toetsonderdeelvolgnummer><toetsonderdeelcode>B</toetsonderdeelcode>"
        "</toetsonderdeel></toetsonderdelen></toets>",
    )
    for code, most in (("", 5), ("A", 2)):
        more = f"<toetsonderdeelcode>{code}</toetsonderdeelcode>" if code else ""
        for score, wanted in ((most, "goed"), (most + 1, "Client.ScoreOngeldig")):
            assert told(message(afname(resultaat(score=str(score), more=more)), toets))[0] == wanted, (code, score)
    more = "<toetsonderdeelcode>B</toetsonderdeelcode>"
    assert refused(message(afname(resultaat(score="99", more=more)), toets)) is None


def test_norms_are_ignored_with_results_of_oso() -> None:
    """The norms of a toets with results of OSO only are not judged; one score among them, and they are."""
    oso = resultaat("o").replace("<score>7</score>", "<osoresultaat/>")
    assert refused(message(afname(oso), norms((5, 4)))) is None
    assert told(message(afname(oso + resultaat("s", "1")), norms((5, 4))))[0] == "Client.ToetsNormeringOngeldig"


@pytest.mark.parametrize(
    ("mine", "its", "right"),
    [("1", "1", True), ("1", "", True), ("", "1", True), ("1", "2", False), ("1", "01", False)],
)
def test_a_versie_is_that_of_its_toets(mine: str, its: str, *, right: bool) -> None:
    """Where a result and its toets both name a versie, it is the same text."""
    more = f"<versie>{mine}</versie>" if mine else ""
    toets = f"<toets><toetscode>T1</toetscode>{f'<versie>{its}</versie>' if its else ''}</toets>"
    assert (refused(message(afname(resultaat(more=more)), toets)) is None) == right


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ("<aantalopgaven>4</aantalopgaven><aantalgoed>4</aantalgoed>", None),
        ("<aantalopgaven>4</aantalopgaven><aantalgoed>3</aantalgoed><aantalfout>1</aantalfout>", None),
        ("<aantalgoed>9</aantalgoed>", None),
        ("<aantalopgaven>4</aantalopgaven><aantalgelezen>90</aantalgelezen>", None),
        ("<aantalopgaven>4</aantalopgaven><aantalgoed>5</aantalgoed>", "aantalgoed"),
        ("<aantalopgaven>4</aantalopgaven><aantalfout>5</aantalfout>", "aantalfout"),
        ("<aantalopgaven>4</aantalopgaven><aantalgoed>3</aantalgoed><aantalfout>2</aantalfout>", "aantalfout"),
        ("<aantalopgaven>-4</aantalopgaven>", "aantalopgaven"),
        ("<tijd>-0.5</tijd>", "tijd"),
        ("<vaardigheidsscore>-0.5</vaardigheidsscore>", None),
        ("<betrouwbaarheidsinterval><bivlaag>-2</bivlaag><bivhoog>-1</bivhoog></betrouwbaarheidsinterval>", None),
        ("<betrouwbaarheidsinterval><bivlaag>2</bivlaag><bivhoog>2.0</bivhoog></betrouwbaarheidsinterval>", None),
        (
            "<betrouwbaarheidsinterval><bivlaag>2</bivlaag><bivhoog>1</bivhoog></betrouwbaarheidsinterval>",
            "betrouwbaarheidsinterval",
        ),
    ],
)
def test_a_result_of_oso_can_be(parts: str, name: str | None) -> None:
    """Counts, time and interval of an OSO result are possible ones; a skill score may be negative."""
    oso = f"<osoresultaat><toetsscore {OSO}>{parts}</toetsscore></osoresultaat>"
    found = told(message(afname(resultaat().replace("<score>7</score>", oso))))
    path = f"{RESULTAAT.format(1, 1)}/osoresultaat/toetsscore/{name}"
    assert found == (("goed", "-", "-") if name is None else ("Client.EldResultaatOngeldig", path, "waarde"))


VAK = '<toets><toetscode>T1</toetscode><vakgebied vocabulaire="urn:vak">rekenen</vakgebied></toets>'


@pytest.mark.parametrize(
    ("known", "right"),
    [
        ({}, True),
        ({"urn:ander": frozenset()}, True),
        ({"urn:vak": frozenset({"rekenen"})}, True),
        ({"urn:vak": frozenset({"taal"})}, False),
    ],
)
def test_a_term_is_held_to_a_vocabulary_that_is_known(known: dict[str, frozenset[str]], *, right: bool) -> None:
    """A term is looked up where its vocabulary is at hand, and taken where it is not."""
    records = judge(read(message(afname(resultaat()), VAK))).leerresultaten
    if right:
        check(records, known)
        return
    with pytest.raises(fault.VocabulaireTermOngeldig) as caught:
        check(records, known)
    assert caught.value.finding == Finding("leerresultaten_verzoek/toetsen/toets[1]/vakgebied", Rule.CODE)


TERMS = {
    *("toets/toetscode", "toets/versie", "toets/leerjaar", "toets/vakgebied", "toetshierarchie/ingang"),
    *("toetsnormering/toetscategorie", "toetsnormering/toetsniveau", "toetsonderdeel/toetsonderdeelcode"),
    *("toetsonderdeelnormering/toetscategorie", "toetsonderdeelnormering/toetsniveau", "resultaat/versie"),
}
"""Every element that may be bound to a vocabulary, with its parent."""


def test_every_term_is_looked_up() -> None:
    """Each element that may be bound to a vocabulary is held to it, and told by its place."""
    tried = set()
    for number in range(len(list(full().iter(etree.Element)))):
        body = full()
        element = list(body.iter(etree.Element))[number]
        parent = element.getparent()
        name = "" if parent is None else f"{etree.QName(parent).localname}/{etree.QName(element).localname}"
        if name in TERMS:
            element.set("vocabulaire", "urn:leeg")
            records = judge(read(enveloped(etree.tostring(body, encoding="unicode")))).leerresultaten
            with pytest.raises(fault.VocabulaireTermOngeldig) as caught:
                check(records, {"urn:leeg": frozenset()})
            assert caught.value.finding is not None
            assert re.sub(r"\[\d+\]", "", caught.value.finding.path).endswith(name)
            tried.add(name)
    assert tried == TERMS


def test_the_order_of_the_faults() -> None:
    """A message with everything wrong is told one thing after the other, in the order of the page."""
    toets = norms((5, 4))
    oso = f"<osoresultaat><toetsscore {OSO}><tijd>-1</tijd></toetsscore></osoresultaat>"
    wrong = afname(resultaat("a", "X") + resultaat("b", "99") + resultaat("c").replace("<score>7</score>", oso))
    data = message(wrong, toets).replace(b"<xsdversie>2.2", b"<xsdversie>1.0").replace(b"2026-2027", b"2026-2028")
    steps = [
        (b"<toetsen>", b"<x/><toetsen>", "Client.OngeldigBericht"),
        (b"", b"", "Client.XsdVersieOngeldig"),
        (b"<xsdversie>1.0", b"<xsdversie>2.2", "Client.ScoreOngeldig"),
        (b"<score>X", b"<score>1", "Client.OngeldigBericht"),
        (b"2026-2028", b"2026-2027", "Client.ToetsNormeringOngeldig"),
        (b"waarde>5<", b"waarde>0<", "Client.ScoreOngeldig"),
        (b"<score>99", b"<score>2", "Client.EldResultaatOngeldig"),
        (b"<tijd>-1", b"<tijd>1", "goed"),
    ]
    for number, (old, new, code) in enumerate(steps):
        changed = data.replace(old, new)
        assert told(changed)[0] == code, number
        data = changed if number else data


def test_a_leerling_is_named_by_its_place() -> None:
    """A finding of the records about a leerling is told by the place of the toetsafname."""
    finding = leerling_finding(2)
    assert finding == Finding("leerresultaten_verzoek/toetsafnames/toetsafname[3]/leerlingid", Rule.UNKNOWN)
    assert b'regel="onbekend"' in fault.render(fault.LeerlingOngeldig(finding))
    assert leerling_finding(0, "eckid").path.endswith("toetsafname[1]/eckid")
