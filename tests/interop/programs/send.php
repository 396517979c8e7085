<?php
// Results brought with PHP's ext-soap; see README.md for what goes in and comes out.

function line(...$fields): void
{
    echo implode("\t", $fields), "\n";
}

/** @return int|float|string a number as PHP has it, as a program would hold it; what is none stays a text */
function number(string $text)
{
    return is_numeric($text) ? $text + 0 : $text;
}

/** @return array{string, string} pad and regel; of the detail of a fault PHP keeps no attributes, so that its bytes tell */
function detail(string $response): array
{
    $document = new DOMDocument();
    $document->loadXML($response);
    $fout = $document->getElementsByTagNameNS('urn:uwlr-adapter:fout', 'fout')->item(0);
    return [$fout?->getAttribute('pad') ?? '', $fout?->getAttribute('regel') ?? ''];
}

/** Add what a line says to a message. An element with attributes is an array, and its text is `_`. */
function add(array &$message, string $kind, array $fields): void
{
    $afname = array_key_last($message['toetsafnames']['toetsafname'] ?? []);
    $toets = array_key_last($message['toetsen']['toets'] ?? []);
    if ($kind === 'school') {
        $message = ['school' => array_combine(['schooljaar', 'brincode', 'dependancecode', 'aanmaakdatum', 'xsdversie'], $fields)];
    } elseif ($kind === 'afname') {
        $message['toetsafnames']['toetsafname'][] = ['leerlingid' => $fields[0], 'resultaten' => ['resultaat' => []]];
    } elseif ($kind === 'toets') {
        [$code, $vocabulaire, $naam, $ingang, $niveau] = $fields;
        $message['toetsen']['toets'][] = [
            'toetscode' => ['_' => $code, 'vocabulaire' => $vocabulaire],
            'toetsnaam' => $naam,
            'toetshierarchie' => ['ingang' => [['_' => $ingang, 'niveau' => number($niveau)]]],
        ];
    } elseif ($kind === 'norm') {
        [$term, $begin, $eind] = $fields;
        $message['toetsen']['toets'][$toets]['toetsnormering']['norm'][] =
            ['term' => $term, 'beginnormwaarde' => number($begin), 'eindnormwaarde' => number($eind)];
    } elseif ($kind === 'onderdeel') {
        [$volgnummer, $code, $naam] = $fields;
        $message['toetsen']['toets'][$toets]['toetsonderdelen']['toetsonderdeel'][] =
            ['toetsonderdeelvolgnummer' => number($volgnummer), 'toetsonderdeelcode' => $code, 'toetsonderdeelnaam' => $naam];
    } else {
        $resultaten = &$message['toetsafnames']['toetsafname'][$afname]['resultaten']['resultaat'];
        if ($kind === 'resultaat') {
            [$key, $dag, $toetscode, $onderdeel, $score] = $fields;
            // What is absent is left out: of null or an empty text PHP writes an empty element.
            $resultaten[] = ['key' => $key, 'afnamedatum' => $dag, 'toetscode' => $toetscode]
                + ($onderdeel === '' ? [] : ['toetsonderdeelcode' => $onderdeel])
                + ($score === '' ? [] : ['score' => number($score)]);
            return;
        }
        $resultaat = &$resultaten[array_key_last($resultaten)];
        if ($kind === 'oso') {
            [$goed, $schaal, $laag, $hoog] = array_map('number', $fields);
            $resultaat['osoresultaat'] = ['toetsscore' => [
                'aantalgoed' => $goed,
                'vaardigheidsscore' => $schaal,
                'betrouwbaarheidsinterval' => ['bivlaag' => $laag, 'bivhoog' => $hoog],
            ]];
        } else {
            $resultaat['osoresultaat']['referentiescore'][] =
                array_combine(['codereferentiescore', 'codevergelijkingsgroep', 'waarde'], $fields);
        }
    }
}

$client = new SoapClient(getenv('ENDPOINT') . '?wsdl', ['cache_wsdl' => WSDL_CACHE_NONE, 'trace' => true]);
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
$message = [];
while (($read = fgets(STDIN)) !== false) {
    $fields = explode("\t", rtrim($read, "\n"));
    $kind = array_shift($fields);
    if ($kind !== 'breng') {
        add($message, $kind, $fields);
        continue;
    }
    try {
        $client->BrengLeerresultaten($message);
        line('bevestigd');
    } catch (SoapFault $fout) {
        line('fout', $fout->faultcode, $fout->faultstring, ...detail($client->__getLastResponse() ?? ''));
    }
}
