// What native Envoy has answered to recorded requests, and what the module answers to them.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  type CaseLine,
  type RandomSet,
  type RandomWorld,
  type SeenRequest,
  type TcpSet,
  type TcpWorld,
  TEXT_PLACE,
} from './format.ts';
import { Replayed, ReplayedTcp } from './replay.ts';

const FOLDER = process.env.RECORDED ?? 'host-tests/recorded';
/** Files of the cases of envoy-tests/*.test.ts. */
const CASES = [
  'attributes',
  'ext-authz',
  'issuers',
  'metadata',
  'native-parity',
  'peers',
  'tokens',
];
const SETS_AT_ONCE = 50;

function linesOf(file: string): string[] {
  return readFileSync(`${FOLDER}/${file}.jsonl`, 'utf8').trimEnd().split('\n');
}

describe('cases at native filters, and at the module', () => {
  it.each(CASES)('%s', (file) => {
    const texts: string[] = [];
    let clients: string[] = [];
    let replayed: Replayed | undefined;
    let count = 0;
    for (const line of linesOf(file)) {
      const read = JSON.parse(line, (_, value: unknown) =>
        typeof value === 'string'
          ? value.replace(TEXT_PLACE, (_place, number) => texts[Number(number)]!)
          : value,
      ) as CaseLine;
      if ('text' in read) texts.push(read.text);
      else if ('client' in read) clients.push(read.client);
      else if ('world' in read) replayed = new Replayed(read.world, (clients = []));
      else {
        count++;
        const ours = replayed!.verdict(read.ask);
        // A comparison by `expect` takes longer than a request.
        if (isDeepStrictEqual(ours, read.verdict)) continue;
        expect(ours, `${read.test}: ${JSON.stringify(read.ask)}`).toStrictEqual(read.verdict);
      }
    }
    expect(count).toBeGreaterThan(50);
  });
});

describe('random policies at native filters, and at the module', () => {
  const [head, ...requests] = linesOf('random-requests');
  const { clients, ...common } = JSON.parse(head!) as RandomWorld;
  const asks = requests.map((line) => JSON.parse(line) as SeenRequest);
  const sets = linesOf('random-policies');
  const starts = Array.from({ length: Math.ceil(sets.length / SETS_AT_ONCE) }, (_, i) => i);

  it.each(starts)('batch %i', (batch) => {
    const replayed = new Replayed({ ...common, resources: [] }, clients);
    const statuses = new Set<number | undefined>();
    for (const line of sets.slice(batch * SETS_AT_ONCE, (batch + 1) * SETS_AT_ONCE)) {
      const { seed, resources, first, said, verdicts } = JSON.parse(line) as RandomSet;
      replayed.apply(resources);
      for (const [n, verdict] of said.entries()) {
        const ask = asks[(first + n) % asks.length]!;
        const ours = replayed.verdict(ask);
        statuses.add('status' in ours ? ours.status : undefined);
        if (isDeepStrictEqual(ours, verdicts[verdict])) continue;
        expect(ours, `seed ${seed}: ${JSON.stringify(ask)}`).toStrictEqual(verdicts[verdict]);
      }
    }
    expect(statuses).toContain(403);
    expect(statuses).toContain(undefined);
  });
});

describe('random connections at native filters, and at the module', () => {
  it('tcp', () => {
    const [head, ...sets] = linesOf('tcp');
    const world = JSON.parse(head!) as TcpWorld;
    const replayed = new ReplayedTcp(world);
    for (const line of sets) {
      const { seed, resources, passed } = JSON.parse(line) as TcpSet;
      expect(replayed.passed(resources), `seed ${seed}`).toBe(passed);
    }
  });
});
