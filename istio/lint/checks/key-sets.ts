// Where keys come from, and what they are good for.
import type { Finding } from '../check.ts';
import type { JwtRule, RequestAuthentication, World } from '../world.ts';

/** PC0219, PC0321, PC0322, PC0323. */
export function keySets(world: World): Finding[] {
  return world.requestAuthentications.flatMap((authentication) =>
    authentication.jwtRules.flatMap((rule) => [
      ...keys(authentication, rule),
      ...audiences(authentication, rule),
      ...plainHttp(authentication, rule, world),
    ]),
  );
}

function keys({ resource }: RequestAuthentication, { jwks, path }: JwtRule): Finding[] {
  return keysIn(jwks).flatMap((key, i): Finding[] => {
    const at = { resource, path: `${path}.jwks` };
    if (key.kty === 'oct') {
      const message = `key ${i} is symmetric: whoever can read this policy, and every proxy that enforces it, can make tokens`;
      return [{ ...at, code: 'PC0322', message }];
    }
    if (key.d === undefined) return [];
    const message = `key ${i} is a private key: only the public half is needed, and whoever can read this policy can make tokens; replace the key pair`;
    return [{ ...at, code: 'PC0219', message }];
  });
}

function keysIn(jwks: string | undefined): Record<string, unknown>[] {
  try {
    const { keys: list } = JSON.parse(jwks ?? '') as { keys?: Record<string, unknown>[] };
    return Array.isArray(list) ? list.filter((key) => typeof key === 'object' && key !== null) : [];
  } catch {
    return [];
  }
}

/** Envoy takes the scheme and one slash at the end away before it compares. */
function audiences({ resource }: RequestAuthentication, rule: JwtRule): Finding[] {
  const bare = rule.audiences.map((text) => text.replace(/^https?:\/\//, '').replace(/\/$/, ''));
  return rule.audiences.flatMap((audience, i): Finding[] => {
    const first = bare.indexOf(bare[i]!);
    if (first === i) return [];
    const message =
      audience === rule.audiences[first]
        ? `"${audience}" is listed twice`
        : `"${audience}" and "${rule.audiences[first]}" are the same to Envoy, which takes the scheme and one slash at the end away`;
    return [{ code: 'PC0321', resource, path: `${rule.path}.audiences[${i}]`, message }];
  });
}

function plainHttp(
  { resource }: RequestAuthentication,
  { jwksUri, path }: JwtRule,
  world: World,
): Finding[] {
  const [, host] = /^http:\/\/\[?([^/:?#\]]+)/i.exec(jwksUri ?? '') ?? [];
  if (host === undefined || isInMesh(host.toLowerCase(), world)) return [];
  const message =
    'whoever is on the way can put keys of their own in place of these, and sign any token; use https';
  return [{ code: 'PC0323', resource, path: `${path}.jwksUri`, message }];
}

/** Within the mesh, the proxies encrypt. */
function isInMesh(host: string, { cluster }: World): boolean {
  if (/\.svc(\.|$)/.test(host) || !host.includes('.') || host === '127.0.0.1') return true;
  return cluster.services.some(({ name, namespace }) => host === `${name}.${namespace}`);
}
