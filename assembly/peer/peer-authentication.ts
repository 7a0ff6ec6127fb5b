// What PeerAuthentication wants of a connection: `spec.mtls.mode` and `portLevelMtls`, inheritance resolved.
import { Security } from "./security";

/** PeerAuthentication.MutualTLS.Mode, UNSET resolved. */
export namespace MtlsMode {
  /** Plaintext alone. */
  export const Disable: i32 = 0;
  /** Plaintext or mutual TLS: where nobody says anything. */
  export const Permissive: i32 = 1;
  /** Mutual TLS alone. */
  export const Strict: i32 = 2;
}

const MODES: string[] = ["DISABLE", "PERMISSIVE", "STRICT"];

/** A mode, and the resource that it comes from. */
export class SourcedMode {
  constructor(
    readonly mode: i32,
    /** `NAMESPACE/NAME`; empty where no resource says anything. */
    readonly source: string,
  ) {}

  /** The mode in Istio's words. */
  get name(): string {
    return MODES[this.mode];
  }

  /** Whether a connection that is secured like this is refused: for want of a client certificate alone. */
  wantsMore(security: i32): bool {
    return this.mode == MtlsMode.Strict && security != Security.Mtls;
  }

  /** Whether a TLS connection is refused before its handshake has ended: nobody knows yet what the client will present. */
  get refusesTls(): bool {
    return this.mode == MtlsMode.Disable;
  }

  /** Whether a connection that is secured like this is refused as it stands: DISABLE has no TLS. */
  refuses(security: i32): bool {
    return (
      this.wantsMore(security) || (this.mode == MtlsMode.Disable && security != Security.Plaintext)
    );
  }
}

const NOBODYS = new SourcedMode(MtlsMode.Permissive, "");

/** The modes of one workload. */
export class PeerAuthentication {
  private ports: i32[] = [];
  private portModes: SourcedMode[] = [];

  constructor(private mode: SourcedMode = NOBODYS) {}

  /** Sets the mode of a container port. */
  setPort(port: i32, mode: SourcedMode): void {
    this.ports.push(port);
    this.portModes.push(mode);
  }

  /** Whether the port matters. */
  get hasPorts(): bool {
    return this.ports.length > 0;
  }

  /** The mode of a container port; of one that the host does not tell (below 0) the strictest. */
  modeFor(port: i32): SourcedMode {
    if (port < 0) return this.strictest();
    for (let i = 0; i < this.ports.length; i++) {
      if (this.ports[i] == port) return this.portModes[i];
    }
    return this.mode;
  }

  private strictest(): SourcedMode {
    for (let i = 0; i < this.portModes.length; i++) {
      if (this.portModes[i].mode == MtlsMode.Strict) return this.portModes[i];
    }
    return this.mode;
  }
}
