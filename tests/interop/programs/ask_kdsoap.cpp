// One call with KDSoap on Qt; see README.md for what goes in and comes out.
#include <cstdio>
#include <functional>
#include <QtCore/QCoreApplication>
#include <QtCore/QStringList>

#include "wsdl_leerlinggegevens.h"

using namespace LeerlinggegevensService;

static QString env(const char *naam) { return QString::fromUtf8(qgetenv(naam)); }

static void line(const QStringList &fields) { std::printf("%s\n", fields.join('\t').toUtf8().constData()); }

// Every simple type is a class of its own, which is a QString by conversion.
static QString text(const QString &value) { return value; }

template <class References> static QStringList keys(const References &references, const QString &before = QString()) {
    QStringList found;
    for (const auto &one : references) found << before + text(one.key());
    return found;
}

static void print(const LG__School &school) {
    line({"school", school.schooljaar(), school.brincode(), school.dependancecode(),
          school.aanmaakdatum().toDateString(), school.xsdversie()});
}

static void print(const LG__Groepen &groepen) {
    for (const auto &groep : groepen.groep()) line({"groep", groep.key(), groep.naam(), groep.jaargroep()});
    for (const auto &groep : groepen.samengestelde_groep()) line({"samengestelde_groep", groep.key(), groep.naam()});
}

static void print(const LG__Leerlingen &leerlingen) {
    for (const auto &een : leerlingen.leerling())
        line({"leerling", een.key(), een.eckid(), een.achternaam(), een.roepnaam(),
              een.geboortedatum().toString(Qt::ISODate), een.groep().key(),
              keys(een.samengestelde_groepen().samengestelde_groep()).join(',')});
}

static void print(const LG__Leerkrachten &leerkrachten) {
    for (const auto &een : leerkrachten.leerkracht()) {
        const auto groepen = een.groepen();
        const auto all = keys(groepen.groep(), "groep:")
                         + keys(groepen.samengestelde_groep(), "samengestelde_groep:");
        line({"leerkracht", een.key(), een.eckid(), een.achternaam(), een.roepnaam(), all.join(',')});
    }
}

static QString attribute(const KDSoapValue &element, const QString &naam) {
    for (const auto &one : element.childValues().attributes())
        if (one.name() == naam) return one.value().toString();
    return {};
}

// KDSoap makes no type of a declared fault: its detail is read from the tree of the message.
static void print_fault(const KDSoapMessage &fault) {
    const auto &parts = fault.childValues();
    const auto fout = parts.child("detail").childValues().child("fout");
    line({"fout", parts.child("faultcode").value().toString(), parts.child("faultstring").value().toString(),
          attribute(fout, "pad"), attribute(fout, "regel")});
}

// The request that every operation has; `groepen` is of those that ask by groep.
template <class Verzoek> static Verzoek question(const KDDateTime &received) {
    Verzoek vraag;
    vraag.setSchooljaar(env("SCHOOLJAAR"));
    vraag.setBrincode(env("BRINCODE"));
    vraag.setDependancecode(LG__DependancecodeOfLeeg(env("DEPENDANCECODE")));
    vraag.setXsdversie(env("XSDVERSIE"));
    if (received.isValid()) vraag.setLaatstontvangengegevens(received);
    return vraag;
}

static LG__VerzoekPerGroep per_groep(const KDDateTime &received, const QStringList &asked) {
    QList<LG__GroepGekozen> groep, samengesteld;
    for (const auto &one : asked) {
        LG__GroepGekozen reference;
        if (one.contains('=')) reference.setKey(one.section('=', 1));
        (one.section('=', 0, 0) == "groep" ? groep : samengesteld) << reference;
    }
    LG__GroepKeuze keuze;
    keuze.setGroep(groep);
    keuze.setSamengestelde_groep(samengesteld);
    auto vraag = question<LG__VerzoekPerGroep>(received);
    vraag.setGroepen(keuze);
    return vraag;
}

// Run a job to its end; returns whether it was answered, and prints the fault otherwise.
static bool run(KDSoapJob &job) {
    job.setAutoDelete(false);
    QObject::connect(&job, &KDSoapJob::finished, qApp, &QCoreApplication::quit);
    job.start();
    QCoreApplication::exec();
    if (job.isFault()) print_fault(job.reply());
    return !job.isFault();
}

template <class Antwoord> static QString without_data(const Antwoord &antwoord) {
    return antwoord.hasValueForGeenwijzigingen() ? "geenwijzigingen" : "geengegevens";
}

template <class Service> static void connect(Service &service) {
    AUT__Autorisatie autorisatie;
    autorisatie.setAutorisatiesleutel(env("SLEUTEL"));
    autorisatie.setKlantcode(env("KLANTCODE"));
    autorisatie.setKlantnaam(env("KLANTNAAM"));
    service.setEndPoint(env("ENDPOINT"));
    service.setMsgpHeader(autorisatie);
}

// Make one call, and print what came; returns the aanmaakdatum of an answer with data.
static KDDateTime ask(const QString &operatie, const QStringList &groepen, const KDDateTime &received) {
    BndLeerlinggegevens heel;
    BndLeerlinggegevens_getrapt getrapt;
    connect(heel);
    connect(getrapt);
    if (operatie == "HaalLeerlinggegevens") {
        BndLeerlinggegevensJobs::HaalLeerlinggegevensJob job(&heel);
        job.setMsgpLeerlinggegevensVerzoek(question<LG__LeerlinggegevensVerzoek>(received));
        if (!run(job)) return {};
        const auto antwoord = job.msgpLeerlinggegevensAntwoord();
        const bool there = antwoord.hasValueForLeerlinggegevens();
        line({"uitkomst", there ? "leerlinggegevens" : without_data(antwoord)});
        if (!there) return {};
        const auto data = antwoord.leerlinggegevens();
        print(data.school()), print(data.groepen()), print(data.leerlingen()), print(data.leerkrachten());
        return data.school().aanmaakdatum();
    }
    if (operatie == "HaalStructuur") {
        BndLeerlinggegevens_getraptJobs::HaalStructuurJob job(&getrapt);
        job.setMsgpStructuurVerzoek(question<LG__LeerlinggegevensVerzoek>(received));
        if (!run(job)) return {};
        const auto antwoord = job.msgpStructuurAntwoord();
        const bool there = antwoord.hasValueForLeerlinggegevens_structuur();
        line({"uitkomst", there ? "leerlinggegevens-structuur" : without_data(antwoord)});
        if (!there) return {};
        print(antwoord.leerlinggegevens_structuur().school()), print(antwoord.leerlinggegevens_structuur().groepen());
        return antwoord.leerlinggegevens_structuur().school().aanmaakdatum();
    }
    if (operatie == "HaalLeerlingen") {
        BndLeerlinggegevens_getraptJobs::HaalLeerlingenJob job(&getrapt);
        job.setMsgpLeerlingenVerzoek(per_groep(received, groepen));
        if (!run(job)) return {};
        const auto antwoord = job.msgpLeerlingenAntwoord();
        const bool there = antwoord.hasValueForLeerlinggegevens_leerlingen();
        line({"uitkomst", there ? "leerlinggegevens-leerlingen" : without_data(antwoord)});
        if (!there) return {};
        const auto data = antwoord.leerlinggegevens_leerlingen();
        print(data.school()), print(data.leerlingen());
        return data.school().aanmaakdatum();
    }
    BndLeerlinggegevens_getraptJobs::HaalLeerkrachtenJob job(&getrapt);
    job.setMsgpLeerkrachtenVerzoek(per_groep(received, groepen));
    if (!run(job)) return {};
    const auto antwoord = job.msgpLeerkrachtenAntwoord();
    const bool there = antwoord.hasValueForLeerlinggegevens_leerkrachten();
    line({"uitkomst", there ? "leerlinggegevens-leerkrachten" : without_data(antwoord)});
    if (!there) return {};
    const auto data = antwoord.leerlinggegevens_leerkrachten();
    print(data.school()), print(data.leerkrachten());
    return data.school().aanmaakdatum();
}

int main(int argc, char **argv) {
    QCoreApplication application(argc, argv);
    const auto arguments = QCoreApplication::arguments();
    KDDateTime received;
    for (int times = qEnvironmentVariableIsSet("AGAIN") ? 2 : 1; times > 0; times--)
        received = ask(arguments.value(1), arguments.mid(2), received);
}
