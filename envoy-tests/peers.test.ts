// Who is at the other end of a connection, by its certificate and its address, at the module and at istiod's own rbac.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../envoy/certificates.ts';
import { askBoth } from './side-by-side.ts';
import type { TlsClient } from './ask.ts';
import { World, oracle, showDetails, withTls } from './world.ts';

const HOST = 'gateway.example';

/** Clients by what is in their certificates: URI SANs, and DNS SANs. */
const CLIENTS: Record<string, [uris: string[], hosts?: string[]]> = {
  sleep: [['spiffe://td1/ns/foo/sa/sleep']],
  alias: [['spiffe://td2/ns/foo/sa/sleep']],
  'cluster.local': [['spiffe://cluster.local/ns/foo/sa/sleep']],
  other: [['spiffe://other/ns/foo/sa/sleep']],
  'of a longer trust domain': [['spiffe://td1.example/ns/foo/sa/sleep']],
  td3: [['spiffe://td3/ns/baz/sa/here']],
  bad: [['spiffe://td1/ns/foo/sa/bad']],
  worse: [['spiffe://td1/ns/foo/sa/worse']],
  here: [['spiffe://td1/ns/istio-system/sa/here']],
  'of another namespace': [['spiffe://td1/ns/bar/sa/sleep']],
  'of a namespace in the middle': [['spiffe://td1/ns/foobox/sa/sleep']],
  'with more behind': [['spiffe://td1/ns/foo/sa/sleep/more']],
  'with more in between': [['spiffe://td1/ns/foo/x/sa/sleep']],
  'with nothing in front': [['spiffe:///ns/foo/sa/sleep']],
  'in capitals': [['spiffe://td1/ns/FOO/sa/sleep']],
  'of no SPIFFE': [['https://td1/ns/foo/sa/sleep']],
  'of two names': [['spiffe://td2/ns/bar/sa/one', 'spiffe://td1/ns/foo/sa/sleep']],
  'of two strangers': [['spiffe://a/ns/b/sa/c', 'spiffe://d/ns/e/sa/f']],
  'of a host': [[], ['sleep.foo']],
  'of a name and a host': [['spiffe://td1/ns/foo/sa/sleep'], ['sleep.foo']],
};

const PATHS = [
  ...['any', 'none', 'exact', 'cluster-local', 'other', 'prefix', 'suffix', 'not', 'namespace'],
  ...['namespaces', 'middle', 'account', 'not-account', 'domain', 'domains', 'any-domain', 'when'],
];

describe('a peer', () => {
  let authority: Authority;
  let world: World;
  const clients = new Map<string, TlsClient>();

  beforeAll(async () => {
    authority = await Authority.create('Portcullis tests');
    const tls = { ca: authority.certificate, servername: HOST };
    clients.set('without a certificate', tls);
    for (const [name, [uris, hosts]] of Object.entries(CLIENTS)) {
      const { certificate, key } = await authority.issueClient(uris, hosts);
      clients.set(name, { ...tls, cert: certificate, key });
    }
    const secure = withTls(authority, await authority.issueServer(HOST));
    world = await World.start({
      ...oracle('peers'),
      settings: { trustDomain: 'td1', trustDomainAliases: ['td2'] },
      change: (bootstrap) => {
        showDetails(bootstrap);
        secure(bootstrap);
      },
    });
  });
  afterAll(() => world?.stop());

  it.each([...Object.keys(CLIENTS), 'without a certificate'])('%s', async (name) => {
    const seen = new Set<number>();
    for (const path of PATHS) {
      const ask = { path: `/${path}`, tls: clients.get(name)! };
      const { status } = await askBoth(world, ask).catch((error: Error) => {
        throw new Error(`/${path}: ${error.message}`);
      });
      seen.add(status);
    }
    expect(seen).toContain(403);
  });

  it('has the address of its connection, whatever X-Forwarded-For says', async () => {
    for (const path of ['direct', 'not-direct', 'direct-when']) {
      for (const client of ['10.0.0.1', '127.0.0.1', 'rubbish']) {
        const headers = ['x-forwarded-for', client];
        await askBoth(world, { path: `/${path}`, headers, tls: clients.get('sleep')! });
      }
    }
  });
});

describe('a peer of a listener without TLS', () => {
  let world: World;
  beforeAll(async () => {
    const settings = { trustDomain: 'td1', trustDomainAliases: ['td2'] };
    world = await World.start({ ...oracle('peers'), settings, change: showDetails });
  });
  afterAll(() => world?.stop());

  it('is nobody, and has its address', async () => {
    for (const path of [...PATHS, 'direct', 'not-direct', 'direct-when']) {
      await askBoth(world, { path: `/${path}` });
      await askBoth(world, { path: `/${path}`, headers: ['x-forwarded-for', '10.0.0.1'] });
    }
  });
});

describe('a fact of the connection that is declared and not there', () => {
  let world: World;
  beforeAll(async () => {
    const connectionFacts = {
      directAddress: 'not.there',
      peerUris: 'neither',
      peerDns: 'nor',
      localUris: 'this',
    };
    const settings = { trustDomain: 'td1', trustDomainAliases: ['td2'], connectionFacts };
    world = await World.start({ ...oracle('peers'), settings, change: showDetails });
  });
  afterAll(() => world?.stop());

  it.each(['none', 'not', 'exact', 'direct', 'not-direct'])(
    'refuses /%s, and says why',
    async (path) => {
      const { status, headers } = await world.ask({ path: `/${path}` });
      expect(status).toBe(403);
      expect(headers['x-details']).toBe('portcullis_connection_fact_missing');
    },
  );
});
