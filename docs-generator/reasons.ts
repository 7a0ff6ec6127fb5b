// docs/reference/reasons.md: why a token is refused, from assembly/status.ts, with what to do about it.
import { readFileSync } from 'node:fs';
import { ADVICE, OTHER_REASONS } from './reason-advice.ts';

/** A status of the module: its name in metrics, and the body that a client sees. */
export interface Reason {
  name: string;
  text: string;
}

/** Statuses that are no refusals. */
const INTERNAL = ['ok', 'waiting', 'jwt_missing', 'not_applied'];

/** Every reason for which the module refuses a token, in the order of the source. */
export function reasons(): Reason[] {
  const source = readFileSync('assembly/status.ts', 'utf8');
  const texts = listIn(source, 'TEXTS');
  const names = listIn(source, 'REASONS');
  if (texts.length !== names.length) throw new Error('assembly/status.ts: the lists differ');
  return names
    .map((name, i) => ({ name, text: texts[i]! }))
    .filter(({ name }) => !INTERNAL.includes(name));
}

function listIn(source: string, name: string): string[] {
  const [, body] = new RegExp(`const ${name}: string\\[\\] = \\[\n([\\s\\S]*?)\n\\];`).exec(
    source,
  )!;
  return [...body!.matchAll(/^ {2}("(?:[^"\\]|\\.)*"|'[^']*'),/gm)].map(([, literal]) =>
    literal!.startsWith("'") ? literal!.slice(1, -1) : (JSON.parse(literal!) as string),
  );
}

/** The page. */
export function reasonsPage(): string {
  const rows = reasons().map(({ name, text }) => {
    const { status = 401, advice } = ADVICE[name]!;
    return `| \`${name}\` | ${status} | ${text} | ${advice} |`;
  });
  const others = OTHER_REASONS.map(
    ({ name, status, advice }) => `| \`${name}\` | ${status} | ${advice} |`,
  );
  return `# Reasons

Why a request is refused, as [metrics](../metrics.md) (\`reason\`) and the [access log](../access-log.md) name it. How to get from a
client's symptom to one of them stands in [debugging.md](../debugging.md).

## Tokens

The body is the one of Envoy's \`jwt_authn\`; response code details are \`jwt_authn_access_denied{…}\` with the body's words joined by
\`_\`. \`portcullis token decode\` shows what a token says, \`portcullis token verify\` asks the module about it.

| reason | status | body | what it means, and what to do |
| ------ | ------ | ---- | ----------------------------- |
${rows.join('\n')}

## Everything else

| reason | status | what it means, and what to do |
| ------ | ------ | ----------------------------- |
${others.join('\n')}
`;
}
