// Callouts under way. The answer comes when the test says so, as Envoy's comes when the network does.
import type { Pair } from './pairs.ts';

/** The answer to a callout, as the module sees it. */
export interface HttpAnswer {
  headers: Pair[];
  body: Uint8Array;
}

/** What may go wrong, in the form that Envoy gives it. */
export type HttpFailure = 'connection' | 'timeout';

/** The answer that Envoy makes up for a failure. */
export function failureAnswer(failure: HttpFailure): HttpAnswer {
  const [status, body] =
    failure === 'timeout'
      ? ['504', 'upstream request timeout']
      : [
          '503',
          'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure',
        ];
  return {
    headers: [
      [':status', status],
      ['content-length', String(body.length)],
      ['content-type', 'text/plain'],
    ],
    body: new TextEncoder().encode(body),
  };
}

/** A callout that waits for its answer. */
export interface HttpCall {
  token: number;
  cluster: string;
  headers: Pair[];
  body: Uint8Array;
  /** Milliseconds; and the time by the clock when it is over. */
  timeout: number;
  deadline: number;
  /** Answers it; nothing happens when it has been answered, or when its root has gone. */
  respond(answer: { status: number; headers?: Pair[]; body?: string | Uint8Array }): void;
  fail(failure: HttpFailure): void;
}
