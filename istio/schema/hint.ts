// What was probably meant by an unknown field: most often it stands one level too far in or out.
import type { Intent } from '../lint/intent.ts';
import { editDistance, nearest } from '../lint/nearest.ts';
import type { CrdSchema } from './crd.ts';

/** An object on the way to the field, outermost first, and the name it stands under. */
export interface Level {
  schema: CrdSchema;
  name: string;
}

/** The likely meaning of `key`, which the innermost of `levels` does not have; `object` is where it stands. */
export function meaningOf(
  key: string,
  object: Record<string, unknown>,
  levels: Level[],
): Intent | undefined {
  const here = levels.at(-1)!;
  const child = childWith(key, object, here.schema);
  if (child !== undefined) {
    const isList = here.schema.properties?.[child]?.type === 'array';
    return { kind: 'indent', under: child, isList };
  }
  for (let i = levels.length - 2; i >= 0; i--) {
    if (has(levels[i]!.schema, key)) return { kind: 'un-indent', to: levels[i + 1]!.name };
  }
  for (let i = levels.length - 2; i >= 0; i--) {
    const path = pathTo(key, levels[i]!.schema, 3);
    if (path !== undefined) return { kind: 'move', path, beside: levels[i + 1]!.name };
  }
  const names = Object.keys(here.schema.properties ?? {});
  const to = nearest(key, names);
  if (to !== undefined) return { kind: 'rename', to, isSure: isSure(key, to, names) };
  const map = textMapFor(object[key], here.schema);
  return map === undefined ? undefined : { kind: 'indent', under: map, isList: false };
}

/** The schema of the objects within a member: of itself, of a list's elements, or of a map's values. */
export function objectWithin(schema: CrdSchema): CrdSchema | undefined {
  const inner = schema.type === 'array' ? schema.items : (schema.additionalProperties ?? schema);
  return inner?.properties === undefined ? undefined : inner;
}

/** Whether a name is a slip of the pen away from `to`, and two from every other, or differs from `to` alone by its case only. */
function isSure(key: string, to: string, names: string[]): boolean {
  const distance = (name: string): number => editDistance(key.toLowerCase(), name.toLowerCase());
  const others = names.filter((name) => name !== to);
  if (distance(to) === 0) return others.every((name) => distance(name) > 0);
  return distance(to) <= 2 && others.every((name) => distance(name) > distance(to) + 1);
}

function has(schema: CrdSchema, key: string): boolean {
  return Object.hasOwn(schema.properties ?? {}, key);
}

/** A member whose object has `key`: best one that stands there empty, as a slip of the indentation leaves it. */
function childWith(
  key: string,
  object: Record<string, unknown>,
  schema: CrdSchema,
): string | undefined {
  let found: string | undefined;
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const inner = objectWithin(field);
    if (inner === undefined || !has(inner, key)) continue;
    if (object[name] === null) return name;
    found ??= name;
  }
  return found;
}

/** The only member that takes texts of any name, as `matchLabels` does, where `value` is one. */
function textMapFor(value: unknown, schema: CrdSchema): string | undefined {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return undefined;
  const maps = Object.entries(schema.properties ?? {}).filter(
    ([, field]) => field.additionalProperties?.type === 'string',
  );
  return maps.length === 1 ? maps[0]![0] : undefined;
}

function pathTo(key: string, schema: CrdSchema, depth: number): string | undefined {
  if (depth === 0) return undefined;
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const inner = objectWithin(field);
    if (inner === undefined) continue;
    const step = `${name}${field.type === 'array' ? '[]' : ''}.`;
    if (has(inner, key)) return step + key;
    const rest = pathTo(key, inner, depth - 1);
    if (rest !== undefined) return step + rest;
  }
  return undefined;
}
