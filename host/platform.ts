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

/** A clock that goes only when it is told to. */
export class Clock {
  private milliseconds: number;

  /** Begins at a time in milliseconds since the Unix epoch. */
  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }

  /** Milliseconds since the Unix epoch. */
  get now(): number {
    return this.milliseconds;
  }

  /** Nanoseconds since the Unix epoch. */
  get nanoseconds(): bigint {
    return BigInt(Math.round(this.milliseconds * 1000)) * 1000n;
  }

  /** Is set to a time in milliseconds since the Unix epoch, be it before: no timer fires. */
  set(milliseconds: number): void {
    this.milliseconds = milliseconds;
  }

  /** Goes to a time in milliseconds since the Unix epoch; never back. */
  goTo(milliseconds: number): void {
    this.milliseconds = Math.max(this.milliseconds, milliseconds);
  }
}
