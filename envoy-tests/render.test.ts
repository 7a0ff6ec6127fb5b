// `portcullis render envoy`: what it prints is what a stock Envoy starts with, as it stands.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startHttpbin } from '../envoy/apps/httpbin.ts';
import { portOf } from '../envoy/apps/listen.ts';
import { findEnvoy } from '../envoy/binary.ts';
import { Authority } from '../envoy/certificates.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import { INGRESS } from '../envoy/proxy.ts';
import { EnvoyProcess } from '../envoy/runtime/process.ts';
import { generatePrivateKey } from '../istio/token/keys.ts';
import { curl } from './curl.ts';
import { meshClient, spiffe } from './mesh-tls.ts';

const run = promisify(execFile);
const POLICIES = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: foo }
spec:
  selector: { matchLabels: { app: httpbin } }
  jwtRules:
  - issuer: testing@secure.istio.io
    jwksUri: https://idp.example/keys
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: foo }
spec:
  action: DENY
  rules:
  - from: [{ source: { notRequestPrincipals: ["*"] } }]
    to: [{ operation: { paths: ["/headers"], ports: ["8000"] } }]
`;

let folder: string;
let envoy: string;
beforeAll(async () => {
  envoy = (await findEnvoy()).path;
  folder = mkdtempSync(join(tmpdir(), 'portcullis-render-'));
  writeFileSync(join(folder, 'policies.yaml'), POLICIES);
  writeFileSync(join(folder, 'key.pem'), generatePrivateKey());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function portcullis(...args: string[]): string {
  return execFileSync(process.execPath, ['build/js/cli/main.js', ...args], { encoding: 'utf8' });
}

function render(...more: string[]): string {
  const workload = ['--workload', 'foo/app=httpbin', '--listen', '127.0.0.1:0'];
  return portcullis(
    ...['render', 'envoy', '-f', join(folder, 'policies.yaml'), ...workload],
    ...['--admin', '127.0.0.1:0', ...more],
  );
}

describe('a rendered bootstrap', () => {
  it.each([
    ['of a sidecar', ['--upstream', '127.0.0.1:8000']],
    ['of a gateway', ['--upstream', '127.0.0.1:8000', '--gateway']],
    ['with a host name as upstream', ['--upstream', 'httpbin:8000']],
    ['of a service without HTTP', ['--upstream', '127.0.0.1:8000', '--protocol', 'tcp']],
    ['as JSON', ['--upstream', '[::1]:8000', '-o', 'json']],
  ])('%s is valid to Envoy', async (_, args) => {
    const path = join(folder, args.includes('json') ? 'envoy.json' : 'envoy.yaml');
    writeFileSync(path, render(...args));
    const { stdout, stderr } = await run(envoy, ['--mode', 'validate', '--config-path', path]);
    expect(stdout + stderr).toContain('OK');
  });

  it('enforces the policies, with a key set from a file and the container port', async () => {
    const jwks = join(folder, 'jwks.json');
    const token = portcullis('token', 'mint', join(folder, 'key.pem'), '--jwks', jwks).trim();
    const httpbin = await startHttpbin();
    const upstream = ['--upstream', `127.0.0.1:${portOf(httpbin)}`, '--port', '8000'];
    const text = render(...upstream, '--jwks', `https://idp.example/keys=${jwks}`);
    const process = await EnvoyProcess.start({
      binary: envoy,
      folder,
      bootstrap: parse(text) as JsonObject,
      concurrency: 1,
    });
    const status = async (path: string, bearer?: string): Promise<number> => {
      const headers = bearer === undefined ? undefined : { authorization: `Bearer ${bearer}` };
      return (await fetch(`http://127.0.0.1:${process.port(INGRESS)}${path}`, { headers })).status;
    };
    try {
      expect(await status('/headers')).toBe(403);
      expect(await status('/headers', token)).toBe(200);
      expect(await status('/headers', 'deadbeef')).toBe(401);
      expect(await status('/ip')).toBe(200);
      // The access log goes to standard output.
      await expect
        .poll(() => readFileSync(join(folder, 'envoy.log'), 'utf8'))
        .toContain('"decision":"deny policy=ns[foo]-policy[deny]-rule[0]"');
    } finally {
      await process.stop();
      httpbin.close();
    }
  });

  it.each(['http', 'tcp'])(
    'with certificates takes mutual TLS alone under STRICT: %s',
    async (protocol) => {
      const authority = await Authority.create('Portcullis tests');
      const server = await authority.issueClient([spiffe('foo', 'httpbin')]);
      const file = (name: string, text: string): string => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      file(
        'policies.yaml',
        `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: foo }
spec: { mtls: { mode: STRICT } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: only-foo, namespace: foo }
spec: { rules: [{ from: [{ source: { namespaces: [foo] } }] }] }
`,
      );
      const certificates = [
        ...['--cert', file('tls.crt', server.certificate), '--key', file('tls.key', server.key)],
        ...['--ca', file('ca.crt', authority.certificate)],
      ];
      const httpbin = await startHttpbin();
      const upstream = ['--upstream', `127.0.0.1:${portOf(httpbin)}`];
      const text = render(...upstream, '--protocol', protocol, ...certificates);
      const process = await EnvoyProcess.start({
        binary: envoy,
        folder,
        bootstrap: parse(text) as JsonObject,
        concurrency: 1,
      });
      const port = process.port(INGRESS);
      /** The answer to a GET by a client with these SANs. */
      const get = async (...uris: string[]): Promise<string> => {
        const tls = meshClient(authority, await authority.issueClient(uris));
        return new Promise((done) => {
          const socket = connect({ host: '127.0.0.1', port, ...tls });
          let answer = '';
          socket.on('data', (chunk: Buffer) => (answer += String(chunk)));
          socket.on('error', () => undefined);
          socket.on('close', () => done(answer));
          socket.write('GET /headers HTTP/1.1\r\nhost: httpbin\r\nconnection: close\r\n\r\n');
        });
      };
      try {
        expect(await curl(`http://127.0.0.1:${port}/headers`)).toMatchObject({
          code: 56,
          status: '000',
        });
        expect(await get(spiffe('foo', 'sleep'))).toMatch(/^HTTP\/1.1 200 /);
        // Another trust domain is no client of this mesh: its certificate is refused in the handshake.
        expect(await get(spiffe('foo', 'sleep', 'other'))).toBe('');
        const stranger = await get(spiffe('bar', 'sleep'));
        if (protocol === 'tcp') expect(stranger).toBe('');
        else expect(stranger).toMatch(/^HTTP\/1.1 403 /);
        if (protocol === 'http') {
          expect(await get(spiffe('foo', 'sleep'))).toMatch(
            /"X-Forwarded-Client-Cert": "By=spiffe:.*\/httpbin;Hash=[0-9a-f]{64};Subject=.*;URI=spiffe:.*\/sleep"/,
          );
        }
      } finally {
        await process.stop();
        httpbin.close();
      }
    },
  );
});
