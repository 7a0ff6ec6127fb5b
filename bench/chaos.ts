// `make chaos`: misfortunes of all kinds befall a real Envoy, its key server, its authorizer and its clock, while requests that must pass
// and requests that must not come all the while. What is open, wrong or lost; how long until all was well again; memory.
// SHORT=1: everything in small, and several at a time; ONLY=text: those whose name has it.
import { findEnvoy } from '../envoy/binary.ts';
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { AUTHORIZER_MISFORTUNES } from './chaos/authorizer.ts';
import type { Misfortune, Scale } from './chaos/bed.ts';
import { CHURN_MISFORTUNES } from './chaos/churn.ts';
import { CLOCK_MISFORTUNES } from './chaos/clock.ts';
import { CROWDS } from './chaos/crowds.ts';
import { HOT_RESTART } from './chaos/hot-restart.ts';
import { KEY_MISFORTUNES } from './chaos/keys.ts';
import { MODULE_MISFORTUNES } from './chaos/module.ts';
import { PROCESS_MISFORTUNES } from './chaos/process.ts';

const isShort = process.env.SHORT === '1';
const SCALE: Scale = isShort
  ? { lasting: 500, waiting: 1000, idle: 500 }
  : { lasting: 3000, waiting: 10_000, idle: 5000 };

/** One after the other; in small, the groups at once. */
const GROUPS: Misfortune[][] = [
  KEY_MISFORTUNES,
  CLOCK_MISFORTUNES,
  [...CHURN_MISFORTUNES, ...PROCESS_MISFORTUNES, ...HOT_RESTART, ...CROWDS],
  [...AUTHORIZER_MISFORTUNES, ...MODULE_MISFORTUNES],
];

interface Sum {
  tried: number;
  skipped: number;
  answered: number;
  open: number;
  wrong: number;
  lost: number;
}

async function befall({ name, lacks, run }: Misfortune, sum: Sum): Promise<void> {
  const lacking = lacks?.();
  if (lacking !== undefined) {
    sum.skipped++;
    console.log(`${name}: skipped, for this machine has no ${lacking}`);
    return;
  }
  const { watch, recovery, memory } = await run(SCALE);
  const { answered, open, wrong, lost, tolerated, faults } = watch.tally;
  sum.tried++;
  sum.answered += answered;
  sum.open += open;
  sum.wrong += wrong;
  sum.lost += lost;
  console.log(
    `${name}: ${answered} requests, ${open} open, ${wrong} wrong, ${lost} lost, ${tolerated} refused meanwhile; ` +
      `well after ${(recovery / 1000).toFixed(1)} s; ${memory.map((mib) => mib.toFixed(0)).join(' → ')} MiB`,
  );
  for (const [fault, count] of faults) console.log(`  ${fault}, ${count} times`);
}

async function main(): Promise<void> {
  const only = process.env.ONLY ?? '';
  const groups = GROUPS.map((group) => group.filter(({ name }) => name.includes(only)));
  const count = groups.flat().length;
  if (count === 0) throw new Error(`ONLY=${only}: no misfortune has that in its name`);
  console.log(`Envoy ${(await findEnvoy()).version}, two workers, ${count} misfortunes`);
  const begin = performance.now();
  const sum: Sum = { tried: 0, skipped: 0, answered: 0, open: 0, wrong: 0, lost: 0 };
  const inTurn = async (misfortunes: Misfortune[]): Promise<void> => {
    for (const misfortune of misfortunes) await befall(misfortune, sum);
  };
  await (isShort ? Promise.all(groups.map(inTurn)) : inTurn(groups.flat()));
  const minutes = ((performance.now() - begin) / 60_000).toFixed(1);
  console.log(
    `${sum.tried} misfortunes, ${sum.answered} requests: ${sum.open} open, ${sum.wrong} wrong, ${sum.lost} lost` +
      `${sum.skipped > 0 ? `; ${sum.skipped} skipped` : ''} (${minutes} min)`,
  );
  if (sum.open + sum.wrong + sum.lost > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof EnvironmentError ? 3 : 1;
}
