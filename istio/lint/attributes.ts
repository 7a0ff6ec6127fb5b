// The attributes of `when`, and the one that somebody may have meant by another name.
import { editDistance } from './nearest.ts';

/** Istio's list of conditions; those with brackets take names in them. */
const ATTRIBUTES = [
  ...['request.headers[]', 'request.auth.claims[]', 'request.auth.principal'],
  ...['request.auth.audiences', 'request.auth.presenter', 'source.ip', 'source.namespace'],
  ...['source.principal', 'source.serviceAccount', 'source.trustDomain', 'remote.ip'],
  ...['destination.ip', 'destination.port', 'connection.sni'],
];

/** `; did you mean "request.headers[x]"?` for the module's words about an attribute; empty where nothing is near. */
export function attributeHint(message: string): string {
  const [, key] = /^(?:unknown attribute: |bad key \()([^)\s]+)/.exec(message) ?? [];
  if (key === undefined) return '';
  const [, base = '', names = ''] = /^([^[]*)(\[.*)?$/.exec(key) ?? [];
  let best = '';
  let least = 4;
  for (const attribute of ATTRIBUTES) {
    const known = attribute.replace('[]', '');
    const distance = editDistance(base.toLowerCase(), known.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = attribute.endsWith('[]') ? known + (names === '' ? '[NAME]' : names) : known;
  }
  return best === '' || best === key ? '' : `; did you mean "${best}"?`;
}
