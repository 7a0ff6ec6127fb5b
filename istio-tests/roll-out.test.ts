// The operator's way with a WasmPlugin in Istio: tried in SHADOW, beside istiod's own filters, alone; new policies, a new module.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SteadyLoad } from '../bench/steady-load.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../istio/token/keys.ts';
import { mintToken } from '../istio/token/mint.ts';
import { POLL } from './describe-lab.ts';
import { deny, describePlugin } from './describe-plugin.ts';

const key = readPrivateKey(generatePrivateKey());

describePlugin('a roll-out in Istio', ({ lab, url, rendered, get, both, remove }) => {
  /** How many differences SHADOW has told of so far. */
  const differences = (): number => lab().sidecar.log.split('shadow: would ').length - 1;

  it('in SHADOW tells what differs from istiod’s filters, and touches nothing', async () => {
    const inCluster = deny('/uuid', 'native');
    await lab().kube.apply(inCluster);
    await expect.poll(both, POLL).toEqual([200, 403]);
    const yaml = await rendered([deny('/ip')], '--shadow');
    await lab().kube.apply(yaml);
    const stats = (): Promise<string> => lab().sidecar.admin('stats?filter=portcullis_shadow');
    await expect
      .poll(async () => {
        expect(await both()).toEqual([200, 403]);
        return stats();
      }, POLL)
      .toMatch(/outcome=deny;policy=ns\[foo\]-policy\[deny\]-rule\[0\];enforced=allow: [1-9]/);
    expect(await stats()).toMatch(/outcome=allow;enforced=deny: [1-9]/);
    expect(lab().sidecar.log).toContain(
      'shadow: would let through what is refused: rbac_access_denied_matched_policy[ns[foo]-policy[native]-rule[0]]: GET /uuid',
    );
    await lab().kube.delete(inCluster);
    await remove(yaml);
  });

  it('takes over from istiod in the steps of the operator’s page, and no request is answered otherwise meanwhile', async () => {
    const jwks = JSON.stringify(keySet(publicJwk(key)));
    const policies = [
      `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: foo }
spec: { jwtRules: [{ issuer: testing@secure.istio.io, jwks: ${jwks} }] }
`,
      `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: require-token, namespace: foo }
spec: { rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }] }
`,
    ];
    const inCluster = policies.join('---\n');
    const token = mintToken(key);
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const statuses = async (): Promise<number[]> => [
      await get('/ip', token),
      await get('/ip'),
      await get('/ip', 'deadbeef'),
    ];
    const REQUIRED = [200, 403, 401];
    /** Requests with and without a token, until `step` is done: what each got. */
    const during = async (step: () => Promise<void>): Promise<number[][]> => {
      const withToken = new SteadyLoad(100, () => lab().status({ path: '/ip', token, agent }));
      const without = new SteadyLoad(100, () => lab().status({ path: '/ip', agent }));
      await step();
      return [[...(await withToken.end()).keys()], [...(await without.end()).keys()]];
    };
    const decides = async (name: string): Promise<void> => {
      // By whom a request was decided tells the metric of the module.
      await expect
        .poll(async () => {
          expect(await statuses()).toEqual(REQUIRED);
          return lab().sidecar.admin('stats?filter=portcullis_.*requests_total');
        }, POLL)
        .toMatch(new RegExp(`${name}_requests_total;outcome=allow.*: [1-9]`));
    };

    const known = differences();
    await lab().kube.apply(inCluster);
    await expect.poll(statuses, POLL).toEqual(REQUIRED);
    const shadow = await rendered(policies, '--shadow');
    const beside = await rendered(policies, '--beside-istiod');
    const alone = await rendered(policies);
    const seen = await during(async () => {
      await lab().kube.apply(shadow);
      await decides('portcullis_shadow');
      await lab().kube.apply(beside);
      await decides('portcullis');
      await lab().kube.delete(inCluster);
      await sleep(1000);
      expect(await statuses()).toEqual(REQUIRED);
      await lab().kube.apply(alone);
      await sleep(1000);
      expect(await statuses()).toEqual(REQUIRED);
    });
    agent.destroy();
    expect(seen).toEqual([[200], [403]]);
    expect(differences()).toBe(known);

    // And back, for whoever has to.
    await lab().kube.apply(beside);
    await lab().kube.apply(inCluster);
    await sleep(1000);
    expect(await statuses()).toEqual(REQUIRED);
    // Without --beside-istiod the module takes the token out, and istiod's filters see nobody.
    await lab().kube.apply(alone);
    await expect.poll(statuses, POLL).toEqual([403, 403, 401]);
    await lab().kube.delete(alone);
    await expect.poll(statuses, POLL).toEqual(REQUIRED);
    await remove(inCluster);
  });

  it('brings a new policy into force, and loses no request meanwhile', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    await lab().kube.apply(await rendered([deny('/p0')]));
    await expect.poll(() => get('/p0'), POLL).toBe(403);
    const load = new SteadyLoad(200, () => lab().status({ path: '/ip', agent }));
    let last = '';
    for (let i = 1; i <= 5; i++) {
      last = await rendered([deny(`/p${i}`)]);
      await lab().kube.apply(last);
      await expect.poll(() => get(`/p${i}`), POLL).toBe(403);
      await expect.poll(() => get(`/p${i - 1}`), POLL).toBe(404);
    }
    const seen = await load.end();
    agent.destroy();
    expect([...seen.keys()]).toEqual([200]);
    await remove(last);
  });

  it('is replaced by another build of the module, tried beside it, and no request is lost or let through', async () => {
    // This build is the one that tests can trap.
    const module = readFileSync('build/portcullis-faulty.wasm');
    const trap = { headers: ['x-portcullis-trap', '1'] };
    lab().files.put('/next.wasm', module);
    const next = [
      ...['--url', url().replace('portcullis', 'next')],
      ...['--sha256', createHash('sha256').update(module).digest('hex')],
    ];
    const policies = [deny('/uuid')];
    const known = differences();
    const before = await rendered(policies);
    await lab().kube.apply(before);
    await expect.poll(both, POLL).toEqual([200, 403]);
    expect(await get('/ip', undefined, trap)).toBe(200);

    const shadow = [...next, '--shadow', '--name', 'portcullis-next', '--priority', '10'];
    const tried = await rendered(policies, ...shadow);
    await lab().kube.apply(tried);
    await expect
      .poll(async () => {
        expect(await both()).toEqual([200, 403]);
        return lab().sidecar.admin('stats?filter=portcullis_shadow_requests_total');
      }, POLL)
      .toMatch(/outcome=deny;policy=ns\[foo\]-policy\[deny\]-rule\[0\];enforced=deny: [1-9]/);
    expect(differences()).toBe(known);
    await lab().kube.delete(tried);

    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const passed = new SteadyLoad(100, () => get('/ip', undefined, { agent }));
    const refused = new SteadyLoad(100, () => get('/uuid', undefined, { agent }));
    const after = await rendered(policies, ...next);
    await lab().kube.apply(after);
    await sleep(3000);
    const seen = [await passed.end(), await refused.end()];
    agent.destroy();
    expect(seen.map((statuses) => [...statuses.keys()])).toEqual([[200], [403]]);
    expect(await get('/ip', undefined, trap)).toBe(503);
    await expect.poll(both, POLL).toEqual([200, 403]);
    await remove(after);
  });

  it('is not admitted without the digest of its module, nor open, where the sample policy is applied', async () => {
    const policy = readFileSync('samples/istio/pinned-plugins.yaml', 'utf8');
    const yaml = await rendered([deny('/uuid')]);
    const shadow = await rendered([deny('/uuid')], '--shadow', '--fail-strategy', 'FAIL_OPEN');
    const unpinned = yaml.replace(/^ +sha256: .*\n/m, '');
    const open = shadow.replace(/^ +enforcement: .*\n/m, '');
    expect(unpinned).not.toBe(yaml);
    expect(open).not.toBe(shadow);
    const verdict = async (plugin: string): Promise<string> => {
      const became = await lab()
        .kube.apply(plugin)
        .then(
          () => 'admitted',
          (error: Error) => error.message,
        );
      await lab().kube.delete(plugin);
      return became;
    };
    await lab().kube.apply(policy);
    await expect
      .poll(() => verdict(unpinned), POLL)
      .toContain('spec.sha256: a WasmPlugin must name the digest of its module');
    expect(await verdict(open)).toContain('FAIL_OPEN lets everything through');
    expect(await verdict(yaml)).toBe('admitted');
    expect(await verdict(shadow)).toBe('admitted');
    await remove(policy);
  });
});
