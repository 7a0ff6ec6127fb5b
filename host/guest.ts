// The module's side of the ABI: its memory, and the callbacks that it exports.

/** How the line in the log about a trap begins. */
export const TRAPPED = 'trap: ';

/** A module that has trapped: nothing can be called in it any more. */
export class Trap extends Error {
  override name = 'Trap';
}

/** An instance of a module. */
export class Guest {
  private readonly memory: WebAssembly.Memory;
  private readonly exports: Record<string, unknown>;

  constructor(instance: WebAssembly.Instance) {
    this.exports = instance.exports;
    this.memory = this.exports.memory as WebAssembly.Memory;
  }

  /** Bytes of its memory. */
  get memoryBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Whether the module exports a callback; the host skips those that it does not. */
  has(name: string): boolean {
    return typeof this.exports[name] === 'function';
  }

  /** Calls an export, or answers `otherwise` when there is none. Throws Trap. */
  call(name: string, otherwise: number, ...args: number[]): number {
    const callback = this.exports[name];
    if (typeof callback !== 'function') return otherwise;
    try {
      return (callback as (...values: number[]) => number)(...args);
    } catch (error) {
      throw new Trap(
        `${TRAPPED}${name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Copies bytes out; undefined when they are not all in the module's memory. */
  read(address: number, length: number): Uint8Array | undefined {
    const start = address >>> 0;
    const size = length >>> 0;
    if (start + size > this.memory.buffer.byteLength) return undefined;
    return new Uint8Array(this.memory.buffer).slice(start, start + size);
  }

  /** Writes a u32; false when it is not in the module's memory. */
  writeU32(address: number, value: number): boolean {
    return this.write(address, 4, (view, at) => view.setUint32(at, value >>> 0, true));
  }

  /** Writes a u64; false when it is not in the module's memory. */
  writeU64(address: number, value: bigint): boolean {
    return this.write(address, 8, (view, at) =>
      view.setBigUint64(at, BigInt.asUintN(64, value), true),
    );
  }

  /** Hands bytes over in memory that the module allocates; false when it has none to give. */
  give(bytes: Uint8Array, addressAt: number, sizeAt: number): boolean {
    let address = 0;
    if (bytes.length > 0) {
      const allocator = this.has('proxy_on_memory_allocate')
        ? 'proxy_on_memory_allocate'
        : 'malloc';
      address = this.call(allocator, 0, bytes.length) >>> 0;
      if (address === 0) return false;
      new Uint8Array(this.memory.buffer).set(bytes, address);
    }
    return this.writeU32(addressAt, address) && this.writeU32(sizeAt, bytes.length);
  }

  private write(address: number, size: number, put: (view: DataView, at: number) => void): boolean {
    const at = address >>> 0;
    if (at + size > this.memory.buffer.byteLength) return false;
    put(new DataView(this.memory.buffer), at);
    return true;
  }
}
