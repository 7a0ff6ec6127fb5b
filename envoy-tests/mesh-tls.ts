// Certificates as a mesh has them: one authority, SPIFFE identities.
import type { Authority, KeyPair } from '../envoy/certificates.ts';
import { ISTIO_ALPNS } from '../envoy/config/inbound-listener.ts';
import type { ServerTls } from '../envoy/config/tls.ts';
import type { TlsClient } from './ask.ts';

/** SPIFFE identity of a service account. */
export function spiffe(namespace: string, account: string, domain = 'cluster.local'): string {
  return `spiffe://${domain}/ns/${namespace}/sa/${account}`;
}

/** TLS of a sidecar: its own certificate, and clients of the same authority alone. */
export async function sidecarTls(authority: Authority, ...uris: string[]): Promise<ServerTls> {
  const { certificate, key } = await authority.issueClient(uris);
  return {
    certificate: { inline_string: certificate },
    key: { inline_string: key },
    ca: { inline_string: authority.certificate },
  };
}

/** A client of the mesh, with a certificate if there is one; it offers Istio's ALPNs. */
export function meshClient(authority: Authority, pair?: KeyPair): TlsClient {
  return {
    ca: authority.certificate,
    servername: 'outbound_.8000_._.httpbin.foo.svc.cluster.local',
    ALPNProtocols: [...ISTIO_ALPNS, 'http/1.1'],
    // The name in the certificate is a SPIFFE identity: what Istio's proxies check in the place of a host.
    checkServerIdentity: () => undefined,
    ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
  };
}
