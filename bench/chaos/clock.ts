// The wall clock of the proxy is set forward and back: by a library that the linker loads before the C library.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../envoy/config/types.ts';
import { mintToken } from '../../istio/token/mint.ts';
import { key } from '../../envoy-tests/world.ts';
import { type Misfortune, keysOf, misfortune, newKey, policies, withdrawn } from './bed.ts';

const MINUTE_S = 60;
const DAY_S = 24 * 60 * MINUTE_S;
const YEAR_S = 365 * DAY_S;
const OFFSETS: [string, number][] = [
  ['ten minutes', 10 * MINUTE_S],
  ['a day', DAY_S],
  ['ten years', 10 * YEAR_S],
];

/** The library that is to be loaded, and the file that it reads the offset from. */
interface Clock {
  library: string;
  file: string;
}

let clock: Clock | undefined;

/** Compiles the library, once; undefined where that cannot be done. */
function theClock(): Clock | undefined {
  if (clock !== undefined) return clock;
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-clock-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const made = { library: join(folder, 'clock.so'), file: join(folder, 'offset') };
  const args = ['-shared', '-fPIC', '-O2', '-o', made.library, 'bench/chaos/clock.c'];
  if (spawnSync('cc', args).status !== 0) return undefined;
  writeFileSync(made.file, Buffer.alloc(8));
  return (clock = made);
}

let offset = 0;
let member = key;
function setClock(seconds: number): void {
  offset = seconds;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(seconds));
  // In place: the file is mapped.
  writeFileSync(theClock()!.file, bytes, { flag: 'r+' });
}

const token = (by = member): string => mintToken(by, {}, Date.now() + offset * 1000);

const set = (name: string, seconds: number): Misfortune => ({
  ...misfortune(
    `the clock is set ${name}`,
    async (world, watch, { lasting }) => {
      // What was minted before is of another time.
      watch.tolerate((kind, status) => kind.endsWith('a member') && [401, 403].includes(status));
      setClock(seconds);
      let longest = await watch.recovery();
      const nbf = Math.floor(Date.now() / 1000);
      const present = mintToken(member, { expire: 5 * MINUTE_S, claims: { nbf } });
      const ofNow = await world.status({ path: '/anything/x', token: present });
      watch.expect(ofNow === 401, `a token of another time: ${ofNow}`);
      await sleep(lasting);
      const { accepted } = await world.apply(policies().replace('"DENY"', '"DENIED"'));
      watch.expect(!accepted, 'a wrong configuration is taken');
      await sleep(lasting);
      // New keys come as they would at any time, and the old ones go.
      const last = member;
      const next = newKey();
      world.jwksServer.behaviour = { kind: 'serve', document: keysOf(last, next) };
      await sleep(1500);
      watch.tolerate((kind, status) => kind.endsWith('a member') && status === 401);
      member = next;
      longest = Math.max(longest, await watch.recovery());
      await withdrawn(world, watch, keysOf(next));
      await sleep(lasting);
      const status = await world.status({ path: '/anything/x', token: token(last) });
      if (status === 200) watch.fault('open', 'a key that was withdrawn');
      else watch.expect(status === 401, `a key that was withdrawn: ${status}`);
      return longest;
    },
    {
      world: () => {
        setClock(0);
        member = key;
        return {
          change: allowExpired,
          command: (binary, args) => ({
            program: 'env',
            args: [
              `LD_PRELOAD=${theClock()!.library}`,
              `PORTCULLIS_CLOCK=${theClock()!.file}`,
              binary,
              ...args,
            ],
          }),
        };
      },
      member: () => token(),
    },
  ),
  lacks: () => (theClock() === undefined ? 'C compiler, `cc`' : undefined),
});

/** A certificate is of its time, too: without this, Envoy would not connect to the key server any more. */
function allowExpired(bootstrap: JsonObject): void {
  JSON.stringify(bootstrap, (name, value: JsonObject) => {
    if (name === 'validation_context') value.allow_expired_certificate = true;
    return value;
  });
}

export const CLOCK_MISFORTUNES = OFFSETS.flatMap(([name, seconds]) => [
  set(`forward by ${name}`, seconds),
  set(`back by ${name}`, -seconds),
]);
