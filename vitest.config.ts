import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/longest-first.ts';
import { PlainLineReporter } from './scripts/plain-line-reporter.ts';

export default defineConfig({
  test: {
    include: ['host-tests/**/*.test.ts', 'envoy-tests/**/*.test.ts', 'istio-tests/**/*.test.ts'],
    // Two at a time on any machine: half of the time a test of real Envoys waits.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // What is waited for comes in milliseconds, but for a machine that has other things to do.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', new PlainLineReporter()],
  },
});
