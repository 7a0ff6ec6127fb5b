// What is measured: a listener each, and what is sent to it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { JsonObject } from '../envoy/config/types.ts';
import { staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { loadResources } from '../istio/load.ts';
import { jwksUrisOf, pluginConfiguration, withKeySets } from '../istio/plugin-configuration.ts';

/** Which tokens the requests carry. */
export type Tokens = 'none' | 'repeated' | 'different';

/** One row of the table. */
export interface Scenario {
  id: string;
  name: string;
  filters: JsonObject[];
  tokens: Tokens;
  /** How the tokens are signed, and by whom. */
  algorithm: string;
  issuer: string;
  /** Whether they say about three times as much as others: 900 bytes instead of 350. */
  large: boolean;
  /** What it is compared with: no filter, with the same request. */
  base: string;
  /** The native filters with the same tokens: what its cost is a share of; absent without tokens. */
  native: string | undefined;
}

/** The rows that others are compared with. */
const BASE = 'none';
const BASE_NO_TOKEN = 'none-no-token';
export const NATIVE = 'native';
export const SDK = 'no-op-sdk';
export const IMPORTS = 'no-op-imports';

/** The algorithms whose cost is shown, one of each family. */
export const ALGORITHMS = ['RS256', 'ES256', 'HS256', 'EdDSA', 'PS256'];

const ISSUER = 'testing@secure.istio.io';
const NUMBERS_OF_ISSUERS = [1, 10, 100];
const ORACLE = 'envoy-tests/oracle/task';

/** All scenarios, with a key set in the place of the policies' URI. */
export function scenarios(jwks: string): Scenario[] {
  const native = nativeFilters(jwks);
  const ours = wasm('portcullis', 'build/portcullis.wasm', ourConfiguration(jwks));
  const row = (id: string, name: string, tokens: Tokens, filters: JsonObject[]): Scenario => {
    const base = tokens === 'none' ? BASE_NO_TOKEN : BASE;
    const against = tokens === 'none' ? undefined : NATIVE;
    const by = { algorithm: 'RS256', issuer: ISSUER, large: false };
    return { id, name, tokens, filters, base, native: against, ...by };
  };
  const noOp = (id: string): JsonObject[] => [wasm(id, `build/${id}.wasm`, '{}')];
  return [
    row(BASE, 'no filter', 'repeated', []),
    row(NATIVE, 'native jwt_authn + rbac', 'repeated', native),
    row('native-cache', 'native, with jwt_cache_config', 'repeated', withCache(native)),
    row(SDK, 'no-op Wasm, our SDK', 'repeated', noOp(SDK)),
    row(IMPORTS, 'no-op Wasm, hand-written', 'repeated', noOp(IMPORTS)),
    row('ours-repeated', 'portcullis, repeated token', 'repeated', [ours]),
    ...ALGORITHMS.flatMap((algorithm) => {
      const by = { algorithm, native: `native-${algorithm}` };
      const name = `${algorithm}, every token new: `;
      return [
        { ...row(by.native, `${name}native`, 'different', native), ...by },
        { ...row(`ours-${algorithm}`, `${name}portcullis`, 'different', [ours]), ...by },
      ];
    }),
    ...['RS256', 'ES256'].flatMap((algorithm) => {
      const by = { algorithm, large: true, native: `native-${algorithm}-large` };
      const name = `${algorithm}, new, 900 bytes: `;
      return [
        { ...row(by.native, `${name}native`, 'different', native), ...by },
        { ...row(`ours-${algorithm}-large`, `${name}portcullis`, 'different', [ours]), ...by },
      ];
    }),
    ...NUMBERS_OF_ISSUERS.map((count) => {
      const name = `portcullis, repeated, ${count} issuer${count === 1 ? '' : 's'}`;
      const filter = wasm('portcullis', 'build/portcullis.wasm', issuersConfiguration(jwks, count));
      const issuer = issuerName(count - 1);
      return { ...row(`issuers-${count}`, name, 'repeated', [filter]), issuer };
    }),
    row(BASE_NO_TOKEN, 'no token: no filter', 'none', []),
    row('native-no-token', 'no token: native', 'none', native),
    row('ours-no-token', 'no token: portcullis', 'none', [ours]),
  ];
}

/** Issuers in the order in which they are tried: a token of the last one is the most expensive. */
function issuerName(n: number): string {
  return `https://issuer-${String(n).padStart(3, '0')}.example`;
}

function issuersConfiguration(jwks: string, count: number): string {
  const rules = Array.from({ length: count }, (_, n) => ({ issuer: issuerName(n), jwks }));
  const value = {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'issuers', namespace: 'istio-system' },
    spec: { jwtRules: rules },
  };
  return JSON.stringify({ resources: [value] });
}

function wasm(name: string, module: string, configuration: string): JsonObject {
  return staticWasmFilter({ name, vmId: name, module: resolve(module), configuration });
}

function ourConfiguration(jwks: string): string {
  const text = readFileSync(`${ORACLE}.yaml`, 'utf8');
  const { resources } = loadResources([{ file: `${ORACLE}.yaml`, text }]);
  const documents = new Map(jwksUrisOf(resources).map((uri) => [uri, jwks]));
  return pluginConfiguration(withKeySets(resources, documents));
}

/** What istiod generates for the same policies. */
function nativeFilters(jwks: string): JsonObject[] {
  const text = readFileSync(`${ORACLE}.native.json`, 'utf8');
  const { httpFilters } = JSON.parse(text, (field, value: unknown) =>
    field === 'inline_string' ? jwks : value,
  ) as { httpFilters: JsonObject[] };
  return httpFilters;
}

function withCache(filters: JsonObject[]): JsonObject[] {
  return JSON.parse(JSON.stringify(filters), (field, value: unknown) =>
    field === 'origins-0'
      ? { ...(value as object), jwt_cache_config: { jwt_cache_size: 1000 } }
      : value,
  ) as JsonObject[];
}
