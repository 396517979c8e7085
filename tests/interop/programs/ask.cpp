// One call with gSOAP; see README.md for what goes in and comes out.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "soapbndLeerlinggegevensProxy.h"
#include "bndLeerlinggegevens.nsmap"

using Proxy = bndLeerlinggegevensProxy;

static std::string env(const char *naam) { const char *value = std::getenv(naam); return value ? value : ""; }

template <class Text> static std::string text(const Text *value) { return value ? *value : ""; }

static std::string utc(const time_t *moment) {
    char written[32];
    return std::string(written, std::strftime(written, sizeof written, "%Y-%m-%dT%H:%M:%S+00:00", std::gmtime(moment)));
}

static void line(const std::vector<std::string> &fields) {
    for (size_t at = 0; at < fields.size(); at++) std::cout << (at ? "\t" : "") << fields[at];
    std::cout << "\n";
}

static void joined(std::string &all, const std::string &one) { all += (all.empty() ? "" : ",") + one; }

static void print(const lg__School *school) {
    line({"school", school->schooljaar, text(school->brincode), text(school->dependancecode), utc(school->aanmaakdatum),
          text(school->xsdversie)});
}

static void print(const lg__Groepen *groepen) {
    if (!groepen) return;
    for (auto &one : groepen->__union_Groepen) {
        if (one.groep) line({"groep", one.groep->key, one.groep->naam, one.groep->jaargroep});
        if (auto *groep = one.samengestelde_USCOREgroep) line({"samengestelde_groep", groep->key, groep->naam});
    }
}

static void print(const lg__Leerlingen *leerlingen) {
    if (!leerlingen) return;
    for (auto *een : leerlingen->leerling) {
        std::string more;
        if (auto *groepen = een->samengestelde_USCOREgroepen)
            for (auto *groep : groepen->samengestelde_USCOREgroep) joined(more, groep->key);
        line({"leerling", text(een->key), text(een->eckid), text(een->achternaam), text(een->roepnaam),
              text(een->geboortedatum), een->groep ? een->groep->key : "", more});
    }
}

static void print(const lg__Leerkrachten *leerkrachten) {
    if (!leerkrachten) return;
    for (auto *een : leerkrachten->leerkracht) {
        std::string groepen;
        if (een->groepen)
            for (auto &one : een->groepen->__union_LeerkrachtGroepen) {
                if (one.groep) joined(groepen, "groep:" + one.groep->key);
                if (auto *groep = one.samengestelde_USCOREgroep) joined(groepen, "samengestelde_groep:" + groep->key);
            }
        line({"leerkracht", een->key, text(een->eckid), text(een->achternaam), text(een->roepnaam), groepen});
    }
}

// The groups of a request: soort=KEY, or the soort alone.
static void ask_groepen(struct soap *soap, lg__GroepKeuze *&groepen, const std::vector<std::string> &asked) {
    groepen = soap_new_lg__GroepKeuze(soap);
    for (const auto &one : asked) {
        auto split = one.find('=');
        auto *reference = soap_new_lg__GroepGekozen(soap);
        if (split != std::string::npos) {
            reference->key = soap_new_std__string(soap);
            *reference->key = one.substr(split + 1);
        }
        groepen->__union_GroepKeuze.emplace_back();
        auto &chosen = groepen->__union_GroepKeuze.back();
        chosen.soap_default(soap);
        (one.substr(0, split) == "groep" ? chosen.groep : chosen.samengestelde_USCOREgroep) = reference;
    }
}

static void autorisatie(Proxy &proxy) {
    auto *header = soap_new_aut__Autorisatie(proxy.soap);
    header->autorisatiesleutel = env("SLEUTEL");
    header->klantcode = env("KLANTCODE");
    header->klantnaam = env("KLANTNAAM");
    proxy.soap_header(header);
}

// Call, print, and call again when asked to. The types of request and answer follow from the call; `payload` gives the
// data of an answer, and `lists` prints them.
template <class Verzoek, class Antwoord, class Payload, class Lists>
static void run(Proxy &proxy, int (Proxy::*call)(Verzoek *, Antwoord &), Verzoek verzoek, const std::string &naam,
                Payload payload, Lists lists) {
    std::string brincode = env("BRINCODE"), dependancecode = env("DEPENDANCECODE");
    time_t received;
    verzoek.schooljaar = env("SCHOOLJAAR");
    verzoek.brincode = &brincode;
    verzoek.dependancecode = &dependancecode;
    verzoek.xsdversie = env("XSDVERSIE");
    for (int times = std::getenv("AGAIN") ? 2 : 1; times > 0; times--) {
        Antwoord antwoord;
        autorisatie(proxy);
        if ((proxy.*call)(&verzoek, antwoord) != SOAP_OK) {
            if (!proxy.soap_fault()) {
                proxy.soap_print_fault(stderr);
                std::exit(1);
            }
            auto *detail = proxy.soap_fault()->detail;
            auto *fout = detail ? detail->fout__fout : nullptr;
            line({"fout", *soap_faultcode(proxy.soap), proxy.soap_fault_string(), fout ? fout->pad : "",
                  fout ? fout->regel : ""});
            return;
        }
        auto *data = payload(antwoord);
        line({"uitkomst", data ? naam : antwoord.geenwijzigingen ? "geenwijzigingen" : "geengegevens"});
        if (!data) continue;
        received = *data->school->aanmaakdatum;
        verzoek.laatstontvangengegevens = &received;
        print(data->school);
        lists(data);
    }
}

int main(int argc, char **argv) {
    const std::string operatie = argc > 1 ? argv[1] : "", naam = "leerlinggegevens";
    const std::vector<std::string> groepen(argv + std::min(argc, 2), argv + argc);
    const std::string endpoint = env("ENDPOINT");
    Proxy proxy(endpoint.c_str(), SOAP_C_UTFSTRING);  // without it gSOAP turns letters beyond ASCII into question marks
    lg__LeerlinggegevensVerzoek school;
    lg__VerzoekPerGroep per_groep;
    ask_groepen(proxy.soap, per_groep.groepen, groepen);
    if (operatie == "HaalLeerlinggegevens")
        run(proxy, &Proxy::HaalLeerlinggegevens, school, naam, [](auto &one) { return one.leerlinggegevens; },
            [](auto *data) { print(data->groepen), print(data->leerlingen), print(data->leerkrachten); });
    else if (operatie == "HaalStructuur")
        run(proxy, &Proxy::HaalStructuur, school, naam + "-structuur",
            [](auto &one) { return one.leerlinggegevens_structuur; }, [](auto *data) { print(data->groepen); });
    else if (operatie == "HaalLeerlingen")
        run(proxy, &Proxy::HaalLeerlingen, per_groep, naam + "-leerlingen",
            [](auto &one) { return one.leerlinggegevens_leerlingen; }, [](auto *data) { print(data->leerlingen); });
    else
        run(proxy, &Proxy::HaalLeerkrachten, per_groep, naam + "-leerkrachten",
            [](auto &one) { return one.leerlinggegevens_leerkrachten; }, [](auto *data) { print(data->leerkrachten); });
}
