import { defineConfig } from 'vitest/config';
import { PlainLineReporter } from './scripts/plain-line-reporter.ts';

export default defineConfig({
  test: {
    include: ['host-tests/**/*.test.ts', 'envoy-tests/**/*.test.ts', 'istio-tests/**/*.test.ts'],
    // Real Envoys start, and two cores are all there is: files one after another.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // What is waited for comes in milliseconds, but for a machine that has other things to do.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', new PlainLineReporter()],
  },
});
