// A JSON Web Key Set, RFC 7517 §5: the keys of it that can verify a token.
import {
  Region,
  Span,
  constant,
  lengthOf,
  mark,
  memoryEnded,
  releaseTo,
  slice,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { parseJson } from "../json/parser";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { MAX_JWKS_KEYS } from "../limits";
import { Jwk, KeyType, problem, readJwk } from "./jwk";

const KEYS = constant("keys");
const KID = constant("kid");

/** A parsed key set. The bytes of its keys go with it. */
export class Jwks {
  readonly keys: Jwk[] = [];
  /** Keys that were left out, and why; never any of their material. */
  readonly warnings: string[] = [];
  /** Why there is no usable key: empty when there is one. */
  error: string = "";
  /** Where the keys' bytes live. */
  private region: Region = new Region();

  /** Whether any key needs the host's `verify_signature`. */
  get needsHost(): bool {
    for (let i = 0; i < this.keys.length; i++) {
      if (this.keys[i].type == KeyType.Rsa || this.keys[i].type == KeyType.Ec) return true;
    }
    return false;
  }

  /** Reads the document; to be called once. */
  read(document: Span, minRsaBits: i32): void {
    const root = parseJson(document);
    if (kindOf(root) != Kind.Object) {
      this.error = memoryEnded() ? "Jwks is too large" : "Jwks is an invalid JSON";
      return;
    }
    const keys = member(root, KEYS);
    if (keys == NO_NODE) this.error = "Jwks does not have [keys] field";
    else if (kindOf(keys) != Kind.Array) this.error = "[keys] in Jwks is not an array";
    else this.readKeys(keys, minRsaBits);
  }

  private readKeys(list: Node, minRsaBits: i32): void {
    let node = firstOf(list);
    const count = countOf(list);
    for (let i = 0; i < count; i++) {
      if (i >= MAX_JWKS_KEYS) {
        this.warnings.push("only the first " + MAX_JWKS_KEYS.toString() + " keys are used");
        break;
      }
      const key = readJwk(node, minRsaBits, this.region);
      if (key !== null) this.keys.push(key);
      else this.warnings.push("key " + i.toString() + nameOf(node) + " is left out: " + problem);
      node = after(node);
    }
    if (this.keys.length == 0) this.error = "Jwks doesn't have any valid public key";
  }
}

/**
 * Parses a key set. Never null: look at `error`. Broken keys are left out, as Envoy does, as long as one is good.
 * `minRsaBits`: RSA keys below are left out, too.
 */
export function parseJwks(document: Span, minRsaBits: i32): Jwks {
  const set = new Jwks();
  // The keys are copied: what reading takes of the callback's memory is not needed any more.
  const taken = mark();
  set.read(document, minRsaBits);
  releaseTo(taken);
  return set;
}

function nameOf(key: Node): string {
  const kid = textOf(member(key, KID));
  return lengthOf(kid) > 0 ? ' (kid "' + toText(slice(kid, 0, 64)) + '")' : "";
}
