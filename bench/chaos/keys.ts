// What befalls the key server, and the keys.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Behaviour } from '../../envoy/apps/jwks-server.ts';
import { mintToken } from '../../istio/token/mint.ts';
import { type World, jwks, key } from '../../envoy-tests/world.ts';
import {
  type Happening,
  type Misfortune,
  OTHER_JWKS_URI,
  keysOf,
  misfortune,
  newKey,
  policies,
  waitingForKeys,
  withdrawn,
} from './bed.ts';

const WELL: Behaviour = { kind: 'serve', document: jwks };
const MEBIBYTE = 1024 * 1024;

/** A key server that does something else than to serve keys. */
const ILL: [string, Behaviour][] = [
  ['answers 500', { kind: 'status', status: 500 }],
  ['is slower than the timeout', { kind: 'late', milliseconds: 3000, document: jwks }],
  ['drips', { kind: 'dripping', milliseconds: 50 }],
  ['serves garbage', { kind: 'serve', document: '{"keys":[{"kty":"RSA","n":' }],
  ['serves no keys', { kind: 'serve', document: '{"keys":[]}' }],
  ['serves 200 MB', { kind: 'flooding', bytes: 200 * MEBIBYTE }],
];

/** While keys are there they stay; where there are none, nobody comes in, and everybody as soon as they come. */
async function illness(
  world: World,
  watch: Parameters<Happening>[1],
  lasting: number,
  fallIll: () => Promise<void>,
  getWell: () => Promise<void>,
): Promise<number> {
  await fallIll();
  await sleep(lasting);
  // Of another key set nothing has been fetched yet.
  watch.tolerate(waitingForKeys);
  const applied = await world.apply(policies('', OTHER_JWKS_URI));
  watch.expect(applied.accepted, 'a good configuration is refused');
  await sleep(lasting);
  await watch.until(() => watch.tally.tolerated > 0, 'nobody missed the keys');
  await getWell();
  return watch.recovery();
}

const ill = ([name, behaviour]: [string, Behaviour]): Misfortune =>
  misfortune(`the key server ${name}`, (world, watch, { lasting }) => {
    const server = world.jwksServer;
    return illness(
      world,
      watch,
      lasting,
      () => Promise.resolve(void (server.behaviour = behaviour)),
      () => Promise.resolve(void (server.behaviour = WELL)),
    );
  });

const killed = misfortune('the key server is killed', (world, watch, { lasting }) =>
  illness(
    world,
    watch,
    lasting,
    () => world.jwksServer.stop(),
    () => world.jwksServer.restart(),
  ),
);

let member = key;
/** Keys come, are used at once, and the last but one goes. */
const rotation = misfortune(
  'keys are rotated, and withdrawn',
  async (world, watch, { lasting }) => {
    let longest = 0;
    for (let round = 0; round < 3; round++) {
      const [last, next] = [member, newKey()];
      // A worker that has just asked for another kid does not ask again within the cool-down.
      await sleep(1500);
      world.jwksServer.behaviour = { kind: 'serve', document: keysOf(last, next) };
      watch.tolerate(waitingForKeys);
      member = next;
      longest = Math.max(longest, await watch.recovery());
      await withdrawn(world, watch, keysOf(next));
      await sleep(lasting);
      for (let i = 0; i < 8; i++) {
        const status = await world.status({ path: '/anything/x', token: mintToken(last) });
        if (status === 200) watch.fault('open', 'a key that was withdrawn');
        else watch.expect(status === 401, `a key that was withdrawn: ${status}`);
      }
    }
    return longest;
  },
  { member: () => mintToken(member) },
);

export const KEY_MISFORTUNES = [killed, ...ILL.map(ill), rotation];
