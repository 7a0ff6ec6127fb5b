// One Envoy process, as a module meets it: a main thread and workers, each with a VM of its own.
import { type Connection, HttpStream, NetworkStream, type RootContext } from './contexts.ts';
import { type Guest, TRAPPED } from './guest.ts';
import type { HttpCall } from './http-calls.ts';
import { Metrics } from './metrics.ts';
import type { Node } from './node-properties.ts';
import type { Pair } from './pairs.ts';
import { Clock, type Platform } from './platform.ts';
import { SharedData } from './shared-data.ts';
import { LOG_LEVELS, type LogLevel } from './status.ts';
import { toUtf8 } from './text.ts';
import { type PluginOptions, Vm } from './vm.ts';

/**
 * After a trap, Envoy makes a new VM with the next stream, but not sooner than this after the thread has loaded the plugin
 * before. Envoy draws between 1 and 1.5 seconds; here it is always the longest.
 */
const RELOAD_BACKOFF_MS = 1500;

/** A line of the module's log. */
export interface LogLine {
  thread: string;
  level: LogLevel;
  message: string;
}

/** What a process is started with. */
export interface ProcessOptions {
  platform: Platform;
  /** Worker threads; one unless said otherwise. */
  workers?: number;
  /** False: without the main thread's VM, which answers no requests, where nothing but a decision is wanted and time counts. */
  hasMainThread?: boolean;
  node?: Node;
  /** Names of the clusters that callouts may use. */
  clusters?: string[];
  /** Milliseconds since the Unix epoch. */
  now?: number;
  logLevel?: LogLevel;
  /** False: WASI has no monotonic clock, as on a host that is not Envoy. */
  hasSteadyClock?: boolean;
}

export class Process {
  readonly platform: Platform;
  readonly node: Node;
  readonly clusters: Set<string>;
  readonly clock: Clock;
  readonly hasSteadyClock: boolean;
  readonly sharedData = new SharedData();
  readonly metrics = new Metrics();
  readonly logLines: LogLine[] = [];
  /** Host calls that fail: by name, or by name and what they name (`proxy_get_property connection.mtls`). */
  readonly failing = new Set<string>();
  logLevel: LogLevel;
  private readonly threads: string[];
  /** VMs by thread and VM key: plugins with the same name of VM and the same code share one. */
  private readonly vms = new Map<string, Vm>();

  constructor(options: ProcessOptions) {
    this.platform = options.platform;
    this.node = options.node ?? {};
    this.clusters = new Set(options.clusters ?? []);
    this.clock = new Clock(options.now ?? 1_700_000_000_000);
    this.logLevel = options.logLevel ?? 'info';
    this.hasSteadyClock = options.hasSteadyClock ?? true;
    const workers = Array.from({ length: options.workers ?? 1 }, (_, i) => `worker ${i}`);
    this.threads = options.hasMainThread === false ? workers : ['main', ...workers];
  }

  /** Loads a plugin: a new filter in a listener. */
  load(module: WebAssembly.Module, options: PluginOptions & { vmId?: string }): Plugin {
    return new Plugin(this, module, options);
  }

  /**
   * Whether the module takes a configuration in the trial on a canary that Envoy holds before it puts one into force. Nothing comes into
   * force by it; what the module says is logged.
   */
  tries(module: WebAssembly.Module, options: PluginOptions): boolean {
    const canary = new Vm(this, 'canary', module, options.vmConfiguration ?? '');
    return canary.configure(options) !== undefined;
  }

  /** Lets time pass; everything that becomes due on the way happens in its order. */
  advance(milliseconds: number): void {
    const end = this.clock.steady + milliseconds;
    while (true) {
      const vms = [...this.vms.values()].filter((vm) => vm.trap === undefined);
      const next = Math.min(...vms.map((vm) => vm.nextTimer), Infinity);
      if (next > end) break;
      this.clock.goTo(next);
      for (const vm of vms) vm.runTimers();
    }
    this.clock.goTo(end);
  }

  /** Callouts that wait for an answer, of all threads. */
  get httpCalls(): HttpCall[] {
    return [...this.vms.values()].flatMap((vm) => vm.pendingCalls);
  }

  /** The messages of a level and above. */
  logs(level: LogLevel = 'trace'): string[] {
    const least = LOG_LEVELS.indexOf(level);
    const lines = this.logLines.filter((line) => LOG_LEVELS.indexOf(line.level) >= least);
    return lines.map(({ message }) => message);
  }

  /** Called by a VM. */
  log(vm: Vm, level: LogLevel, message: string): void {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.logLevel)) return;
    this.logLines.push({ thread: vm.thread, level, message });
  }

  /** The instances of all VMs that have not trapped: for what a test build exports beside the ABI, and to see how much memory they have. */
  get guests(): Guest[] {
    return [...this.vms.values()].filter((vm) => vm.trap === undefined).map((vm) => vm.guest);
  }

  /** The traps of this process so far, of trials, too. */
  get traps(): string[] {
    return this.logLines
      .filter(({ message }) => message.startsWith(TRAPPED))
      .map((line) => line.message);
  }

  /** The threads that have a VM, in the order in which Envoy configures them. */
  threadNames(): string[] {
    return this.threads;
  }

  /** The VM of a thread, made now if there is none; `fresh` replaces one that has trapped. */
  vmOf(thread: string, key: string, module: WebAssembly.Module, configuration: string): Vm {
    const id = `${thread} ${key}`;
    let vm = this.vms.get(id);
    if (vm === undefined || vm.trap !== undefined) {
      vm = new Vm(this, thread, module, configuration);
      this.vms.set(id, vm);
    }
    return vm;
  }
}

/** Whose streams are nobody's: there is no plugin. */
const NO_ROOT: RootContext = {
  kind: 'root',
  id: 0,
  plugin: { name: '', rootId: '', configuration: new Uint8Array() },
  streams: new Set(),
  tickPeriod: 0,
  nextTick: Infinity,
  retired: true,
};

/** A plugin in force on all threads, or refused. */
export class Plugin {
  private readonly process: Process;
  private readonly module: WebAssembly.Module;
  private readonly vmKey: string;
  private options: PluginOptions;
  private roots = new Map<string, { vm: Vm; root: RootContext; loaded: number }>();
  /** Threads on which Envoy has no plugin: what the trial has taken was refused there, or has trapped. Their filter is skipped. */
  private skipped = new Set<string>();

  constructor(
    process: Process,
    module: WebAssembly.Module,
    options: PluginOptions & { vmId?: string },
  ) {
    this.process = process;
    this.module = module;
    this.vmKey = `${options.vmId ?? ''} ${options.vmConfiguration ?? ''}`;
    this.options = options;
    this.update(options.configuration);
  }

  /** Whether there is a configuration in force. */
  get inForce(): boolean {
    return this.roots.size > 0;
  }

  /**
   * A new configuration, as an ECDS update brings it: tried on a canary, then configured on the main thread and on each worker.
   * False when the module refuses it in the trial: the old one stays in force. What fails behind the trial leaves Envoy without a plugin
   * there: the filter is skipped, whatever the failure policy, and no later update is taken (measured: Envoy 1.36 to 1.40).
   */
  update(configuration: string): boolean {
    if (this.skipped.size > 0) return false;
    const options = { ...this.options, configuration };
    if (!this.process.tries(this.module, options)) return false;
    const old = this.roots;
    this.options = options;
    this.roots = new Map();
    for (const thread of this.process.threadNames()) {
      this.configureOn(thread);
      if (!this.roots.has(thread)) this.skipped.add(thread);
    }
    for (const { vm, root } of old.values()) vm.retire(root);
    return true;
  }

  /** The filter goes out of the listener. */
  remove(): void {
    const old = this.roots;
    this.roots = new Map();
    for (const { vm, root } of old.values()) vm.retire(root);
  }

  /** A request to one worker; without a body (`isWhole`) unless said otherwise. Undefined: Envoy answers 503 itself, since the VM has trapped and is not back yet. */
  request(
    headers: Pair[],
    {
      worker = 0,
      connection = {},
      isWhole = true,
    }: { worker?: number; connection?: Connection; isWhole?: boolean } = {},
  ): HttpStream | undefined {
    const thread = `worker ${worker}`;
    let at = this.roots.get(thread);
    if (this.skipped.has(thread)) {
      const stream = new HttpStream(0, NO_ROOT, connection);
      stream.headers = headers;
      stream.state = 'skipped';
      return stream;
    }
    if (at === undefined) return undefined;
    if (at.vm.trap !== undefined) {
      if (this.process.clock.steady - at.loaded < RELOAD_BACKOFF_MS) return undefined;
      this.configureOn(thread);
      at = this.roots.get(thread)!;
      if (at.vm.trap !== undefined) return undefined;
    }
    return at.vm.openStream(at.root, headers, connection, isWhole);
  }

  /** A part of the body of a request that was not whole (`isWhole`) comes; `isLast`: nothing follows it. */
  sendBody(stream: HttpStream, text: string, isLast = false): void {
    for (const { vm } of this.roots.values()) vm.receiveBody(stream, toUtf8(text), isLast);
  }

  /** Its trailers come. */
  sendTrailers(stream: HttpStream): void {
    for (const { vm } of this.roots.values()) vm.receiveTrailers(stream);
  }

  /** A connection to one worker. Undefined: the VM has trapped. */
  connect(
    connection: Connection,
    { worker = 0 }: { worker?: number } = {},
  ): NetworkStream | undefined {
    const at = this.roots.get(`worker ${worker}`);
    if (this.skipped.has(`worker ${worker}`)) {
      const stream = new NetworkStream(0, NO_ROOT, connection);
      stream.state = 'skipped';
      return stream;
    }
    return at === undefined || at.vm.trap !== undefined
      ? undefined
      : at.vm.openConnection(at.root, connection);
  }

  /** Bytes come from the client; none at all: it has closed its side. `worker` as for `connect`. */
  receive(stream: NetworkStream, size = 1, { worker = 0 }: { worker?: number } = {}): void {
    this.roots.get(`worker ${worker}`)?.vm.receive(stream, size);
  }

  /** The response comes, with Envoy's response code details. */
  respond(stream: HttpStream, details = 'via_upstream'): void {
    for (const { vm } of this.roots.values()) vm.respond(stream, details);
  }

  /** The client has gone, or the stream is over. */
  end(stream: HttpStream | NetworkStream): void {
    for (const { vm } of this.roots.values()) vm.closeStream(stream);
  }

  private configureOn(thread: string): void {
    const { vmConfiguration = '' } = this.options;
    const vm = this.process.vmOf(thread, this.vmKey, this.module, vmConfiguration);
    const root = vm.configure(this.options);
    if (root !== undefined) {
      this.roots.set(thread, { vm, root, loaded: this.process.clock.steady });
    }
  }
}
