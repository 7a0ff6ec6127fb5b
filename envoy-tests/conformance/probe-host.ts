// What both hosts of the probe can do; the script knows nothing more of them.

/** A request under way. */
export interface Exchange {
  /** What the client has seen so far: `pending`, or the end of it. */
  readonly outcome: string;
  /** The client goes away. */
  abort(): void;
}

/** Envoy, or the Node host, with the probe in it. */
export interface ProbeHost {
  /** Loads a configuration; whether it was taken. */
  configure(configuration: string): Promise<boolean>;
  /** Sends a request with commands for the probe, and headers: names and values in turn. */
  open(commands: string, headers?: string[]): Exchange;
  /** Lets time pass until nothing more happens by itself. */
  settle(milliseconds?: number): Promise<void>;
  /** The probe's log since the last time it was asked for: the main thread's, then the worker's. */
  lines(): Promise<string[]>;
}

/** The plugin and node, the same in both. One label: Envoy gives several in any order. */
export const PROBE = 'probe';
export const NODE = { namespace: 'foo', labels: { app: 'httpbin' } };
/** A cluster whose backend answers what its path says, and one that nobody listens behind. */
export const BACKEND = 'outbound|80||backend';
export const DEAD = 'outbound|80||dead';

/** What the backend answers; undefined: nothing, for longer than any test waits. */
export function backendAnswer(path: string): { status: number; body: string } | undefined {
  switch (path) {
    case '/hello':
      return { status: 200, body: 'hello, probe' };
    case '/500':
      return { status: 500, body: 'oops' };
    case '/empty':
      return { status: 200, body: '' };
    default:
      return undefined;
  }
}

/** How an answer is written into the transcript. */
export function outcomeOf(status: number, details: string, body: string): string {
  return `${status} ${details} [${body}]`;
}
