// One call with the npm package strong-soap; see README.md for what goes in and comes out.
'use strict';
const { promisify } = require('node:util');
const { soap } = require('strong-soap');

const AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
const { env } = process;

const line = (...fields) => console.log(fields.map((field) => field ?? '').join('\t'));
// Of a repeated choice, one element comes as an object and several as a list; none comes as nothing.
const list = (value) => (value === undefined || value === null ? [] : [].concat(value));
// The package makes a Date of a date, at midnight in UTC.
const day = (date) => (date ? date.toISOString().slice(0, 10) : '');
const keys = (value) => list(value).map((one) => one.$attributes.key);

function records(data) {
  const { school } = data;
  line('school', school.schooljaar, school.brincode, school.dependancecode, school.aanmaakdatum.toISOString(), school.xsdversie);
  for (const groep of list(data.groepen?.groep)) line('groep', groep.$attributes.key, groep.naam, groep.jaargroep);
  for (const groep of list(data.groepen?.samengestelde_groep)) line('samengestelde_groep', groep.$attributes.key, groep.naam);
  for (const een of list(data.leerlingen?.leerling)) {
    const { key, eckid } = een.$attributes;
    const samengesteld = keys(een.samengestelde_groepen?.samengestelde_groep).join();
    line('leerling', key, eckid, een.achternaam, een.roepnaam, day(een.geboortedatum), een.groep?.$attributes.key, samengesteld);
  }
  for (const een of list(data.leerkrachten?.leerkracht)) {
    const { key, eckid } = een.$attributes;
    const groepen = ['groep', 'samengestelde_groep'].flatMap((soort) => keys(een.groepen?.[soort]).map((one) => `${soort}:${one}`));
    line('leerkracht', key, eckid, een.achternaam, een.roepnaam, groepen.join());
  }
}

async function main() {
  const [operatie, ...groepen] = process.argv.slice(2);
  const client = await promisify(soap.createClient)(`${env.ENDPOINT}?wsdl`, {});
  // Without a QName the parts of the header go without a namespace.
  const autorisatie = { autorisatiesleutel: env.SLEUTEL, klantcode: env.KLANTCODE, klantnaam: env.KLANTNAAM };
  client.addSoapHeader(autorisatie, new soap.QName(AUT, 'autorisatie'));
  const port = operatie === 'HaalLeerlinggegevens' ? 'prtLeerlinggegevensService' : 'prtLeerlinggegevensService-getrapt';
  const call = promisify(client.LeerlinggegevensService[port][operatie]);
  const vraag = {};
  for (const naam of ['schooljaar', 'brincode', 'dependancecode', 'xsdversie']) vraag[naam] = env[naam.toUpperCase()];
  for (const groep of groepen) {
    const [soort, key] = groep.split('=');
    vraag.groepen ??= {};
    vraag.groepen[soort] ??= [];
    vraag.groepen[soort].push(key === undefined ? {} : { $attributes: { key } });
  }
  for (let times = env.AGAIN === undefined ? 1 : 2; times > 0; times--) {
    let antwoord;
    try {
      antwoord = await call({ [`${operatie.slice(4).toLowerCase()}_verzoek`]: vraag });
    } catch (fout) {
      if (!fout.root) throw fout;
      const { faultcode, faultstring, detail } = fout.root.Envelope.Body.Fault;
      const { pad, regel } = detail?.fout.$attributes ?? {};
      line('fout', faultcode, faultstring, pad, regel);
      return;
    }
    const [uitkomst] = Object.keys(antwoord);
    line('uitkomst', uitkomst);
    if (antwoord[uitkomst]?.school) {
      vraag.laatstontvangengegevens = antwoord[uitkomst].school.aanmaakdatum;
      records(antwoord[uitkomst]);
    }
  }
}

main().catch((error) => { console.error(error.stack); process.exit(1); });
