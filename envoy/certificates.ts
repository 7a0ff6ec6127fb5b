// Certificates of a mesh: an authority of its own, ECDSA P-256.
import { webcrypto } from 'node:crypto';
import type * as X509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Clocks differ: valid from a little before now. */
const BACKDATED_MS = 60_000;
const DAY_MS = 86_400_000;

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
}

/** A certificate authority that lives as long as the object. */
export class Authority {
  private readonly keys: CryptoKeyPair;
  private readonly root: X509.X509Certificate;

  private constructor(keys: CryptoKeyPair, root: X509.X509Certificate) {
    this.keys = keys;
    this.root = root;
  }

  /** Makes an authority, valid for a day. */
  static async create(name: string): Promise<Authority> {
    const x509 = await library();
    const keys = await generateKeys();
    const root = await x509.X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: serialNumber(),
        name: `CN=${name}`,
        ...validity(),
        signingAlgorithm: ALGORITHM,
        keys,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(
            x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
            true,
          ),
        ],
      },
      webcrypto as Crypto,
    );
    return new Authority(keys, root);
  }

  /** The authority's certificate, PEM. */
  get certificate(): string {
    return this.root.toString('pem');
  }

  /** Its private key, PEM (PKCS #8): for another authority that is to issue in its name. */
  async privateKey(): Promise<string> {
    return pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', this.keys.privateKey));
  }

  /** A server certificate for host names, valid for a day. */
  async issueServer(...hosts: string[]): Promise<KeyPair> {
    return this.issue(hosts.map((value) => ({ type: 'dns', value })));
  }

  /** A client certificate with these URI SANs (SPIFFE identities), DNS SANs and subject; valid for a day. */
  async issueClient(
    uris: string[],
    hosts: string[] = [],
    subject: X509.JsonName = [],
  ): Promise<KeyPair> {
    const names = [
      ...uris.map((value) => ({ type: 'url' as const, value })),
      ...hosts.map((value) => ({ type: 'dns' as const, value })),
    ];
    return this.issue(names, subject);
  }

  private async issue(names: X509.JsonGeneralNames, subject: X509.JsonName = []): Promise<KeyPair> {
    const x509 = await library();
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        issuer: this.root.subject,
        subject,
        ...validity(),
        signingAlgorithm: ALGORITHM,
        publicKey: keys.publicKey,
        signingKey: this.keys.privateKey,
        extensions: [
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([
            x509.ExtendedKeyUsage.serverAuth,
            x509.ExtendedKeyUsage.clientAuth,
          ]),
          // RFC 5280 §4.2.1.6: critical where there is no subject.
          ...(names.length === 0
            ? []
            : [new x509.SubjectAlternativeNameExtension(names, subject.length === 0)]),
        ],
      },
      webcrypto as Crypto,
    );
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { certificate: certificate.toString('pem'), key: pem('PRIVATE KEY', pkcs8) };
  }
}

/** Loaded where a certificate is made: it takes a quarter of the time in which most commands are over. */
async function library(): Promise<typeof X509> {
  // Its dependency injection needs this first.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - BACKDATED_MS), notAfter: new Date(now + DAY_MS) };
}

function serialNumber(): string {
  return `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString('hex')}`;
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
