// The rules of the module that no other linter knows: a trap is an outage, so nothing in it may trap.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is forbidden, and what to do instead. */
const RULES = [
  [/\bthrow\b/, 'throw is a trap: return a status'],
  [/[\w)\]]!(?:[.;,)[\]]|\s*$)/, 'a non-null assertion is a trap: check, and return a status'],
  [/(?<!function )\b(?:unreachable|abort|assert)\(/, 'this is a trap: return a status'],
  [/\bmemory\.grow\(/, 'memory grows in sdk/assembly/memory/heap.ts alone: elsewhere it may trap'],
  [
    /(?<!function )\b(?:constant|propertyPath(?:Of)?)\((?!"|\["|name: string|[A-Z_]+\))/,
    'what is made here is never freed: keep it in a Region',
  ],
];

/** A Map is only read after `has` was asked, in the same line or the few before it. */
const MAP_GET = /\b([\w.]+)\.get\(([^)]*)\)/;
const LOOK_BACK = 6;
/**
 * In the line above what is wanted all the same: traps of test builds and at the end of AssemblyScript's own assertions, and constants
 * that are made from a list when the module starts.
 */
const MEANT = ['// This trap is meant', '// Made once'];

/** Findings in the text of a file, as `line: message`. */
export function lintText(text) {
  const findings = [];
  const original = text.split('\n');
  const lines = withoutComments(text).split('\n');
  lines.forEach((line, i) => {
    if (MEANT.some((words) => original[i - 1]?.includes(words))) return;
    for (const [pattern, message] of RULES) {
      if (pattern.test(line)) findings.push(`${i + 1}: ${message}`);
    }
    const read = MAP_GET.exec(line);
    if (read !== null) {
      const before = lines.slice(Math.max(0, i - LOOK_BACK), i + 1).join('\n');
      if (!before.includes(`${read[1]}.has(${read[2]})`)) {
        findings.push(`${i + 1}: Map.get traps where there is no such key: ask has() first`);
      }
    }
  });
  return findings;
}

/** Comments and the contents of strings go, lines stay. */
function withoutComments(text) {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g,
    (found) => (/^["']/.test(found) ? '""' : found.replace(/[^\n]/g, '')),
  );
}

function filesUnder(path) {
  if (statSync(path).isFile()) return path.endsWith('.ts') ? [path] : [];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2).flatMap(filesUnder)) {
    for (const finding of lintText(readFileSync(file, 'utf8'))) {
      console.error(`${file}:${finding}`);
      process.exitCode = 1;
    }
  }
}
