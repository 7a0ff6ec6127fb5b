// Random policies with istiod's own filters for them, and fresh random requests at both: 10,000 pairs a run. RANDOM_SETS and
// RANDOM_REQUESTS make it longer; RANDOM_SEED repeats a run.
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Authority } from '../envoy/certificates.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import type { Settings } from '../istio/plugin-configuration.ts';
import { rsaKey, signedToken } from '../istio/token/signing.ts';
import { ExtAuthzServer } from './ext-authz-server.ts';
import { METADATA, Random, randomRequest } from './random/generator.ts';
import { askBoth } from './side-by-side.ts';
import type { TlsClient } from './ask.ts';
import { World, showDetails, withTls, writeMetadata } from './world.ts';

interface PolicySet {
  seed: number;
  resources: object[];
  httpFilters: JsonObject[];
}

const SETS_AT_ONCE = 20;
const sets = Number(process.env.RANDOM_SETS ?? 20);
const requests = Number(process.env.RANDOM_REQUESTS ?? 500);
const seed = Number(process.env.RANDOM_SEED ?? Date.now() % 2 ** 31);

const key = rsaKey();
const keys = JSON.stringify({ keys: [key.jwk] });
const HOST = 'gateway.example';

/**
 * What istiod and the module are told in the place of the authorizers' 0.4 s: on a machine that stands still for as long, an answer
 * would be late for the one and in time for the other. What comes late is asked for in ext-authz.test.ts.
 */
const AUTHORIZER_TIMEOUT = '60s';
const withTime = (field: unknown, value: unknown): unknown =>
  field === 'timeout' ? AUTHORIZER_TIMEOUT : value;

const MESH = parse(
  readFileSync('envoy-tests/oracle/mesh-config.yaml', 'utf8'),
  withTime,
) as Settings;

/** Clients by the URI SANs of their certificates; none has none. */
const CLIENTS = [
  undefined,
  ['spiffe://cluster.local/ns/foo/sa/sleep'],
  ['spiffe://td2/ns/foo/sa/sleep'],
  ['spiffe://cluster.local/ns/bar/sa/sleep'],
  ['spiffe://other/ns/fo/sa/here', 'spiffe://cluster.local/ns/foo/sa/other'],
];

function sample(): PolicySet[] {
  const file = process.env.RANDOM_POLICIES ?? 'envoy-tests/random/policies.jsonl.gz';
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  const random = new Random(seed);
  return Array.from({ length: sets }, (_, i) => {
    // A run over all of them takes them in turn.
    const line = sets >= lines.length ? lines[i % lines.length]! : random.pick(lines);
    return JSON.parse(line, (field, value: unknown) =>
      field === 'inline_string' ? keys : withTime(field, value),
    ) as PolicySet;
  });
}

async function compare(batch: PolicySet[], random: Random): Promise<Map<number, number>> {
  const authority = await Authority.create('Portcullis tests');
  const secure = withTls(authority, await authority.issueServer(HOST));
  const clients = await Promise.all(
    CLIENTS.map(async (uris): Promise<TlsClient & { agent: Agent }> => {
      const pair = uris && (await authority.issueClient(uris));
      const tls = { ca: authority.certificate, servername: HOST };
      const own = pair && { cert: pair.certificate, key: pair.key };
      return { ...tls, ...own, agent: new Agent({ keepAlive: true, ...tls, ...own }) };
    }),
  );
  const authorizer = await ExtAuthzServer.start();
  const named = batch.map((set, i) => ({ set, ours: `ours-${i}`, native: `native-${i}` }));
  const world = await World.start({
    jwks: keys,
    settings: { trustDomainAliases: ['td2'], ...MESH },
    authorizer: authorizer.port,
    natives: Object.fromEntries(named.map(({ set, native }) => [native, set.httpFilters])),
    more: Object.fromEntries(
      named.map(({ set, ours }) => [
        ours,
        set.resources.map((r) => JSON.stringify(r)).join('\n---\n'),
      ]),
    ),
    change: (bootstrap) => {
      showDetails(bootstrap);
      secure(bootstrap);
      writeMetadata(bootstrap, METADATA);
    },
  });
  const statuses = new Map<number, number>();
  try {
    for (const { set, ours, native } of named) {
      const plan = Array.from({ length: requests }, () => ({
        request: randomRequest(random),
        client: random.pick(clients),
      }));
      const drive = async (): Promise<void> => {
        for (let next = plan.pop(); next !== undefined; next = plan.pop()) {
          const { token, ...ask } = next.request;
          const { agent, ...tls } = next.client;
          const text = token && signedToken('RS256', key, token);
          const { status } = await askBoth(world, { ...ask, token: text, tls, agent }, [
            ours,
            native,
          ]).catch((error: Error) => {
            const said = JSON.stringify({
              ...next.request,
              cert: CLIENTS[clients.indexOf(next.client)],
            });
            throw new Error(`RANDOM_SEED=${seed}, policies ${set.seed}: ${said}: ${error.message}`);
          });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: 4 }, drive));
    }
  } finally {
    for (const { agent } of clients) agent.destroy();
    await world.stop();
    await authorizer.stop();
  }
  return statuses;
}

describe(`random policies (RANDOM_SEED=${seed})`, () => {
  const all = sample();
  const random = new Random(seed + 1);
  for (let i = 0; i < all.length; i += SETS_AT_ONCE) {
    const batch = all.slice(i, i + SETS_AT_ONCE);
    it(`decide as in Istio: ${batch.length} sets of policies, ${requests} requests each`, async () => {
      const statuses = await compare(batch, random);
      const total = [...statuses.values()].reduce((sum, n) => sum + n, 0);
      expect(total).toBe(batch.length * requests);
      // Else the requests show nothing.
      expect(statuses.get(403) ?? 0).toBeGreaterThan(total / 100);
      expect((statuses.get(200) ?? 0) + (statuses.get(404) ?? 0)).toBeGreaterThan(total / 100);
    }, 600_000);
  }
});
