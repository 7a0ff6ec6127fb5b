// `make mutants-typescript`: faults in the linter, the reader of resources and the Node host. ONLY=istio/lint/nearest.ts: those files alone.
const only = process.env.ONLY;

export default {
  testRunner: 'vitest',
  vitest: { configFile: 'host-tests/typescript-mutants/vitest.config.ts' },
  coverageAnalysis: 'perTest',
  mutate: [only ?? '{istio,host}/**/*.ts', '!istio/schema/crds.gen.ts'],
  // The texts of errors are held by golden files; those of types and of docs show nothing.
  mutator: { excludedMutations: ['StringLiteral'] },
  // What is reckoned once, when a file is loaded, cannot be switched between tests.
  ignoreStatic: true,
  // The module is built once, and its folder is not copied but for what tests load.
  ignorePatterns: ['build', '!build/*.wasm', 'istio-tests', 'bench', 'docs', 'samples/mesh'],
  concurrency: Number(process.env.WORKERS ?? 2),
  timeoutMS: 20_000,
  tempDirName: 'build/stryker',
  allowEmpty: false,
  // Tests are run without looking at types anyway; and what is AssemblyScript could not be read.
  disableTypeChecks: false,
  logLevel: 'warn',
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: 'build/stryker.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 100, low: 100, break: null },
};
