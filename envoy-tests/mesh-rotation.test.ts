// The certificates of a mesh are renewed while its connections last.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect } from 'node:tls';
import { expect, it } from 'vitest';
import { findCommand } from '../cli/mesh/find-command.ts';
import { findEnvoy } from '../envoy/binary.ts';
import { Mesh } from '../envoy/mesh/mesh.ts';
import { ProcessRuntime } from '../envoy/mesh/process-runtime.ts';
import { SHIPPED } from './world.ts';

const WORKLOAD = `
apiVersion: v1
kind: Namespace
metadata: { name: foo, labels: { istio-injection: enabled } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: httpbin, namespace: foo }
spec: { template: { spec: { containers: [{ name: a, image: httpbin, ports: [{ containerPort: 80 }] }] } } }
`;

/** A mutual TLS connection with the certificate that a workload has in its folder. */
async function open(address: string, folder: string): Promise<TLSSocket> {
  const { resources } = JSON.parse(readFileSync(join(folder, 'secrets/default.json'), 'utf8')) as {
    resources: {
      tls_certificate: Record<'certificate_chain' | 'private_key', { inline_string: string }>;
    }[];
  };
  const { certificate_chain, private_key } = resources[0]!.tls_certificate;
  const socket = connect({
    host: address,
    port: 10080,
    cert: certificate_chain.inline_string,
    key: private_key.inline_string,
    rejectUnauthorized: false,
  });
  await new Promise((done, failed) => socket.once('secureConnect', done).once('error', failed));
  return socket;
}

function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET /ip HTTP/1.1\r\nhost: httpbin\r\n\r\n');
  return new Promise((done) => socket.once('data', (chunk: Buffer) => done(chunk.toString())));
}

it('a new certificate is for new connections, and ends no old one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-rotation-'));
  const runtime = await ProcessRuntime.start((await findEnvoy()).path, findCommand('curl'));
  const mesh = await Mesh.start({ folder, runtime, module: SHIPPED, progress: () => undefined });
  try {
    const { problems } = await mesh.apply([{ file: 'workload', text: WORKLOAD }], 'foo');
    expect(problems).toEqual([]);
    const pod = mesh.pod(mesh.workloads.find(({ name }) => name === 'httpbin')!)!;
    const old = await open(pod.address, pod.folder);
    const serial = old.getPeerCertificate().serialNumber;
    expect(await ask(old)).toMatch(/^HTTP\/1.1 200 /);
    await mesh.rotate();
    await expect
      .poll(async () => {
        const socket = await open(pod.address, pod.folder);
        const { serialNumber } = socket.getPeerCertificate();
        const answer = await ask(socket);
        socket.destroy();
        return serialNumber !== serial && answer.startsWith('HTTP/1.1 200 ');
      })
      .toBe(true);
    expect(await ask(old)).toMatch(/^HTTP\/1.1 200 /);
    old.destroy();
  } finally {
    await mesh.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
