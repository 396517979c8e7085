// Results brought with JAX-WS and the classes of wsimport; see README.md for what goes in and comes out.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPException;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import javax.xml.ws.soap.SOAPFaultException;
import uwlr.*;

public class SendJaxws {
    private static final Map<String, String> ENV = System.getenv();
    private static final PrintStream OUTPUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] arguments) throws Exception {
        var port = new LeerresultatenService(new URL(ENV.get("ENDPOINT") + "?wsdl")).getPrtLeerresultatenService();
        var code = new FaultCode();
        ((BindingProvider) port).getBinding().setHandlerChain(List.of(code));
        var autorisatie = new Autorisatie();
        autorisatie.setAutorisatiesleutel(ENV.get("SLEUTEL"));
        autorisatie.setKlantcode(ENV.get("KLANTCODE"));
        autorisatie.setKlantnaam(ENV.get("KLANTNAAM"));
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var message = new LeerresultatenVerzoek();
        for (String read; (read = input.readLine()) != null;) {
            String[] fields = read.split("\t", -1);
            if (!fields[0].equals("breng")) {
                message = add(message, fields);
                continue;
            }
            try {
                port.brengLeerresultaten(message, autorisatie);
                line("bevestigd");
            } catch (MsgFout fout) {
                line("fout", code.read, fout.getMessage(), fout.getFaultInfo().getPad(), fout.getFaultInfo().getRegel());
            } catch (SOAPFaultException fout) {
                line("fout", fout.getFault().getFaultCode(), fout.getFault().getFaultString(), "", "");
            }
        }
    }

    /** Add what a line says to a message, or begin one; returns the message. */
    private static LeerresultatenVerzoek add(LeerresultatenVerzoek message, String[] line) throws Exception {
        switch (line[0]) {
            case "school": {
                var school = new CtpSchool();
                school.setSchooljaar(line[1]);
                school.setBrincode(line[2]);
                school.setDependancecode(line[3]);
                school.setAanmaakdatum(DatatypeFactory.newInstance().newXMLGregorianCalendar(line[4]));
                school.setXsdversie(line[5]);
                var made = new LeerresultatenVerzoek();
                made.setSchool(school);
                made.setToetsafnames(new Toetsafnames());
                made.setToetsen(new Toetsen());
                return made;
            }
            case "afname": {
                var afname = new CtpToetsafname();
                afname.setLeerlingid(line[1]);
                afname.setResultaten(new Resultaten());
                message.getToetsafnames().getToetsafname().add(afname);
                break;
            }
            case "resultaat": {
                var resultaat = new CtpResultaat();
                resultaat.setKey(line[1]);
                resultaat.setAfnamedatum(DatatypeFactory.newInstance().newXMLGregorianCalendar(line[2]));
                resultaat.setToetscode(line[3]);
                resultaat.setToetsonderdeelcode(line[4].isEmpty() ? null : line[4]);
                resultaat.setScore(line[5].isEmpty() ? null : line[5]);
                last(message.getToetsafnames().getToetsafname()).getResultaten().getResultaat().add(resultaat);
                break;
            }
            case "oso": {
                var interval = new Betrouwbaarheidsinterval();
                interval.setBivlaag(line[3]);
                interval.setBivhoog(line[4]);
                var score = new ToetsscoreType();
                score.setAantalgoed(line[1]);
                score.setVaardigheidsscore(line[2]);
                score.setBetrouwbaarheidsinterval(interval);
                var oso = new CtpOsoResultaat();
                oso.setToetsscore(score);
                resultaat(message).setOsoresultaat(oso);
                break;
            }
            case "referentie": {
                var referentie = new ReferentiescoreType();
                referentie.setCodereferentiescore(line[1]);
                referentie.setCodevergelijkingsgroep(line[2]);
                referentie.setWaarde(line[3]);
                resultaat(message).getOsoresultaat().getReferentiescore().add(referentie);
                break;
            }
            case "toets": {
                var ingang = new Ingang();
                ingang.setValue(line[4]);
                ingang.setNiveau(line[5]);
                var toets = new CtpToets();
                toets.setToetscode(term(line[1]));
                toets.getToetscode().setVocabulaire(line[2]);
                toets.setToetsnaam(line[3]);
                toets.setToetshierarchie(new Toetshierarchie());
                toets.getToetshierarchie().getIngang().add(ingang);
                message.getToetsen().getToets().add(toets);
                break;
            }
            case "norm": {
                var norm = new Norm();
                norm.setTerm(line[1]);
                norm.setBeginnormwaarde(line[2]);
                norm.setEindnormwaarde(line[3]);
                var toets = last(message.getToetsen().getToets());
                if (toets.getToetsnormering() == null) toets.setToetsnormering(new CtpNormering());
                toets.getToetsnormering().getNorm().add(norm);
                break;
            }
            default: {
                var onderdeel = new CtpToetsOnderdeel();
                onderdeel.setToetsonderdeelvolgnummer(line[1]);
                onderdeel.setToetsonderdeelcode(term(line[2]));
                onderdeel.setToetsonderdeelnaam(line[3]);
                var toets = last(message.getToetsen().getToets());
                if (toets.getToetsonderdelen() == null) toets.setToetsonderdelen(new Toetsonderdelen());
                toets.getToetsonderdelen().getToetsonderdeel().add(onderdeel);
            }
        }
        return message;
    }

    private static CtpVocabulaireGebondenVeld term(String value) {
        var made = new CtpVocabulaireGebondenVeld();
        made.setValue(value);
        return made;
    }

    private static CtpResultaat resultaat(LeerresultatenVerzoek message) {
        return last(last(message.getToetsafnames().getToetsafname()).getResultaten().getResultaat());
    }

    private static <T> T last(List<T> list) {
        return list.get(list.size() - 1);
    }

    private static void line(String... fields) {
        OUTPUT.print(Arrays.stream(fields).map(one -> one == null ? "" : one).collect(Collectors.joining("\t")) + "\n");
        OUTPUT.flush();
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
