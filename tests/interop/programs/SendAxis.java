// Results brought with Axis 1.4 and the classes of its WSDL2Java; see README.md for what goes in and comes out.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.axis.AxisFault;
import org.apache.axis.client.Stub;
import org.apache.axis.message.SOAPHeaderElement;
import org.apache.axis.types.URI;
import uwlr.*;

public class SendAxis {
    private static final String AUT = "http://www.edustandaard.nl/leerresultaten/2/autorisatie";
    private static final Map<String, String> ENV = System.getenv();
    private static final PrintStream OUTPUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] arguments) throws Exception {
        var port = new LeerresultatenServiceLocator().getprtLeerresultatenService(new URL(ENV.get("ENDPOINT")));
        ((Stub) port).setHeader(autorisatie());
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<String[]> lines = new ArrayList<>();
        for (String read; (read = input.readLine()) != null;) {
            String[] fields = read.split("\t", -1);
            if (!fields[0].equals("breng")) {
                if (fields[0].equals("school")) lines.clear();
                lines.add(fields);
                continue;
            }
            try {
                port.brengLeerresultaten(message(lines));
                line("bevestigd");
            } catch (Fout fout) {
                line("fout", fout.getFaultCode().getLocalPart(), fout.getFaultString(), fout.getPad(), fout.getRegel());
            } catch (AxisFault fout) {
                if (!fout.getFaultCode().getLocalPart().startsWith("Client.")) throw fout;
                line("fout", fout.getFaultCode().getLocalPart(), fout.getFaultString(), "", "");
            }
        }
    }

    private static SOAPHeaderElement autorisatie() throws Exception {
        var header = new SOAPHeaderElement(AUT, "autorisatie");
        for (String[] part : new String[][] {
                {"autorisatiesleutel", "SLEUTEL"}, {"klantcode", "KLANTCODE"}, {"klantnaam", "KLANTNAAM"}}) {
            header.addChildElement(part[0], "", AUT).addTextNode(ENV.get(part[1]));
        }
        return header;
    }

    /** Return a message; its lists are arrays, so that all of its lines are read first. */
    private static LeerresultatenVerzoek message(List<String[]> lines) throws Exception {
        String[] first = lines.get(0);
        var school = new CtpSchool();
        school.setSchooljaar(first[1]);
        school.setBrincode(first[2]);
        school.setDependancecode(first[3]);
        school.setAanmaakdatum(GregorianCalendar.from(OffsetDateTime.parse(first[4]).toZonedDateTime()));
        school.setXsdversie(first[5]);
        var message = new LeerresultatenVerzoek();
        message.setSchool(school);
        message.setToetsafnames(each(lines, "afname", SendAxis::afname).toArray(new CtpToetsafname[0]));
        message.setToetsen(each(lines, "toets", SendAxis::toets).toArray(new CtpToets[0]));
        return message;
    }

    /** Make something of each line of a kind and of the lines behind it, up to the next of its kind or of a toets. */
    private static <T> List<T> each(List<String[]> lines, String kind, Function<List<String[]>, T> made) {
        return IntStream.range(0, lines.size()).filter(at -> lines.get(at)[0].equals(kind)).mapToObj(at -> {
            int end = at + 1;
            while (end < lines.size() && !lines.get(end)[0].equals(kind) && !lines.get(end)[0].equals("toets")) end++;
            return made.apply(lines.subList(at, end));
        }).collect(Collectors.toList());
    }

    private static CtpToetsafname afname(List<String[]> lines) {
        var afname = new CtpToetsafname();
        afname.setLeerlingid(lines.get(0)[1]);
        afname.setResultaten(each(lines, "resultaat", SendAxis::resultaat).toArray(new CtpResultaat[0]));
        return afname;
    }

    private static CtpResultaat resultaat(List<String[]> lines) {
        String[] line = lines.get(0);
        var resultaat = new CtpResultaat();
        resultaat.setKey(line[1]);
        resultaat.setAfnamedatum(day(line[2]));
        resultaat.setToetscode(line[3]);
        resultaat.setToetsonderdeelcode(line[4].isEmpty() ? null : line[4]);
        resultaat.setScore(line[5].isEmpty() ? null : line[5]);
        for (CtpOsoResultaat oso : each(lines, "oso", SendAxis::oso)) resultaat.setOsoresultaat(oso);
        return resultaat;
    }

    private static CtpOsoResultaat oso(List<String[]> lines) {
        String[] line = lines.get(0);
        var interval = new Betrouwbaarheidsinterval();
        interval.setBivlaag(line[3]);
        interval.setBivhoog(line[4]);
        var score = new ToetsscoreType();
        score.setAantalgoed(line[1]);
        score.setVaardigheidsscore(line[2]);
        score.setBetrouwbaarheidsinterval(interval);
        var oso = new CtpOsoResultaat();
        oso.setToetsscore(score);
        oso.setReferentiescore(each(lines, "referentie", SendAxis::referentie).toArray(new ReferentiescoreType[0]));
        return oso;
    }

    private static ReferentiescoreType referentie(List<String[]> lines) {
        var referentie = new ReferentiescoreType();
        referentie.setCodereferentiescore(lines.get(0)[1]);
        referentie.setCodevergelijkingsgroep(lines.get(0)[2]);
        referentie.setWaarde(lines.get(0)[3]);
        return referentie;
    }

    private static CtpToets toets(List<String[]> lines) {
        String[] line = lines.get(0);
        var ingang = new Ingang(line[4]);
        ingang.setNiveau(line[5]);
        var toets = new CtpToets();
        toets.setToetscode(new CtpVocabulaireGebondenVeld(line[1]));
        toets.getToetscode().setVocabulaire(uri(line[2]));
        toets.setToetsnaam(line[3]);
        toets.setToetshierarchie(new Ingang[] {ingang});
        var normen = each(lines, "norm", SendAxis::norm);
        if (!normen.isEmpty()) {
            toets.setToetsnormering(new CtpNormering());
            toets.getToetsnormering().setNorm(normen.toArray(new Norm[0]));
        }
        var onderdelen = each(lines, "onderdeel", SendAxis::onderdeel);
        if (!onderdelen.isEmpty()) toets.setToetsonderdelen(onderdelen.toArray(new CtpToetsOnderdeel[0]));
        return toets;
    }

    private static Norm norm(List<String[]> lines) {
        var norm = new Norm();
        norm.setTerm(lines.get(0)[1]);
        norm.setBeginnormwaarde(lines.get(0)[2]);
        norm.setEindnormwaarde(lines.get(0)[3]);
        return norm;
    }

    private static CtpToetsOnderdeel onderdeel(List<String[]> lines) {
        var onderdeel = new CtpToetsOnderdeel();
        onderdeel.setToetsonderdeelvolgnummer(lines.get(0)[1]);
        onderdeel.setToetsonderdeelcode(new CtpVocabulaireGebondenVeld(lines.get(0)[2]));
        onderdeel.setToetsonderdeelnaam(lines.get(0)[3]);
        return onderdeel;
    }

    /** A day is a Date at midnight on the clock of the machine. */
    private static java.util.Date day(String text) {
        try {
            return new SimpleDateFormat("yyyy-MM-dd").parse(text);
        } catch (java.text.ParseException broken) {
            throw new IllegalStateException(broken);
        }
    }

    private static URI uri(String text) {
        try {
            return new URI(text);
        } catch (URI.MalformedURIException broken) {
            throw new IllegalStateException(broken);
        }
    }

    private static void line(String... fields) {
        OUTPUT.print(Arrays.stream(fields).map(one -> one == null ? "" : one).collect(Collectors.joining("\t")) + "\n");
        OUTPUT.flush();
    }
}
