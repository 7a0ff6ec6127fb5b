// Runs each test first as it is, to see which faults it reaches, and then again with each of these on that no test has found so far.
import fs, { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { type RunnerTask, TestRunner } from 'vitest';
import { FOLDER, KILLED, SIZE, SLOW, TRIED, UNREPEATABLE } from './folder.ts';

type Test = Extract<RunnerTask, { type: 'test' }>;
type Suite = Extract<RunnerTask, { type: 'suite' }>;

/** Calls of `mutantIsOn` that one run of a test may take in one instance: many times what any takes without a fault. */
const FUEL = 200_000_000n;

/** Milliseconds that a test may take without a fault, on a busy machine. */
const LIMIT_MS = 60_000;

/**
 * Milliseconds after which a fault has made something endless that takes no fuel, an allocator whose lists it has spoilt; and how many
 * times what the test takes without, where that is more.
 */
const HANG_MS = 5000;
const HANG_TIMES = 10;

/** Milliseconds from which on a test is kept for what the quick ones have not found. */
const SLOW_MS = 150;

/** Runs of a test between two collections of garbage. */
const RUNS_PER_COLLECTION = 50;

interface Switched {
  memory: WebAssembly.Memory;
  mutantSet(id: number, fuel: bigint): void;
  mutantReached(): number;
}

const size = Number(readFileSync(join(FOLDER, SIZE), 'utf8'));
const only = new Set((process.env.MUTANTS ?? '').split(',').filter(Boolean).map(Number));
/** The instances that are in use: those of the file, and those of the run of a test that is on. */
const instances: Switched[] = [];
/** The tests of the second pass: those that the first has found to be slow. */
const slow =
  process.env.PASS === 'slow'
    ? new Set(readFileSync(join(FOLDER, SLOW), 'utf8').split('\n'))
    : undefined;
let active = 0;
let limit = LIMIT_MS;
let runs = 0;
let isGuarded = false;

// The tests load the module with its faults, and every instance of it, whoever makes it, has the one that is on.
const read = fs.readFileSync;
fs.readFileSync = ((path: unknown, ...rest: unknown[]) => {
  const name = /^build\/(portcullis|portcullis-faulty|testing)\.wasm$/.exec(String(path))?.[1];
  const file = name === undefined ? path : join(FOLDER, `${name}.wasm`);
  return (read as (...all: unknown[]) => unknown)(file, ...rest);
}) as typeof fs.readFileSync;
syncBuiltinESMExports();
const Instance = WebAssembly.Instance;
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports]) {
    const instance = new target(module, imports);
    const exports = instance.exports as unknown as Switched;
    if (typeof exports.mutantSet !== 'function') return instance;
    exports.mutantSet(active, FUEL);
    instances.push(exports);
    const guarded = Object.entries(instance.exports).map(([name, value]) => [
      name,
      typeof value === 'function' ? guard(value as Callable) : value,
    ]);
    return { exports: Object.fromEntries(guarded) as WebAssembly.Exports };
  },
});

function turn(id: number): void {
  active = id;
  for (const instance of instances) instance.mutantSet(id, FUEL);
}

/** Whether the files of other processes say that a fault has been found. */
function killed(): Set<number> {
  const path = join(FOLDER, KILLED);
  return new Set(existsSync(path) ? readFileSync(path, 'utf8').split('\n').map(Number) : []);
}

export default class MutantRunner extends TestRunner {
  async runTask(test: Test): Promise<void> {
    if (slow !== undefined && !slow.has(idOf(test))) return;
    turn(0);
    for (const instance of instances) bytesOf(instance).fill(0);
    const ofFile = instances.length;
    limit = LIMIT_MS;
    const begin = performance.now();
    await run(test);
    const took = performance.now() - begin;
    if (slow === undefined && took > SLOW_MS) {
      appendFileSync(join(FOLDER, SLOW), `${idOf(test)}\n`);
      return;
    }
    const reached = new Set<number>();
    for (const instance of instances) {
      bytesOf(instance).forEach((byte, id) => byte !== 0 && reached.add(id));
    }
    instances.length = ofFile;
    limit = Math.min(LIMIT_MS, Math.max(HANG_MS, Math.round(HANG_TIMES * took)));
    // A test that cannot be run twice cannot tell anything.
    if (!(await passes(test, 0))) {
      appendFileSync(join(FOLDER, UNREPEATABLE), `${test.file.name}: ${test.name}\n`);
      return;
    }
    const found = killed();
    for (const id of reached) {
      if (found.has(id) || (only.size > 0 && !only.has(id))) continue;
      const isFound = !(await passes(test, id));
      // What a fault has left behind must not be taken for another's, nor a busy machine for a fault.
      if (isFound && !(await passes(test, 0))) return;
      appendFileSync(join(FOLDER, TRIED), `${id}\n`);
      if (isFound && !(await passes(test, id))) appendFileSync(join(FOLDER, KILLED), `${id}\n`);
    }
  }
}

/** The same in every run: its file, and where it stands in it. */
function idOf(test: Test): string {
  return `${test.file.name} ${test.id}`;
}

async function passes(test: Test, id: number): Promise<boolean> {
  const ofFile = instances.length;
  turn(id);
  try {
    await run(test);
    return true;
  } catch {
    return false;
  } finally {
    instances.length = ofFile;
    turn(0);
    // Each instance reserves memory that a collector sees nothing of.
    if (++runs % RUNS_PER_COLLECTION === 0) globalThis.gc?.();
  }
}

/** Once more, with what goes before and after each test. */
async function run(test: Test): Promise<void> {
  const suites: Suite[] = [];
  for (let suite = test.suite ?? test.file; ; suite = suite.suite ?? suite.file) {
    suites.unshift(suite);
    if (suite === suite.file) break;
  }
  for (const suite of suites) {
    for (const hook of TestRunner.getSuiteHooks(suite).beforeEach ?? [])
      await endingSoon(() => hook(test.context, suite));
  }
  try {
    await endingSoon(TestRunner.getTestFn(test) as () => Promise<void>);
  } finally {
    for (const suite of suites) {
      for (const hook of TestRunner.getSuiteHooks(suite).afterEach ?? [])
        await hook(test.context, suite);
    }
  }
}

const call = new Script('mutantsTestToCall()');

type Callable = (...args: unknown[]) => unknown;

/** A function of the module that ends soon with a fault, whoever calls it: what a test does once it has waited is not watched over. */
function guard(exported: Callable): Callable {
  return (...args) =>
    active === 0 || isGuarded ? exported(...args) : endingSoon(() => exported(...args));
}

/** Calls what may never end, for all that it does before it waits for something; throws when that takes too long. */
function endingSoon<T>(what: () => T): T {
  (globalThis as { mutantsTestToCall?: () => T }).mutantsTestToCall = what;
  const before = isGuarded;
  isGuarded = true;
  try {
    return call.runInThisContext({ timeout: limit }) as T;
  } finally {
    isGuarded = before;
  }
}

function bytesOf(instance: Switched): Uint8Array {
  return new Uint8Array(instance.memory.buffer, instance.mutantReached(), size);
}
