// Results brought with gSOAP; see README.md for what goes in and comes out.
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "soapbndLeerresultatenProxy.h"
#include "bndLeerresultaten.nsmap"

using Fields = std::vector<std::string>;

static std::string env(const char *naam) { const char *value = std::getenv(naam); return value ? value : ""; }

static void line(const Fields &fields) {
    for (size_t at = 0; at < fields.size(); at++) std::cout << (at ? "\t" : "") << fields[at];
    std::cout << std::endl;
}

static Fields split(const std::string &read) {
    Fields fields(1);
    for (char one : read)
        if (one == '\t') fields.emplace_back();
        else fields.back() += one;
    return fields;
}

// What may be absent is a pointer; an empty text here is absent.
static std::string *text(struct soap *soap, const std::string &value) {
    if (value.empty()) return nullptr;
    auto *made = soap_new_std__string(soap);
    *made = value;
    return made;
}

static lr__ctpVocabulaireGebondenVeld *term(struct soap *soap, const std::string &value, const std::string &vocabulaire = "") {
    auto *made = soap_new_lr__ctpVocabulaireGebondenVeld(soap);
    made->__item = value;
    made->vocabulaire = text(soap, vocabulaire);
    return made;
}

static time_t moment(const std::string &value) {
    time_t made = 0;
    struct soap soap;
    soap_init(&soap);
    soap_s2dateTime(&soap, value.c_str(), &made);
    soap_done(&soap);
    return made;
}

// Add what a line says to a message.
static void add(struct soap *soap, lr__LeerresultatenVerzoek &message, const Fields &line) {
    const auto &kind = line[0];
    if (kind == "school") {
        message.school = soap_new_lr__ctpSchool(soap);
        message.school->schooljaar = line[1];
        message.school->brincode = text(soap, line[2]);
        message.school->dependancecode = text(soap, line[3]);
        message.school->aanmaakdatum = moment(line[4]);
        message.school->xsdversie = line[5];
        message.toetsafnames = soap_new_lr__Toetsafnames(soap);
        message.toetsen = soap_new_lr__Toetsen(soap);
    } else if (kind == "afname") {
        auto *afname = soap_new_lr__ctpToetsafname(soap);
        afname->leerlingid = line[1];
        afname->resultaten = soap_new_lr__Resultaten(soap);
        message.toetsafnames->toetsafname.push_back(afname);
    } else if (kind == "resultaat") {
        auto *resultaat = soap_new_lr__ctpResultaat(soap);
        resultaat->key = line[1];
        resultaat->afnamedatum = line[2];
        resultaat->toetscode = line[3];
        resultaat->toetsonderdeelcode = text(soap, line[4]);
        resultaat->score = text(soap, line[5]);
        message.toetsafnames->toetsafname.back()->resultaten->resultaat.push_back(resultaat);
    } else if (kind == "oso" || kind == "referentie") {
        auto *resultaat = message.toetsafnames->toetsafname.back()->resultaten->resultaat.back();
        if (kind == "oso") {
            auto *score = soap_new_oso__toetsscoreType(soap);
            score->aantalgoed = text(soap, line[1]);
            score->vaardigheidsscore = text(soap, line[2]);
            score->betrouwbaarheidsinterval = soap_new_oso__Betrouwbaarheidsinterval(soap);
            score->betrouwbaarheidsinterval->bivlaag = line[3];
            score->betrouwbaarheidsinterval->bivhoog = line[4];
            resultaat->osoresultaat = soap_new_lr__ctpOsoResultaat(soap);
            resultaat->osoresultaat->oso__toetsscore = score;
        } else {
            auto *referentie = soap_new_oso__referentiescoreType(soap);
            referentie->codereferentiescore = line[1];
            referentie->codevergelijkingsgroep = line[2];
            referentie->waarde = line[3];
            resultaat->osoresultaat->oso__referentiescore.push_back(referentie);
        }
    } else if (kind == "toets") {
        auto *toets = soap_new_lr__ctpToets(soap);
        auto *ingang = soap_new_lr__Ingang(soap);
        toets->toetscode = term(soap, line[1], line[2]);
        toets->toetsnaam = text(soap, line[3]);
        ingang->__item = line[4];
        ingang->niveau = line[5];
        toets->toetshierarchie = soap_new_lr__Toetshierarchie(soap);
        toets->toetshierarchie->ingang.push_back(ingang);
        message.toetsen->toets.push_back(toets);
    } else if (kind == "norm") {
        auto *toets = message.toetsen->toets.back();
        auto *norm = soap_new_lr__Norm(soap);
        norm->term = line[1];
        norm->beginnormwaarde = line[2];
        norm->eindnormwaarde = line[3];
        if (!toets->toetsnormering) toets->toetsnormering = soap_new_lr__ctpNormering(soap);
        toets->toetsnormering->norm.push_back(norm);
    } else {
        auto *toets = message.toetsen->toets.back();
        auto *onderdeel = soap_new_lr__ctpToetsOnderdeel(soap);
        onderdeel->toetsonderdeelvolgnummer = line[1];
        onderdeel->toetsonderdeelcode = term(soap, line[2]);
        onderdeel->toetsonderdeelnaam = text(soap, line[3]);
        if (!toets->toetsonderdelen) toets->toetsonderdelen = soap_new_lr__Toetsonderdelen(soap);
        toets->toetsonderdelen->toetsonderdeel.push_back(onderdeel);
    }
}

int main() {
    const std::string endpoint = env("ENDPOINT");
    bndLeerresultatenProxy proxy(endpoint.c_str(), SOAP_C_UTFSTRING);  // without it letters beyond ASCII are lost
    lr__LeerresultatenVerzoek message;
    for (std::string read; std::getline(std::cin, read);) {
        const auto fields = split(read);
        if (fields[0] != "breng") {
            add(proxy.soap, message, fields);
            continue;
        }
        auto *header = soap_new_aut__Autorisatie(proxy.soap);
        header->autorisatiesleutel = env("SLEUTEL");
        header->klantcode = env("KLANTCODE");
        header->klantnaam = env("KLANTNAAM");
        proxy.soap_header(header);
        lr__ctpLeeg bevestiging;
        if (proxy.BrengLeerresultaten(&message, bevestiging) == SOAP_OK) {
            line({"bevestigd"});
        } else if (!proxy.soap_fault()) {
            proxy.soap_print_fault(stderr);
            return 1;
        } else {
            auto *detail = proxy.soap_fault()->detail;
            auto *fout = detail ? detail->fout__fout : nullptr;
            line({"fout", *soap_faultcode(proxy.soap), proxy.soap_fault_string(), fout ? fout->pad : "",
                  fout ? fout->regel : ""});
        }
        message = lr__LeerresultatenVerzoek();
        proxy.destroy();
    }
}
