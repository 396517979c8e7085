// One call with the npm package soap; see README.md for what goes in and comes out.
'use strict';
const soap = require('soap');

const AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
const { env } = process;

const line = (...fields) => console.log(fields.map((field) => field ?? '').join('\t'));
// One element comes as an object, several as a list, none as nothing.
const list = (value) => (value === undefined || value === null ? [] : [].concat(value));
// The package makes a Date of a date; its day is the one on the clock of the machine.
const day = (date) => (date ? [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-') : '');
const keys = (value) => list(value).map((one) => one.attributes.key);

function records(data) {
  const { school } = data;
  line('school', school.schooljaar, school.brincode, school.dependancecode, school.aanmaakdatum.toISOString(), school.xsdversie);
  for (const groep of list(data.groepen?.groep)) line('groep', groep.attributes.key, groep.naam, groep.jaargroep);
  for (const groep of list(data.groepen?.samengestelde_groep)) line('samengestelde_groep', groep.attributes.key, groep.naam);
  for (const een of list(data.leerlingen?.leerling)) {
    const { key, eckid } = een.attributes;
    const samengesteld = keys(een.samengestelde_groepen?.samengestelde_groep).join();
    line('leerling', key, eckid, een.achternaam, een.roepnaam, day(een.geboortedatum), een.groep?.attributes.key, samengesteld);
  }
  for (const een of list(data.leerkrachten?.leerkracht)) {
    const { key, eckid } = een.attributes;
    const groepen = ['groep', 'samengestelde_groep'].flatMap((soort) => keys(een.groepen?.[soort]).map((one) => `${soort}:${one}`));
    line('leerkracht', key, eckid, een.achternaam, een.roepnaam, groepen.join());
  }
}

async function main() {
  const [operatie, ...groepen] = process.argv.slice(2);
  const client = await soap.createClientAsync(`${env.ENDPOINT}?wsdl`);
  const autorisatie = { autorisatiesleutel: env.SLEUTEL, klantcode: env.KLANTCODE, klantnaam: env.KLANTNAAM };
  client.addSoapHeader({ autorisatie }, '', 'aut', AUT);
  const vraag = {};
  for (const naam of ['schooljaar', 'brincode', 'dependancecode', 'xsdversie']) vraag[naam] = env[naam.toUpperCase()];
  for (const groep of groepen) {
    const [soort, key] = groep.split('=');
    vraag.groepen ??= {};
    vraag.groepen[soort] ??= [];
    vraag.groepen[soort].push(key === undefined ? {} : { attributes: { key } });
  }
  for (let times = env.AGAIN === undefined ? 1 : 2; times > 0; times--) {
    let antwoord;
    try {
      [antwoord] = await client[`${operatie}Async`](vraag);
    } catch (fout) {
      if (!fout.root) throw fout;
      const { faultcode, faultstring, detail } = fout.root.Envelope.Body.Fault;
      const { pad, regel } = detail?.fout.attributes ?? {};
      line('fout', faultcode, faultstring, pad, regel);
      return;
    }
    const [uitkomst] = Object.keys(antwoord);
    line('uitkomst', uitkomst);
    if (antwoord[uitkomst]?.school) {
      // Of a Date this package writes an empty element: the text of the moment has to be given.
      vraag.laatstontvangengegevens = antwoord[uitkomst].school.aanmaakdatum.toISOString();
      records(antwoord[uitkomst]);
    }
  }
}

main().catch((error) => { console.error(error.stack); process.exit(1); });
