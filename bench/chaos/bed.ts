// What the misfortunes happen to: a real Envoy with the module, its key server, and requests of each kind that must pass or must not.
import { INGRESS } from '../../envoy/proxy.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../../istio/token/keys.ts';
import { SAMPLE_ISSUER, mintToken } from '../../istio/token/mint.ts';
import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JWKS_URI, World, type WorldOptions, key } from '../../envoy-tests/world.ts';
import { residentMib } from '../resident-memory.ts';
import { type Kind, type Tolerance, Watch } from './watch.ts';

/** How long a misfortune lasts, and how many take part in it. */
export interface Scale {
  /** Milliseconds. */
  lasting: number;
  /** Requests that wait at once. */
  waiting: number;
  /** Idle connections. */
  idle: number;
}

/** A misfortune: what happens, and what is found in the end. */
export interface Misfortune {
  name: string;
  /** What this machine would have to have, and has not. */
  lacks?: () => string | undefined;
  run: (scale: Scale) => Promise<Finding>;
}

/** What came of a misfortune. */
export interface Finding {
  watch: Watch;
  /** Milliseconds until all was well again, the longest where there were several times. */
  recovery: number;
  /** MiB before and after. */
  memory: [number, number];
}

/** A second key set of the same server. */
export const OTHER_JWKS_URI = `${JWKS_URI}?other`;

/** Under which everything happens soon. */
export const SETTINGS = {
  jwks: [JWKS_URI, OTHER_JWKS_URI].map((uri) => ({
    uri,
    timeout: '1s',
    cooldown: '1s',
    refresh: '2s',
  })),
};

const membersToken = mintToken(key);
/** By a key that nobody has. */
const strangersToken = mintToken(newKey());

/** A key that nobody has yet. */
export function newKey(): KeyObject {
  return readPrivateKey(generatePrivateKey());
}

/** A key set of these keys. */
export function keysOf(...keys: KeyObject[]): string {
  return keySet(...keys.map(publicJwk));
}

/** A resource, of the proxy's namespace unless told. */
export function resource(
  kind: string,
  name: string,
  spec: object,
  namespace = 'istio-system',
): object {
  const metadata = { name, namespace };
  return { apiVersion: 'security.istio.io/v1', kind, metadata, spec };
}

/** Policies, of which each kind of request needs one. `salt` tells configurations apart, and decides nothing. */
export function policies(salt = '', jwksUri = JWKS_URI): string {
  const deny = (name: string, rules: object[]): object =>
    resource('AuthorizationPolicy', name, { action: 'DENY', rules });
  return [
    resource('RequestAuthentication', 'jwt', { jwtRules: [{ issuer: SAMPLE_ISSUER, jwksUri }] }),
    deny('path', [{ to: [{ operation: { paths: ['/headers', `/${salt}`] } }] }]),
    deny('address', [
      {
        from: [{ source: { remoteIpBlocks: ['127.0.0.0/8'] } }],
        to: [{ operation: { paths: ['/get'] } }],
      },
    ]),
    deny('anonymous', [
      {
        from: [{ source: { notRequestPrincipals: ['*'] } }],
        to: [{ operation: { paths: ['/anything/*'] } }],
      },
    ]),
  ]
    .map((one) => JSON.stringify(one))
    .join('\n---\n');
}

/** Requests of each kind; `member`: a token that is good. */
export function kinds(member: () => string): Kind[] {
  return [
    { name: 'anybody', status: 200, ask: () => ({ path: '/ip' }) },
    { name: 'a member', status: 200, ask: () => ({ path: '/anything/x', token: member() }) },
    { name: 'the denied path', status: 403, ask: () => ({ path: '/headers' }) },
    { name: 'the denied path by a member', status: 403, ask: () => ({ token: member() }) },
    { name: 'the denied address', status: 403, ask: () => ({ path: '/get' }) },
    { name: 'nobody', status: 403, ask: () => ({ path: '/anything/x' }) },
    {
      name: 'a stranger',
      status: 401,
      ask: () => ({ path: '/anything/x', token: strangersToken }),
    },
  ];
}

/**
 * What happens, with Envoy under watch; the milliseconds until all was well again. Where another process is there in the end: its
 * memory, too.
 */
export type Happening = (
  world: World,
  watch: Watch,
  scale: Scale,
) => Promise<number | { recovery: number; after: number }>;

/** What is to be another than usual. */
interface Unusual {
  world?: () => WorldOptions | Promise<WorldOptions>;
  /** What may be answered from the start, where nothing is well then. */
  fromTheStart?: Tolerance;
  /** A token that is good. */
  member?: () => string;
}

/** A misfortune of a world in which the policies are in force. */
export function misfortune(name: string, happen: Happening, unusual: Unusual = {}): Misfortune {
  return {
    name,
    run: async (scale) => {
      const world = await World.start({
        policies: policies(),
        settings: SETTINGS,
        concurrency: 2,
        ...(await unusual.world?.()),
      });
      const watch = new Watch(
        world.envoy.port(INGRESS),
        kinds(unusual.member ?? (() => membersToken)),
      );
      try {
        watch.tolerate(unusual.fromTheStart ?? waitingForKeys);
        if (unusual.fromTheStart === undefined) await watch.recovery();
        const before = residentMib(world.envoy.pid);
        const found = await happen(world, watch, scale);
        if (typeof found !== 'number')
          return { watch, recovery: found.recovery, memory: [before, found.after] };
        watch.expect(world.envoy.running, 'Envoy has died');
        const after = world.envoy.running ? residentMib(world.envoy.pid) : 0;
        return { watch, recovery: found, memory: [before, after] };
      } finally {
        await watch.stop();
        await world.stop();
      }
    },
  };
}

/** Two workers, each with an answer on its way, and two more. */
const REFRESHES = 6;
/** Two refreshes; and what an answer takes. */
const REFRESHED_MS = 4000;
const ANSWERED_MS = 300;

/** The key server serves these keys from now on; waits until each worker has them, and the others are gone. */
export async function withdrawn(world: World, watch: Watch, document: string): Promise<void> {
  world.jwksServer.behaviour = { kind: 'serve', document };
  const before = world.jwksServer.requests;
  await sleep(REFRESHED_MS);
  await watch.until(
    () => world.jwksServer.requests >= before + REFRESHES,
    'the key server is not asked',
  );
  await sleep(ANSWERED_MS);
}

/** Who shows a token is refused while there are no keys. */
export const waitingForKeys: Tolerance = (kind, status) =>
  kind.endsWith('a member') && status === 401;
