// The module in Istio: what `render wasmplugin` prints, applied to the real API server, delivered by the real istiod and agent.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { portcullis } from '../host-tests/cli/portcullis.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../istio/token/keys.ts';
import { mintToken } from '../istio/token/mint.ts';
import { areBuilt, buildBinaries } from './lab/binaries.ts';
import { Lab, whyNot } from './lab/lab.ts';

const WANTED = process.env.CI_ISTIO === '1';
const reason =
  whyNot() ??
  (WANTED || (await areBuilt()) ? undefined : 'Istio is not built: make test-istio builds it');
// Where it is asked for, not being able to is a failure.
const runs = WANTED || reason === undefined;
const title = reason === undefined ? 'the real Istio' : `the real Istio (skipped: ${reason})`;

/** Assertions wait: istiod and the agent take their time. */
const POLL = { timeout: 20_000, interval: 50 };
/** Envoy drains a listener for 45 s; until then what it served counts as in force. */
const DRAIN_MS = 47_000;

const key = readPrivateKey(generatePrivateKey());
const good = mintToken(key);

const REQUEST_AUTHENTICATION = (uri: string): string => `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: foo }
spec:
  selector: { matchLabels: { app: httpbin } }
  jwtRules: [{ issuer: testing@secure.istio.io, jwksUri: "${uri}" }]
`;
const DENY = (rules: string, name = 'deny'): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: foo }
spec:
  selector: { matchLabels: { app: httpbin } }
  action: DENY
  rules: [${rules}]
`;
const path = (name: string): string => `{ to: [{ operation: { paths: ["${name}"] } }] }`;
const TASK = `{ from: [{ source: { notRequestPrincipals: ["*"] } }], to: [{ operation: { paths: ["/headers"] } }] }`;

describe.runIf(runs)(title, () => {
  let lab: Lab;
  let hasFailed = false;

  beforeAll(async () => {
    lab = await Lab.start(await buildBinaries());
    lab.files.set('portcullis.wasm', readFileSync('build/portcullis.wasm'));
    lab.files.set('jwks.json', Buffer.from(keySet(publicJwk(key))));
  }, 3_600_000);
  afterEach(({ task }) => {
    hasFailed ||= task.result?.state === 'fail';
  });
  afterAll(async () => {
    if (hasFailed) console.error(`logs of the lab: ${lab.folder}`);
    await lab?.stop({ keep: hasFailed });
  });

  /** What `render wasmplugin` prints for namespace foo. */
  async function render(policies: string[], ...args: string[]): Promise<string> {
    const url = args.includes('--url') ? [] : ['--url', lab.moduleUrl('portcullis.wasm')];
    const { code, stdout, stderr } = await portcullis(
      ['render', 'wasmplugin', '-f', '-', '-n', 'foo', ...url, ...args],
      policies.join('---\n'),
    );
    expect(stderr.replace(/^note: .*\n/gm, '')).toBe('');
    expect(code).toBe(0);
    return stdout;
  }
  const get = (at: string, token?: string): Promise<number> =>
    lab.status(at, token === undefined ? {} : { authorization: `Bearer ${token}` });
  /** The same as a wrong configuration: a field misspelt, as `kubectl edit` may leave it. */
  const misspelt = (yaml: string): string => yaml.replace(/^( +)rules:$/m, '$1rulez:');
  const none = async (yaml: string): Promise<void> => {
    await lab.kube.delete(yaml);
    await sleep(DRAIN_MS);
    expect(await get('/headers')).toBe(200);
  };

  it('takes a plugin, and answers as in the task: with response code details in the access log', async () => {
    const jwt = REQUEST_AUTHENTICATION(lab.moduleUrl('jwks.json'));
    const byPeer = `{ from: [{ source: { principals: ["cluster.local/ns/bar/sa/sleep"] } }], to: [{ operation: { paths: ["/ip"] } }] }`;
    const byAddress = `{ from: [{ source: { ipBlocks: ["10.77.0.1"] } }], to: [{ operation: { paths: ["/user-agent"] } }] }`;
    const yaml = await render([jwt, DENY([TASK, path('/uuid'), byPeer, byAddress].join(', '))]);
    await lab.kube.apply(yaml);
    await expect.poll(() => get('/uuid'), POLL).toBe(403);
    await expect.poll(() => get('/headers', good), POLL).toBe(200);
    expect(await get('/ip')).toBe(200);
    expect(await get('/headers')).toBe(403);
    expect(await get('/headers', 'a.b.c')).toBe(401);
    expect(await get('/headers', mintToken(key, { expire: -3600 }))).toBe(401);
    expect(await lab.status('/user-agent', { 'x-forwarded-for': '192.0.2.1' })).toBe(403);
    expect(await lab.mutualStatus('/ip', 'bar', 'sleep')).toBe(403);
    expect(await lab.mutualStatus('/ip', 'bar', 'other')).toBe(200);
    await expect
      .poll(() => lab.log('agent').split('\n'), POLL)
      .toEqual(
        expect.arrayContaining([
          '/uuid 403 rbac_access_denied_matched_policy[ns[foo]-policy[deny]-rule[1]]',
          '/headers 403 rbac_access_denied_matched_policy[ns[foo]-policy[deny]-rule[0]]',
          '/headers 401 jwt_authn_access_denied{Jwt_is_expired}',
          '/headers 200 via_upstream',
        ]),
      );
    await none(yaml);
  }, 120_000);

  it('gives the answers of istiod’s own filters, with the same policies in the cluster', async () => {
    const jwt = REQUEST_AUTHENTICATION(lab.moduleUrl('jwks.json'));
    // istiod fetches the key set itself, and cannot from here: in the cluster it stands in the policy.
    const jwks = keySet(publicJwk(key)).replaceAll('"', '\\"');
    const native = jwt.replace(/jwksUri: "[^"]*"/, `jwks: "${jwks}"`);
    const policies = [DENY([TASK, path('/uuid')].join(', '))];
    const asks: [string, string?][] = [
      ['/ip'],
      ['/headers'],
      ['/headers', good],
      ['/headers', 'a.b.c'],
      ['/ip', mintToken(key, { expire: -3600 })],
      ['/uuid', good],
    ];
    const answers = async (): Promise<object[]> => {
      const all = asks.map(([at, token]) =>
        lab.ask(at, token === undefined ? {} : { authorization: `Bearer ${token}` }),
      );
      const seen = await Promise.all(all);
      return seen.map(({ status, body }) => ({ status, body: status === 200 ? '' : body }));
    };
    const inCluster = [native, ...policies].join('---\n');
    await lab.kube.apply(inCluster);
    await expect.poll(() => get('/uuid'), POLL).toBe(403);
    await expect.poll(() => get('/headers', good), POLL).toBe(200);
    const ofIstiod = await answers();
    await lab.kube.delete(inCluster);
    await expect.poll(() => get('/uuid'), POLL).toBe(200);

    const yaml = await render([jwt, ...policies]);
    await lab.kube.apply(yaml);
    await expect.poll(() => get('/uuid'), POLL).toBe(403);
    await expect.poll(() => get('/headers', good), POLL).toBe(200);
    expect(await answers()).toEqual(ofIstiod);
    await none(yaml);
  }, 120_000);

  it('brings a new policy into force, and loses no request meanwhile', async () => {
    await lab.kube.apply(await render([DENY(path('/p0'))]));
    await expect.poll(() => get('/p0'), POLL).toBe(403);
    let stop = false;
    const seen = new Set<number>();
    const load = (async () => {
      while (!stop) seen.add(await get('/ip'));
    })();
    for (let i = 1; i <= 5; i++) {
      await lab.kube.apply(await render([DENY(path(`/p${i}`))]));
      await expect.poll(() => get(`/p${i}`), POLL).toBe(403);
      expect(await get(`/p${i - 1}`)).toBe(404);
    }
    stop = true;
    await load;
    expect([...seen]).toEqual([200]);
    await none(await render([DENY(path('/p5'))]));
  }, 120_000);

  it('never goes without a policy that is wrong: first, as an update, deleted and back', async () => {
    const yaml = await render([DENY(path('/uuid'))]);
    const wrong = misspelt(yaml);
    expect(wrong).not.toBe(yaml);

    await lab.kube.apply(wrong);
    await expect.poll(() => get('/ip'), POLL).toBe(500);
    expect((await lab.ask('/ip')).body).toBe('portcullis: no valid configuration is in force');
    await expect.poll(() => lab.log('agent'), POLL).toContain('/ip 500 portcullis_not_configured');

    await lab.kube.apply(yaml);
    await expect.poll(() => get('/ip'), POLL).toBe(200);
    expect(await get('/uuid')).toBe(403);

    await lab.kube.apply(wrong);
    await expect
      .poll(() => lab.admin('/stats?filter=rejected_configurations'), POLL)
      .toMatch(/rejected_configurations;plugin=foo.portcullis~\S+: [1-9]/);
    expect([await get('/ip'), await get('/uuid')]).toEqual([200, 403]);

    // What else changes in the listener is still heeded.
    const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: foo }
spec: { mtls: { mode: STRICT } }
`;
    await lab.kube.apply(strict);
    await expect.poll(() => get('/ip'), POLL).toBe(0);
    expect(await lab.mutualStatus('/uuid', 'bar', 'sleep')).toBe(403);
    await lab.kube.delete(strict);
    await expect.poll(() => get('/ip'), POLL).toBe(200);

    // While Envoy drains the old listener, what it served is in force; after that nothing is.
    await lab.kube.delete(yaml);
    await expect.poll(() => get('/uuid'), POLL).toBe(200);
    await lab.kube.apply(wrong);
    await expect.poll(() => get('/uuid'), POLL).toBe(403);
    await none(wrong);
    await lab.kube.apply(wrong);
    await expect.poll(() => get('/ip'), POLL).toBe(500);
    await none(wrong);
  }, 240_000);

  it('refuses everything when the module cannot be had, or is another', async () => {
    const missing = await render([DENY(path('/uuid'))], '--url', lab.moduleUrl('missing.wasm'));
    await lab.kube.apply(missing);
    await expect.poll(() => get('/ip'), POLL).toBe(403);
    await none(missing);
    const other = await render([DENY(path('/uuid'))], '--sha256', 'ab'.repeat(32));
    await lab.kube.apply(other);
    await expect.poll(() => get('/ip'), POLL).toBe(403);
    await none(other);
  }, 240_000);

  it('in SHADOW tells what differs from istiod’s filters, and touches nothing', async () => {
    const inCluster = DENY(path('/uuid'), 'native');
    await lab.kube.apply(inCluster);
    await expect.poll(() => get('/uuid'), POLL).toBe(403);
    const yaml = await render([DENY(path('/ip'))], '--shadow');
    await lab.kube.apply(yaml);
    const stats = (): Promise<string> => lab.admin('/stats?filter=portcullis_shadow');
    await expect
      .poll(async () => {
        expect([await get('/ip'), await get('/uuid')]).toEqual([200, 403]);
        return stats();
      }, POLL)
      .toMatch(/outcome=deny;policy=ns\[foo\]-policy\[deny\]-rule\[0\];enforced=allow: [1-9]/);
    expect(await stats()).toMatch(/outcome=allow;enforced=deny: [1-9]/);
    expect(lab.log('agent')).toContain(
      'shadow: would let through what is refused: rbac_access_denied_matched_policy[ns[foo]-policy[native]-rule[0]]: GET /uuid',
    );
    await lab.kube.delete(inCluster);
    await none(yaml);
  }, 120_000);

  it('has told istiod no about nothing', () => {
    expect(lab.refusals()).toEqual([]);
  });
});
