import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'host-tests/istio/*.test.ts',
      'host-tests/lint/*.test.ts',
      'host-tests/mesh/*.test.ts',
      'host-tests/module/{authorization,authentication,peers,ext-authz}.test.ts',
    ],
    exclude: ['host-tests/lint/fuzz.test.ts', 'host-tests/lint/lint-assembly.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
