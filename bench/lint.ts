// How long lint takes for 5,000 policies in one file: the whole command, started anew each time.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFile } from '../cli/package-files.ts';

const POLICIES = 5000;
const ROUNDS = 5;

/** As teams write them: a workload's own policy, with a source, methods, a path and a condition. */
function policy(i: number): string {
  return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: policy-${i}
  namespace: ns-${i % 50}
spec:
  selector:
    matchLabels:
      app: app-${i % 200}
  action: ${i % 5 === 0 ? 'DENY' : 'ALLOW'}
  rules:
    - from:
        - source:
            principals: ["cluster.local/ns/ns-${i % 50}/sa/client-${i}"]
      to:
        - operation:
            methods: ["GET", "POST"]
            paths: ["/api/v${i}/*"]
      when:
        - key: request.headers[x-tenant]
          values: ["t${i}"]
---
`;
}

const folder = mkdtempSync(join(tmpdir(), 'portcullis-lint-'));
try {
  const file = join(folder, 'policies.yaml');
  writeFileSync(file, Array.from({ length: POLICIES }, (_, i) => policy(i)).join(''));
  const args = [packageFile('build/js/cli/main.js'), 'lint', file, '-o', 'json'];
  const seconds = Array.from({ length: ROUNDS }, () => {
    const begin = performance.now();
    execFileSync(process.execPath, args, { stdio: 'pipe', maxBuffer: 1 << 28 });
    return (performance.now() - begin) / 1000;
  }).toSorted((a, b) => a - b);
  const size = (statSync(file).size / 1024 / 1024).toFixed(1);
  console.log(
    `lint of ${POLICIES} policies (${size} MiB of YAML), ${ROUNDS} rounds: ` +
      `median ${seconds[ROUNDS >> 1]!.toFixed(2)} s, longest ${seconds.at(-1)!.toFixed(2)} s`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
