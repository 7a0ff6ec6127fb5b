// The Node host against Envoy: one script, two transcripts, equal.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvoyProbe } from './conformance/envoy-probe.ts';
import { NodeProbe } from './conformance/node-probe.ts';
import { SCRIPT, transcript } from './conformance/script.ts';

let envoy: EnvoyProbe;
let inEnvoy: Map<string, string[]>;
let inNode: Map<string, string[]>;

beforeAll(async () => {
  envoy = await EnvoyProbe.start();
  inEnvoy = await transcript(envoy);
  inNode = await transcript(new NodeProbe());
});
afterAll(() => envoy.stop());

describe('the Node host is like Envoy:', () => {
  it.each(SCRIPT.map(([name]) => name))('%s', (name) => {
    const said = inEnvoy.get(name)!;
    expect(said.length).toBeGreaterThan(0);
    expect(inNode.get(name)).toEqual(said);
  });
});
