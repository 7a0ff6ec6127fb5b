// What the host itself is given: so that its core runs wherever WebAssembly does, and time stands still when a test wants it to.

/** Crypto that BoringSSL does for Envoy. */
export interface Platform {
  /**
   * Verifies a signature with a DER SubjectPublicKeyInfo: PKCS#1 v1.5, or ECDSA with a DER signature. `hash` is sha1, sha224, sha256,
   * sha384 or sha512. Undefined when the key cannot be used.
   */
  verifySignature(
    hash: string,
    publicKey: Uint8Array,
    signature: Uint8Array,
    text: Uint8Array,
  ): boolean | undefined;
}

/** A clock that goes only when it is told to: the wall clock, and one beside it that nobody sets. */
export class Clock {
  private milliseconds: number;
  private elapsed = 0;

  /** Begins at a time in milliseconds since the Unix epoch. */
  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }

  /** The wall clock, in milliseconds since the Unix epoch. */
  get now(): number {
    return this.milliseconds;
  }

  /** The wall clock, in nanoseconds since the Unix epoch. */
  get nanoseconds(): bigint {
    return toNanoseconds(this.milliseconds);
  }

  /** Milliseconds that have passed, whatever the wall clock was set to: what timers go by. */
  get steady(): number {
    return UPTIME_MS + this.elapsed;
  }

  /** The same in nanoseconds. */
  get steadyNanoseconds(): bigint {
    return toNanoseconds(this.steady);
  }

  /** The wall clock is set to a time in milliseconds since the Unix epoch, be it before: no timer fires. */
  set(milliseconds: number): void {
    this.milliseconds = milliseconds;
  }

  /** Time passes, until `steady` is this many milliseconds; never back. */
  goTo(steady: number): void {
    const passed = Math.max(0, steady - this.steady);
    this.elapsed += passed;
    this.milliseconds += passed;
  }
}

/** For how long the machine has been up when a clock begins. */
const UPTIME_MS = 1_000_000;

function toNanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}
