<?php
// Results brought with NuSOAP 0.9.5; see README.md for what goes in and comes out.
// Its constructors have the names of their classes, which PHP 8 does not call any more: they are renamed while it is read.

require __DIR__ . '/result_lines.php';

const NUSOAP = '/usr/share/php/nusoap/nusoap.php';
const AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';

error_reporting(E_ALL & ~E_DEPRECATED & ~E_WARNING & ~E_NOTICE);
$source = file_get_contents(NUSOAP);
preg_match_all('/^\s*class (\w+)/m', $source, $found);
$classes = implode('|', array_unique($found[1]));
eval('?>' . preg_replace(["/function ($classes)\(/", "/parent::($classes)\(/"], ['function __construct(', 'parent::__construct('], $source));

/** A message as NuSOAP takes it: an attribute is `!key`, a text with attributes is `!`. Of a text it escapes nothing. */
function as_nusoap(mixed $value): mixed
{
    if (!is_array($value)) {
        return is_string($value) ? htmlspecialchars($value) : $value;
    }
    $made = [];
    foreach ($value as $naam => $part) {
        if ($naam === '_') {
            $made['!'] = htmlspecialchars($part);
        } elseif (in_array($naam, ['key', 'niveau', 'vocabulaire'], true)) {
            $made["!$naam"] = $part;
        } else {
            $made[$naam] = as_nusoap($part);
        }
    }
    return $made;
}

$client = new nusoap_client(getenv('ENDPOINT') . '?wsdl', 'wsdl');
$client->soap_defencoding = 'UTF-8';
$client->decode_utf8 = false;
$autorisatie = [];
foreach (['autorisatiesleutel' => 'SLEUTEL', 'klantcode' => 'KLANTCODE', 'klantnaam' => 'KLANTNAAM'] as $naam => $variable) {
    $autorisatie[] = new soapval($naam, false, getenv($variable), AUT);
}
$header = new soapval('autorisatie', false, $autorisatie, AUT);
messages(function (array $message) use ($client, $header): array {
    $antwoord = $client->call('BrengLeerresultaten', [as_nusoap($message)], '', '', [$header]);
    if ($client->fault) {
        $fout = $antwoord['detail']['fout'] ?? [];
        return ['fout', $antwoord['faultcode'], $antwoord['faultstring'], $fout['!pad'] ?? '', $fout['!regel'] ?? ''];
    }
    if ($client->getError()) {
        fwrite(STDERR, $client->getError());
        exit(1);
    }
    return ['bevestigd'];
});
