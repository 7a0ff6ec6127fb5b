// Random policies at istiod's own filters: every set is asked a part of the same random requests. RECORD_SETS makes it shorter.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { Authority } from '../../envoy/certificates.ts';
import type { JsonObject } from '../../envoy/config/types.ts';
import type {
  RandomSet,
  RandomWorld,
  SeenRequest,
  Verdict,
} from '../../host-tests/recorded/format.ts';
import type { Settings } from '../../istio/plugin-configuration.ts';
import { ecKey, signedToken } from '../../istio/token/signing.ts';
import type { Answer, Ask } from '../ask.ts';
import { ExtAuthzServer } from '../ext-authz-server.ts';
import { METADATA, Random, randomRequest } from '../random/generator.ts';
import { World, showDetails, withTls, writeMetadata } from '../world.ts';
import { FACTS } from './recorder.ts';

interface NativeSet {
  seed: number;
  resources: object[];
  httpFilters: JsonObject[];
}

const SEED = 20;
const REQUESTS = 600;
/** How many of them a set is asked. */
const EACH = 200;
const SETS_AT_ONCE = 40;
const AT_ONCE = 4;
const MOST_TRIES = 5;
const HOST = 'gateway.example';

/** Clients by the URI SANs of their certificates; none has none. */
const CLIENTS = [
  undefined,
  ['spiffe://cluster.local/ns/foo/sa/sleep'],
  ['spiffe://td2/ns/foo/sa/sleep'],
  ['spiffe://cluster.local/ns/bar/sa/sleep'],
  ['spiffe://other/ns/fo/sa/here', 'spiffe://cluster.local/ns/foo/sa/other'],
];

// Of the algorithms the one with the shortest signature.
const key = ecKey('P-256', 'p256');
const keys = JSON.stringify({ keys: [key.jwk] });
const mesh = parse(readFileSync('envoy-tests/oracle/mesh-config.yaml', 'utf8')) as Settings;
const settings: Settings = { trustDomainAliases: ['td2'], ...mesh };
const folder = process.env.RECORD!;

it('random requests', async () => {
  const authority = await Authority.create('Portcullis tests');
  const server = await authority.issueServer(HOST);
  const clients = await Promise.all(
    CLIENTS.map(async (uris): Promise<Ask> => {
      const pair = uris && (await authority.issueClient(uris));
      const tls = {
        ca: authority.certificate,
        servername: HOST,
        ...(pair && { cert: pair.certificate, key: pair.key }),
      };
      return { tls, agent: new Agent({ keepAlive: true, ...tls }) };
    }),
  );
  const random = new Random(SEED);
  const asks = Array.from({ length: REQUESTS }, (): Ask => {
    const { token, ...rest } = randomRequest(random);
    const text = token && signedToken('ES256', key, token);
    return { ...rest, token: text, ...random.pick(clients) };
  });
  const sets = gunzipSync(readFileSync('envoy-tests/random/policies.jsonl.gz'))
    .toString()
    .trim()
    .split('\n')
    // Every second one: a few hundred are enough for a repository.
    .filter((_, i) => i % 2 === 0)
    .slice(0, Number(process.env.RECORD_SETS ?? Infinity))
    .map(
      (line) =>
        JSON.parse(line, (field, value: unknown) =>
          field === 'inline_string' ? keys : value,
        ) as NativeSet,
    );
  let seen: SeenRequest[] | undefined;
  const lines: string[] = [];
  for (let begin = 0; begin < sets.length; begin += SETS_AT_ONCE) {
    const batch = sets.slice(begin, begin + SETS_AT_ONCE);
    const authorizer = await ExtAuthzServer.start();
    const world = await World.start({
      jwks: keys,
      settings,
      authorizer: authorizer.port,
      natives: Object.fromEntries(batch.map((set) => [`native-${set.seed}`, set.httpFilters])),
      change: (bootstrap) => {
        showDetails(bootstrap);
        withTls(authority, server)(bootstrap);
        writeMetadata(bootstrap, METADATA);
      },
    });
    try {
      seen ??= await seenBy(world, asks);
      for (const [i, { seed, resources }] of batch.entries()) {
        const first = ((begin + i) * EACH) % REQUESTS;
        const places = Array.from({ length: EACH }, (_, n) => (first + n) % REQUESTS);
        const listener = `native-${seed}`;
        const verdicts = await eachOf(places, async (place): Promise<Verdict> => {
          const native = await askInTime(world, { ...asks[place]!, listener });
          return world.recorder!.verdict(seen![place]!, native, world.envoy.port(listener));
        });
        lines.push(JSON.stringify({ seed, resources, first, ...distinct(verdicts) }));
      }
    } finally {
      await world.stop();
      await authorizer.stop();
    }
  }
  for (const { agent } of clients) agent!.destroy();
  expect(lines.length).toBe(sets.length);
  write('random-policies.jsonl', lines);
}, 3_600_000);

/** Asks again where the authorizer's 0.4 s were over, unless it was told to fail: a machine under load is no verdict. */
async function askInTime(world: World, ask: Ask & { listener: string }): Promise<Answer> {
  const isTold = ask.headers!.at(ask.headers!.indexOf('x-ext-authz') + 1) === 'error';
  for (let tries = 1; ; tries++) {
    const answer = await world.ask(ask);
    const isLate = answer.headers['x-details'] === 'ext_authz_error' && !isTold;
    if (!isLate || tries === MOST_TRIES) return answer;
  }
}

/** The requests as filters see them; they are written down. */
async function seenBy(world: World, asks: Ask[]): Promise<SeenRequest[]> {
  const now = Math.floor(Date.now() / 1000);
  const seen = await eachOf(asks, async (ask) => {
    const facts = await world.ask({ ...ask, listener: FACTS });
    const one = world.recorder!.seen(ask, facts, now);
    if (one === undefined) throw new Error(`no filter sees ${JSON.stringify(ask)}`);
    return one;
  });
  const common: RandomWorld = {
    settings,
    keys,
    metadata: METADATA,
    clients: world.recorder!.certificates,
  };
  write(
    'random-requests.jsonl',
    [common, ...seen].map((one) => JSON.stringify(one)),
  );
  return seen;
}

/** Does something for each, a few at once; the results in their order. */
async function eachOf<T, R>(list: T[], what: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...list.entries()].reverse();
  const drive = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      results[next[0]] = await what(next[1]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, drive));
  return results;
}

/** Each verdict once, and which of them was said in turn. */
function distinct(verdicts: Verdict[]): Pick<RandomSet, 'verdicts' | 'said'> {
  const texts = verdicts.map((verdict) => JSON.stringify(verdict));
  const known = [...new Set(texts)].sort();
  return {
    verdicts: known.map((text) => JSON.parse(text) as Verdict),
    said: texts.map((text) => known.indexOf(text)),
  };
}

function write(file: string, lines: string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), lines.map((line) => `${line}\n`).join(''));
}
