// The SDK's example in Envoy: a plugin that knows nothing of policies.
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startHttpbin } from '../envoy/apps/httpbin.ts';
import { portOf } from '../envoy/apps/listen.ts';
import { findEnvoy } from '../envoy/binary.ts';
import { staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { INGRESS, proxyBootstrap } from '../envoy/proxy.ts';
import { EnvoyProcess } from '../envoy/runtime/process.ts';
import { showDetails } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-example-'));
let httpbin: Server;
let envoy: EnvoyProcess;

beforeAll(async () => {
  httpbin = await startHttpbin();
  const local = { address: '127.0.0.1', port: 0 };
  const bootstrap = proxyBootstrap({
    node: { namespace: 'foo', labels: {} },
    listen: local,
    upstream: { ...local, port: portOf(httpbin) },
    admin: local,
    gateway: true,
    filters: [
      staticWasmFilter({
        name: 'example',
        vmId: 'example',
        module: resolve('build/example.wasm'),
        configuration: '',
      }),
    ],
    accessLogPath: '/dev/null',
    jwksUris: new Map(),
  });
  showDetails(bootstrap);
  envoy = await EnvoyProcess.start({ binary: (await findEnvoy()).path, folder, bootstrap });
});
afterAll(async () => {
  await envoy.stop();
  httpbin.close();
  rmSync(folder, { recursive: true });
});

it.each([
  ['absent', {}, 200, null],
  ['there', { 'x-forbidden': 'yes' }, 403, 'example_forbidden'],
  ['empty, which is not absent', { 'x-forbidden': '' }, 403, 'example_forbidden'],
])('a header that is %s', async (_, headers, status, details) => {
  const response = await fetch(`http://127.0.0.1:${envoy.port(INGRESS)}/ip`, { headers });
  expect(response.status).toBe(status);
  expect(response.headers.get('x-details')).toBe(details);
});
