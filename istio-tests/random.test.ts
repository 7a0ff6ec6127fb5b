// Random policies in the real Istio, twice on the same proxy: in the cluster, enforced by istiod's own filters with the module in
// SHADOW beside them, and in the plugin, enforced by the module alone. RANDOM_SETS, RANDOM_REQUESTS and RANDOM_SEED as in envoy-tests;
// `make test-istio` takes 200 sets.
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer, Ask } from '../envoy-tests/ask.ts';
import { ExtAuthzServer } from '../envoy-tests/ext-authz-server.ts';
import { spiffe } from '../envoy-tests/mesh-tls.ts';
import { Random, randomPolicies, randomRequest } from '../envoy-tests/random/generator.ts';
import type { Settings } from '../istio/plugin-configuration.ts';
import { rsaKey, signedToken } from '../istio/token/signing.ts';
import { POLL, describeLab } from './describe-lab.ts';
import { serviceObjects } from './lab/cluster.ts';
import type { KubeObject } from './lab/kube.ts';
import { PORTS } from './lab/lab.ts';
import { pluginObjects } from './lab/plugin.ts';

const sets = Number(process.env.RANDOM_SETS ?? (process.env.CI_ISTIO === '1' ? 200 : 40));
const requests = Number(process.env.RANDOM_REQUESTS ?? 40);
const seed = Number(process.env.RANDOM_SEED ?? Date.now() % 2 ** 31);
const SETS_AT_ONCE = 20;

const AUTHORIZER_PORT = 18092;
const key = rsaKey();

/** Read by istiod and by the module. */
const MESH_CONFIG: Settings & object = {
  trustDomainAliases: ['td2'],
  extensionProviders: [
    {
      name: 'plain',
      envoyExtAuthzHttp: {
        service: 'authorizer.istio-system.svc.cluster.local',
        port: 8000,
        includeHeadersInCheck: ['x-ext-authz'],
        timeout: '5s',
      },
    },
  ],
};

/** Clients by their identities; none speaks plaintext. */
const CLIENTS = [
  undefined,
  spiffe('foo', 'sleep'),
  spiffe('foo', 'sleep', 'td2'),
  spiffe('bar', 'sleep'),
];

const AUTHENTICATION: KubeObject = {
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: { name: 'jwt', namespace: 'foo' },
  spec: { jwtRules: [{ issuer: 'iss', jwks: JSON.stringify({ keys: [key.jwk] }) }] },
};

/** A policy that tells, by a path that it refuses, that it and all that were applied with it are in force. */
function marker(name: string): KubeObject {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: 'foo' },
    spec: {
      action: 'DENY',
      rules: [
        {
          // Of a connection's facts: so that the plugin that leaves them is always there.
          from: [{ source: { ipBlocks: ['0.0.0.0/0'] } }],
          to: [{ operation: { paths: [`/${name}`] } }],
        },
      ],
    },
  };
}

/** Random policies of the workload, some of them in the root namespace. */
function policiesOf(seed: number): KubeObject[] {
  const policies = randomPolicies(seed) as KubeObject[];
  return policies.map((policy, i) => ({
    ...(JSON.parse(JSON.stringify(policy).replaceAll('"8080"', `"${PORTS.http}"`)) as KubeObject),
    metadata: { ...policy.metadata, namespace: (seed + i) % 3 === 0 ? 'istio-system' : 'foo' },
  }));
}

describeLab(
  `random policies, in Istio (RANDOM_SEED=${seed})`,
  { concurrency: 1, meshConfig: MESH_CONFIG },
  (lab) => {
    let authorizer: ExtAuthzServer;
    let url: string;
    let clients: (Pick<Ask, 'tls'> & { uri: string | undefined })[];
    /** What is known of each answer, by its number: from istiod's filters, and from the module. */
    const asked: { id: string; what: string }[] = [];

    beforeAll(async () => {
      authorizer = await ExtAuthzServer.start(AUTHORIZER_PORT, '0.0.0.0');
      lab().files.putFile('/portcullis.wasm', 'build/portcullis.wasm');
      url = `http://${lab().filesAddress}/portcullis.wasm`;
      const port = { name: 'http', port: 8000, target: AUTHORIZER_PORT };
      const { hostAddress } = lab().sidecar.network;
      await lab().kube.apply(serviceObjects('authorizer', 'istio-system', hostAddress, port));
      clients = await Promise.all(
        CLIENTS.map(async (uri) => ({ uri, ...(uri ? { tls: await lab().client(uri) } : {}) })),
      );
    });
    afterAll(() => authorizer?.stop());

    const plugin = (policies: KubeObject[], isShadow: boolean): KubeObject[] =>
      pluginObjects(policies, url, {
        ...MESH_CONFIG,
        ...(isShadow ? { enforcement: 'SHADOW' as const } : {}),
      });

    /** Asks all of a set's requests; the answers in their order. */
    const askAll = async (plan: Planned[], side: string): Promise<Answer[]> => {
      const plain = new Agent({ keepAlive: true, maxSockets: 4 });
      const agents = clients.map(({ tls }) =>
        tls === undefined ? plain : new TlsAgent({ keepAlive: true, maxSockets: 4, ...tls }),
      );
      try {
        return await Promise.all(
          plan.map(({ client, ask, id }) =>
            lab().ask({
              ...ask,
              headers: [...ask.headers!, 'x-ask', `${side}${id}`],
              tls: clients[client]!.tls,
              agent: agents[client]!,
            }),
          ),
        );
      } finally {
        for (const agent of agents) agent.destroy();
      }
    };

    const random = new Random(seed + 1);
    const statuses = new Map<number, number>();

    for (let first = 0; first < sets; first += SETS_AT_ONCE) {
      const count = Math.min(SETS_AT_ONCE, sets - first);
      it(`decide as by istiod: ${count} sets of policies, ${requests} requests each`, async () => {
        for (let i = first; i < first + count; i++) {
          const name = `in-force-${i}`;
          const policies = [AUTHENTICATION, ...policiesOf(seed + i), marker(name)];
          const plan = planOf(random, i);
          const { kube, sidecar } = lab();
          /** The path that the marker refuses, in plaintext and over mutual TLS: Envoy updates their filter chains one after the other. */
          const markers = clients
            .slice(0, 2)
            .map(({ tls }): Ask => ({ path: `/${name}`, headers: ['x-ext-authz', 'allow'], tls }));
          const ofMarkers = (): Promise<number[]> =>
            Promise.all(markers.map((ask) => lab().status(ask)));
          /** How often the module in SHADOW has seen the marker refuse. */
          const refusedInShadow = async (): Promise<number> => {
            const stats = await sidecar.admin(`stats?filter=portcullis_shadow_.*${name}`);
            const counts = [...stats.matchAll(/enforced=deny: (\d+)/g)];
            return counts.reduce((sum, [, count]) => sum + Number(count), 0);
          };

          let native: Answer[];
          try {
            await kube.apply([...policies, ...plugin(policies, true)]);
            // An ALLOW policy refuses that path, too: Envoy's own configuration tells that the last policy has come.
            await expect
              .poll(() => sidecar.admin('config_dump?mask=dynamic_listeners'), POLL)
              .toContain(name);
            for (const marker of markers) {
              await expect
                .poll(async () => {
                  const before = await refusedInShadow();
                  return [await lab().status(marker), (await refusedInShadow()) - before];
                }, POLL)
                .toEqual([403, 1]);
            }
            native = await askAll(plan, 'n');
          } finally {
            // The next set is not to be held against this one, whatever became of it.
            await kube.delete(policies);
          }
          await expect.poll(ofMarkers, POLL).toEqual([404, 404]);
          await kube.apply(plugin(policies, false));
          await expect.poll(ofMarkers, POLL).toEqual([403, 403]);
          const ours = await askAll(plan, 'm');

          for (const [j, { id, what }] of plan.entries()) {
            const about = `RANDOM_SEED=${seed + i}: ${what}`;
            expect({ about, ...comparable(ours[j]!) }).toEqual({
              about,
              ...comparable(native[j]!),
            });
            asked.push({ id, what: about });
            const { status } = ours[j]!;
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
          }
        }
      }, 600_000);
    }

    it('of all outcomes some', () => {
      const total = [...statuses.values()].reduce((sum, n) => sum + n, 0);
      expect(total).toBe(sets * requests);
      // Else the requests show nothing. A set may refuse all of its own.
      expect(statuses.get(403)).toBeGreaterThan(total / 100);
      expect(statuses.get(404)).toBeGreaterThan(total / 100);
    });

    it('for the same reasons, by the access log', async () => {
      const read = (): Map<string, string> =>
        new Map(
          [...lab().sidecar.allAccessLog.matchAll(/^([nm]\d+-\d+) (.*)$/gm)].map(([, id, rest]) => [
            id!,
            rest!,
          ]),
        );
      await expect.poll(() => read().size, POLL).toBe(2 * asked.length);
      const lines = read();
      for (const { id, what } of asked) {
        expect(`${what}: ${lines.get(`m${id}`)}`).toBe(`${what}: ${lines.get(`n${id}`)}`);
      }
    });

    it('and the module in SHADOW saw no difference either', () => {
      const lines = lab()
        .sidecar.log.split('\n')
        .filter((line) => line.includes('shadow: ') && !line.includes('GET /in-force-'));
      expect(lines).toEqual([]);
    });

    /** One request, by its number. */
    interface Planned {
      id: string;
      client: number;
      ask: Ask;
      what: string;
    }

    function planOf(random: Random, set: number): Planned[] {
      return Array.from({ length: requests }, (_, i) => {
        const { token, ...ask } = randomRequest(random);
        const client = random.below(CLIENTS.length);
        return {
          id: `${set}-${i}`,
          client,
          ask: { ...ask, token: token && signedToken('RS256', key, token) },
          what: JSON.stringify({ ...ask, token, identity: CLIENTS[client] }),
        };
      });
    }
  },
);

/** What must be equal. */
function comparable({ status, body, headers }: Answer): object {
  return {
    status,
    body,
    type: headers['content-type'],
    challenge: headers['www-authenticate'],
    location: headers.location,
  };
}
