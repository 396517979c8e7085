// One call with the npm package easy-soap-request; see README.md for what goes in and comes out.
// It posts an envelope and gives the bytes of the answer: the WSDL says where and with which SOAPAction.
'use strict';
const { DOMParser, XMLSerializer } = require('@xmldom/xmldom');
const soapRequest = require('easy-soap-request');

const AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
const LG = 'http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens';
const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
const WSDL_SOAP = 'http://schemas.xmlsoap.org/wsdl/soap/';
const { env } = process;

const line = (...fields) => console.log(fields.map((field) => field ?? '').join('\t'));
const parse = (xml) => new DOMParser().parseFromString(xml, 'text/xml').documentElement;
const children = (element) => (element ? Array.from(element.childNodes).filter((node) => node.nodeType === 1) : []);
const child = (element, naam) => children(element).find((one) => one.localName === naam);
const attribute = (element, naam) => element?.getAttribute(naam) ?? '';
const texts = (element, ...namen) => namen.map((naam) => child(element, naam)?.textContent);
const found = (root, namespace, naam) => Array.from(root.getElementsByTagNameNS(namespace, naam));

function records(data) {
  line('school', ...texts(child(data, 'school'), 'schooljaar', 'brincode', 'dependancecode', 'aanmaakdatum', 'xsdversie'));
  for (const groep of children(child(data, 'groepen'))) {
    line(groep.localName, attribute(groep, 'key'), ...texts(groep, 'naam', ...(groep.localName === 'groep' ? ['jaargroep'] : [])));
  }
  for (const een of children(child(data, 'leerlingen'))) {
    const samengesteld = children(child(een, 'samengestelde_groepen')).map((one) => attribute(one, 'key')).join();
    const groep = attribute(child(een, 'groep'), 'key');
    line('leerling', attribute(een, 'key'), attribute(een, 'eckid'), ...texts(een, 'achternaam', 'roepnaam', 'geboortedatum'), groep, samengesteld);
  }
  for (const een of children(child(data, 'leerkrachten'))) {
    const groepen = children(child(een, 'groepen')).map((one) => `${one.localName}:${attribute(one, 'key')}`).join();
    line('leerkracht', attribute(een, 'key'), attribute(een, 'eckid'), ...texts(een, 'achternaam', 'roepnaam'), groepen);
  }
}

// An element is built, never pasted together: a code may hold a & or a <.
function envelope(operatie, groepen, received) {
  const root = parse(`<s:Envelope xmlns:s="${SOAP}"><s:Header/><s:Body/></s:Envelope>`);
  const add = (parent, namespace, naam, text = '') => {
    const made = root.ownerDocument.createElementNS(namespace, naam);
    if (text) made.appendChild(root.ownerDocument.createTextNode(text));
    return parent.appendChild(made);
  };
  const [header, body] = children(root);
  const autorisatie = add(header, AUT, 'autorisatie');
  const parts = { autorisatiesleutel: env.SLEUTEL, klantcode: env.KLANTCODE, klantnaam: env.KLANTNAAM };
  for (const [naam, text] of Object.entries(parts)) add(autorisatie, AUT, naam, text);
  const vraag = add(body, LG, `${operatie.slice(4).toLowerCase()}_verzoek`);
  for (const naam of ['schooljaar', 'brincode', 'dependancecode', 'xsdversie']) add(vraag, LG, naam, env[naam.toUpperCase()]);
  if (received) add(vraag, LG, 'laatstontvangengegevens', received);
  const asked = groepen.length ? add(vraag, LG, 'groepen') : undefined;
  for (const groep of groepen) {
    const [soort, key] = groep.split('=');
    const made = add(asked, LG, soort);
    if (key !== undefined) made.setAttribute('key', key);
  }
  return new XMLSerializer().serializeToString(root);
}

async function main() {
  const [operatie, ...groepen] = process.argv.slice(2);
  const wsdl = parse(await (await fetch(`${env.ENDPOINT}?wsdl`)).text());
  const url = attribute(found(wsdl, WSDL_SOAP, 'address')[0], 'location');
  const binding = found(wsdl, WSDL, 'operation').find((one) => one.getAttribute('name') === operatie && child(one, 'operation'));
  const headers = { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: `"${attribute(child(binding, 'operation'), 'soapAction')}"` };
  let received;
  for (let times = env.AGAIN === undefined ? 1 : 2; times > 0; times--) {
    let content;
    try {
      const { response } = await soapRequest({ url, headers, xml: envelope(operatie, groepen, received) });
      content = response.body;
    } catch (error) {
      // A fault travels with status 500, of which the package makes an error.
      if (!error.response) throw error;
      const fault = found(parse(error.response.data), SOAP, 'Fault')[0];
      const fout = child(child(fault, 'detail'), 'fout');
      line('fout', ...texts(fault, 'faultcode', 'faultstring'), attribute(fout, 'pad'), attribute(fout, 'regel'));
      return;
    }
    const [body] = children(parse(content)).slice(-1);
    const [uitkomst] = children(children(body)[0]);
    line('uitkomst', uitkomst.localName);
    if (child(uitkomst, 'school')) {
      [received] = texts(child(uitkomst, 'school'), 'aanmaakdatum');
      records(uitkomst);
    }
  }
}

main().catch((error) => { console.error(error.stack); process.exit(1); });
