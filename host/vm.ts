// One VM of one thread: an instance of the module with its contexts, and the order in which Envoy calls it.
import type { Connection, LocalReply, RootContext } from './contexts.ts';
import { HttpStream, NetworkStream } from './contexts.ts';
import { Guest, TRAPPED, Trap } from './guest.ts';
import { type HttpAnswer, type HttpCall, failureAnswer } from './http-calls.ts';
import { hostFunctions } from './host-functions.ts';
import type { Pair } from './pairs.ts';
import type { Process } from './process.ts';
import { Action, LAST_BODY_ACTION, LAST_TRAILERS_ACTION } from './status.ts';
import { toUtf8 } from './text.ts';

/** A plugin as it is configured. */
export interface PluginOptions {
  name: string;
  rootId: string;
  configuration: string;
  vmConfiguration?: string;
}

/** Streams that one callback can answer or let go before Envoy's stack has ended (measured: some 306). */
const MOST_NESTED = 300;

type AnyContext = RootContext | HttpStream | NetworkStream;

export class Vm {
  readonly process: Process;
  readonly guest: Guest;
  /** Where it runs: `main`, `canary`, `worker 0`, … */
  readonly thread: string;
  readonly vmConfiguration: Uint8Array;
  /** The trap that has ended it, if one has. */
  trap: Trap | undefined;
  /** The root whose configuration is being read: no other callback sees it. */
  configuring: RootContext | undefined;
  /** The map and buffer of the answer that is being delivered. */
  answer: HttpAnswer | undefined;

  private readonly contexts = new Map<number, AnyContext>();
  private readonly calls = new Map<number, HttpCall>();
  private nextId = 1;
  private nextToken = 1;
  private current: AnyContext | undefined;
  private effective = 0;
  private deferred: (() => void)[] = [];
  /** A reply, for whichever stream, stops the callback of the stream that is being called. */
  private stopped = false;

  constructor(
    process: Process,
    thread: string,
    module: WebAssembly.Module,
    vmConfiguration: string,
  ) {
    this.process = process;
    this.thread = thread;
    this.vmConfiguration = toUtf8(vmConfiguration);
    const functions = hostFunctions(this);
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: space, name } of WebAssembly.Module.imports(module)) {
      (imports[space] ??= {})[name] = functions(space, name);
    }
    this.guest = new Guest(new WebAssembly.Instance(module, imports));
    this.enter(undefined, () => {
      this.guest.call('_initialize', 0);
      this.guest.call('_start', 0);
    });
  }

  /** The context that host calls act on: the one in effect, or the one that is being called. */
  get context(): AnyContext | undefined {
    return this.contexts.get(this.effective) ?? this.current;
  }

  /** Callouts that wait for an answer. */
  get pendingCalls(): HttpCall[] {
    return [...this.calls.values()];
  }

  /** Puts a context into effect; false when there is none of this number, and then the previous one stays. */
  setEffective(id: number): boolean {
    if (!this.contexts.has(id)) return false;
    this.effective = id;
    return true;
  }

  /** Does something when the module has returned, as Envoy does with replies and continuing. */
  afterCall(action: () => void): void {
    this.deferred.push(action);
  }

  /** Configures one more plugin in this VM; undefined when the module refuses, or traps. */
  configure(plugin: PluginOptions): RootContext | undefined {
    const configuration = toUtf8(plugin.configuration);
    const root: RootContext = {
      kind: 'root',
      id: this.nextId++,
      plugin: { name: plugin.name, rootId: plugin.rootId, configuration },
      streams: new Set(),
      tickPeriod: 0,
      nextTick: Number.POSITIVE_INFINITY,
      retired: false,
    };
    this.contexts.set(root.id, root);
    this.configuring = root;
    const accepted = this.enter(root, () => {
      this.guest.call('proxy_on_context_create', 0, root.id, 0);
      return (
        this.guest.call('proxy_on_vm_start', 1, root.id, this.vmConfiguration.length) !== 0 &&
        this.guest.call('proxy_on_configure', 1, root.id, configuration.length) !== 0
      );
    });
    this.configuring = undefined;
    if (accepted === true) return root;
    this.contexts.delete(root.id);
    return undefined;
  }

  /** A newer configuration takes the place of this one; it goes at once, or with its last stream. */
  retire(root: RootContext): void {
    root.retired = true;
    if (root.streams.size === 0) this.delete(root);
  }

  /** A request has come; `isWhole`: without a body. */
  openStream(
    root: RootContext,
    headers: Pair[],
    connection: Connection,
    isWhole = true,
  ): HttpStream {
    const stream = new HttpStream(this.nextId++, root, connection);
    stream.headers = headers.map(([name, value]) => [name.toLowerCase(), value]);
    this.contexts.set(stream.id, stream);
    root.streams.add(stream);
    const action = this.enter(stream, () => {
      this.guest.call('proxy_on_context_create', 0, stream.id, root.id);
      const end = isWhole ? 1 : 0;
      return this.guest.call('proxy_on_request_headers', 0, stream.id, headers.length, end);
    });
    stream.holdsAll = action === Action.PauseAll || action === Action.PauseAllAndBuffer;
    // Envoy knows more ways to stop than one; what is not Continue is one of them.
    const stops = action !== Action.Continue || this.stopped;
    if (stream.state === 'open') stream.state = stops ? 'paused' : 'continued';
    return stream;
  }

  /** Bytes of a request's body have come; `isLast`: nothing follows them. */
  receiveBody(stream: HttpStream, bytes: Uint8Array, isLast: boolean): void {
    if (this.contexts.get(stream.id) !== stream) return;
    stream.body = Uint8Array.of(...stream.body, ...bytes);
    const end = isLast ? 1 : 0;
    this.goOn(stream, LAST_BODY_ACTION, 'proxy_on_request_body', stream.body.length, end);
  }

  /** Trailers have come: they end a request whose body has not. */
  receiveTrailers(stream: HttpStream): void {
    this.goOn(stream, LAST_TRAILERS_ACTION, 'proxy_on_request_trailers', 1);
  }

  /** What follows the headers of a request is shown to the filter, which lets it go on, headers and all, or holds it. */
  private goOn(stream: HttpStream, last: number, callback: string, ...args: number[]): void {
    if (this.contexts.get(stream.id) !== stream) return;
    const isHeld = stream.state === 'paused';
    if (!(isHeld ? !stream.holdsAll : stream.state === 'continued')) return;
    const action = this.enter(stream, () => this.guest.call(callback, 0, stream.id, ...args));
    const goes = (action === Action.Continue || (action ?? 0) > last) && !this.stopped;
    if (isHeld && goes && stream.state === 'paused') stream.state = 'continued';
    if (!isHeld && !goes && stream.state === 'continued') stream.state = 'paused';
  }

  /** The headers of the response are on their way to the client: the upstream's, or those of a filter behind. */
  respond(stream: HttpStream, details: string): void {
    if (this.contexts.get(stream.id) !== stream) return;
    stream.responseDetails = details;
    this.enter(stream, () => this.guest.call('proxy_on_response_headers', 0, stream.id, 0, 1));
  }

  /** A connection has come. */
  openConnection(root: RootContext, connection: Connection): NetworkStream {
    const stream = new NetworkStream(this.nextId++, root, connection);
    this.contexts.set(stream.id, stream);
    root.streams.add(stream);
    const action = this.enter(stream, () => {
      this.guest.call('proxy_on_context_create', 0, stream.id, root.id);
      return this.guest.call('proxy_on_new_connection', 0, stream.id);
    });
    stream.isHeld = action !== Action.Continue;
    return stream;
  }

  /** Bytes have come from the client of a connection. */
  receive(stream: NetworkStream, size: number): void {
    if (stream.state !== 'open') return;
    const action = this.enter(stream, () =>
      this.guest.call('proxy_on_downstream_data', 0, stream.id, size, size === 0 ? 1 : 0),
    );
    stream.isHeld = action !== Action.Continue;
  }

  /** A stream or connection has ended, by itself or because the client has gone. One of another VM is left alone. */
  closeStream(stream: HttpStream | NetworkStream): void {
    if (this.contexts.get(stream.id) !== stream) return;
    stream.root.streams.delete(stream);
    if (stream.state === 'paused') stream.state = 'ended';
    this.enter(stream, () => {
      this.guest.call('proxy_on_log', 0, stream.id);
      this.guest.call('proxy_on_done', 1, stream.id);
      this.guest.call('proxy_on_delete', 0, stream.id);
    });
    this.contexts.delete(stream.id);
    if (stream.root.retired && stream.root.streams.size === 0) this.delete(stream.root);
  }

  /** Runs what is due by the clock: ticks and timeouts of callouts. */
  runTimers(): void {
    const now = this.process.clock.steady;
    for (const context of [...this.contexts.values()]) {
      if (context.kind !== 'root' || context.tickPeriod === 0 || context.nextTick > now) continue;
      context.nextTick = now + context.tickPeriod;
      this.enter(context, () => this.guest.call('proxy_on_tick', 0, context.id));
    }
    for (const call of this.pendingCalls) if (call.deadline <= now) call.fail('timeout');
  }

  /** When the next timer is due, by the clock that nobody sets. */
  get nextTimer(): number {
    const roots = [...this.contexts.values()].filter((context) => context.kind === 'root');
    const ticks = roots.filter((root) => root.tickPeriod > 0).map((root) => root.nextTick);
    return Math.min(Infinity, ...ticks, ...this.pendingCalls.map((call) => call.deadline));
  }

  /** Sends a callout on behalf of the current context; its token. */
  startCall(cluster: string, headers: Pair[], body: Uint8Array, timeout: number): number {
    const root = this.rootOf(this.context);
    const token = this.nextToken++;
    const deliver = (answer: HttpAnswer): void => {
      if (!this.calls.delete(token) || root === undefined || !this.contexts.has(root.id)) return;
      this.deliver(root, token, answer);
    };
    this.calls.set(token, {
      token,
      cluster,
      headers,
      body,
      timeout,
      deadline: timeout === 0 ? Infinity : this.process.clock.steady + timeout,
      respond: ({ status, headers: more = [], body: content = '' }) =>
        deliver({
          headers: [[':status', String(status)], ...more],
          body: typeof content === 'string' ? toUtf8(content) : content,
        }),
      fail: (failure) => deliver(failureAnswer(failure)),
    });
    return token;
  }

  /** Replies to the stream in effect; the first reply counts. Where there is none nothing happens, and no one is told. */
  replyTo(reply: LocalReply): void {
    const stream = this.context;
    this.stopped = true;
    if (stream?.kind !== 'http' || !stream.editable) return;
    stream.reply ??= reply;
    this.afterCall(() => {
      if (stream.open) stream.state = 'replied';
    });
  }

  /** Lets the stream in effect go on. In any other context nothing happens, and no one is told. */
  continueStream(): void {
    const stream = this.context;
    if (stream?.kind !== 'http') return;
    stream.released = true;
    this.afterCall(() => {
      if (stream.state === 'paused') stream.state = 'continued';
    });
  }

  /** Closes the connection in effect. */
  closeConnection(): void {
    const stream = this.context;
    if (stream?.kind === 'network' && stream.state === 'open') stream.state = 'closed';
  }

  /** Resets the stream in effect. */
  resetStream(): void {
    const stream = this.context;
    if (stream?.kind !== 'http') return;
    this.afterCall(() => {
      if (stream.editable) stream.state = 'reset';
    });
  }

  /** The root of a context. */
  rootOf(context: AnyContext | undefined): RootContext | undefined {
    return context === undefined || context.kind === 'root' ? context : context.root;
  }

  private deliver(root: RootContext, token: number, answer: HttpAnswer): void {
    this.answer = answer;
    const { length } = answer.headers;
    this.enter(root, () =>
      this.guest.call(
        'proxy_on_http_call_response',
        0,
        root.id,
        token,
        length,
        answer.body.length,
        0,
      ),
    );
    this.answer = undefined;
  }

  private end(trap: Trap): void {
    this.trap = trap;
    this.calls.clear();
    this.process.log(this, 'critical', trap.message);
  }

  private delete(root: RootContext): void {
    this.enter(root, () => {
      this.guest.call('proxy_on_done', 1, root.id);
      this.guest.call('proxy_on_delete', 0, root.id);
    });
    this.contexts.delete(root.id);
  }

  /** Calls the module on behalf of a context. A trap ends the VM: what was paused in it stays so for ever. */
  private enter<T>(context: AnyContext | undefined, body: () => T): T | undefined {
    if (this.trap !== undefined) return undefined;
    this.current = context;
    this.effective = 0;
    this.stopped = false;
    let result: T | undefined;
    try {
      result = body();
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      this.end(error);
      if (context?.kind === 'http' && context.editable) context.state = 'trapped';
      if (context?.kind === 'network') context.state = 'trapped';
    }
    this.current = undefined;
    this.effective = 0;
    const actions = this.deferred.splice(0);
    // Envoy does each of them inside of the one before: its stack, and with it the VM, ends.
    if (actions.length > MOST_NESTED && this.trap === undefined) {
      this.end(new Trap(`${TRAPPED}RangeError: Maximum call stack size exceeded`));
    }
    for (const action of actions) if (this.trap === undefined) action();
    return result;
  }
}
