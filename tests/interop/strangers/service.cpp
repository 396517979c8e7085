// A LAS in gSOAP, generated from the published WSDL, as its manual shows it: `las PORT SCHOOL.xml`.
// It has the operation at once; the operations by groups are refused.
#include "bndLeerlinggegevens.nsmap"
#include "soapbndLeerlinggegevensService.h"

#include <cstdlib>
#include <ctime>
#include <fstream>

constexpr int GEENGEGEVENS = SOAP_UNION__lg__union_leerlinggegevens_USCOREantwoord__geengegevens;
constexpr int GEENWIJZIGINGEN = SOAP_UNION__lg__union_leerlinggegevens_USCOREantwoord__geenwijzigingen;

class Las : public bndLeerlinggegevensService {
    struct soap *data = soap_new1(SOAP_C_UTFSTRING);
    _lg__leerlinggegevens school;
    time_t made = time(nullptr);
    std::string version = "2.2";

    int refuse(const char *code, const char *text) {
        soap_senderfault(text, nullptr);
        *soap_faultcode(this->soap) = soap_strdup(this->soap, (std::string("SOAP-ENV:Client.") + code).c_str());
        return SOAP_FAULT;
    }

    // An element with nothing in it, chosen as the outcome of an answer.
    lg__ctpLeeg *empty(_lg__leerlinggegevens_USCOREantwoord &antwoord, int outcome) {
        antwoord.__union_leerlinggegevens_USCOREantwoord_ = outcome;
        return soap_new_lg__ctpLeeg(this->soap);
    }

  public:
    explicit Las(const char *path) : bndLeerlinggegevensService(SOAP_C_UTFSTRING) {
        std::ifstream file(path);
        data->is = &file;
        if (soap_read__lg__leerlinggegevens(data, &school) != SOAP_OK) {
            ::soap_print_fault(data, stderr);
            std::exit(1);
        }
        school.school->aanmaakdatum = &made;
        school.school->xsdversie = &version;
        this->soap->bind_flags = SO_REUSEADDR;
        this->soap->recv_timeout = this->soap->send_timeout = 1;  // seconds
    }

    int HaalLeerlinggegevens(_lg__leerlinggegevens_USCOREverzoek *verzoek,
                             _lg__leerlinggegevens_USCOREantwoord &antwoord) override {
        auto *header = this->soap->header ? this->soap->header->aut__autorisatie : nullptr;
        if (!header) return refuse("AutorisatieOngeldig", "Geen autorisatie");
        if (header->klantnaam != std::getenv("KLANTNAAM") || header->klantcode != std::getenv("KLANTCODE"))
            return refuse("OngeldigeKlantIdentificatie", "Onbekende klant");
        if (header->autorisatiesleutel != std::getenv("SLEUTEL") || !verzoek->brincode ||
            *verzoek->brincode != *school.school->brincode ||
            (verzoek->dependancecode ? *verzoek->dependancecode : "00") != *school.school->dependancecode)
            return refuse("AutorisatieOngeldig", "Geen toegang tot deze school");
        if (verzoek->xsdversie != version) return refuse("XsdVersieOngeldig", "Deze versie wordt niet ondersteund");
        if (verzoek->schooljaar != soap_lg__EDEXSchooljaarType2s(this->soap, school.school->schooljaar))
            antwoord.union_leerlinggegevens_USCOREantwoord_.geengegevens = empty(antwoord, GEENGEGEVENS);
        else if (verzoek->laatstontvangengegevens && *verzoek->laatstontvangengegevens >= made)
            antwoord.union_leerlinggegevens_USCOREantwoord_.geenwijzigingen = empty(antwoord, GEENWIJZIGINGEN);
        else
            antwoord.leerlinggegevens = &school;
        return SOAP_OK;
    }

    int HaalStructuur(_lg__structuur_USCOREverzoek *, _lg__structuur_USCOREantwoord &) override {
        return soap_senderfault("Niet ondersteund", nullptr);
    }
    int HaalLeerlingen(_lg__leerlingen_USCOREverzoek *, _lg__leerlingen_USCOREantwoord &) override {
        return soap_senderfault("Niet ondersteund", nullptr);
    }
    int HaalLeerkrachten(_lg__leerkrachten_USCOREverzoek *, _lg__leerkrachten_USCOREantwoord &) override {
        return soap_senderfault("Niet ondersteund", nullptr);
    }
    bndLeerlinggegevensService *copy() override { return nullptr; }
};

int main(int, char **argv) {
    Las las(argv[2]);
    if (!soap_valid_socket(las.bind("127.0.0.1", std::atoi(argv[1]), 100))) return 1;
    for (;;) {
        if (!soap_valid_socket(las.accept())) continue;
        las.serve();
        las.destroy();
    }
}
