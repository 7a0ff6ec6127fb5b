import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/longest-first.ts';
import { PlainLineReporter } from './scripts/plain-line-reporter.ts';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'portcullis',
          include: ['host-tests/**/*.test.ts', 'envoy-tests/**/*.test.ts'],
          // Two at a time on any machine: half of the time a test of real Envoys waits.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'istio',
          include: ['istio-tests/**/*.test.ts'],
          // A lab has ports of its own: there is one at a time.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // What is waited for comes in milliseconds, but for a machine that has other things to do.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', new PlainLineReporter()],
  },
});
