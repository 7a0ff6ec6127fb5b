// What befalls the file of the module.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SHIPPED, type World } from '../../envoy-tests/world.ts';
import { type Misfortune, misfortune, policies, waitingForKeys } from './bed.ts';

const whole = readFileSync(SHIPPED);

/** A file that is not the module, by what is wrong with it. */
const FILES: [string, (path: string) => void][] = [
  ['missing', (path) => rmSync(path, { force: true })],
  ['empty', (path) => writeFileSync(path, '')],
  ['truncated', (path) => writeFileSync(path, whole.subarray(0, whole.length / 2))],
  ['corrupt', (path) => writeFileSync(path, corrupted())],
  ['something else', (path) => writeFileSync(path, '#!/bin/sh\nexit 0\n')],
];

/** Every thousandth byte is another one. */
function corrupted(): Buffer {
  const bytes = Buffer.from(whole);
  for (let i = 0; i < bytes.length; i += 1000) bytes[i]! ^= 0x55;
  return bytes;
}

/** Has Envoy load the module anew, from this file, in a VM by another name. */
async function load(world: World, module: string, salt: string): Promise<boolean> {
  const plugins = world
    .pluginsFor(policies(salt))
    .map((plugin) => ({ ...plugin, vmId: salt, module }));
  return (await world.envoy.apply(...plugins)).accepted;
}

/** The one before stays in force, and a good file is taken again. */
const ill = ([what, spoil]: (typeof FILES)[number]): Misfortune =>
  misfortune(`the module that is to be loaded is ${what}`, async (world, watch) => {
    const path = join(world.folder, 'module.wasm');
    spoil(path);
    watch.expect(!(await load(world, path, 'bad')), 'a file that is no module is taken');
    watch.expect((await world.status({ path: '/bad' })) === 404, 'its policy is in force');
    const another = join(world.folder, 'another.wasm');
    writeFileSync(another, whole);
    watch.expect(await load(world, another, 'good'), 'the good module is refused');
    watch.expect((await world.status({ path: '/good' })) === 403, 'its policy is not in force');
    return watch.recovery();
  });

/** Nobody comes in until there is a module. */
const illFromTheStart = ([what, spoil]: (typeof FILES)[number]): Misfortune => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-module-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'module.wasm');
  return misfortune(
    `Envoy starts, and the module is ${what}`,
    async (world, watch, { lasting }) => {
      await sleep(lasting);
      for (const path of ['/ip', '/headers']) {
        const status = await world.status({ path });
        watch.expect(status === 500, `${path} without a module: ${status}`);
      }
      watch.expect(await load(world, SHIPPED, 'good'), 'the good module is refused');
      return watch.recovery();
    },
    {
      world: () => {
        spoil(path);
        return { module: path };
      },
      fromTheStart: (kind, status) => status === 500 || waitingForKeys(kind, status),
    },
  );
};

export const MODULE_MISFORTUNES = [...FILES.map(ill), ...FILES.map(illFromTheStart)];
