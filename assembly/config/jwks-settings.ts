// `jwks[]` of the plugin configuration: through which cluster a jwksUri is fetched, how often, how long at most.
import { Span, constant, equals, isPresent, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import { Node, after, countOf, firstOf } from "../json/tape";
import { textMember } from "./compile";
import { parseDuration } from "./duration";
import { DEFAULT_COOLDOWN_MS, MAX_FETCH_TIMEOUT_MS } from "../limits";
import { Problems } from "./problems";

const JWKS = constant("jwks");
const URI = constant("uri");
const CLUSTER = constant("cluster");
const REFRESH = constant("refresh");
const TIMEOUT = constant("timeout");
const COOLDOWN = constant("cooldown");

const MILLISECOND: i64 = 1_000_000;
/** Five minutes, as istiod tells Envoy to. */
export const DEFAULT_REFRESH: i64 = 300_000 * MILLISECOND;
/** Five seconds, Istio's. */
export const DEFAULT_TIMEOUT: i64 = 5_000 * MILLISECOND;
/** Oftener would be an attack on the issuer. */
const SHORTEST_REFRESH: i64 = 1_000 * MILLISECOND;
const LONGEST_TIMEOUT: i64 = MAX_FETCH_TIMEOUT_MS * MILLISECOND;

/** The settings of one URI. */
export class JwksSettings {
  uri: Span = 0;
  /** Empty: Istio's name for the URI's host. */
  cluster: string = "";
  /** In nanoseconds. */
  refresh: i64 = DEFAULT_REFRESH;
  /** In nanoseconds; 0: what the rule says. */
  timeout: i64 = 0;
  /** From one fetch to the next for the sake of an unknown `kid`, in nanoseconds. */
  cooldown: i64 = DEFAULT_COOLDOWN_MS * MILLISECOND;
}

/** Reads the list; problems are reported with their paths. */
export function readJwksSettings(list: Node, problems: Problems): JwksSettings[] {
  const all: JwksSettings[] = [];
  problems.enter(JWKS);
  let element = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    problems.enterIndex(i);
    const settings = new JwksSettings();
    const uri = textMember(element, URI);
    if (lengthOf(uri) == 0) problems.addAt(URI, "missing");
    settings.uri = uri;
    for (let j = 0; j < all.length; j++) {
      if (equals(all[j].uri, uri)) problems.addAt(URI, "is listed twice");
    }
    const cluster = textMember(element, CLUSTER);
    if (isPresent(cluster)) {
      settings.cluster = toText(cluster);
      if (settings.cluster.length == 0) problems.addAt(CLUSTER, "must not be empty");
    }
    const refresh = textMember(element, REFRESH);
    if (isPresent(refresh)) {
      settings.refresh = parseDuration(refresh);
      if (settings.refresh < SHORTEST_REFRESH) {
        problems.addAt(REFRESH, 'must be a duration of at least "1s"');
      }
    }
    const cooldown = textMember(element, COOLDOWN);
    if (isPresent(cooldown)) {
      settings.cooldown = parseDuration(cooldown);
      if (settings.cooldown < SHORTEST_REFRESH) {
        problems.addAt(COOLDOWN, 'must be a duration of at least "1s"');
      }
    }
    const timeout = textMember(element, TIMEOUT);
    if (isPresent(timeout)) settings.timeout = readTimeout(timeout, TIMEOUT, problems);
    problems.leave();
    all.push(settings);
    element = after(element);
  }
  problems.leave();
  return all;
}

/** A fetch's timeout in nanoseconds; DEFAULT_TIMEOUT where it is wrong, and a problem at `key`. */
export function readTimeout(text: Span, key: Span, problems: Problems): i64 {
  // What is no duration is below zero.
  const value = parseDuration(text);
  if (value < MILLISECOND) {
    problems.addAt(key, "must be a valid duration greater than 1ms");
  } else if (value % MILLISECOND != 0) {
    problems.addAt(key, "only durations to ms precision are supported");
  } else if (value > LONGEST_TIMEOUT) {
    problems.addAt(key, 'must not be longer than "60s": requests wait for it');
  } else {
    return value;
  }
  return DEFAULT_TIMEOUT;
}
