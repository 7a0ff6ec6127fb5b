// What is measured: a listener each, and what is sent to it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { JsonObject } from '../envoy/config/types.ts';
import { staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { loadResources } from '../istio/load.ts';
import { jwksUrisOf, pluginConfiguration, withKeySets } from '../istio/plugin-configuration.ts';

/** What a request carries. */
export type Token = 'none' | 'repeated' | 'different';

/** One row of the table. */
export interface Scenario {
  id: string;
  name: string;
  filters: JsonObject[];
  token: Token;
  /** What it is compared with: no filter, with the same request. */
  base: string;
}

/** The rows that others are compared with. */
export const BASE = 'none';
export const BASE_NO_TOKEN = 'none-no-token';
export const NATIVE = 'native';
export const SDK = 'no-op-sdk';
export const IMPORTS = 'no-op-imports';
export const DIFFERENT = 'ours-different';
export const REPEATED = 'ours-repeated';

const ORACLE = 'envoy-tests/oracle/task';

/** All scenarios, with a key set in the place of the policies' URI. */
export function scenarios(jwks: string): Scenario[] {
  const native = nativeFilters(jwks);
  const ours = wasm('portcullis', 'build/portcullis.wasm', ourConfiguration(jwks));
  const row = (id: string, name: string, token: Token, filters: JsonObject[]): Scenario => {
    return { id, name, token, filters, base: token === 'none' ? BASE_NO_TOKEN : BASE };
  };
  const noOp = (id: string): JsonObject[] => [wasm(id, `build/${id}.wasm`, '{}')];
  return [
    row(BASE, 'no filter', 'repeated', []),
    row(NATIVE, 'native jwt_authn + rbac', 'repeated', native),
    row('native-cache', 'native, with jwt_cache_config', 'repeated', withCache(native)),
    row(SDK, 'no-op Wasm, our SDK', 'repeated', noOp(SDK)),
    row(IMPORTS, 'no-op Wasm, hand-written', 'repeated', noOp(IMPORTS)),
    row(REPEATED, 'portcullis, repeated token', 'repeated', [ours]),
    row(DIFFERENT, 'portcullis, every token new', 'different', [ours]),
    row(BASE_NO_TOKEN, 'no token: no filter', 'none', []),
    row('native-no-token', 'no token: native', 'none', native),
    row('ours-no-token', 'no token: portcullis', 'none', [ours]),
  ];
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
