// Writes istio/schema/crds.gen.ts: the schemas of the resources that lint knows, from Istio's published CRDs.
// Usage: node scripts/update-schemas.mjs [VERSION]; needs Go, which fetches the module istio.io/api and checks its sum.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const VERSION = process.argv[2] ?? 'v1.31.4';
const OUTPUT = new URL('../istio/schema/crds.gen.ts', import.meta.url);

/** Whole groups, and single kinds of the others. */
const GROUPS = ['security.istio.io'];
const KINDS = ['DestinationRule', 'Gateway', 'ServiceEntry', 'VirtualService', 'WasmPlugin'];

const module = `istio.io/api@${VERSION}`;
const { Dir: folder } = JSON.parse(execFileSync('go', ['mod', 'download', '-json', module]));
const text = readFileSync(join(folder, 'kubernetes', 'customresourcedefinitions.gen.yaml'), 'utf8');

const kinds = {};
for (const document of parseAllDocuments(text)) {
  const crd = document.toJS();
  if (crd === null) continue;
  const { group, names, versions } = crd.spec;
  if (!GROUPS.includes(group) && !KINDS.includes(names.kind)) continue;
  const schemas = versions.map(({ schema }) => JSON.stringify(bare(schema.openAPIV3Schema)));
  if (new Set(schemas).size > 1) throw new Error(`${names.kind}: its versions differ`);
  kinds[names.kind] = {
    group,
    versions: versions.filter(({ served }) => served).map(({ name }) => name),
    spec: JSON.parse(schemas[0]).properties.spec,
  };
}

const sorted = Object.fromEntries(Object.entries(kinds).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(
  OUTPUT,
  `// Made by scripts/update-schemas.mjs from ${module}, kubernetes/customresourcedefinitions.gen.yaml,
// Copyright Istio Authors, Apache-2.0; descriptions and status are left out.
import type { Crd } from './crd.ts';

export const ISTIO_API = '${VERSION}';

export const CRDS: Record<string, Crd> = ${JSON.stringify(sorted)};
`,
);

/** Without what is written for readers; without the schema of status, which nobody writes. */
function bare(schema) {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => key !== 'description' || typeof value !== 'string')
      .map(([key, value]) => [key, bare(value)]),
  );
}
