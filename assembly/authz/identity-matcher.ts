// What `source` says of a peer's identity, as istiod translates it: a SPIFFE URI of the peer's certificate, `spiffe://` in front.
import {
  EMPTY,
  Region,
  Span,
  constant,
  equals,
  indexOf,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { Glob } from "../bytes/glob";
import { StringMatcher } from "./string-matcher";

const SCHEME = "spiffe://";
/** Istio's name for the local trust domain and its aliases, in principals. */
const CLUSTER_LOCAL = "cluster.local";
/** `TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT` */
const PRINCIPAL_PARTS: i32 = 5;

/** One value of a field, as one or more patterns, which live in the region that it was made with. */
export class IdentityMatcher {
  private texts: StringMatcher[] = [];
  private globs: Glob[] = [];
  /** For the trust domain by itself. */
  private trustDomain: Glob | null = null;

  /** `principals` and `source.principal`; `trustDomains`: the local one and its aliases, which stand for each other. */
  static ofPrincipal(value: string, trustDomains: string[], region: Region): IdentityMatcher {
    const matcher = new IdentityMatcher();
    const parts = value.split("/");
    const isLocal = parts[0] == CLUSTER_LOCAL || trustDomains.includes(parts[0]);
    if (parts.length != PRINCIPAL_PARTS || !isLocal) {
      matcher.addPrincipal(value, region);
      return matcher;
    }
    const rest = value.substring(parts[0].length);
    for (let i = 0; i < trustDomains.length; i++) {
      matcher.addPrincipal(trustDomains[i] + rest, region);
    }
    return matcher;
  }

  /** `namespaces` and `source.namespace`: `*` anywhere stands for any characters. */
  static ofNamespace(value: string, region: Region): IdentityMatcher {
    const matcher = new IdentityMatcher();
    const literals = value.split("*");
    literals[0] = "/ns/" + literals[0];
    literals[literals.length - 1] = literals[literals.length - 1] + "/";
    // Anything in front, and anything behind.
    literals.unshift("");
    literals.push("");
    matcher.globs.push(new Glob(literals, 0, region));
    return matcher;
  }

  /** `serviceAccounts` and `source.serviceAccount`: `NAME`, in the policy's namespace, or `NAMESPACE/NAME`. */
  static ofServiceAccount(value: string, namespace: string, region: Region): IdentityMatcher {
    const matcher = new IdentityMatcher();
    const slash = value.indexOf("/");
    const ns = "/ns/" + (value.includes("/") ? value.substring(0, slash) : namespace) + "/";
    const sa = "sa/" + value.substring(slash + 1);
    matcher.globs.push(new Glob([SCHEME, ns + sa], 1, region));
    matcher.globs.push(new Glob([SCHEME, ns, "/" + sa], 1, region));
    matcher.globs.push(new Glob([SCHEME, ns + sa + "/", ""], 1, region));
    matcher.globs.push(new Glob([SCHEME, ns, "/" + sa + "/", ""], 1, region));
    return matcher;
  }

  /** `trustDomains` and `source.trustDomain`: `*` at either end. */
  static ofTrustDomain(value: string, trustDomains: string[], region: Region): IdentityMatcher {
    const matcher = new IdentityMatcher();
    if (value == "*") {
      matcher.texts.push(StringMatcher.prefix(SCHEME, region));
    } else if (value.includes("*")) {
      matcher.trustDomain = new Glob(value.split("*"), 0, region);
    } else if (trustDomains.includes(value)) {
      for (let i = 0; i < trustDomains.length; i++) {
        matcher.texts.push(StringMatcher.prefix(SCHEME + trustDomains[i] + "/", region));
      }
    } else {
      matcher.texts.push(StringMatcher.prefix(SCHEME + value + "/", region));
    }
    return matcher;
  }

  /** Whether an identity of the peer matches. */
  matches(identity: Span): bool {
    for (let i = 0; i < this.texts.length; i++) {
      if (this.texts[i].matches(identity)) return true;
    }
    for (let i = 0; i < this.globs.length; i++) {
      if (this.globs[i].matches(identity)) return true;
    }
    const trustDomain = this.trustDomain;
    return trustDomain !== null && trustDomain.matches(trustDomainOf(identity));
  }

  private addPrincipal(value: string, region: Region): void {
    if (value == "*") this.texts.push(StringMatcher.notEmpty());
    else if (value.startsWith("*")) {
      this.globs.push(new Glob([SCHEME, value.substring(1)], 0, region));
    } else if (value.endsWith("*")) {
      const prefix = SCHEME + value.substring(0, value.length - 1);
      this.texts.push(StringMatcher.prefix(prefix, region));
    } else this.texts.push(StringMatcher.exact(SCHEME + value, region));
  }
}

const SCHEME_BYTES = constant(SCHEME);

/** What stands between `spiffe://` and the next slash; of no bytes when there is none, which no pattern with a text matches. */
function trustDomainOf(identity: Span): Span {
  const start = lengthOf(SCHEME_BYTES);
  if (!equals(slice(identity, 0, start), SCHEME_BYTES)) return EMPTY;
  const slash = indexOf(identity, 0x2f, start);
  return slice(identity, start, <usize>max(slash, 0));
}
