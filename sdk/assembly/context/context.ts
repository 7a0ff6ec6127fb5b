import { Action } from "../abi/enums";

/** Anything the host addresses by number. A number is never used again in the life of its VM. */
export abstract class Context {
  constructor(
    /** The host's number for it. A plugin that uses a stream's object again sets it in `create…Context`. */
    public id: u32,
  ) {}
}

/** What a plugin is configured as; its state lives here, never in globals: one VM runs several plugins. */
export class RootContext extends Context {
  /** A VM starts, or a further plugin in it. False refuses the configuration. `size`: of the VM configuration. */
  onVmStart(size: u32): bool {
    return true;
  }

  /** The plugin's configuration has come, `size` bytes in `BufferType.PluginConfiguration`. False refuses it. */
  onConfigure(size: u32): bool {
    return true;
  }

  /** The period of `setTickPeriod` has passed. */
  onTick(): void {}

  /** An `httpCall` is answered. Headers, body and trailers are in their maps and buffer during this callback. */
  onHttpCallResponse(token: u32, headers: u32, bodySize: u32, trailers: u32): void {}

  /** The last stream has gone and the configuration has been replaced. */
  onDelete(): void {}

  /** Makes the context of a new HTTP stream; null lets the stream pass without callbacks. */
  createHttpContext(id: u32): HttpContext | null {
    return null;
  }

  /** Makes the context of a new connection; null lets it pass without callbacks. */
  createNetworkContext(id: u32): NetworkContext | null {
    return null;
  }
}

/** One HTTP stream or one connection. */
export abstract class StreamContext extends Context {
  /**
   * Nothing is left to decide, and nothing is made in its callbacks any more: they are run when memory has ended, too. A stream of which
   * this is not said is refused then.
   */
  isDecided: bool = false;

  /** `wake` has found the stream alive and has put its context into effect. */
  onWake(): void {}

  /** The stream has ended; nothing may be asked of it any more. */
  onDelete(): void {}
}

/** One HTTP stream. A callback whose export the plugin does not name is never called. */
export class HttpContext extends StreamContext {
  /** Request headers, `count` of them. */
  onRequestHeaders(count: u32, endOfStream: bool): u32 {
    return Action.Continue;
  }

  /** `size` bytes of request body are buffered. */
  onRequestBody(size: u32, endOfStream: bool): u32 {
    return Action.Continue;
  }

  /** Request trailers, `count` of them: the body before them did not end the stream. */
  onRequestTrailers(count: u32): u32 {
    return Action.Continue;
  }

  /** Response headers, `count` of them. */
  onResponseHeaders(count: u32, endOfStream: bool): u32 {
    return Action.Continue;
  }
}

/** One connection. */
export class NetworkContext extends StreamContext {
  /** Accepted; a TLS handshake is not over yet. */
  onNewConnection(): u32 {
    return Action.Continue;
  }

  /** `size` bytes have come from the client. */
  onDownstreamData(size: u32, endOfStream: bool): u32 {
    return Action.Continue;
  }

  /** `size` bytes have come from the upstream. */
  onUpstreamData(size: u32, endOfStream: bool): u32 {
    return Action.Continue;
  }

  /** The client's side is closed, by `peer` (`PeerType`). */
  onDownstreamClose(peer: u32): void {}

  /** The upstream's side is closed, by `peer` (`PeerType`). */
  onUpstreamClose(peer: u32): void {}
}
