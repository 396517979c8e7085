// One call with JAX-WS and the classes of wsimport; see README.md for what goes in and comes out.
import java.io.PrintStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.xml.bind.JAXBElement;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPException;
import javax.xml.ws.Binding;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import javax.xml.ws.soap.SOAPFaultException;
import uwlr.*;

public class AskJaxws {
    private static final Map<String, String> ENV = System.getenv();
    private static final ObjectFactory FACTORY = new ObjectFactory();
    private static final PrintStream OUTPUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] arguments) throws Exception {
        var service = new LeerlinggegevensService(new URL(ENV.get("ENDPOINT") + "?wsdl"));
        var code = new FaultCode();
        XMLGregorianCalendar received = null;
        try {
            for (int times = ENV.containsKey("AGAIN") ? 2 : 1; times > 0; times--) {
                received = ask(service, code, arguments, received);
            }
        } catch (MsgFout fout) {
            line("fout", code.read, fout.getMessage(), fout.getFaultInfo().getPad(), fout.getFaultInfo().getRegel());
        } catch (SOAPFaultException fout) {
            line("fout", fout.getFault().getFaultCode(), fout.getFault().getFaultString(), "", "");
        }
    }

    /** Make one call, and print what came; returns the aanmaakdatum of an answer with data. */
    private static XMLGregorianCalendar ask(LeerlinggegevensService service, FaultCode code, String[] arguments,
            XMLGregorianCalendar received) throws Exception {
        var heel = service.getPrtLeerlinggegevensService();
        var getrapt = service.getPrtLeerlinggegevensServiceGetrapt();
        for (Object port : List.of(heel, getrapt)) {
            Binding binding = ((BindingProvider) port).getBinding();
            binding.setHandlerChain(List.of(code));
        }
        var autorisatie = new Autorisatie();
        autorisatie.setAutorisatiesleutel(ENV.get("SLEUTEL"));
        autorisatie.setKlantcode(ENV.get("KLANTCODE"));
        autorisatie.setKlantnaam(ENV.get("KLANTNAAM"));
        var groepen = List.of(arguments).subList(1, arguments.length);
        switch (arguments[0]) {
            case "HaalLeerlinggegevens": {
                var antwoord = heel.haalLeerlinggegevens(question(received), autorisatie);
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
                var antwoord = getrapt.haalStructuur(question(received), autorisatie);
                var data = antwoord.getLeerlinggegevensStructuur();
                outcome(data, "leerlinggegevens-structuur", antwoord.getGeenwijzigingen());
                if (data == null) return null;
                print(data.getSchool());
                print(data.getGroepen());
                return data.getSchool().getAanmaakdatum();
            }
            case "HaalLeerlingen": {
                var antwoord = getrapt.haalLeerlingen(question(received, groepen), autorisatie);
                var data = antwoord.getLeerlinggegevensLeerlingen();
                outcome(data, "leerlinggegevens-leerlingen", antwoord.getGeenwijzigingen());
                if (data == null) return null;
                print(data.getSchool());
                print(data.getLeerlingen());
                return data.getSchool().getAanmaakdatum();
            }
            default: {
                var antwoord = getrapt.haalLeerkrachten(question(received, groepen), autorisatie);
                var data = antwoord.getLeerlinggegevensLeerkrachten();
                outcome(data, "leerlinggegevens-leerkrachten", antwoord.getGeenwijzigingen());
                if (data == null) return null;
                print(data.getSchool());
                print(data.getLeerkrachten());
                return data.getSchool().getAanmaakdatum();
            }
        }
    }

    private static LeerlinggegevensVerzoek question(XMLGregorianCalendar received) {
        var vraag = new LeerlinggegevensVerzoek();
        vraag.setSchooljaar(ENV.get("SCHOOLJAAR"));
        vraag.setBrincode(ENV.get("BRINCODE"));
        vraag.setDependancecode(ENV.get("DEPENDANCECODE"));
        vraag.setXsdversie(ENV.get("XSDVERSIE"));
        vraag.setLaatstontvangengegevens(received);
        return vraag;
    }

    private static VerzoekPerGroep question(XMLGregorianCalendar received, List<String> asked) {
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
            vraag.getGroepen().getGroepOrSamengesteldeGroep().add(split[0].equals("groep")
                    ? FACTORY.createGroepKeuzeGroep(reference)
                    : FACTORY.createGroepKeuzeSamengesteldeGroep(reference));
        }
        return vraag;
    }

    private static void outcome(Object data, String naam, Leeg geenwijzigingen) {
        line("uitkomst", data != null ? naam : geenwijzigingen != null ? "geenwijzigingen" : "geengegevens");
    }

    private static void print(School school) {
        line("school", school.getSchooljaar(), school.getBrincode(), school.getDependancecode(),
                school.getAanmaakdatum().toXMLFormat(), school.getXsdversie());
    }

    private static void print(Groepen groepen) {
        if (groepen == null) return;
        for (Object one : groepen.getGroepOrSamengesteldeGroep()) {
            if (one instanceof Groep) {
                var groep = (Groep) one;
                line("groep", groep.getKey(), groep.getNaam(), groep.getJaargroep());
            } else {
                var groep = (SamengesteldeGroep) one;
                line("samengestelde_groep", groep.getKey(), groep.getNaam());
            }
        }
    }

    private static void print(Leerlingen leerlingen) {
        for (var een : leerlingen.getLeerling()) {
            var more = een.getSamengesteldeGroepen();
            var day = een.getGeboortedatum();
            line("leerling", een.getKey(), een.getEckid(), een.getAchternaam(), een.getRoepnaam(),
                    day == null ? null : String.format("%04d-%02d-%02d", day.getYear(), day.getMonth(), day.getDay()),
                    een.getGroep() == null ? null : een.getGroep().getKey(),
                    more == null ? null : more.getSamengesteldeGroep().stream().map(Verwijzing::getKey)
                            .collect(Collectors.joining(",")));
        }
    }

    private static void print(Leerkrachten leerkrachten) {
        if (leerkrachten == null) return;
        for (var een : leerkrachten.getLeerkracht()) {
            var groepen = een.getGroepen();
            line("leerkracht", een.getKey(), een.getEckid(), een.getAchternaam(), een.getRoepnaam(),
                    groepen == null ? null : groepen.getGroepOrSamengesteldeGroep().stream().map(AskJaxws::reference)
                            .collect(Collectors.joining(",")));
        }
    }

    private static String reference(JAXBElement<LeerkrachtGroep> groep) {
        return groep.getName().getLocalPart() + ":" + groep.getValue().getKey();
    }

    private static void line(String... fields) {
        OUTPUT.print(Arrays.stream(fields).map(one -> one == null ? "" : one).collect(Collectors.joining("\t")) + "\n");
    }

    /** Keep the faultcode of an answer: the exception of a declared fault does not have it. */
    private static final class FaultCode implements SOAPHandler<SOAPMessageContext> {
        private String read = "";

        @Override
        public boolean handleFault(SOAPMessageContext context) {
            try {
                read = context.getMessage().getSOAPBody().getFault().getFaultCode();
            } catch (SOAPException broken) {
                throw new IllegalStateException(broken);
            }
            return true;
        }

        @Override
        public boolean handleMessage(SOAPMessageContext context) {
            return true;
        }

        @Override
        public Set<QName> getHeaders() {
            return Set.of();
        }

        @Override
        public void close(MessageContext context) {
        }
    }
}
