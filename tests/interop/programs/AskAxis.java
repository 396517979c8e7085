// One call with Axis 1.4 and the classes of WSDL2Java; see README.md for what goes in and comes out.
// Of groepen, and of the groepen of a leerkracht, Axis keeps one of each kind; it says nothing of the others.
import java.io.PrintStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.soap.SOAPException;
import org.apache.axis.AxisFault;
import org.apache.axis.client.Stub;
import org.apache.axis.message.SOAPHeaderElement;
import uwlr.*;

public class AskAxis {
    private static final Map<String, String> ENV = System.getenv();
    private static final String AUT = "http://www.edustandaard.nl/leerresultaten/2/autorisatie";
    private static final PrintStream OUTPUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] arguments) throws Exception {
        Calendar received = null;
        try {
            for (int times = ENV.containsKey("AGAIN") ? 2 : 1; times > 0; times--) {
                received = ask(arguments, received);
            }
        } catch (Fout fout) {
            line("fout", fout.getFaultCode().getLocalPart(), fout.getFaultString(), fout.getPad(), fout.getRegel());
        } catch (AxisFault fout) {
            if (!fout.getFaultCode().getLocalPart().startsWith("Client.")) throw fout;
            line("fout", fout.getFaultCode().getLocalPart(), fout.getFaultString(), "", "");
        }
    }

    /** Make one call, and print what came; returns the aanmaakdatum of an answer with data. */
    private static Calendar ask(String[] arguments, Calendar received) throws Exception {
        var locator = new LeerlinggegevensServiceLocator();
        var endpoint = new URL(ENV.get("ENDPOINT"));
        var heel = locator.getprtLeerlinggegevensService(endpoint);
        var getrapt = locator.getPrtLeerlinggegevensServiceGetrapt(endpoint);
        ((Stub) heel).setHeader(autorisatie());
        ((Stub) getrapt).setHeader(autorisatie());
        var groepen = List.of(arguments).subList(1, arguments.length);
        switch (arguments[0]) {
            case "HaalLeerlinggegevens": {
                var antwoord = heel.haalLeerlinggegevens(question(received));
                var data = antwoord.getLeerlinggegevens();
                outcome(data, "leerlinggegevens", antwoord.getGeenwijzigingen());
                if (data == null) return null;
                print(data.getSchool());
                print(data.getGroepen());
                print(data.getLeerlingen());
                print(data.getLeerkrachten());
                return data.getSchool().getAanmaakdatum();
            }
            case "HaalStructuur": {
                var antwoord = getrapt.haalStructuur(question(received));
                var data = antwoord.getLeerlinggegevensStructuur();
                outcome(data, "leerlinggegevens-structuur", antwoord.getGeenwijzigingen());
                if (data == null) return null;
                print(data.getSchool());
                print(data.getGroepen());
                return data.getSchool().getAanmaakdatum();
            }
            case "HaalLeerlingen": {
                var antwoord = getrapt.haalLeerlingen(question(received, groepen));
                var data = antwoord.getLeerlinggegevensLeerlingen();
                outcome(data, "leerlinggegevens-leerlingen", antwoord.getGeenwijzigingen());
                if (data == null) return null;
                print(data.getSchool());
                print(data.getLeerlingen());
                return data.getSchool().getAanmaakdatum();
            }
            default: {
                var antwoord = getrapt.haalLeerkrachten(question(received, groepen));
                var data = antwoord.getLeerlinggegevensLeerkrachten();
                outcome(data, "leerlinggegevens-leerkrachten", antwoord.getGeenwijzigingen());
                if (data == null) return null;
                print(data.getSchool());
                print(data.getLeerkrachten());
                return data.getSchool().getAanmaakdatum();
            }
        }
    }

    /** WSDL2Java makes nothing of the header: it is added by hand. */
    private static SOAPHeaderElement autorisatie() throws SOAPException {
        var header = new SOAPHeaderElement(AUT, "autorisatie");
        header.setActor(null);
        header.addChildElement("autorisatiesleutel", "", AUT).addTextNode(ENV.get("SLEUTEL"));
        header.addChildElement("klantcode", "", AUT).addTextNode(ENV.get("KLANTCODE"));
        header.addChildElement("klantnaam", "", AUT).addTextNode(ENV.get("KLANTNAAM"));
        return header;
    }

    private static LeerlinggegevensVerzoek question(Calendar received) {
        var vraag = new LeerlinggegevensVerzoek();
        vraag.setSchooljaar(ENV.get("SCHOOLJAAR"));
        vraag.setBrincode(ENV.get("BRINCODE"));
        vraag.setDependancecode(ENV.get("DEPENDANCECODE"));
        vraag.setXsdversie(ENV.get("XSDVERSIE"));
        vraag.setLaatstontvangengegevens(received);
        return vraag;
    }

    /** A request has room for one groep and one samengestelde groep: of several the last one goes. */
    private static VerzoekPerGroep question(Calendar received, List<String> asked) {
        var vraag = new VerzoekPerGroep();
        vraag.setSchooljaar(ENV.get("SCHOOLJAAR"));
        vraag.setBrincode(ENV.get("BRINCODE"));
        vraag.setDependancecode(ENV.get("DEPENDANCECODE"));
        vraag.setXsdversie(ENV.get("XSDVERSIE"));
        vraag.setLaatstontvangengegevens(received);
        vraag.setGroepen(new GroepKeuze());
        for (String one : asked) {
            String[] split = one.split("=", 2);
            var reference = new GroepGekozen();
            if (split.length > 1) reference.setKey(split[1]);
            if (split[0].equals("groep")) {
                vraag.getGroepen().setGroep(reference);
            } else {
                vraag.getGroepen().setSamengestelde_groep(reference);
            }
        }
        return vraag;
    }

    private static void outcome(Object data, String naam, Leeg geenwijzigingen) {
        line("uitkomst", data != null ? naam : geenwijzigingen != null ? "geenwijzigingen" : "geengegevens");
    }

    private static void print(School school) {
        line("school", school.getSchooljaar(), school.getBrincode(), school.getDependancecode(),
                school.getAanmaakdatum().toInstant().toString(), school.getXsdversie());
    }

    private static void print(Groepen groepen) {
        if (groepen == null) return;
        var groep = groepen.getGroep();
        var more = groepen.getSamengestelde_groep();
        if (groep != null) line("groep", groep.getKey(), groep.getNaam(), groep.getJaargroep());
        if (more != null) line("samengestelde_groep", more.getKey(), more.getNaam());
    }

    private static void print(Leerling[] leerlingen) {
        for (var een : leerlingen) {
            var more = een.getSamengestelde_groepen();
            var day = een.getGeboortedatum();
            line("leerling", een.getKey(), een.getEckid(), een.getAchternaam(), een.getRoepnaam(),
                    day == null ? null : new SimpleDateFormat("yyyy-MM-dd").format(day),
                    een.getGroep() == null ? null : een.getGroep().getKey(),
                    more == null ? null : Arrays.stream(more).map(Verwijzing::getKey).collect(Collectors.joining(",")));
        }
    }

    private static void print(Leerkracht[] leerkrachten) {
        if (leerkrachten == null) return;
        for (var een : leerkrachten) {
            var found = new ArrayList<String>();
            var groepen = een.getGroepen();
            if (groepen != null && groepen.getGroep() != null) found.add("groep:" + groepen.getGroep().getKey());
            if (groepen != null && groepen.getSamengestelde_groep() != null) {
                found.add("samengestelde_groep:" + groepen.getSamengestelde_groep().getKey());
            }
            line("leerkracht", een.getKey(), een.getEckid(), een.getAchternaam(), een.getRoepnaam(),
                    String.join(",", found));
        }
    }

    private static void line(String... fields) {
        OUTPUT.print(Stream.of(fields).map(one -> one == null ? "" : one).collect(Collectors.joining("\t")) + "\n");
    }
}
