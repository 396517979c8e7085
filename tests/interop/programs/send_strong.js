// Results brought with the npm package strong-soap; see README.md for what goes in and comes out.
'use strict';
const { promisify } = require('node:util');
const { soap } = require('strong-soap');
const { messages } = require('./result_lines.js');

const AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
const { env } = process;

// A message with the names of this package: attributes are in `$attributes`.
function asStrong(value) {
  if (Array.isArray(value)) return value.map(asStrong);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name === 'attributes' ? '$attributes' : name, asStrong(one)]));
}

async function main() {
  const client = await promisify(soap.createClient)(`${env.ENDPOINT}?wsdl`, {});
  // Without a QName the parts of the header go without a namespace.
  const autorisatie = { autorisatiesleutel: env.SLEUTEL, klantcode: env.KLANTCODE, klantnaam: env.KLANTNAAM };
  client.addSoapHeader(autorisatie, new soap.QName(AUT, 'autorisatie'));
  const call = promisify(client.BrengLeerresultaten);
  await messages(async (message) => {
    try {
      await call({ leerresultaten_verzoek: asStrong(message) });
      return ['bevestigd'];
    } catch (fout) {
      if (!fout.root) throw fout;
      const { faultcode, faultstring, detail } = fout.root.Envelope.Body.Fault;
      const { pad, regel } = detail?.fout.$attributes ?? {};
      return ['fout', faultcode, faultstring, pad, regel];
    }
  });
}

main().catch((error) => { console.error(error.stack); process.exit(1); });
