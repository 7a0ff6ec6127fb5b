// `guard`: what may pass is marked, and nothing else is; and what this host does where Envoy has no plugin.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { HttpStream, NetworkStream } from '../../host/contexts.ts';
import { nodePlatform } from '../../host/node-platform.ts';
import { Process } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import { configuration, denyPolicy, request, start } from './fixture.ts';

const FAULTY = new WebAssembly.Module(readFileSync('build/portcullis-faulty.wasm'));
const DENIED = denyPolicy([{ to: [{ operation: { paths: ['/denied'] } }] }]);

function mark(stream: HttpStream | NetworkStream, name = 'passed'): string | undefined {
  const value = stream.filterState(`portcullis.${name}`);
  return value === undefined ? undefined : fromUtf8(value);
}

describe('guard', () => {
  it('marks requests that pass, and no others', () => {
    const { plugin } = start([DENIED], { guard: true });
    expect(mark(request(plugin, { path: '/ip' }))).toBe('yes');
    expect(mark(request(plugin, { path: '/denied' }))).toBeUndefined();
    expect(mark(request(plugin, { path: '/ip' }), 'connection_passed')).toBeUndefined();
  });

  it('marks nothing where nobody has asked for it', () => {
    const { plugin } = start([DENIED]);
    expect(mark(request(plugin, { path: '/ip' }))).toBeUndefined();
  });

  it('marks connections by another name, which no request passes by', () => {
    const settings = { guard: true, workload: { namespace: 'foo', protocol: 'TCP' } };
    const deny = denyPolicy([{ to: [{ operation: { ports: ['8001'] } }] }]);
    const { plugin } = start([deny], settings);
    const [good, bad] = [8000, 8001].map((destinationPort) => {
      const stream = plugin.connect({ destinationPort })!;
      expect(mark(stream, 'connection_passed')).toBeUndefined();
      plugin.receive(stream);
      return stream;
    });
    expect(mark(good!, 'connection_passed')).toBe('yes');
    expect(mark(good!)).toBeUndefined();
    expect(mark(bad!, 'connection_passed')).toBeUndefined();
  });
});

describe('a plugin that traps behind the trial', () => {
  it('is skipped in this host as in Envoy, and later configurations are not taken', () => {
    const process = new Process({ platform: nodePlatform, node: { namespace: 'foo' } });
    const plugin = process.load(FAULTY, {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration: configuration([DENIED]),
    });
    expect(request(plugin, { path: '/denied' }).state).toBe('replied');
    const trap = configuration([denyPolicy([{}], 'x-portcullis-trap')]);
    expect(plugin.update(trap)).toBe(true);
    expect(request(plugin, { path: '/denied' }).state).toBe('skipped');
    expect(plugin.connect({})?.state).toBe('skipped');
    expect(plugin.update(configuration([DENIED]))).toBe(false);
  });
});
