// The `testing` build of the module's parts, with a host that gives the time and verifies signatures.
import { readFileSync } from 'node:fs';
import { nodePlatform } from '../../host/node-platform.ts';
import { verifySignature } from '../../host/verify-signature.ts';

interface Exports {
  memory: WebAssembly.Memory;
  allocate(size: number): number;
  reset(): void;
  base64url(a: number, n: number): bigint;
  json(a: number, n: number): bigint;
  number(a: number, n: number): number;
  duration(a: number, n: number): bigint;
  uri(a: number, n: number): bigint;
  parameter(a: number, n: number, b: number, m: number): bigint;
  cut(a: number, n: number, b: number, m: number, keepName: number): bigint;
  readToken(a: number, n: number): number;
  tokenTime(which: number): bigint;
  firstKey(a: number, n: number): bigint;
  digest(bits: number, a: number, n: number, split: number): bigint;
  hmac(bits: number, key: bigint, text: bigint, code: bigint): number;
  rsa(out: number, base: bigint, modulus: bigint, exponent: number): number;
  pss(bits: number, n: bigint, e: number, signature: bigint, text: bigint): number;
  ed25519(key: bigint, signature: bigint, text: bigint): number;
  jws(keySet: bigint, token: bigint): number;
  ecdsa(keySet: bigint, signature: bigint, text: bigint): number;
  ecdsaToDer(a: number, n: number): bigint;
  matchesPath(a: number, n: number, b: number, m: number): number;
  matchesHost(a: number, n: number, b: number, m: number): number;
  matchesPrincipal(a: number, n: number, b: number, m: number, c: number, o: number): number;
  hash(a: number, n: number): bigint;
  matchesIdentity(field: number, a: number, n: number, b: number, m: number): number;
  isInBlock(a: number, n: number, b: number, m: number): number;
  newCache(maxTokens: number, maxBytes: number): void;
  cacheAdd(a: number, n: number, generation: bigint, expiry: bigint): void;
  cacheFind(a: number, n: number, generation: bigint): bigint;
  cachedSubject(): bigint;
  doubleText(value: number, fixed: number): bigint;
  rewritten(a: number, n: number): bigint;
  base64(a: number, n: number): bigint;
  entry(message: bigint, field: number, key: bigint): bigint;
  pieces(piece: bigint, times: number, isUnreadable: number): bigint;
  pages(): number;
  inputBuffer(size: number): number;
  jsonOffset(): number;
  cookie(a: number, n: number, b: number, m: number): bigint;
  ipVersion(a: number, n: number): number;
  certificateNames(a: number, n: number): bigint;
  configurationProblems(a: number, n: number): number;
}

/** Statuses of the ABI. */
const NOT_FOUND = 1;
const BAD_ARGUMENT = 2;
const ABSENT = 0xffff_ffff_ffff_ffffn;

/** Bytes given to the module: address and length, to be spread into a call. */
export type Given = [address: number, length: number];

/** The module's parts with spans turned into Buffers. */
export class TestingModule {
  readonly exports: Exports;
  /** What the host's clock shows, in nanoseconds. */
  time = 1_700_000_000_000_000_000n;
  /** What the host answers to `verify_signature`; what it finds where this is not set. */
  answer: Uint8Array | undefined;

  /** `trace`: is told of every place that the build which tells of them comes to (`asc --target traced`). */
  constructor(trace?: (place: number) => void) {
    const file = trace === undefined ? 'build/testing.wasm' : 'build/testing-traced.wasm';
    const module = new WebAssembly.Module(readFileSync(file));
    const env: Record<string, (...args: number[]) => number> = {};
    for (const { name } of WebAssembly.Module.imports(module)) env[name] = () => 12;
    env.proxy_get_current_time_nanoseconds = (at) => {
      new DataView(this.exports.memory.buffer).setBigUint64(at, this.time, true);
      return 0;
    };
    env.proxy_call_foreign_function = (name, nameSize, data, size, out, outSize) =>
      this.callForeign([name, nameSize], [data, size], out, outSize);
    if (trace !== undefined) {
      env.log_execution = (place) => {
        trace(place);
        return 0;
      };
    }
    const instance = new WebAssembly.Instance(module, { env });
    this.exports = instance.exports as unknown as Exports;
    (instance.exports._initialize as () => void)();
  }

  /** Begins a callback: everything given and returned before is gone. */
  reset(): void {
    this.exports.reset();
  }

  /** Puts bytes, or a text as UTF-8, into the module's memory. */
  give(data: Uint8Array | string): Given {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const address = this.exports.allocate(bytes.length);
    if (address === 0) throw new Error(`the module has no room for ${bytes.length} bytes`);
    new Uint8Array(this.exports.memory.buffer, address, bytes.length).set(bytes);
    return [address, bytes.length];
  }

  /** Bytes given to the module as a span, for functions that take several. */
  span(data: Uint8Array | string): bigint {
    const [address, length] = this.give(data);
    return BigInt.asIntN(64, (BigInt(length) << 32n) | BigInt(address));
  }

  private callForeign(name: Given, data: Given, out: number, outSize: number): number {
    const { buffer } = this.exports.memory;
    const bytes = ([address, length]: Given): Uint8Array =>
      new Uint8Array(buffer.slice(address, address + length));
    if (Buffer.from(bytes(name)).toString() !== 'verify_signature') return NOT_FOUND;
    const answer = this.answer ?? verifySignature(nodePlatform, bytes(data));
    if (answer === undefined) return BAD_ARGUMENT;
    const [address] = this.give(answer);
    const view = new DataView(this.exports.memory.buffer);
    view.setUint32(out, address, true);
    view.setUint32(outSize, answer.length, true);
    return 0;
  }

  /** The bytes that a call has returned, or undefined for ABSENT. */
  take(span: bigint): Buffer | undefined {
    if (BigInt.asUintN(64, span) === ABSENT) return undefined;
    const value = BigInt.asUintN(64, span);
    const address = Number(value & 0xffff_ffffn);
    return Buffer.from(this.exports.memory.buffer.slice(address, address + Number(value >> 32n)));
  }
}
