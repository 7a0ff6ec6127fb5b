// The `process` runtime: an Envoy of this machine in a folder of its own.
import { close, open } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { JsonObject } from '../config/types.ts';
import { type WasmPlugin, discoveryResponse } from '../config/wasm-filter.ts';
import { EnvironmentError } from '../errors.ts';
import { Admin } from './admin.ts';
import { Supervised } from './supervised.ts';

const openFile = promisify(open);
const closeFile = promisify(close);

/** How often the admin interface is asked while something is awaited, in milliseconds. */
const POLL_MS = 20;
/** How long Envoy may take to start, and to take over a configuration, in milliseconds. */
const START_LIMIT_MS = 30_000;
/** Three VMs compile 3 MiB of policies in two seconds; beside other work it has taken more than 15. */
const APPLY_LIMIT_MS = 60_000;

/** How long it may take, in milliseconds, until Envoy says of a plugin that it has come, once the listener is there that asks for it. */
const SETTLE_LIMIT_MS = 2000;

/** What became of a new configuration; of one that is not accepted there is always an error. */
export type Applied = { accepted: true } | { accepted: false; errors: string[] };

/** What to start. */
export interface EnvoyOptions {
  /** Path of the binary; or the command that starts it with some arguments, where it is no process of this machine. */
  binary: string | ((args: string[]) => { program: string; args: string[] });
  /** Folder for configuration, log and extension configuration; must be the process's own. */
  folder: string;
  /** The bootstrap; its admin address may have port 0. */
  bootstrap: JsonObject;
  /** Plugins delivered by ECDS, in force from the start. */
  plugins?: WasmPlugin[];
  /** Worker threads. */
  concurrency?: number;
  logLevel?: string;
}

/** The folder that `discoveredWasmFilter` must name for a process in `folder`. */
export function discoveryFolder(folder: string): string {
  return join(folder, 'ecds');
}

/** A running Envoy. */
export class EnvoyProcess {
  readonly admin: Admin;
  private readonly options: EnvoyOptions;
  private readonly child: Supervised;
  private readonly listeners: Map<string, number>;
  private readonly versions = new Map<string, number>();
  /** Configurations that the module did not take, by plugin, and why not: when one comes again Envoy does not ask the module. */
  private readonly refused = new Map<string, { configuration: string; errors: string[] }>();
  /**
   * What Envoy itself has rejected last, by plugin. Where that comes again as it was it counts as taken, and the one before it stays in
   * force: measured on 1.40. So it never comes again as it was: `text` is how it was written.
   */
  private readonly rejected = new Map<string, { configuration: string; text: string }>();
  /** How much Envoy had logged when a plugin was written last: what stands before that is about another one. */
  private readonly loggedBefore = new Map<string, number>();
  /** What Envoy has taken last, by plugin, as it was delivered: it passes over what is the same. */
  private readonly taken = new Map<string, string>();

  private constructor(
    options: EnvoyOptions,
    child: Supervised,
    admin: Admin,
    listeners: Map<string, number>,
  ) {
    this.options = options;
    this.child = child;
    this.admin = admin;
    this.listeners = listeners;
  }

  /** Starts an Envoy and waits until its listeners are active. Throws EnvironmentError with the end of its log. */
  static async start(options: EnvoyOptions): Promise<EnvoyProcess> {
    const { folder } = options;
    await mkdir(discoveryFolder(folder), { recursive: true });
    await writeFile(join(folder, 'envoy.json'), JSON.stringify(options.bootstrap, null, 2));
    for (const plugin of options.plugins ?? []) await writePlugin(folder, plugin, '1');
    const addressFile = join(folder, 'admin-address');
    await rm(addressFile, { force: true });
    const log = await openFile(join(folder, 'envoy.log'), 'a');
    const own = argumentsOf(options, addressFile);
    const { binary } = options;
    const { program, args } =
      typeof binary === 'string' ? { program: binary, args: own } : binary(own);
    const child = Supervised.start(program, args, log);
    await closeFile(log);
    try {
      const admin = new Admin(`http://${await awaitAddress(child, addressFile, folder)}`);
      await awaitReady(child, admin, folder);
      const envoy = new EnvoyProcess(options, child, admin, await admin.ports());
      for (const plugin of options.plugins ?? []) {
        envoy.versions.set(plugin.name, 1);
        envoy.taken.set(plugin.name, delivered(plugin));
      }
      return envoy;
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  /** The port that a listener is bound to. */
  port(listener: string): number {
    const port = this.listeners.get(listener);
    if (port === undefined) throw new Error(`there is no listener ${listener}`);
    return port;
  }

  /** Its process number (Linux). */
  get pid(): number {
    return this.child.pid;
  }

  /** Whether it still runs. */
  get running(): boolean {
    return this.child.running;
  }

  /** Everything Envoy has logged so far. */
  log(): Promise<string> {
    return readFile(join(this.options.folder, 'envoy.log'), 'utf8');
  }

  /**
   * Puts new configurations of plugins into force without a restart, and waits until all are, on every worker, or until the module has
   * refused one; then its old one stays. Where they hold the same policies, as the HTTP and the network filter of a proxy do, all are refused or
   * none.
   */
  async apply(...plugins: WasmPlugin[]): Promise<Applied> {
    const wanted = new Map(plugins.map(({ name }) => [name, (this.versions.get(name) ?? 0) + 1]));
    const logged = (await this.log()).length;
    for (const [name, version] of wanted) {
      this.versions.set(name, version);
      this.loggedBefore.set(name, logged);
    }
    const end = Date.now() + APPLY_LIMIT_MS;
    let before = await this.rejections(plugins);
    for (; before === undefined && this.running && Date.now() < end; await sleep(POLL_MS)) {
      before = await this.rejections(plugins);
    }
    const written = plugins.map((plugin) => ({ ...plugin, configuration: this.fresh(plugin) }));
    const reloads = await this.reloads(plugins);
    for (const plugin of written) {
      await writePlugin(this.options.folder, plugin, String(wanted.get(plugin.name)));
    }
    for (; before !== undefined && this.running && Date.now() < end; await sleep(POLL_MS)) {
      const taken = await Promise.all([...wanted].map(([name, at]) => this.isInForce(name, at)));
      const reloaded = await this.reloads(plugins);
      const rejections = await this.rejections(plugins);
      if (rejections === undefined) continue;
      const isRejected = rejections > before;
      // The version is that of the main thread; the workers have it with the reload.
      const isEverywhere = written.every(
        (plugin, i) =>
          taken[i] &&
          (this.taken.get(plugin.name) === delivered(plugin) || reloaded[i] !== reloads[i]),
      );
      if (!isRejected && !isEverywhere) continue;
      // Our module has Envoy take every configuration, and says of a wrong one what is wrong; another one may reject it.
      const log = (await this.log()).slice(logged);
      const errors = errorsIn(log);
      if (isRejected) {
        plugins.forEach(({ name, configuration }, i) => {
          this.rejected.set(name, { configuration, text: written[i]!.configuration });
          this.taken.delete(name);
        });
        return { accepted: false, errors: errors.length > 0 ? errors : causeIn(log) };
      }
      for (const plugin of written) this.taken.set(plugin.name, delivered(plugin));
      for (const plugin of plugins) {
        this.rejected.delete(plugin.name);
        errors.push(...this.refusedBefore(plugin, errors));
      }
      return errors.length === 0 ? { accepted: true } : { accepted: false, errors };
    }
    throw new EnvironmentError(
      this.running
        ? `Envoy did not take over a configuration in ${APPLY_LIMIT_MS} ms`
        : 'Envoy has ended before it took over a configuration',
    );
  }

  /** Throws EnvironmentError, with Envoy's reason, unless these plugins, which listeners ask for, are in force as they were written last. */
  async assertInForce(plugins: WasmPlugin[]): Promise<void> {
    for (const end = Date.now() + SETTLE_LIMIT_MS; ; await sleep(POLL_MS)) {
      const missing: string[] = [];
      for (const { name } of plugins) {
        if (!(await this.isInForce(name, this.versions.get(name) ?? 0))) missing.push(name);
      }
      if (missing.length === 0) return;
      if (this.running && Date.now() < end) continue;
      const since = Math.min(...missing.map((name) => this.loggedBefore.get(name) ?? 0));
      const [cause] = causeIn((await this.log()).slice(since));
      throw new EnvironmentError(`Envoy has not taken ${missing.join(', ')}: ${cause}`);
    }
  }

  /** The configuration as it is to be written: with a blank more than what Envoy has rejected last, where it is the same. */
  private fresh({ name, configuration }: WasmPlugin): string {
    const last = this.rejected.get(name);
    return last?.configuration === configuration ? `${last.text} ` : configuration;
  }

  private refusedBefore({ name, configuration }: WasmPlugin, errors: string[]): string[] {
    const last = this.refused.get(name);
    if (errors.length > 0) this.refused.set(name, { configuration, errors: [...errors] });
    else if (last?.configuration === configuration) return last.errors;
    else this.refused.delete(name);
    return [];
  }

  /** Writes a plugin that a listener to come will ask for. */
  async provide(plugin: WasmPlugin): Promise<void> {
    const version = (this.versions.get(plugin.name) ?? 0) + 1;
    this.versions.set(plugin.name, version);
    this.taken.set(plugin.name, delivered(plugin));
    this.loggedBefore.set(plugin.name, (await this.log()).length);
    await writePlugin(this.options.folder, plugin, String(version));
  }

  private async isInForce(name: string, version: number): Promise<boolean> {
    const stats = await this.admin.stats(statsOf(name));
    const versions = [...stats].filter(([key]) => key.endsWith('.version_text'));
    return versions.length > 0 && versions.every(([, value]) => value === String(version));
  }

  /** How often all workers have taken a new configuration, by plugin. */
  private reloads(plugins: WasmPlugin[]): Promise<number[]> {
    return Promise.all(
      plugins.map(async ({ name }) => {
        const stats = await this.admin.stats(statsOf(name));
        return [...stats]
          .filter(([key]) => key.endsWith('.config_reload'))
          .reduce((sum, [, value]) => sum + Number(value), 0);
      }),
    );
  }

  /** How many configurations Envoy has rejected so far; undefined when it does not say. */
  private async rejections(plugins: WasmPlugin[]): Promise<number | undefined> {
    let count = 0;
    for (const { name } of plugins) {
      const stats = await this.admin.stats(statsOf(name));
      if (stats.size === 0) return undefined;
      for (const [key, value] of stats) {
        if (key.endsWith('.update_rejected') || key.endsWith('.config_fail'))
          count += Number(value);
      }
    }
    return count;
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    await this.child.stop();
  }
}

function argumentsOf(options: EnvoyOptions, addressFile: string): string[] {
  return [
    ...['--config-path', join(options.folder, 'envoy.json')],
    ...['--concurrency', String(options.concurrency ?? 2)],
    ...['--log-level', options.logLevel ?? 'warning'],
    ...['--admin-address-path', addressFile],
    // One that another Envoy may take over from leaves shared memory behind.
    '--disable-hot-restart',
    // Who watches the access log wants to see a request when it is over, not ten seconds later.
    ...['--file-flush-interval-msec', '100'],
    ...['--drain-time-s', '1', '--parent-shutdown-time-s', '2'],
  ];
}

/** A plugin as Envoy gets it, whatever the version. */
function delivered(plugin: WasmPlugin): string {
  return JSON.stringify(discoveryResponse(plugin, ''));
}

/** Writes beside and renames over: Envoy never sees half a file. */
async function writePlugin(folder: string, plugin: WasmPlugin, version: string): Promise<void> {
  const path = join(discoveryFolder(folder), `${plugin.name}.json`);
  await writeFile(`${path}.new`, JSON.stringify(discoveryResponse(plugin, version)));
  await rename(`${path}.new`, path);
}

async function awaitAddress(child: Supervised, file: string, folder: string): Promise<string> {
  for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(POLL_MS)) {
    const address = await readFile(file, 'utf8').catch(() => '');
    if (address !== '') return address.trim();
    if (!child.running) break;
  }
  throw new EnvironmentError(`Envoy did not start:\n${await endOfLog(folder)}`);
}

async function awaitReady(child: Supervised, admin: Admin, folder: string): Promise<void> {
  for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(POLL_MS)) {
    if (await admin.isReady()) return;
    if (!child.running) break;
  }
  throw new EnvironmentError(`Envoy did not become ready:\n${await endOfLog(folder)}`);
}

async function endOfLog(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'envoy.log'), 'utf8').catch(() => '');
  const inUse = /cannot bind '([^']+)': Address already in use/.exec(log);
  if (inUse) return `the address ${inUse[1]} is in use by another program`;
  // A dozen lines of addresses follow on it.
  const assertion = /assert failure: (.*)$/m.exec(log);
  if (assertion) return `Envoy has given up: ${assertion[1]}`;
  const errors = errorsIn(log);
  return errors.length > 0 ? errors.join('\n') : log.trimEnd().split('\n').slice(-8).join('\n');
}

function statsOf(name: string): RegExp {
  return new RegExp(`extension_config_discovery\\.(.*\\.)?${name}\\.`);
}

/** Why Envoy has not taken something, by a piece of its log, in its own words; what it says after the first line follows from that. */
function causeIn(log: string): string[] {
  const line =
    /^\[[^\]]+\]\[\d+\]\[(?:warning|error|critical)\]\[(?:wasm|config)\] \[[^\]]+\] (?:Wasm VM failed |Filesystem config update rejected: )?(.*)$/m.exec(
      log,
    );
  return line === null ? [`Envoy's log does not say why`] : [line[1]!];
}

/** The module's error lines in a piece of Envoy's log, each once. */
export function errorsIn(log: string): string[] {
  return [...new Set([...log.matchAll(/wasm log[^\n]*?: (config: [^\n]*)/g)].map((m) => m[1]!))];
}
