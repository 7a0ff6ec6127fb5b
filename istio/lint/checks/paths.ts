// Paths as policies write them, and as filters see them after Envoy has normalized them.
import { normalizedPath } from '../../path-normalization.ts';
import type { Finding } from '../check.ts';
import { groupBy } from '../group-by.ts';
import { literalPart } from '../patterns.ts';
import { type Field, type Policy } from '../policy.ts';
import type { World } from '../world.ts';

/** PC0314, PC0315. */
export function paths(world: World): Finding[] {
  return world.policies.flatMap((policy) =>
    policy.rules
      .flatMap(({ fields }) => fields)
      .filter(({ name }) => name === 'paths')
      .flatMap((field) => {
        const spellings = groupBy([...new Set(field.values)], folded);
        return field.values.flatMap((value, i): Finding[] => {
          const named = spellings.get(folded(value))!.length;
          const found =
            unreachable(field, value, world) ?? bypassable(policy, field, value, named, world);
          if (found === undefined) return [];
          return [{ ...found, resource: policy.resource, path: `${field.path}[${i}]` }];
        });
      }),
  );
}

type Found = Pick<Finding, 'code' | 'message'>;

function unreachable(field: Field, value: string, { mesh }: World): Found | undefined {
  const effect = field.negated ? 'this excludes nothing' : 'this matches nothing';
  const why = whyUnreachable(value, mesh.pathNormalization);
  return why === undefined ? undefined : { code: 'PC0314', message: `${why}: ${effect}` };
}

function whyUnreachable(
  value: string,
  normalization: World['mesh']['pathNormalization'],
): string | undefined {
  if (value.includes('{') || value === '*') return undefined;
  const text = literalPart(value);
  if (!/^[/*]/.test(value)) return `a path begins with a slash, and "${value}" does not`;
  if (text.includes('?')) return `the query is no part of the path, and "${value}" has one`;
  if (text.includes('#')) return `no request has a fragment, and "${value}" has one`;
  if (value.startsWith('*')) return undefined;
  const isPrefix = value.endsWith('*');
  // What a prefix ends in may be the beginning of anything.
  const probe = isPrefix ? `${text}x` : text;
  const seen = normalizedPath(probe, normalization);
  if (seen === undefined) return `Envoy refuses requests for "${value}"`;
  if (seen === probe) return undefined;
  const shown = isPrefix ? `${seen.slice(0, -1)}*` : seen;
  return `no filter sees "${value}": Envoy makes it "${shown}" first (pathNormalization ${normalization})`;
}

/** RFC 3986 §2.1: the digits of an escape may be in either case. */
const ESCAPE = /%[0-9a-f]{2}/gi;

/** `named`: how many spellings of the value the field has. */
function bypassable(
  { action }: Policy,
  { negated }: Field,
  value: string,
  named: number,
  { mesh }: World,
): Found | undefined {
  // What a DENY names must not have another name; nor what an ALLOW leaves out.
  const isClosed = action === 'DENY' ? !negated : action === 'ALLOW' && negated;
  if (!isClosed || value === '*') return undefined;
  const [escape] = value.match(ESCAPE)?.filter((found) => /[a-f]/i.test(found)) ?? [];
  const spellings = spellingsOf(value);
  if (escape !== undefined && named < spellings) {
    const all = spellings === 2 ? 'both' : `all ${spellings} spellings`;
    const message = `"${escape}" may be written in the other case, which Envoy leaves as it is, and gets past this; name ${all}`;
    return { code: 'PC0315', message };
  }
  if (mesh.pathNormalization !== 'NONE') return undefined;
  const message = `with pathNormalization NONE, "${value}" has other spellings, such as "/.${value}", which get past this`;
  return { code: 'PC0315', message };
}

/** How many ways there are to write `value`, with each letter of its escapes in either case. */
function spellingsOf(value: string): number {
  const letters = (value.match(ESCAPE) ?? []).join('').match(/[a-f]/gi) ?? [];
  return 2 ** letters.length;
}

/** A value with its escapes in one case: what is the same so is another spelling. */
function folded(value: string): string {
  return value.replace(ESCAPE, (escape) => escape.toLowerCase());
}
