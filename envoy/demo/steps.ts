// The task page's end-user section, step by step: what it does, and the status it promises.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoGateway } from './gateway.ts';
import {
  REQUEST_AUTHENTICATION,
  REQUIRE_TOKEN,
  REQUIRE_TOKEN_FOR_HEADERS,
  SLIPPED_REQUIRE_TOKEN,
  SLIPPED_REQUIRE_TOKEN_FOR_HEADERS,
} from './policies.ts';

/** What a step reports. */
export interface Report {
  heading(text: string): void;
  line(what: string, expected: string, seen: string): void;
  note(text: string): void;
}

/** Runs the whole task. `slow` also waits until a token of five seconds has outlived the clock skew. */
export async function runTask(gateway: DemoGateway, report: Report, slow: boolean): Promise<void> {
  const valid = gateway.mint();
  const get = async (
    what: string,
    expected: number,
    path: string,
    token?: string,
  ): Promise<void> => {
    report.line(what, String(expected), String(await gateway.status(path, token)));
  };
  const apply = async (what: string, ...policies: string[]): Promise<void> => {
    const problems = await gateway.apply(...policies);
    report.line(what, 'in force', problems.length === 0 ? 'in force' : 'refused');
    for (const problem of problems) report.note(problem);
  };
  const refuse = async (what: string, intent: string, ...policies: string[]): Promise<void> => {
    const problems = await gateway.apply(...policies);
    const told = problems.some((problem) => problem.includes(intent));
    const seen =
      problems.length === 0 ? 'in force' : told ? 'refused' : 'refused for another reason';
    report.line(what, 'refused', seen);
    for (const problem of problems) report.note(problem);
  };

  report.heading('No policy');
  await get('no token', 200, '/headers');

  report.heading('RequestAuthentication jwt-example: tokens are verified');
  await apply('apply', REQUEST_AUTHENTICATION);
  await get('no token', 200, '/headers');
  await get('token "deadbeef"', 401, '/headers', 'deadbeef');
  await get('valid token', 200, '/headers', valid);

  report.heading('Clock skew: a token is good until 60 seconds after its exp');
  await get('exp 55 seconds ago', 200, '/headers', gateway.mint({ expire: -55 }));
  await get('exp 65 seconds ago', 401, '/headers', gateway.mint({ expire: -65 }));
  if (slow) await waitForExpiry(gateway, report);

  report.heading('AuthorizationPolicy frontend-ingress: a valid token is required');
  await refuse(
    'apply as the page prints it, mis-indented',
    'did you mean to indent it under "source"?',
    REQUEST_AUTHENTICATION,
    SLIPPED_REQUIRE_TOKEN,
  );
  await get('no token, the policy in force has stayed', 200, '/headers');
  await apply('apply as the page means it', REQUEST_AUTHENTICATION, REQUIRE_TOKEN);
  await get('no token', 403, '/headers');
  await get('token "deadbeef"', 401, '/headers', 'deadbeef');
  await get('valid token', 200, '/headers', valid);

  report.heading('AuthorizationPolicy frontend-ingress: required for one path');
  await refuse(
    'apply as the page prints it, mis-indented',
    'did you mean to un-indent it, to the level of "from"?',
    REQUEST_AUTHENTICATION,
    SLIPPED_REQUIRE_TOKEN_FOR_HEADERS,
  );
  await get('no token, the policy in force has stayed', 403, '/ip');
  await apply('apply as the page means it', REQUEST_AUTHENTICATION, REQUIRE_TOKEN_FOR_HEADERS);
  await get('no token, /headers', 403, '/headers');
  await get('no token, /ip', 200, '/ip');
  await get('valid token, /headers', 200, '/headers', valid);
}

/** The page's loop: a token of five seconds, asked for every ten. */
async function waitForExpiry(gateway: DemoGateway, report: Report): Promise<void> {
  const token = gateway.mint({ expire: 5 });
  const begin = Date.now();
  for (let i = 0; i < 10; i++) {
    const second = i * 10;
    await sleep(Math.max(0, begin + second * 1000 - Date.now()));
    const expected = second <= 60 ? 200 : 401;
    const seen = await gateway.status('/headers', token);
    report.line(`--expire 5, after ${second} seconds`, String(expected), String(seen));
  }
}
