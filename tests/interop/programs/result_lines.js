// The messages of the programs in JavaScript that bring results: their lines (README.md) as nested objects.
'use strict';
const readline = require('readline');

const line = (...fields) => process.stdout.write(`${fields.map((field) => field ?? '').join('\t')}\n`);
// A number as JavaScript has it, as a program would hold it; what is none stays a text.
const number = (text) => (text !== '' && Number.isFinite(Number(text)) ? Number(text) : text);
const named = (names, fields) => Object.fromEntries(names.map((name, at) => [name, fields[at]]));
const last = (list) => list[list.length - 1];

// Add what a line says to a message. An element with attributes has them in `attributes`, and its text in `$value`.
function add(message, kind, fields) {
  const afnames = message.toetsafnames?.toetsafname;
  const toetsen = message.toetsen?.toets;
  const resultaten = last(afnames ?? [])?.resultaten.resultaat;
  switch (kind) {
    case 'school': {
      // Of a Date soap writes an empty element: a moment and a day are given as texts.
      const school = named(['schooljaar', 'brincode', 'dependancecode', 'aanmaakdatum', 'xsdversie'], fields);
      return { school, toetsafnames: { toetsafname: [] }, toetsen: { toets: [] } };
    }
    case 'afname':
      afnames.push({ leerlingid: fields[0], resultaten: { resultaat: [] } });
      return message;
    case 'resultaat': {
      const [key, afnamedatum, toetscode, onderdeel, score] = fields;
      const resultaat = { attributes: { key }, afnamedatum, toetscode };
      if (onderdeel !== '') resultaat.toetsonderdeelcode = onderdeel;
      if (score !== '') resultaat.score = number(score);
      resultaten.push(resultaat);
      return message;
    }
    case 'oso': {
      const [aantalgoed, vaardigheidsscore, bivlaag, bivhoog] = fields.map(number);
      const toetsscore = { aantalgoed, vaardigheidsscore, betrouwbaarheidsinterval: { bivlaag, bivhoog } };
      last(resultaten).osoresultaat = { toetsscore, referentiescore: [] };
      return message;
    }
    case 'referentie':
      last(resultaten).osoresultaat.referentiescore.push(named(['codereferentiescore', 'codevergelijkingsgroep', 'waarde'], fields));
      return message;
    case 'toets': {
      const [code, vocabulaire, toetsnaam, ingang, niveau] = fields;
      toetsen.push({
        toetscode: { attributes: { vocabulaire }, $value: code },
        toetsnaam,
        toetshierarchie: { ingang: [{ attributes: { niveau }, $value: ingang }] },
      });
      return message;
    }
    case 'norm': {
      const [term, beginnormwaarde, eindnormwaarde] = [fields[0], ...fields.slice(1).map(number)];
      last(toetsen).toetsnormering ??= { norm: [] };
      last(toetsen).toetsnormering.norm.push({ term, beginnormwaarde, eindnormwaarde });
      return message;
    }
    default: {
      const [volgnummer, toetsonderdeelcode, toetsonderdeelnaam] = fields;
      last(toetsen).toetsonderdelen ??= { toetsonderdeel: [] };
      last(toetsen).toetsonderdelen.toetsonderdeel.push({ toetsonderdeelvolgnummer: number(volgnummer), toetsonderdeelcode, toetsonderdeelnaam });
      return message;
    }
  }
}

// Read the messages that standard input tells, and print what `bring` returns for each: the fields of its outcome.
async function messages(bring) {
  let message = {};
  for await (const read of readline.createInterface({ input: process.stdin })) {
    const [kind, ...fields] = read.split('\t');
    if (kind === 'breng') line(...(await bring(message)));
    else message = add(message, kind, fields);
  }
}

module.exports = { messages };
