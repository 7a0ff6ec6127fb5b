// A VM that has no memory for large callbacks: what does not fit is refused, not judged by what is left of it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import { type Plugin, Process } from '../../host/process.ts';
import {
  CLUSTER,
  JWKS_URI,
  MODULE,
  NOW,
  type RequestOptions,
  configuration,
  denyPolicy,
  request,
  requestAuthentication,
  secretIssuer,
  start,
  status,
} from './fixture.ts';
import { onlyCall } from './key-calls.ts';
import { withMaximumMemory } from './wasm-memory.ts';

const { jwks, mint } = secretIssuer();
/** Enough for the configuration, and not for the block that a large callback gets beside the 512 KiB which each one has. */
const PAGES = 400;

const SMALL = withMaximumMemory(readFileSync('build/portcullis.wasm'), PAGES);

function startProcess(): Process {
  return new Process({
    platform: nodePlatform,
    now: NOW * 1000,
    node: { namespace: 'foo' },
    clusters: [CLUSTER],
    hasMainThread: false,
  });
}

function load(
  process: Process,
  module: WebAssembly.Module,
  resources: object[],
  name = 'portcullis',
): Plugin {
  const text = configuration(resources);
  return process.load(module, { name, rootId: name, vmId: name, configuration: text });
}

const startSmall = (resources: object[]): Plugin => load(startProcess(), SMALL, resources);

/** Its claims take several hundred KiB when they are read. */
const large = mint({ many: Array(18_000).fill(0), groups: ['staff'] });
const padding = (bytes: number): RequestOptions['headers'] => [['x-padding', 'p'.repeat(bytes)]];

describe('a request whose callback runs out of memory', () => {
  it.each<[string, object[], RequestOptions]>([
    [
      'when a policy asks for the claims of a token that was cached',
      [
        requestAuthentication({ jwks }),
        denyPolicy([{ when: [{ key: 'request.auth.claims[groups]', notValues: ['staff'] }] }]),
      ],
      { token: large, headers: padding(200_000) },
    ],
    [
      'when a claim of it goes into a header',
      [
        requestAuthentication({ jwks, outputClaimToHeaders: [{ header: 'x-g', claim: 'groups' }] }),
        denyPolicy([{ when: [{ key: 'request.headers[x-g]', notValues: ['*'] }] }]),
      ],
      { token: large, headers: padding(200_000) },
    ],
    [
      'when a token is taken out of the path',
      [requestAuthentication({ jwks })],
      { path: `/?access_token=${mint()}&x=${'x'.repeat(300_000)}` },
    ],
  ])('is refused, and the next one is judged: %s', (_, resources, asked) => {
    const small = startSmall(resources);
    const usual: RequestOptions = { token: large };
    expect(status(small, usual)).toBe(200);
    const stream = request(small, asked);
    small.end(stream);
    expect(stream.reply).toMatchObject({ status: 500 });
    expect(status(small, usual)).toBe(200);
    // Where there is memory, it passes.
    const { plugin } = start(resources);
    expect(status(plugin, usual)).toBe(200);
    expect(status(plugin, asked)).toBe(200);
  });
});

describe('keys that would take the room that callbacks need', () => {
  const resources = [requestAuthentication({ jwksUri: JWKS_URI })];
  const padded = (bytes: number): string =>
    JSON.stringify({ ...(JSON.parse(jwks) as object), padding: 'p'.repeat(bytes) });

  it.each([
    [0, 'success', 200],
    [100_000, 'no_memory', 401],
  ])('are not taken from the key server: %i bytes beside them', (bytes, result, seen) => {
    const process = startProcess();
    const plugin = load(process, SMALL, resources);
    process.advance(100);
    onlyCall(process).respond({ status: 200, body: padded(bytes) });
    expect(
      process.metrics.value(`portcullis_jwks_fetches_total;cluster=${CLUSTER};result=${result}`),
    ).toBe(1);
    expect(status(plugin, { token: mint() })).toBe(seen);
    expect(process.traps).toEqual([]);
  });

  it.each([
    [0, 200],
    [100_000, 401],
  ])('are not taken from who has room for them: %i bytes beside them', (bytes, seen) => {
    const process = startProcess();
    const large = load(process, MODULE, resources, 'large');
    process.advance(100);
    const small = load(process, SMALL, resources, 'small');
    onlyCall(process).respond({ status: 200, body: padded(bytes) });
    process.advance(2000);
    expect(status(large, { token: mint() })).toBe(200);
    expect(status(small, { token: mint() })).toBe(seen);
    expect(process.traps).toEqual([]);
  });
});
