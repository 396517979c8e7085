<?php
// Results brought with PHP's ext-soap; see README.md for what goes in and comes out.

require __DIR__ . '/result_lines.php';

/** @return array{string, string} pad and regel; of the detail of a fault PHP keeps no attributes, so that its bytes tell */
function detail(string $response): array
{
    $document = new DOMDocument();
    $document->loadXML($response);
    $fout = $document->getElementsByTagNameNS('urn:uwlr-adapter:fout', 'fout')->item(0);
    return [$fout?->getAttribute('pad') ?? '', $fout?->getAttribute('regel') ?? ''];
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
messages(function (array $message) use ($client): array {
    try {
        $client->BrengLeerresultaten($message);
        return ['bevestigd'];
    } catch (SoapFault $fout) {
        return ['fout', $fout->faultcode, $fout->faultstring, ...detail($client->__getLastResponse() ?? '')];
    }
});
