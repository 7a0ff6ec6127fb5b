// A value of another type than its field: in the module's words, with what was probably meant.
import type { Intent } from '../lint/intent.ts';
import { inWords } from '../lint/intent.ts';
import type { CrdSchema } from './crd.ts';
import type { SchemaFinding } from './validate.ts';

/** The finding for `value` at `path`, whose schema is `schema`. */
export function typeFinding(path: string, value: unknown, schema: CrdSchema): SchemaFinding {
  const intent = intentOf(value, schema);
  const message = `must be ${wanted(schema)}, not ${nameOf(value)}${inWords(intent)}`;
  return { path, code: 'PC0102', message, ...(intent === undefined ? {} : { intent }) };
}

function intentOf(value: unknown, schema: CrdSchema): Intent | undefined {
  if (schema.type === 'string' && ['number', 'boolean'].includes(typeof value)) {
    return { kind: 'quote' };
  }
  if (schema.type !== 'array') return undefined;
  const isElement =
    schema.items?.type === 'object'
      ? typeof value === 'object' && value !== null
      : ['string', 'number', 'boolean'].includes(typeof value) && value !== '';
  return isElement ? { kind: 'list' } : undefined;
}

function wanted({ type, items, additionalProperties }: CrdSchema): string {
  switch (type) {
    case 'string':
      return 'a string';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'array':
      return items?.type === 'string' ? 'a list of strings' : 'a list';
    default:
      if (additionalProperties?.type === 'string') return 'a map of strings';
      return additionalProperties?.type === 'object' ? 'a map of objects' : 'an object';
  }
}

/** A kind of JSON value. */
function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'boolean':
      return 'a boolean';
    case 'number':
      return 'a number';
    case 'string':
      return 'a string';
    default:
      return 'an object';
  }
}
