<?php
// A LAS as a SoapServer on the published WSDL, with each operation; the school is a file of JSON.

const LG = 'http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens';

class Las
{
    private ?stdClass $autorisatie = null;
    private array $data;

    public function __construct()
    {
        $this->data = json_decode(file_get_contents(getenv('SCHOOL')), true);
        $this->data['groepen'] = self::groepen($this->data['groepen']);
    }

    public function autorisatie(stdClass $autorisatie): void
    {
        $this->autorisatie = $autorisatie;
    }

    public function HaalLeerlinggegevens(stdClass $verzoek): array
    {
        return $this->answer($verzoek, 'leerlinggegevens', fn () => [
            'groepen' => $this->data['groepen'],
            'leerlingen' => $this->data['leerlingen'],
            'leerkrachten' => ['leerkracht' => array_map(self::person(...), $this->data['leerkrachten']['leerkracht'])],
        ]);
    }

    public function HaalStructuur(stdClass $verzoek): array
    {
        return $this->answer($verzoek, 'leerlinggegevens-structuur', fn () => [
            'groepen' => $this->data['groepen'],
        ]);
    }

    public function HaalLeerlingen(stdClass $verzoek): array
    {
        return $this->answer($verzoek, 'leerlinggegevens-leerlingen', fn () => $this->members(
            $verzoek,
            'leerling',
            fn (array $one) => [
                'groep' => $one['groep'] ?? [],
                'samengestelde_groep' => $one['samengestelde_groepen']['samengestelde_groep'] ?? [],
            ]
        ));
    }

    public function HaalLeerkrachten(stdClass $verzoek): array
    {
        return $this->answer($verzoek, 'leerlinggegevens-leerkrachten', fn () => $this->members(
            $verzoek,
            'leerkracht',
            fn (array $one) => $one['groepen'] ?? []
        ));
    }

    private function answer(stdClass $verzoek, string $name, callable $lists): array
    {
        $school = $this->data['school'];
        $who = $this->autorisatie ?? throw new SoapFault('Client.AutorisatieOngeldig', 'Geen autorisatie');
        if ($who->klantnaam !== getenv('KLANTNAAM') || $who->klantcode !== getenv('KLANTCODE')) {
            throw new SoapFault('Client.OngeldigeKlantIdentificatie', 'Onbekende klant');
        }
        if ($who->autorisatiesleutel !== getenv('SLEUTEL') || ($verzoek->brincode ?? '') !== $school['brincode']
            || ($verzoek->dependancecode ?? '00') !== $school['dependancecode']) {
            throw new SoapFault('Client.AutorisatieOngeldig', 'Geen toegang tot deze school');
        }
        if ($verzoek->xsdversie !== '2.2') {
            throw new SoapFault('Client.XsdVersieOngeldig', 'Deze versie wordt niet ondersteund');
        }
        if ($verzoek->schooljaar !== $school['schooljaar']) {
            return ['geengegevens' => []];
        }
        if (strtotime($verzoek->laatstontvangengegevens ?? '1970-01-01') >= strtotime($school['aanmaakdatum'])) {
            return ['geenwijzigingen' => []];
        }
        $found = $lists();
        return $found ? [$name => ['school' => $school] + $found] : ['geengegevens' => []];
    }

    /** The persons of one kind in the groups of a request; a group without key stands for persons in none. */
    private function members(stdClass $verzoek, string $kind, callable $groepen): array
    {
        $found = [];
        foreach (['groep', 'samengestelde_groep'] as $groep) {
            foreach (self::several($verzoek->groepen->$groep ?? []) as $asked) {
                foreach (self::several($this->data["{$kind}en"][$kind]) as $one) {
                    $own = array_column(self::several($groepen($one)[$groep] ?? []), 'key');
                    if (isset($asked->key) ? in_array($asked->key, $own, true) : !$own) {
                        $found[$one['key']] = $one;
                    }
                }
            }
        }
        return $found ? ["{$kind}en" => [$kind => array_map(self::person(...), array_values($found))]] : [];
    }

    private static function person(array $one): array
    {
        return isset($one['groepen']) ? ['groepen' => self::groepen($one['groepen'])] + $one : $one;
    }

    /** The element groepen, as XML: ext-soap itself cannot write a choice that is repeated. */
    private static function groepen(array $groepen): SoapVar
    {
        return new SoapVar('<groepen xmlns="' . LG . '">' . self::xml($groepen) . '</groepen>', XSD_ANYXML);
    }

    private static function xml(array $elements): string
    {
        $found = '';
        foreach ($elements as $name => $values) {
            foreach (self::several($values) as $value) {
                $key = isset($value['key']) ? ' key="' . htmlspecialchars($value['key'], ENT_XML1) . '"' : '';
                $inner = is_array($value)
                    ? self::xml(array_diff_key($value, ['key' => '']))
                    : htmlspecialchars($value, ENT_XML1);
                $found .= "<$name$key>$inner</$name>";
            }
        }
        return $found;
    }

    /** A list of what is there once or more often. */
    private static function several(mixed $found): array
    {
        return is_array($found) && array_is_list($found) ? $found : [$found];
    }
}

$server = new SoapServer(__DIR__ . '/UWLR_Leerlinggegevens_v2p2.wsdl');
$server->setClass(Las::class);
$server->handle();
