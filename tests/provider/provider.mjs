// A real OpenID provider with its own pages for signing in. It prints its address, and ends with its input.
//
// Whoever wants to be its client registers: the console's port is known only once it runs.
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: true },
    registration: {
      enabled: true,
      idFactory: () => process.env.CLIENT_ID,
      secretFactory: () => process.env.CLIENT_SECRET,
    },
  },
  // By itself it sends no logout to this very machine, which is where the console of a test is.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id.includes('@') ? id : `${id}@acme.example`, email_verified: true }),
  }),
  pkce: { required: () => true },
  ttl: { Grant: 3600, IdToken: 3600, Interaction: 600, Session: 3600 },
});
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer }));
process.stdin.resume().on('end', () => process.exit());
