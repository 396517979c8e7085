<?php
// The messages of the programs in PHP that bring results: their lines (README.md) as nested arrays.

function line(...$fields): void
{
    echo implode("\t", $fields), "\n";
}

/** @return int|float|string a number as PHP has it, as a program would hold it; what is none stays a text */
function number(string $text)
{
    return is_numeric($text) ? $text + 0 : $text;
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
            ['toetsonderdeelvolgnummer' => number($volgnummer), 'toetsonderdeelcode' => ['_' => $code], 'toetsonderdeelnaam' => $naam];
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

/** Read the messages that standard input tells, and print what `$bring` says of each: the fields of its outcome. */
function messages(callable $bring): void
{
    $message = [];
    while (($read = fgets(STDIN)) !== false) {
        $fields = explode("\t", rtrim($read, "\n"));
        $kind = array_shift($fields);
        if ($kind === 'breng') {
            line(...$bring($message));
        } else {
            add($message, $kind, $fields);
        }
    }
}
