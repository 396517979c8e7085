<?php
// One call with NuSOAP 0.9.5; see README.md for what goes in and comes out.
// Its constructors have the names of their classes, which PHP 8 does not call any more: they are renamed while it is read.

const NUSOAP = '/usr/share/php/nusoap/nusoap.php';
const AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
const LG = 'http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens';

error_reporting(E_ALL & ~E_DEPRECATED & ~E_WARNING & ~E_NOTICE);
$source = file_get_contents(NUSOAP);
preg_match_all('/^\s*class (\w+)/m', $source, $found);
$classes = implode('|', array_unique($found[1]));
eval('?>' . preg_replace(["/function ($classes)\(/", "/parent::($classes)\(/"], ['function __construct(', 'parent::__construct('], $source));

function line(...$fields): void
{
    echo implode("\t", $fields), "\n";
}

/** One record is an array with its fields, several are a list of these, none is absent. */
function all(mixed $found): array
{
    return is_array($found) ? (array_is_list($found) ? $found : [$found]) : [];
}

/** @return list<string> the keys of references, with their kind */
function references(array $groepen): array
{
    $found = [];
    foreach ($groepen as $soort => $references) {
        foreach (all($references) as $reference) {
            $found[] = "$soort:{$reference['!key']}";
        }
    }
    return $found;
}

function records(array $data): void
{
    $school = $data['school'];
    line('school', $school['schooljaar'], $school['brincode'], $school['dependancecode'], $school['aanmaakdatum'], $school['xsdversie']);
    foreach (all($data['groepen']['groep'] ?? null) as $groep) {
        line('groep', $groep['!key'], $groep['naam'], $groep['jaargroep']);
    }
    foreach (all($data['groepen']['samengestelde_groep'] ?? null) as $groep) {
        line('samengestelde_groep', $groep['!key'], $groep['naam']);
    }
    foreach (all($data['leerlingen']['leerling'] ?? null) as $een) {
        $more = array_column(all($een['samengestelde_groepen']['samengestelde_groep'] ?? null), '!key');
        line('leerling', $een['!key'] ?? '', $een['!eckid'] ?? '', $een['achternaam'] ?? '', $een['roepnaam'] ?? '', $een['geboortedatum'] ?? '', $een['groep']['!key'] ?? '', implode(',', $more));
    }
    foreach (all($data['leerkrachten']['leerkracht'] ?? null) as $een) {
        line('leerkracht', $een['!key'], $een['!eckid'] ?? '', $een['achternaam'] ?? '', $een['roepnaam'] ?? '', implode(',', references($een['groepen'] ?? [])));
    }
}

/** The parameters of a call: a list of one array. Of a repeated choice NuSOAP would send one element of each kind,
 * without its key, so that such a request is written by hand. */
function parameters(string $operatie, array $vraag, array $groepen): array|string
{
    if (!in_array($operatie, ['HaalLeerlingen', 'HaalLeerkrachten'])) {
        return [$vraag];
    }
    $document = new DOMDocument();
    $verzoek = $document->appendChild($document->createElementNS(LG, strtolower(substr($operatie, 4)) . '_verzoek'));
    foreach ($vraag as $naam => $text) {
        $verzoek->appendChild($document->createElementNS(LG, $naam))->textContent = $text;
    }
    $keuze = $verzoek->appendChild($document->createElementNS(LG, 'groepen'));
    foreach ($groepen as $groep) {
        [$soort, $key] = explode('=', $groep) + [1 => null];
        $reference = $keuze->appendChild($document->createElementNS(LG, $soort));
        if ($key !== null) {
            $reference->setAttribute('key', $key);
        }
    }
    return $document->saveXML($verzoek);
}

$client = new nusoap_client(getenv('ENDPOINT') . '?wsdl', 'wsdl');
$client->soap_defencoding = 'UTF-8';
$client->decode_utf8 = false;
$autorisatie = [];
foreach (['autorisatiesleutel' => 'SLEUTEL', 'klantcode' => 'KLANTCODE', 'klantnaam' => 'KLANTNAAM'] as $naam => $variable) {
    $autorisatie[] = new soapval($naam, false, getenv($variable), AUT);
}
$operatie = $argv[1];
$vraag = [];
foreach (['schooljaar', 'brincode', 'dependancecode', 'xsdversie'] as $naam) {
    $vraag[$naam] = getenv(strtoupper($naam));
}
for ($times = getenv('AGAIN') === false ? 1 : 2; $times > 0; $times--) {
    $asked = parameters($operatie, $vraag, array_slice($argv, 2));
    $antwoord = $client->call($operatie, $asked, '', '', [new soapval('autorisatie', false, $autorisatie, AUT)]);
    if ($client->fault) {
        $fout = $antwoord['detail']['fout'] ?? [];
        line('fout', $antwoord['faultcode'], $antwoord['faultstring'], $fout['!pad'] ?? '', $fout['!regel'] ?? '');
        exit(0);
    }
    if ($client->getError()) {
        fwrite(STDERR, $client->getError());
        exit(1);
    }
    $uitkomst = array_key_first($antwoord);
    line('uitkomst', $uitkomst);
    if (isset($antwoord[$uitkomst]['school'])) {
        $vraag['laatstontvangengegevens'] = $antwoord[$uitkomst]['school']['aanmaakdatum'];
        records($antwoord[$uitkomst]);
    }
}
