import { Status } from './status.ts';

/** Values that all VMs of one vm_id share, with versions for compare-and-swap, as proxy-wasm-cpp-host keeps them. */
export class SharedData {
  private readonly values = new Map<string, { bytes: Uint8Array; version: number }>();
  private nextVersion = 1;

  /** A value and its version, or undefined. */
  get(key: string): { bytes: Uint8Array; version: number } | undefined {
    return this.values.get(key);
  }

  /** Writes a value; `expected` 0 always does, any other only where there is none or the version is the same. */
  set(key: string, bytes: Uint8Array, expected: number): number {
    const current = this.values.get(key);
    if (current !== undefined && expected !== 0 && expected !== current.version) {
      return Status.CasMismatch;
    }
    this.values.set(key, { bytes: bytes.slice(), version: this.nextVersion++ });
    return Status.Ok;
  }
}
