// A client's certificate as far as a module looks at it: its subject alternative names (RFC 5280 §4.2.1.6), as Envoy's
// `%DOWNSTREAM_PEER_CERT%` writes a certificate, PEM in URL encoding. Nobody has signed it, and everything else is left out.

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const URI_NAME = 0x86;
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
/** Characters of a line of PEM, RFC 7468 §2. */
const LINE = 64;

/** The text of a certificate with these names. */
export function certificateText(uris: string[], hosts: string[]): string {
  const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];
  const names = [
    ...uris.map((uri) => value(URI_NAME, bytes(uri))),
    ...hosts.map((host) => value(DNS_NAME, bytes(host))),
  ];
  const extension = value(SEQUENCE, [
    ...value(OBJECT_IDENTIFIER, SUBJECT_ALT_NAME),
    ...value(OCTET_STRING, value(SEQUENCE, names.flat())),
  ]);
  const signed = value(SEQUENCE, value(EXTENSIONS, value(SEQUENCE, extension)));
  const lines = encodeBase64(value(SEQUENCE, signed)).match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  return encodeURIComponent(pem);
}

/** A value in DER. */
function value(tag: number, content: number[]): number[] {
  const { length } = content;
  if (length < 0x80) return [tag, length, ...content];
  const size: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest % 256);
  return [tag, 0x80 | size.length, ...size, ...content];
}

function encodeBase64(bytes: number[]): string {
  return btoa(String.fromCharCode(...bytes));
}
