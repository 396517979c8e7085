// Reads an answer from standard input with the types behind JAXB; see README.md for what comes out.
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

public class Read {
    private static final String LG = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens";

    public static void main(String[] arguments) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        var output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        NodeList leerlingen = factory.newDocumentBuilder().parse(System.in).getElementsByTagNameNS(LG, "leerling");
        for (int at = 0; at < leerlingen.getLength(); at++) {
            var een = (Element) leerlingen.item(at);
            String written = text(een, "geboortedatum");
            String day = written.isEmpty() ? "" : day(written).toString();
            output.print(String.join("\t", "leerling", een.getAttribute("key"), text(een, "achternaam"),
                    text(een, "roepnaam"), day) + "\n");
        }
    }

    private static String text(Element record, String naam) {
        NodeList found = record.getElementsByTagNameNS(LG, naam);
        return found.getLength() == 0 ? "" : found.item(0).getTextContent();
    }

    private static LocalDate day(String written) throws Exception {
        return DatatypeFactory.newInstance().newXMLGregorianCalendar(written).toGregorianCalendar().toZonedDateTime()
                .toLocalDate();
    }
}
