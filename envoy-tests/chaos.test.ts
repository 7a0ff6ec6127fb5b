// `make chaos` in small: the program itself, and that it sees a door that is open, a wrong answer and one that does not come.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Watch } from '../bench/chaos/watch.ts';
import { listen, portOf } from '../envoy/apps/listen.ts';

function chaos(): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const options = { env: { ...process.env, SHORT: '1' } };
    execFile(process.execPath, ['build/js/bench/chaos.js'], options, (error, stdout, stderr) => {
      done({ code: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}

describe('chaos', () => {
  it('opens no door, and costs no answer but those that a misfortune must cost', async () => {
    const { code, output } = await chaos();
    expect(output).toMatch(/^3\d misfortunes, \d{4,} requests: 0 open, 0 wrong, 0 lost/m);
    expect(code).toBe(0);
  }, 900_000);
});

describe('a watch', () => {
  /** Answers these statuses in turn, and the last one from then on; 0 is no answer. */
  async function watched(statuses: number[], expected: number): Promise<Watch> {
    let requests = 0;
    const server = await listen(
      createServer((request, response) => {
        const status = statuses[Math.min(requests++, statuses.length - 1)]!;
        if (status === 0) request.socket.destroy();
        else response.writeHead(status).end();
      }),
      0,
      '127.0.0.1',
    );
    const kind = { name: 'somebody', status: expected, ask: () => ({}) };
    const watch = new Watch(portOf(server), [kind], 1);
    watch.tolerate((_kind, status) => status === 503 || status === 200);
    while (requests < statuses.length) await sleep(5);
    await watch.stop();
    server.close();
    return watch;
  }

  it('sees who passes that must not, whatever is tolerated', async () => {
    const { tally } = await watched([403, 200, 204, 403], 403);
    expect(tally).toMatchObject({ open: 2, wrong: 0, lost: 0, tolerated: 0 });
  });

  it('sees a wrong answer, and one that does not come; not what is tolerated', async () => {
    const { tally } = await watched([200, 401, 0, 503, 200], 200);
    expect(tally).toMatchObject({ open: 0, wrong: 1, lost: 1, tolerated: 1 });
    expect([...tally.faults.keys()]).toEqual([
      'wrong: somebody got 401',
      'lost: somebody: socket hang up',
    ]);
  });

  it('is over a misfortune when nothing has been amiss for a while', async () => {
    let requests = 0;
    const server = await listen(
      createServer((_request, response) => {
        response.writeHead(++requests <= 5 ? 503 : 200).end();
      }),
      0,
      '127.0.0.1',
    );
    const watch = new Watch(portOf(server), [{ name: 'a', status: 200, ask: () => ({}) }], 1);
    watch.tolerate((_kind, status) => status === 503);
    const recovery = await watch.recovery();
    await watch.stop();
    server.close();
    expect(recovery).toBeGreaterThan(0);
    expect(requests).toBeGreaterThan(6);
    expect(watch.tally).toMatchObject({ tolerated: 5, wrong: 0 });
  });
});
