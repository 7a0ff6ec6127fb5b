// Random policies for a port without HTTP at istiod's own filters: whether each client gets through from each address.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { Authority } from '../../envoy/certificates.ts';
import type { JsonObject } from '../../envoy/config/types.ts';
import type { TcpSet, TcpWorld as RecordedTcpWorld } from '../../host-tests/recorded/format.ts';
import type { TlsClient } from '../ask.ts';
import { meshClient, sidecarTls, spiffe } from '../mesh-tls.ts';
import { TCP_ADDRESSES, TCP_CLIENTS } from '../random/tcp-generator.ts';
import { TcpWorld } from '../tcp-world.ts';

interface NativeSet {
  seed: number;
  resources: object[];
  networkFilters: JsonObject[];
}

const SETS_AT_ONCE = 40;
const SNI = 'workload.example';
const settings = { trustDomainAliases: ['td2'] };

it('random connections', async () => {
  const authority = await Authority.create('Portcullis tests');
  const clients: (TlsClient | undefined)[] = [];
  for (const uris of TCP_CLIENTS) {
    const pair = uris && (await authority.issueClient(uris));
    clients.push(pair && { ...meshClient(authority, pair), servername: SNI });
  }
  const sets = gunzipSync(readFileSync('envoy-tests/random/tcp-policies.jsonl.gz'))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as NativeSet);
  const common: RecordedTcpWorld = {
    settings,
    sni: SNI,
    clients: clients.map((client) => client?.cert ?? null),
    addresses: TCP_ADDRESSES,
  };
  const lines: (RecordedTcpWorld | TcpSet)[] = [common];
  for (let begin = 0; begin < sets.length; begin += SETS_AT_ONCE) {
    const batch = sets.slice(begin, begin + SETS_AT_ONCE);
    const world = await TcpWorld.start({
      ours: {},
      natives: Object.fromEntries(batch.map((set) => [`native-${set.seed}`, set.networkFilters])),
      tls: await sidecarTls(authority, spiffe('foo', 'httpbin')),
    });
    try {
      for (const { seed, resources } of batch) {
        let passed = '';
        for (const client of clients) {
          for (const address of TCP_ADDRESSES) {
            passed += (await world.echo(`native-${seed}`, client, address)) === 'hello' ? '1' : '0';
          }
        }
        lines.push({ seed, resources, passed });
      }
    } finally {
      await world.stop();
    }
  }
  expect(lines.length).toBe(sets.length + 1);
  const folder = process.env.RECORD!;
  mkdirSync(folder, { recursive: true });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(join(folder, 'tcp.jsonl'), text);
}, 3_600_000);
