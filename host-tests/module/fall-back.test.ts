// A wrong update leaves everything in force that was: in the VM that has it, and in one that has to compile it again.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection, HttpStream } from '../../host/contexts.ts';
import type { Plugin, Process } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import {
  CLUSTER,
  type Issuer,
  JWKS_URI,
  MODULE,
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

const WRONG = configuration([{}]);
const KEPT = 'the configuration is rejected: the one before stays in force';

let issuer: Issuer;
let token: string;
beforeAll(async () => {
  issuer = await makeIssuer();
  token = await mint(issuer, { group: 'dev' });
});

type World = { process: Process; plugin: Plugin };

function peers(spec: object): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: 'foo' },
    spec,
  };
}

const PLAIN: Connection = { destinationPort: 8000, sourceAddress: '10.0.0.1:1' };
const strict = peers({ mtls: { mode: 'STRICT' } });
const byPort = denyPolicy([{ to: [{ operation: { ports: ['8000'] } }] }]);

/** What becomes of a connection when it has spoken. */
function connectionTo({ plugin }: World, destinationPort: number): string {
  const stream = plugin.connect({ ...PLAIN, destinationPort })!;
  plugin.receive(stream);
  plugin.end(stream);
  return stream.state;
}

const recordOf = (stream: HttpStream, name: string): string | undefined => {
  const bytes = stream.filterState(`portcullis.${name}`);
  return bytes === undefined ? undefined : fromUtf8(bytes);
};

/** What is configured, and what shows that it is enforced. */
interface Feature {
  resources: () => object[];
  settings?: object;
  seen: (world: World) => unknown;
  expected: unknown;
}

const FEATURES: Record<string, Feature> = {
  policies: {
    resources: () => [byPort],
    seen: ({ plugin }) => statusOf(request(plugin)),
    expected: 403,
  },
  tokens: {
    resources: () => [requestAuthentication({ jwks: issuer.jwks })],
    seen: ({ plugin }) =>
      [token, 'garbage'].map((text) => statusOf(request(plugin, { token: text }))),
    expected: [200, 401],
  },
  'keys that are fetched': {
    resources: () => [requestAuthentication({ jwksUri: JWKS_URI })],
    seen: ({ process, plugin }) => {
      const stream = request(plugin, { token });
      // A fetch that went with the configuration before is waited for until its time is over.
      for (let i = 0; i < 80; i++) {
        for (const call of process.httpCalls) call.respond({ status: 200, body: issuer.jwks });
        process.advance(100);
      }
      return statusOf(stream);
    },
    expected: 200,
  },
  PeerAuthentication: {
    resources: () => [strict],
    seen: ({ plugin }) => request(plugin).state,
    expected: 'reset',
  },
  peerRejection: {
    resources: () => [strict],
    settings: { peerRejection: 503 },
    seen: ({ plugin }) => statusOf(request(plugin)),
    expected: 503,
  },
  'the container’s port': {
    resources: () => [
      peers({
        selector: { matchLabels: { app: 'httpbin' } },
        portLevelMtls: { 80: { mode: 'STRICT' } },
      }),
      denyPolicy([{ to: [{ operation: { ports: ['81'] } }] }]),
    ],
    settings: { workload: { namespace: 'foo', labels: { app: 'httpbin' }, containerPort: 80 } },
    seen: ({ plugin }) => request(plugin, { port: 81 }).state,
    expected: 'reset',
  },
  '… of policies': {
    resources: () => [denyPolicy([{ to: [{ operation: { ports: ['80'] } }] }])],
    settings: { workload: { containerPort: 80 } },
    seen: ({ plugin }) => statusOf(request(plugin, { port: 15006 })),
    expected: 403,
  },
  xfcc: {
    resources: () => [],
    settings: { xfcc: { forward: 'SANITIZE' } },
    seen: ({ plugin }) =>
      request(plugin, { headers: [['x-forwarded-client-cert', 'forged']] }).headers.some(
        ([name]) => name === 'x-forwarded-client-cert',
      ),
    expected: false,
  },
  'connections of TCP': {
    resources: () => [byPort],
    settings: { workload: { protocol: 'TCP' } },
    seen: (world) => [8000, 8001].map((port) => connectionTo(world, port)),
    expected: ['closed', 'open'],
  },
  'the ports of TCP': {
    resources: () => [strict],
    settings: { workload: { protocol: 'TCP', tcpPorts: [8000] } },
    seen: (world) => [8000, 8001].map((port) => connectionTo(world, port)),
    expected: ['closed', 'open'],
  },
  guard: {
    resources: () => [],
    settings: { guard: true },
    seen: ({ plugin }) => recordOf(request(plugin), 'passed'),
    expected: 'yes',
  },
  debugHeaders: {
    resources: () => [],
    settings: { debugHeaders: true },
    seen: ({ plugin }) => {
      const stream = request(plugin);
      plugin.respond(stream);
      return stream.responseHeaders;
    },
    expected: [['x-portcullis-decision', 'allow']],
  },
  'an external authorizer': {
    resources: () => [
      denyPolicy([{}], 'custom', { action: 'CUSTOM', provider: { name: 'authz' } }),
    ],
    settings: {
      extensionProviders: [
        { name: 'authz', envoyExtAuthzHttp: { service: 'idp.example', port: 443 } },
      ],
    },
    seen: ({ process, plugin }) => {
      const stream = request(plugin);
      const before = stream.state;
      for (const call of process.httpCalls) call.respond({ status: 401 });
      return [before, statusOf(stream)];
    },
    expected: ['paused', 401],
  },
  connectionFacts: {
    resources: () => [denyPolicy([{ from: [{ source: { ipBlocks: ['10.0.0.9'] } }] }])],
    settings: { connectionFacts: { directAddress: 'f.direct' } },
    seen: ({ plugin }) => request(plugin).reply?.details,
    expected: 'portcullis_connection_fact_missing',
  },
  'who is at the other end of a connection of TCP': {
    resources: () => [
      denyPolicy([{ from: [{ source: { principals: ['cluster.local/ns/foo/sa/a'] } }] }], 'a', {
        action: 'ALLOW',
      }),
    ],
    settings: { workload: { protocol: 'TCP' }, connectionFacts: { singleUriSan: true } },
    seen: ({ plugin }) =>
      ['a', 'b'].map((name) => {
        const uri = `spiffe://cluster.local/ns/foo/sa/${name}`;
        const stream = plugin.connect({ ...PLAIN, tls: true })!;
        stream.connection = { ...PLAIN, tls: true, peerCertificate: { uri, subject: '' } };
        plugin.receive(stream);
        return stream.state;
      }),
    expected: ['open', 'closed'],
  },
  SHADOW: {
    resources: () => [byPort],
    settings: { enforcement: 'SHADOW' },
    seen: ({ plugin }) => {
      const stream = request(plugin);
      return [statusOf(stream), recordOf(stream, 'decision')];
    },
    expected: [200, undefined],
  },
};

describe.each(Object.entries(FEATURES))('%s', (_, { resources, settings = {}, seen, expected }) => {
  const begin = (): World => start(resources(), settings, { clusters: [CLUSTER] });

  it('is enforced', () => {
    expect(seen(begin())).toEqual(expected);
  });

  it('is enforced after a wrong update, and after another', () => {
    const world = begin();
    world.process.advance(1000);
    for (let i = 0; i < 2; i++) {
      expect(update(world, WRONG)).toBe(false);
      expect(seen(world)).toEqual(expected);
      world.process.advance(1000);
    }
    expect(world.process.logs('critical')).toContain(KEPT);
  });

  it('is enforced by a VM that is new, and gets a wrong one', () => {
    const { process } = begin();
    process.advance(1000);
    const plugin = process.load(MODULE, {
      name: 'portcullis',
      rootId: 'portcullis',
      vmId: 'another',
      configuration: WRONG,
    });
    expect(seen({ process, plugin })).toEqual(expected);
    expect(process.logs('critical')).toContain(KEPT);
  });
});

it('open connections are held against what stays in force, and against what comes next', () => {
  const settings = { workload: { protocol: 'TCP' } };
  const world = start([], settings);
  const stream = world.plugin.connect(PLAIN)!;
  world.plugin.receive(stream);
  expect(update(world, WRONG)).toBe(false);
  world.process.advance(100);
  expect(stream.state).toBe('open');
  expect(update(world, configuration([byPort], settings))).toBe(true);
  world.process.advance(100);
  expect(stream.state).toBe('closed');
});

it('a configuration that is good warns of what it leaves out, and of nothing else', () => {
  const older = { ...strict, metadata: { name: 'another', namespace: 'foo' } };
  const { process } = start([strict, older]);
  expect([...new Set(process.logs('warn'))]).toEqual([
    'config: PeerAuthentication foo/another is ignored: foo/default is for the same workloads, and stands first; ' +
      'which is older (metadata.creationTimestamp) is not said',
  ]);
  expect(start([strict]).process.logs('warn')).toEqual([]);
});
