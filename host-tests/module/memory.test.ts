// Memory that ends: what was configured goes when it goes, what does not fit is refused, and whatever is refused memory refuses.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Process } from '../../host/process.ts';
import { nodePlatform } from '../../host/node-platform.ts';
import {
  CLUSTER,
  type Issuer,
  JWKS_URI,
  NOW,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  statusOf,
  update,
} from './fixture.ts';
import { withMaximumMemory } from './wasm-memory.ts';

const FAULTY = readFileSync('build/portcullis-faulty.wasm');
const MEBIBYTE = 1024 * 1024;

/** Policies of about so many bytes, the first of which refuses /denied. `salt` makes two of them different. */
function policiesOf(bytes: number, salt: string): object[] {
  const policies = [denyPolicy([{ to: [{ operation: { paths: ['/denied'] } }] }], 'first')];
  for (let size = 0; size < bytes;) {
    const i = policies.length;
    const policy = denyPolicy(
      [
        {
          from: [
            { source: { requestPrincipals: [`${salt}/${i}`], remoteIpBlocks: ['192.0.2.1'] } },
          ],
          to: [{ operation: { paths: [`/${salt}/${i}/*`, `/${i}`], methods: ['DELETE'] } }],
          when: [{ key: 'request.headers[x-salt]', values: [salt] }],
        },
      ],
      `${salt}-${i}`,
    );
    size += JSON.stringify(policy).length;
    policies.push(policy);
  }
  return policies;
}

describe('a configuration', () => {
  it('leaves nothing behind when the next one takes its place', () => {
    const world = start(policiesOf(300_000, 'a'));
    const sizes: number[] = [];
    for (let i = 0; i < 30; i++) {
      expect(update(world, configuration(policiesOf(300_000, `s${i % 7}`)))).toBe(true);
      world.process.advance(1000);
      sizes.push(Math.max(...world.process.guests.map((guest) => guest.memoryBytes)));
    }
    expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
    // From the tenth on it is what it was.
    expect(sizes.at(-1)).toBe(sizes[9]);
    expect(world.process.traps).toEqual([]);
  });

  it('leaves nothing behind when it is wrong, either', () => {
    const world = start(policiesOf(100_000, 'a'));
    const wrong = [...policiesOf(300_000, 'b'), denyPolicy([{ form: [] }], 'wrong')];
    const sizes: number[] = [];
    for (let i = 0; i < 20; i++) {
      expect(update(world, configuration(wrong))).toBe(false);
      sizes.push(Math.max(...world.process.guests.map((guest) => guest.memoryBytes)));
    }
    expect(sizes.at(-1)).toBe(sizes[9]);
    expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
  });

  it('of the largest size that is taken takes the place of another, and of one byte more it does not', () => {
    const world = start(policiesOf(2.9 * MEBIBYTE, 'a'));
    const exactly = (bytes: number): string => {
      const text = configuration(policiesOf(2.8 * MEBIBYTE, 'b'));
      return `${text.slice(0, -1)}${' '.repeat(bytes - text.length)}}`;
    };
    expect(update(world, exactly(3 * MEBIBYTE))).toBe(true);
    expect(statusOf(request(world.plugin, { path: '/b/7/x', method: 'DELETE' }))).toBe(200);
    expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
    expect(update(world, exactly(3 * MEBIBYTE + 1))).toBe(false);
    expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
    expect(world.process.traps).toEqual([]);
  });

  it('of nearly the largest size stays in force when one as large comes that is wrong', () => {
    const world = start(policiesOf(2.9 * MEBIBYTE, 'a'));
    const wrong = [...policiesOf(2.9 * MEBIBYTE, 'b'), denyPolicy([{ form: [] }], 'wrong')];
    expect(update(world, configuration(wrong))).toBe(false);
    expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
    expect(statusOf(request(world.plugin, { path: '/ip' }))).toBe(200);
  });

  it('that needs more memory than there is leaves the one before in force, however often it comes', () => {
    const world = start(policiesOf(1000, 'a'), { trustDomainAliases: ['td1'] });
    // Every name of the trust domain makes as many patterns of every principal.
    const aliases = Array.from({ length: 2000 }, (_, i) => `td${i}`);
    const principals = Array.from({ length: 40_000 }, (_, i) => `cluster.local/ns/n/sa/${i}`);
    const settings = { trustDomainAliases: aliases, connectionFacts: { singleUriSan: true } };
    const greedy = denyPolicy([{ from: [{ source: { principals } }] }], 'greedy', {
      selector: { matchLabels: { app: 'another' } },
    });
    for (let i = 0; i < 5; i++) {
      expect(update(world, configuration([greedy], settings))).toBe(false);
      expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
      expect(statusOf(request(world.plugin, { path: '/ip' }))).toBe(200);
    }
    expect(world.process.traps).toEqual([]);
    expect(world.process.logs('error').join('\n')).toContain('not enough memory');
    expect(update(world, configuration(policiesOf(1000, 'b')))).toBe(true);
  });
});

/** What is asked of a module whose memory ends, and what must become of it. */
interface Question {
  path: string;
  token?: string;
  headers?: [string, string][];
}

describe('where memory ends', () => {
  let issuer: Issuer;
  let questions: Question[];
  const resources = (): object[] => [
    requestAuthentication({
      jwksUri: JWKS_URI,
      outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
    }),
    denyPolicy([
      { to: [{ operation: { paths: ['/denied', '/admin*'] } }] },
      { from: [{ source: { remoteIpBlocks: ['10.9.9.9'] } }] },
      { when: [{ key: 'request.auth.claims[groups]', values: ['banned'] }] },
      { when: [{ key: 'request.headers[x-evil]', values: ['yes'] }] },
      { when: [{ key: 'destination.ip', values: ['10.0.0.99'] }] },
      { when: [{ key: 'connection.sni', values: ['evil.example'] }] },
      {
        from: [{ source: { notRequestPrincipals: ['*'] } }],
        to: [{ operation: { paths: ['/private'] } }],
      },
    ]),
  ];

  beforeAll(async () => {
    issuer = await makeIssuer();
    const [good, banned, expired] = await Promise.all([
      mint(issuer, { groups: ['staff'] }),
      mint(issuer, { groups: ['banned', 'x'.repeat(30_000)] }),
      mint(issuer, { exp: NOW - 3600 }),
    ]);
    questions = [
      { path: '/ip' },
      { path: '/denied' },
      { path: '/private' },
      { path: '/private', token: good },
      { path: '/private?access_token=%65' },
      { path: `/ip?access_token=${good}` },
      { path: '/ip', token: good },
      { path: '/ip', token: good },
      { path: '/ip', token: banned },
      { path: '/ip', token: banned },
      { path: '/ip', token: expired },
      { path: '/ip', headers: [['x-evil', 'yes']] },
      { path: '/ip', headers: [['x-long', 'y'.repeat(50_000)]] },
    ];
  });

  function begin(module: WebAssembly.Module): ReturnType<typeof start> {
    const process = new Process({
      platform: nodePlatform,
      now: NOW * 1000,
      node: { namespace: 'foo', labels: { app: 'httpbin' } },
      clusters: [CLUSTER],
    });
    const plugin = process.load(module, {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration: configuration(resources()),
    });
    return { process, plugin };
  }

  function answerCalls({ process }: ReturnType<typeof start>): void {
    process.advance(100);
    for (const call of process.httpCalls) call.respond({ status: 200, body: issuer.jwks });
    process.advance(100);
  }

  /** 200 where it has passed, with the filter or without. */
  function ask(world: ReturnType<typeof start>, question: Question): number {
    const connection = {
      destinationPort: 8000,
      sourceAddress: '10.9.9.8:1',
      destinationAddress: '10.0.0.1:80',
    };
    const stream = world.plugin.request(
      [
        [':authority', 'httpbin'],
        [':path', question.path],
        [':method', 'GET'],
        ...(question.token === undefined
          ? []
          : ([['authorization', `Bearer ${question.token}`]] as [string, string][])),
        ...(question.headers ?? []),
      ],
      { connection },
    );
    if (stream === undefined) return 503;
    // A fetch whose answer could not be read is begun again when its lease is over.
    for (let i = 0; i < 10 && stream.state === 'paused' && stream.reply === undefined; i++) {
      answerCalls(world);
      world.process.advance(i * 500);
    }
    const passed = stream.state === 'continued' || stream.state === 'skipped';
    world.plugin.end(stream);
    return passed ? 200 : (stream.reply?.status ?? 0);
  }

  /** What each question gets where memory is plenty. */
  function expected(): number[] {
    const world = begin(new WebAssembly.Module(FAULTY));
    answerCalls(world);
    return questions.map((question) => ask(world, question));
  }

  it('has questions of every kind', () => {
    expect(expected()).toEqual([200, 403, 403, 200, 401, 200, 200, 200, 403, 403, 401, 403, 200]);
  });

  it('at any request for memory, nobody passes who must not, and nothing traps', () => {
    const right = expected();
    const module = new WebAssembly.Module(FAULTY);
    let refusals = 0;
    for (const [i, question] of questions.entries()) {
      // One request more is granted every time, until none is refused any more.
      for (let granted = 0; granted < 2000; granted += granted < 30 ? 1 : 3) {
        const world = begin(module);
        answerCalls(world);
        const worker = world.process.guests.at(-1)!;
        worker.call('refuseAfter', 0, granted);
        const seen = ask(world, question);
        const left = worker.call('grantsLeft', 0);
        if (seen === 200) expect(right[i], `${question.path}, ${granted} granted`).toBe(200);
        else if (seen !== right[i]) refusals++;
        expect(world.process.traps).toEqual([]);
        // The next request has memory again, and is judged as ever.
        worker.call('refuseAfter', 0, -1);
        if (granted % 5 === 0) expect(ask(world, questions[1]!)).toBe(403);
        if (left > 0) break;
      }
    }
    expect(refusals).toBeGreaterThan(20);
  }, 300_000);

  it('while keys are read, nobody passes by a token that was not verified', () => {
    const module = new WebAssembly.Module(FAULTY);
    for (let granted = 0; granted < 400; granted += 7) {
      const world = begin(module);
      world.process.advance(100);
      for (const guest of world.process.guests) guest.call('refuseAfter', 0, granted);
      answerCalls(world);
      for (const guest of world.process.guests) guest.call('refuseAfter', 0, -1);
      expect(world.process.traps).toEqual([]);
      expect(ask(world, questions[1]!)).toBe(403);
      expect([403, 401]).toContain(ask(world, questions[8]!));
    }
  });

  it('at any size of memory, nobody passes who must not, and nothing traps', () => {
    const right = expected();
    const sizes: Record<string, number> = { whole: 0, refusing: 0 };
    for (let pages = 100; pages < 1000; pages += 29) {
      const world = begin(withMaximumMemory(FAULTY, pages));
      answerCalls(world);
      const seen = questions.map((question) => ask(world, question));
      seen.forEach((status, i) => {
        if (status === 200) expect(right[i], `${pages} pages, ${questions[i]!.path}`).toBe(200);
      });
      expect(world.process.traps, `${pages} pages`).toEqual([]);
      // An update that does not fit leaves what there is.
      world.plugin.update(configuration([...resources(), ...policiesOf(600_000, 'u')]));
      questions.forEach((question, i) => {
        if (ask(world, question) === 200) expect(right[i], `${pages} pages`).toBe(200);
      });
      expect(world.process.traps, `${pages} pages, updated`).toEqual([]);
      sizes[seen.every((status, i) => status === right[i]) ? 'whole' : 'refusing']!++;
    }
    // Both sides of the edge were seen.
    expect(sizes.whole).toBeGreaterThan(0);
    expect(sizes.refusing).toBeGreaterThan(0);
  }, 300_000);
});
