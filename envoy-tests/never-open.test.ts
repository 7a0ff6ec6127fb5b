// What a wrong configuration does in a real Envoy: delivered as extension configuration, and with the listener itself.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import { type JsonObject, typed } from '../envoy/config/types.ts';
import { PLUGIN, staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import {
  SLIPPED_REQUIRE_TOKEN,
  SLIPPED_REQUIRE_TOKEN_FOR_HEADERS,
} from '../envoy/demo/policies.ts';
import { INGRESS } from '../envoy/proxy.ts';
import { loadResources } from '../istio/load.ts';
import { pluginConfiguration } from '../istio/plugin-configuration.ts';
import { FAULTY, SHIPPED, World, type WorldOptions, showDetails } from './world.ts';

let world: World | undefined;
let folder: string | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
  if (folder !== undefined) await rm(folder, { recursive: true });
  folder = undefined;
});
async function start(options: WorldOptions): Promise<World> {
  world = await World.start(options);
  return world;
}

const deny = (path: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: istio-system }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["${path}"] } }] }] }
`;

/** What the faulty module traps at. */
const TRAP = ['x-portcullis-trap', '1'];

const CLOSED = {
  status: 500,
  body: 'portcullis: no valid configuration is in force',
  headers: { 'x-details': 'portcullis_not_configured' },
};

/** How many threads have a configuration that was wrong, as Prometheus has it. */
async function rejected(world: World, plugin = PLUGIN): Promise<string | undefined> {
  const metrics = (await world.envoy.admin.text('/stats/prometheus')) ?? '';
  return new RegExp(`^portcullis_rejected_configurations{plugin="${plugin}"} (.*)$`, 'm').exec(
    metrics,
  )?.[1];
}

describe('extension configuration', () => {
  it('that is wrong from the start keeps the door shut until it is mended', async () => {
    const world = await start({ policies: SLIPPED_REQUIRE_TOKEN, change: showDetails });
    expect(await world.ask({ path: '/ip' })).toMatchObject(CLOSED);
    // The main thread's and the worker's.
    await expect.poll(() => rejected(world), { timeout: 10_000 }).toBe('2');
    expect(await world.apply(SLIPPED_REQUIRE_TOKEN_FOR_HEADERS)).toMatchObject({ accepted: false });
    expect(await world.ask({ path: '/ip' })).toMatchObject(CLOSED);
    expect(await world.apply(deny('/headers'))).toEqual({ accepted: true });
    expect(await world.status({ path: '/ip' })).toBe(200);
    await expect.poll(() => rejected(world), { timeout: 10_000 }).toBe('0');
  });

  it('that comes back as it was when it was wrong leaves what is in force, again and again', async () => {
    const world = await start({
      policies: SLIPPED_REQUIRE_TOKEN,
      change: showDetails,
      concurrency: 2,
    });
    for (const path of ['/headers', '/ip']) {
      expect(await world.apply(deny(path))).toEqual({ accepted: true });
      for (let i = 0; i < 2; i++) {
        // Envoy has tried it before, and does not ask again.
        expect(await world.apply(SLIPPED_REQUIRE_TOKEN)).toMatchObject({ accepted: false });
        for (let j = 0; j < 8; j++) expect(await world.status({ path })).toBe(403);
        expect(await world.status({ path: '/anything' })).toBe(200);
      }
    }
    await expect.poll(() => rejected(world), { timeout: 10_000 }).toBe('3');
  });

  it.each([1, 2])(
    'that is wrong stays shut out when the VM of a worker is lost, and comes back: %i workers',
    async (concurrency) => {
      const world = await start({ policies: deny('/headers'), module: FAULTY, concurrency });
      expect(await world.apply(SLIPPED_REQUIRE_TOKEN)).toMatchObject({ accepted: false });
      // The other worker's, too: connections go to whichever worker takes them.
      for (let i = 0; i < 8; i++) await world.status({ headers: TRAP });
      expect(await world.envoy.log()).toContain('unreachable');
      await expect.poll(() => world.status({ path: '/ip' }), { timeout: 10_000 }).toBe(200);
      const seen = new Set<number>();
      for (let i = 0; i < 20; i++) seen.add(await world.status({ path: '/headers' }));
      // 503: a worker whose VM is not back yet.
      expect([...seen].filter((status) => status !== 503)).toEqual([403]);
    },
  );

  it('that is wrong does not keep Envoy from taking the next one', async () => {
    const world = await start({ policies: deny('/headers') });
    expect(await world.apply(SLIPPED_REQUIRE_TOKEN)).toMatchObject({ accepted: false });
    const stats = await world.envoy.admin.stats(/update_rejected|config_fail/);
    expect([...stats.values()].map(Number).filter((count) => count > 0)).toEqual([]);
  });
});

describe('a configuration in the bootstrap', () => {
  it('that is wrong keeps the door shut', async () => {
    const world = await start({
      policies: deny('/headers'),
      change: (bootstrap) => {
        managers(listenersOf(bootstrap))[0]!.http_filters = [wasm('{"resource":[]}'), ROUTER];
      },
    });
    expect(await world.status({ path: '/ip' })).toBe(500);
    expect(await world.envoy.log()).toContain(
      'config: resource: unknown field; did you mean "resources"?',
    );
  });
});

describe('a listener that is delivered with its filter', () => {
  const GOOD = configuration(deny('/headers'));
  const WRONG = '{"resources":[{}]}';

  it('keeps the old policy when the new one is wrong, and loses none of its other changes', async () => {
    const listeners = await discovered(GOOD);
    expect(await listeners.statuses()).toEqual([403, 200]);
    await listeners.put([wasm(WRONG)], 'changed');
    await expect.poll(() => listeners.serverName()).toBe('changed');
    expect(await listeners.statuses()).toEqual([403, 200]);
    await listeners.put([wasm(configuration(deny('/ip')))], 'again');
    await expect.poll(() => listeners.statuses()).toEqual([200, 403]);
  });

  it('without a filter before, and with a wrong one then: the door is shut', async () => {
    const listeners = await discovered(undefined);
    expect(await listeners.statuses()).toEqual([200, 200]);
    await listeners.put([wasm(WRONG)]);
    await expect.poll(() => listeners.statuses()).toEqual([500, 500]);
  });

  it('whose filter is deleted, and comes back wrong: never without a filter', async () => {
    const listeners = await discovered(GOOD);
    await listeners.put([wasm(WRONG)]);
    expect(await listeners.statuses()).toEqual([403, 200]);
    await listeners.put([]);
    await expect.poll(() => listeners.statuses()).toEqual([200, 200]);
    // The old listener drains for a second, and its policy is still in force there.
    await listeners.put([wasm(WRONG)]);
    await expect.poll(() => listeners.statuses()).toEqual([403, 200]);
    await listeners.put([]);
    await expect.poll(() => listeners.statuses()).toEqual([200, 200]);
    await sleep(2000);
    await listeners.put([wasm(WRONG)]);
    await expect.poll(() => listeners.statuses()).toEqual([500, 500]);
    await listeners.put([wasm(GOOD)]);
    await expect.poll(() => listeners.statuses()).toEqual([403, 200]);
  });
});

const ROUTER = {
  name: 'envoy.filters.http.router',
  typed_config: typed('envoy.extensions.filters.http.router.v3.Router', {}),
};

function wasm(configuration: string): JsonObject {
  return staticWasmFilter({ name: PLUGIN, vmId: PLUGIN, module: SHIPPED, configuration });
}

function configuration(policies: string): string {
  const { resources } = loadResources([{ file: 'test.yaml', text: policies }]);
  return pluginConfiguration(resources, { connectionFacts: CONNECTION_FACTS });
}

type Listener = JsonObject & { filter_chains: { filters: { typed_config: JsonObject }[] }[] };

function listenersOf(bootstrap: JsonObject): Listener[] {
  return (bootstrap.static_resources as unknown as { listeners: Listener[] }).listeners;
}

function managers(listeners: Listener[]): JsonObject[] {
  return listeners.map(({ filter_chains }) => filter_chains[0]!.filters.at(-1)!.typed_config);
}

/** A listener that Envoy discovers (LDS), with a module's filter of this configuration, or none. */
class Discovered {
  private version = 0;
  private readonly world: World;
  private readonly folder: string;
  private readonly listener: Listener;

  private constructor(world: World, folder: string, listener: Listener) {
    this.world = world;
    this.folder = folder;
    this.listener = listener;
  }

  static async start(first: string | undefined): Promise<Discovered> {
    const own = await mkdtemp(join(tmpdir(), 'portcullis-lds-'));
    folder = own;
    let listener: Listener | undefined;
    const world = await start({
      concurrency: 2,
      change: (bootstrap) => {
        listener = listenersOf(bootstrap).find(({ name }) => name === INGRESS)!;
        (bootstrap.static_resources as JsonObject).listeners = [];
        bootstrap.dynamic_resources = {
          lds_config: {
            path_config_source: {
              path: join(own, 'listeners.json'),
              watched_directory: { path: own },
            },
            resource_api_version: 'V3',
          },
        };
        const filters = first === undefined ? [] : [wasm(first)];
        writeFileSync(join(own, 'listeners.json'), response(listener, filters, 'first', 0));
      },
    });
    return new Discovered(world, own, listener!);
  }

  /** The listener as it is from now on. */
  async put(filters: JsonObject[], serverName = 'first'): Promise<void> {
    this.version++;
    const path = join(this.folder, 'listeners.json');
    await writeFile(`${path}.new`, response(this.listener, filters, serverName, this.version));
    await rename(`${path}.new`, path);
    const wanted = String(this.version);
    await expect
      .poll(async () =>
        (await this.world.envoy.admin.stats(/lds.version_text/)).get(
          'listener_manager.lds.version_text',
        ),
      )
      .toBe(wanted);
  }

  /** What /headers and /ip are answered. */
  async statuses(): Promise<number[]> {
    return [
      await this.world.status({ path: '/headers' }),
      await this.world.status({ path: '/ip' }),
    ];
  }

  async serverName(): Promise<unknown> {
    return (await this.world.ask({ path: '/ip' })).headers.server;
  }
}

const discovered = (first: string | undefined): Promise<Discovered> => Discovered.start(first);

function response(
  listener: Listener,
  filters: JsonObject[],
  serverName: string,
  version: number,
): string {
  const changed = structuredClone(listener);
  const manager = managers([changed])[0]!;
  manager.http_filters = [...filters, ROUTER];
  manager.server_name = serverName;
  return JSON.stringify({
    version_info: String(version),
    resources: [typed('envoy.config.listener.v3.Listener', changed)],
  });
}
