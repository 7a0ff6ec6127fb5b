// One proxy of either runtime: an Envoy with a folder of its own, fed by files.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { KeyPair } from '../certificates.ts';
import { secretFiles } from '../config/secrets.ts';
import type { JsonObject } from '../config/types.ts';
import { EnvironmentError } from '../errors.ts';
import { EnvoyProcess } from '../runtime/process.ts';
import { type ProxyFiles, discoveryAnswer } from './proxy-config.ts';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LISTENER = 'envoy.config.listener.v3.Listener';
const ROUTES = 'envoy.config.route.v3.RouteConfiguration';
const POLL_MS = 10;
const LIMIT_MS = 15_000;

/** What an update changes. */
export type Part = 'clusters' | 'routes' | 'plugins' | 'listeners';

export class MeshProxy {
  readonly envoy: EnvoyProcess;
  private readonly folder: string;
  private files: ProxyFiles;
  private version: number;

  private constructor(envoy: EnvoyProcess, folder: string, files: ProxyFiles, version: number) {
    this.envoy = envoy;
    this.folder = folder;
    this.files = files;
    this.version = version;
  }

  /** Starts it by a command, and waits until its listeners are active. */
  static async start(
    command: (args: string[]) => { program: string; args: string[] },
    folder: string,
    files: ProxyFiles,
    certificate: KeyPair,
    authority: string,
  ): Promise<MeshProxy> {
    for (const part of ['xds', 'rds', 'ecds', 'secrets']) {
      await mkdir(join(folder, part), { recursive: true });
    }
    await writeSecrets(folder, certificate, authority);
    await write(join(folder, 'xds/cds.json'), discoveryAnswer(CLUSTER, files.clusters, '1'));
    await write(join(folder, 'xds/lds.json'), discoveryAnswer(LISTENER, files.listeners, '1'));
    for (const name of Object.keys(files.routes)) await writeRoutes(folder, files, name, 1);
    const envoy = await EnvoyProcess.start({
      binary: command,
      folder,
      bootstrap: files.bootstrap,
      concurrency: 1,
      plugins: files.plugins,
    });
    try {
      await envoy.assertInForce(files.plugins);
    } catch (error) {
      await envoy.stop();
      throw error;
    }
    return new MeshProxy(envoy, folder, files, 1);
  }

  /**
   * Takes over some parts of a new configuration, and waits until they are in force. The errors of a plugin that was not taken: the parts
   * from there on are left for the next update then.
   */
  async update(next: ProxyFiles, ...parts: Part[]): Promise<string[]> {
    const version = ++this.version;
    const { files } = this;
    for (const part of parts) {
      if (isDeepStrictEqual(files[part], next[part])) continue;
      if (part === 'plugins') {
        const errors = await this.updatePlugins(next);
        if (errors.length > 0) return errors;
      } else if (part === 'routes') await this.updateRoutes(next, version);
      else if (part === 'clusters') await this.updateClusters(next, version);
      else await this.updateListeners(next, version);
      this.files = { ...this.files, [part]: next[part] };
    }
    return [];
  }

  /** Gives it another certificate; its connections stay. */
  async rotate(certificate: KeyPair, authority: string): Promise<void> {
    await writeSecrets(this.folder, certificate, authority);
  }

  private async updatePlugins(next: ProxyFiles): Promise<string[]> {
    const old = new Map(this.files.plugins.map((plugin) => [plugin.name, plugin]));
    for (const plugin of next.plugins) {
      // Of one that no listener asks for yet nobody can tell whether it is in force.
      if (!old.has(plugin.name)) await this.envoy.provide(plugin);
    }
    const changed = next.plugins.filter(
      (plugin) => old.has(plugin.name) && !isDeepStrictEqual(old.get(plugin.name), plugin),
    );
    if (changed.length === 0) return [];
    const applied = await this.envoy.apply(...changed);
    return applied.accepted ? [] : applied.errors;
  }

  private async updateClusters(next: ProxyFiles, version: number): Promise<void> {
    const answer = discoveryAnswer(CLUSTER, next.clusters, String(version));
    await write(join(this.folder, 'xds/cds.json'), answer);
    await this.awaitVersion('cluster_manager.cds.version_text', version);
  }

  private async updateListeners(next: ProxyFiles, version: number): Promise<void> {
    const answer = discoveryAnswer(LISTENER, next.listeners, String(version));
    await write(join(this.folder, 'xds/lds.json'), answer);
    await this.awaitVersion('listener_manager.lds.version_text', version);
    await this.awaitStat('listener_manager.total_listeners_warming', '0');
    await this.envoy.assertInForce(next.plugins);
  }

  private async updateRoutes(next: ProxyFiles, version: number): Promise<void> {
    for (const name of Object.keys(next.routes)) {
      if (isDeepStrictEqual(this.files.routes[name], next.routes[name])) continue;
      await writeRoutes(this.folder, next, name, version);
      // Routes that no listener asks for yet are read when one does.
      if (this.files.routes[name] === undefined) continue;
      const prefix = name === 'outbound' ? 'outbound' : name.replace('ingress', 'inbound');
      await this.awaitVersion(`http.${prefix}.rds.${name}.version_text`, version);
    }
  }

  private awaitVersion(stat: string, version: number): Promise<void> {
    return this.awaitStat(stat, String(version));
  }

  private async awaitStat(stat: string, value: string): Promise<void> {
    const pattern = new RegExp(`^${stat.replaceAll('.', '\\.')}$`);
    for (const end = Date.now() + LIMIT_MS; Date.now() < end; await sleep(POLL_MS)) {
      if ((await this.envoy.admin.stats(pattern)).get(stat) === value) return;
      if (!this.envoy.running) break;
    }
    throw new EnvironmentError(`${stat} has not become ${value}: see ${this.folder}/envoy.log`);
  }
}

async function writeSecrets(folder: string, own: KeyPair, authority: string): Promise<void> {
  for (const [name, content] of Object.entries(secretFiles(own, authority))) {
    await write(join(folder, 'secrets', name), content, 0o600);
  }
}

async function writeRoutes(
  folder: string,
  { routes }: ProxyFiles,
  name: string,
  version: number,
): Promise<void> {
  const configuration = { name, virtual_hosts: routes[name]! };
  const answer = discoveryAnswer(ROUTES, [configuration], String(version));
  await write(join(folder, 'rds', `${name}.json`), answer);
}

/** Writes beside and renames over: Envoy never sees half a file. */
async function write(path: string, content: JsonObject, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(content), { mode });
  await rename(`${path}.new`, path);
}
