// Many at once: requests that wait for keys, connections that a stricter policy no longer takes.
import { setTimeout as sleep } from 'node:timers/promises';
import { INGRESS } from '../../envoy/proxy.ts';
import { STREAMS, counted, flood } from '../../envoy-tests/floods.ts';
import { type TcpClient, TcpWorld } from '../../envoy-tests/tcp-world.ts';
import { jwks } from '../../envoy-tests/world.ts';
import { mintToken } from '../../istio/token/mint.ts';
import { residentMib } from '../resident-memory.ts';
import { type Misfortune, misfortune, newKey, resource } from './bed.ts';
import { Watch } from './watch.ts';

const waiting = misfortune(
  'a crowd waits for a key that nobody has',
  async (world, watch, scale) => {
    const bearer = { authorization: `Bearer ${mintToken(newKey())}` };
    world.jwksServer.behaviour = { kind: 'late', milliseconds: 500, document: jwks };
    await sleep(1500);
    const port = world.envoy.port(INGRESS);
    const crowd = Array.from({ length: scale.waiting / STREAMS }, () =>
      flood(port, STREAMS, bearer),
    );
    const statuses = counted((await Promise.all(crowd)).flat());
    for (const [status, count] of Object.entries(statuses)) {
      watch.tally.answered += count;
      const what = status === '200' ? 'open' : 'lost';
      for (let left = status === '401' ? 0 : count; left > 0; left--) {
        watch.fault(what, `of the crowd: ${status}`);
      }
    }
    return watch.recovery();
  },
);

const SERVICE = 'service';
/** Under PERMISSIVE a connection that says nothing is taken for plaintext after a second. */
const DETECTED_MS = 1500;
/** Connections that come at once: the service takes no more. */
const AT_ONCE = 100;
const CLOSED_LIMIT_MS = 10_000;

const peers = (mode: string): string =>
  JSON.stringify(resource('PeerAuthentication', 'default', { mtls: { mode } }, 'foo'));

/** Plaintext connections, some of which have said something, and then STRICT. */
const idle: Misfortune = {
  name: 'a crowd of idle connections, and then STRICT',
  run: async (scale) => {
    const world = await TcpWorld.start({
      ours: { [SERVICE]: peers('PERMISSIVE') },
    });
    const watch = new Watch(0, [], 0);
    try {
      const before = residentMib(world.envoy.pid);
      const clients: TcpClient[] = [];
      while (clients.length < scale.idle) {
        const some = Array.from({ length: AT_ONCE }, () => world.open(SERVICE));
        clients.push(...some);
        // Every other one says something.
        for (const [i, client] of some.entries()) {
          if (i % 2 === 0) client.send('a');
        }
        for (const [i, client] of some.entries()) {
          if (i % 2 === 0) await client.until(({ text, ended }) => ended || text === 'a');
        }
      }
      await sleep(DETECTED_MS);
      const isOpen = (): number => clients.filter(({ seen }) => !seen.ended).length;
      watch.tally.answered = isOpen();
      watch.expect(isOpen() === scale.idle, `${scale.idle - isOpen()} did not stay open`);
      const { accepted } = await world.apply(SERVICE, peers('STRICT'));
      watch.expect(accepted, 'a good configuration is refused');
      const begin = performance.now();
      while (isOpen() > 0 && performance.now() - begin < CLOSED_LIMIT_MS) await sleep(20);
      const recovery = performance.now() - begin;
      for (let left = isOpen(); left > 0; left--) watch.fault('open', 'an idle connection');
      watch.expect((await world.echo(SERVICE)) === '', 'plaintext is taken under STRICT');
      watch.expect(world.envoy.running, 'Envoy has died');
      return { watch, recovery, memory: [before, residentMib(world.envoy.pid)] };
    } finally {
      await world.stop();
    }
  },
};

export const CROWDS: Misfortune[] = [waiting, idle];
