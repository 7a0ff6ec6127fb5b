// The documentation says what the sources say: generated pages are up to date, links lead somewhere, commands exist.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../cli/program.ts';
import { generatedDocs } from '../../docs-generator/generated-docs.ts';
import { goodExampleOf } from '../../docs-generator/lint-pages.ts';
import { LINT_TEXTS } from '../../docs-generator/lint-texts.ts';
import { ADVICE } from '../../docs-generator/reason-advice.ts';
import { reasons } from '../../docs-generator/reasons.ts';
import { CASES, codesIn } from '../lint/cases.ts';

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
}).split('\n');
const pages = files.filter((file) => file.endsWith('.md') && existsSync(file));
/** What is about mistakes is allowed to have some. */
const prose = pages.filter((file) => !/^host-tests\/lint\/(fix-)?cases\//.test(file));

describe('generated pages', () => {
  it('are those that `make docs` would write now', async () => {
    const docs = await generatedDocs();
    const stale = [...docs].filter(
      ([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text,
    );
    expect(stale.map(([file]) => file)).toEqual([]);
    const generated = pages.filter((file) => /^docs\/(lint|reference)\//.test(file));
    expect(generated.filter((file) => !docs.has(file))).toEqual([]);
  }, 60_000);

  it('have advice for every reason, and for no other', () => {
    expect(Object.keys(ADVICE).toSorted()).toEqual(
      reasons()
        .map(({ name }) => name)
        .toSorted(),
    );
  });
});

describe('examples of findings', () => {
  const examples = Object.entries(LINT_TEXTS).flatMap(([code, { example }]) =>
    example === undefined ? [] : [{ code, example, good: goodExampleOf(example) }],
  );
  const goldenOf = (name: string): string => readFileSync(join(CASES, `${name}.txt`), 'utf8');

  it.each(examples)('of $code give it: $example', ({ code, example }) => {
    expect(codesIn(goldenOf(example))).toContain(code);
  });

  it.each(examples)('beside $code that are good give none: $good', ({ good }) => {
    expect(goldenOf(good)).toBe('');
  });
});

describe('metrics', () => {
  const documented = new Set(
    readFileSync('docs/metrics.md', 'utf8').match(/portcullis_[a-z_]+[a-z]/g) ?? [],
  );
  const counted = new Set(
    files
      .filter((file) => /^assembly\/.*\.ts$/.test(file) && existsSync(file))
      .flatMap(
        (file) =>
          readFileSync(file, 'utf8').match(/"portcullis_[a-z_]+_(?:total|seconds|microseconds)/g) ??
          [],
      )
      .map((name) => name.slice(1)),
  );

  it('that the module counts are documented', () => {
    const known = [...documented];
    const missing = [...counted].filter((name) => !known.some((one) => one.startsWith(name)));
    expect(missing).toEqual([]);
    expect(counted.size).toBeGreaterThan(5);
  });
});

describe('links', () => {
  it.each(prose)('of %s lead to what is there', (file) => {
    const text = readFileSync(file, 'utf8').replace(/```[\s\S]*?```/g, '');
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !leadsSomewhere(file, target));
    expect(broken).toEqual([]);
  });

  function leadsSomewhere(file: string, target: string): boolean {
    const [path, anchor] = target.split('#') as [string, string?];
    const found = path === '' ? file : normalize(join(dirname(file), path));
    if (!existsSync(found)) return false;
    if (anchor === undefined || !found.endsWith('.md')) return true;
    const headings = readFileSync(found, 'utf8').match(/^#+ .*$/gm) ?? [];
    return headings.some((heading) => anchorOf(heading) === anchor);
  }

  /** As the web shows headings. */
  function anchorOf(heading: string): string {
    return heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
  }
});

describe('commands', async () => {
  const root = await program();

  it.each(prose.filter((file) => /^(README|docs\/)/.test(file)))('of %s exist', (file) => {
    const text = readFileSync(file, 'utf8').replaceAll('\\\n', ' ');
    const lines = text
      .split('\n')
      .filter((line) => /^( {4}|\$ )?(npx )?portcullis [a-z]/.test(line))
      .map((line) => line.replace(/^( {4}|\$ )?(npx )?portcullis /, '').split(/[|<>#]/)[0]!);
    expect(lines.flatMap((line) => wrongWords(line))).toEqual([]);
  });

  it.each(prose)('of make that %s names exist', (file) => {
    const named = [...readFileSync(file, 'utf8').matchAll(/(?:`| {4})make ([a-z][a-z-]*)/g)];
    const targets: string[] = readFileSync('Makefile', 'utf8').match(/^[a-z-]+(?=:.*##)/gm) ?? [];
    expect(named.map(([, target]) => target!).filter((one) => !targets.includes(one))).toEqual([]);
  });

  /** Commands and options that are none. */
  function wrongWords(line: string): string[] {
    const words = line.trim().split(/\s+/);
    let command: Command = root;
    while (words.length > 0) {
      const next = command.commands.find((child) =>
        [child.name(), ...child.aliases()].includes(words[0]!),
      );
      if (next === undefined) break;
      command = next;
      words.shift();
    }
    if (command === root) return [line];
    const options = [...command.options, ...root.options].flatMap(({ short, long }) => [
      short,
      long,
    ]);
    // What follows two dashes is another command's.
    const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
    return own
      .filter((word) => /^--?[a-zA-Z]/.test(word) && !/^-[a-zA-Z]=/.test(word))
      .map((word) => word.split('=')[0]!)
      .filter((word) => !options.includes(word) && word !== '--help')
      .map((word) => `${line}: ${word}`);
  }
});
