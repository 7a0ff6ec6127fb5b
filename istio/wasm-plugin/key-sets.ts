// Through which cluster istiod's Envoy fetches a `jwksUri`; and the ServiceEntry and DestinationRule that make one for a host outside
// of the mesh.
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { KubernetesObject } from './object.ts';

/** A key set, by URI, and its cluster. */
export interface KeySetCluster {
  uri: string;
  cluster: string;
}

/** What a jwksUri needs. */
export interface KeySetNeeds {
  clusters: KeySetCluster[];
  /** A ServiceEntry and a DestinationRule for each host outside of the mesh. */
  objects: KubernetesObject[];
  /** Hosts that are taken to be outside. */
  outside: string[];
}

/** How to make them. */
export interface KeySetOptions {
  namespace: string;
  /** Seen by all namespaces, or by its own alone. */
  isMeshWide: boolean;
  /** Names of Services that are written without `.svc`. */
  services: string[];
  /** A file in the proxies with the authorities of key servers outside; the system's unless given. */
  caCertificates?: string | undefined;
}

/** A jwksUri that no cluster can be made for. */
export class UnusableUri extends Error {}

/**
 * The clusters of `uris`. A host outside gets a name of its own, which nobody else asks for, so that what applications send to the same
 * host goes as it went before. Throws UnusableUri.
 */
export function keySetNeeds(uris: string[], options: KeySetOptions): KeySetNeeds {
  const clusters: KeySetCluster[] = [];
  const objects = new Map<string, KubernetesObject[]>();
  const outside = new Set<string>();
  for (const uri of uris) {
    const { protocol, hostname, port } = new URL(uri);
    const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    const isTls = protocol === 'https:';
    const number = port === '' ? (isTls ? 443 : 80) : Number(port);
    const service = serviceOf(host, options.services);
    if (service !== undefined) {
      clusters.push({ uri, cluster: `outbound|${number}||${service}` });
      continue;
    }
    if (!host.includes('.') && isIP(host) === 0) {
      throw new UnusableUri(
        `jwksUri ${uri}: "${host}" is no name outside of the cluster; did you mean a Service? Write NAME.NAMESPACE.svc.cluster.local`,
      );
    }
    if (isIP(host) !== 0 && isTls) {
      throw new UnusableUri(
        `jwksUri ${uri}: Envoy cannot hold a certificate against an IP address; write its name, or give the key set by --jwks`,
      );
    }
    const synthetic = `${isIP(host) === 0 ? host : slugOf(host)}.jwks.portcullis.invalid`;
    clusters.push({ uri, cluster: `outbound|${number}||${synthetic}` });
    outside.add(host);
    objects.set(`${host} ${number}`, [
      serviceEntry(host, synthetic, number, isTls, options),
      ...(isTls ? [destinationRule(host, synthetic, number, options)] : []),
    ]);
  }
  return { clusters, objects: [...objects.values()].flat(), outside: [...outside] };
}

/** A Service's name in istiod's clusters; undefined for a host that is none. */
function serviceOf(host: string, services: string[]): string | undefined {
  if (/^[^.]+\.[^.]+\.svc\../.test(host)) return host;
  if (/^[^.]+\.[^.]+\.svc$/.test(host)) return `${host}.cluster.local`;
  return services.includes(host) ? `${host}.svc.cluster.local` : undefined;
}

function serviceEntry(
  host: string,
  synthetic: string,
  number: number,
  isTls: boolean,
  { namespace, isMeshWide }: KeySetOptions,
): KubernetesObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: nameOf(host, number), namespace },
    spec: {
      hosts: [synthetic],
      // Without an address of its own the listener that istiod makes for it would be one for all that applications send to this port.
      addresses: [addressOf(host, number)],
      location: 'MESH_EXTERNAL',
      ports: [{ number, name: isTls ? 'tls' : 'tcp', protocol: isTls ? 'TLS' : 'TCP' }],
      resolution: isIP(host) === 0 ? 'DNS' : 'STATIC',
      endpoints: [{ address: host }],
      exportTo: [isMeshWide ? '*' : '.'],
    },
  };
}

function destinationRule(
  host: string,
  synthetic: string,
  number: number,
  { namespace, isMeshWide, caCertificates }: KeySetOptions,
): KubernetesObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: nameOf(host, number), namespace },
    spec: {
      host: synthetic,
      trafficPolicy: {
        tls: {
          mode: 'SIMPLE',
          sni: host,
          subjectAltNames: [host],
          ...(caCertificates === undefined ? {} : { caCertificates }),
        },
      },
      exportTo: [isMeshWide ? '*' : '.'],
    },
  };
}

/** A name for both objects: RFC 1123, at most 63 characters. */
function nameOf(host: string, number: number): string {
  const name = `portcullis-jwks-${slugOf(host)}-${number}`;
  if (name.length <= 63) return name;
  return `portcullis-jwks-${digestOf(host).toString('hex').slice(0, 16)}-${number}`;
}

function slugOf(host: string): string {
  return host.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

/** An address that is nobody's (240.0.0.0/4, RFC 1112 §4), and no one that istiod hands out itself (240.240.0.0/16). */
function addressOf(host: string, number: number): string {
  const digest = digestOf(`${host}:${number}`);
  return `240.241.${digest[0]}.${1 + (digest[1]! % 254)}`;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
