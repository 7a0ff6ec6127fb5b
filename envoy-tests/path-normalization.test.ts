// `explain` shows policies the path that Envoy would: what normalization makes of a path, held against Envoy's access log.
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type PathNormalization, normalizedPath } from '../istio/path-normalization.ts';
import { INGRESS } from '../envoy/proxy.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import { Random } from './random/generator.ts';
import { World } from './world.ts';

const PIECES = [
  ...[
    '/',
    '//',
    '.',
    '..',
    '/./',
    '/../',
    'a',
    'B',
    '%2e',
    '%2E%2e',
    '%2f',
    '%2F',
    '%5c',
    '\\',
    '%41',
    '%7e',
  ],
  ...[
    '%',
    '%zz',
    '%2',
    '%20',
    '%25',
    ';x=1',
    '"',
    '<',
    '|',
    '^',
    '`',
    '{*}',
    '[',
    '%c3%a9',
    '%ff',
    '~',
    '@',
    '%00',
  ],
];
const NORMALIZATIONS: PathNormalization[] = [
  'NONE',
  'BASE',
  'MERGE_SLASHES',
  'DECODE_AND_MERGE_SLASHES',
];
const PATHS = 600;

/** Sends one request after the other on connections of their own, as bytes. */
async function send(port: number, path: string): Promise<void> {
  const text = `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
  return new Promise((done, failed) => {
    createConnection(port, '127.0.0.1')
      .on('data', () => undefined)
      .on('error', failed)
      .on('close', () => done())
      .end(text, 'latin1');
  });
}

describe.each(NORMALIZATIONS)('%s', (how) => {
  it(`makes of ${PATHS} paths what Envoy makes of them`, async () => {
    const seed = Date.now() % 2 ** 31;
    const random = new Random(seed);
    const world = await World.start({ change: (bootstrap) => normalizing(bootstrap, how) });
    try {
      const paths = Array.from(
        { length: PATHS },
        () => `/${random.some(PIECES, 6).join('')}${random.oneIn(4) ? '?a/../b%41' : ''}`,
      );
      for (const path of paths) await send(world.envoy.port(INGRESS), path);
      const seen = async (): Promise<unknown[]> =>
        (await world.accessLog()).map(({ path, response_code }) =>
          response_code === 400 ? undefined : path,
        );
      await expect.poll(async () => (await seen()).length, { timeout: 20_000 }).toBe(PATHS);
      const log = await seen();
      const wrong = paths
        .map((path, i) => ({ path, ours: normalizedPath(path, how)?.split('?')[0], envoy: log[i] }))
        .filter(({ ours, envoy }) => ours !== envoy);
      expect(wrong.slice(0, 20), `seed ${seed}`).toEqual([]);
      expect(new Set(log).size).toBeGreaterThan(PATHS / 4);
    } finally {
      await world.stop();
    }
  });
});

function normalizing(bootstrap: JsonObject, how: PathNormalization): void {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: { filter_chains: { filters: { typed_config: JsonObject }[] }[] }[];
  };
  const merges = how === 'MERGE_SLASHES' || how === 'DECODE_AND_MERGE_SLASHES';
  Object.assign(listeners[0]!.filter_chains[0]!.filters.at(-1)!.typed_config, {
    normalize_path: how !== 'NONE',
    merge_slashes: merges,
    path_with_escaped_slashes_action:
      how === 'DECODE_AND_MERGE_SLASHES' ? 'UNESCAPE_AND_FORWARD' : 'KEEP_UNCHANGED',
  });
}
