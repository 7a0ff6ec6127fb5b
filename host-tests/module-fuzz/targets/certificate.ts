import 'reflect-metadata';
import { X509Certificate as Certificate, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MOST_BYTES } from '../mutator.ts';
import { Difference } from '../target.ts';
import { agree, parserTarget } from './parser.ts';

/** assembly/limits.ts */
const MOST_NAMES = 32;
const LINE_FEED = '%0A';
const SUBJECT_ALT_NAME = '\x06\x03\x55\x1d\x11';

/** Certificates of clients that real Envoys have seen. */
function seeds(): Buffer[] {
  return readFileSync('host-tests/recorded/peers.jsonl', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"client"'))
    .map((line) => new X509Certificate((JSON.parse(line) as { client: string }).client).raw);
}

/** As Envoy's `%DOWNSTREAM_PEER_CERT%` writes a certificate: PEM in URL encoding. */
function written(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''];
  return pem
    .join(LINE_FEED)
    .replaceAll('+', '%2B')
    .replaceAll('/', '%2F')
    .replace(/=(?=[=%])/g, '%3D')
    .replaceAll(' ', '%20');
}

/** The names that Node reads; undefined where it takes it for no certificate, or writes them so that they cannot be told apart. */
function namesOf(der: Buffer): string[] | undefined {
  try {
    const { subjectAltName } = new X509Certificate(der);
    if (subjectAltName === undefined) return [];
    if (/["\\]|[^ -~]/.test(subjectAltName)) return undefined;
    return subjectAltName.split(', ').flatMap((name) => {
      if (name.startsWith('URI:')) return [`u${name.slice(4)}`];
      return name.startsWith('DNS:') ? [`d${name.slice(4)}`] : [];
    });
  } catch {
    return undefined;
  }
}

/** The names in a client's certificate against those that Node reads. */
export const certificate = parserTarget({
  name: 'certificate',
  shape: 'der',
  share: 4,
  seeds: seeds(),
  dictionary: [
    ...[
      '\x30',
      '\x30\x00',
      '\x04\x00',
      '\x30\x80',
      '\x30\x84\xff\xff\xff\xff',
      '\x30\x81\x80',
      '\x01\x01\xff',
    ],
    ...[
      SUBJECT_ALT_NAME,
      '\x82\x01a',
      '\x86\x03a,b',
      '\x82\x00',
      '\x86\x09spiffe://',
      '\xa3\x02\x30\x00',
    ],
    ...[`\x30\x0c${SUBJECT_ALT_NAME}\x04\x05\x30\x03\x86\x01x`, '\x87\x04\x7f\x00\x00\x01'],
  ],
  check(parser, { bytes, length }) {
    const der = bytes.subarray(0, length);
    const text = Buffer.from(written(der));
    if (text.length > MOST_BYTES) return 0;
    const at = parser.place({ bytes: text, length: text.length });
    const names = parser.module.take(parser.module.exports.certificateNames(at, text.length));
    const oracle = namesOf(der);
    if (names === undefined) return oracle === undefined ? -1 : refused(der, oracle);
    const ours = names.toString('latin1').split('\0').slice(0, -1);
    const inOrder = (list: string[]): string => [...list].sort().join('\n');
    if (oracle !== undefined) agree(inOrder(ours), inOrder(oracle));
    return names.length * 1000 + ours.length * 2 + (oracle === undefined ? 1 : 0);
  },
});

/**
 * The module may refuse, which is fail-closed, what is no DER: OpenSSL reads lists without the bit that makes them such. Another reader
 * of certificates must refuse it, too.
 */
function refused(der: Buffer, names: string[]): number {
  const extensions = der.toString('latin1').split(SUBJECT_ALT_NAME).length - 1;
  if (names.length > MOST_NAMES || extensions > 1 || !isReadByAnother(der)) return -2;
  throw new Difference(`the module refuses what Node reads as ${JSON.stringify(names)}`);
}

function isReadByAnother(der: Buffer): boolean {
  try {
    return (
      new Certificate(new Uint8Array(der)).getExtension(SubjectAlternativeNameExtension) !== null
    );
  } catch {
    return false;
  }
}
