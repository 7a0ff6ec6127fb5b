// A VM that has no memory for large callbacks: what does not fit is refused, not judged by what is left of it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import { type Plugin, Process } from '../../host/process.ts';
import {
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
import { withMaximumMemory } from './wasm-memory.ts';

const { jwks, mint } = secretIssuer();
/** Enough for the configuration, and not for the block that a large callback gets beside the 512 KiB which each one has. */
const PAGES = 400;

function startSmall(resources: object[]): Plugin {
  const module = withMaximumMemory(readFileSync('build/portcullis.wasm'), PAGES);
  const process = new Process({
    platform: nodePlatform,
    now: NOW * 1000,
    node: { namespace: 'foo' },
  });
  return process.load(module, {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration: configuration(resources),
  });
}

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
