import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Quick tests first: most faults need no more. TESTS names others. */
const FILES = (process.env.TESTS ?? '').split(' ').filter(Boolean);

class InOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      FILES.findIndex((file) => moduleId.endsWith(file));
    return Promise.resolve([...files].sort((a, b) => place(a) - place(b)));
  }
}

export default defineConfig({
  test: {
    root: '.',
    include: FILES,
    runner: 'host-tests/module-mutants/runner.ts',
    maxWorkers: Number(process.env.WORKERS ?? 2),
    // Threads that compile and collect beside the tests take from the other worker what they give to this one.
    execArgv: ['--expose-gc', '--single-threaded', '--liftoff-only'],
    sequence: { sequencer: InOrder, concurrent: false },
    testTimeout: 120_000,
    // A test that was ended in the middle of a loop says so once more, when its time is over.
    dangerouslyIgnoreUnhandledErrors: true,
    reporters: ['dot'],
  },
});
