// Makes envoy-tests/random/policies.jsonl.gz: random policies, and what istiod's own code generates for them. Needs a program
// that reads policies and prints istiod's filters (ORACLE_BIN), which is not a part of this repository:
//   ORACLE_BIN=… node build/js/envoy-tests/random/generate.js FIRST-SEED COUNT FILE [tcp]
// `tcp`: tcp-policies.jsonl.gz, policies for a sidecar's port without HTTP.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { randomPolicies } from './generator.ts';
import { randomTcpPolicies } from './tcp-generator.ts';

const [first, count, file, kind] = process.argv.slice(2) as [string, string, string, string?];
const isTcp = kind === 'tcp';
const oracle = process.env.ORACLE_BIN;
if (oracle === undefined || file === undefined) {
  throw new Error('usage: ORACLE_BIN=… generate FIRST-SEED COUNT FILE');
}

/** Tokens are of one issuer; what matters here is what is done with their claims. */
const AUTHENTICATION = {
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: { name: 'jwt', namespace: 'istio-system' },
  spec: { jwtRules: [{ issuer: 'iss', jwksUri: 'https://idp.example/jwks.json' }] },
};

const folder = mkdtempSync(join(tmpdir(), 'portcullis-random-'));
const lines: string[] = [];
try {
  const keys = join(folder, 'jwks.json');
  writeFileSync(keys, process.env.ORACLE_KEYS ?? '{"keys":[]}');
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const resources = isTcp ? randomTcpPolicies(seed) : [AUTHENTICATION, ...randomPolicies(seed)];
    const policies = join(folder, 'policies.yaml');
    writeFileSync(policies, resources.map((resource) => JSON.stringify(resource)).join('\n---\n'));
    const flags = isTcp
      ? ['-namespace', 'foo', '-labels', 'app=httpbin']
      : ['-namespace', 'istio-system', '-labels', 'istio=ingressgateway', '-gateway'];
    const aliases = ['-trust-domain-aliases', 'td2'];
    const mesh = ['-mesh-config', 'envoy-tests/oracle/mesh-config.yaml', '-ports', '8000/HTTP'];
    const jwks = ['-jwks', `https://idp.example/jwks.json=${keys}`];
    const output = execFileSync(oracle, ['-f', policies, ...flags, ...aliases, ...mesh, ...jwks], {
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
    const { istio, httpFilters, networkFilters, validation } = JSON.parse(output.toString()) as {
      istio: string;
      httpFilters: object[];
      networkFilters: object[];
      validation: { accepted: boolean }[];
    };
    const refused = validation.find(({ accepted }) => !accepted);
    if (refused) throw new Error(`seed ${seed}: ${JSON.stringify(refused)}`);
    const filters = isTcp ? { networkFilters } : { httpFilters };
    lines.push(JSON.stringify({ seed, istio, resources, ...filters }));
  }
  writeFileSync(file, gzipSync(lines.map((line) => `${line}\n`).join(''), { level: 9 }));
} finally {
  rmSync(folder, { recursive: true });
}
