// A provider of OpenID Connect for the tests of the login: npm's oidc-provider, with a login page of our own.
// Its settings come as JSON in argv; it prints its issuer when it is ready. GET /mode/lie, /mode/away and /mode/honest
// say how it answers from then on.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { generateKeyPairSync } from "node:crypto";

const { modules, baseUrl, clientId, secret } = JSON.parse(process.argv[2]);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

const key = (kid) => ({ ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), kid });
const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://localhost:${server.address().port}`;
const extern = `${baseUrl}/koppelingen/inloggen/extern`;
const page = (title, body) =>
  `<!DOCTYPE html><html lang="nl"><head><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,"></head><body><h1>${title}</h1>${body}</body></html>`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: secret,
      redirect_uris: [`${extern}/terug`],
      post_logout_redirect_uris: [`${extern}/uitgelogd`],
      backchannel_logout_uri: `${extern}/afmelden`,
      id_token_signed_response_alg: "ES256",
    },
  ],
  jwks: { keys: [key("eerste")] },
  cookies: { keys: ["een sleutel voor de proef"] },
  claims: { openid: ["sub", "acr", "amr"], school: ["brin"] },
  scopes: ["openid", "school"],
  pkce: { required: () => true },
  // It calls no address of this machine otherwise, and the portal is on it.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, brin: ["21QW00", "99XX99"] }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid school");
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page("Uitgelogd bij de proef", "");
      },
      logoutSource: (ctx, form) => {
        ctx.body = page("Uitloggen bij de proef", `${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Ja, uitloggen</button>`);
      },
    },
  },
});

let mode = "honest";
provider.use(async (ctx, next) => {
  const uid = ctx.path.match(/^\/interaction\/([\w-]+)$/)?.[1];
  if (ctx.path.startsWith("/mode/")) {
    mode = ctx.path.slice("/mode/".length);
    ctx.body = mode;
  } else if (uid && ctx.method === "GET") {
    const name = '<label for="naam">Naam bij de proef</label> <input id="naam" name="naam">';
    ctx.body = page("Inloggen bij de proef", `<form method="post">${name} <button>Verder</button></form>`);
  } else if (uid) {
    const chunks = [];
    for await (const chunk of ctx.req) chunks.push(chunk);
    const accountId = new URLSearchParams(Buffer.concat(chunks).toString()).get("naam");
    const to = await provider.interactionResult(ctx.req, ctx.res, { login: { accountId, amr: ["pwd"] } });
    ctx.redirect(to);
  } else if (mode === "away" && ctx.path === "/token") {
    ctx.status = 503;
  } else {
    await next();
    if (mode === "lie" && ctx.path === "/token" && ctx.body?.id_token) {
      const [head, , signature] = ctx.body.id_token.split(".");
      const claims = Buffer.from(JSON.stringify({ sub: "directeur", iss: issuer })).toString("base64url");
      ctx.body.id_token = `${head}.${claims}.${signature}`;
    }
  }
});

server.on("request", provider.callback());
console.log(issuer);
