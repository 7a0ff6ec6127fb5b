// The calls by which a module asks for keys.
import { expect } from 'vitest';
import type { HttpCall } from '../../host/http-calls.ts';
import type { Process } from '../../host/process.ts';

/** The call that is under way, which is the only one. */
export function onlyCall(process: Process): HttpCall {
  expect(process.httpCalls).toHaveLength(1);
  return process.httpCalls[0]!;
}

/** Lets time pass until keys are asked for, so many seconds at most; the call. */
export function nextCall(process: Process, seconds = 500): HttpCall {
  for (let i = 0; i < 2 * seconds && process.httpCalls.length === 0; i++) process.advance(500);
  return onlyCall(process);
}
