// A JSON Web Key Set, RFC 7517 §5: the keys of it that can verify a token.
import { Span, constant, lengthOf, slice, toText } from "as-proxy-wasm-sdk/assembly";
import { parseJson } from "../json/parser";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { MAX_JWKS_KEYS } from "../limits";
import { Jwk, KeyType, problem, readJwk } from "./jwk";

const KEYS = constant("keys");
const KID = constant("kid");

/** A parsed key set. */
export class Jwks {
  readonly keys: Jwk[] = [];
  /** Keys that were left out, and why; never any of their material. */
  readonly warnings: string[] = [];
  /** Why there is no usable key: empty when there is one. */
  error: string = "";

  /** Whether any key needs the host's `verify_signature`. */
  get needsHost(): bool {
    for (let i = 0; i < this.keys.length; i++) {
      if (this.keys[i].type == KeyType.Rsa || this.keys[i].type == KeyType.Ec) return true;
    }
    return false;
  }

  /** Frees the keys' bytes; the set must not be used any more. */
  free(): void {
    for (let i = 0; i < this.keys.length; i++) this.keys[i].free();
  }
}

/**
 * Parses a key set. Never null: look at `error`. Broken keys are left out, as Envoy does, as long as one is good.
 * `minRsaBits`: RSA keys below are left out, too.
 */
export function parseJwks(document: Span, minRsaBits: i32): Jwks {
  const set = new Jwks();
  const root = parseJson(document);
  if (kindOf(root) != Kind.Object) {
    set.error = "Jwks is an invalid JSON";
    return set;
  }
  const keys = member(root, KEYS);
  if (keys == NO_NODE) {
    set.error = "Jwks does not have [keys] field";
    return set;
  }
  if (kindOf(keys) != Kind.Array) {
    set.error = "[keys] in Jwks is not an array";
    return set;
  }
  let node = firstOf(keys);
  const count = countOf(keys);
  for (let i = 0; i < count; i++) {
    if (i >= MAX_JWKS_KEYS) {
      set.warnings.push("only the first " + MAX_JWKS_KEYS.toString() + " keys are used");
      break;
    }
    const key = readJwk(node, minRsaBits);
    if (key !== null) set.keys.push(key);
    else set.warnings.push("key " + i.toString() + nameOf(node) + " is left out: " + problem);
    node = after(node);
  }
  if (set.keys.length == 0) set.error = "Jwks doesn't have any valid public key";
  return set;
}

function nameOf(key: Node): string {
  const kid = textOf(member(key, KID));
  return lengthOf(kid) > 0 ? ' (kid "' + toText(slice(kid, 0, 64)) + '")' : "";
}
