// What of the pages is not run as it is printed, and why: all of it, line by line.

/** A command of a page that is not run, or not as it is printed. */
export interface Exception {
  page: string;
  /** How the command begins; all commands of the page that begin so. */
  begin: string;
  why: string;
  /** What is run in its place. */
  instead?: string;
}

const BUILT = 'has run before any test does';
const NO_CLUSTER = 'no cluster; istio-tests do it in the real Istio';
const LATER = 'Envoy writes what is in its log a tenth of a second later: nobody types as fast';
/** Once nothing has been added to it for a second. */
const LOGS_LATER =
  'n=0; until m=$(portcullis mesh logs httpbin.foo | wc -l); [ $m -gt 0 ] && [ $m = $n ]; do n=$m; sleep 1; done; portcullis mesh logs httpbin.foo';
const REPLAYED = 'envoy-tests/mesh-replay.test.ts replays the page';

/** Each must be there: an entry whose command is gone fails. */
export const EXCEPTIONS: Exception[] = [
  { page: 'README.md', begin: 'make build', why: BUILT },
  {
    page: 'README.md',
    begin: 'make demo',
    why: 'make would look for sources that the copy does not have',
    instead: 'node build/js/envoy/demo/main.js',
  },
  {
    page: 'README.md',
    begin: 'make up',
    why: 'runs until it is ended; envoy-tests/harness.test.ts starts it, and ends it',
  },
  {
    page: 'README.md',
    begin: 'npx portcullis mesh up',
    why: 'runs until it is ended',
    instead: 'npx portcullis mesh up --detach',
  },
  { page: 'README.md', begin: 'npx portcullis mesh replay', why: REPLAYED },
  {
    page: 'README.md',
    begin: 'envoy -c envoy.yaml',
    why: 'runs until it is ended, on ports that may be in use: Envoy reads the file, and checks it',
    instead: '"$ENVOY_BIN" --mode validate -c envoy.yaml --log-level off',
  },
  { page: 'docs/README.md', begin: 'make build', why: BUILT },
  { page: 'docs/tutorial.md', begin: 'make build', why: BUILT },
  {
    page: 'docs/mesh.md',
    begin: 'portcullis mesh up',
    why: 'runs until it is ended',
    instead: 'portcullis mesh up --detach',
  },
  {
    page: 'docs/debugging.md',
    begin: 'portcullis mesh logs',
    why: LATER,
    instead: LOGS_LATER,
  },
  {
    page: 'docs/tutorial.md',
    begin: 'portcullis mesh logs',
    why: LATER,
    instead: LOGS_LATER,
  },
  { page: 'docs/istio.md', begin: 'skopeo copy', why: 'no registry' },
  { page: 'docs/istio.md', begin: 'kubectl', why: NO_CLUSTER },
  { page: 'docs/istio.md', begin: 'istioctl', why: NO_CLUSTER },
  { page: 'docs/tasks/authentication-policy.md', begin: 'portcullis mesh replay', why: REPLAYED },
  {
    page: 'docs/tasks/authentication-policy.md',
    begin: 'portcullis mesh up',
    why: 'the same by hand: the replay starts such a mesh itself',
  },
  { page: 'docs/tasks/authentication-policy.md', begin: 'eval', why: 'as the line before' },
];

/** Pages whose lines at a prompt envoy-tests/mesh-replay.test.ts runs, and compares. */
export const REPLAYED_PAGES = [
  'docs/tasks/authentication-policy.md',
  'docs/tasks/mutual-tls-migration.md',
];

/** How indented blocks begin that no command of their page prints: parts of configurations, logs and statistics. */
export const NO_COMMANDS = [
  // access-log.md
  '%FILTER_STATE(',
  'trace DENY ',
  // configuration.md
  'shadow: would ',
  'portcullis: (',
  // metrics.md, peers.md
  'wasmcustom.portcullis_',
  'portcullis_requests_total{',
  'portcullis_peer_requests_total{',
  'tls_inspector',
  // policy-tests.md
  '{"id": 1, ',
];

/** What comes otherwise each time, on pages that print what one reader has seen. */
export const VARYING = [/\d+\.\d+ s\b/g, /\b127\.\d+\.\d+\.\d+\b/g];
