// Results brought with the npm package soap; see README.md for what goes in and comes out.
'use strict';
const soap = require('soap');
const { messages } = require('./result_lines.js');

const AUT = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
const { env } = process;

async function main() {
  const client = await soap.createClientAsync(`${env.ENDPOINT}?wsdl`);
  const autorisatie = { autorisatiesleutel: env.SLEUTEL, klantcode: env.KLANTCODE, klantnaam: env.KLANTNAAM };
  client.addSoapHeader({ autorisatie }, '', 'aut', AUT);
  await messages(async (message) => {
    try {
      await client.BrengLeerresultatenAsync(message);
      return ['bevestigd'];
    } catch (fout) {
      if (!fout.root) throw fout;
      const { faultcode, faultstring, detail } = fout.root.Envelope.Body.Fault;
      const { pad, regel } = detail?.fout.attributes ?? {};
      return ['fout', faultcode, faultstring, pad, regel];
    }
  });
}

main().catch((error) => { console.error(error.stack); process.exit(1); });
