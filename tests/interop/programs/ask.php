<?php
// One call with PHP's ext-soap; see README.md for what goes in and comes out.

function line(...$fields): void
{
    echo implode("\t", $fields), "\n";
}

function day(?string $date): string
{
    return $date === null ? '' : (new DateTimeImmutable($date))->format('Y-m-d');
}

/** @return list<string> the keys of references, with their kind */
function references(?object $groepen): array
{
    $found = [];
    foreach (get_object_vars($groepen ?? new stdClass()) as $soort => $references) {
        foreach ($references as $reference) {
            $found[] = "$soort:$reference->key";
        }
    }
    return $found;
}

function records(object $data): void
{
    $school = $data->school;
    line('school', $school->schooljaar, $school->brincode, $school->dependancecode, $school->aanmaakdatum, $school->xsdversie);
    foreach ($data->groepen->groep ?? [] as $groep) {
        line('groep', $groep->key, $groep->naam, $groep->jaargroep);
    }
    foreach ($data->groepen->samengestelde_groep ?? [] as $groep) {
        line('samengestelde_groep', $groep->key, $groep->naam);
    }
    foreach ($data->leerlingen->leerling ?? [] as $een) {
        $keys = array_column($een->samengestelde_groepen->samengestelde_groep ?? [], 'key');
        line('leerling', $een->key ?? '', $een->eckid ?? '', $een->achternaam ?? '', $een->roepnaam ?? '', day($een->geboortedatum ?? null), $een->groep->key ?? '', implode(',', $keys));
    }
    foreach ($data->leerkrachten->leerkracht ?? [] as $een) {
        line('leerkracht', $een->key, $een->eckid ?? '', $een->achternaam ?? '', $een->roepnaam ?? '', implode(',', references($een->groepen ?? null)));
    }
}

/** @return array{string, string} pad and regel; of the detail of a fault PHP keeps no attributes, so that its bytes tell */
function detail(string $response): array
{
    $document = new DOMDocument();
    $document->loadXML($response);
    $fout = $document->getElementsByTagNameNS('urn:uwlr-adapter:fout', 'fout')->item(0);
    return [$fout?->getAttribute('pad') ?? '', $fout?->getAttribute('regel') ?? ''];
}

$client = new SoapClient(getenv('ENDPOINT') . '?wsdl', [
    'cache_wsdl' => WSDL_CACHE_NONE,
    'trace' => true,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);
// A type that PHP could not read from the WSDL is called so; it loses attributes without a word.
foreach ($client->__getTypes() as $type) {
    if (preg_match('/\b(anyType|UNKNOWN)\b/', $type)) {
        line('onbekend type', $type);
    }
}
$client->__setSoapHeaders(new SoapHeader('http://www.edustandaard.nl/leerresultaten/2/autorisatie', 'autorisatie', [
    'autorisatiesleutel' => getenv('SLEUTEL'),
    'klantcode' => getenv('KLANTCODE'),
    'klantnaam' => getenv('KLANTNAAM'),
]));
$operatie = $argv[1];
$vraag = [];
foreach (['schooljaar', 'brincode', 'dependancecode', 'xsdversie'] as $naam) {
    $vraag[$naam] = getenv(strtoupper($naam));
}
foreach (array_slice($argv, 2) as $groep) {
    [$soort, $key] = explode('=', $groep) + [1 => null];
    $vraag['groepen'][$soort][] = $key === null ? [] : ['key' => $key];
}
for ($times = getenv('AGAIN') === false ? 1 : 2; $times > 0; $times--) {
    try {
        $antwoord = $client->$operatie($vraag);
    } catch (SoapFault $fout) {
        line('fout', $fout->faultcode, $fout->faultstring, ...detail($client->__getLastResponse()));
        exit(0);
    }
    $uitkomst = array_key_first(get_object_vars($antwoord));
    line('uitkomst', $uitkomst);
    if (isset($antwoord->$uitkomst->school)) {
        $vraag['laatstontvangengegevens'] = $antwoord->$uitkomst->school->aanmaakdatum;
        records($antwoord->$uitkomst);
    }
}
