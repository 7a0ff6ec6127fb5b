// `lint --fix`: NAME.yaml becomes NAME.fixed.yaml; where there is none, it is not clear what was meant, and nothing may change.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lintFiles } from '../../cli/lint-files.ts';
import { lintOptionsOf } from '../../cli/lint.ts';
import { type Fixed, type LintFile, fixAll } from '../../istio/lint/fix-all.ts';
import { type LintResult, lint } from '../../istio/lint/lint.ts';
import type { Source } from '../../istio/load.ts';

const FOLDER = 'host-tests/lint/fix-cases';

const cases = readdirSync(FOLDER)
  .filter((name) => !name.includes('.fixed.'))
  .map((name) => {
    const fixed = join(FOLDER, name.replace(/(\.\w+)$/, '.fixed$1'));
    return { name, file: join(FOLDER, name), fixed: existsSync(fixed) ? fixed : undefined };
  });
const mended = cases.flatMap(({ name, file, fixed }) =>
  fixed === undefined ? [] : [{ name, file, fixed }],
);

async function relint(sources: Source[]): Promise<LintResult> {
  return lint(sources, await lintOptionsOf({ namespace: 'default' }));
}

async function fix(files: LintFile[]): Promise<Fixed> {
  return fixAll(files, relint);
}

function errorsOf({ problems }: LintResult): string[] {
  return problems.filter(({ level }) => level === 'error').map(({ message }) => message);
}

describe('lint --fix', () => {
  it.each(mended)('makes of $name what was meant, and leaves the rest', async (one) => {
    const { files, result } = await fix(await lintFiles([one.file], false));
    expect(files[0]!.text).toBe(readFileSync(one.fixed, 'utf8'));
    expect(errorsOf(result)).toEqual([]);
  });

  it.each(mended)('finds nothing to mend in what it made of $name', async ({ fixed }) => {
    const { files, mended: number } = await fix(await lintFiles([fixed], false));
    expect(files[0]!.text).toBe(readFileSync(fixed, 'utf8'));
    expect(number).toBe(0);
  });

  it.each(cases.filter(({ fixed }) => fixed === undefined))(
    'changes no byte of $name, where what was meant is not clear',
    async ({ file }) => {
      const { files, mended: number } = await fix(await lintFiles([file], false));
      expect(files[0]!.text).toBe(readFileSync(file, 'utf8'));
      expect(number).toBe(0);
    },
  );

  it('mends each of several files, and none for the sake of another', async () => {
    const paths = mended.slice(0, 5).map(({ file }) => file);
    const unclear = cases.filter(({ fixed }) => fixed === undefined).slice(0, 2);
    const given = await lintFiles([...paths, ...unclear.map(({ file }) => file)], false);
    // Policies of the same name would be told as such.
    const apart = given.map((file, i) => ({
      ...file,
      text: file.text.replaceAll(': foo', `: n${i}`),
    }));
    const { files } = await fix(apart);
    files.slice(0, 5).forEach(({ text }, i) => {
      const meant = readFileSync(mended[i]!.fixed, 'utf8');
      expect(text).toBe(meant.replaceAll(': foo', `: n${i}`));
    });
    expect(files.slice(5)).toEqual(apart.slice(5));
  });
});
