// Another Envoy takes over from the one that runs, with its listening sockets.
import { openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, portOf } from '../../envoy/apps/listen.ts';
import type { JsonObject } from '../../envoy/config/types.ts';
import { INGRESS } from '../../envoy/proxy.ts';
import { Supervised } from '../../envoy/runtime/supervised.ts';
import { residentMib } from '../resident-memory.ts';
import { type Misfortune, misfortune } from './bed.ts';

/** Names what the two share; so that two of these runs share nothing. */
const BASE_ID = String(1 + (process.pid % 30_000));
/** What the two leave of that (Linux). */
const SHARED_MEMORY = `/dev/shm/envoy_shared_memory_${BASE_ID}0`;
/** The one before goes two seconds after the second is ready (`--parent-shutdown-time-s`), on a machine that has nothing else to do. */
const TAKEOVER_LIMIT_MS = 60_000;

/** How the first was started. */
let started: { binary: string; args: string[] } | undefined;
let port = 0;

/** The listener keeps its address: by it the second asks the first for the socket. */
function setPort(bootstrap: JsonObject): void {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: { name: string; address: { socket_address: { port_value: number } } }[];
  };
  listeners.find(({ name }) => name === INGRESS)!.address.socket_address.port_value = port;
}

const restart = misfortune(
  'another Envoy takes over (hot restart)',
  async (world, watch, { lasting }) => {
    const { binary, args } = started!;
    const log = openSync(join(world.folder, 'second.log'), 'w');
    const second = Supervised.start(binary, [...args, '--restart-epoch', '1'], log);
    try {
      for (const end = performance.now() + TAKEOVER_LIMIT_MS; performance.now() < end;) {
        if (!world.envoy.running) break;
        await sleep(100);
      }
      await sleep(lasting);
      watch.expect(!world.envoy.running, 'the first Envoy is still there');
      watch.expect(second.running, 'the second Envoy has died');
      const recovery = await watch.recovery();
      await watch.stop();
      return { recovery, after: residentMib(second.pid) };
    } finally {
      await second.stop();
      rmSync(SHARED_MEMORY, { force: true });
    }
  },
  {
    world: async () => {
      const server = await listen(createServer(), 0, '127.0.0.1');
      port = portOf(server);
      await new Promise((done) => server.close(done));
      return {
        change: setPort,
        command: (binary, args) => {
          const own = args.flatMap((arg) =>
            arg === '--disable-hot-restart' ? ['--base-id', BASE_ID] : [arg],
          );
          started = { binary, args: own };
          return { program: binary, args: own };
        },
      };
    },
  },
);

export const HOT_RESTART: Misfortune[] = [restart];
