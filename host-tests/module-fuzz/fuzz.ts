// Puts inputs to targets: each a change of a seed, or of an input that has sent the module another way than any before.
import { Random } from '../../envoy-tests/random/generator.ts';
import { minimized } from './minimize.ts';
import { MOST_BYTES, Mutator } from './mutator.ts';
import { Difference, type Target } from './target.ts';

/** An input that has shown something. */
export interface Finding {
  target: string;
  kind: 'trap' | 'difference';
  what: string;
  /** The smallest that shows it; of a finding about many inputs none. */
  input?: Buffer;
}

/** What was seen of a target. */
export interface TargetReport {
  name: string;
  inputs: number;
  /** Ways that the module has gone, told apart by what it answers and by how far it reads. */
  ways: number;
  /** Places of the module that it has come to, where they are counted. */
  places?: number;
  traps: number;
  differences: number;
  /** The first of each kind. */
  findings: Finding[];
}

export interface FuzzOptions {
  /** Inputs of all targets together. */
  count: number;
  seed: number;
  targets: Target[];
  /** Whether inputs are chosen by the places that they come to; needs the build that tells of them. */
  isGuided?: boolean;
  /** How long it may take, in milliseconds; default: as long as it takes. */
  limit?: number;
}

const MOST_WAYS = 4000;
/** A traced run takes ten times as long: the first inputs have one, and of the others each so-and-so-many-th. */
const FIRST_TRACED = 2000;
const TRACED = 16;
const MOST_FINDINGS = 5;
/** Inputs between looks at the clock. */
const ROUND = 256;

/** Fuzzes each target in turn; reports as they come. */
export function* fuzz(options: FuzzOptions): Generator<TargetReport> {
  const { count, seed, targets, limit, isGuided = false } = options;
  const end = limit === undefined ? Infinity : performance.now() + limit;
  const total = targets.reduce((sum, { share }) => sum + share, 0);
  let parts = targets.reduce((sum, target) => sum + partOf(target), 0);
  for (const [i, target] of targets.entries()) {
    const now = performance.now();
    // What is left of the time, by what is left to do.
    const until = now + ((end - now) * partOf(target)) / parts;
    parts -= partOf(target);
    const own = { count: Math.round((count * target.share) / total), seed: seed + i, until };
    yield fuzzTarget(target, { ...own, isGuided });
  }
}

/** What of the time is a target's: those with few inputs take long for each. */
function partOf({ share }: Target): number {
  return Math.max(share, 5);
}

function fuzzTarget(
  target: Target,
  options: { count: number; seed: number; until: number; isGuided: boolean },
): TargetReport {
  const { count, seed, until } = options;
  const covers = options.isGuided ? target.covers : undefined;
  const random = new Random(seed);
  const mutator = new Mutator(random, target.shape, target.dictionary);
  const input = { bytes: Buffer.alloc(MOST_BYTES), length: 0 };
  const corpus = [...target.seeds];
  const ways = new Set<number>();
  const report: TargetReport = {
    name: target.name,
    inputs: 0,
    ways: 0,
    traps: 0,
    differences: 0,
    findings: [],
  };
  let half = Infinity;
  while (report.inputs < count && (report.inputs % ROUND > 0 || performance.now() < until)) {
    const { inputs } = report;
    // The seeds themselves first.
    const seedOf = inputs < target.seeds.length ? corpus[inputs]! : random.pick(corpus);
    if (inputs < target.seeds.length) input.length = seedOf.copy(input.bytes);
    else input.length = mutator.mutate(seedOf, random.pick(corpus), input.bytes);
    report.inputs++;
    try {
      const way = target.run(input);
      const isTraced = inputs < FIRST_TRACED || inputs % TRACED === 0;
      const isNewPlace = isTraced && covers?.isNew(input) === true;
      const isNewWay = ways.size < MOST_WAYS && !ways.has(way);
      if (isNewWay) ways.add(way);
      if (!isNewPlace && !isNewWay) continue;
      corpus.push(Buffer.from(input.bytes.subarray(0, input.length)));
    } catch (error) {
      note(report, target, input.bytes.subarray(0, input.length), error);
    }
    if (report.inputs === count >> 1) half = target.pages();
  }
  if (target.pages() > half) {
    report.differences++;
    const what = `memory grows: from ${half} pages to ${target.pages()}`;
    report.findings.push({ target: target.name, kind: 'difference', what });
  }
  report.ways = ways.size;
  report.places = covers?.places;
  return report;
}

function note(report: TargetReport, target: Target, bytes: Buffer, error: unknown): void {
  const kind = kindOf(error);
  if (kind === 'trap') {
    report.traps++;
    target.restart();
  } else {
    report.differences++;
  }
  if (report.findings.length === MOST_FINDINGS) return;
  const input = minimized(Buffer.from(bytes), (smaller) => {
    const shown = tryOne(target, smaller);
    return shown?.kind === kind;
  });
  report.findings.push(
    tryOne(target, input) ?? { target: target.name, kind, what: String(error), input },
  );
}

/** What an input shows of a target; undefined where there is nothing to say. */
export function tryOne(target: Target, input: Buffer): Finding | undefined {
  try {
    target.run({ bytes: Buffer.from(input), length: input.length });
    return undefined;
  } catch (error) {
    const kind = kindOf(error);
    if (kind === 'trap') target.restart();
    return { target: target.name, kind, what: (error as Error).message, input };
  }
}

function kindOf(error: unknown): 'trap' | 'difference' {
  const isTrap = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
  if (isTrap || error instanceof Difference) return isTrap ? 'trap' : 'difference';
  throw error;
}
