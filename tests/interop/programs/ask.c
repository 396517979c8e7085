/* One call with gSOAP in C; see README.md for what goes in and comes out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "soapH.h"
#include "bndLeerlinggegevens.nsmap"

static char *env(const char *naam) {
    char *value = getenv(naam);
    return value ? value : "";
}

static const char *text(const char *value) { return value ? value : ""; }

static void print_school(const struct lg__School *school) {
    char moment[32];
    strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%S+00:00", gmtime(school->aanmaakdatum));
    printf("school\t%s\t%s\t%s\t%s\t%s\n", school->schooljaar, text(school->brincode), text(school->dependancecode),
           moment, text(school->xsdversie));
}

/* One item of a repeated choice may hold one of each. */
static void print_groepen(const struct lg__Groepen *groepen) {
    for (int at = 0; groepen && at < groepen->__size_Groepen; at++) {
        const struct lg__Groep *groep = groepen->__union_Groepen[at].groep;
        const struct lg__SamengesteldeGroep *more = groepen->__union_Groepen[at].samengestelde_USCOREgroep;
        if (groep) printf("groep\t%s\t%s\t%s\n", groep->key, groep->naam, groep->jaargroep);
        if (more) printf("samengestelde_groep\t%s\t%s\n", more->key, more->naam);
    }
}

static void print_leerlingen(const struct lg__Leerlingen *leerlingen) {
    for (int at = 0; leerlingen && at < leerlingen->__sizeleerling; at++) {
        const struct lg__Leerling *een = &leerlingen->leerling[at];
        const struct lg__SamengesteldeGroepVerwijzingen *more = een->samengestelde_USCOREgroepen;
        printf("leerling\t%s\t%s\t%s\t%s\t%s\t%s\t", text(een->key), text(een->eckid), text(een->achternaam),
               text(een->roepnaam), text(een->geboortedatum), een->groep ? een->groep->key : "");
        for (int n = 0; more && n < more->__sizesamengestelde_USCOREgroep; n++)
            printf("%s%s", n ? "," : "", more->samengestelde_USCOREgroep[n].key);
        printf("\n");
    }
}

static void print_leerkrachten(const struct lg__Leerkrachten *leerkrachten) {
    for (int at = 0; leerkrachten && at < leerkrachten->__sizeleerkracht; at++) {
        const struct lg__Leerkracht *een = &leerkrachten->leerkracht[at];
        const char *comma = "";
        printf("leerkracht\t%s\t%s\t%s\t%s\t", een->key, text(een->eckid), text(een->achternaam), text(een->roepnaam));
        for (int n = 0; een->groepen && n < een->groepen->__size_LeerkrachtGroepen; n++) {
            const struct lg__LeerkrachtGroep *groep = een->groepen->__union_LeerkrachtGroepen[n].groep;
            const struct lg__LeerkrachtGroep *more =
                een->groepen->__union_LeerkrachtGroepen[n].samengestelde_USCOREgroep;
            if (groep) printf("%sgroep:%s", comma, groep->key), comma = ",";
            if (more) printf("%ssamengestelde_groep:%s", comma, more->key), comma = ",";
        }
        printf("\n");
    }
}

/* The groups of a request: soort=KEY, or the soort alone. */
static struct lg__GroepKeuze *ask_groepen(struct soap *soap, char **asked, int count) {
    struct lg__GroepKeuze *groepen = soap_new_lg__GroepKeuze(soap, 1);
    groepen->__size_GroepKeuze = count;
    groepen->__union_GroepKeuze = soap_new___lg__union_GroepKeuze(soap, count);
    for (int at = 0; at < count; at++) {
        struct lg__GroepGekozen *reference = soap_new_lg__GroepGekozen(soap, 1);
        char *split = strchr(asked[at], '=');
        if (split) reference->key = split + 1;
        if (strncmp(asked[at], "groep", 5) == 0)
            groepen->__union_GroepKeuze[at].groep = reference;
        else
            groepen->__union_GroepKeuze[at].samengestelde_USCOREgroep = reference;
    }
    return groepen;
}

static void print_fault(struct soap *soap) {
    const struct SOAP_ENV__Detail *detail = soap->fault ? soap->fault->detail : NULL;
    const struct fout__Fout *fout = detail ? detail->fout__fout : NULL;
    printf("fout\t%s\t%s\t%s\t%s\n", *soap_faultcode(soap), *soap_faultstring(soap), fout ? fout->pad : "",
           fout ? fout->regel : "");
}

/* Each kind of answer has the same three outcomes, in types of its own. */
#define OUTCOME(antwoord, data, naam) \
    printf("uitkomst\t%s\n", (antwoord).data ? naam : (antwoord).geenwijzigingen ? "geenwijzigingen" : "geengegevens"); \
    school = (antwoord).data ? (antwoord).data->school : NULL; \
    if (school) print_school(school)

/* Returns the status of gSOAP, and in `received` the aanmaakdatum of an answer with data. */
static int ask(struct soap *soap, const char *operatie, struct lg__VerzoekPerGroep *vraag, time_t *received) {
    const char *endpoint = env("ENDPOINT");
    const struct lg__School *school = NULL;
    struct lg__LeerlinggegevensVerzoek heel = {vraag->schooljaar, vraag->brincode, vraag->dependancecode};
    heel.xsdversie = vraag->xsdversie;
    heel.laatstontvangengegevens = vraag->laatstontvangengegevens;
    int status;
    if (strcmp(operatie, "HaalLeerlinggegevens") == 0) {
        struct lg__LeerlinggegevensAntwoord antwoord;
        if ((status = soap_call___lg__HaalLeerlinggegevens(soap, endpoint, NULL, &heel, &antwoord))) return status;
        OUTCOME(antwoord, leerlinggegevens, "leerlinggegevens");
        if (school) {
            print_groepen(antwoord.leerlinggegevens->groepen);
            print_leerlingen(antwoord.leerlinggegevens->leerlingen);
            print_leerkrachten(antwoord.leerlinggegevens->leerkrachten);
        }
    } else if (strcmp(operatie, "HaalStructuur") == 0) {
        struct lg__StructuurAntwoord antwoord;
        if ((status = soap_call___lg__HaalStructuur(soap, endpoint, NULL, &heel, &antwoord))) return status;
        OUTCOME(antwoord, leerlinggegevens_structuur, "leerlinggegevens-structuur");
        if (school) print_groepen(antwoord.leerlinggegevens_structuur->groepen);
    } else if (strcmp(operatie, "HaalLeerlingen") == 0) {
        struct lg__LeerlingenAntwoord antwoord;
        if ((status = soap_call___lg__HaalLeerlingen(soap, endpoint, NULL, vraag, &antwoord))) return status;
        OUTCOME(antwoord, leerlinggegevens_leerlingen, "leerlinggegevens-leerlingen");
        if (school) print_leerlingen(antwoord.leerlinggegevens_leerlingen->leerlingen);
    } else {
        struct lg__LeerkrachtenAntwoord antwoord;
        if ((status = soap_call___lg__HaalLeerkrachten(soap, endpoint, NULL, vraag, &antwoord))) return status;
        OUTCOME(antwoord, leerlinggegevens_leerkrachten, "leerlinggegevens-leerkrachten");
        if (school) print_leerkrachten(antwoord.leerlinggegevens_leerkrachten->leerkrachten);
    }
    if (school) *received = *school->aanmaakdatum;
    return SOAP_OK;
}

int main(int argc, char **argv) {
    /* SOAP_C_UTFSTRING: without it gSOAP turns letters beyond ASCII into question marks. */
    struct soap *soap = soap_new1(SOAP_C_UTFSTRING);
    struct lg__VerzoekPerGroep *vraag = soap_new_lg__VerzoekPerGroep(soap, 1);
    time_t received = 0;
    vraag->schooljaar = env("SCHOOLJAAR");
    vraag->brincode = env("BRINCODE");
    vraag->dependancecode = env("DEPENDANCECODE");
    vraag->xsdversie = env("XSDVERSIE");
    vraag->groepen = ask_groepen(soap, argv + 2, argc - 2);
    for (int times = getenv("AGAIN") ? 2 : 1; times > 0; times--) {
        struct aut__Autorisatie autorisatie = {env("SLEUTEL"), env("KLANTCODE"), env("KLANTNAAM")};
        soap_header(soap);
        soap->header->aut__autorisatie = &autorisatie;
        if (ask(soap, argv[1], vraag, &received) != SOAP_OK) {
            if (!soap->fault) {
                soap_print_fault(soap, stderr);
                return 1;
            }
            print_fault(soap);
            return 0;
        }
        if (received) vraag->laatstontvangengegevens = &received;
    }
    return 0;
}
