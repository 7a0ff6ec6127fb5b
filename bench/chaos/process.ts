// What befalls the process: traps, a stop, no file descriptors left.
import { readFileSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { INGRESS } from '../../envoy/proxy.ts';
import { setIdleTimeout } from '../../envoy-tests/idle-timeouts.ts';
import { FAULTY } from '../../envoy-tests/world.ts';
import { type Misfortune, misfortune, policies } from './bed.ts';

/** What the module of the tests traps at, in a request or a configuration. */
const TRAP = 'x-portcullis-trap';
/** How long a request is stranded that waited on a VM that is gone. */
const STRANDED = '3s';

const traps = misfortune(
  'requests trap the VMs',
  async (world, watch, { lasting }) => {
    // A VM that is gone answers 503, until the next request brings it back; and who waited on it for keys gets it in the end.
    watch.tolerate((_kind, status) => status === 503);
    for (const end = performance.now() + 2 * lasting; performance.now() < end;) {
      const status = await world.status({ path: '/ip', headers: [TRAP, '1'] });
      watch.expect(status === 503, `a trap is answered with ${status}`);
      await sleep(200);
    }
    return watch.recovery();
  },
  {
    world: () => ({
      module: FAULTY,
      change: (bootstrap) => setIdleTimeout(bootstrap, STRANDED),
    }),
  },
);

const lost = misfortune(
  'a configuration traps the workers, and Envoy skips the filter',
  async (world, watch, { lasting }) => {
    // What stands behind the module refuses everything that it has not looked at.
    watch.tolerate((_kind, status) => status === 403 || status === 503);
    await world.apply(policies(TRAP)).catch(() => undefined);
    await sleep(lasting);
    watch.expect((await world.status({ path: '/ip' })) === 403, 'no filter has been skipped');
    // A VM by another name is a new one.
    const healed = world.pluginsFor(policies()).map((plugin) => ({ ...plugin, vmId: 'another' }));
    const { accepted } = await world.envoy.apply(...healed);
    watch.expect(accepted, 'a good configuration is refused');
    return watch.recovery();
  },
  { world: () => ({ module: FAULTY }) },
);

const stopped = misfortune('Envoy is stopped, and goes on', async (world, watch, { lasting }) => {
  for (let round = 0; round < 3; round++) {
    process.kill(world.envoy.pid, 'SIGSTOP');
    await sleep(lasting);
    process.kill(world.envoy.pid, 'SIGCONT');
    await sleep(300);
  }
  return watch.recovery();
});

/** Descriptors that Envoy has for connections; and connections that want one. */
const LEFT = 40;
const WANTED = 300;

const descriptors = misfortune(
  'there are no file descriptors left',
  async (world, watch, { lasting }) => {
    const { pid } = world.envoy;
    const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
    const setLimit = (soft: string): void => {
      const { status } = spawnSync('prlimit', [
        '--pid',
        String(pid),
        `--nofile=${soft}:${hard![1]}`,
      ]);
      watch.expect(status === 0, 'prlimit sets no limit');
    };
    const used = (): number => readdirSync(`/proc/${pid}/fd`).length;
    const limit = used() + LEFT;
    watch.tolerate((_kind, status) => status === 0 || status === 503);
    setLimit(String(limit));
    const sockets = Array.from({ length: WANTED }, () => opened(world.envoy.port(INGRESS)));
    await sleep(2 * lasting);
    await watch.until(() => used() >= limit, 'there were descriptors left');
    for (const socket of sockets) socket.destroy();
    setLimit(hard![1]!);
    return watch.recovery();
  },
);

function opened(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  return socket;
}

export const PROCESS_MISFORTUNES: Misfortune[] = [traps, lost, stopped, descriptors];
