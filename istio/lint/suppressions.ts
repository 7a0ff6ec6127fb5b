// Findings that somebody has looked at and does not want to see again. Errors cannot be suppressed: nothing would enforce the policy.
import type { Resource } from '../load.ts';
import type { Problem } from '../problem.ts';
import { CODES, type Code } from './codes.ts';
import type { Finding } from './check.ts';

/** On a resource: codes separated by commas. */
export const ANNOTATION = 'portcullis/lint-suppress';

/** A code, and the resource that it is suppressed for; without one, everywhere. */
export interface Suppression {
  code: Code;
  /** `KIND NAME.NAMESPACE`, as istioctl has it. */
  resource?: string;
}

/** Reads `CODE` or `CODE=KIND NAME.NAMESPACE`. Throws an Error where that suppresses nothing. */
export function parseSuppression(text: string): Suppression {
  const equal = text.indexOf('=');
  const code = (equal < 0 ? text : text.slice(0, equal)).trim();
  if (!isCode(code)) throw new Error(`${text}: there is no code ${code}`);
  if (CODES[code].level === 'error') {
    throw new Error(`${text}: ${code} is an error, which cannot be suppressed`);
  }
  if (equal < 0) return { code };
  const resource = text.slice(equal + 1).trim();
  if (!/^\S+ [^\s.]\S*\.[^\s.]+$/.test(resource)) {
    throw new Error(`${text}: expected CODE=KIND NAME.NAMESPACE`);
  }
  return { code, resource };
}

/** Whether a problem is one of those. */
export function isSuppressed({ code, resource }: Problem, suppressions: Suppression[]): boolean {
  const [, kind, namespace, name] = /^(\S+) ([^/]*)\/(.*)$/.exec(resource ?? '') ?? [];
  return suppressions.some(
    (one) =>
      one.code === code &&
      (one.resource === undefined || one.resource === `${kind} ${name}.${namespace}`),
  );
}

/** The codes that a resource's annotation suppresses. */
export function annotated(resource: Resource): Code[] {
  return wordsOf(resource).filter((word): word is Code => isCode(word) && isMild(word));
}

/** What the annotation says in vain. */
export function vainAnnotations(resource: Resource): Finding[] {
  const path = `metadata.annotations.${ANNOTATION}`;
  return wordsOf(resource).flatMap((word): Finding[] => {
    if (isCode(word) && isMild(word)) return [];
    const why = isCode(word) ? 'is an error, which cannot be suppressed' : 'is no code';
    return [{ code: 'PC0335', resource, path, message: `${word} ${why}` }];
  });
}

function wordsOf({ value }: Resource): string[] {
  const metadata = value.metadata as { annotations?: Record<string, unknown> | null } | null;
  const text = metadata?.annotations?.[ANNOTATION];
  if (typeof text !== 'string') return [];
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function isCode(word: string): word is Code {
  return Object.hasOwn(CODES, word);
}

function isMild(code: Code): boolean {
  return CODES[code].level !== 'error';
}
