// `make fuzz-module`: COUNT inputs (10 million) from SEED (a new one each time), in at most SECONDS (900), of all targets or of TARGET.
// With INPUT (base64) and TARGET: that one input.
import { fuzz, tryOne } from './fuzz.ts';
import { TARGETS } from './targets.ts';

// Readers that refuse by an exception are asked millions of times.
Error.stackTraceLimit = 0;

const { COUNT, SEED, SECONDS, TARGET, INPUT } = process.env;
const targets = TARGET ? TARGETS.filter(({ name }) => name === TARGET) : TARGETS;
if (targets.length === 0) {
  throw new Error(`TARGET is one of ${TARGETS.map(({ name }) => name).join(', ')}`);
}

if (INPUT) {
  const [target] = targets;
  if (targets.length > 1) throw new Error('INPUT needs its TARGET');
  const finding = tryOne(target!, Buffer.from(INPUT, 'base64'));
  console.log(finding === undefined ? 'nothing to say' : `${finding.kind}: ${finding.what}`);
  process.exitCode = finding === undefined ? 0 : 1;
} else {
  run(Number(COUNT || 10_000_000), Number(SEED || Date.now() % 1_000_000_000));
}

function run(count: number, seed: number): void {
  let [inputs, traps, differences] = [0, 0, 0];
  for (const report of fuzz({
    count,
    seed,
    targets,
    limit: Number(SECONDS || 900) * 1000,
    isGuided: true,
  })) {
    inputs += report.inputs;
    traps += report.traps;
    differences += report.differences;
    const places = report.places === undefined ? '' : `, ${report.places} places`;
    console.log(
      `${report.name}: ${report.inputs} inputs, ${report.ways} ways${places}, ${report.traps} traps, ${report.differences} differences`,
    );
    for (const { target, kind, what, input } of report.findings) {
      console.log(`  ${kind}: ${what}`);
      if (input)
        console.log(`  make fuzz-module TARGET=${target} INPUT=${input.toString('base64')}`);
    }
  }
  console.log(`${inputs} inputs, ${traps} traps, ${differences} differences (seed ${seed})`);
  if (traps + differences > 0) process.exitCode = 1;
}
