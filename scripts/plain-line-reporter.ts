// The last line of `make test`: `N passed, N failed`, with what was skipped, by name and reason, and what tests have left behind.
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { LeftBehind } from './left-behind.ts';

export class PlainLineReporter implements Reporter {
  private leftBehind?: LeftBehind;

  onInit({ config }: Vitest): void {
    // Files of which no test is run (`-t`) do not clear up either.
    if (config.testNamePattern === undefined) this.leftBehind = new LeftBehind();
  }

  async onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): Promise<void> {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number =>
      tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    for (const test of skipped) {
      const result = test.result();
      const note = 'note' in result && result.note ? result.note : 'no reason given';
      console.log(`skipped: ${test.fullName} (${note})`);
    }
    // A file that could not be loaded, a suite that could not be set up, and an error outside of any test each count as one that failed.
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = suites.filter((suite) => suite.errors().length > 0).length + errors.length;
    const left = (await this.leftBehind?.find()) ?? [];
    for (const what of left) console.log(`left behind: ${what}`);
    if (left.length > 0) process.exitCode = 1;
    const failed = count('failed') + broken + (left.length > 0 ? 1 : 0);
    const line = [`${count('passed')} passed`, `${failed} failed`];
    if (skipped.length > 0) line.push(`${skipped.length} skipped`);
    console.log(line.join(', '));
  }
}
