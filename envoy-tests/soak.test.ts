// `make soak` in small: the program itself, and that it says so where an answer is wrong.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Tally, drive } from '../bench/soak/connection.ts';
import { kinds } from '../bench/soak/kinds.ts';
import { listen, portOf } from '../envoy/apps/listen.ts';

function soak(env: Record<string, string>): Promise<{ code: number; last: string }> {
  return new Promise((done) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, ['build/js/bench/soak.js'], options, (error, stdout) => {
      done({ code: Number(error?.code ?? 0), last: stdout.trim().split('\n').at(-1)! });
    });
  });
}

describe('a soak', () => {
  it('of 20,000 requests of 47 kinds has no wrong answer, and loses none', async () => {
    const { code, last } = await soak({ COUNT: '20000' });
    expect(last).toMatch(/^20000 requests of 47 kinds, 0 wrong, 0 lost; RSS .*; 4 VMs$/);
    expect(code).toBe(0);
  }, 300_000);

  it('counts an answer that is wrong, and a request that gets none', async () => {
    let requests = 0;
    const server = await listen(
      createServer((request, response) => {
        if (++requests === 3) request.socket.destroy();
        else response.writeHead(requests === 2 ? 200 : 403).end();
      }),
      0,
      '127.0.0.1',
    );
    const tally: Tally = { answered: 0, wrong: new Map(), lost: 0 };
    const denied = kinds().filter(({ status }) => status === 403);
    await drive(portOf(server), () => denied[0], tally);
    server.close();
    expect(tally).toEqual({
      answered: 2,
      wrong: new Map([[`${denied[0]!.name}: 200`, 1]]),
      lost: 1,
    });
  });
});
