// A WasmPlugin in Istio that goes wrong: from the start, by an update, deleted and back, unfetchable. Never open.
import { beforeAll, expect, it } from 'vitest';
import { spiffe } from '../envoy-tests/mesh-tls.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../istio/token/keys.ts';
import { mintToken } from '../istio/token/mint.ts';
import { POLL } from './describe-lab.ts';
import { OPEN, deny, describePlugin } from './describe-plugin.ts';

const key = readPrivateKey(generatePrivateKey());

const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: foo }
spec: { mtls: { mode: STRICT } }
`;

/** The same as a wrong configuration: a field misspelt, as `kubectl edit` may leave it. */
const misspelt = (yaml: string): string => yaml.replace(/^( +)rules:$/m, '$1rulez:');

describePlugin('a plugin in Istio', ({ lab, url, rendered, get, both, remove }) => {
  beforeAll(() => lab().files.put('/jwks.json', keySet(publicJwk(key)), 'application/json'));

  it('fetches the keys of an issuer that is a Service', async () => {
    const policy = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: foo }
spec: { jwtRules: [{ issuer: testing@secure.istio.io, jwksUri: "http://files.istio-system.svc.cluster.local/jwks.json" }] }
`;
    const yaml = await rendered([policy]);
    expect(yaml).not.toContain('kind: "ServiceEntry"');
    await lab().kube.apply(yaml);
    await expect.poll(() => get('/ip', 'deadbeef'), POLL).toBe(401);
    await expect.poll(() => get('/ip', mintToken(key)), POLL).toBe(200);
    await remove(yaml);
  });

  it('that is wrong from the start refuses everything until it is mended', async () => {
    const yaml = await rendered([deny('/uuid')]);
    const wrong = misspelt(yaml);
    expect(wrong).not.toBe(yaml);
    await lab().kube.apply(wrong);
    await expect.poll(both, POLL).toEqual([500, 500]);
    const { body } = await lab().ask({ path: '/ip', headers: ['x-ask', 'first'] });
    expect(body).toBe('portcullis: no valid configuration is in force');
    await expect
      .poll(() => lab().sidecar.accessLog('first'), POLL)
      .toEqual(['/ip 500 portcullis_not_configured']);
    await lab().kube.apply(yaml);
    await expect.poll(both, POLL).toEqual([200, 403]);
    await remove(yaml);
  });

  it('whose update is wrong keeps the policy in force, says so, and lets the listener change', async () => {
    const yaml = await rendered([deny('/uuid')]);
    await lab().kube.apply(yaml);
    await expect.poll(both, POLL).toEqual([200, 403]);
    await lab().kube.apply(misspelt(yaml));
    await expect
      .poll(() => lab().sidecar.admin('stats?filter=rejected_configurations'), POLL)
      .toMatch(/rejected_configurations;plugin=foo.portcullis~\S+: [1-9]/);
    expect(await both()).toEqual([200, 403]);
    expect(lab().sidecar.log).toMatch(/spec\.rulez: unknown field; did you mean "rules"\?/);

    const client = await lab().client(spiffe('bar', 'sleep'));
    await lab().kube.apply(STRICT);
    await expect.poll(both, POLL).toEqual([0, 0]);
    expect(await lab().status({ path: '/uuid', tls: client })).toBe(403);
    await lab().kube.delete(STRICT);
    await expect.poll(both, POLL).toEqual([200, 403]);
    await remove(yaml);
  });

  it('that is deleted and comes back wrong: the policy before while Envoy drains, after that nothing passes', async () => {
    const yaml = await rendered([deny('/uuid')]);
    await lab().kube.apply(yaml);
    await expect.poll(both, POLL).toEqual([200, 403]);
    await lab().kube.delete(yaml);
    await expect.poll(both, POLL).toEqual(OPEN);
    await lab().kube.apply(misspelt(yaml));
    await expect.poll(both, POLL).toEqual([200, 403]);
    await remove(yaml);
    await lab().kube.apply(misspelt(yaml));
    await expect.poll(both, POLL).toEqual([500, 500]);
    await remove(yaml);
  });

  it('that is wrong when the proxy begins refuses everything, and is mended without a restart', async () => {
    const yaml = await rendered([deny('/uuid')]);
    await lab().kube.apply(yaml);
    await expect.poll(both, POLL).toEqual([200, 403]);
    await lab().kube.apply(misspelt(yaml));
    await lab().sidecar.restart();
    await expect.poll(both, POLL).toEqual([500, 500]);
    await lab().kube.apply(yaml);
    await expect.poll(both, POLL).toEqual([200, 403]);
    await remove(yaml);
  });

  it('that is still being fetched leaves everything as it was, and keeps a proxy that starts from being ready', async () => {
    lab().files.putFile('/late.wasm', 'build/portcullis.wasm');
    const late = await rendered([deny('/uuid')], '--url', url().replace('portcullis', 'late'));
    let release = lab().files.hold('/late.wasm');
    await lab().kube.apply(late);
    await expect.poll(() => lab().files.askedFor('/late.wasm'), POLL).toBe(1);
    expect(await both()).toEqual(OPEN);
    release();
    await expect.poll(both, POLL).toEqual([200, 403]);

    // Nothing that was fetched outlives the pod.
    release = lab().files.hold('/late.wasm');
    const restarted = lab().sidecar.restart();
    await expect.poll(() => lab().files.askedFor('/late.wasm'), POLL).toBe(2);
    expect(await lab().sidecar.isReady()).toBe(false);
    expect(await both()).toEqual([0, 0]);
    release();
    await restarted;
    await expect.poll(both, POLL).toEqual([200, 403]);
    await remove(late);
  });

  it('refuses everything when the module cannot be had, or is another', async () => {
    const missing = await rendered(
      [deny('/uuid')],
      '--url',
      url().replace('portcullis', 'missing'),
    );
    await lab().kube.apply(missing);
    await expect.poll(both, POLL).toEqual([403, 403]);
    await remove(missing);
    const other = await rendered([deny('/uuid')], '--sha256', 'ab'.repeat(32));
    await lab().kube.apply(other);
    await expect.poll(both, POLL).toEqual([403, 403]);
    await remove(other);
  });
});
