// How a connection is secured.

export namespace Security {
  /** No TLS that this proxy terminates. */
  export const Plaintext: i32 = 0;
  /** TLS, and the client has presented no certificate. */
  export const Tls: i32 = 1;
  /** TLS, and the client has presented a certificate; that it was verified is the listener's part (docs/peers.md). */
  export const Mtls: i32 = 2;
}

const NAMES: string[] = ["plaintext", "tls", "mtls"];

/** Its name in metrics and records. */
export function nameOfSecurity(security: i32): string {
  return NAMES[security];
}
