// Istio's MeshConfig, as far as it bears on these policies.
import { parseOne } from './bounded-yaml.ts';
import type { ExtensionProvider, Settings } from './plugin-configuration.ts';

const NORMALIZATIONS = ['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'];

/** What a MeshConfig says. */
export interface MeshConfig {
  settings: Settings;
  pathNormalization?: 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';
}

/** Reads a MeshConfig, YAML or JSON. Throws InputBoundError, or an Error that names the field. Fields without any bearing are passed over. */
export function readMeshConfig(text: string, file: string): MeshConfig {
  const mesh = (parseOne(text, file) ?? {}) as Record<string, unknown>;
  if (typeof mesh !== 'object' || Array.isArray(mesh)) throw new Error('must be an object');
  return {
    settings: {
      rootNamespace: textOf(mesh, 'rootNamespace'),
      trustDomain: textOf(mesh, 'trustDomain'),
      trustDomainAliases: textsOf(mesh, 'trustDomainAliases'),
      extensionProviders: providersOf(mesh.extensionProviders),
    },
    pathNormalization: normalizationOf(mesh.pathNormalization),
  };
}

function textOf(mesh: Record<string, unknown>, field: string): string | undefined {
  const value = mesh[field];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new Error(`${field} must be a string`);
  return value;
}

function textsOf(mesh: Record<string, unknown>, field: string): string[] | undefined {
  const value = mesh[field];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new Error(`${field} must be a list of strings`);
  }
  return value;
}

/** The list as it is written: the module judges it. Only ports in quotes, which protobuf's JSON takes, become numbers. */
function providersOf(value: unknown): ExtensionProvider[] | undefined {
  if (value === undefined) return undefined;
  const isObject = (item: unknown): boolean => typeof item === 'object' && item !== null;
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw new Error('extensionProviders must be a list of objects');
  }
  return (value as ExtensionProvider[]).map((provider) => {
    const { envoyExtAuthzHttp: http } = provider as {
      envoyExtAuthzHttp?: { port?: unknown } | null;
    };
    if (typeof http?.port !== 'string' || !/^\d+$/.test(http.port)) return provider;
    return { ...provider, envoyExtAuthzHttp: { ...http, port: Number(http.port) } };
  });
}

function normalizationOf(value: unknown): MeshConfig['pathNormalization'] {
  if (value === undefined) return undefined;
  const { normalization } = (value ?? {}) as { normalization?: unknown };
  if (typeof normalization !== 'string' || !NORMALIZATIONS.includes(normalization)) {
    throw new Error(`pathNormalization.normalization must be one of ${NORMALIZATIONS.join(', ')}`);
  }
  return normalization === 'DEFAULT' ? 'BASE' : (normalization as MeshConfig['pathNormalization']);
}
